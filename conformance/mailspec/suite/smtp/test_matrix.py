"""Every command in every state: RFC 5321 sections 3.3, 4.1.4, 4.2.4 and 4.3.2.

The table of section 4.3.2 says which replies a command may get at all; where another section says what a state does to a
command, the cell judges that requirement instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.fixtures.smtp_states import STATES, Reach
from mailspec.suite.steps import Envelope, MessageMaker, expect_no_message, require_refusals
from mailspec.wire.smtp import SmtpClient

#: What every command may get: not recognised or too long, bad syntax. 421 never counts against a target.
ANY_COMMAND = (500, 501)

#: The replies to each command by section 4.3.2; those of DATA are to the command.
REPLIES: Mapping[str, tuple[int, ...]] = {
    "ehlo": (250, 504, 550, 502),
    "helo": (250, 504, 550, 502),
    "mail": (250, 552, 451, 452, 550, 553, 503, 455, 555),
    "rcpt": (250, 251, 550, 551, 552, 553, 450, 451, 452, 503, 455, 555),
    "data": (354, 503, 554),
    "rset": (250,),
    "vrfy": (250, 251, 252, 550, 551, 553, 502, 504),
    "expn": (250, 252, 550, 500, 502, 504),
    "help": (211, 214, 502, 504),
    "noop": (250,),
    "quit": (221,),
}

#: Where data gets an answer (section 4.3.2).
DATA_REPLIES = (250, 552, 554, 451, 452, 450, 550)

#: The requirement about a command's replies.
ABOUT = {"ehlo": "hello", "helo": "hello"}

#: Of the states in which no transaction is open, two are judged by what has ended it.
ENDED_BY = {"after-rset": "5321/4.1.1.5/rset-clears", "after-data": "5321/4.1.1.4/data-clears"}
NOT_READY = tuple(state for state in STATES if state not in {"new", "ready"})

#: Commands outside transactions; before EHLO they are judged by `test_early`.
EARLY = ("noop", "rset", "help", "vrfy", "expn")

#: What is asked of a command in some states by other sections: requirement and replies.
ELSEWHERE: Mapping[str, tuple[tuple[str, ...], str, tuple[int, ...]]] = {
    # A transaction within a transaction, and recipients without one.
    "mail": (("after-mail", "after-rcpt"), "5321/4.1.4/nested-mail", (503,)),
    "rcpt": (("new", "helo", "ready", *ENDED_BY), "5321/3.3/rcpt-needs-mail", (503,)),
    # These have one good reply each; in the state "ready" the table is asked.
    "rset": (NOT_READY, "5321/4.1.1.5/rset-250", (250,)),
    "noop": (NOT_READY, "5321/4.1.1.9/noop-250", (250,)),
    "quit": (("new", *NOT_READY), "5321/4.1.1.10/quit-221", (221,)),
}


def cells() -> Iterator[object]:
    """Yield one row for each command but DATA and each state: the command, the state, the replies that are right."""
    for command, usual in REPLIES.items():
        special, requirement_id, narrow = ELSEWHERE.get(command, ((), "", ()))
        for state in STATES:
            name = f"{command}-{state}"
            if command == "data" or (state == "new" and command in EARLY):
                continue
            if state in special:
                replies = narrow
                if command == "rcpt":
                    requirement_id = ENDED_BY.get(state, "5321/3.3/rcpt-needs-mail")
                    # That there is no transaction any more is told by any refusal of RCPT as out of place.
                    replies = (503, 502) if state in ENDED_BY else narrow
                yield case(requirement_id, command, state, replies, name=name)
            else:
                about = ABOUT.get(command, command)
                yield case(f"5321/4.3.2/{about}-replies", command, state, (*usual, *ANY_COMMAND), name=name)


def line_of(command: str, envelope: Envelope) -> bytes:
    """Return the command as a client means it."""
    arguments = {
        "ehlo": b" client.test",
        "helo": b" client.test",
        "mail": b" FROM:<%s>" % envelope.sender,
        "rcpt": b" TO:<%s>" % envelope.recipient,
        "vrfy": b" " + envelope.recipient,
        "expn": b" " + envelope.recipient,
    }
    return command.upper().encode() + arguments.get(command, b"")


@pytest.mark.parametrize(("command", "state", "replies"), list(cells()))
def test_reply(command: str, state: str, replies: tuple[int, ...], reach: Reach, envelope: Envelope) -> None:
    """The reply to a command in a state is one of those that the table names."""
    smtp = reach(state)
    smtp.command(line_of(command, envelope)).expect(*replies)
    if command != "quit":
        require_refusals(smtp)


@pytest.mark.parametrize(
    "state",
    [
        case(ENDED_BY.get(state, "5321/3.3/data-needs-recipient"), state, name=state)
        for state in STATES
        if state != "after-rcpt"
    ],
)
def test_data(state: str, reach: Reach) -> None:
    """Without an accepted recipient DATA takes no message, whatever came before."""
    expect_no_message(reach(state))


@requirement("5321/4.3.2/data-replies")
def test_data_after_rcpt(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """DATA gets 354, 503 or 554, and after 354 the data one of its own replies."""
    reply = smtp_rcpt.command(b"DATA").expect(*REPLIES["data"], *ANY_COMMAND)
    if reply.code == 354:
        smtp_rcpt.content(make_message()).expect(*DATA_REPLIES, *ANY_COMMAND)
    require_refusals(smtp_rcpt)


@requirement("5321/4.3.2/data-replies")
def test_data_in_a_loop(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """Data with 120 Received fields gets one of the replies that data may get."""
    smtp_rcpt.command(b"DATA").require(354)
    received = b"Received: from a.test by b.test; Mon, 2 Jan 2006 15:04:05 +0000\r\n" * 120
    smtp_rcpt.content(make_message(extra=received)).expect(*DATA_REPLIES, *ANY_COMMAND)
    require_refusals(smtp_rcpt)


@requirement("5321/4.3.2/rcpt-replies")
@pytest.mark.parametrize("kind", ["unknown", "elsewhere", "null", "literal"])
def test_doubtful_recipient(kind: str, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A recipient that many refuse gets one of the replies that RCPT may get."""
    recipients = {
        "unknown": envelope.unknown,
        "elsewhere": b"someone@elsewhere.test",
        "null": b"",
        "literal": b"someone@[192.0.2.1]",
    }
    smtp_mail.rcpt(recipients[kind]).expect(*REPLIES["rcpt"], *ANY_COMMAND)
    require_refusals(smtp_mail)


@requirement("5321/4.3.2/mail-replies")
@pytest.mark.parametrize("kind", ["null", "literal", "unknown"])
def test_doubtful_sender(kind: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """A sender that some refuse gets one of the replies that MAIL may get."""
    senders = {"null": b"", "literal": b"someone@[192.0.2.1]", "unknown": envelope.unknown}
    smtp.mail(senders[kind]).expect(*REPLIES["mail"], *ANY_COMMAND)
    require_refusals(smtp)


@requirement("5321/4.3.2/greeting-replies")
def test_greeting(smtp_new: SmtpClient) -> None:
    """The first reply is 220 or 554."""
    if smtp_new.greeting().expect(220, 554).code == 220:
        require_refusals(smtp_new)


@requirement("5321/4.2.4/unknown-500")
@pytest.mark.parametrize("state", [state for state in STATES if state != "ready"])
def test_unknown(state: str, reach: Reach) -> None:
    """A verb nobody has defined gets 500 in every state."""
    reach(state).command(b"FROBNICATE").expect(500)


@pytest.mark.parametrize("command", ["ehlo", "helo", "mail", "rcpt", "data", "rset", "noop", "quit"])
@requirement("5321/4.5.1/required-commands")
def test_required(command: str, reach: Reach, envelope: Envelope) -> None:
    """A command that every server has is neither unknown nor unimplemented."""
    before = {"ehlo": "new", "helo": "new", "rcpt": "after-mail", "data": "after-rcpt"}
    smtp = reach(before.get(command, "ready"))
    reply = smtp.command(line_of(command, envelope)).expect_not(500, 502, 504)
    if command == "data":
        smtp.send(b"Subject: required\r\n\r\n.\r\n")
        smtp.reply().judged = True
    if command == "quit":
        reply.require(221)
    else:
        require_refusals(smtp)


@requirement("5321/4.3.2/argument-501")
def test_quit_with_argument(smtp: SmtpClient) -> None:
    """QUIT takes no argument and says so."""
    smtp.command(b"QUIT now").expect(501)


@requirement("5321/4.1.4/early-commands")
@pytest.mark.parametrize("command", EARLY)
def test_early(command: str, reach: Reach, envelope: Envelope) -> None:
    """A command that belongs to no transaction is not out of order before EHLO."""
    smtp = reach("new")
    smtp.command(line_of(command, envelope)).expect_not(503)
    require_refusals(smtp)
