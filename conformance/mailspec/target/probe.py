"""Probing: what each service offers in the clear, inside TLS and after login."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from mailspec.result import ServiceFacts, TargetFacts
from mailspec.target.dialogue import Dialogue, Step, StepFailed, open_dialogue
from mailspec.target.profile import ServiceName
from mailspec.wire.endpoint import Endpoint, Login
from mailspec.wire.recorder import Recorder

__all__ = ["PROBE_SECONDS", "Probed", "fingerprint", "probe_service"]

#: Seconds for each reply while probing a target with timeout_factor 1.
PROBE_SECONDS = 5.0


@dataclass(slots=True)
class Probed:
    """What probing one service, or all of them, brought."""

    facts: TargetFacts
    #: By service, the step at which probing could not go on.
    problems: dict[str, StepFailed] = field(default_factory=dict[str, StepFailed])

    @property
    def unreachable(self) -> bool:
        """Whether no service greeted us."""
        return not any(service.banner for service in self.facts.services)

    @property
    def refused_logins(self) -> dict[str, StepFailed]:
        """The services that did not accept the account; running on would have it locked."""
        return {name: problem for name, problem in self.problems.items() if problem.step is Step.LOGIN}


def probe_service(
    service: ServiceName, endpoint: Endpoint, login: Login | None, seconds: float
) -> tuple[ServiceFacts, StepFailed | None]:
    """Ask one service what it offers at each stage that can be reached, and say where that ended.

    Args:
        service: which protocol it speaks.
        endpoint: where it is.
        login: account to log in with, or None to stay outside.
        seconds: time for each reply.
    """
    stages: dict[str, tuple[str, ...]] = {}
    banner, problem = "", None
    recorder = Recorder(deadline=seconds)
    try:
        with open_dialogue(service, endpoint, recorder) as dialogue:
            banner = fingerprint(dialogue.greet())
            stages["tls" if endpoint.tls == "implicit" else "plain"] = dialogue.ask_capabilities()
            if _start_tls(dialogue, endpoint):
                stages["tls"] = dialogue.ask_capabilities()
            if login is not None and dialogue.can_login:
                dialogue.login(login)
                stages["login"] = dialogue.ask_capabilities()
    except StepFailed as failed:
        problem = failed
    finally:
        recorder.close()
    facts = ServiceFacts(
        name=service,
        host=endpoint.host,
        port=endpoint.port,
        tls=endpoint.tls,
        banner=banner,
        before_tls=stages.get("plain", ()),
        after_tls=stages.get("tls", ()),
        after_login=stages.get("login", ()),
    )
    return facts, problem


def fingerprint(greeting: str) -> str:
    """Return the SHA-256 of a greeting without its numbers and stamps, which change from connection to connection."""
    lasting = re.sub(
        r"<[^<>]*>|[0-9]+|(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b", "", greeting
    )
    return hashlib.sha256(lasting.encode()).hexdigest()


def _start_tls(dialogue: Dialogue, endpoint: Endpoint) -> bool:
    """Start TLS where the profile asks for it."""
    if endpoint.tls != "starttls":
        return False
    dialogue.start_tls()
    return True


def probe_inner_stage(service: ServiceName, endpoint: Endpoint, seconds: float) -> tuple[str, ...]:
    """Return what a service in the clear offers after STARTTLS, nothing where that cannot be had."""
    recorder = Recorder(deadline=seconds)
    try:
        with open_dialogue(service, endpoint, recorder) as dialogue:
            dialogue.greet()
            dialogue.ask_capabilities()
            if not dialogue.offered(dialogue.tls_capability):
                return ()
            dialogue.start_tls()
            return dialogue.ask_capabilities()
    except StepFailed:
        return ()
    finally:
        recorder.close()
