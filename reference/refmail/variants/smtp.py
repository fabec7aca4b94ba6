"""Other choices that RFC 5321 and its extensions leave to an SMTP server."""

from __future__ import annotations

import msgspec

from refmail import variants
from refmail.message.address import address_literal
from refmail.message.envelope import Address
from refmail.services import Destination, Peer, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import State


@variants.smtp
class SmtpMultilineReplies(SmtpSession):
    """Every reply that may have several lines has them (RFC 5321 section 4.2)."""

    def reply(self, reply: Reply) -> None:
        if len(reply.lines) == 1:
            reply = Reply(reply.code, reply.enhanced, (*reply.lines, b"and that was a reply of two lines"))
        super().reply(reply)


@variants.smtp
class SmtpMultilineGreeting(SmtpSession):
    """The greeting has three lines, the second of them empty (RFC 5321 section 4.2, Greeting)."""

    def greeting(self) -> Reply:
        name = self.services.hostname.encode("ascii")
        return Reply.of(220, "", name + b" ESMTP", b"more about this server", b"follows elsewhere")


@variants.smtp
class SmtpTerse(SmtpSession):
    """Replies have as little text as the grammar allows."""

    def reply(self, reply: Reply) -> None:
        if len(reply.lines) == 1 and reply.code not in {220, 221, 250, 421}:
            reply = Reply(reply.code, reply.enhanced, (b".",))
        super().reply(reply)


@variants.smtp
class SmtpShuffledExtensions(SmtpSession):
    """The EHLO lines come in an order of their own, in mixed case (RFC 5321 section 4.1.1.1)."""

    def ehlo_lines(self) -> list[bytes]:
        lines = [_mixed(line.partition(b" ")) for line in super().ehlo_lines()]
        self.services.random.shuffle(lines)
        return lines


def _mixed(parts: tuple[bytes, bytes, bytes]) -> bytes:
    keyword, space, values = parts
    return keyword[:1] + keyword[1:].lower() + space + values


@variants.smtp
class SmtpMoreExtensions(SmtpSession):
    """EHLO lists private keywords beside the known ones (RFC 5321 section 4.1.5)."""

    def ehlo_lines(self) -> list[bytes]:
        return [b"XREFMAIL mode=variant", *super().ehlo_lines(), b"X-NOTHING"]


@variants.smtp
class SmtpWithoutExtensions(SmtpSession):
    """EHLO offers no extension but 8BITMIME and what login and TLS need; messages may have any size."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, message_size=1 << 40)

    def offers(self) -> dict[bytes, bytes]:
        kept = {b"8BITMIME", b"STARTTLS", b"AUTH", b"HELP", b"EXPN"}
        if self.is_submission:
            # RFC 6409 section 7 wants these.
            kept |= {b"PIPELINING", b"ENHANCEDSTATUSCODES", b"DSN"}
        return {keyword: values for keyword, values in super().offers().items() if keyword in kept}


@variants.smtp
class SmtpSizeWithoutLimit(SmtpSession):
    """SIZE is listed without a number (RFC 1870 section 4)."""

    def offers(self) -> dict[bytes, bytes]:
        offers = super().offers()
        offers[b"SIZE"] = b""
        return offers


@variants.smtp
class SmtpSecretiveVrfy(SmtpSession):
    """VRFY answers 252 to every name that is well-formed (RFC 5321 sections 3.5.3 and 7.3)."""

    def do_vrfy(self, argument: bytes) -> Reply:
        name, _ = self.without_utf8_word(argument)
        self.named(name)
        return Reply.of(252, "2.5.0", "Nothing is told here; mail will be tried")


@variants.smtp
class SmtpDataOtherCode(SmtpSession):
    """DATA without a valid recipient gets 554 instead of 503 (RFC 5321 section 3.3)."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"DATA" and self.state is State.MAIL:
            return Reply.of(554, "5.5.1", "No valid recipients")
        return super().out_of_order(verb)


@variants.smtp
class SmtpLenientPaths(SmtpSession):
    """White space around a path, and a path without its angle brackets, are tolerated."""

    def do_mail(self, argument: bytes) -> Reply:
        return super().do_mail(_bracketed(argument))

    def do_rcpt(self, argument: bytes) -> Reply:
        return super().do_rcpt(_bracketed(argument))


def _bracketed(argument: bytes) -> bytes:
    word, colon, path = argument.partition(b":")
    path = path.lstrip(b" ")
    if path and not path.startswith(b"<"):
        address, space, rest = path.partition(b" ")
        path = b"<" + address + b">" + space + rest
    return word + colon + path


@variants.smtp
class SmtpLenientEhlo(SmtpSession):
    """Any word is taken as the client's name; where it is no domain, the trace shows the address."""

    def client_name_from(self, argument: bytes) -> bytes:
        try:
            return super().client_name_from(argument)
        except Rejection:
            if not argument:
                raise
            return address_literal(self.peer.address)


@variants.smtp
class SmtpForwardedUsers(SmtpSession):
    """RCPT is answered with 251 instead of 250 (RFC 5321 section 3.4)."""

    def do_rcpt(self, argument: bytes) -> Reply:
        reply = super().do_rcpt(argument)
        address, _ = self.forward_path_from(argument)
        return Reply.of(251, "2.1.5", f"User not local; will forward to <{address}>") if reply.code == 250 else reply


@variants.smtp
class SmtpOtherMailboxCode(SmtpSession):
    """Unknown mailboxes get 553 instead of 550 (RFC 5321 section 4.3.2)."""

    def check_destination(self, address: Address, destination: Destination) -> str | None:
        if destination.kind == "unknown":
            raise Rejection(553, "5.1.1", "Mailbox name not allowed")
        return super().check_destination(address, destination)


@variants.smtp
class SmtpRefusesSourceRoutes(SmtpSession):
    """Mail with a source route to follow is refused by policy (RFC 5321 section 4.1.1.3)."""

    def forward_path_from(self, argument: bytes) -> tuple[Address, bytes]:
        address, rest = super().forward_path_from(argument)
        if argument[3:5] == b"<@":
            raise Rejection(550, "5.7.1", "Source routes are not followed here")
        return address, rest


@variants.smtp
class SmtpManyRecipients(SmtpSession):
    """There is no limit on recipients but memory."""

    def check_count(self) -> None:
        return


@variants.smtp
class SmtpRefusesEightBits(SmtpSession):
    """8-bit content is refused where BODY=8BITMIME was not given (RFC 5321 section 2.4)."""

    @property
    def refuses_unannounced(self) -> bool:
        return True


@variants.smtp
class SmtpKeepsBareLineBreaks(SmtpSession):
    """A CR or LF on its own is kept as data and ends nothing (RFC 5321 section 2.3.8)."""

    def check_line_ends(self, content: bytes) -> None:
        del content


@variants.smtp
class SmtpHiddenLogin(SmtpSession):
    """AUTH is offered only under TLS (RFC 4954 section 4)."""

    def offers(self) -> dict[bytes, bytes]:
        offers = super().offers()
        if not self.secure:
            offers.pop(b"AUTH", None)
        return offers


@variants.smtp
class SmtpWithoutChunking(SmtpSession):
    """CHUNKING is not offered, and so neither is BINARYMIME (RFC 3030 section 3)."""

    def offers(self) -> dict[bytes, bytes]:
        hidden = {b"CHUNKING", b"BINARYMIME"}
        return {keyword: values for keyword, values in super().offers().items() if keyword not in hidden}


@variants.smtp
class SmtpRefusedChunkAborts(SmtpSession):
    """A refused BDAT ends the transaction at once (RFC 3030 section 2 leaves open in which state it is)."""

    def fail(self) -> None:
        self.reset()


@variants.smtp
class SmtpMechanismsReversed(SmtpSession):
    """AUTH lists its mechanisms in another order (RFC 4954 section 3)."""

    def offers(self) -> dict[bytes, bytes]:
        offers = super().offers()
        if b"AUTH" in offers:
            offers[b"AUTH"] = b" ".join(reversed(offers[b"AUTH"].split(b" ")))
        return offers


@variants.smtp
class SmtpOnlyPlain(SmtpSession):
    """PLAIN is the only mechanism (RFC 4954 section 4)."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.mechanisms = {name: known for name, known in self.mechanisms.items() if name == b"PLAIN"}
