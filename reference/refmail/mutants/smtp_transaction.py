"""Wrong SMTP servers: MAIL, RCPT and the limits around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from refmail import mutants
from refmail.message.envelope import Address, ReversePath
from refmail.services import Destination, Peer, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import LEGAL, State


@mutants.smtp(
    "5321/3.3/rcpt-needs-mail", "5321/4.1.1.4/data-clears", "5321/4.1.1.5/rset-clears", "5321/4.2.2/503-for-sequence"
)
class RcptWithoutMail(SmtpSession):
    """RCPT is accepted before MAIL."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {**LEGAL, State.READY: LEGAL[State.READY] | {b"RCPT"}}


@mutants.smtp("5321/3.3/data-needs-recipient", "2920/3.2/all-failed-no-data", "2920/3.2/data-if-recipients")
class DataWithoutRcpt(SmtpSession):
    """DATA is accepted, and the message taken, without a recipient."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {**LEGAL, State.MAIL: LEGAL[State.MAIL] | {b"DATA"}}


@mutants.smtp("5321/4.1.4/nested-mail", "5321/4.2.2/503-for-sequence")
class NestedMail(SmtpSession):
    """MAIL in an open transaction begins a new one."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        state: verbs | {b"MAIL"} if state is not State.START else verbs for state, verbs in LEGAL.items()
    }


@mutants.smtp("5321/4.1.4/nested-mail-keeps-state")
class NestedMailResets(SmtpSession):
    """A MAIL that is refused as out of order ends the open transaction."""

    def out_of_order(self, verb: bytes) -> Reply:
        reply = super().out_of_order(verb)
        if verb == b"MAIL":
            self.reset()
        return reply


@mutants.smtp(
    "5321/4.1.1.2/null-reverse-path", "6409/3.2/null-path-accepted", "6152/2/body-values", "6531/3.1/mail-parameter"
)
class NoNullReversePath(SmtpSession):
    """The null reverse-path is refused."""

    def reverse_path_from(self, argument: bytes) -> tuple[ReversePath, bytes]:
        path, rest = super().reverse_path_from(argument)
        if path is None:
            raise Rejection(550, "5.7.1", "Bounces are not wanted")
        return path, rest


class _Postmaster(SmtpSession):
    """Refuses some ways of writing postmaster."""

    def destination(self, address: Address) -> Destination:
        if address.local_part.lower() == b"postmaster" and self.refused(address):
            return Destination("unknown")
        return super().destination(address)

    def refused(self, address: Address) -> bool:
        raise NotImplementedError


@mutants.smtp("5321/4.5.1/postmaster")
class PostmasterNeedsDomain(_Postmaster):
    """Postmaster without a domain is an unknown user."""

    def refused(self, address: Address) -> bool:
        return not address.domain


@mutants.smtp("5321/4.5.1/postmaster-any-case")
class PostmasterInLowerCase(_Postmaster):
    """Postmaster at a domain is known in lower case only."""

    def refused(self, address: Address) -> bool:
        return bool(address.domain) and address.local_part != b"postmaster"


@mutants.smtp("5321/4.5.1/postmaster-at-domain", "5321/4.5.1/postmaster-any-case")
class NoPostmasterAtDomain(_Postmaster):
    """Postmaster at a domain is an unknown user."""

    def refused(self, address: Address) -> bool:
        return bool(address.domain)


@mutants.smtp("5321/4.1.1.3/source-route")
class SourceRouteIsSyntaxError(SmtpSession):
    """A source route gets 501."""

    def forward_path_from(self, argument: bytes) -> tuple[Address, bytes]:
        if argument.upper().startswith(b"TO:<@") and not argument.upper().startswith(b"TO:<@@"):
            raise Rejection(501, "5.1.3", "Bad recipient address")
        return super().forward_path_from(argument)


@mutants.smtp("5321/4.1.1.11/unknown-parameter")
class UnknownParametersIgnored(SmtpSession):
    """Parameters of MAIL that the server does not know are passed over."""

    def check_mail_parameters(self, parameters: Mapping[bytes, bytes | None]) -> None:
        super().check_mail_parameters({k: v for k, v in parameters.items() if k in self.mail_parameters})


@mutants.smtp(
    "5321/3.3/failed-rcpt-keeps-transaction",
    "2920/3.2/data-if-recipients",
    "3461/5.1/rcpt-parameters-neutral",
    "3461/5.4/command-1036",
)
class FailedRcptEndsTransaction(SmtpSession):
    """A refused recipient ends the transaction."""

    def do_rcpt(self, argument: bytes) -> Reply:
        try:
            return super().do_rcpt(argument)
        except Rejection:
            self.reset()
            raise


@mutants.smtp("5321/3.3/unknown-recipient")
class NonsenseRecipientAccepted(SmtpSession):
    """A recipient that is no address is accepted."""

    def do_rcpt(self, argument: bytes) -> Reply:
        if argument.startswith(b"TO:<@@"):
            return Reply.of(250, "2.1.5", "Recipient accepted")
        return super().do_rcpt(argument)


@mutants.smtp("5321/3.6.2/relay-refused-550", "5321/4.3.2/rcpt-replies")
class RelayRefusedWith554(SmtpSession):
    """Relaying is refused with 554."""

    def check_destination(self, address: Address, destination: Destination) -> str | None:
        if destination.kind == "remote" and not self.may_relay():
            raise Rejection(554, "5.7.1", "Mail for that domain is not relayed")
        return super().check_destination(address, destination)


@mutants.smtp("5321/4.1.2/quoted-local-part")
class QuotedIsSomebodyElse(SmtpSession):
    """A local part in quotes is another user than the same without them."""

    def forward_path_from(self, argument: bytes) -> tuple[Address, bytes]:
        if b'"' in argument:
            raise Rejection(550, "5.1.1", "There is no such mailbox")
        return super().forward_path_from(argument)


@mutants.smtp("5321/4.5.3.1.1/local-part-64", "3461/5.4/combined-length", "6152/2/body-values")
class LocalPartOf63(SmtpSession):
    """A local part may have 63 octets at most."""

    def reverse_path_from(self, argument: bytes) -> tuple[ReversePath, bytes]:
        path, rest = super().reverse_path_from(argument)
        if path is not None and len(path.local_part) > 63:
            raise Rejection(501, "5.1.7", "The local part is too long")
        return path, rest


@mutants.smtp("5321/4.5.3.1.2/domain-255")
class DomainOf200(SmtpSession):
    """A domain may have 200 octets at most."""

    def client_name_from(self, argument: bytes) -> bytes:
        name = super().client_name_from(argument)
        if len(name) > 200:
            raise Rejection(501, "", "The domain is too long")
        return name


@mutants.smtp(
    "5321/4.5.3.1.4/command-512", "3461/5.4/command-1036", "3461/5.4/parameter-sizes", "4954/4/long-responses"
)
class CommandsOf511(SmtpSession):
    """A command line may have 511 octets at most."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, smtp_line=511)


@mutants.smtp("5321/4.5.3.1.7/content-64k", "3030/2/each-chunk-250")
class ContentOf65535(SmtpSession):
    """A message may have one octet less than 64K."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, message_size=64 * 1024 - 1)


@mutants.smtp("5321/4.5.3.1.8/recipients-100")
class NinetyNineRecipients(SmtpSession):
    """A transaction may have 99 recipients."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, recipients=99)


@mutants.smtp("1870/6.1/too-large")
class DeclaredSizeIgnored(SmtpSession):
    """A declared size over the maximum is accepted."""

    def check_size(self, value: bytes | None) -> None:
        super().check_size(b"0" if value and value.isdigit() else value)


@mutants.smtp("1870/6.1/fits", "5321/4.2.2/501-for-syntax", "3461/5.4/combined-length")
class AnySizeTooLarge(SmtpSession):
    """Every declared size is refused as too large."""

    def check_size(self, value: bytes | None) -> None:
        raise Rejection(552, "5.3.4", "The message is too large")
