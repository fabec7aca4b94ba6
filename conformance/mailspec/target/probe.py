"""Probing: what each service offers in the clear, inside TLS and after login."""

from __future__ import annotations

from mailspec.target.dialogue import Dialogue, StepFailed, open_dialogue
from mailspec.target.offers import Offers, ServiceOffers, Stage, spread
from mailspec.target.profile import ServiceName
from mailspec.target.target import Target
from mailspec.wire.endpoint import Login
from mailspec.wire.recorder import Recorder

__all__ = ["PROBE_SECONDS", "probe", "probe_service"]

#: Seconds for each reply while probing a target with timeout_factor 1.
PROBE_SECONDS = 5.0


def probe(target: Target) -> Offers:
    """Ask every service of the profile what it offers; whatever goes wrong is part of the answer."""
    return Offers(services={name: probe_service(target, name) for name in target.profile.services})


def probe_service(target: Target, service: ServiceName) -> ServiceOffers:
    """Ask one service what it offers at each stage that can be reached."""
    recorder = Recorder(deadline=PROBE_SECONDS * target.profile.timeout_factor)
    greeting = problem = ""
    stages: dict[Stage, tuple[str, ...]] = {}
    endpoint = target.endpoint(service)
    try:
        target.pace.before_connecting()
        with open_dialogue(service, endpoint, recorder) as dialogue:
            greeting = dialogue.greet()
            first: Stage = "tls" if endpoint.tls == "implicit" else "plain"
            stages[first] = _names(dialogue.ask_capabilities())
            if first == "plain" and (endpoint.tls == "starttls" or dialogue.offered(dialogue.tls_capability)):
                optional = endpoint.tls == "none"
                if not _start_tls(dialogue, optional=optional):
                    return ServiceOffers(greeting=greeting, stages=stages)
                stages["tls"] = _names(dialogue.ask_capabilities())
            if (login := _login_for(target, service, dialogue)) is not None:
                dialogue.login(login)
                stages["login"] = _names(dialogue.ask_capabilities())
    except StepFailed as failed:
        problem = f"{failed}\n{failed.remedy}"
    finally:
        recorder.close()
    return ServiceOffers(greeting=greeting, stages=stages, problem=problem)


def _start_tls(dialogue: Dialogue, *, optional: bool) -> bool:
    """Start TLS; where the profile does not ask for it, its failure only means that this stage is missing."""
    try:
        dialogue.start_tls()
    except StepFailed:
        if not optional:
            raise
        return False
    return True


def _login_for(target: Target, service: ServiceName, dialogue: Dialogue) -> Login | None:
    login = target.accounts.primary
    if service in ("smtp", "submission") and not dialogue.offered("AUTH"):
        return None
    return login


def _names(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for line in lines for name in spread(line)))
