"""The mixed workload: ingest, a small update of each item, output; and what was written, read back.

The update marks each item. Reading back takes the mark away again, so what was written can be compared with the corpus
itself; an item without it keeps a remark instead, and so differs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ingest_bench.arms import Fetcher
from ingest_bench.arms.base import NO_OUTPUT
from ingest_bench.results.digest import DigestSink
from ingest_bench.results.models import Digest
from ingest_bench.system.resource_usage import Meter, Reading
from stac_ingest.context import WorkflowContext
from stac_ingest.outputs import make_output, read_output
from stac_ingest.pipeline import Modifier, run_pipeline
from stac_ingest.transforms import UpdateItems

MARK, MARKED = "bench:transformed", "yes"


@runtime_checkable
class SelfWritingFetcher(Protocol):
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
    if isinstance(fetcher, SelfWritingFetcher):
        meter = Meter()
        await fetcher.deliver(modifiers, folder)
        return meter.stop(), {}
    bundler = NoOutput(sink) if output == NO_OUTPUT else make_output(output, folder)
    meter = Meter()
    result = await run_pipeline(fetcher, modifiers, bundler, context)
    return meter.stop(), asdict(result.stages)


class NoOutput:
    """An output that writes nothing; it only digests what it would have written."""

    def __init__(self, sink: DigestSink) -> None:
        self._sink = sink

    async def bundle(self, item: dict[str, Any], _context: WorkflowContext) -> None:
        """Take one item."""
        self._sink.add(_unmarked(item))

    async def finalize(self, _context: WorkflowContext) -> dict[str, Any]:
        """Say that nothing was written."""
        return {}


def read_back(output: str, folder: Path, sink: DigestSink) -> Digest:
    """Return the digest of the items that an output has written."""
    for item in written(output, folder):
        sink.add(_unmarked(item))
    return sink.result()


def written(output: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Return the items of an output's folder, as they were written."""
    # What writes by itself does so below `items/`.
    return read_output(output, folder / "items" if (folder / "items").is_dir() else folder)


def _unmarked(item: dict[str, Any]) -> dict[str, Any]:
    if item["properties"].pop(MARK, None) != MARKED:
        item["properties"][MARK] = "missing"
    return item
