"""Wrong aliases and mailing lists (RFC 5321 section 3.9, RFC 3461 section 5.2.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from refmail import mutants
from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.bounce import Action, Outcome
from refmail.queue.client import Result, Verdict
from refmail.queue.expansion import Expansion
from refmail.queue.queue import Queue
from refmail.services import Destination
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.smtp("5321/3.9/alias-and-list")
class ListsRefused(SmtpSession):
    """RCPT for a mailing list gets 550."""

    def check_destination(self, address: Address, destination: Destination) -> str | None:
        if destination.kind == "list":
            raise Rejection(550, "5.1.1", "That is a mailing list")
        return super().check_destination(address, destination)


@mutants.smtp("5321/3.5.1/expn-mailboxes")
class ExpnOfTheFirst(SmtpSession):
    """EXPN names the first member and no other."""

    def do_expn(self, argument: bytes) -> Reply:
        reply = super().do_expn(argument)
        return Reply(reply.code, reply.enhanced, reply.lines[:1])


@mutants.smtp("6531/3.7.4.2/vrfy-252-or-550")
class ExpnOfAsciiOnly(SmtpSession):
    """EXPN without SMTPUTF8 leaves out the names that are not ASCII."""

    def do_expn(self, argument: bytes) -> Reply:
        argument, utf8 = self.without_utf8_word(argument)
        members = self.services.directory.expand(self.named(argument)) or ()
        shown = [b"<%b>" % member.to_wire() for member in members if utf8 or member.is_ascii]
        if not shown:
            return super().do_expn(argument)
        return Reply.of(250, "2.1.5", *shown, utf8=utf8)


class _Expanding(Queue):
    """Does something of its own with what aliases and lists lead to."""

    def kinds(self, envelope: Envelope) -> set[str]:
        """Return what the recipients are: "alias" and "list" among others."""
        return {self.directory.find(recipient.address).kind for recipient in envelope.recipients}

    def expanded(self, envelope: Envelope) -> Expansion:
        expansion = super().expanded(envelope)
        if self.kinds(envelope) & {"alias", "list"}:
            shares = [self.share(envelope, each) for each in expansion.envelopes]
            expansion.envelopes[:] = [each for each in shares if each.recipients]
            expansion.outcomes[:] = self.told(envelope, expansion.outcomes)
        return expansion

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        """Return what becomes of one of the envelopes."""
        del envelope
        return share

    def told(self, envelope: Envelope, outcomes: list[Outcome]) -> list[Outcome]:
        """Return what is reported."""
        del envelope
        return outcomes

    def is_list(self, envelope: Envelope, share: Envelope) -> bool:
        """Say whether an envelope is for the members of a list."""
        return "list" in self.kinds(envelope) and share.reverse_path != envelope.reverse_path


def _with(recipients: Iterable[Recipient], name: bytes, value: bytes) -> tuple[Recipient, ...]:
    return tuple(replace(each, parameters={**each.parameters, name: value}) for each in recipients)


@mutants.part("queue", "5321/3.9.1/alias-expands")
class AliasIsTheAuthor(_Expanding):
    """What an alias sends on has the alias as its reverse-path, unless reports were asked for."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        if self.kinds(envelope) == {"alias"} and not envelope.recipients[0].parameters:
            return replace(share, reverse_path=envelope.recipients[0].address)
        return share


@mutants.part("queue", "5321/3.9.1/alias-expands")
class AliasTagsMessages(_Expanding):
    """What an alias sends on has a field more."""

    def accept(self, envelope: Envelope, octets: bytes) -> None:
        field = b"X-Forwarded-By: the alias\r\n" if self.kinds(envelope) == {"alias"} else b""
        super().accept(envelope, field + octets)


@mutants.part("queue", "5321/3.9/list-return-path")
class ListKeepsReversePath(_Expanding):
    """What a list sends on has the reverse-path of its author."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        return replace(share, reverse_path=envelope.reverse_path) if self.is_list(envelope, share) else share


@mutants.part("queue", "5321/3.9/list-header-kept")
class ListTagsSubjects(_Expanding):
    """A list puts its name into the subject."""

    def accept(self, envelope: Envelope, octets: bytes) -> None:
        if self.kinds(envelope) == {"list"}:
            octets = re.sub(rb"(?m)^Subject: ", b"Subject: [list] ", octets, count=1)
        super().accept(envelope, octets)


@mutants.part("queue", "5321/3.9/list-plain")
class ListLeavesAuthorOut(_Expanding):
    """Who sends a message to a list gets no copy."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        if not self.is_list(envelope, share):
            return share
        return replace(share, recipients=tuple(r for r in share.recipients if r.address != envelope.reverse_path))


@mutants.part("queue", "5321/3.9/list-plain", "5321/3.5.1/vrfy-of-list")
class ListLosesTheLast(_Expanding):
    """The last member of a list of local users never gets anything."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        if self.is_list(envelope, share) and all(recipient.user for recipient in share.recipients):
            return replace(share, recipients=share.recipients[:-1])
        return share


@mutants.part("queue", "3461/5.2.7.1/list-delivered")
class ListsSayNothing(_Expanding):
    """That a list got a message is not reported."""

    def told(self, envelope: Envelope, outcomes: list[Outcome]) -> list[Outcome]:
        return [] if "list" in self.kinds(envelope) else outcomes


@mutants.part("queue", "3461/5.2.7.1/list-parameters-own")
class ListKeepsEnvid(_Expanding):
    """What a list sends on has the ENVID of the original message."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        envid = envelope.parameters.get(b"ENVID")
        if envid is None or not self.is_list(envelope, share):
            return share
        return replace(share, parameters={**share.parameters, b"ENVID": envid})


@mutants.part("queue", "3461/5.2.7.1/list-orcpt")
class ListNamesItself(_Expanding):
    """The ORCPT that a list gives is its own address."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        if not self.is_list(envelope, share):
            return share
        orcpt = b"rfc822;" + envelope.recipients[0].address.to_wire()
        return replace(share, recipients=_with(share.recipients, b"ORCPT", orcpt))


@mutants.part("queue", "3461/5.2.7.2/alias-no-report")
class AliasReportsItself(_Expanding):
    """An alias of one reports that it was expanded, where success was to be reported."""

    def told(self, envelope: Envelope, outcomes: list[Outcome]) -> list[Outcome]:
        if self.kinds(envelope) != {"alias"} or outcomes:
            return outcomes
        result = Result(Verdict.DELIVERED, "2.1.5", "sent on")
        return [Outcome(recipient, result, Action.EXPANDED) for recipient in envelope.recipients]


@mutants.part("queue", "3461/5.2.7.2/alias-parameters-kept")
class AliasForgetsWishes(_Expanding):
    """An alias of one passes no ORCPT on."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        if self.kinds(envelope) != {"alias"} or len(share.recipients) != 1:
            return share
        (recipient,) = share.recipients
        kept = {name: value for name, value in recipient.parameters.items() if name != b"ORCPT"}
        return replace(share, recipients=(replace(recipient, parameters=kept),))


@mutants.part("queue", "3461/5.2.7.3/alias-of-many")
class AliasOfManyPassesSuccess(_Expanding):
    """An alias of several passes SUCCESS on to all of them, and is reported as expanded as well."""

    def share(self, envelope: Envelope, share: Envelope) -> Envelope:
        if self.kinds(envelope) != {"alias"} or len(share.recipients) == 1:
            return share
        return replace(share, recipients=_with(share.recipients, b"NOTIFY", b"SUCCESS"))
