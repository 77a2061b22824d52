"""The architecture of what was decided: its parts, its queues, what they hold, and its settings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ingest_bench.analysis.by_scenario import Mode
from ingest_bench.arms.layouts import API
from ingest_bench.report.design.context import Story, points, prose, section, table
from ingest_bench.report.design.memory_model import Pool, pool_of
from ingest_bench.report.design.recommended_yaml import recommended_yaml
from ingest_bench.report.formatting import NOTHING, listed, number, sentence, whole
from ingest_bench.report.model.certainty import MODE_NAMES
from stac_ingest.config import IngestConfig
from stac_ingest.strategies import STRATEGIES

FLOW = """```
source --units--> {driver} --batches of raw bytes--> bounded stream --> consumer: decode, count, yield --> output
                       ^                                    |
                       +------- back-pressure: a full stream stops the reading
```"""
CONFIGURED = ("concurrency", "worker_strategy", "limit", "read_ahead", "retry", "retry_attempts", "retry_seconds")
CONSTRAINTS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def architecture(story: Story) -> str:
    """Describe what is to be built, with the sizes of its queues and the bounds of its memory."""
    driver = story.strategies[-1] if story.strategies else "sequential"
    pools = {mode: pool for mode, advice in story.modes.items() if (pool := pool_of(story, advice))}
    return section(
        f"Architecture of {'the worker pool' if driver != 'sequential' else 'the ingest'}",
        [
            prose("Every mode goes the same way; what differs is how units of work are driven."),
            FLOW.format(driver=STRATEGIES[driver].label),
            points(
                [
                    f"**{sentence(STRATEGIES[name].label)}**, for {listed(modes)}: {STRATEGIES[name].description}."
                    for name, modes in _by_strategy(story).items()
                ]
            ),
            *_common(story),
            *_queues(pools),
        ],
    )


def configuration(story: Story) -> str:
    """Give the settings as the models define them, and what to put into them."""
    schema = IngestConfig.model_json_schema()["properties"]
    rows = []
    for name in CONFIGURED:
        field = IngestConfig.model_fields[name]
        kind = ", ".join(_values(schema[name]))
        rows.append([f"`{name}`", kind, f"`{field.default}`", field.description or ""])
    yaml = recommended_yaml(story.modes, story.study.scenarios)
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
    return {name: found[name] for name in STRATEGIES if name in found}


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


def _queues(pools: dict[Mode, Pool]) -> Iterator[str]:
    rows = [
        [
            MODE_NAMES[mode],
            whole(pool.workers),
            *[whole(pool.workers) if pool.workers > 1 else NOTHING] * 2,
            whole(pool.batches),
            f"{whole(pool.batch_items)} {pool.batch}",
            number(pool.batch_mib),
            number(pool.bound_mib),
            whole(pool.peak_mib),
            whole(pool.extra_mib),
        ]
        for mode, pool in pools.items()
    ]
    yield prose(
        "**Queue sizes and memory bounds.** The queue of units and the stream of batches each hold as many as there "
        "are workers, and each worker has one batch in hand. What they hold together is the bound on what concurrency "
        "adds before decoding; the peak is the whole process as measured, and beside it what it has over one at a time."
    )
    titles = ["Mode", "Workers", "Units queued", "Batches waiting", "Batches at most", "A batch", "Batch (MiB)"]
    yield table([*titles, "Bound (MiB)", "Measured peak (MiB)", "Over one at a time (MiB)"], rows)
    over = [MODE_NAMES[mode] for mode, pool in pools.items() if (pool.extra_mib or 0.0) > (pool.bound_mib or math.inf)]
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
        yield from (f"{words} {each[name]:g}" for name, words in CONSTRAINTS.items() if name in each)
