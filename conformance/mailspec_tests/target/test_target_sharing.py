"""What workers share: accounts in pairs, failed logins, the pace of connections; and tiers."""

from __future__ import annotations

import pytest

from mailspec.requirement import Tier
from mailspec.target import tiers
from mailspec.target.accounts import pair_of, workers_for
from mailspec.target.budget import ConnectionPace, FailedLogins, share
from mailspec.target.profile import Limits
from mailspec.verdict import NotRun
from mailspec.wire.endpoint import Login

LOGINS = [Login(b"%d@x.test" % number, b"%d" % number, b"secret") for number in range(5)]


@pytest.mark.parametrize(("worker", "pair"), [(0, LOGINS[0:2]), (1, LOGINS[2:4]), (2, LOGINS[4:5]), (3, [])])
def test_each_worker_owns_its_accounts(worker: int, pair: list[Login]) -> None:
    assert list(pair_of(LOGINS, worker).logins) == pair


@pytest.mark.parametrize(
    ("wanted", "accounts", "running"), [(1, 0, 1), (1, 1, 1), (2, 1, 1), (2, 4, 2), (3, 4, 2), (4, 9, 4)]
)
def test_workers_are_reduced_to_the_pairs(wanted: int, accounts: int, running: int) -> None:
    number, message = workers_for(wanted, accounts)

    assert number == running
    assert bool(message) == (running < wanted)


def test_shares_add_up() -> None:
    assert [share(7, worker, 3) for worker in range(3)] == [3, 2, 2]


def test_failed_logins_run_out_with_a_reason() -> None:
    budget = FailedLogins(Limits(failed_logins=3), worker=0, workers=2)

    budget.spend(2)

    with pytest.raises(NotRun, match=r"limits\.failed_logins"):
        budget.spend()


def test_no_login_is_tried_after_too_many_refusals() -> None:
    budget = FailedLogins(Limits(failed_logins=1))

    budget.refused()
    budget.require_more()
    budget.refused()

    with pytest.raises(NotRun, match=r"more logins were refused than the 1 that limits\.failed_logins allows"):
        budget.require_more()


def test_connections_keep_their_distance() -> None:
    now, waited = [100.0], list[float]()

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    pace = ConnectionPace(Limits(connections_per_second=4.0), workers=2, clock=lambda: now[0], wait=wait)
    for _ in range(3):
        pace.before_connecting()
    now[0] += 5.0
    pace.before_connecting()

    assert waited == [0.5, 0.5]


def test_without_a_limit_nobody_waits() -> None:
    pace = ConnectionPace(Limits(), wait=lambda _: pytest.fail("waited"))
    pace.before_connecting()
    pace.before_connecting()


@pytest.mark.parametrize(
    ("limit", "tier", "allowed"),
    [
        ("normal", "read-only", True),
        ("normal", "normal", True),
        ("normal", "destructive", False),
        ("destructive", "intrusive", False),
        ("intrusive", "destructive", True),
    ],
)
def test_a_tier_includes_the_ones_before(limit: Tier, tier: Tier, *, allowed: bool) -> None:
    assert tiers.allows(limit, tier) == allowed


def test_the_reason_says_what_to_add() -> None:
    assert "--tier intrusive" in tiers.why_not("normal", "intrusive")
