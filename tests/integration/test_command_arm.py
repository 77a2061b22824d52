"""Whole commands as arms: the documented tool, tools that lose items or aren't there, and what is checked before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import factories
from documented import documented_arm, example
from ended_processes import ends
from ingest_bench.arms import ArmSpec
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.corpora.inventory import read_manifest
from ingest_bench.errors import SettingsError
from ingest_bench.harness.measure import measure
from ingest_bench.harness.sides import joined
from ingest_bench.harness.spawn import run_sample
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.results.digest import matches
from ingest_bench.results.models import Digest
from ingest_bench.system.dependencies import recording
from ingest_bench.workflow.identity import cell_identity

OWN = "{python} -m stac_ingest {source} --to ndjson --output {output}"
COLLECTING = """
import json, sys
from pathlib import Path
items = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
Path(sys.argv[2]).write_text(json.dumps({"type": "FeatureCollection", "features": items}))
"""
COUNT = 40
BOX = {"bbox": [-20, 0, 60, 40], "datetime": "2021-01-01T00:00:00Z/2021-12-31T23:59:59Z"}


def command(line: str, writes: str = "ndjson", *levels: int, **more: Any) -> dict[str, Any]:
    """Return an arm that is a command."""
    return factories.arm(*levels, fetcher="command", settings={"command": line, "writes": writes, **more})


def matrix(results: Path, arms: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a matrix with commands as arms."""
    return factories.matrix(
        {
            "files": ("item_files", COUNT),
            "table": {"kind": "geoparquet", "items": COUNT, "files": 1},
            "api": ("api", 9),
        },
        results=str(results),
        sampling={"budget_seconds": 0.01},
        small=factories.scenario(arms=arms, **more),
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder to work in, with the documented tool, one that forgets an item, and a host lock of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_tool.py").write_text(example("my_tool.py"))
    lossy = example("my_tool.py").replace("in items)", "in items[1:])")
    (tmp_path / "lossy.py").write_text(f"import ingest_bench.system.renamed_options\n{lossy}")
    (tmp_path / "collecting.py").write_text(COLLECTING)
    return tmp_path


def scratch(place: Path) -> Path:
    """Return an empty folder for a sample to write to."""
    folder = place / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(place: Path) -> Callable[..., Settings]:
    """Return what makes settings, with their corpus of files."""

    def make(arms: dict[str, Any], **more: Any) -> Settings:
        made = load_settings(matrix(place / "results", arms, **more))
        build_corpus(made, "files", made.corpus_folder("files"), made.manifest_file("files"))
        return made

    return make


def test_a_command_is_measured_like_any_arm(place: Path, settings: Callable[..., Settings]) -> None:
    """Whole processes are timed in pairs; a tool that forgets an item is struck through, the documented one is not."""
    made = settings({"mine": documented_arm("my_tool"), "lossy": command("{python} lossy.py {source} {output}")})
    cell = measure(made, find_cell(made, "small", "lossy", 1))
    assert cell.baseline_parity.ok
    assert cell.parity.reason == "1 item missing (in 3 of 3 samples, first in pair 0)"
    assert {(sample.role, sample.items) for sample in cell.samples} == {("baseline", COUNT), ("candidate", COUNT - 1)}
    assert all(sample.cpu_user_s + sample.cpu_system_s > 0 for sample in cell.samples)
    assert all(4 < sample.peak_rss_mib < 40 for sample in cell.samples)
    # What is written is about as large as what is read, the forgotten item aside.
    whole, less = (
        {each.output_bytes for each in cell.samples if each.role == role} for role in ("baseline", "candidate")
    )
    assert len(whole) == len(less) == 1
    assert COUNT * 4000 < less.pop() < whole.pop() < COUNT * 8000  # type: ignore[operator]
    assert cell.speedup
    assert cell.programs.keys() == {"my_tool.py", "lossy.py"}
    assert cell.depends_on
    assert "ingest_bench.system.renamed_options" in cell.depends_on.modules
    assert cell.trace.skipped == "a command is looked at from outside"
    assert not (place / "results/scratch").exists()


def test_settings_with_a_command_can_be_written_down_and_read(tmp_path: Path) -> None:
    """A command in an arm is one in its settings, and the model's own form of both is read as the same."""
    made = load_settings(matrix(tmp_path, {"mine": documented_arm("my_tool")}))
    arm = made.scenarios["small"].arms["mine"]
    assert (arm.fetcher, arm.settings) == ("command", {"command": documented_arm("my_tool")["command"]})
    assert load_settings(made.model_dump()) == made


def test_a_tool_that_is_not_there_costs_its_cell_only(settings: Callable[..., Settings]) -> None:
    """A cell without its program has no sample and says what installs it; once it is there, the cell is stale."""
    made = settings({"mine": documented_arm("my_tool"), "gone": command("./gone-tool {source} {output}")})
    planned = find_cell(made, "small", "gone", 1)
    cell, before = measure(made, planned), cell_identity(made, planned)
    assert (cell.samples, cell.speedup, cell.parity.ok) == ([], None, True)
    assert cell.unavailable == (
        "./gone-tool: not installed here; make tools installs those of envs/requirements-tools.in"
    )
    Path("gone-tool").write_text("#!/bin/sh\n")
    Path("gone-tool").chmod(0o755)
    assert cell_identity(made, planned) != before


def test_our_own_command_says_what_it_loads(place: Path, settings: Callable[..., Settings]) -> None:
    """A rehearsal of a command of ours reports the modules that its process loads, so that its cells become stale."""
    made = settings({"ours": command(OWN)})
    options = made.scenarios["small"].arms["ours"].settings
    arm = ArmSpec("command", "item_files", str(made.corpus_folder("files")), settings=options)
    with recording() as code:
        run_sample(SampleSpec(arm, None, os.getpid(), scratch=str(scratch(place)), tracemalloc_items=1), 60)
    assert {"stac_ingest.__main__", "stac_ingest.outputs.ndjson"} <= code.dependencies().modules.keys()


def test_what_is_written_is_read_back(place: Path, settings: Callable[..., Settings]) -> None:
    """A collection of features, and a source that is joined to lines, are read as a folder of lines is."""
    made = settings({"mine": documented_arm("my_tool")})
    reference = read_manifest(made.manifest_file("files")).reference
    files = sorted(made.corpus_folder("files").glob("*.json"))
    files[0].write_text(files[0].read_text().replace(",", ",\n"))
    with joined([*files, place / "gone.json"], place / "folder" / "lines.ndjson") as lines:
        arm = ArmSpec(
            fetcher="command",
            layout="item_files",
            source=str(lines),
            settings={"command": "{python} collecting.py {source} {output}", "writes": "feature_collection"},
        )
        found = run_sample(SampleSpec(arm, None, os.getpid(), scratch=str(scratch(place))), 60)
    assert reference
    assert matches(Digest.model_validate(found["digest"]), reference) is None
    assert not lines.parent.exists()


def test_what_can_not_be_read_back_is_no_time(place: Path) -> None:
    """A command that ends well but leaves nothing that can be read gives a run that can't be used."""
    arm = ArmSpec("command", "item_files", "x", settings={"command": "true {source} {output}", "writes": "ndjson"})
    found = run_sample(SampleSpec(arm, None, os.getpid(), scratch=str(scratch(place))), 60)
    assert found["invalid"] == "the command left nothing at {output}"
    assert (found["items"], found["failures"]) == (0, 1)


@pytest.mark.parametrize(
    ("arm", "more", "complaint"),
    [
        (command("tool {source} {output} {colour}"), {}, r"command has \{colour\}; use \{source\}"),
        (command("tool {source}"), {}, r"command lacks \{output\}"),
        (command("tool '{source} {output}"), {}, "command can't be split into words: No closing quotation"),
        (command(""), {}, "command names no program"),
        (command("'' {source} {output}"), {}, "command names no program"),
        (command("tool {source} {output}", prepare=""), {}, "prepare names no program"),
        (command("tool {source} > {output}"), {}, "command has >, and is run without a shell; call one: sh -c '...'"),
        (command("tool {source} | jq -c . {output}"), {}, r"command has \|, and is run without a shell"),
        (command("tool {source} {output}", "csv"), {}, "writes: 'csv' is not allowed"),
        (command("tool {source} {output}", "ndjson", 1, 2), {}, r"command lacks \{concurrency\}, so it has one level"),
        (command("tool {source} {output} {collection}"), {}, r"command has \{collection\}, which only an API has"),
        (command("tool {source} {output}", joined=True), {"corpus": "table"}, "joined needs a corpus with a file"),
        (command("tool {source} {output}", layout="api"), {}, "layout: follows from the corpus"),
        (command("tool {source} {output} {bbox}"), {}, r"command has \{bbox\}; the scenario has no search"),
        (command("tool {source} {output} {bbox}"), {"search": BOX}, r"command lacks \{bbox\}"),
        (command("{tools_python} {source} {output}"), {}, "needs: missing; name the packages"),
        (command("tool {source}", prepare="tool {sauce}"), {}, r"prepare has \{sauce\}; use \{source\}"),
        (command("tool {source} {output}", service="mysql"), {}, "service: 'mysql' is not allowed"),
        ({"command": OWN, "fetcher": "ingest"}, {}, "has two of fetcher, command and python"),
        ({"command": OWN, "python": "a.py"}, {}, "has two of fetcher, command and python"),
        ({"command": OWN, "settings": {"command": OWN}}, {}, "has a command, and another one in its settings"),
        (factories.arm(), {}, "ingest is timed without its start-up"),
        (command(OWN), {"pipeline": {"output": "ndjson"}}, "pipeline: belongs to arms that deliver items"),
    ],
)
def test_what_a_command_can_not_be_is_told_before(
    tmp_path: Path, arm: dict[str, Any], more: dict[str, Any], complaint: str
) -> None:
    """A command that can't work, and a scenario that would compare unlike things, are refused in one line."""
    with pytest.raises(SettingsError, match=complaint):
        load_settings(matrix(tmp_path, {"ours": command(OWN), "mine": arm}, **more))


def test_a_command_can_not_be_held_to_a_limit(tmp_path: Path) -> None:
    """A corpus of which only some items are to be read, or of a stranger's API, is none for commands."""
    config = matrix(tmp_path, {"ours": command(OWN)})
    config["corpora"]["files"] = {"kind": "item_files", "path": str(tmp_path), "max_items": 3}
    with pytest.raises(SettingsError, match="can't be held to max_items"):
        load_settings(config)


def test_nothing_that_a_command_leaves_running_outlives_its_sample(place: Path) -> None:
    """A process that a command has started and not waited for ends with the sample, so that it costs no later one."""
    (place / "leaving.py").write_text(
        "import subprocess, sys\n"
        "from pathlib import Path\n"
        "Path('left').write_text(str(subprocess.Popen(['sleep', '60']).pid))\n"
        "Path(sys.argv[2]).write_text('')\n"
    )
    arm = ArmSpec("command", "item_files", "x", settings={"command": "{python} leaving.py {source} {output}"})
    run_sample(SampleSpec(arm, None, os.getpid(), scratch=str(scratch(place))), 60)
    assert ends(int((place / "left").read_text()))


@pytest.mark.slow
def test_a_command_that_never_ends_costs_its_cells_only(place: Path, settings: Callable[..., Settings]) -> None:
    """One that takes longer than a sample may is tried once, has no sample, and its cell says why."""
    (place / "endless.py").write_text("import time\ntime.sleep(60)\n")
    made = settings({"mine": documented_arm("my_tool"), "endless": command("{python} endless.py {source} {output}")})
    for seconds in (3, 12, 48):  # on a slow machine the baseline takes longer than the first of these
        made = made.model_copy(update={"sampling": made.sampling.model_copy(update={"timeout_seconds": seconds})})
        cell = measure(made, find_cell(made, "small", "endless", 1))
        assert (cell.samples, cell.speedup) == ([], None)
        if not (cell.parity.reason or "").startswith("mine: a sample of command at concurrency 1 took more than"):
            break
    assert cell.parity.reason == (
        f"endless: a sample of command at concurrency 1 took more than {seconds} s (sampling.timeout_seconds)"
    )
