"""The forms of a file of lines: as they are, packed, in a FeatureCollection; each is gone on with where it ended."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.checkpoints.journal import Journal
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.outputs import OUTPUTS, make_output, read_output

NAMES = ["ndjson", "ndjson.gz", "ndjson.zst", "featurecollection"]
PACKED = NAMES[1:3]

names = pytest.mark.parametrize("name", NAMES)


def item(number: int) -> dict[str, Any]:
    return {"type": "Feature", "id": f"i{number}", "collection": "c", "geometry": None, "properties": {"text": "a\nb"}}


async def write(name: str, folder: Path, items: Iterable[dict[str, Any]], *, ends: bool = True) -> None:
    """Write items, two a batch, to the end or as far as a run that is killed behind a batch."""
    journal = Journal(name, "c", folder / "journal", resume=True)
    output: Any = make_output(name, folder)
    output._batch_items = 2
    context: Any = SimpleNamespace(checkpoints=journal, failure_collector=None)
    try:
        await output.start(context)
        for one in items:
            if not journal.is_completed(one["id"], "c"):
                await output.bundle(one, context)
        if ends:
            await output.finalize(context)
    finally:
        await output.close()
        journal.close()


def ids(name: str, folder: Path) -> list[str]:
    return [found["id"] for found in read_output(name, folder)]


@names
@pytest.mark.parametrize("count", [0, 1, 5])
async def test_a_file_is_whole_under_its_name_alone(tmp_path: Path, name: str, count: int) -> None:
    """Until the end its name says that it is a part; then our reader gives the items in their order."""
    items = list(map(item, range(count)))
    whole = tmp_path / str(OUTPUTS[name].whole)
    await write(name, tmp_path, items, ends=False)
    assert not whole.exists()
    assert whole.with_name(f"{whole.name}.part").exists()
    await write(name, tmp_path, items)
    assert list(read_output(name, tmp_path)) == items
    assert not whole.with_name(f"{whole.name}.part").exists()


@names
@settings(max_examples=10, deadline=None)  # each waits for the disk
@given(marked=st.integers(1, 3), more=st.integers(0, 400), garbage=st.binary(max_size=20), ends=st.booleans())
def test_a_file_is_gone_on_with_wherever_it_was_cut(
    name: str, marked: int, more: int, garbage: bytes, ends: bool
) -> None:
    """A kill leaves any part of what wasn't promised, or a tail that is none: in the end each item is there once."""
    items = list(map(item, range(10)))
    with TemporaryDirectory() as place:
        folder = Path(place)
        part = folder / f"{OUTPUTS[name].whole}.part"
        asyncio.run(write(name, folder, items[: 2 * marked], ends=False))
        promised = part.stat().st_size
        records = journal_of(folder)
        asyncio.run(write(name, folder, items, ends=ends))
        left = part if part.exists() else part.with_suffix("")
        left.rename(part)
        data = part.read_bytes()
        part.write_bytes(data[: promised + more] + (garbage if promised + more < len(data) else b""))
        records.restore()
        asyncio.run(write(name, folder, items))
        assert sorted(ids(name, folder)) == sorted(found["id"] for found in items)


class _Records:
    def __init__(self, path: Path) -> None:
        self._path, self._content = path, path.read_bytes()

    def restore(self) -> None:
        self._path.write_bytes(self._content)


def journal_of(folder: Path) -> _Records:
    return _Records(next((folder / "journal").rglob("*.journal")))


@names
async def test_a_finished_file_is_added_to(tmp_path: Path, name: str) -> None:
    """A run that brings what failed before adds to the file, which is one again."""
    await write(name, tmp_path, [item(0), item(1)])
    await write(name, tmp_path, [item(0), item(1), item(2)])
    assert ids(name, tmp_path) == ["i0", "i1", "i2"]


@names
async def test_a_file_that_lost_its_items_is_refused(tmp_path: Path, name: str) -> None:
    """Records of items that aren't there are never believed."""
    await write(name, tmp_path, [item(0), item(1)])
    (tmp_path / str(OUTPUTS[name].whole)).write_bytes(b"")
    with pytest.raises(ConfigurationError, match="not there"):
        await write(name, tmp_path, [item(2)])


@names
async def test_without_records_the_file_itself_is_asked(tmp_path: Path, name: str) -> None:
    """Where the journal is damaged, all items that the file holds are found, and none is written twice."""
    await write(name, tmp_path, list(map(item, range(7))), ends=False)
    journal = next((tmp_path / "journal").rglob("*.journal"))
    journal.write_bytes(journal.read_bytes()[:-9])
    await write(name, tmp_path, list(map(item, range(9))))
    assert ids(name, tmp_path) == [f"i{number}" for number in range(9)]


@names
async def test_our_own_source_reads_it(tmp_path: Path, name: str) -> None:
    """The module gives the items of the file as they were."""
    items = list(map(item, range(7)))
    await write(name, tmp_path, items)
    module = IngestModule({"mode": "file", "source": str(tmp_path / str(OUTPUTS[name].whole))})
    assert [found async for found in module.fetch(WorkflowContext())] == items


def by_command(*command: str) -> Callable[[Path], bytes]:
    return lambda path: subprocess.run([*command, str(path)], capture_output=True, check=True).stdout


def by_python(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with path.open("rb") as stream:
        return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True).read()


@pytest.mark.parametrize("name", PACKED)
async def test_other_programs_unpack_it(tmp_path: Path, name: str) -> None:
    """gzip, zstd, Python and DuckDB read all members of a file that was gone on with."""
    items = list(map(item, range(7)))
    await write(name, tmp_path, items[:3], ends=False)
    await write(name, tmp_path, items)
    path = tmp_path / str(OUTPUTS[name].whole)
    duckdb = pytest.importorskip("duckdb")
    program = {".gz": "gzip", ".zst": "zstd"}[path.suffix]
    if shutil.which(program) is None:
        pytest.skip(f"{program} isn't installed")
    for unpack in (by_command(program, "-dc"), by_python):
        assert list(map(json.loads, unpack(path).splitlines())) == items
    query = f"select id from read_json('{path}', format = 'newline_delimited')"
    assert [found for (found,) in duckdb.sql(query).fetchall()] == [one["id"] for one in items]


async def test_a_feature_collection_is_json_with_nothing_else_in_it(tmp_path: Path) -> None:
    """Any reader of JSON gives the type and the features, in their order."""
    items = list(map(item, range(5)))
    await write("featurecollection", tmp_path, items)
    found = json.loads((tmp_path / "items.geojson").read_bytes())
    assert found == {"type": "FeatureCollection", "features": items}


@pytest.mark.parametrize("name", PACKED)
async def test_a_damaged_file_is_an_error_of_the_reader(tmp_path: Path, name: str) -> None:
    """Who reads a file that was cut is told, and not given less."""
    await write(name, tmp_path, list(map(item, range(5))))
    path = tmp_path / str(OUTPUTS[name].whole)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataProcessingError, match="truncated"):
        ids(name, tmp_path)


@pytest.mark.parametrize("name", PACKED)
async def test_resuming_unpacks_only_the_end(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many members there are, those behind the records and one more are unpacked, and of the others none."""
    items = list(map(item, range(40)))
    await write(name, tmp_path, items, ends=False)
    unpacked: list[int] = []

    def counted(blocks: Sequence[bytes]) -> Iterator[bytes]:
        unpacked.append(1)
        return unpack(blocks)

    from stac_ingest.outputs import packed_lines  # noqa: PLC0415 - patched here alone

    unpack = packed_lines.unpacked_blocks
    monkeypatch.setattr(packed_lines, "unpacked_blocks", counted)
    await write(name, tmp_path, items)
    assert len(unpacked) == 1
