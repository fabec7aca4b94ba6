"""`refmail serve` as a person uses it: what the banner says works, and the hops show a failover."""

from __future__ import annotations

import contextlib
import imaplib
import json
import os
import poplib
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from refmail.cli import main
from refmail.lab.config import example_lab, load_lab

PATIENCE = 30.0


@dataclass
class Running:
    """A process of `refmail serve`."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]
    printed: Path
    journal: Path
    seen: list[str] = field(default_factory=list[str])

    def lines(self) -> list[str]:
        return self.printed.read_text().splitlines()

    def until(self, wanted: Callable[[str], bool]) -> str:
        """Wait for a printed line and return it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in self.lines():
                if wanted(line):
                    return line
            time.sleep(0.02)
        raise AssertionError("\n".join(self.lines()))

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def place(self, host: str, service: str) -> tuple[str, int]:
        place = self.ready["hosts"][host][service]
        return place["host"], place["port"]


@contextlib.contextmanager
def serving(folder: Path, *arguments: str) -> Generator[Running]:
    reader, writer = os.pipe()
    journal, printed = folder / "journal.jsonl", folder / "printed.txt"
    command = [sys.executable, "-W", "error", "-m", "refmail", "serve", "--journal", str(journal), *arguments]
    with printed.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--ready-fd", str(writer)],
            pass_fds=[writer],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    with process:
        try:
            os.close(writer)
            with os.fdopen(reader) as stream:
                line = stream.readline()
            assert line, printed.read_text()
            yield Running(process, json.loads(line), printed, journal)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()


def example_on_free_ports(folder: Path) -> Path:
    text = example_lab()
    for port in ("2525", "2587", "2143", "2110", "2053"):
        text = text.replace(f"= {port}", "= 0")
    path = folder / "lab.toml"
    path.write_text(text)
    return path


def send(lab: Running, recipient: str) -> None:
    with smtplib.SMTP(*lab.place("mta.sender.test", "submission")) as client:
        client.login("ada", "ada-secret")
        client.sendmail("ada@sender.test", [recipient], "From: ada@sender.test\r\nSubject: lab\r\n\r\nhello\r\n")


def test_example_lab_shows_failover(tmp_path: Path) -> None:
    with serving(tmp_path, "--config", str(example_on_free_ports(tmp_path))) as lab:
        send(lab, "ben@receiver.test")
        lab.until(lambda line: "delivered" in line and "mx1.receiver.test" in line)
        lab.say("stop mx1")
        lab.until(lambda line: line == "mx1.receiver.test is stopped")
        send(lab, "ben@receiver.test")
        lab.until(lambda line: "delivered" in line and "mx2.receiver.test" in line)
        hops = "\n".join(lab.lines())
        assert "10 mx1.receiver.test, 20 mx2.receiver.test, 30" in hops
        assert "Connection refused" in hops
        lab.say("start mx1")
        lab.until(lambda line: line == "mx1.receiver.test runs")
        lab.say("stop nobody")
        lab.until(lambda line: "there is no one host" in line)

        imap = imaplib.IMAP4(*lab.place("store.receiver.test", "imap"))
        imap.login("ben", "ben-secret")
        assert imap.select()[1] == [b"2"]
        imap.fetch("1", "(BODY[])")
        imap.logout()
        pop = poplib.POP3(*lab.place("store.receiver.test", "pop3"))
        pop.user("ben")
        pop.pass_("ben-secret")
        pop.retr(2)
        pop.quit()
        lab.until(lambda line: " imap " in line and "ben reads" in line)
        lab.until(lambda line: " pop3 " in line and "ben reads message 2" in line)
        assert all(len(line) <= 80 for line in lab.lines() if line[2:3] == ":")
        assert not any("\x1b" in line for line in lab.lines())
    topics = {json.loads(line)["topic"] for line in lab.journal.read_text().splitlines()}
    assert {"dns.question", "dns.answer", "router.routed", "relay.tried", "store.delivered", "reply"} <= topics


def test_five_days_pass_in_seconds(tmp_path: Path) -> None:
    path = example_on_free_ports(tmp_path)
    path.write_text(path.read_text().replace("[1800.0, 7200.0]", "[86400.0]"))
    with serving(tmp_path, "--config", str(path), "--clock", "200000x") as lab:
        for host in ("mx1", "mx2", "mx3"):
            lab.say(f"stop {host}")
        lab.until(lambda line: line == "mx3.receiver.test is stopped")
        send(lab, "ben@receiver.test")
        lab.until(lambda line: "is given up" in line or "sends a report to ada@sender.test" in line)
        lab.until(lambda line: "to ada's mailbox" in line)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the banner's lines are for curl")
def test_lines_of_the_banner_work(tmp_path: Path) -> None:
    with serving(tmp_path, "--free-ports") as lab:
        lab.until(lambda line: line == "Ctrl-C stops it.")
        pasted: list[str] = []
        for line in lab.lines():
            if line.startswith("$ "):
                pasted.append(line[2:])
            elif pasted and pasted[-1].endswith("\\"):
                pasted[-1] += "\n" + line
        sent, by_imap, by_pop3 = pasted
        assert all(len(line) <= 80 for line in "\n".join(pasted).splitlines())
        subprocess.run(["bash", "-c", sent], check=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        lab.until(lambda line: "delivered to bob" in line)
        for line in (by_imap, by_pop3):
            read = subprocess.run(["bash", "-c", line], check=True, timeout=PATIENCE, capture_output=True)
            assert read.stdout.endswith(b"\r\n\r\nhello bob\r\n")


def test_port_in_use_names_port_and_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.11", 0)) as taken:
        port = taken.getsockname()[1]
        path = example_on_free_ports(tmp_path)
        path.write_text(path.read_text().replace("submission = 0", f"submission = {port}"))
        result = CliRunner().invoke(main, ["serve", "--config", str(path)])
    assert result.exit_code == 1
    assert f"submission cannot listen on 127.0.0.11 port {port}" in result.output
    assert "another port in" in result.output


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('store = "sender"', 'store = "sendr"', ["there is no store 'sendr'", "sender, receiver"]),
        ('"127.0.0.11"', '"192.0.2.1"', ["loopback"]),
        ("smtp = 2525", "smpt = 2525", ["line", "smpt", '"smtp"']),
        ('"10 mta.sender.test"', '"mta.sender.test"', ["preference and host"]),
        ("port = 2053", "prot = 2053", ["line", "dns.prot", "mx"]),
        ('address = "127.0.0.22"', 'address = "127.0.0.21"', ["has SMTP on 127.0.0.21 already"]),
    ],
)
def test_errors_in_lab_toml(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    path = tmp_path / "lab.toml"
    assert old in example_lab()
    path.write_text(example_lab().replace(old, new))
    result = CliRunner().invoke(main, ["serve", "--config", str(path)])
    assert result.exit_code == 1
    assert str(path) in result.output
    for word in words:
        assert word in result.output


def test_example_is_printed_and_is_a_lab(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["serve", "--example-lab"])
    (tmp_path / "lab.toml").write_text(result.output)
    assert len(load_lab(tmp_path / "lab.toml").hosts) == 5


@pytest.mark.parametrize("factor", ["fast", "0x", "-1"])
def test_clock_wants_a_factor(factor: str) -> None:
    result = CliRunner().invoke(main, ["serve", f"--clock={factor}"])
    assert result.exit_code == 2
    assert "3600x" in result.output
