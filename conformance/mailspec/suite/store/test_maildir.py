"""The Maildir under the target, seen from beside it: delivery, names, flags, other programs."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.steps import MessageMaker, Sender
from mailspec.suite.store.conftest import Folder, View
from mailspec.verdict import Blocked, Violation

Look = Callable[[], View]


@requirement("maildir/delivery/into-new")
def test_delivery_makes_one_whole_file_in_new(maildir: Folder, make_message: MessageMaker, send: Sender) -> None:
    """A message sent by SMTP is a file in new, with the whole body."""
    message = make_message(body=b"first line\r\nlast line\r\n")
    send(message)
    path = maildir.wait(message)
    body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    if path.parent.name != "new" or body != b"first line\nlast line\n":
        raise Violation(["a file in new with the whole body"], f"a file in {path.parent.name} with {body!r}")


@requirement("maildir/delivery/name")
def test_names_differ_and_are_well_formed(maildir: Folder, make_message: MessageMaker, send: Sender) -> None:
    """Three deliveries make three names, none with a colon before the info or a dot in front."""
    messages = [make_message() for _ in range(3)]
    for message in messages:
        send(message)
    names = [maildir.wait(message).name for message in messages]
    unique = {name.partition(":2,")[0] for name in names}
    if len(unique) != len(messages) or any(name.startswith(".") or ":" in name for name in unique):
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
    """When the message is there, it is not in tmp as well."""
    first, second = make_message(), make_message()
    send(first)
    maildir.wait(first)
    # The second delivery shows that the first one has come to its end.
    send(second)
    maildir.wait(second)
    if left := maildir.find(first, ("tmp",)):
        raise Violation(["nothing of the message in tmp"], left.name)


@requirement("maildir/reader/finds-new")
def test_message_of_another_program_is_found(maildir: Folder, make_message: MessageMaker, look: Look) -> None:
    """A file that another program puts into new is a message in INBOX."""
    message = make_message()
    maildir.put(message)
    if look().uid(message) is None:
        raise Violation(["the message in INBOX"], "no such message")


@requirement("maildir/reader/notices-removal")
def test_removed_file_is_noticed(maildir: Folder, make_message: MessageMaker, look: Look, send: Sender) -> None:
    """When a message's file is gone, the next session does not show the message."""
    message = make_message()
    send(message)
    maildir.wait(message)
    if look().uid(message) is None:
        msg = "the message was delivered and is not in INBOX"
        raise Blocked(msg)
    maildir.wait(message).unlink()
    if look().uid(message) is not None:
        raise Violation(["no such message in INBOX"], "the message whose file is gone is still shown")


def letters_after(maildir: Folder, view: View, message: bytes, flags: bytes) -> str:
    """Set flags by IMAP and return the letters that the name of the file then has."""
    uid = view.uid(message)
    if uid is None:
        msg = "the message was delivered and is not in INBOX"
        raise Blocked(msg)
    view.imap.store(b"%d" % uid, b"+FLAGS.SILENT", (flags,), uid=True).require("OK")
    view.imap.command(b"CLOSE").require("OK")
    return maildir.wait(message).name.partition(":2,")[2].partition(",")[0]


@requirement("maildir/info/flags")
def test_flags_are_letters_in_the_name(maildir: Folder, make_message: MessageMaker, look: Look, send: Sender) -> None:
    r"""After STORE +FLAGS (\Seen \Flagged), the file is in cur and its info has S and F."""
    message = make_message()
    send(message)
    maildir.wait(message)
    letters = letters_after(maildir, look(), message, rb"\Seen \Flagged")
    if not {"F", "S"} <= set(letters) or maildir.wait(message).parent.name != "cur":
        raise Violation([":2, with F and S, in cur"], f":2,{letters} in {maildir.wait(message).parent.name}")


@requirement("maildir/info/order")
def test_flag_letters_are_in_order(maildir: Folder, make_message: MessageMaker, look: Look, send: Sender) -> None:
    """Four flags set in any order are four letters in ASCII order."""
    message = make_message()
    send(message)
    maildir.wait(message)
    letters = letters_after(maildir, look(), message, rb"\Seen \Draft \Answered \Flagged")
    capitals = re.sub("[a-z]", "", letters)
    if len(capitals) < 2:
        msg = f"the name has {capitals!r} as its flags, of which there is no order"
        raise Blocked(msg)
    if capitals != "".join(sorted(capitals)):
        raise Violation([":2,DFRS"], f":2,{letters}")


@requirement("maildir/reader/reads-flags")
def test_flags_of_another_program_are_read(maildir: Folder, make_message: MessageMaker, look: Look) -> None:
    """A file in cur with :2,FS is a message that is flagged and seen."""
    message = make_message()
    maildir.put(message, flags="FS")
    view = look()
    uid = view.uid(message)
    if uid is None:
        msg = "a message that another program put into cur is not in INBOX"
        raise Blocked(msg)
    if not {rb"\seen", rb"\flagged"} <= view.flags(uid):
        raise Violation([r"\Seen and \Flagged"], repr(view.flags(uid)))
