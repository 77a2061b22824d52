"""The documented output, strategy and source, a file and an entry each, work in the command, the module and shards."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from documented import example
from stac_ingest import ConfigurationError, IngestConfig, IngestModule, WorkflowContext
from stac_ingest.cli.main import COMPLETE, main
from stac_ingest.core.conversion import adapter
from stac_ingest.outputs import OUTPUTS, kept_in_files, make_output, read_output
from stac_ingest.pipeline import run_pipeline
from stac_ingest.sharding import ShardedIngest, plan_ingest
from stac_ingest.sharding.finalize import finalize_ingest
from stac_ingest.sharding.ingest_shard import run_shard
from stac_ingest.sharding.plan import read_plan
from stac_ingest.sources.kind import KINDS
from stac_ingest.strategies import STRATEGIES

IDS = ["a", "b", "c", "d", "e"]


MODULES = ("titles_output", "backwards_strategy", "titles_source", "output_entry", "strategy_entry", "source_entry")


@pytest.fixture
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write the documented examples where an import finds them, and import their entries of the tables."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(example(f"{name}.py"))
    monkeypatch.syspath_prepend(folder)
    invalidate_caches()
    tables: list[dict[str, Any]] = [OUTPUTS, STRATEGIES, KINDS]
    before = [dict(table) for table in tables]
    for name in MODULES:
        if name.endswith("_entry"):
            import_module(name)
    yield
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def items(tmp_path: Path) -> Path:
    """Write five item files."""
    folder = tmp_path / "items"
    folder.mkdir()
    for item_id in IDS:
        (folder / f"{item_id}.json").write_text(json.dumps({"type": "Feature", "id": item_id, "properties": {}}))
    return folder


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    """Write a file of the throw-away kind."""
    path = tmp_path / "some.titles"
    path.write_text("\n".join(IDS))
    return path


def written(path: Path) -> list[str]:
    return path.read_text().split()


@pytest.mark.usefixtures("_modules")
@pytest.mark.parametrize("name", ["titles", "names"])
def test_a_new_output_is_an_output_of_the_command(items: Path, tmp_path: Path, name: str) -> None:
    """`--to` takes the name of a format that was just registered, and its alias, and writes with it."""
    out = tmp_path / "out"
    assert main([str(items), "--to", name, "--output", str(out)]) == COMPLETE
    assert sorted(written(out / "all.titles")) == IDS
    assert json.loads((out / "certificate.json").read_text())["output"]["items"] == len(IDS)


@pytest.mark.usefixtures("_modules")
async def test_a_new_output_ends_a_pipeline_and_is_read_back(items: Path, tmp_path: Path) -> None:
    """The module's items go to it by its name, and its reader finds them."""
    module = IngestModule({"mode": "file", "source": str(items)})
    result = await run_pipeline(module, [], make_output("titles", tmp_path / "out"), WorkflowContext())
    assert result.written == len(IDS)
    assert sorted(item["id"] for item in read_output("titles", tmp_path / "out")) == IDS


@pytest.mark.usefixtures("_modules")
async def test_a_new_strategy_drives_the_module(items: Path) -> None:
    """The settings take the name of a strategy that was just registered, and its driver reads the units."""
    module = IngestModule({"mode": "file", "source": str(items), "concurrency": 2, "worker_strategy": "backwards"})
    assert sorted([item["id"] async for item in module.fetch(WorkflowContext())]) == IDS
    assert module.summary.strategy == "backwards"
    assert "backwards" in adapter(IngestConfig).json_schema()["properties"]["worker_strategy"]["enum"]


@pytest.mark.usefixtures("_modules")
def test_a_new_strategy_is_a_choice_of_the_command(items: Path, tmp_path: Path) -> None:
    """`--strategy` takes its name."""
    arguments = [str(items), "--to", "ndjson", "--output", str(tmp_path / "out")]
    assert main([*arguments, "--strategy", "backwards", "--concurrency", "2"]) == COMPLETE
    assert sorted(item["id"] for item in read_output("ndjson", tmp_path / "out")) == IDS


@pytest.mark.usefixtures("_modules")
async def test_a_new_source_is_found_by_the_names_of_its_files(titles: Path) -> None:
    """The module reads a file, and a folder with one, of a kind that was just registered."""
    for path in (titles, titles.parent):
        module = IngestModule({"mode": "file", "source": str(path), "source_type": "auto"})
        assert [item["id"] async for item in module.fetch(WorkflowContext())] == IDS


@pytest.mark.usefixtures("_modules")
def test_a_new_source_has_a_section_of_the_settings(titles: Path, tmp_path: Path) -> None:
    """The command reads it with the settings that a file has for its kind."""
    path, out = tmp_path / "settings.yaml", tmp_path / "out"
    path.write_text(yaml.safe_dump({"titles": {"max_items": 3}, "json_files": {"concurrency": 5}}))
    assert main([str(titles), "--config", str(path), "--to", "ndjson", "--output", str(out)]) == COMPLETE
    assert [item["id"] for item in read_output("ndjson", out)] == IDS[:3]


@pytest.mark.usefixtures("_modules")
def test_a_new_source_is_cut_into_shards(titles: Path, tmp_path: Path) -> None:
    """Its splitter plans the shards, its pieces come back from the stored plan, and each is read by its own source."""
    settings = ShardedIngest.parse({"source": str(titles), "output": str(tmp_path / "out")})
    plan = read_plan(plan_ingest(settings).write())
    assert [shard.piece.kind for shard in plan.shards] == ["titles", "titles"]
    for shard in plan.shards:
        run_shard(plan, shard.number)
    assert finalize_ingest(plan).verdict == "complete"
    assert sorted(pq.read_table(tmp_path / "out" / "items", columns=["id"])["id"].to_pylist()) == IDS


@pytest.mark.usefixtures("_modules")
def test_a_source_without_a_splitter_says_so(titles: Path, tmp_path: Path) -> None:
    """Who asks for shards of a kind that can't be cut is told how to read it."""
    KINDS["titles"] = KINDS["titles"]._replace(splitter=None)  # the fixture restores the table
    with pytest.raises(ConfigurationError, match="titles can't be cut into shards"):
        plan_ingest(ShardedIngest.parse({"source": str(titles), "output": str(tmp_path / "out")}))


@pytest.mark.parametrize("name", kept_in_files())
def test_the_table_says_what_outputs_write(items: Path, tmp_path: Path, name: str) -> None:
    """Subfolder, suffix and the file that holds everything are as in the table, and the reader gives the items."""
    output, out = OUTPUTS[name], tmp_path / "out"
    assert main([str(items), "--to", name, "--output", str(out)]) == COMPLETE
    assert sorted(item["id"] for item in read_output(name, out / output.subfolder)) == IDS
    if output.whole:
        assert (out / output.whole).is_file()


HEAVY = {"pyarrow", "aiohttp", "numpy", "pandas", "shapely"}
HELP = """
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    from stac_ingest.cli.main import main
    main(["--help"])
"""


@pytest.mark.parametrize(("what", "most"), [("import stac_ingest", 5), (HELP, 12)])
def test_little_is_loaded_before_something_is_chosen(what: str, most: int) -> None:
    """Importing the package, and asking the command for help, load neither heavy packages nor any choice's code."""
    code = f"{what}\nimport sys; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    own = {name for name in loaded if name.partition(".")[0] == "stac_ingest"}
    assert not HEAVY & loaded
    assert len(own) <= most, sorted(own)
    paths = [*(info.driver for info in STRATEGIES.values()), *(output.writer for output in OUTPUTS.values())]
    assert not {path.partition(":")[0] for path in paths} & loaded
