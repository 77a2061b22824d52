"""File mode of the module: what it takes for what, what it yields, and how it fails."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest import (
    ConfigurationError,
    DataProcessingError,
    IngestConfig,
    IngestModule,
    IngestSummary,
    WorkflowContext,
)
from stac_ingest.sources import make_source
from stac_ingest.sources.directory.file_reader import Reader
from stac_ingest.sources.directory.source import SLICE

ARMS: list[dict[str, Any]] = [
    {"concurrency": concurrency, "worker_strategy": strategy, "read_ahead": read_ahead}
    for concurrency, strategy in [(1, "semaphore"), (2, "semaphore"), (2, "queue"), (20, "semaphore"), (20, "queue")]
    for read_ahead in ("auto", True)
]


def item(name: str) -> dict[str, Any]:
    return {"type": "Feature", "stac_version": "1.1.0", "id": name, "geometry": None, "properties": {"datetime": None}}


def write(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for name in names:
        (folder / f"{name}.json").write_text(json.dumps(item(name)))
    return folder


async def ingest(source: Path, context: WorkflowContext | None = None, **settings: Any) -> list[str]:
    module = IngestModule({"mode": "file", "source": str(source), **settings})
    return [found["id"] async for found in module.fetch(context or WorkflowContext())]


BREAKAGES = {
    "truncated": b'{"id": "x", "type":',
    "empty": b"",
    "html": b"<html></html>",
    "misspelt": b'{"type": "feature", "id": "x"}',
    "no id": b'{"type": "Feature"}',
    "empty id": b'{"type": "Feature", "id": ""}',
    "half a character": b'{"type": "Feature", "id": "\\ud800"}',
    "numeric id": b'{"type": "Feature", "id": 7}',
    "latin-1": b'{"id": "\xe9"}',
    "deep": b'{"id": ' + b"[" * 1_100,
}


@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["good", *BREAKAGES]), min_size=1, max_size=200),
    arm=st.sampled_from(ARMS),
)
async def test_every_file_is_an_item_or_a_failure(kinds: list[str], arm: dict[str, Any]) -> None:
    """Good files arrive exactly once and broken ones are failures under their names, in every arm."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, kind in enumerate(kinds):
            data = BREAKAGES.get(kind) or json.dumps(item(f"i{number:03}")).encode()
            (folder / f"{number:03}.json").write_bytes(b"" if kind == "empty" else data)
        context = WorkflowContext(logger=logging.getLogger("quiet"))
        logging.getLogger("quiet").disabled = True
        good = [f"i{number:03}" for number, kind in enumerate(kinds) if kind == "good"]
        bad = [f"{number:03}.json" for number, kind in enumerate(kinds) if kind != "good"]
        module = IngestModule({"mode": "file", "source": name, **arm})
        module.set_logger(context.logger)
        got: list[str] = []
        try:
            got += [found["id"] async for found in module.fetch(context)]
        except DataProcessingError:
            assert not good
        assert sorted(got) == good
        assert sorted(failure.item_id for failure in context.failure_collector.get_all()) == bad


async def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """At concurrency 1 items come sorted by file name."""
    assert await ingest(write(tmp_path, "b", "c", "a")) == ["a", "b", "c"]


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("wanted", [1, SLICE - 1, SLICE, SLICE + 1, 500])
async def test_max_items_is_exact(tmp_path: Path, arm: dict[str, Any], wanted: int) -> None:
    """No item more than asked for is yielded, at and around the edges of a slice."""
    write(tmp_path, *(f"{number:04}" for number in range(2 * SLICE + 3)))
    assert len(await ingest(tmp_path, max_items=wanted, **arm)) == min(wanted, 2 * SLICE + 3)


async def test_a_fifo_is_refused_not_waited_for(tmp_path: Path) -> None:
    """A FIFO named like an item is a failure, and doesn't hang the run."""
    write(tmp_path, "a")
    os.mkfifo(tmp_path / "b.json")
    context = WorkflowContext()
    assert await ingest(tmp_path, context) == ["a"]
    assert [failure.item_id for failure in context.failure_collector.get_all()] == ["b.json"]


async def test_a_file_over_the_bound_costs_one_item(tmp_path: Path) -> None:
    """A file larger than `max_response_mib` is a failure; the others come."""
    write(tmp_path, "a")
    (tmp_path / "b.json").write_bytes(b'{"id": "' + b"x" * (2 << 20) + b'"}')
    context = WorkflowContext()
    assert await ingest(tmp_path, context, max_response_mib=1) == ["a"]
    (failure,) = context.failure_collector.get_all()
    assert "max_response_mib" in failure.error


async def test_large_files_come_whole(tmp_path: Path) -> None:
    """A file of many reads is put together right, also when its size is a multiple of one read's."""
    for name, size in [("a", 1 << 16), ("b", 3 << 20), ("c", (1 << 16) + 1)]:
        document = json.dumps({**item(name), "pad": ""})
        (tmp_path / f"{name}.json").write_text(json.dumps({**item(name), "pad": "x" * (size - len(document))}))
        assert (tmp_path / f"{name}.json").stat().st_size == size
    assert await ingest(tmp_path) == ["a", "b", "c"]


async def test_nan_is_taken_as_before(tmp_path: Path) -> None:
    """A file with NaN, which strict parsers refuse, still gives its item."""
    (tmp_path / "a.json").write_text('{"id": "a", "properties": {"eo:cloud_cover": NaN}}')
    assert await ingest(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("settings", "inline"),
    [
        ({"read_ahead": False}, True),
        ({"read_ahead": True}, False),
        ({"concurrency": 4, "worker_strategy": "semaphore"}, False),
        ({"concurrency": 4, "worker_strategy": "queue"}, False),
    ],
)
async def test_who_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], inline: bool
) -> None:
    """The event-loop thread reads what is in memory at concurrency 1, and never anything else."""
    write(tmp_path, *(f"{number:04}" for number in range(300)))
    readers: set[int] = set()
    read = Reader.read

    def noting(self: Reader, descriptor: int) -> bytes:
        readers.add(threading.get_ident())
        return read(self, descriptor)

    monkeypatch.setattr(Reader, "read", noting)
    module = IngestModule({"mode": "file", "source": str(tmp_path), **settings})
    with blockbuster_ctx("stac_ingest"):
        assert len([found async for found in module.fetch(WorkflowContext())]) == 300
    assert (threading.get_ident() in readers) is inline


async def test_one_file_keeps_the_loop_free(tmp_path: Path) -> None:
    """One JSON file, which may be large, is read in a thread."""
    (tmp_path / "all.geojson").write_text(json.dumps([item("a")]))
    module = IngestModule({"mode": "file", "source": str(tmp_path / "all.geojson")})
    with blockbuster_ctx("stac_ingest"):
        got = [found["id"] async for found in module.fetch(WorkflowContext())]
    assert got == ["a"]


async def test_other_tasks_get_their_turn(tmp_path: Path) -> None:
    """At concurrency 1 the loop runs other tasks at least once a slice."""
    write(tmp_path, *(f"{number:04}" for number in range(10 * SLICE)))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await ingest(tmp_path)
    task.cancel()
    assert turns >= 10


async def test_a_collection_folder_reads_its_items(tmp_path: Path) -> None:
    """A directory with collection.json is a collection: items come from items/, named by folder or by document."""
    write(tmp_path / "items", "a", "b")
    (tmp_path / "collection.json").write_text('{"type": "Collection", "id": "c"}')
    assert await ingest(tmp_path) == ["a", "b"]
    assert await ingest(tmp_path / "collection.json") == ["a", "b"]
    assert await ingest(tmp_path, source_type="collection") == ["a", "b"]


async def test_a_folder_of_items_may_be_named_like_a_document(tmp_path: Path) -> None:
    """A directory is looked into, whatever its name."""
    assert await ingest(write(tmp_path / "collection.json", "a")) == ["a"]


async def test_a_collection_without_items_or_features_is_told_by_its_document(tmp_path: Path) -> None:
    """A collection document without features, and no items/ beside it, is a wrong setting."""
    (tmp_path / "collection.json").write_text('{"type": "Collection", "id": "c"}')
    with pytest.raises(
        ConfigurationError,
        match=r"^No items/ directory found and no inline features.*collection\.json; give the folder",
    ):
        await ingest(tmp_path)


@pytest.mark.parametrize(("name", "settings"), [("a.parquet", {}), (".", {}), (".", {"format": "parquet"})])
async def test_parquet_goes_to_its_own_source(tmp_path: Path, name: str, settings: dict[str, Any]) -> None:
    """A Parquet file, a folder of nothing else, and whatever `format` says is one."""
    (tmp_path / "a.parquet").touch()
    (tmp_path / "b.geoparquet").touch()
    given = IngestConfig(mode="file", source=str(tmp_path / name), **settings)
    assert type(make_source(given, None, IngestSummary())).__name__ == "GeoParquetSource"


async def test_json_beside_parquet_has_to_be_chosen(tmp_path: Path) -> None:
    """A folder with both is refused with the names, and read once `format` says which."""
    write(tmp_path, "a")
    (tmp_path / "b.parquet").touch()
    with pytest.raises(ConfigurationError, match=r"1 of GeoParquet \(b\.parquet\) and 1 of JSON files \(a\.json\)"):
        await ingest(tmp_path)
    assert await ingest(tmp_path, format="json") == ["a"]


async def test_a_collection_without_items_gives_its_features(tmp_path: Path) -> None:
    """Without items/ the inline features of collection.json are the items."""
    (tmp_path / "collection.json").write_text(json.dumps({"type": "Collection", "features": [item("a"), item("b")]}))
    assert await ingest(tmp_path) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ({"type": "FeatureCollection", "features": [item("a"), item("b")]}, ["a", "b"]),
        ([item("a"), item("b")], ["a", "b"]),
        (item("a"), ["a"]),
        ({"type": "FeatureCollection", "features": [item("a"), {"no": "id"}, item("b")]}, ["a", "b"]),
        ({"type": "FeatureCollection", "features": None}, []),
        ({"type": "Collection", "id": "c", "features": [item("a")]}, ["a"]),
        ({**item("a"), "features": [item("b")]}, ["a"]),
        ({"id": "a", "properties": {}}, ["a"]),
        ([], []),
    ],
)
async def test_one_json_file(tmp_path: Path, content: object, ids: list[str]) -> None:
    """A file may hold a FeatureCollection, an array or an item; a bad member costs one item."""
    path = tmp_path / "some.json"
    path.write_text(json.dumps(content))
    assert await ingest(path) == ids


@pytest.mark.parametrize(
    ("make", "settings", "error", "beginning"),
    [
        (lambda path: path / "none", {}, ConfigurationError, "File not found"),
        (lambda path: path, {}, DataProcessingError, "No JSON files found"),
        (
            lambda path: path,
            {"source_type": "collection"},
            ConfigurationError,
            "No items/ directory found and no inline features",
        ),
        (
            lambda path: path,
            {"source_type": "file"},
            ConfigurationError,
            "source_type='file' specified but",
        ),
        (lambda path: path, {"format": "parquet"}, DataProcessingError, "No Parquet files found"),
        (
            lambda path: write(path, "a") / "a.json",
            {"source_type": "items_directory"},
            ConfigurationError,
            "source_type='items_directory' specified but",
        ),
    ],
)
async def test_messages_begin_as_they_always_did(
    tmp_path: Path, make: Any, settings: dict[str, Any], error: type[Exception], beginning: str
) -> None:
    """Tools match on how messages begin, so the beginnings stay."""
    with pytest.raises(error, match="^" + re.escape(beginning)):
        await ingest(make(tmp_path), **settings)


async def test_a_missing_path_is_told_at_construction(tmp_path: Path) -> None:
    """The module says at construction, not in the middle of a pipeline, that there is nothing at the path."""
    with pytest.raises(ConfigurationError, match=r"^File not found"):
        IngestModule({"mode": "file", "source": str(tmp_path / "none")})
    with pytest.raises(ConfigurationError, match=r"^File not found: .* use mode 'api'$"):
        IngestModule({"mode": "file", "source": "http://127.0.0.1:9/"})


async def test_only_broken_files_is_an_error(tmp_path: Path) -> None:
    """When every file fails, the run fails."""
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataProcessingError, match=r"1 failure, the first is a\.json: "):
        await ingest(tmp_path)


async def test_an_unreadable_document_is_an_error(tmp_path: Path) -> None:
    """A single file that isn't JSON, or holds neither items nor an item, is told by its name."""
    for text in (
        "{",
        "7",
        '{"type": "Catalog", "id": "a"}',
        '{"type": "FeatureCollection", "features": {"a": 1}, "id": "a"}',
        '{"type": "FeatureCollection", "features": 7}',
    ):
        path = tmp_path / "a.json"
        path.write_text(text)
        with pytest.raises(DataProcessingError, match=r"a\.json"):
            await ingest(path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 51}, "concurrency"),
        ({"worker_strategy": "threads"}, "worker_strategy"),
        ({"worker_strategy": "time_chunks"}, "time_chunks"),
        ({"conc": 1}, "conc"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    """A setting that isn't allowed raises a ConfigurationError that names it."""
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        IngestModule({"mode": "file", "source": str(tmp_path), **settings})


async def test_warnings_are_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred broken files give twenty-one log lines and a hundred failures."""
    write(tmp_path, "good")
    for number in range(100):
        (tmp_path / f"{number}.json").write_text("{")
    context = WorkflowContext()
    with caplog.at_level(logging.WARNING):
        assert await ingest(tmp_path, context) == ["good"]
    assert len(caplog.records) == 21
    assert len(context.failure_collector.get_all()) == 100
