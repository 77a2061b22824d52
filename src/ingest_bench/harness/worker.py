"""One sample, in a process of its own: `python -m ingest_bench.harness.worker`, a `SampleSpec` on standard input.

Imports, set-up and the eviction of files come before the clock starts; digests and counts after it has stopped. The
result is one line of JSON on standard output.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 - `asyncio.to_thread` would import it while the clock runs
import sys
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import orjson

from ingest_bench.arms import Fetcher, arm_kind, make_fetcher
from ingest_bench.arms.base import NO_OUTPUT, Counted, Prepared, WholeProcess
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.results.digest import DigestSink
from ingest_bench.results.models import Digest
from ingest_bench.system.loaded_modules import report_at_exit
from ingest_bench.system.page_cache import cached_share, corpus_files, evict
from ingest_bench.system.process_lifetime import die_with_parent
from ingest_bench.system.resource_usage import Meter, Reading
from stac_ingest.context import WorkflowContext
from stac_ingest.errors import BudgetExhausted, IngestError, RateLimited
from stac_ingest.outputs import OUTPUTS
from stac_ingest.summary import IngestSummary

LOOKED_AT = 32
"""Files whose pages are looked up after an eviction; all of them would take longer than many a sample."""
NAMED = 1000
"""Origins of failures that are kept."""
FEW = 20
"""Modules that a note names."""
OF_THE_WORKER = ("start_rss_mib", "peak_rss_mib", "cpu_user_s", "cpu_system_s", "context_switches")
"""Of what is read in this process, what says nothing of a command's."""
UNKNOWN_OF_A_COMMAND = ("first_item_s", "read_calls", "write_calls")
"""What a command has only where its own usage says so."""
OF_AN_API: tuple[Counted, ...] = get_args(Counted)
"""What may be counted of an API."""


def timed(spec: SampleSpec) -> dict[str, Any]:
    """Run the sample against the clock and give what was measured."""
    fetcher, context, sink = _set_up(spec), WorkflowContext(), DigestSink(spec.content_class)
    notes = _empty_cache(Path(spec.evict)) if spec.evict else []
    if isinstance(fetcher, Prepared):
        asyncio.run(fetcher.prepare())
    report_at_exit("sample")
    try:
        reading, stages = asyncio.run(_run(spec, fetcher, context, sink))
    except (BudgetExhausted, RateLimited) as error:
        counts = _counts(spec, fetcher.summary)
        refused = bool(counts["rate_limited"]) or isinstance(error, RateLimited)
        return {
            "stopped": f"{type(error).__name__}: {error}",
            "requests": counts["requests"],
            "refused": refused,
        }
    measured, late = asdict(reading), reading.imported
    del measured["imported"]
    if isinstance(fetcher, WholeProcess):
        measured |= {**dict.fromkeys(OF_THE_WORKER, 0), **dict.fromkeys(UNKNOWN_OF_A_COMMAND), **fetcher.usage}
    elif late:
        notes.append(f"imported while the clock ran: {_named(late)}")
    digest, failures = _delivered(spec, sink), context.failure_collector.get_all()
    return {
        **measured,
        **_counts(spec, fetcher.summary),
        "failures": len(failures),
        "failed": sorted(str(failure.item_id) for failure in failures)[:NAMED],
        "items": digest.count if arm_kind(spec.arm.fetcher).delivers else fetcher.summary.items,
        "digest": digest.model_dump(),
        "stages": stages,
        "notes": [*notes, *fetcher.summary.notes],
    }


def traced(spec: SampleSpec, limit: int) -> dict[str, Any]:
    """Run the first items while Python's memory is traced, without a clock."""
    whole = _set_up(spec)
    if isinstance(whole, Prepared):
        asyncio.run(whole.prepare())
    report_at_exit("sample")
    fetcher, context, sink = FirstItems(whole, limit), WorkflowContext(), DigestSink(spec.content_class)
    tracemalloc.start()
    asyncio.run(_run(spec, fetcher, context, sink))
    _, peak = tracemalloc.get_traced_memory()
    return {"items": fetcher.taken, "peak_mib": peak / (1 << 20)}


class FirstItems:
    """A fetcher that ends after so many items."""

    def __init__(self, fetcher: Fetcher, limit: int) -> None:
        self._fetcher = fetcher
        self._limit = limit
        self.taken = 0

    @property
    def summary(self) -> IngestSummary:
        """What the fetcher has counted."""
        return self._fetcher.summary

    async def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:
        """Yield the first items."""
        async with aclosing(self._fetcher.fetch(context)) as items:  # type: ignore[type-var] # fetchers are async generators
            async for item in items:
                self.taken += 1
                yield item
                if self.taken == self._limit:
                    return


def _set_up(spec: SampleSpec) -> Fetcher:
    if spec.output:
        # What is imported when the first items are written must not be while the clock runs.
        late = () if spec.output == NO_OUTPUT else OUTPUTS[spec.output].modules
        for name in ("ingest_bench.harness.pipeline_sample", *late):
            import_module(name)
    fetcher = make_fetcher(spec.arm)
    if isinstance(fetcher, WholeProcess):
        rehearses = spec.tracemalloc_items is not None
        fetcher.place(Path(spec.scratch or ""), rehearses=rehearses, moment=spec.moment)
    return fetcher


async def _run(
    spec: SampleSpec, fetcher: Fetcher, context: WorkflowContext, sink: DigestSink
) -> tuple[Reading, dict[str, float]]:
    if spec.output is None:
        return await _ingest(fetcher, context, sink), {}
    from ingest_bench.harness.pipeline_sample import deliver  # noqa: PLC0415 - a sample without an output does without it

    return await deliver(fetcher, context, spec.output, Path(spec.scratch or ""), sink)


async def _ingest(fetcher: Fetcher, context: WorkflowContext, sink: DigestSink) -> Reading:
    add = sink.add
    meter = Meter()
    async with aclosing(fetcher.fetch(context)) as items:  # type: ignore[type-var] # fetchers are async generators
        async for item in items:
            meter.first_item()
            add(item)
            break
        async for item in items:
            add(item)
    return meter.stop()


def _delivered(spec: SampleSpec, sink: DigestSink) -> Digest:
    if spec.output in (None, NO_OUTPUT):
        return sink.result()
    from ingest_bench.harness.pipeline_sample import read_back  # noqa: PLC0415 - a sample without an output does without it

    return read_back(spec.output, Path(spec.scratch or ""), sink)


def _named(modules: tuple[str, ...]) -> str:
    """List the first few of them."""
    more = len(modules) - FEW
    return ", ".join(modules[:FEW]) + (f" and {more} more" if more > 0 else "")


def _empty_cache(root: Path) -> list[str]:
    files = corpus_files(root)
    evict(files)
    share = cached_share(files[:: max(1, len(files) // LOOKED_AT)])
    return [f"{share:.1%} of the pages were still in memory"] if share else []


def _counts(spec: SampleSpec, summary: IngestSummary) -> dict[str, Any]:
    """Give what the fetcher counted; what it doesn't count is left out, not taken for nothing."""
    counted = arm_kind(spec.arm.fetcher).counts if spec.arm.lies.network else ()
    return {
        "duplicates": summary.left_out,
        "bytes_read": summary.bytes_read or None,
        **{name: getattr(summary, name) if name in counted else None for name in OF_AN_API},
    }


def main() -> None:
    """Do what standard input says."""
    spec = SampleSpec.from_json(sys.stdin.buffer.read())
    die_with_parent(spec.parent)
    try:
        result = timed(spec) if spec.tracemalloc_items is None else traced(spec, spec.tracemalloc_items)
    except IngestError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    sys.stdout.buffer.write(orjson.dumps(result) + b"\n")


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":  # a worker that was spawned: it imports what its sample's process ran as main
    report_at_exit("worker")
