"""The mechanisms that the protocols offer, in the order in which they list them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from refmail.machine import TlsInfo
from refmail.sasl.cram_md5 import CRAM_MD5
from refmail.sasl.exchange import Mechanism
from refmail.sasl.external import external_for
from refmail.sasl.login import LOGIN
from refmail.sasl.plain import PLAIN
from refmail.sasl.scram import SCRAM_SHA_1, SCRAM_SHA_256
from refmail.services import Users

__all__ = ["MECHANISMS", "usable_mechanisms"]

#: By name in upper case; a new mechanism is a module beside this one and an entry here.
MECHANISMS: Mapping[bytes, Mechanism] = {
    mechanism.name: mechanism for mechanism in (SCRAM_SHA_256, SCRAM_SHA_1, CRAM_MD5, PLAIN, LOGIN)
}


def usable_mechanisms(users: Users, tls: TlsInfo | None = None) -> Mapping[bytes, Mechanism]:
    """Return the mechanisms by which every user can log in, so that no client picks one that must fail.

    EXTERNAL comes first where the client's certificate in `tls` names a user (RFC 4422 appendix A).
    """
    usable = _usable(users)  # type: ignore[arg-type]  # a Protocol does not say that its objects have a hash
    external = external_for(users, tls)
    return usable if external is None else {external.name: external, **usable}


@functools.lru_cache(maxsize=16)
def _usable(users: Users) -> Mapping[bytes, Mechanism]:
    # Every session asks, and users stay what they are while a server runs.
    return MappingProxyType({name: known for name, known in MECHANISMS.items() if known.usable(users)})
