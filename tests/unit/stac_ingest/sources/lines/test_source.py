"""Files of lines as a source: bounded, several spans at once, and not read twice by a resumed run."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.checkpoints.positions import SourcePositions
from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs import make_output, read_output
from stac_ingest.pipeline import run_pipeline
from stac_ingest.sources.lines import spans

ITEMS = 400


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": f"i{number:03}", "geometry": None, "properties": {"pad": "x" * 100}, **more}


@pytest.fixture
def _small_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make spans of a few items."""
    monkeypatch.setattr(spans, "SPAN", 2000)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.ndjson"
    path.parent.mkdir()
    path.write_text("".join(f"{json.dumps(item(number))}\n" for number in range(ITEMS)))
    return path


async def fetched(source: Path, **settings: Any) -> tuple[list[str], list[str]]:
    module, context = IngestModule({"mode": "file", "source": str(source), **settings}), WorkflowContext()
    ids = [found["id"] async for found in module.fetch(context)]
    return ids, [failure.item_id for failure in context.failure_collector.get_all()]


def breaks(path: Path, *numbers: int) -> None:
    """Break lines of a file."""
    text = path.read_text().splitlines()
    for number in numbers:
        text[number] = "{"
    path.write_text("\n".join(text))


def cut_off(path: Path, packed: Path) -> Path:
    """Pack a file, without its end."""
    packed.write_bytes(gzip.compress(path.read_bytes())[:-20])
    return packed


@pytest.mark.usefixtures("_small_spans")
@pytest.mark.parametrize(("concurrency", "strategy"), [(1, "semaphore"), (5, "semaphore"), (5, "queue")])
async def test_every_item_comes_once(lines: Path, concurrency: int, strategy: str) -> None:
    """However many spans are read at once; in the order of the file at a concurrency of 1."""
    ids, failures = await fetched(lines, concurrency=concurrency, worker_strategy=strategy)
    assert (ids if concurrency == 1 else sorted(ids)) == [f"i{number:03}" for number in range(ITEMS)]
    assert failures == []


@pytest.mark.usefixtures("_small_spans")
@pytest.mark.parametrize("concurrency", [1, 5])
async def test_broken_lines_are_named_by_their_numbers(lines: Path, concurrency: int) -> None:
    """In whichever span a line is, its number is that in the file."""
    breaks(lines, 0, 57, 58, 399)
    ids, failures = await fetched(lines, concurrency=concurrency)
    assert len(ids) == ITEMS - 4
    assert sorted(failures) == sorted(f"a.ndjson#{number + 1}" for number in (0, 57, 58, 399))


@pytest.mark.parametrize("packed", [False, True])
async def test_a_line_beyond_the_limit_costs_itself(tmp_path: Path, packed: bool) -> None:
    """A line of more than `max_response_mib` is a failure under its number, and those around it come."""
    long = json.dumps(item(1, pad="x" * (3 << 20)))
    text = "\n".join([json.dumps(item(0)), long, json.dumps(item(2)), "", long, json.dumps(item(3))]).encode()
    path = tmp_path / ("a.jsonl.gz" if packed else "a.jsonl")
    path.write_bytes(gzip.compress(text) if packed else text)
    ids, failures = await fetched(path, max_response_mib=1)
    assert ids == ["i000", "i002", "i003"]
    assert failures == [f"{path.name}#2", f"{path.name}#5"]


async def test_a_packed_file_that_was_cut_off_gives_what_is_whole(tmp_path: Path, lines: Path) -> None:
    """Items before the cut come, and the file is named."""
    path = cut_off(lines, tmp_path / "b.ndjson.gz")
    ids, failures = await fetched(path)
    assert ids[:3] == ["i000", "i001", "i002"]
    assert failures[-1] == "b.ndjson.gz"


async def test_a_packed_file_without_a_byte_is_a_failure(lines: Path) -> None:
    """A file of lines may be empty; one that is called packed is cut off then, and never passed over in silence."""
    for name in ("b.ndjson", "c.ndjson.gz"):
        (lines.parent / name).touch()
    ids, failures = await fetched(lines.parent)
    assert len(ids) == ITEMS
    assert failures == ["c.ndjson.gz"]


async def test_a_sequence_of_texts_is_read(tmp_path: Path) -> None:
    """Each text may have a record separator before it, and Windows' ends of lines."""
    path = tmp_path / "a.geojsonl"
    path.write_bytes(b"".join(b"\x1e%s\r\n" % json.dumps(item(number)).encode() for number in range(3)))
    assert await fetched(path) == (["i000", "i001", "i002"], [])


class Stops:
    """Ends a run after so many items, as a user would."""

    def __init__(self, after: int | None) -> None:
        self._after = after
        self._items = 0

    def modify(self, found: dict[str, Any], _: WorkflowContext) -> dict[str, Any]:
        self._items += 1
        if self._items == self._after:
            raise KeyboardInterrupt
        return found


async def part_of_a_run(source: Path, root: Path, stop_after: int | None, **settings: Any) -> int:
    """Ingest with checkpoints until so many items came, and return how many bytes were read."""
    module = IngestModule({"mode": "file", "source": str(source), **settings})
    with CheckpointManager("ndjson", "items", root / "checkpoints", resume_from_existing=True) as checkpoints:
        path = checkpoints.get_checkpoint_path().with_suffix(".positions")
        begin = SourcePositions.resume if checkpoints.completed_count else SourcePositions.begin
        context = WorkflowContext(checkpoints=checkpoints, positions=begin(path, {"source": str(source)}))
        modifier: Any = Stops(stop_after)
        output = make_output("ndjson", root / "out")
        output._batch_items = 20
        try:
            await run_pipeline(module, [modifier], output, context)
        except KeyboardInterrupt:
            await asyncio.sleep(0)
        finally:
            assert context.positions is not None
            context.positions.close()
    return module.summary.bytes_read


@pytest.mark.usefixtures("_small_spans")
@pytest.mark.parametrize("folder", [False, True])
async def test_a_resumed_run_reads_what_is_left(tmp_path: Path, lines: Path, folder: bool) -> None:
    """Spans that were written aren't read again, in a folder with other files too, and each item is there once."""
    for number in range(ITEMS, ITEMS + 100 if folder else ITEMS):
        (lines.parent / f"{number}.json").write_text(json.dumps(item(number)))
    source = lines.parent if folder else lines
    whole = sum(path.stat().st_size for path in lines.parent.iterdir())
    await part_of_a_run(source, tmp_path, 350)
    read = await part_of_a_run(source, tmp_path, None)
    assert read < whole * 0.6
    ids = [found["id"] for found in read_output("ndjson", tmp_path / "out")]
    assert sorted(ids) == [f"i{number:03}" for number in range(ITEMS + 100 * folder)]


def sequence(*items: dict[str, Any]) -> bytes:
    """Write a JSON text sequence, each record over several lines."""
    return b"".join(b"\x1e" + json.dumps(one, indent=1).encode() + b"\n" for one in items)


@pytest.mark.usefixtures("_small_spans")
@pytest.mark.parametrize(
    "name", ["a.geojsons", "a.json-seq", "a.jsonseq", "a.ndjson", "a.geojsons.gz", "a.JSONSEQ.ZST"]
)
async def test_a_text_sequence_is_read_by_its_records(tmp_path: Path, name: str) -> None:
    """Records may go over lines, whatever the file is called and however it is packed; a broken one has its number."""
    data = sequence(*map(item, range(40))) + b"\x1e{\n" + sequence(item(40))
    pack = {".gz": gzip.compress, ".zst": zstandard.compress}.get(Path(name).suffix.lower(), bytes)
    (tmp_path / name).write_bytes(pack(data))
    ids, failures = await fetched(tmp_path / name)
    assert ids == [f"i{number:03}" for number in range(41)]
    assert failures == [f"{name}#41"]


@given(
    cut=st.integers(0, 2000), packing=st.sampled_from(["", ".gz", ".zst"]), kind=st.sampled_from(["lines", "records"])
)
def test_what_is_cut_is_never_whole(cut: int, packing: str, kind: str) -> None:
    """Cut at any byte but between two items, a file gives the items before, and a failure that says truncated."""
    items = [item(number, properties={"n": number}) for number in range(5)]
    one = {"lines": lambda found: json.dumps(found).encode() + b"\n", "records": sequence}[kind]
    whole = b"".join(map(one, items))
    data = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[packing](whole)
    cut %= len(data)
    ends = {len(b"".join(map(one, items[:count]))) - spare for count in range(6) for spare in (0, 1, -1)}
    assume(packing or cut not in ends)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"a.{'ndjson' if kind == 'lines' else 'jsonseq'}{packing}")
        path.write_bytes(data[:cut])
        module, context = IngestModule({"mode": "file", "source": str(path)}), WorkflowContext()
        ids: list[str] = []

        async def read() -> None:
            ids.extend([found["id"] async for found in module.fetch(context)])

        with suppress(DataProcessingError):  # nothing could be read at all
            asyncio.run(read())
    failures = context.failure_collector.get_all()
    assert len(failures) == 1
    assert "truncated" in failures[0].error or "not gzip" in failures[0].error
    assert ids == [found["id"] for found in items[: len(ids)]]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_all_before_a_cut_is_delivered(lines: Path, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """Of a packed file that lacks its last byte all that can be unpacked comes, and one failure names the file."""
    members = [b"".join(some) for some in batched(lines.read_bytes().splitlines(keepends=True), 50)]
    cut = tmp_path / f"b.ndjson.{'gz' if pack is gzip.compress else 'zst'}"
    cut.write_bytes(b"".join(map(pack, members))[:-1])
    ids, failures = asyncio.run(fetched(cut))
    assert len(ids) == (ITEMS if pack is gzip.compress else ITEMS - 50)  # a block of Zstandard is whole or nothing
    assert failures == [cut.name]


def batched(lines: list[bytes], size: int) -> list[list[bytes]]:
    return [lines[start : start + size] for start in range(0, len(lines), size)]
