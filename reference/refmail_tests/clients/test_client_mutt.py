"""mutt: sends in batch, and reads over IMAP and POP3 with keys pushed into it on a terminal."""

from __future__ import annotations

import pytest

from refmail_tests.clients.desk import Desk, Done
from refmail_tests.clients.letters import as_text, letter
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {"clear": ("", "no"), "starttls": ("", "yes"), "implicit": ("s", "yes")}


def configure(room: Room, desk: Desk, tls: str, *lines: str) -> None:
    """Write a configuration that asks nothing."""
    suffix, starttls = TLS[tls]
    common = (
        "set ssl_ca_certificates_file=ca.pem ssl_verify_host=yes ssl_verify_dates=yes",
        f"set ssl_starttls={starttls} ssl_force_tls={'no' if tls == 'clear' else 'yes'}",
        f"set imap_user=bob imap_pass={PASSWORDS['bob']} pop_user=bob pop_pass={PASSWORDS['bob']}",
        f"set smtp_url=smtp{suffix}://alice@{room.host}:{room.port('submission', tls)}/ smtp_pass={PASSWORDS['alice']}",
        "set from=alice@example.test realname=Alice use_domain=no hostname=client.test copy=no use_8bitmime=yes",
        "set charset=utf-8 send_charset=utf-8 confirmappend=no confirmcreate=no delete=yes move=no mark_old=no",
        "set wait_key=no quit=yes mail_check=0 timeout=1 sort=mailbox-order beep=no",
        f"set folder=imap{suffix}://bob@{room.host}:{room.port('imap', tls)}/",
        f"set spoolfile=imap{suffix}://bob@{room.host}:{room.port('imap', tls)}/INBOX",
        "set mbox_type=mbox record='' postponed=''",
    )
    desk.write("muttrc", "\n".join((*common, *lines)) + "\n")


def read(desk: Desk, keys: str, mailbox: str = "") -> Done:
    """Open a mailbox and press keys."""
    place = ("-f", mailbox) if mailbox else ()
    return desk.run_on_terminal("mutt", "-n", "-F", "muttrc", *place, "-e", f'push "{keys}"').ok()


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"])
def test_mutt_sends(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    configure(room, desk, tls, f"set smtp_authenticators={mechanism}")
    body = "Grüße\n.\n..\nFrom here on\n\n.end\n"
    desk.run("mutt", "-n", "-F", "muttrc", "-s", f"mutt {tls}", "bob@example.test", text=body.encode()).ok()
    (octets,) = room.letters()
    head, _, sent = octets.partition(b"\r\n\r\n")
    assert as_text(sent) == body.encode()
    assert f"Subject: mutt {tls}".encode() in head
    assert room.logins() == ["alice"]


def test_mutt_sends_an_attachment_and_keeps_a_copy_by_imap(room: Room, desk: Desk) -> None:
    configure(room, desk, "starttls", "set copy=yes record==Sent imap_authenticators=plain")
    attached = bytes(range(256)) * 40
    desk.write("octets.bin", attached)
    desk.run(
        *("mutt", "-n", "-F", "muttrc", "-s", "attached", "-a", "octets.bin", "--", "bob@example.test"), text=b"see\n"
    ).ok()
    assert len(room.letters()) == len(room.letters("bob", "Sent")) == 1
    assert b"octets.bin" in room.letters()[0]
    assert rb"\Seen" in room.kept(name="Sent")[0].flags


@pytest.mark.parametrize("tls", TLS)
# Not cram-md5: mutt 2.2.12 with GNU SASL sends "AUTHENTICATE CRAM-MD5 " with a space and nothing after it, where
# RFC 4959 section 3 has either no space or a response ("=" if it is empty).
@pytest.mark.parametrize("mechanism", ["login", "plain", "scram-sha-256"])
def test_mutt_reads_flags_and_deletes_by_imap(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    room.put(letter("one"), letter("two"), letter("three"), letter("four"))
    configure(room, desk, tls, f"set imap_authenticators={mechanism}")
    keys = (
        "<first-entry><flag-message><first-entry><display-message><exit>"
        "<delete-pattern>~s two<enter>"
        "<tag-pattern>~s three<enter><tag-prefix><copy-message><kill-line>saved<enter><untag-pattern>~A<enter>"
        "<sync-mailbox><quit>"
    )
    read(desk, keys)
    assert room.letters() == [letter("one"), letter("three"), letter("four")]
    flags = [kept.flags for kept in room.kept()]
    assert flags[0] >= {rb"\Flagged", rb"\Seen"}
    assert rb"\Seen" not in flags[2]
    assert b"Subject: three" in (desk.folder / "saved").read_bytes()


@pytest.mark.parametrize("quick", ["imap_condstore=yes", "imap_qresync=yes", "imap_condstore=no"])
def test_mutt_with_a_header_cache_sees_what_others_changed(room: Room, desk: Desk, quick: str) -> None:
    uids = room.put(letter("one"), letter("two"), letter("three"))
    (desk.folder / "cache").mkdir(mode=0o777)
    (desk.folder / "cache").chmod(0o777)
    configure(room, desk, "starttls", f"set header_cache=cache message_cachedir=cache {quick}")
    read(desk, "<first-entry><display-message><exit><quit>")
    room.mailbox().expunge([uids[1]])
    room.mailbox().change_flags([uids[2]], "add", [rb"\Flagged"])
    room.put(letter("four"))
    # What is flagged goes: mutt must have learned of the flag, and not take one message for another.
    read(desk, "<delete-pattern>~F<enter><sync-mailbox><last-entry><flag-message><quit>")
    assert room.letters() == [letter("one"), letter("four")]
    assert [rb"\Flagged" in kept.flags for kept in room.kept()] == [False, True]


def test_mutt_moves_between_mailboxes_and_manages_them(room: Room, desk: Desk) -> None:
    room.put(letter("one"), letter("two"))
    configure(room, desk, "implicit")
    keys = (
        "<change-folder>?<create-mailbox>Work<enter><exit>"
        "<first-entry><save-message><kill-line>=Work<enter><sync-mailbox><quit>"
    )
    read(desk, keys)
    assert room.letters() == [letter("two")]
    assert room.letters(name="Work") == [letter("one")]


def test_mutt_reads_by_pop3(room: Room, desk: Desk) -> None:
    room.put(letter("one"), letter("two"))
    configure(room, desk, "implicit", "set pop_delete=no")
    read(
        desk,
        "<delete-pattern>~s one<enter><sync-mailbox><quit>",
        f"pops://bob@{room.host}:{room.port('pop3', 'implicit')}/",
    )
    assert room.letters() == [letter("two")]
