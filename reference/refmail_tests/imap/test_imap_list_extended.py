"""LIST-EXTENDED (RFC 5258) and LIST-STATUS (RFC 5819)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from refmail.store.api import MailboxInfo
from refmail.store.memory import MemoryStore

_LINE = re.compile(rb'LIST \(([^)]*)\) "/" ("[^"]*"|[^ ]+)(?: (.*))?')


def listed(client: Any, command: bytes) -> dict[bytes, tuple[set[bytes], bytes]]:
    """Run a LIST and return attributes and extended data by name; no name comes twice."""
    found: dict[bytes, tuple[set[bytes], bytes]] = {}
    for line in client.ok(command):
        match = _LINE.fullmatch(line)
        assert match is not None, line
        assert match[2] not in found
        found[match[2]] = (set(match[1].split()), match[3] or b"")
    return found


def attributes(client: Any, command: bytes) -> dict[bytes, set[bytes]]:
    return {name: flags for name, (flags, _) in listed(client, command).items()}


@pytest.fixture
def fruit(fred: Any) -> Any:
    """The hierarchy of RFC 5258 section 5: Fruit/Peach is subscribed and does not exist."""
    for name in (b"Fruit", b"Fruit/Apple", b"Fruit/Banana", b"Tofu", b"Vegetable", b"Vegetable/Broccoli"):
        fred.ok(b"CREATE " + name)
    for name in (b"INBOX", b"Fruit/Banana", b"Fruit/Peach", b"Vegetable", b"Vegetable/Broccoli"):
        fred.ok(b"SUBSCRIBE " + name)
    return fred


def test_subscribed_selects_subscribed_names_only(fruit: Any) -> None:
    found = attributes(fruit, b'LIST (SUBSCRIBED) "" *')
    assert set(found) == {b"INBOX", b"Fruit/Banana", b"Fruit/Peach", b"Vegetable", b"Vegetable/Broccoli"}
    assert all(rb"\Subscribed" in flags for flags in found.values())
    assert [name for name, flags in found.items() if rb"\NonExistent" in flags] == [b"Fruit/Peach"]


def test_return_options_add_no_names(fruit: Any) -> None:
    found = attributes(fruit, b'LIST () "" * RETURN (SUBSCRIBED CHILDREN)')
    assert b"Fruit/Peach" not in found
    assert found[b"Fruit"] == {rb"\HasChildren"}
    assert found[b"Tofu"] == {rb"\HasNoChildren"}
    assert found[b"Vegetable"] == {rb"\HasChildren", rb"\Subscribed"}


def test_without_the_option_nothing_is_said_of_subscriptions(fruit: Any) -> None:
    assert not any(rb"\Subscribed" in flags for flags in attributes(fruit, b'LIST () "" *').values())
    assert not any(rb"\Subscribed" in flags for flags in attributes(fruit, b'LIST "" *').values())


def test_recursive_match_answers_levels_that_the_pattern_cuts_off(fruit: Any) -> None:
    found = listed(fruit, b'LIST (SUBSCRIBED RECURSIVEMATCH) "" %')
    assert set(found) == {b"INBOX", b"Fruit", b"Vegetable"}
    assert found[b"Fruit"][1] == b'("CHILDINFO" ("SUBSCRIBED"))'
    assert rb"\Subscribed" not in found[b"Fruit"][0]
    assert found[b"Vegetable"][1] == b'("CHILDINFO" ("SUBSCRIBED"))'
    assert rb"\Subscribed" in found[b"Vegetable"][0]
    assert found[b"INBOX"][1] == b""


def test_recursive_match_leaves_out_levels_whose_children_are_answered(fruit: Any) -> None:
    found = listed(fruit, b'LIST (RECURSIVEMATCH SUBSCRIBED REMOTE) "" *')
    assert b"Fruit" not in found
    assert found[b"Vegetable"][1] == b'("CHILDINFO" ("SUBSCRIBED"))'


def test_a_level_of_missing_names_does_not_exist(fred: Any) -> None:
    fred.ok(b"SUBSCRIBE lost/child")
    found = listed(fred, b'LIST (SUBSCRIBED RECURSIVEMATCH) "" %')
    assert found == {b"lost": ({rb"\NonExistent", rb"\HasNoChildren"}, b'("CHILDINFO" ("SUBSCRIBED"))')}


def test_a_level_that_is_no_mailbox_does_not_exist(fruit: Any) -> None:
    fruit.ok(b"DELETE Fruit")
    assert attributes(fruit, b'LIST () "" Fruit')[b"Fruit"] == {rb"\NonExistent", rb"\HasChildren"}
    assert attributes(fruit, b'LIST "" Fruit')[b"Fruit"] == {rb"\Noselect", rb"\HasChildren"}


@pytest.mark.parametrize(
    "options", [b"RECURSIVEMATCH", b"REMOTE RECURSIVEMATCH", b"FOO", b"CHILDREN", b"STATUS (MESSAGES)"]
)
def test_selection_options_that_are_none(fruit: Any, options: bytes) -> None:
    assert fruit.run(b'LIST (%s) "" *' % options)[-1].startswith(b"BAD ")


@pytest.mark.parametrize("options", [b"RECURSIVEMATCH", b"FOO", b"STATUS", b"STATUS ()", b"STATUS (FOO)"])
def test_return_options_that_are_none(fruit: Any, options: bytes) -> None:
    assert fruit.run(b'LIST "" * RETURN (%s)' % options)[-1].startswith(b"BAD ")


def test_several_patterns_answer_each_name_once(fruit: Any) -> None:
    assert set(listed(fruit, b'LIST "" (INBOX "T*" % Fruit/%)')) == {
        b"INBOX", b"Fruit", b"Fruit/Apple", b"Fruit/Banana", b"Tofu", b"Vegetable"
    }  # fmt: skip
    assert set(listed(fruit, b'LIST Fruit/ ("" A* &bad)')) == {b"Fruit/Apple"}


def test_options_may_come_twice_and_in_any_case(fruit: Any) -> None:
    once = fruit.ok(b'LIST (SUBSCRIBED) "" *')
    assert fruit.ok(b'list (subscribed SUBSCRIBED remote) "" * return (Children children)') == once


def test_an_empty_pattern_asks_for_the_delimiter_in_a_plain_list_only(fruit: Any) -> None:
    assert fruit.ok(b'LIST "" ""') == [rb'LIST (\Noselect) "/" ""']
    for command in (b'LIST () "" ""', b'LIST "" ("")', b'LIST "" "" RETURN ()'):
        assert fruit.ok(command) == []


def test_a_name_without_room_below_says_so(fred: Any) -> None:
    name = b"a" * 100 + b"/" + b"b" * 98
    fred.ok(b"CREATE " + name)
    for command in (b'LIST "" *', b'LIST () "" *'):
        found = attributes(fred, command)
        assert [each for each, flags in found.items() if rb"\Noinferiors" in flags] == [name]
    assert fred.run(b"CREATE " + name + b"/c")[-1].startswith(b"NO ")


def test_status_follows_its_list(fruit: Any) -> None:
    fruit.ok(b"APPEND Tofu {}", b"a: b\r\n\r\n")
    assert fruit.ok(b'LIST "" T% RETURN (STATUS (MESSAGES SIZE))') == [
        rb'LIST (\HasNoChildren) "/" Tofu',
        b"STATUS Tofu (MESSAGES 1 SIZE 8)",
    ]


def test_no_status_of_what_is_no_mailbox_or_not_selected(fruit: Any) -> None:
    fruit.ok(b"DELETE Fruit")
    lines = fruit.ok(b'LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (UNSEEN))')
    assert [line.split()[1] for line in lines if line.startswith(b"STATUS")] == [b"INBOX", b"Vegetable"]


def test_no_status_of_a_mailbox_that_went_meanwhile(
    fruit: Any, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = store.list("fred")

    def as_it_was(user: str) -> Sequence[MailboxInfo]:
        del user
        return listing

    monkeypatch.setattr(store, "list", as_it_was)
    store.delete("fred", "Tofu")
    assert fruit.ok(b'LIST "" Tofu RETURN (STATUS (MESSAGES))') == [rb'LIST (\NonExistent \HasNoChildren) "/" Tofu']


def test_capabilities(fred: Any) -> None:
    assert {b"LIST-EXTENDED", b"LIST-STATUS", b"STATUS=SIZE"} <= set(fred.ok(b"CAPABILITY")[0].split())


def test_status_counts_deleted_messages(inbox: Any) -> None:
    inbox.ok(rb"STORE 2 +FLAGS.SILENT (\Deleted)")
    size = len(b"Subject: number 1\r\n\r\nbody 1\r\n")
    expected = b"STATUS INBOX (DELETED 1 DELETED-STORAGE %d SIZE %d)" % (size, 3 * size)
    assert inbox.ok(b"STATUS INBOX (DELETED DELETED-STORAGE SIZE)") == [expected]
