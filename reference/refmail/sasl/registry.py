"""The mechanisms that the protocols offer, in the order in which they list them."""

from __future__ import annotations

from collections.abc import Mapping

from refmail.sasl.exchange import Mechanism
from refmail.sasl.login import LOGIN
from refmail.sasl.plain import PLAIN

__all__ = ["MECHANISMS"]

#: By name in upper case; a new mechanism is a module beside this one and an entry here.
MECHANISMS: Mapping[bytes, Mechanism] = {mechanism.name: mechanism for mechanism in (PLAIN, LOGIN)}
