"""Aliases and mailing lists: who really gets a message (RFC 5321 section 3.9, RFC 3461 section 5.2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from refmail.message.envelope import Address, Envelope, Parameters, Recipient
from refmail.queue.bounce import Action, Outcome
from refmail.queue.client import Result, Verdict
from refmail.services import Destination, Directory

__all__ = ["Expansion", "expand"]

#: Parameters of MAIL that say what the message is; a list does not pass on the sender's wishes.
_OF_CONTENT = frozenset({b"BODY", b"SIZE", b"SMTPUTF8"})


@dataclass(slots=True)
class Expansion:
    """What an envelope comes to."""

    #: One for each reverse-path, the original one first; none is without recipients.
    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    #: What to tell the sender about lists and aliases.
    outcomes: list[Outcome] = field(default_factory=list[Outcome])


def expand(envelope: Envelope, directory: Directory) -> Expansion:
    """Replace aliases and lists by their members, once each, however they contain one another."""
    if all(recipient.user is not None for recipient in envelope.recipients):
        return Expansion([envelope])
    expansion = Expansion()
    kept: list[Recipient] = []
    #: Members by the owner of their list; None for those of aliases, who keep the original reverse-path.
    members: dict[Address | None, dict[Address, Recipient]] = {None: {}}
    seen: set[tuple[Address | None, Address]] = {(None, recipient.address) for recipient in envelope.recipients}
    waiting: list[tuple[Address | None, Recipient]] = [(None, recipient) for recipient in envelope.recipients]
    for number, (owner, recipient) in enumerate(waiting):
        found = directory.find(recipient.address) if recipient.user is None else None
        if found is not None and found.kind in {"alias", "list"}:
            new_owner = found.owner if found.kind == "list" else owner
            wishes = _inherited(recipient.parameters, found)
            fresh = [member for member in found.members if (new_owner, member) not in seen]
            seen.update((new_owner, member) for member in fresh)
            # The loop goes on over what is added here.
            waiting += [(new_owner, Recipient(member, wishes)) for member in fresh]
            if owner is None:
                expansion.outcomes += _told(recipient, found)
        elif number < len(envelope.recipients):
            # As it was accepted, even if it was accepted twice.
            kept.append(recipient)
        else:
            user = found.user if found is not None and found.kind == "local" else None
            members.setdefault(owner, {})[recipient.address] = replace(recipient, user=user)
    first = (*kept, *members.pop(None).values())
    if first:
        expansion.envelopes.append(replace(envelope, recipients=first))
    content = {name: value for name, value in envelope.parameters.items() if name in _OF_CONTENT}
    for owner, share in members.items():
        recipients = tuple(share.values())
        expansion.envelopes.append(replace(envelope, reverse_path=owner, recipients=recipients, parameters=content))
    return expansion


def _inherited(parameters: Parameters, found: Destination) -> Mapping[bytes, bytes | None]:
    """Return which wishes go on to the members: none of a list's, and of several members no success."""
    if found.kind == "list":
        return {}
    notify = parameters.get(b"NOTIFY")
    if len(found.members) == 1 or notify is None:
        return parameters
    wishes = [wish for wish in notify.split(b",") if wish.upper() != b"SUCCESS"]
    return {**parameters, b"NOTIFY": b",".join(wishes) or b"NEVER"}


def _told(recipient: Recipient, found: Destination) -> list[Outcome]:
    if found.kind == "list":
        # The list has it, and that is where the message was sent (section 5.2.7.1).
        result = Result(Verdict.DELIVERED, "2.1.5", "delivered to the list")
        return [Outcome(recipient, result, Action.DELIVERED)]
    if len(found.members) == 1:
        return []
    result = Result(Verdict.DELIVERED, "2.1.5", f"sent on to {len(found.members)} addresses")
    return [Outcome(recipient, result, Action.EXPANDED)]
