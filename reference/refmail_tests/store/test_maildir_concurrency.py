"""Several threads and several processes on one store, and processes that die in the middle."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from refmail.store.api import MailStore, NoSuchMessage
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore

COUNT = 40


def message(writer: int, number: int) -> bytes:
    return b"Subject: %d %d\r\n\r\n" % (writer, number) + b"x" * 3000 + b"\r\n"


def together(*jobs: Callable[[], object]) -> None:
    """Run jobs at the same time; what one raises comes out."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result()


def test_deliverers_readers_and_removers_at_once(store: MailStore) -> None:
    inbox = store.open("ada", "INBOX")
    done = threading.Event()
    removed: set[bytes] = set()
    deliverers = 3

    def deliver(writer: int) -> None:
        for number in range(COUNT):
            store.deliver("ada", message(writer, number))

    def read_and_remove() -> None:
        seen: set[int] = set()
        modseq = 0
        finished = False
        while not finished:
            # Once more after the last delivery.
            finished = done.is_set()
            changes = inbox.changes_since(modseq)
            assert not set(changes.expunged) & {meta.uid for meta in changes.changed}
            modseq = changes.modseq
            for meta in changes.changed:
                if meta.uid in seen:
                    continue
                seen.add(meta.uid)
                octets = inbox.read(meta.uid)
                assert len(octets) == meta.size
                if meta.uid % 3 == 0:
                    assert list(inbox.expunge([meta.uid])) == [meta.uid]
                    removed.add(octets)

    def flag() -> None:
        while not done.is_set():
            inbox.change_flags([meta.uid for meta in inbox.messages()][-5:], "add", [rb"\Seen"])
            inbox.claim_recent()

    def deliver_all() -> None:
        try:
            together(*(lambda writer=writer: deliver(writer) for writer in range(deliverers)))
        finally:
            done.set()

    together(deliver_all, read_and_remove, flag)

    left = [inbox.read(meta.uid) for meta in inbox.messages()]
    wanted = {message(writer, number) for writer in range(deliverers) for number in range(COUNT)}
    assert len(left) == len(set(left))
    assert removed.isdisjoint(left)
    assert removed.union(left) == wanted
    assert inbox.uid_next == len(wanted) + 1


DELIVER = """
import sys
from pathlib import Path
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore
kind = {"MaildirStore": MaildirStore, "MboxStore": MboxStore}[sys.argv[4]]
store = kind(Path(sys.argv[1]), sync=False)
writer = int(sys.argv[2])
for number in range(int(sys.argv[3])):
    store.deliver("ada", b"Subject: %d %d\\r\\n\\r\\n" % (writer, number) + b"x" * 3000 + b"\\r\\n")
"""


@pytest.mark.parametrize("kind", [MaildirStore, MboxStore])
def test_processes_share_a_mailbox(root: Path, kind: type[MaildirStore | MboxStore]) -> None:
    inbox = kind(root, sync=False).open("ada", "INBOX")
    arguments = [sys.executable, "-c", DELIVER, str(root)]
    writers = [subprocess.Popen([*arguments, str(writer), str(COUNT), kind.__name__]) for writer in (1, 2)]
    for number in range(COUNT):
        inbox.add(message(0, number))
        inbox.claim_recent()
    assert [writer.wait(60) for writer in writers] == [0, 0]

    metas = inbox.messages()
    assert [meta.uid for meta in metas] == list(range(1, 3 * COUNT + 1))
    assert {inbox.read(meta.uid) for meta in metas} == {message(w, n) for w in range(3) for n in range(COUNT)}
    again = kind(root, sync=False).open("ada", "INBOX")
    assert again.messages() == metas


CRASH = """
import os, sys
from pathlib import Path
import refmail.store.delivery, refmail.store.maildir_mailbox, refmail.store.uidlist
from refmail.store.maildir import MaildirStore
inbox = MaildirStore(Path(sys.argv[1]), sync=False).open("ada", "INBOX")
module, name, when = sys.argv[2].split()
module = sys.modules["refmail.store." + module]
honest = getattr(module, name)
def crash(*arguments, **keywords):
    if when == "after":
        honest(*arguments, **keywords)
    if when == "half":
        honest(arguments[0], arguments[1][:7])
    os._exit(9)
setattr(module, name, crash)
getattr(inbox, sys.argv[3])(*eval(sys.argv[4]))
"""


@pytest.mark.parametrize("act", [("add", "(b'second',)"), ("add", "(b'second', [b'$Work', rb'\\Seen'])")])
@pytest.mark.parametrize(
    "step",
    ["delivery write_all before", "delivery write_all half", "delivery write_all after",
     "maildir_mailbox uncover before", "maildir_mailbox uncover after", "uidlist write_all before",
     "uidlist write_all half", "uidlist write_all after"],
)  # fmt: skip
def test_crash_at_each_step_leaves_all_or_nothing(
    maildir_store: MaildirStore, root: Path, step: str, act: tuple[str, str]
) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    inbox.add(b"first")
    ended = subprocess.run([sys.executable, "-c", CRASH, str(root), step, *act], check=False, timeout=60)
    assert ended.returncode == 9

    octets = [inbox.read(meta.uid) for meta in inbox.messages()]
    assert octets in ([b"first"], [b"first", b"second"])
    uid = inbox.add(b"third")
    assert [inbox.read(meta.uid) for meta in inbox.messages()] == [*octets, b"third"]
    again = MaildirStore(root, sync=False).open("ada", "INBOX")
    assert again.messages() == inbox.messages()
    assert again.uid_next == uid + 1


def test_message_expunged_meanwhile_is_reported_as_such(store: MailStore) -> None:
    inbox = store.open("ada", "INBOX")
    uids = [inbox.add(message(0, number)) for number in range(COUNT)]
    outcomes: list[bool] = []

    def read() -> None:
        for uid in uids:
            try:
                outcomes.append(inbox.read(uid) == message(0, uid - 1))
            except NoSuchMessage:
                outcomes.append(True)

    together(read, lambda: [inbox.expunge([uid]) for uid in reversed(uids)])
    assert outcomes == [True] * COUNT
