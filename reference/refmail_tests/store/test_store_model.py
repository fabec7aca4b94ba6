"""Memory and a store on disk with a second process, against the simplest model there is."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from refmail.store.api import FlagAction, Mailbox, NoSuchMessage
from refmail.store.lineends import normalised, to_disk, to_wire
from refmail.store.maildir import MaildirStore
from refmail.store.maildir_mailbox import MaildirMailbox
from refmail.store.mbox import MboxStore
from refmail.store.mbox_format import quote, separator
from refmail.store.mbox_mailbox import MboxMailbox
from refmail.store.memory import MemoryStore

FLAGS = st.frozensets(st.sampled_from([rb"\Seen", rb"\Flagged", rb"\Deleted", b"$Work", b"$Forwarded"]), max_size=3)
OCTETS = st.lists(st.sampled_from([b"a", b"\r\n", b"\n", b".", b"\r", b"\xff"]), max_size=6).map(b"".join)
ACTIONS = st.sampled_from(["replace", "add", "remove"])


class Stores(RuleBasedStateMachine):
    """One user's INBOX, changed through any of three stores and by a program that knows of none."""

    uids = Bundle("uids")

    def on_disk(self) -> MaildirMailbox | MboxMailbox:
        """Open the INBOX as another process would."""
        return MaildirStore(self.root, sync=False).open("ada", "INBOX")

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="refmail-model-"))
        self.folder = self.root / "ada" / "Maildir"
        #: Octets and flags by UID, as they ought to be.
        self.model: dict[int, tuple[bytes, frozenset[bytes]]] = {}
        self.next = 1
        self.foreign = 0
        memory = MemoryStore().open("ada", "INBOX")
        self.disks = [self.on_disk() for _ in range(2)]
        self.boxes: list[Mailbox] = [memory, *self.disks]
        #: What each follower of `changes_since` believes.
        self.seen = [0 for _ in self.boxes]
        self.views: list[dict[int, frozenset[bytes]]] = [{} for _ in self.boxes]

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    def pair(self, which: int) -> tuple[Mailbox, Mailbox]:
        """Return the memory mailbox and one of the two on disk."""
        return self.boxes[0], self.disks[which]

    def learn(self, octets: bytes, flags: frozenset[bytes]) -> int:
        uid, self.next = self.next, self.next + 1
        self.model[uid] = (normalised(octets), flags)
        return uid

    @rule(target=uids, octets=OCTETS, flags=FLAGS, which=st.integers(0, 1))
    def add(self, octets: bytes, flags: frozenset[bytes], which: int) -> int:
        uid = self.learn(octets, flags)
        assert [box.add(octets, flags) for box in self.pair(which)] == [uid, uid]
        return uid

    @rule(target=uids, octets=OCTETS)
    def drop(self, octets: bytes) -> int:
        self.foreign += 1
        octets = self.drop_file(octets)
        self.boxes[0].add(octets)
        # Looked at each time, so that the order is known.
        self.disks[0].messages()
        return self.learn(octets, frozenset())

    def drop_file(self, octets: bytes) -> bytes:
        """Deliver as another program does and return what that makes of the message."""
        name = f"{self.foreign}.foreign.host"
        (self.folder / "tmp" / name).write_bytes(octets)
        (self.folder / "tmp" / name).rename(self.folder / "new" / name)
        return octets

    @rule(uids=st.lists(uids, max_size=3), action=ACTIONS, flags=FLAGS, which=st.integers(0, 1))
    def change_flags(self, uids: list[int], action: FlagAction, flags: frozenset[bytes], which: int) -> None:
        for uid in set(uids) & set(self.model):
            octets, old = self.model[uid]
            new = {"replace": flags, "add": old | flags, "remove": old - flags}[action]
            self.model[uid] = (octets, new)
        for box in self.pair(which):
            changed = box.change_flags(uids, action, flags)
            assert {meta.uid: meta.flags for meta in changed} == {
                uid: self.model[uid][1] for uid in uids if uid in self.model
            }

    @rule(uids=st.lists(consumes(uids), max_size=2), which=st.integers(0, 1))
    def expunge(self, uids: list[int], which: int) -> None:
        gone = sorted(set(uids) & set(self.model))
        for uid in gone:
            del self.model[uid]
        assert [list(box.expunge(uids)) for box in self.pair(which)] == [gone, gone]

    @rule(uid=consumes(uids))
    def remove_file(self, uid: int) -> None:
        """Another program deletes the message's file."""
        if uid in self.model:
            del self.model[uid]
            self.boxes[0].expunge([uid])
            self.unlink(uid)

    def unlink(self, uid: int) -> None:
        """Delete as another program does."""
        disk = self.disks[0]
        assert isinstance(disk, MaildirMailbox)
        Path(disk._mirror.file(disk._mirror.refresh(), uid, again=True)).unlink()

    @rule(target=uids, uid=uids, which=st.integers(0, 1))
    def copy(self, uid: int, which: int) -> int:
        for box in self.pair(which):
            if uid in self.model:
                assert list(box.copy_to(box, [uid])) == [self.next]
            else:
                try:
                    box.copy_to(box, [uid])
                except NoSuchMessage:
                    continue
                msg = "a message that is gone was copied"
                raise AssertionError(msg)
        return self.learn(*self.model[uid]) if uid in self.model else uid

    @rule(which=st.integers(0, 1))
    def claim(self, which: int) -> None:
        memory, disk = self.pair(which)
        assert memory.claim_recent() == disk.claim_recent()

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        """A process ends and another begins."""
        box = self.on_disk()
        assert (box.uid_validity, box.uid_next) == (self.disks[which].uid_validity, self.next)
        self.disks[which] = box
        self.boxes[which + 1] = box

    @invariant()
    def all_agree(self) -> None:
        if not hasattr(self, "boxes"):
            return
        wanted = {uid: flags for uid, (_, flags) in self.model.items()}
        for number, box in enumerate(self.boxes):
            metas = box.messages()
            assert {meta.uid: meta.flags for meta in metas} == wanted
            assert [meta.uid for meta in metas] == sorted(wanted)
            for meta in metas:
                octets = self.model[meta.uid][0]
                assert (box.read(meta.uid), meta.size) == (octets, len(octets))
            assert box.recent_count() == self.boxes[0].recent_count()
            self.follow(number, wanted)

    def follow(self, number: int, wanted: dict[int, frozenset[bytes]]) -> None:
        changes = self.boxes[number].changes_since(self.seen[number])
        view = self.views[number]
        assert changes.modseq >= self.seen[number]
        for uid in changes.expunged:
            view.pop(uid, None)
        view.update((meta.uid, meta.flags) for meta in changes.changed)
        self.seen[number] = changes.modseq
        assert view == wanted


class MboxStores(Stores):
    """The same with mboxes; the other program is one that rewrites them."""

    def on_disk(self) -> MboxMailbox:
        return MboxStore(self.root, sync=False).open("ada", "INBOX")

    def drop_file(self, octets: bytes) -> bytes:
        # In an mbox every message of another program ends with a line end.
        text = quote(to_disk(octets))
        text += b"" if not text or text.endswith(b"\n") else b"\n"
        path = self.root / "ada" / "mbox"
        with path.open("ab") as file:
            file.write(separator(b"x", datetime(2024, 1, 1, tzinfo=UTC)) + text + b"\n")
        return to_wire(to_disk(octets) + (b"\n" if text and not to_disk(octets).endswith(b"\n") else b""))

    def unlink(self, uid: int) -> None:
        disk = self.disks[0]
        assert isinstance(disk, MboxMailbox)
        disk.messages()
        extents, offsets = disk._mirror._places.extents, disk._mirror._places.offsets
        if [extent.digest for extent in extents.values()].count(extents[uid].digest) > 1:
            # Which of two that are alike is gone, nobody can know.
            disk.expunge([uid])
            return
        path = self.root / "ada" / "mbox"
        octets, before = path.read_bytes(), path.stat().st_mtime_ns
        path.write_bytes(octets[: offsets[uid]] + octets[offsets[uid] + extents[uid].length :])
        os.utime(path, ns=(before + 10**9, before + 10**9))


Stores.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestStores = Stores.TestCase
MboxStores.TestCase.settings = Stores.TestCase.settings
TestMboxStores = MboxStores.TestCase
