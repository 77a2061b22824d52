"""The mixed workload: ingest, a small update of each item, output; and what was written, read back.

The update marks each item. Reading back takes the mark away again, so what was written can be compared with the corpus
itself; an item without it keeps a remark instead, and so differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import orjson

from ingest_bench.arms import ArmSpec, Fetcher
from ingest_bench.digest import DigestSink
from ingest_bench.meter import Meter, Reading
from ingest_bench.results import Digest
from ingest_bench.sample_spec import DISCARD
from stac_ingest.context import WorkflowContext
from stac_ingest.outputs import make_output
from stac_ingest.pipeline import Modifier, run_pipeline
from stac_ingest.transforms import UpdateItems

MARK, MARKED = "bench:transformed", "yes"


@runtime_checkable
class Deliverer(Protocol):
    """A fetcher whose stages can't be taken apart: it writes, below `items/`, what it reads."""

    async def deliver(self, modifiers: Sequence[Modifier], folder: Path) -> None:
        """Read, change and write all items."""


async def deliver(
    fetcher: Fetcher, context: WorkflowContext, output: str, folder: Path, sink: DigestSink
) -> tuple[Reading, dict[str, float]]:
    """Run the stages against the clock and give what was used, and the seconds of each stage.

    What is discarded instead of written is digested by `sink` meanwhile.
    """
    modifiers = [UpdateItems({"set": {MARK: MARKED}})]
    if isinstance(fetcher, Deliverer):
        meter = Meter()
        await fetcher.deliver(modifiers, folder)
        return meter.stop(), {}
    bundler = Discard(sink) if output == DISCARD else make_output(output, folder)
    meter = Meter()
    result = await run_pipeline(fetcher, modifiers, bundler, context)
    return meter.stop(), result.stages.as_dict()


class Discard:
    """An output that writes nothing; it only digests what it would have written."""

    def __init__(self, sink: DigestSink) -> None:
        self._sink = sink

    async def bundle(self, item: dict[str, Any], _context: WorkflowContext) -> None:
        """Take one item."""
        self._sink.add(_unmarked(item))

    async def finalize(self, _context: WorkflowContext) -> dict[str, Any]:
        """Say that nothing was written."""
        return {}


async def read_back(output: str, folder: Path, sink: DigestSink) -> Digest:
    """Digest what was written."""
    if output == "geoparquet":
        from ingest_bench.arms.ingest_arm import make  # noqa: PLC0415 - it may be another arm that is measured

        parts = folder / "items" if (folder / "items").is_dir() else folder
        async for item in make(ArmSpec("ingest", "geoparquet", str(parts))).fetch(WorkflowContext()):
            sink.add(_unmarked(item))
    else:
        for text in _texts(output, folder):
            sink.add(_unmarked(orjson.loads(text)))
    return sink.result()


def _texts(output: str, folder: Path) -> Iterator[bytes]:
    if output == "items":
        for path in folder.glob("*.json"):
            yield path.read_bytes()
    else:
        for path in folder.glob("*.ndjson"):
            with path.open("rb") as stream:
                yield from stream


def _unmarked(item: dict[str, Any]) -> dict[str, Any]:
    if item["properties"].pop(MARK, None) != MARKED:
        item["properties"][MARK] = "missing"
    return item
