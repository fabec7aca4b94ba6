"""The cache of built systems: complete or not there, safe among processes; and what a machine must have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mailspec.lab.servers.cache import Cache, Stamp, recipe_hash
from mailspec.lab.servers.host import cache_folder, missing
from mailspec.lab.servers.locks import claimed, held
from mailspec.lab.servers.longrun import progress, run_logged
from mailspec.lab.servers.namespace import command_line
from mailspec.lab.servers.trouble import ServerTrouble


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def _build(cache: Cache, name: str, text: str = "x") -> None:
    with cache.building(), cache.construction(name) as site:
        (site / "root").mkdir()
        (site / "root/file").write_text(text)
        cache.finish(name, site, Stamp(versions={"a": "1"}))


def test_finished_building_is_there_with_its_stamp(cache: Cache) -> None:
    assert cache.stamp("layer-x-1") is None
    _build(cache, "layer-x-1")
    assert cache.stamp("layer-x-1") == Stamp(versions={"a": "1"})
    assert (cache.root("layer-x-1") / "file").read_text() == "x"


def test_half_built_is_never_used_and_makes_way(cache: Cache) -> None:
    def interrupted() -> None:
        with cache.construction("layer-x-1") as site:
            (site / "root").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert cache.stamp("layer-x-1") is None
    assert not list(cache.folder.glob("layer-*"))
    # A builder that was killed left both its site and a folder without a stamp.
    (cache.folder / "layer-x-1.building/root").mkdir(parents=True)
    (cache.folder / "layer-x-1/root/old").mkdir(parents=True)
    assert cache.stamp("layer-x-1") is None
    _build(cache, "layer-x-1")
    assert [path.name for path in cache.root("layer-x-1").iterdir()] == ["file"]


def test_damaged_stamp_counts_as_none(cache: Cache) -> None:
    _build(cache, "layer-x-1")
    (cache.folder / "layer-x-1/complete.json").write_text("{")
    assert cache.stamp("layer-x-1") is None


def test_older_ones_go_unless_they_are_in_use(cache: Cache) -> None:
    for name in ("layer-x-1", "layer-x-2", "layer-x-3", "layer-x-y-1"):
        _build(cache, name)
    with cache.used("layer-x-2"):
        cache.forget_older("layer-x-3")
    left = sorted(path.name for path in cache.folder.glob("layer-*"))
    assert left == ["layer-x-2", "layer-x-3", "layer-x-y-1"]


def test_scratch_folder_goes_at_the_end_and_those_of_the_dead_go_first(cache: Cache) -> None:
    dead = cache.folder / "running/mailspec-dead"
    dead.mkdir()
    with cache.scratch() as first, cache.scratch() as second:
        assert not dead.exists()
        assert first.is_dir()
        assert second.is_dir()
        assert first.stat().st_mode & 0o777 == 0o700
    assert not list((cache.folder / "running").iterdir())


def test_unusable_cache_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerTrouble, match="XDG_CACHE_HOME"):
        Cache(tmp_path / "file/cache")


def test_hash_depends_on_every_part() -> None:
    assert recipe_hash("a", ("b",)) == recipe_hash("a", ("b",))
    assert len({recipe_hash("a", ("b",)), recipe_hash("a", ("c",)), recipe_hash("a"), recipe_hash()}) == 4


def test_claim_fails_while_another_holds_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with held(lock, shared=True), held(lock, shared=True), claimed(lock) as free:
        assert not free
    with claimed(lock) as free:
        assert free


def test_cache_is_where_the_user_says() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/mailspec")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path("/var/cache/mailspec")
    assert cache_folder({}) == Path("/var/cache/mailspec")


def _missing(
    *, platform: str = "linux", user: int = 0, lacking: Sequence[str] = (), trial: str | None = None
) -> str | None:
    return missing(
        platform=platform,
        user=user,
        find=lambda name: None if name in lacking else f"/bin/{name}",
        trial=lambda _: trial,
    )


def test_machine_that_has_everything_is_told_nothing() -> None:
    assert _missing() is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (_missing(platform="darwin"), "Linux"),
        (_missing(user=1000), "sudo"),
        (_missing(lacking=["unshare", "ip"]), "apt-get install iproute2 util-linux"),
        (_missing(lacking=["apt-get"]), "Debian"),
        (_missing(trial="Operation not permitted"), "Operation not permitted"),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(said: str | None, reason: str) -> None:
    assert said is not None
    assert reason in said


def test_programs_for_building_are_not_asked_for_once_all_is_built() -> None:
    def find(name: str) -> str | None:
        return None if name == "apt-get" else name

    assert missing(build=False, platform="linux", user=0, find=find, trial=lambda _: None) is None


def test_namespaces_die_with_their_parent() -> None:
    line = command_line("some.module", Path("/order"), 7, network=True)
    assert line[:3] == ["setpriv", "--pdeathsig", "KILL"]
    assert {"--kill-child", "--net", "--mount", "--pid"} <= set(line)
    assert line[-5:] == [sys.executable, "-m", "some.module", "/order", "7"]
    assert "--net" not in command_line("some.module", Path("/order"), 7, network=False)


def test_failed_command_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(ServerTrouble, match=r"(?s)it broke \(exit code 3\).*\| oh no.*remedy: mend"):
        run_logged(
            ["sh", "-c", "echo oh no; exit 3"],
            tmp_path / "log",
            {"PATH": "/usr/bin:/bin"},
            problem="it broke",
            remedy="mend",
        )
    with pytest.raises(ServerTrouble, match="No such file"):
        run_logged(["/nowhere/program"], tmp_path / "log", {}, problem="it broke", remedy="mend")


def test_progress_tells_beginning_and_end(tmp_path: Path) -> None:
    shown: list[str] = []
    with progress("working", tmp_path / "log", shown.append):
        pass
    assert shown == ["working ...", "working: done in 0 s"]


def test_status_runs_anywhere() -> None:
    done = subprocess.run([sys.executable, "-m", "mailspec.lab.servers"], capture_output=True, check=False, text=True)
    assert done.returncode in {0, 1}, done.stderr
    assert "postfix+dovecot" in done.stdout
