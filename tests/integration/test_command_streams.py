"""The command in a pipe: items on standard output and from standard input, and nothing else between them."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import psutil
import pytest
import zstandard
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stac_ingest.cli.main import BAD_DATA, BAD_SETTINGS, COMPLETE, INCOMPLETE, INTERRUPTED, NOBODY_READS, main
from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs import OUTPUTS, read_output
from stac_ingest.sharding import ShardedIngest, plan_ingest

COMMAND = [sys.executable, "-m", "stac_ingest"]
PACKS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gz": gzip.compress, "zst": zstandard.compress}
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
    assert ended.stderr.decode().splitlines()[-1] == "complete: all 3,000 items came"


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
        (["--to", "ndjson", "--resume"], "keeps nothing to resume from; give a folder"),
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
    assert ended.returncode == BAD_DATA
    assert b"can't write to standard output: No space left on device" in ended.stderr


def sequence(count: int) -> bytes:
    return b"".join(b"\x1e" + json.dumps(item(number), indent=1).encode() + b"\n" for number in range(count))


def document(count: int, **options: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(map(item, range(count)))}, **options).encode()


FORMS: dict[str, Callable[[int], bytes]] = {
    "lines": lines,
    "lines without a last end": lambda count: lines(count)[:-1],
    "lines behind a broken one": lambda count: b'{"type":\n' + lines(count),
    "a sequence": sequence,
    "one line": document,
    "a document": lambda count: document(count, indent=2),
    "an array": lambda count: json.dumps(list(map(item, range(count)))).encode(),
    "an array over lines": lambda count: b"[\n" + b",\n".join(lines(count).splitlines()) + b"\n]\n",
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["", "gz", "zst"])
@pytest.mark.parametrize("form", FORMS)
def test_the_first_bytes_tell_what_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str, pack: Callable[[bytes], bytes]
) -> None:
    """Lines, sequences and documents are read from standard input, packed or not, without a word on what they are."""
    with piped(monkeypatch, pack(FORMS[form](30))):
        code = main(["-", "--to", "ndjson", "--output", str(tmp_path)])
    assert [found["id"] for found in read_output("ndjson", tmp_path)] == ids(30)
    assert code == (INCOMPLETE if form == "lines behind a broken one" else COMPLETE)


@contextmanager
def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> Iterator[None]:
    """Have a pipe as standard input of this process, into which a thread writes."""
    reading, writing = os.pipe()
    kept = os.dup(0)
    os.dup2(reading, 0)
    os.close(reading)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # only looked at to see whether it is open

    def write() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as stream:
            stream.write(data)

    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        thread.join()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", (BAD_DATA, "nothing came on standard input")),
        (b"\x1f\x8b", (BAD_DATA, "truncated")),
        (b"PAR1 and more", (BAD_SETTINGS, "write it to a file, and give that")),
        (zstandard.compress(b"PAR1 and more"), (BAD_SETTINGS, "write it to a file, and give that")),
        (b"<html>\n<p>\n", (BAD_DATA, "No item could be read from -")),
        (b'{\n "type": "Catalog"\n}', (BAD_DATA, "holds neither")),
        (document(3, indent=1)[:-9], (BAD_DATA, "not JSON")),
    ],
)
def test_what_holds_no_items_is_told(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    told: tuple[int, str],
) -> None:
    """Nothing, something else, Parquet and half a document end with an error in words."""
    code, words = told
    with piped(monkeypatch, data):
        assert main(["-", "--to", "ndjson", "--output", str(tmp_path)]) == code
    assert words in capsys.readouterr().err


@settings(max_examples=25, deadline=None)
@given(
    cut=st.integers(0, 10_000), form=st.sampled_from(["lines", "a sequence"]), pack=st.sampled_from(["", "gz", "zst"])
)
def test_what_is_cut_is_never_complete(cut: int, form: str, pack: str) -> None:
    """A producer that dies anywhere but between two items costs the verdict, and what came before it is written."""
    data = PACKS[pack](FORMS[form](4))
    cut %= len(data)
    whole = {end + spare for count in range(5) for end in [len(FORMS[form](count))] for spare in (-1, 0, 1)}
    assume(pack or cut not in whole)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        with piped(patch, data[:cut]):
            assert main(["-", "--to", "ndjson", "--output", folder]) in (INCOMPLETE, BAD_DATA)
        certificate = json.loads(Path(folder, "certificate.json").read_bytes())
        assert certificate["verdict"] == "truncated"
        written = Path(folder, "items.ndjson")
        found = [one["id"] for one in read_output("ndjson", folder)] if written.exists() else []
        assert found == ids(4)[: len(found)]


def test_a_killed_producer_leaves_a_cut_line(tmp_path: Path) -> None:
    """The line that a killed producer was in is a failure by its number."""
    ended = run("-", "--to", "ndjson", "--output", tmp_path, data=lines(3)[:-20])
    assert ended.returncode == INCOMPLETE
    assert b"failed: stdin#3: truncated" in ended.stderr


def test_a_resumed_run_writes_nothing_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It reads from the beginning, says so, and leaves out what is there."""
    arguments = ["-", "--to", "ndjson", "--output", str(tmp_path)]
    with piped(monkeypatch, lines(20)[:-5]):
        assert main(arguments) == INCOMPLETE
    with piped(monkeypatch, lines(30)):
        assert main([*arguments, "--resume"]) == COMPLETE
    assert sorted(found["id"] for found in read_output("ndjson", tmp_path)) == ids(30)
    certificate = json.loads((tmp_path / "certificate.json").read_bytes())
    assert certificate["read_again"] == 19
    assert any("read from its beginning" in note for note in certificate["notes"])


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Have child processes heed an interruption, though a shell may have had this one ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_items_come_out_while_more_go_in() -> None:
    """Items come out before the end of what goes in, and an interruption ends a run whose reader has stalled."""
    command = [*COMMAND, "-", "--to", "ndjson", "--output", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines(2000))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == "i00000"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == INTERRUPTED


@pytest.mark.usefixtures("_interruptible")
def test_an_interruption_that_another_thread_gets_is_heeded() -> None:
    """A run that waits for its reader ends, though the signal has woken another thread than the one that waits."""
    told, tell = os.pipe()
    code = (
        "import os, signal, sys, threading\n"
        "from stac_ingest.__main__ import main\n"
        "def get_it():\n"
        f"    os.read({told}, 1)\n"
        "    signal.pthread_kill(threading.get_ident(), signal.SIGINT)\n"
        "threading.Thread(target=get_it, daemon=True).start()\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-c", code, "-", "--to", "ndjson", "--output", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, pass_fds=[told], **pipes) as process:
        process.stdin.write(lines(2000))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == "i00000"
        _wait_until_it_stalls(process.pid)
        os.write(tell, b"x")
        try:
            assert process.wait(timeout=30) == INTERRUPTED
        finally:
            process.kill()
    os.close(told)
    os.close(tell)


def _wait_until_it_stalls(pid: int) -> None:
    """Return when a process has used no time of the CPU for a while: all its threads wait."""
    own = psutil.Process(pid)
    before, calm = None, 0
    while calm < 10:
        now = own.cpu_times()[:2]
        calm = calm + 1 if now == before else 0
        before = now
        time.sleep(0.05)


@pytest.mark.parametrize(
    "options",
    [["--format", "parquet"], ["--format", "catalog"], ["--hrefs", "absolute"]],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, options: list[str]) -> None:
    """What needs a file, or a place, is refused before anything is read."""
    assert main(["-", "--to", "ndjson", "--output", str(tmp_path), *options]) == BAD_SETTINGS


def test_a_closed_standard_input_is_told(tmp_path: Path) -> None:
    """`<&-` is told, and nothing else is read in its place."""
    command = " ".join([*COMMAND, "-", "--to", "ndjson", "--output", str(tmp_path), "<&-"])
    ended = subprocess.run(command, shell=True, capture_output=True, check=False, timeout=60)
    assert ended.returncode == BAD_SETTINGS
    assert b"standard input is closed" in ended.stderr


def test_standard_input_can_not_be_cut_into_shards(tmp_path: Path) -> None:
    """An ingest in shards says what to do."""
    with pytest.raises(ConfigurationError, match="standard input can't be cut into shards"):
        plan_ingest(ShardedIngest.parse({"source": "-", "output": str(tmp_path)}))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Make a table of items, from a file of lines beside it."""
    (tmp_path / "items.ndjson").write_bytes(lines(3))
    command = [str(tmp_path / "items.ndjson"), "--to", "geoparquet", "--output", str(tmp_path / "table")]
    assert main(command) == COMPLETE
    return tmp_path / "table"


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"], ids=["closed", "full"])
@pytest.mark.parametrize("command", ["run", "sync"])
def test_a_run_whose_messages_nobody_gets_is_a_run(tmp_path: Path, table: Path, command: str, stream: str) -> None:
    """Where standard error is closed or full, items are written all the same, and the exit code is the verdict's."""
    out = tmp_path / "out"
    words = ["sync", str(table)] if command == "sync" else [str(table), "--to", "ndjson"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {stream}', "sh", *COMMAND, *words, "--output", str(out)], check=False
    )
    assert done.returncode == COMPLETE
    assert (out / ("manifest.json" if command == "sync" else "items.ndjson")).stat().st_size


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("command", ["audit", "check", "sync"])
def test_what_can_not_be_said_is_told(tmp_path: Path, table: Path, command: str) -> None:
    """Where standard output is full, one line says so, and the exit code too."""
    source, out = str(tmp_path / "items.ndjson"), str(tmp_path / "out")
    more = {"audit": [str(table), "--against", source], "check": [str(table)], "sync": [source, "--output", out]}
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*COMMAND, command, *more[command]], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == BAD_DATA
    assert done.stderr == "stac-ingest: can't write to standard output: No space left on device\n"
