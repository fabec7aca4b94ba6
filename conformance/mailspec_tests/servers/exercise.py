"""Sends and reads mail beside a real server, with Python's own clients; run by the tests inside its namespaces.

    python exercise.py RESULT PROFILE

RESULT gets what happened, as JSON.
"""

from __future__ import annotations

import imaplib
import json
import poplib
import smtplib
import ssl
import sys
import time
from pathlib import Path

from mailspec.lab import Lab, LabPlan, LabServer
from mailspec.target.profile import Profile, ServiceName, load_profile, read_secret

DEADLINE = 20.0


class Exercise:
    """The first two accounts of a profile, and what is known of the server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.profile: Profile = load_profile(path)
        self.secrets = [
            read_secret(path, index, account).decode() for index, account in enumerate(self.profile.accounts)
        ]
        self.tls = ssl.create_default_context(cafile=str(path.parent / "ca.pem"))

    def receive(self) -> None:
        """A message from a stranger comes in on port 25, first in the clear, then under TLS."""
        for number in range(2):
            with smtplib.SMTP(self._host("smtp"), 25, local_hostname="client.test") as client:
                if number:
                    self._start_tls(client)
                client.sendmail(
                    "sender@client.test", [self.profile.accounts[0].address], b"Subject: in\r\n\r\nhello\r\n"
                )

    def relay_refused(self) -> int:
        """Return the code by which a stranger's mail for elsewhere is refused."""
        with smtplib.SMTP(self._host("smtp"), 25, local_hostname="client.test") as client:
            client.ehlo()
            client.mail("sender@client.test")
            return client.rcpt("someone@elsewhere.test")[0]

    def submit(self, recipient: str) -> None:
        """The first account submits a message on port 587."""
        with smtplib.SMTP(self._host("submission"), 587, local_hostname="client.test") as client:
            self._start_tls(client)
            client.login(self._login(0), self.secrets[0])
            client.sendmail(self.profile.accounts[0].address, [recipient], b"Subject: out\r\n\r\nhello\r\n")

    def stored(self, index: int, count: int) -> int:
        """Return how many messages are in the Maildir of an account, once there are `count` or the time is over."""
        assert self.profile.store is not None
        folder = Path(self.profile.store.path.format(login=self._login(index))) / "new"
        deadline = time.monotonic() + DEADLINE
        while len(list(folder.iterdir())) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(list(folder.iterdir()))

    def imap(self, index: int) -> int:
        """Return how many messages IMAP shows, logged in after STARTTLS."""
        client = imaplib.IMAP4(self._host("imap"), 143)
        client.host = "mx.local.test"
        client.starttls(self.tls)
        client.login(self._login(index), self.secrets[index])
        _, data = client.select()
        client.logout()
        return int(data[0] or b"-1")

    def pop3(self, index: int) -> int:
        """Return how many messages POP3 shows, logged in after STLS."""
        client = poplib.POP3(self._host("pop3"), 110)
        client.host = "mx.local.test"
        client.stls(self.tls)
        client.user(self._login(index))
        client.pass_(self.secrets[index])
        count, _ = client.stat()
        client.quit()
        return count

    def _host(self, service: ServiceName) -> str:
        return self.profile.services[service].host

    def _login(self, index: int) -> str:
        account = self.profile.accounts[index]
        return account.login or account.address

    def _start_tls(self, client: smtplib.SMTP) -> None:
        client._host = "mx.local.test"  # type: ignore[attr-defined]  # the name in the certificate
        client.starttls(context=self.tls)


def relay(lab: Lab, exercise: Exercise) -> tuple[str, ...]:
    """Return the addresses of the hosts that got a message: the better MX host refuses connections' greetings."""
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.set_mx(domain, [(10, second), (20, first)])
    exercise.submit(f"someone@{domain}")
    return tuple("better" if d.host == second.address else "worse" for d in lab.wait_deliveries(domain, 1, DEADLINE))


def main() -> None:
    """Run everything and write the result."""
    result, profile = Path(sys.argv[1]), Path(sys.argv[2])
    exercise = Exercise(profile)
    assert exercise.profile.dns is not None
    plan = LabPlan(dns_port=53, mx_addresses=exercise.profile.dns.mx_hosts[:4])
    with LabServer(plan) as server:
        exercise.receive()
        exercise.submit(exercise.profile.accounts[1].address)
        found = {
            "refused": exercise.relay_refused(),
            "stored": [exercise.stored(0, 2), exercise.stored(1, 1)],
            "imap": [exercise.imap(0), exercise.imap(1)],
            "pop3": [exercise.pop3(0), exercise.pop3(1)],
            "relayed": relay(server.lab(), exercise),
        }
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
