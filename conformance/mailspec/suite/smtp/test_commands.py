"""Commands outside a transaction: RFC 5321 sections 2.4, 4.1.1, 4.2 and 4.3.2."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import PERMANENT, SUCCESS, SmtpClient


@requirement("5321/2.4/verbs-any-case")
def test_verbs_and_keywords_in_any_case(smtp: SmtpClient, envelope: Envelope) -> None:
    """Mixed case in verbs and in FROM: and TO: changes nothing."""
    smtp.command(b"nOoP").expect(SUCCESS)
    smtp.command(b"mAiL fRoM:<%s>" % envelope.sender).expect(250)
    smtp.command(b"rCpT tO:<%s>" % envelope.recipient).expect(250, 251)
    smtp.command(b"rSeT").expect(SUCCESS)
    require_refusals(smtp)


@requirement("5321/4.2/one-reply")
def test_each_command_gets_one_reply(smtp: SmtpClient, envelope: Envelope) -> None:
    """The replies to commands sent one by one never shift: an error answers the unknown verb, and success RSET."""
    for command in (b"X-UNKNOWN", b"EXPN list", b"VRFY " + envelope.recipient, b"NOOP", b"HELP", b"RSET"):
        _ = smtp.command(command).code

    smtp.command(b"X-UNKNOWN").expect(PERMANENT)
    smtp.command(b"RSET").expect(SUCCESS)


@requirement("5321/4.2.4/unknown-500")
def test_unknown_verb_gets_500(smtp: SmtpClient) -> None:
    """A verb nobody has defined gets 500."""
    smtp.command(b"FROBNICATE").expect(500)


@requirement("5321/4.3.2/argument-501")
def test_rset_with_argument_gets_501(smtp: SmtpClient) -> None:
    """RSET takes no argument and says so."""
    smtp.command(b"RSET now").expect(501)


@requirement("5321/4.3.2/argument-501")
def test_data_with_argument_gets_501(smtp_rcpt: SmtpClient) -> None:
    """DATA takes no argument and says so."""
    smtp_rcpt.command(b"DATA now").expect(501)


@requirement("5321/4.1.1/trailing-space")
def test_trailing_space_is_tolerated(smtp: SmtpClient, envelope: Envelope) -> None:
    """White space before the CRLF changes nothing."""
    smtp.command(b"NOOP ").expect(SUCCESS)
    smtp.command(b"MAIL FROM:<%s> " % envelope.sender).expect(250)
    smtp.command(b"RSET \t").expect(SUCCESS)
    require_refusals(smtp)


@requirement("5321/4.1.1.5/rset-250")
def test_rset_gets_250_at_any_time(smtp_greeted: SmtpClient, envelope: Envelope) -> None:
    """RSET gets 250 before EHLO, after it, and within a transaction."""
    smtp_greeted.command(b"RSET").expect(250)
    smtp_greeted.ehlo().require(250)
    smtp_greeted.command(b"RSET").expect(250)
    smtp_greeted.mail(envelope.sender).require(250)
    smtp_greeted.command(b"RSET").expect(250)
    require_refusals(smtp_greeted)


@requirement("5321/4.1.1.5/rset-clears")
def test_rset_clears_the_transaction(smtp_rcpt: SmtpClient, envelope: Envelope) -> None:
    """After RSET the next MAIL is not nested in anything."""
    smtp_rcpt.command(b"RSET").require(250)
    smtp_rcpt.mail(envelope.sender).expect(250)
    require_refusals(smtp_rcpt)


@requirement("5321/4.1.1.5/rset-keeps-connection")
def test_rset_leaves_the_connection_open(smtp_rcpt: SmtpClient) -> None:
    """A command after RSET is answered, several times over."""
    for _ in range(5):
        smtp_rcpt.command(b"RSET").require(250)
        smtp_rcpt.command(b"NOOP").expect(SUCCESS)
    require_refusals(smtp_rcpt)


@requirement("5321/4.1.1.9/noop-250")
def test_noop_changes_nothing(smtp_rcpt: SmtpClient, envelope: Envelope) -> None:
    """NOOP gets 250 and the transaction around it goes on."""
    smtp_rcpt.command(b"NOOP").expect(250)
    smtp_rcpt.rcpt(envelope.recipient).expect(250, 251)
    require_refusals(smtp_rcpt)


@requirement("5321/4.1.1.9/noop-argument")
def test_noop_ignores_a_string(smtp: SmtpClient) -> None:
    """NOOP with a string succeeds."""
    smtp.command(b"NOOP anything").expect(SUCCESS)
    require_refusals(smtp)


@requirement("5321/4.1.1.8/help-supported")
def test_help_is_supported(smtp: SmtpClient) -> None:
    """HELP gets 211 or 214."""
    smtp.command(b"HELP").expect(211, 214)


@requirement("5321/4.1.1.10/quit-221")
def test_quit_gets_221(smtp: SmtpClient) -> None:
    """QUIT gets 221."""
    smtp.command(b"QUIT").expect(221)


@requirement("5321/4.1.1.10/quit-closes")
def test_server_closes_after_quit(smtp: SmtpClient) -> None:
    """The connection ends after the reply to QUIT."""
    smtp.command(b"QUIT").require(221)
    smtp.expect_closed()


@requirement("5321/4.1.1.10/stays-open")
def test_errors_do_not_close_the_connection(smtp: SmtpClient) -> None:
    """Three refused commands in a row leave the connection open."""
    for command in (b"X-UNKNOWN", b"X-ANOTHER", b"MAIL FROM:nonsense<"):
        smtp.command(command).expect(PERMANENT)

    smtp.command(b"NOOP").expect(SUCCESS)


@requirement("5321/4.5.4.2/parallel-sessions")
def test_two_sessions_at_once(smtp_rcpt: SmtpClient, smtp_connect: Callable[[], SmtpClient]) -> None:
    """While one client is in a transaction, another one is greeted."""
    smtp_connect().greeting().expect(SUCCESS)
    smtp_rcpt.command(b"NOOP").expect(SUCCESS)
    require_refusals(smtp_rcpt)


@requirement("5321/4.5.1/vrfy-supported")
def test_vrfy_is_supported(smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY gets one of the replies of a server that has it."""
    smtp.command(b"VRFY " + envelope.recipient).expect(250, 251, 252, 550, 551, 553)
    require_refusals(smtp)


@requirement("5321/3.5.3/vrfy-no-false-250")
def test_vrfy_does_not_confirm_what_it_cannot(smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY of a mailbox that does not exist is not answered with 250."""
    smtp.command(b"VRFY " + envelope.unknown).expect_not(250)


@requirement("5321/3.5.2/vrfy-mailbox")
def test_vrfy_gives_the_mailbox(smtp: SmtpClient, envelope: Envelope) -> None:
    """A VRFY reply of 250, 251 or 551 contains a mailbox with a domain."""
    reply = smtp.command(b"VRFY " + envelope.recipient)
    if reply.code in {250, 251, 551} and b"@" not in b"".join(reply.lines):
        raise Violation(["a mailbox with its domain in the reply"], repr(reply.lines))
