"""The target: its profile, what it offers, the accounts and what may be done to them."""

from __future__ import annotations

from mailspec.target.profile import Profile, ProfileError, load_profile
from mailspec.target.target import Target, open_target

__all__ = ["Profile", "ProfileError", "Target", "load_profile", "open_target"]
