"""What a scripted MX host does at each stage of a session."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

__all__ = [
    "ALL",
    "DROP",
    "GOOD",
    "PLAIN",
    "REFUSED",
    "Action",
    "Behaviour",
    "Drop",
    "Reply",
    "Stage",
    "answers",
    "dropped",
    "drops",
    "greets",
    "helo_only",
    "offering",
]


class Stage(enum.StrEnum):
    """A point of a session at which a host can do something else than serve."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    #: After the octets of a chunk, the last one's included.
    BDAT = "BDAT"
    #: After the final dot.
    END = "end of data"


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with this code; 421 also closes the connection, as RFC 5321 section 3.8 has it."""

    code: int
    text: str = "scripted"

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Drop(enum.Enum):
    """The one value of `DROP`: reset the connection without a word."""

    DROP = "drop"


DROP = Drop.DROP
Action = Reply | Drop


#: What a host offers without a script.
PLAIN = ("8BITMIME", "SMTPUTF8")

#: All extensions by which a message can be handed on as it came.
ALL = (*PLAIN, "DSN", "CHUNKING", "BINARYMIME")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A script; a host without one accepts everything.

    A reply of 2yz at a stage only replaces the text of the usual one.
    """

    stages: Mapping[Stage, Action] = field(default_factory=dict[Stage, Action])
    #: Replies to RCPT for single recipients, by address in lower case.
    recipients: Mapping[str, Reply] = field(default_factory=dict[str, Reply])
    #: Nobody listens: connections are refused by the operating system, and cannot be counted.
    refused: bool = False
    #: How many connections get this script, before the host turns good; None for all.
    connections: int | None = None
    #: Whether EHLO announces PIPELINING.
    pipelining: bool = True
    #: What EHLO announces besides, with its parameters; what is not announced is understood all the same.
    offers: tuple[str, ...] = PLAIN

    def first(self, connections: int) -> Behaviour:
        """Return the same script for the first connections only."""
        return replace(self, connections=connections)


GOOD = Behaviour()
REFUSED = Behaviour(refused=True)


def dropped() -> Behaviour:
    """Accept the TCP connection and reset it at once."""
    return drops(Stage.CONNECT)


def drops(stage: Stage) -> Behaviour:
    """Reset the connection at a stage."""
    return Behaviour({stage: DROP})


def answers(stage: Stage, code: int) -> Behaviour:
    """Answer a stage with a code."""
    return Behaviour({stage: Reply(code)})


def greets(code: int) -> Behaviour:
    """Greet with a code; after a negative one other than 421 everything but QUIT gets 503."""
    return answers(Stage.GREETING, code)


def helo_only() -> Behaviour:
    """Know no EHLO."""
    return answers(Stage.EHLO, 502)


def offering(*keywords: str, refuses: int = 0) -> Behaviour:
    """Announce these extensions and no others.

    Args:
        keywords: with their parameters.
        refuses: code of the reply to every RCPT, 0 to accept.
    """
    return Behaviour({Stage.RCPT: Reply(refuses)} if refuses else {}, offers=keywords)
