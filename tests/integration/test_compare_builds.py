"""Compares builds as a user does it: a checkout with earlier commits, the command, its files.

The earlier builds run with the packages of these tests (`--base-python`), so that nothing is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from factories import arm, matrix, scenario
from ingest_bench.builds.records import BuildComparison

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BEFORE_BUILDS = "95c5d0dbd92cb7c7d38639a1348a25cd5669e552"
"""The newest commit that knows nothing of comparisons of builds."""
CONFIG = matrix(
    {"files": ("item_files", 40), "api": ("api", 60)},
    small=scenario(),
    served=scenario(
        "api",
        {"chunks": arm(2, settings={"worker_strategy": "time_chunks"}), "pages": arm(settings={"limit": 10})},
        baseline={"arm": "chunks", "concurrency": 2},
        server={"think_ms": 2},
        pipeline={"output": "ndjson"},
    ),
)
DEFECT = """
_fetch = IngestModule.fetch

async def _other(self, context):
    async for item in _fetch(self, context):
        yield {**item, "stac_version": "0.9"}

async def _other_rows(self, context, *, as_lines):
    from stac_ingest.core.rows import ItemRows

    async for item in _other(self, context):
        yield ItemRows.of([item])

IngestModule.fetch, IngestModule.fetch_rows = _other, _other_rows
"""
"""Another version of every item, whichever way it is read."""


WASTE = """
_fetch = IngestModule.fetch

async def _twice(self, context):
    import os

    place = os.open(__file__, os.O_RDONLY)
    os.read(place, 1)
    os.read(place, 1)
    os.close(place)
    async for item in _fetch(self, context):
        yield item

IngestModule.fetch = _twice
"""
"""The same items, for two further reads."""


def git(checkout: Path, *arguments: str) -> None:
    """Run git as somebody."""
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", "-C", str(checkout), *who, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout of this code with the commits `empty`, `defect`, `alike`, and `newest` with other cells."""
    folder = tmp_path_factory.mktemp("checkout")
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Nothing")
    git(folder, "tag", "empty")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (folder / "envs").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "envs/requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    module = folder / "src/stac_ingest/module.py"
    good = module.read_text()
    module.write_text(good + DEFECT)
    commit(folder, "defect")
    module.write_text(good)
    commit(folder, "alike")
    arms = {"sequential": {"concurrency": [1, 2]}}
    more = {**CONFIG["scenarios"], "small": {**CONFIG["scenarios"]["small"], "arms": arms}}
    changed = yaml.safe_dump({**CONFIG, "scenarios": more}).replace("limit: 10", "limit: 20")
    (folder / "config.yaml").write_text(changed)
    commit(folder, "newest")
    return folder


def commit(checkout: Path, name: str) -> None:
    """Commit all files and tag that."""
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", name)
    git(checkout, "tag", name)


def start(checkout: Path, ref: str, cells: list[str], pairs: int = 3) -> subprocess.Popen[str]:
    """Start the command in a checkout, with its own code and a host lock of its own."""
    options = ["--base-python", sys.executable, "--pairs", str(pairs), "--cells", *cells]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ingest_bench", "compare-builds", ref, *options],
        cwd=checkout,
        env={**os.environ, "TMPDIR": str(checkout), "PYTHONPATH": str(checkout / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def compare(checkout: Path, ref: str, cells: list[str], pairs: int = 3) -> tuple[int, str, str]:
    """Run the command and return its exit code, its output and what it said meanwhile."""
    process = start(checkout, ref, cells, pairs)
    output, said = process.communicate(timeout=120)
    return process.returncode, output, said


def result(checkout: Path) -> BuildComparison:
    """Return what the command wrote."""
    return BuildComparison.model_validate_json((checkout / "results/compare-builds.json").read_bytes())


def test_builds_that_deliver_the_same_have_times(checkout: Path) -> None:
    """Cells with files, with a server and with an output, and a whole command: every sample of both builds is kept."""
    names = ["commands/one-item", "small/sequential-1", "served/chunks-2"]
    code, output, said = compare(checkout, "alike", names)
    assert code == 0, said
    assert "Ratios are base / this build: above 1 means this build is faster." in output.splitlines()
    assert output.splitlines()[-1] == "No loss beyond 5%, and no more work"
    assert "served/chunks-2: pair 3 of 3: " in said
    found = result(checkout)
    assert [case.name for case in found.cases] == names
    for case, items in zip(found.cases, (1, 40, 60), strict=True):
        assert (case.reason, case.remark) == (None, None)
        assert case.wall is not None
        assert case.wall.pairs == 3
        assert {sample.items for sample in case.samples} == {items}
        assert sorted((sample.pair, sample.role) for sample in case.samples) == [
            *((0, "baseline"), (0, "candidate")),
            *((1, "baseline"), (1, "candidate")),
            *((2, "baseline"), (2, "candidate")),
        ]
    assert all(sample.server and sample.server.requests for sample in found.cases[2].samples)
    base, this = found.builds["base"], found.builds["this"]
    assert (base.ref, base.dirty, this.dirty, base.code) == ("alike", False, False, this.code)
    assert base.commit != this.commit
    assert base.packages["orjson"] == this.packages["orjson"]
    assert "| served/chunks-2 " in (checkout / "results/compare-builds.md").read_text()


def test_counters_are_the_same_in_ten_of_ten_samples_of_equal_builds(checkout: Path) -> None:
    """Files, an API and a whole command count the same in each sample of either build, so a difference is a fact."""
    names = ["small/sequential-1", "served/pages-1", "commands/one-item"]
    code, _, said = compare(checkout, "newest", names, pairs=5)
    assert code == 0, said
    files, pages, command = result(checkout).cases
    for case, counted in (
        (files, ("bytes_read", "read_calls", "write_calls")),
        (pages, ("requests", "bytes_read", "read_calls", "write_calls")),
        (command, ("read_calls", "write_calls")),
    ):
        assert case.counters == []
        for name in counted:
            values = [getattr(sample, name) for sample in case.samples]
            assert len(values) == 10
            assert len(set(values)) == 1
            assert values[0] is not None


def test_a_build_that_does_more_fails_without_an_interval(checkout: Path) -> None:
    """Two further reads of an ingest are told as a fact, and fail the comparison unless they are accepted."""
    module = checkout / "src/stac_ingest/module.py"
    good = module.read_text()
    module.write_text(good + WASTE)
    try:
        code, output, said = compare(checkout, "alike", ["small/sequential-1"], pairs=5)
        assert code == 1, said
        assert re.search(r"small/sequential-1: (.*; )?read calls ", output.splitlines()[-1]), (
            "by wall time it may be slower too"
        )
        (counter,) = result(checkout).cases[0].counters
        assert (counter.name, counter.this - counter.base, counter.gate) == ("read_calls", 2, True)
        code, _, said = compare(checkout, "alike", ["small/sequential-1", "--accept", "read_calls"], pairs=5)
        assert code == 0, said
        assert [each.gate for each in result(checkout).cases[0].counters] == [False]
    finally:
        module.write_text(good)


def test_a_base_that_delivers_something_else_has_no_time(checkout: Path) -> None:
    """The cell and the command say what differs instead of how fast it was, and the exit code is 1."""
    code, output, said = compare(checkout, "defect", ["commands/one-item", "small/sequential-1"])
    assert code == 1, said
    for case in result(checkout).cases:
        assert (case.wall, case.cpu) == (None, None)
        assert case.reason is not None
        assert case.reason.startswith("this build's items differ from the base's: content differs")
    assert output.count("no time") == 2


@pytest.mark.parametrize(
    ("ref", "cell", "said"),
    [
        ("empty", "small/sequential-1", "BASE: empty can't be installed: it has no pyproject.toml"),
        ("alike", "small/sequential-2", "small/sequential-2: not a cell of the base build"),
        (
            "alike",
            "served/pages-1",
            "served/pages-1: the base build has settings {'limit': 10}, this build {'limit': 20}",
        ),
    ],
)
def test_a_base_that_cannot_be_compared_is_refused(checkout: Path, ref: str, cell: str, said: str) -> None:
    """No package, no such cell, other settings: code 2 and one line, before anything is measured."""
    assert compare(checkout, ref, [cell]) == (2, "", f"{said}\n")


def test_a_killed_run_goes_on_where_it_was(checkout: Path) -> None:
    """The next run takes the pairs that are missing; the one after that begins anew."""
    process = start(checkout, "alike", ["commands/help"], pairs=1000)
    assert process.stderr is not None
    assert any("pair 2 of 1000" in line for line in process.stderr)
    process.kill()
    process.communicate()
    code, _, said = compare(checkout, "alike", ["commands/help"], pairs=4)
    assert code in (0, 1), said  # what a clock says of two pairs on each side of a kill is another matter
    assert "pair 1 of 4" not in said
    assert "pair 2 of 4" not in said
    assert "pair 4 of 4" in said
    assert len(result(checkout).cases[0].samples) == 8
    assert "pair 1 of 3" in compare(checkout, "alike", ["commands/help"])[2]


def test_a_build_from_before_comparisons_is_described_from_outside(checkout: Path) -> None:
    """A commit without a driver of its own is measured by its own process of a sample, under its own names."""
    known = ["git", "-C", str(ROOT), "cat-file", "-e", f"{BEFORE_BUILDS}^{{commit}}"]
    if subprocess.run(known, check=False, capture_output=True).returncode:
        pytest.skip(f"the clone has no commit {BEFORE_BUILDS[:12]}")
    git(checkout, "fetch", "--quiet", str(ROOT), BEFORE_BUILDS)
    outside = checkout.parent / "config.yaml"
    shutil.copy(checkout / "config.yaml", outside)
    code, _, said = compare(checkout, BEFORE_BUILDS, ["served/chunks-2", "--config", str(outside)])
    assert code in (0, 1), said  # whether so old a build was slower is another matter
    assert [case.remark for case in result(checkout).cases] == [None]
