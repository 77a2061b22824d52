"""What a process of the command loads and sets up before it does its work: nothing that its run doesn't need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from ingest_bench.simulator.pytest_plugin import StartServer

HEAVY = {"aiohttp", "duckdb", "numpy", "pandas", "pyarrow", "pydantic", "pydantic_core", "shapely", "yaml"}
ITEM = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
    "bbox": [1.0, 2.0, 1.0, 2.0],
    "properties": {"datetime": "2024-05-01T00:00:00Z"},
    "links": [],
    "assets": {},
}
TABLE_ROW = {"id": "a", "collection": "c", "geometry": None, "links": [], "flag": True, "n": [1.5]}
SET = {
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "OPENBLAS_NUM_THREADS": "1",
    **({"ARROW_DEFAULT_MEMORY_POOL": "system"} if sys.platform == "linux" else {}),
}
"""Variables of the environment that the command sets."""
RUN = (
    f"names = {list(SET)}"
    """
import atexit, gc, json, os, sys

def tell():
    gc.unfreeze()
    contexts = [each for each in gc.get_objects() if type(each).__name__ == "SSLContext"]
    environment = {name: os.environ.get(name) for name in names}
    print(json.dumps([sorted(sys.modules), gc.isenabled(), len(contexts), environment]))

atexit.register(tell)
from stac_ingest.__main__ import main
"""
)


class Started(NamedTuple):
    """What a process was like at its end."""

    modules: set[str]
    collects: bool
    contexts: int
    environment: dict[str, str | None]

    @property
    def own(self) -> set[str]:
        """Modules of the package."""
        return {name for name in self.modules if name.partition(".")[0] == "stac_ingest"}

    @property
    def heavy(self) -> set[str]:
        """Packages that take long to import."""
        return HEAVY & self.modules


def start(*arguments: str, main: str = "sys.exit(main())", **variables: str) -> Started:
    """Run the command's entry point in a process, and return what that was like."""
    environment = {name: value for name, value in os.environ.items() if name not in SET}
    command = [sys.executable, "-c", f"{RUN}{main}", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment | variables)
    modules, collects, contexts, found = json.loads(ended.stdout.splitlines()[-1])
    return Started(set(modules), collects, contexts, found)


@pytest.fixture(params=["a file", "a folder", "lines"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Write an item as a file, in a folder of its own, and as a line."""
    path = tmp_path / "in" / ("items.ndjson" if request.param == "lines" else "a.json")
    path.parent.mkdir()
    path.write_text(json.dumps(ITEM) + "\n")
    return path.parent if request.param == "a folder" else path


def test_help_loads_nothing_that_a_run_needs() -> None:
    """Who asks for help waits for no settings model, no event loop and no source or output."""
    started = start("--help")
    assert not (HEAVY | {"asyncio"}) & started.modules
    assert len(started.modules) <= 115, len(started.modules)
    assert len(started.own) <= 12, sorted(started.own)


def test_one_item_to_ndjson_loads_little(source: Path, tmp_path: Path) -> None:
    """Neither Arrow nor anything for a network is loaded or set up for a run from a file to a file."""
    started = start(str(source), "--to", "ndjson", "--output", str(tmp_path / "out"))
    assert (tmp_path / "out" / "items.ndjson").read_text().count("\n") == 1
    assert not started.heavy
    assert not started.contexts
    assert not {name for name in started.own if name.startswith(("stac_ingest.api", "stac_ingest.sharding"))}
    assert len(started.modules) <= 365, len(started.modules)
    assert len(started.own) <= 75, sorted(started.own)


def test_geoparquet_needs_arrow_and_no_pandas(tmp_path: Path) -> None:
    """Columns of a usual footprint are written by Arrow, which brings NumPy and nothing heavier."""
    (tmp_path / "a.json").write_text(json.dumps(ITEM))
    started = start(str(tmp_path / "a.json"), "--to", "geoparquet", "--output", str(tmp_path / "out"))
    assert started.heavy == {"numpy", "pyarrow"}
    assert not started.contexts
    assert len(started.modules) <= 560, len(started.modules)


def test_the_process_of_a_run_collects_garbage(tmp_path: Path) -> None:
    """The collector stands still while modules are imported, not while items flow."""
    (tmp_path / "a.json").write_text(json.dumps(ITEM))
    started = start(str(tmp_path / "a.json"), "--to", "ndjson", "--output", str(tmp_path / "out"))
    assert started.collects
    assert started.environment == SET


def test_what_the_user_has_set_stays() -> None:
    """Variables of the environment are set only where they are not."""
    wanted: dict[str, Any] = {**SET, "PYDANTIC_DISABLE_PLUGINS": "other", "OPENBLAS_NUM_THREADS": "2"}
    if sys.platform == "linux":
        wanted["ARROW_DEFAULT_MEMORY_POOL"] = "mimalloc"
    assert start("--help", **wanted).environment == wanted


def test_an_import_changes_nothing_of_the_process() -> None:
    """Only the command's own process is set up for it: who imports the entry point keeps collector and environment."""
    started = start(main="")
    assert started.collects
    assert set(started.environment.values()) == {None}


def test_a_table_becomes_lines_without_pandas(tmp_path: Path) -> None:
    """Columns are written as text by Arrow and numpy: pandas, which both ways of Arrow lead to, is never imported."""
    path = tmp_path / "in.parquet"
    pq.write_table(pa.Table.from_pylist([TABLE_ROW]), path)
    started = start(str(path), "--to", "ndjson", "--output", str(tmp_path / "out"))
    assert json.loads((tmp_path / "out" / "items.ndjson").read_bytes())["properties"] == {"flag": True, "n": [1.5]}
    assert "pyarrow" in started.heavy
    assert not {"pandas", "pydantic"} & started.heavy


def test_settings_of_a_file_and_transforms_are_read_without_pydantic(tmp_path: Path) -> None:
    """A file of settings costs what reads it; the checks of them, and of what is done to items, need no library."""
    (tmp_path / "a.json").write_text(json.dumps(ITEM))
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "datetime: 2024\nquery: {n: {gt: 1}}\nhrefs: absolute\ntransforms: {set_properties: {x: 2024-05-01}}\n"
    )
    options = ["--config", str(settings), "--where", "x = '2024-05-01'", "--rename-property", "x=y"]
    started = start(str(tmp_path / "a.json"), *options, "--to", "ndjson", "--output", str(tmp_path / "out"))
    assert started.heavy == {"yaml"}


def test_a_wrong_setting_is_explained_by_pydantic(tmp_path: Path) -> None:
    """What has to be put into words is worth its import, which the other tests would not see if it were never made."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("limit: 0\n")
    main = "main()"
    started = start("x", "--config", str(settings), "--to", "ndjson", "--output", str(tmp_path / "out"), main=main)
    assert started.heavy == {"pydantic", "pydantic_core", "yaml"}


def test_an_api_is_read_without_pydantic(stac_server: StartServer, tmp_path: Path) -> None:
    """Pages of a server become lines with nothing heavier than the HTTP client."""
    options = ["--collection", "sentinel-2-l2a", "--concurrency", "auto", "--to", "ndjson", "--output", str(tmp_path)]
    started = start(stac_server(items=20).url, *options)
    assert (tmp_path / "items.ndjson").read_text().count("\n") == 20
    assert started.heavy == {"aiohttp"}
