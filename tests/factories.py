"""What many tests begin with: small configurations, and results that nobody measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingest_bench.analysis.speedup import speed_up
from ingest_bench.results.digest import Reference, Tally
from ingest_bench.results.models import Cell, Digest, Environment, Load, Parity, Sample, Trace

QUEUE: dict[str, Any] = {"worker_strategy": "queue"}
"""Settings of an arm."""
MACHINE = Environment(
    host="bench-1",
    cpu_model="Example CPU @ 2.10GHz",
    cores=2,
    governor=None,
    memory_gib=24.0,
    container=None,
    cpu_limit=None,
    memory_limit_gib=None,
    kernel="6.1.0",
    python="3.11.9",
    packages={"aiohttp": "3.10.1", "orjson": "3.10.7", "stac-ingest-bench": "0.1.0"},
    commit="0123456789abcdef",
    filesystem="ext4",
)
LOAD = Load(load_1m=0.1, steal_s=0.0)


def arm(*levels: int, **more: Any) -> dict[str, Any]:
    """Return an arm at these levels of concurrency; at 1 without any."""
    return {"concurrency": list(levels or [1]), **more}


def scenario(corpus: str = "files", arms: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a scenario whose baseline is its first arm, where nothing else is said; without arms, one at a time."""
    arms = arms or {"sequential": arm()}
    return {"corpus": corpus, "baseline": {"arm": next(iter(arms))}, "arms": arms, **more}


def matrix(corpora: dict[str, tuple[str, int] | dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a configuration.

    Args:
        corpora: by name; as kind and number of items, or in full.
        more: scenarios, by name; their title and group are that name where nothing else is said. Everything that is no
            scenario is a setting of the configuration.

    """
    scenarios = {name: block for name, block in more.items() if isinstance(block, dict) and "arms" in block}
    return {
        **{name: value for name, value in more.items() if name not in scenarios},
        "corpora": {
            name: dict(zip(("kind", "items"), corpus, strict=True)) if isinstance(corpus, tuple) else corpus
            for name, corpus in corpora.items()
        },
        "scenarios": {
            name: {"title": name.replace("_", " ").capitalize(), "group": name, **block}
            for name, block in scenarios.items()
        },
    }


def tools(**tasks: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """Return a configuration in which two commands, `stac_ingest` and `rustac`, do tasks.

    Args:
        tasks: by the name of the scenario: what it does, the corpus that it reads (`files`, `table` or `api`), and what
            else it has.

    """
    arms = {
        name: arm(fetcher="command", label=label, settings={"command": line, "writes": "ndjson"})
        for name, label, line in (
            ("stac_ingest", "stac-ingest", "{python} -m stac_ingest {source} --output {output}"),
            ("rustac", "rustac translate", "rustac translate {source} {output}"),
        )
    }
    return matrix(
        {
            "files": ("item_files", 10_000),
            "table": {"kind": "geoparquet", "items": 10_000, "files": 1},
            "api": ("api", 10_000),
        },
        **{
            name: scenario(corpus, arms, group="commands", task=task, **more)
            for name, (task, corpus, more) in tasks.items()
        },
    )


def reference(items: Iterable[dict[str, Any]]) -> Reference:
    """Digest items, with the content of each class apart."""
    tally = Tally()
    for item in items:
        tally.add(item)
    return tally.reference()


def fake_sample(role: str, pair: int, wall_s: float, **changes: Any) -> Sample:
    """Return a sample. Nothing is validated, since thousands are made."""
    items = changes.get("items", 1000)
    digest = Digest(count=items, ids="0", content="0")
    given = {"role": role, "pair": pair, "wall_s": wall_s, "items": items, "digest": digest, **changes}
    return _SAMPLE.model_copy(update=given)


_SAMPLE = Sample.model_construct(
    started_at=1.0,
    cpu_user_s=0.0,
    cpu_system_s=0.0,
    peak_rss_mib=50.0,
    start_rss_mib=40.0,
    first_item_s=None,
    failures=0,
)
"""What all have in common: a copy costs a tenth of a sample made anew, whose defaults pydantic looks up each time."""


def fake_pairs(ratios: Iterable[float], **changes: Any) -> list[Sample]:
    """Return the samples of pairs with these speed-ups, baselines of a second."""
    sides = [
        (role, pair, wall)
        for pair, ratio in enumerate(ratios)
        for role, wall in (("baseline", 1.0), ("candidate", 1 / ratio))
    ]
    return [fake_sample(role, pair, wall, **changes) for role, pair, wall in sides]


def fake_cell(
    scenario_name: str, arm_name: str, samples: list[Sample], ratios: Iterable[float], **changes: Any
) -> Cell:
    """Return a cell with these samples and speed-ups. Nothing is validated, since thousands are made."""
    given: dict[str, Any] = {
        "identity": "0",
        "scenario": scenario_name,
        "group": "files",
        "arm": arm_name,
        "label": arm_name.replace("_", " "),
        "concurrency": 1,
        "is_null_cell": False,
        "cache": "warm",
        "corpus": "files",
        "settings": {},
        "baseline": {},
        "samples": samples,
        "speedup": speed_up(list(ratios), 0.95),
        "stop_reason": "time_limit",
        "parity": Parity(ok=True),
        "baseline_parity": Parity(ok=True),
        "trace": Trace(items=0, peak_mib=None),
        "environment": MACHINE,
        "load_before": LOAD,
        "load_after": LOAD,
        "started_at": 1.0,
        "ended_at": 2.0,
    }
    return Cell.model_construct(**{**given, **changes})
