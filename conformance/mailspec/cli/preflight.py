"""What is looked at before the first check: can the target be reached, are the accounts accepted, are their INBOXes empty."""

from __future__ import annotations

import os

from mailspec.cli.exits import Exit
from mailspec.suite.fixtures.inbox import FORCE_NONEMPTY
from mailspec.target.accounts import pair_of
from mailspec.target.dialogue import Step, StepFailed
from mailspec.target.inbox import count_messages, log_in
from mailspec.target.profile import ServiceName
from mailspec.target.target import Target
from mailspec.verdict import NotRun

__all__ = ["Refused", "preflight"]

#: Services in which every account can log in, the one with the least side effects first.
_LOGIN: tuple[ServiceName, ...] = ("imap", "submission", "pop3")


class Refused(Exception):
    """The run does not begin.

    Args:
        message: why, and what to do.
        code: the exit code.
    """

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


def preflight(target: Target, workers: int) -> list[str]:
    """Make sure that a run on a probed target makes sense and does no harm.

    Returns:
        Warnings: services that will be blocked.

    Raises:
        Refused: nothing can be reached, the account is refused, or an INBOX holds mail.
    """
    offers = target.offers
    assert offers is not None, "the plugin probes before the run starts"
    problems = {name: found for name, found in offers.services.items() if found.problem}
    said = [f"{name}: {found.problem}\n  {found.remedy}" for name, found in problems.items()]
    if not offers.reachable:
        raise Refused("the target cannot be judged:\n  " + "\n  ".join(said), Exit.UNREACHABLE)
    if any(found.login_refused for found in problems.values()):
        # Hundreds of refused logins would lock the account, and judge nothing.
        raise Refused("the account is refused:\n  " + "\n  ".join(said), Exit.USAGE)
    _refuse_passwords(target, workers)
    _refuse_mail(target, workers)
    return said


def _refuse_passwords(target: Target, workers: int) -> None:
    """Log in once as every account that the run will use; probing did so as the first."""
    assert target.offers is not None
    services: list[ServiceName] = [
        name for name in _LOGIN if target.has(name) and not target.offers.services[name].problem
    ]
    if not services:
        return
    for login in [login for worker in range(workers) for login in pair_of(target.logins, worker).logins][1:]:
        try:
            log_in(target, services[0], login).stream.close()
        except StepFailed as failed:
            if failed.step is Step.LOGIN:
                message = f"an account is refused:\n  {services[0]}: {failed}\n  {failed.remedy}"
                raise Refused(message, Exit.USAGE) from failed


def _refuse_mail(target: Target, workers: int) -> None:
    if os.environ.get(FORCE_NONEMPTY):
        return
    for worker in range(workers):
        for login in pair_of(target.logins, worker).logins:
            try:
                count = count_messages(target, login)
            except (NotRun, StepFailed, OSError):
                # What cannot be seen is said by the checks that need it.
                continue
            if count:
                name = login.address.decode(errors="replace")
                message = f"the INBOX of {name} holds {count} messages, and checks need it empty"
                hint = "use accounts made for tests; or empty it; or --force-nonempty keeps these messages"
                msg = f"{message}\n  {hint}"
                raise Refused(msg, Exit.USAGE)
