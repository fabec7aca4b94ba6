"""Probing: what each service offers in the clear, inside TLS and after login."""

from __future__ import annotations

from mailspec.target.dialogue import Step, StepFailed, open_dialogue
from mailspec.target.offers import Offers, ServiceOffers, Stage, spread
from mailspec.target.profile import ServiceName
from mailspec.target.target import Target
from mailspec.wire.recorder import Recorder

__all__ = ["PROBE_SECONDS", "probe", "probe_service"]

#: Seconds for each reply while probing a target with timeout_factor 1.
PROBE_SECONDS = 5.0


def probe(target: Target) -> Offers:
    """Ask every service of the profile what it offers; whatever goes wrong is part of the answer."""
    return Offers(services={name: probe_service(target, name) for name in target.profile.services})


def probe_service(target: Target, service: ServiceName) -> ServiceOffers:
    """Ask one service what it offers at each stage that can be reached."""
    recorder = Recorder(deadline=PROBE_SECONDS * target.timeout_factor)
    greeting = problem = remedy = ""
    refused = False
    stages: dict[Stage, tuple[str, ...]] = {}
    endpoint = target.endpoint(service)
    try:
        target.pace.before_connecting()
        with open_dialogue(service, endpoint, recorder) as dialogue:
            greeting = dialogue.greet()
            first: Stage = "tls" if endpoint.tls == "implicit" else "plain"
            stages[first] = _names(dialogue.ask_capabilities())
            if endpoint.tls == "starttls":
                dialogue.start_tls()
                stages["tls"] = _names(dialogue.ask_capabilities())
            offers_tls = dialogue.offered(dialogue.tls_capability)
            login = target.accounts.primary
            if login is not None and dialogue.can_login and not target.failed_logins.exhausted:
                dialogue.login(login)
                stages["login"] = _names(dialogue.ask_capabilities())
        if endpoint.tls == "none" and offers_tls:
            stages["tls"] = _inner_stage(target, service, recorder)
    except StepFailed as failed:
        problem, remedy, refused = str(failed), failed.remedy, failed.step is Step.LOGIN
        if refused:
            target.failed_logins.refused()
    finally:
        recorder.close()
    return ServiceOffers(greeting=greeting, stages=stages, problem=problem, remedy=remedy, login_refused=refused)


def _inner_stage(target: Target, service: ServiceName, recorder: Recorder) -> tuple[str, ...]:
    """Return what a service used in the clear offers inside TLS, which checks of STARTTLS need to know."""
    target.pace.before_connecting()
    try:
        with open_dialogue(service, target.endpoint(service), recorder) as dialogue:
            dialogue.greet()
            dialogue.ask_capabilities()
            dialogue.start_tls()
            return _names(dialogue.ask_capabilities())
    except StepFailed:
        return ()


def _names(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for line in lines for name in spread(line)))
