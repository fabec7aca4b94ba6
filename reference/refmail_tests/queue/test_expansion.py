"""Aliases and lists in the queue: who gets the message, from whom, and what the sender hears."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.directory import LocalDirectory, MailingList
from refmail.message.envelope import Address, Envelope, Parameters, Recipient
from refmail.queue.bounce import Action
from refmail.queue.expansion import expand

SENDER = Address(b"s", b"client.test")


def here(name: str) -> Address:
    return Address(name.encode(), b"example.test")


FAR = Address(b"carol", b"elsewhere.test")
ALICE = Recipient(here("alice"), user="alice")
DIRECTORY = LocalDirectory(
    ["example.test"],
    ["alice", "bob"],
    "alice",
    aliases={
        "one": [here("bob")],
        "two": [here("bob"), FAR],
        "all": [here("two"), here("alice"), here("all")],
        "listed": [here("staff")],
    },
    lists={"staff": MailingList((here("alice"), here("two"), here("staff")), here("bob"))},
)


def to(*recipients: Recipient, parameters: Parameters | None = None) -> Envelope:
    return Envelope(SENDER, recipients, parameters or {}, trace_id="t")


def test_ordinary_recipients_stay_as_they_are() -> None:
    envelope = to(ALICE, ALICE, Recipient(FAR), parameters={b"RET": b"FULL"})
    expansion = expand(envelope, DIRECTORY)
    assert expansion.envelopes == [envelope]
    assert expansion.outcomes == []


def test_an_alias_for_one_hands_on_every_wish() -> None:
    wishes: Parameters = {b"NOTIFY": b"SUCCESS", b"ORCPT": b"rfc822;x"}
    expansion = expand(to(Recipient(here("one"), wishes), parameters={b"ENVID": b"1"}), DIRECTORY)
    (envelope,) = expansion.envelopes
    assert envelope.reverse_path == SENDER
    assert envelope.parameters == {b"ENVID": b"1"}
    assert envelope.recipients == (Recipient(here("bob"), wishes, "bob"),)
    assert expansion.outcomes == []


@pytest.mark.parametrize(
    ("notify", "inherited"), [(b"SUCCESS", b"NEVER"), (b"success,FAILURE", b"FAILURE"), (b"NEVER", b"NEVER")]
)
def test_an_alias_for_several_reports_that_it_was_expanded(notify: bytes, inherited: bytes) -> None:
    expansion = expand(to(Recipient(here("two"), {b"NOTIFY": notify})), DIRECTORY)
    (envelope,) = expansion.envelopes
    wishes = {b"NOTIFY": inherited}
    assert envelope.recipients == (Recipient(here("bob"), wishes, "bob"), Recipient(FAR, wishes))
    assert [outcome.action for outcome in expansion.outcomes] == [Action.EXPANDED]


def test_aliases_within_aliases_reach_everyone_once() -> None:
    expansion = expand(to(ALICE, Recipient(here("all"))), DIRECTORY)
    (envelope,) = expansion.envelopes
    assert envelope.recipients == (ALICE, Recipient(here("bob"), user="bob"), Recipient(FAR))


@pytest.mark.parametrize("name", ["staff", "listed"])
def test_a_list_sends_in_the_name_of_its_owner(name: str) -> None:
    wishes: Parameters = {b"NOTIFY": b"SUCCESS", b"ORCPT": b"rfc822;x"}
    of_mail: Parameters = {b"BODY": b"8BITMIME", b"ENVID": b"1", b"RET": b"FULL", b"AUTH": b"<>"}
    expansion = expand(to(Recipient(here(name), wishes), ALICE, parameters=of_mail), DIRECTORY)
    direct, listed = expansion.envelopes
    assert (direct.reverse_path, direct.recipients, direct.parameters) == (SENDER, (ALICE,), of_mail)
    assert listed.reverse_path == here("bob")
    assert listed.parameters == {b"BODY": b"8BITMIME"}
    assert listed.recipients == (ALICE, Recipient(here("bob"), user="bob"), Recipient(FAR))
    (outcome,) = expansion.outcomes
    assert (outcome.recipient.address, outcome.action) == (here("staff"), Action.DELIVERED)


NAMES = ["a", "b", "c", "user"]
ADDRESSES = st.sampled_from([*map(here, NAMES), FAR])


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), st.lists(ADDRESSES, min_size=1, max_size=4)),
    st.dictionaries(st.just("c"), st.builds(MailingList, st.lists(ADDRESSES, max_size=4).map(tuple), ADDRESSES)),
    st.lists(ADDRESSES, min_size=1, max_size=4),
)
def test_any_tangle_comes_to_an_end(
    aliases: dict[str, list[Address]], lists: dict[str, MailingList], to_whom: list[Address]
) -> None:
    directory = LocalDirectory(["example.test"], ["user"], "user", aliases=aliases, lists=lists)
    found = [(address, directory.find(address)) for address in to_whom]
    recipients = tuple(Recipient(address, user=where.user or None) for address, where in found)
    for envelope in expand(to(*recipients), directory).envelopes:
        assert envelope.recipients
        members = envelope.recipients[len(recipients) :]
        assert len({member.address for member in members}) == len(members)
        assert all(directory.find(member.address).kind not in {"alias", "list"} for member in envelope.recipients)
