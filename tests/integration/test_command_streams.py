"""The command in a pipe: items on standard output and from standard input, and nothing else between them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stac_ingest.cli.main import BAD_SETTINGS, COMPLETE, INCOMPLETE, NOBODY_READS, main
from stac_ingest.outputs import OUTPUTS, load, read_output

COMMAND = [sys.executable, "-m", "stac_ingest"]
STREAMED = [output.name for output in OUTPUTS.values() if output.streams]


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": f"i{number:05}", "geometry": None, "properties": {"pad": "x" * 100}, **more}


def ids(count: int) -> list[str]:
    return [f"i{number:05}" for number in range(count)]


def lines(count: int) -> bytes:
    return b"".join(json.dumps(item(number)).encode() + b"\n" for number in range(count))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines(3000))
    return path


def run(*arguments: object, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run([*COMMAND, *map(str, arguments)], input=data, capture_output=True, check=False, timeout=60)


def ids_in(output: str, data: bytes, folder: Path) -> Sequence[str]:
    """Return the ids in what went to standard output, as our own reader finds them."""
    path = folder / f"copy{OUTPUTS[output].suffix}"
    path.write_bytes(data)
    return [found["id"] for found in load(OUTPUTS[output].reader)(path)]


@pytest.mark.parametrize("to", STREAMED)
def test_items_alone_are_on_standard_output(source: Path, tmp_path: Path, to: str) -> None:
    """Each form that goes there can be read back, all words are on standard error, and no file is written."""
    before = sorted(tmp_path.iterdir())
    ended = run(source, "--to", to, "--output", "-")
    assert ended.returncode == COMPLETE
    assert sorted(tmp_path.iterdir()) == before
    assert ids_in(to, ended.stdout, tmp_path) == ids(3000)
    assert ended.stderr.decode().splitlines()[-1] == "complete: all 3000 items came"


@pytest.mark.parametrize("to", STREAMED)
def test_nothing_is_written_in_its_form_too(tmp_path: Path, to: str) -> None:
    """A source without items gives what its readers take for none."""
    (tmp_path / "in.ndjson").touch()
    ended = run(tmp_path / "in.ndjson", "--to", to, "--output", "-")
    assert ended.returncode == COMPLETE
    assert ids_in(to, ended.stdout, tmp_path) == []


def test_failures_are_named_on_standard_error(source: Path) -> None:
    """What can't be used is told by its name and by the exit code, and the rest comes."""
    source.write_bytes(source.read_bytes() + b"{\n" + b'{"type": "Feature"}\n')
    ended = run(source, "--to", "ndjson", "--output", "-")
    assert ended.returncode == INCOMPLETE
    assert ended.stdout.count(b"\n") == 3000
    said = ended.stderr.decode()
    assert "failed: in.ndjson#3001: " in said
    assert "failed: in.ndjson#3002: " in said
    assert said.splitlines()[-1].startswith("truncated: 2 failures")


def test_a_closed_pipe_ends_the_run_quietly(source: Path) -> None:
    """Who has seen enough closes the pipe: the command ends at once, without a word, as others do."""
    source.write_bytes(lines(60_000))
    with subprocess.Popen(
        [*COMMAND, str(source), "--to", "ndjson", "--output", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["id"] == "i00000"
        process.stdout.close()
        assert process.wait(timeout=60) == NOBODY_READS
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "items"], "a file per item can't go to standard output; use --to with one of ndjson, "),
        (["--to", "ndjson", "--resume"], "nothing is kept to go on from; give a folder"),
    ],
)
def test_what_standard_output_can_not_have_is_refused(
    source: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Forms of many files, and going on with an earlier run, are refused with what to do."""
    assert main([str(source), *arguments, "--output", "-"]) == BAD_SETTINGS
    assert words in capsys.readouterr().err


def test_a_folder_of_that_name_can_be_given(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./-` is a folder."""
    monkeypatch.chdir(tmp_path)
    assert main([str(source), "--to", "ndjson", "--output", "./-"]) == COMPLETE
    assert len(list(read_output("ndjson", tmp_path / "-"))) == 3000


def test_a_full_device_is_told(source: Path) -> None:
    """An error that isn't a closed pipe is told in words."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*COMMAND, str(source), "--to", "ndjson", "--output", "-"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 3
    assert b"can't write to standard output: No space left on device" in ended.stderr
