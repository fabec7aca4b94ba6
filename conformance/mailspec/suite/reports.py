"""Mail with wishes for reports, and the reports that come back: RFC 3461 and RFC 3464."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes

from mailspec.lab import ALL, Delivery, Lab, offering
from mailspec.suite.inbox import message_id
from mailspec.suite.outgoing import Outgoing
from mailspec.verdict import Inconclusive, Violation

__all__ = ["Fields", "Post", "Report"]

#: Fields of one group, names in lower case.
Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery status notification, taken apart."""

    delivery: Delivery
    #: Of the report as a message.
    content_type: str
    #: Fields about the message, and those about each recipient.
    message: Fields
    recipients: tuple[Fields, ...]
    #: Media type and octets of the part that gives the message back; empty where there is none.
    returned_type: str
    returned: bytes

    def about(self, address: str) -> Fields:
        """Return the fields about a recipient, by the address in RCPT; judges that they are there."""
        for group in self.recipients:
            if group.get("final-recipient", "").partition(";")[2].strip().lower() == address.lower():
                return group
        raise Violation([f"fields about {address}"], repr(self.recipients))


def bare(value: str) -> str:
    """Return a field's one word in lower case, without comments beside it (RFC 3464 section 2.1.1)."""
    return re.sub(r"\([^()]*\)", "", value).strip().lower()


def parsed(delivery: Delivery) -> Report:
    """Take a report apart.

    Raises:
        Violation: it is no multipart/report with a delivery status in it.
    """
    root = message_from_bytes(delivery.octets)
    boundary = str(root.get_boundary("")).encode()
    parts = delivery.octets.split(b"\r\n--" + boundary)[1:4] if boundary else []
    if root.get_content_type() != "multipart/report" or len(parts) < 2:
        raise Violation(["a multipart/report"], root.get_content_type())
    split = [part.removeprefix(b"\r\n").partition(b"\r\n\r\n") for part in parts]
    kinds = [message_from_bytes(header + b"\r\n\r\n").get_content_type() for header, _, _ in split]
    if not kinds[1].endswith("delivery-status"):
        raise Violation(["message/delivery-status"], kinds[1])
    groups = [fields for text in split[1][2].split(b"\r\n\r\n") if (fields := _fields(text))]
    returned = (kinds[2], split[2][2]) if len(parts) > 2 and not parts[2].startswith(b"--") else ("", b"")
    return Report(delivery, root.get_content_type(), groups[0] if groups else {}, tuple(groups[1:]), *returned)


def _fields(text: bytes) -> Fields:
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", text).decode("utf-8", "replace")
    pairs = (line.partition(":") for line in unfolded.split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


class Post:
    """Sends mail with parameters through the target and sees what comes back to its sender.

    Args:
        lab: whose hosts are the world.
        outgoing: by which the target gets mail.
    """

    def __init__(self, lab: Lab, outgoing: Outgoing) -> None:
        self.lab = lab
        self.outgoing = outgoing
        self.home = self.host(*ALL)
        #: Mixed case, as a report must not change it.
        self.sender = f"Sender@{self.home}"

    def host(self, *offers: str, refuses: int = 0) -> str:
        """Return a domain whose host offers these extensions and answers RCPT with a code, or takes it for 0."""
        domain = self.lab.domain()
        (host,) = self.lab.hosts(1)
        self.lab.behave(host, offering(*offers, refuses=refuses))
        self.lab.set_mx(domain, [(10, host)])
        return domain

    def send(
        self,
        *recipients: tuple[str, ...],
        mail: tuple[str, ...] = (),
        sender: str | None = None,
        message: bytes | None = None,
    ) -> bytes:
        """Submit a message and return it.

        Args:
            recipients: each the address and the parameters of RCPT.
            mail: parameters of MAIL.
            sender: the reverse-path, this post's own where None.
            message: made here where None.

        Raises:
            Blocked: the target does not take it.
        """
        client = self.outgoing.client
        message = self.outgoing.make_message() if message is None else message
        reverse_path = self.sender if sender is None else sender
        client.mail(reverse_path.encode(), *(each.encode() for each in mail)).require(250)
        for address, *parameters in recipients:
            client.rcpt(address.encode(), *(each.encode() for each in parameters)).require(250, 251)
        client.data(message).require(250)
        return message

    def report(self) -> Report:
        """Return the first report that arrives for the sender.

        Raises:
            Inconclusive: there is none in time.
        """
        return parsed(self.outgoing.arrived(self.home))

    def expect_report(self, address: str, action: str) -> Report:
        """Judge that a report comes and says of a recipient what was done."""
        found = self.lab.wait_deliveries(self.home, 1, self.outgoing.deadline)
        if not found:
            raise Violation([f"a report: {action}"], f"none in {self.outgoing.deadline:g} seconds")
        report = parsed(found[0])
        if (said := bare(report.about(address).get("action", "none"))) != action:
            raise Violation([f"Action: {action}"], f"Action: {said}")
        return report

    def failure(self, *parameters: str, mail: tuple[str, ...] = (), message: bytes | None = None) -> Report:
        """Send a message whose one recipient is refused with 550, and return the report."""
        self.send((f"X@{self.host(refuses=550)}", *parameters), mail=mail, message=message)
        return self.report()

    def expect_silence(self, message: bytes) -> None:
        """Judge that nothing was reported about a message whose fate is known, before a later report comes."""
        later = self.host(refuses=550)
        self.send((f"x@{later}",))
        mark = f"x@{later}".encode()
        found = self._reports(1)
        while not any(mark in each.octets for each in found):
            count = len(found) + 1
            found = self._reports(count)
            if len(found) < count:
                msg = f"a later failure was not reported in {self.outgoing.deadline:g} seconds"
                raise Inconclusive(msg)
        others = [each for each in found if mark not in each.octets and message_id(message) in each.octets]
        if others:
            raise Violation(["no report"], repr(parsed(others[0]).recipients))

    def _reports(self, count: int) -> tuple[Delivery, ...]:
        return self.lab.wait_deliveries(self.home, count, self.outgoing.deadline)
