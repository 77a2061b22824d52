"""Names of cells, order of samples, pairs that are kept, and what a command used."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ingest_bench.__main__ import main
from ingest_bench.builds import cases
from ingest_bench.builds.build import Build
from ingest_bench.builds.compare import DEFAULT_CELLS, _kept, find_case
from ingest_bench.builds.records import SIDES, as_sample
from ingest_bench.config.matrix import load_settings
from ingest_bench.harness.measure import orders

ROOT = Path(__file__).parents[4]


def test_the_default_cells_are_in_the_configuration() -> None:
    """Whoever gives no cells gets some that `config.yaml` has."""
    settings = load_settings(ROOT / "config.yaml")
    commands = [name for name in DEFAULT_CELLS if find_case(settings, name) is None]
    assert commands == ["commands/help", "commands/one-item"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["HEAD", "--cells", "small_files_warm"], "small_files_warm: is not a cell; give scenario/arm-concurrency"),
        (["HEAD", "--cells", "commands/fly"], "commands/fly: no such command; use one of help, one-item"),
        (["HEAD", "--cells", "small_files_warm/sequential-7"], "no such cell at concurrency 7"),
        (["HEAD", "--pairs", "1"], "--pairs: 1 is less than 3"),
        (["no-such-ref"], "BASE: 'no-such-ref' is not a commit of this repository"),
        (["--", "--help"], "BASE: '--help' is not a commit of this repository"),
    ],
)
def test_bad_usage_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """A wrong name, number or commit ends the command with code 2 before anything is built."""
    options = ["--config", str(ROOT / "config.yaml"), "--folder", str(tmp_path / "builds")]
    assert main(["compare-builds", *options, *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "builds").exists()


def test_each_build_goes_first_once_in_two_pairs() -> None:
    """The order is drawn from the seed: balanced, the same again for the same seed, another for another."""
    drawn = list(itertools.islice(orders(SIDES, "1/a"), 40))
    assert all({first[0], second[0]} == {"base", "this"} for first, second in zip(drawn[::2], drawn[1::2], strict=True))
    assert drawn == list(itertools.islice(orders(SIDES, "1/a"), 40))
    assert drawn != list(itertools.islice(orders(SIDES, "2/a"), 40))


def test_both_builds_have_the_same_hash_seed_in_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair has its own, so that no verdict hangs on what one seed does to one of the builds."""
    seeds = []

    def noted(_command: Any, _request: bytes, _timeout: float, variables: dict[str, str], _what: str) -> dict[str, Any]:
        seeds.append(variables["PYTHONHASHSEED"])
        times = dict.fromkeys(["started_at", "wall_s", "cpu_user_s", "cpu_system_s", "peak_rss_mib"], 1.0)
        return {**times, "exit_code": 0}

    monkeypatch.setattr(cases, "run_json", noted)
    settings = load_settings(ROOT / "config.yaml").model_copy(update={"results": str(tmp_path)})
    build = Build("HEAD", None, False, ROOT, Path(sys.executable), {"PYTHONHASHSEED": "0"})
    case = cases.CommandCase("commands/help", settings, {"base": build, "this": build})
    for pair in range(6):
        for side in SIDES:
            case.sample(side, pair)
    assert seeds[::2] == seeds[1::2]
    assert len(set(seeds)) == 6
    assert all(0 < int(seed) < 2**32 for seed in seeds)


def test_half_a_line_of_kept_pairs_is_dropped(tmp_path: Path) -> None:
    """A run that was ended while it wrote a pair takes that pair again, and nothing of the half is left."""
    times = dict.fromkeys(["started_at", "wall_s", "cpu_user_s", "cpu_system_s", "peak_rss_mib", "start_rss_mib"], 1.0)
    counts = {"first_item_s": None, "items": 0, "failures": 0, "digest": {"count": 0, "ids": "", "content": ""}}
    pair = [as_sample(times | counts, side, 0) for side in SIDES]
    line = json.dumps([sample.model_dump() for sample in pair]) + "\n"
    path = tmp_path / "pairs.jsonl"
    path.write_text(line + line[:40])
    assert _kept(path) == pair
    assert path.read_text() == line
    assert _kept(tmp_path / "none") == []
