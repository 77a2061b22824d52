"""The architecture of what was decided: its parts, its queues, what they hold, and its settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest_bench.advice.scenarios import Mode
from ingest_bench.arms.layouts import API
from ingest_bench.design.pool import Pool, pool_of
from ingest_bench.design.recommended import recommended_yaml
from ingest_bench.design.story import Story, points, prose, section, table
from ingest_bench.reporting.what_to_do import MODE_NAMES
from ingest_bench.reporting.wording import NOTHING, listed
from stac_ingest.config import IngestConfig

FLOW = """```
source --units--> {driver} --batches of raw bytes--> bounded stream --> consumer: decode, count, yield --> output
                       ^                                    |
                       +------- back-pressure: a full stream stops the reading
```"""
DRIVERS = {"sequential": "one loop", "semaphore": "a task a unit", "queue": "worker pool", "time_chunks": "worker pool"}
PARTS = {
    "sequential": "**No pool.** Units are read one after another in the consumer's own task: nothing waits, nothing is "
    "handed over, and the order of items is the order of the source",
    "semaphore": "**A task for each unit.** A task starts when the semaphore has a place free, reads its unit, and "
    "frees the place; units are listed no faster than places become free, so tasks never pile up",
    "queue": "**Worker pool.** A feeder puts units into a queue that holds as many as there are workers; each worker "
    "takes the next, reads it, and puts its batches into the stream",
    "time_chunks": "**Time chunks.** The API source splits the search by time into a unit for each worker, where the "
    "server counts what it has; a worker that is done takes over the far end of what another has before it",
}
CONFIGURED = ("concurrency", "worker_strategy", "limit", "read_ahead", "retry", "retry_attempts", "retry_seconds")
CONSTRAINTS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def architecture(story: Story) -> str:
    """Describe what is to be built, with the sizes of its queues and the bounds of its memory."""
    driver = story.strategies[-1] if story.strategies else "sequential"
    pools = {mode: pool for mode, advice in story.modes.items() if (pool := pool_of(story, advice))}
    return section(
        f"Architecture of {'the worker pool' if driver != 'sequential' else 'the ingest'}",
        [
            prose("Every mode goes the same way; what differs is how units of work are driven."),
            FLOW.format(driver=DRIVERS[driver]),
            points([f"{PARTS[name]}: for {listed(modes)}." for name, modes in _by_strategy(story).items()]),
            *_common(story),
            *_queues(story, pools),
        ],
    )


def configuration(story: Story) -> str:
    """Give the settings as the models define them, and what to put into them."""
    facts = story.facts
    schema = IngestConfig.model_json_schema()["properties"]
    rows = []
    for name in CONFIGURED:
        field = IngestConfig.model_fields[name]
        kind = facts.kept(", ".join(_values(schema[name])))
        rows.append([f"`{name}`", kind, facts.kept(f"`{field.default}`"), facts.kept(field.description or "")])
    yaml = facts.kept(recommended_yaml(story.modes, story.scenarios))
    return section(
        "Configuration schema",
        [
            prose(
                "The settings of `IngestConfig` that drive the work. The defaults do what the module does without them."
            ),
            table(["Setting", "Takes", "Default", "Meaning"], rows, words=4),
            prose("`recommended_ingest.yaml`, which the command takes with `--config`, as this run has made it:"),
            f"```yaml\n{yaml}```",
        ],
    )


def _by_strategy(story: Story) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mode, advice in story.modes.items():
        if advice.use:
            found.setdefault(advice.use.strategy, []).append(MODE_NAMES[mode])
    return {name: found[name] for name in PARTS if name in found}


def _common(story: Story) -> Iterator[str]:
    parts = [
        (
            "**Raw bytes travel.** A batch is bytes and where they came from; the consumer decodes it, so parsed items "
            "never wait in a queue."
        ),
        (
            "**One error ends a run, a bad item doesn't.** The error of a unit cancels the others and is raised as it "
            "is; what concerns one file, page or item is collected."
        ),
        (
            "**Closing ends everything.** When the consumer leaves, every task and request under way is cancelled and "
            "waited for."
        ),
    ]
    if API.name in story.modes:
        parts.append(
            "**One gate for a host.** All requests pass it: the limit of requests in flight, the budget, and the pause "
            "that a server asks for hold for all workers together."
        )
    yield points(parts)


def _queues(story: Story, pools: dict[Mode, Pool]) -> Iterator[str]:
    facts = story.facts
    rows = []
    for mode, pool in pools.items():
        several = pool.workers > 1
        extra = pool.peak_mb - pool.alone_mb if several and pool.peak_mb and pool.alone_mb else None
        rows.append(
            [
                MODE_NAMES[mode],
                facts.whole(pool.workers),
                facts.whole(pool.workers) if several else NOTHING,
                facts.whole(pool.workers) if several else NOTHING,
                facts.whole(pool.batches),
                f"{facts.whole(pool.batch_items)} {pool.batch}",
                facts.number(pool.batch_mb),
                facts.number(pool.bound_mb),
                facts.whole(pool.peak_mb),
                facts.whole(extra),
            ]
        )
    yield prose(
        "**Queue sizes and memory bounds.** The queue of units and the stream of batches each hold as many as there "
        "are workers, and each worker has one batch in hand. What they hold together is the bound on what concurrency "
        "adds before decoding; the peak is the whole process as measured, and beside it what it has over one at a time."
    )
    titles = ["Mode", "Workers", "Units queued", "Batches waiting", "Batches at most", "A batch", "Batch (MB)"]
    yield table([*titles, "Bound (MB)", "Measured peak (MB)", "Over one at a time (MB)"], rows)
    over = [
        MODE_NAMES[mode]
        for mode, pool in pools.items()
        if pool.workers > 1
        and pool.bound_mb is not None
        and pool.peak_mb
        and pool.alone_mb
        and pool.peak_mb - pool.alone_mb > pool.bound_mb
    ]
    if over:
        yield prose(
            f"For {listed(over)} the measured difference is above the bound: decoders, buffers of connections and "
            "threads come on top of what the queues hold, and have to be planned for."
        )


def _values(schema: dict[str, Any]) -> Iterator[str]:
    choices = schema.get("anyOf")
    for each in choices if isinstance(choices, list) else [schema]:
        if "enum" in each:
            yield " or ".join(f"`{value}`" for value in each["enum"])
        elif "const" in each:
            yield f"`{each['const']}`"
        else:
            yield str(each.get("type", "text"))
        for name, words in {
            "minimum": "ge",
            "exclusiveMinimum": "gt",
            "maximum": "le",
            "exclusiveMaximum": "lt",
        }.items():
            if name in each:
                yield f"{CONSTRAINTS[words]} {each[name]:g}"
