"""The few steps of each protocol that probing, `doctor`, `init` and looking into an INBOX need."""

from mailspec.target.dialogue.base import Dialogue, Step, StepFailed
from mailspec.target.dialogue.opening import KINDS, open_dialogue

__all__ = ["KINDS", "Dialogue", "Step", "StepFailed", "open_dialogue"]
