"""Commands that go on from something: a run that was killed, or the last run's output."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import factories
from ended_processes import ends
from ingest_bench.arms.command_events import Earlier, killed_after, link, relink
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.errors import SettingsError
from ingest_bench.harness.measure import measure
from ingest_bench.results.models import Cell
from ingest_bench.workflow.identity import cell_identity

SLOW = """
import json, sys, time
from pathlib import Path
folder, output = map(Path, sys.argv[1:3])
written = output.read_text().splitlines() if "--resume" in sys.argv and output.exists() else []
whole = [line for line in written if line.endswith("}")]
known = {json.loads(line)["id"] for line in whole}
with output.open("w") as stream:
    print(*whole, sep="\\n", end="\\n" if whole else "", file=stream, flush=True)
    for path in sorted(folder.glob("*.json")):
        if path.stem not in known:
            print(path.read_text(), file=stream, flush=True)
            time.sleep(0.008)
"""
"""Writes 40 items in a third of a second, and with --resume goes on where it was."""
COUNT = 40
LATER = {"changed": 0.1, "added": 0.05, "removed": 0.05}
RUN = "{python} slow.py {source} {output}"


def matrix(results: Path, arms: dict[str, Any], **more: Any) -> dict[str, Any]:
    return factories.matrix(
        {
            "files": ("item_files", COUNT),
            "later": {"kind": "item_files", "items": COUNT, "later": LATER},
            "api": ("api", 9),
        },
        results=str(results),
        sampling={"budget_seconds": 0.01},
        small=factories.scenario(arms=arms, **more),
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder to work in, with a slow tool and a host lock of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow.py").write_text(SLOW)
    return tmp_path


def command(line: str, again: str | None = None, **more: Any) -> dict[str, Any]:
    return {"command": line, "settings": {**({"again": again} if again else {}), **more}}


def built(place: Path, arms: dict[str, Any], **more: Any) -> Settings:
    """Return the settings, with their corpora of files."""
    made = load_settings(matrix(place / "results", arms, **more))
    for name in ("files", "later"):
        build_corpus(made, name, made.corpus_folder(name), made.manifest_file(name))
    return made


def seconds(cell: Cell, role: str) -> list[float]:
    return [sample.wall_s for sample in cell.samples if sample.role == role]


@pytest.mark.slow
def test_what_a_command_takes_to_finish_after_a_kill(place: Path) -> None:
    """One that resumes finishes in less than one that begins anew; both deliver all."""
    arms = {"anew": command(RUN), "resuming": command(RUN, f"{RUN} --resume")}
    cell = measure(made := built(place, arms, killed=True), find_cell(made, "small", "resuming", 1))
    assert cell.parity.ok, cell.parity.reason
    assert cell.baseline_parity.ok
    assert [sample.invalid for sample in cell.samples] == [None] * len(cell.samples)
    assert sum(seconds(cell, "candidate")) < sum(seconds(cell, "baseline"))
    assert not (place / "results/scratch").exists()


@pytest.mark.slow
def test_a_command_that_loses_what_it_had_is_struck_through(place: Path) -> None:
    """Where the run after the kill leaves out what was written before it, the items are missing."""
    forgetting = SLOW.replace("print(*whole", "False and print(*whole")
    (place / "forgetting.py").write_text(forgetting)
    lost = RUN.replace("slow", "forgetting")
    arms = {"anew": command(RUN), "forgetting": command(lost, f"{lost} --resume")}
    cell = measure(made := built(place, arms, killed=True), find_cell(made, "small", "forgetting", 1))
    assert re.match(r"\d+ items missing", cell.parity.reason or "")


@pytest.mark.slow
def test_runs_that_end_before_they_are_killed(tmp_path: Path) -> None:
    """A command that is quicker than it was is run again, and has no time where it always ends first."""
    line = (
        "import sys, time; from pathlib import Path; mark = Path(sys.argv[1]); new = not mark.exists(); "
        "mark.open('a').write('.'); new and time.sleep(10); Path(sys.argv[2]).write_text('')"
    )
    earlier = Earlier(lambda source, output: [sys.executable, "-c", line, source, str(output)], tmp_path, {}, False)
    mark, output, prepared = tmp_path / "mark", tmp_path / "out", list[int]()
    told = earlier.kill(str(mark), output, 0.9, lambda: prepared.append(1))
    assert told == "4 runs that were to be killed had ended before"
    assert (len(mark.read_text()), len(prepared), output.exists()) == (5, 5, False)


@pytest.mark.slow
def test_what_the_second_day_costs(place: Path) -> None:
    """Each command has ingested the corpus as it was; timed and checked is the run over the corpus as it is."""
    log = SLOW.replace("import json", "print(sys.argv, file=open('log', 'a'))\nimport json").replace("0.008", "0")
    (place / "logging.py").write_text(f"import sys\n{log}")
    line = RUN.replace("slow", "logging")
    arms = {
        "anew": command(line),
        "stale": command(line, f"{line} --resume"),
        "lines": command("cp {source} {output}", joined=True),
    }
    made = built(place, arms, corpus="later", before="files")
    stale = measure(made, find_cell(made, "small", "stale", 1))
    assert stale.baseline_parity.ok, stale.baseline_parity.reason
    assert stale.parity.reason  # it kept what has changed, and what is gone
    runs = [eval(line) for line in (place / "log").read_text().splitlines()]
    assert len({tuple(run[1:3]) for run in runs}) == 1  # the same source, the same output, each time
    assert stale.corpora.keys() == {"files", "later"}
    lines = measure(made, find_cell(made, "small", "lines", 1))
    assert lines.parity.ok, lines.parity.reason


def test_linked_files_follow_a_corpus(tmp_path: Path) -> None:
    """Files that are the same stay the files that they were; others are replaced, added or removed."""
    before, after, place = (tmp_path / name for name in ("before", "after", "place"))
    for folder, files in (
        (before, {"same": "1", "changed": "2", "gone": "3"}),
        (after, {"same": "1", "changed": "4", "new": "5"}),
    ):
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    link(before, place)
    kept = (place / "same").stat().st_ino
    relink(after, place)
    assert {path.name: path.read_text() for path in place.iterdir()} == {"same": "1", "changed": "4", "new": "5"}
    assert (place / "same").stat().st_ino == kept
    assert {path.name: path.read_text() for path in before.iterdir()} == {"same": "1", "changed": "2", "gone": "3"}


def test_a_kill_leaves_no_process_of_the_command(tmp_path: Path) -> None:
    """What the command has started is killed with it, also where it had ended itself, which is told."""
    child = "import time; time.sleep(60)"
    parent = (
        "import subprocess, sys, time; from pathlib import Path; "
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}]); "
        f"Path({str(tmp_path / 'child')!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    child_file = tmp_path / "child"
    child_file.touch()
    for seconds in (1, 4, 16):  # a slow machine takes longer to start both
        assert killed_after([sys.executable, "-c", parent], {}, seconds)
        if child_file.read_text():
            break
    assert ends(int(child_file.read_text()))
    assert not killed_after([sys.executable, "-c", parent.removesuffix("; time.sleep(60)")], {}, 30)
    assert ends(int(child_file.read_text()))


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"before": "nothing"}, "small.before: nothing is not one of the corpora"),
        ({"before": "api"}, "small.before: both corpora need kind: item_files; api is of kind: api"),
        ({"before": "later", "killed": True}, "small.before: the scenario is killed as well"),
    ],
)
def test_events_that_make_no_sense_are_refused(tmp_path: Path, more: dict[str, Any], complaint: str) -> None:
    """What can't come before a run is told with its key before anything is measured."""
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        load_settings(matrix(tmp_path, {"tool": command(RUN)}, **more))
    with pytest.raises(SettingsError, match=r"small\.killed: belongs to scenarios of whole commands"):
        load_settings(matrix(tmp_path, {"own": factories.arm()}, killed=True))


def test_a_cell_depends_on_what_came_before(tmp_path: Path) -> None:
    """Another corpus before, or a kill, is another cell."""
    identities = set()
    for more in ({}, {"before": "later"}, {"killed": True}):
        settings = load_settings(matrix(tmp_path, {"tool": command(RUN)}, **more))
        identities.add(cell_identity(settings, find_cell(settings, "small", "tool", 1)))
    assert len(identities) == 3
    assert json.loads(identities.pop())


@pytest.mark.slow
def test_a_sample_that_could_not_begin_says_nothing_of_what_is_delivered(place: Path) -> None:
    """Where the run before fails once, that sample has no time, and what the tool delivers is judged by the others."""
    (place / "moody.py").write_text(
        "import sys\nfrom pathlib import Path\nruns = Path('runs')\nruns.open('a').write('.')\n"
        "if len(runs.read_text()) == 3: sys.exit('not now')\n" + SLOW.replace("0.008", "0")
    )
    arms = {"moody": command("{python} moody.py {source} {output}")}
    cell = measure(made := built(place, arms, corpus="later", before="files"), find_cell(made, "small", "moody", 1))
    assert [sample.began for sample in cell.samples].count(False) == 1
    assert {sample.invalid for sample in cell.samples} > {None}
    assert cell.parity.ok, cell.parity.reason
