"""Journal, result.json, transcripts and schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailspec.result import (
    Footer,
    Journal,
    ResultError,
    RunResult,
    load,
    masked,
    new_folder,
    read_lines,
    shown,
    transcript_name,
    write_lines,
)
from mailspec.transcript import Direction, Transcript
from mailspec_reports.schema import committed_schema, generate_schema


def written(folder: Path, result: RunResult) -> None:
    with Journal(folder, result.header) as journal:
        for check in result.checks:
            journal.add(check)
        journal.close(result.footer)


def test_a_run_is_read_as_it_was_written(tmp_path: Path, result: RunResult) -> None:
    written(tmp_path / "out", result)

    assert load(tmp_path / "out") == result
    assert load(tmp_path / "out" / "result.json") == result
    assert load(tmp_path / "out" / "result.jsonl") == result


def test_result_json_is_there_from_the_start(tmp_path: Path, result: RunResult) -> None:
    journal = Journal(tmp_path, result.header)
    journal.add(result.checks[0])

    whole = json.loads((tmp_path / "result.json").read_text())
    found = load(tmp_path)
    journal.close(Footer())

    assert whole["footer"]["complete"] is False
    assert whole["schema_version"] == 1
    assert found.checks == result.checks[:1]
    assert found.footer.counts["violated"] == 1


def test_an_abort_closes_the_run_as_incomplete(tmp_path: Path, result: RunResult) -> None:
    def aborted() -> None:
        with Journal(tmp_path, result.header) as journal:
            journal.add(result.checks[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aborted()

    assert not load(tmp_path / "result.json").footer.complete
    assert load(tmp_path / "result.json").checks == result.checks[:1]
    assert not list(tmp_path.glob(".result*"))


def test_a_cut_last_line_is_dropped(tmp_path: Path, result: RunResult) -> None:
    written(tmp_path, result)
    journal = tmp_path / "result.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    (tmp_path / "result.json").write_text("{")

    found = load(tmp_path)

    assert found.checks == result.checks[:2]
    assert not found.footer.complete


def damage_middle(folder: Path) -> None:
    journal = folder / "result.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"{nonsense\n", *lines[1:]]))


def set_version(folder: Path) -> None:
    path = folder / "result.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))


def replace_by(name: str, octets: bytes) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        (folder / name).write_bytes(octets)

    return harm


def leave(_folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("harm", "file", "words"),
    [
        (leave, "elsewhere", "no such file"),
        (leave, "", "holds no results"),
        (damage_middle, "result.jsonl", "result.jsonl:2 is damaged"),
        (replace_by("result.json", b'{"schema_version": 1}'), "result.json", "damaged"),
        (replace_by("result.json", b"[]"), "result.json", "damaged"),
        (set_version, "result.json", "schema version 99"),
        (replace_by("result.jsonl", b""), "result.jsonl", "is empty"),
        (replace_by("result.jsonl", b"\xff\xfe"), "result.jsonl", "damaged"),
    ],
)
def test_what_cannot_be_read_is_explained(
    tmp_path: Path, result: RunResult, harm: Callable[[Path], None], file: str, words: str
) -> None:
    written(tmp_path / "out", result)
    harm(tmp_path / "out")

    with pytest.raises(ResultError, match=words):
        load(tmp_path / "out" / file if file else tmp_path)


def test_a_folder_is_used_once(tmp_path: Path, result: RunResult) -> None:
    written(tmp_path, result)

    with pytest.raises(ResultError, match="already holds results"):
        Journal(tmp_path, result.header)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path, result: RunResult) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ResultError, match="cannot be written"):
        Journal(tmp_path / "file" / "out", result.header)


def test_new_folders_do_not_exist_yet(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first = new_folder(tmp_path, now)
    first.mkdir()

    assert [first.name, new_folder(tmp_path, now).name] == ["20260102-030405", "20260102-030405-2"]


def test_the_committed_schema_is_the_model_s() -> None:
    assert committed_schema() == generate_schema(), "write it anew: see CONTRIBUTING.md, result.schema.json"


def test_results_are_valid_by_the_schema(result: RunResult) -> None:
    jsonschema.validate(json.loads(msgspec.json.encode(result)), json.loads(committed_schema()))


def test_only_the_named_fields_are_masked(result: RunResult) -> None:
    check = msgspec.structs.replace(result.checks[0], observed={"smtp": "smtp"}, reason="smtp")

    hidden = masked(check, lambda text: text.replace("smtp", "*"), "observed", "reason", "expected")

    assert (hidden.id, hidden.reason, hidden.observed) == (check.id, "*", {"smtp": "*"})


@pytest.mark.parametrize(
    ("check_id", "name"),
    [("smtp/data/dots", "smtp.data.dots.jsonl"), ("imap/fetch/uid_set", "imap.fetch.uid_set.jsonl")],
)
def test_plain_ids_give_plain_names(check_id: str, name: str) -> None:
    assert transcript_name(check_id) == name


IDS = st.text(alphabet="abAB/._[]-: é\\", min_size=1, max_size=300)


@given(IDS, IDS)
def test_names_never_collide_and_stay_in_the_folder(one: str, other: str) -> None:
    first, second = transcript_name(one), transcript_name(other)

    assert (first.lower() == second.lower()) == (one == other)
    for name in (first, second):
        assert len(name) < 255
        assert not set(name) & set("/\\:[] ")
        assert not name.startswith(".")


@given(st.binary(max_size=200))
def test_shown_octets_are_printable_and_tell_octets_apart(octets: bytes) -> None:
    text = shown(octets.decode("latin-1"))

    assert text.isascii()
    assert text.isprintable()
    assert text.encode().decode("unicode_escape").encode("latin-1") == octets


def test_every_octet_survives_the_file(tmp_path: Path) -> None:
    octets = bytes(range(256))
    transcript = Transcript()
    transcript.add(1, Direction.RECEIVED, octets)
    transcript.add(1, Direction.SENT, b"QUIT\r\n")

    received, sent = read_lines(tmp_path, write_lines(tmp_path, "smtp/a/b", transcript.to_json_lines()))

    assert received.octets.encode("latin-1") == octets
    assert sent.octets == "QUIT\r\n"


def test_a_damaged_transcript_says_where(tmp_path: Path) -> None:
    name = write_lines(tmp_path, "smtp/a/b", b'{"at":0,"connection":1,"direction":"S","octets":"x"}\n{\n')

    good, bad = read_lines(tmp_path, name)

    assert good.octets == "x"
    assert bad.direction == "*"
    assert "line 2" in bad.octets
