"""The Maildir under the target, seen from beside it: delivery, names, flags, other programs."""

from __future__ import annotations

import re

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.steps import MessageMaker, Sender
from mailspec.suite.store.conftest import Folder
from mailspec.verdict import Violation
from mailspec.wire.imap import ImapClient


@requirement("maildir/delivery/into-new")
def test_delivery_makes_one_whole_file_in_new(maildir: Folder, make_message: MessageMaker, send: Sender) -> None:
    """A message sent by SMTP is one more file in new, with the whole body."""
    message = make_message(body=b"first line\r\nlast line\r\n")
    send(message)
    path = maildir.wait(message)
    if path.parent.name != "new":
        raise Violation(["a file in new"], f"a file in {path.parent.name}")
    body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    if body != b"first line\nlast line\n":
        raise Violation(["the whole body"], repr(body))


@requirement("maildir/delivery/name")
def test_names_differ_and_are_well_formed(maildir: Folder, make_message: MessageMaker, send: Sender) -> None:
    """Three deliveries make three names, none with a colon before the info or a dot in front."""
    messages = [make_message() for _ in range(3)]
    for message in messages:
        send(message)
    names = [maildir.wait(message).name for message in messages]
    unique = {name.partition(":2,")[0] for name in names}
    if len(unique) != 3 or any(name.startswith(".") or ":" in name for name in unique):
        raise Violation(["three names without colons and leading dots"], repr(names))


@requirement("maildir/delivery/no-info")
def test_names_in_new_have_no_info(maildir: Folder, make_message: MessageMaker, send: Sender) -> None:
    """The name of a message that nobody has read does not carry flags."""
    message = make_message()
    send(message)
    path = maildir.wait(message)
    if path.parent.name == "new" and ":2," in path.name:
        raise Violation(["a name without :2,"], path.name)


@requirement("maildir/delivery/nothing-in-tmp")
def test_nothing_stays_in_tmp(maildir: Folder, make_message: MessageMaker, send: Sender) -> None:
    """When the message is there, tmp is as it was before."""
    before = maildir.names("tmp")
    message = make_message()
    send(message)
    maildir.wait(message)
    if left := maildir.names("tmp") - before:
        raise Violation(["nothing new in tmp"], repr(sorted(left)))


@requirement("maildir/reader/finds-new", needs=("imap IMAP4REV1",))
def test_message_of_another_program_is_found(
    maildir: Folder, make_message: MessageMaker, inbox: Inbox, imap_auth: ImapClient
) -> None:
    """A file that another program puts into new is a message in INBOX."""
    message = make_message(body=b"from beside\r\n")
    maildir.put("new", message)
    if body_of(inbox.wait(message)) != b"from beside\r\n":
        raise Violation(["the body of the file"], "another body")


@requirement("maildir/reader/notices-removal", needs=("imap IMAP4REV1",))
def test_removed_file_is_noticed(
    maildir: Folder, make_message: MessageMaker, send: Sender, inbox: Inbox, imap_auth: ImapClient
) -> None:
    """When a message's file is gone, the next session does not show it."""
    gone, kept = make_message(), make_message()
    for message in (gone, kept):
        send(message)
        inbox.wait(message)
    maildir.wait(gone).unlink()
    if inbox.still_holds(gone):
        raise Violation(["one message"], "the message whose file is gone is still shown")


def flags_in_name(maildir: Folder, message: bytes) -> str:
    """Return the letters behind :2, once the file of the message has some."""
    path = maildir.wait(message, where="cur")
    return path.name.partition(":2,")[2].partition(",")[0]


@requirement("maildir/info/flags", needs=("imap IMAP4REV1",))
def test_seen_is_written_as_s(
    maildir: Folder, make_message: MessageMaker, send: Sender, inbox: Inbox, imap_auth: ImapClient
) -> None:
    r"""After STORE +FLAGS (\Seen), the file is in cur and its info has an S."""
    message = make_message()
    send(message)
    inbox.flag(message, rb"\Seen")
    if "S" not in (letters := flags_in_name(maildir, message)):
        raise Violation([":2, with S"], f":2,{letters}")


@requirement("maildir/info/order", needs=("imap IMAP4REV1",))
def test_flag_letters_are_in_order(
    maildir: Folder, make_message: MessageMaker, send: Sender, inbox: Inbox, imap_auth: ImapClient
) -> None:
    """Four flags set in any order are four letters in ASCII order."""
    message = make_message()
    send(message)
    inbox.flag(message, rb"\Seen", rb"\Draft", rb"\Answered", rb"\Flagged")
    letters = re.sub("[a-z]", "", flags_in_name(maildir, message))
    if letters != "".join(sorted(letters)):
        raise Violation([":2,DFRS"], f":2,{letters}")


@requirement("maildir/reader/reads-flags", needs=("imap IMAP4REV1",))
def test_flags_of_another_program_are_read(
    maildir: Folder, make_message: MessageMaker, inbox: Inbox, imap_auth: ImapClient
) -> None:
    """A file in cur with :2,FS is flagged and seen."""
    message = make_message()
    maildir.put("cur", message, info=":2,FS")
    inbox.wait(message)
    flags = inbox.flags(message)
    if not {rb"\Seen", rb"\Flagged"} <= flags:
        raise Violation([r"\Seen and \Flagged"], repr(sorted(flags)))
