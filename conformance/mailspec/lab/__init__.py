"""The lab around a target: a fake DNS and scripted MX hosts, so that every answer its MTA gets is ours.

The session's controller runs one `LabServer`; each worker process talks to it through a `Lab`:

    with LabServer(LabPlan()) as server:
        lab = server.lab()                        # in this process
        lab = Lab.connect(server.address)         # in another one

    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, greets(421))
    lab.set_mx(domain, [(10, first), (20, second)])
    ... the target is given a message for someone@domain ...
    (delivery,) = lab.wait_deliveries(domain, 1, deadline=10)
    assert delivery.host == second.address
"""

from __future__ import annotations

from mailspec.lab.behaviour import (
    ALL,
    DROP,
    GOOD,
    PLAIN,
    REFUSED,
    Behaviour,
    Reply,
    Stage,
    answers,
    dropped,
    drops,
    greets,
    helo_only,
    offering,
)
from mailspec.lab.client import Host, Lab
from mailspec.lab.control import LabAddress
from mailspec.lab.log import Attempt, Connection, Delivery
from mailspec.lab.server import LabPlan, LabServer
from refmail.dns import Fault, FaultKind, Query

__all__ = [
    "ALL",
    "DROP",
    "GOOD",
    "PLAIN",
    "REFUSED",
    "Attempt",
    "Behaviour",
    "Connection",
    "Delivery",
    "Fault",
    "FaultKind",
    "Host",
    "Lab",
    "LabAddress",
    "LabPlan",
    "LabServer",
    "Query",
    "Reply",
    "Stage",
    "answers",
    "dropped",
    "drops",
    "greets",
    "helo_only",
    "offering",
]
