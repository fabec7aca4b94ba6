"""Which dialogue speaks to a service, and how it connects."""

from __future__ import annotations

from mailspec.target.dialogue.base import Dialogue, Step, StepFailed
from mailspec.target.dialogue.imap import ImapDialogue
from mailspec.target.dialogue.pop3 import Pop3Dialogue
from mailspec.target.dialogue.remedies import tls_remedy
from mailspec.target.dialogue.smtp import LmtpDialogue, SmtpDialogue
from mailspec.target.profile import ServiceName
from mailspec.verdict import Blocked
from mailspec.wire.endpoint import Endpoint
from mailspec.wire.recorder import Recorder
from mailspec.wire.stream import Stream

__all__ = ["KINDS", "open_dialogue"]

#: How each service is spoken to.
KINDS: dict[ServiceName, type[Dialogue]] = {
    "smtp": SmtpDialogue,
    "submission": SmtpDialogue,
    "submissions": SmtpDialogue,
    "lmtp": LmtpDialogue,
    "pop3": Pop3Dialogue,
    "pop3s": Pop3Dialogue,
    "imap": ImapDialogue,
    "imaps": ImapDialogue,
}


def open_dialogue(service: ServiceName, endpoint: Endpoint, recorder: Recorder) -> Dialogue:
    """Connect, with TLS first where the endpoint says so.

    Raises:
        StepFailed: the target cannot be reached.
    """
    try:
        return KINDS[service](Stream.connect(endpoint, recorder))
    except Blocked as error:
        if endpoint.tls == "implicit" and not error.reason.startswith("cannot connect"):
            raise StepFailed(Step.TLS, error.reason, tls_remedy(error.reason)) from error
        remedy = f"is the server running, and are host and port of [{service}] right?"
        raise StepFailed(Step.CONNECT, error.reason.partition(";")[0], remedy) from error
