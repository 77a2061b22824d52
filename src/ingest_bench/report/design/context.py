"""What the design document says of results beyond what the report says: the data of its template."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingest_bench.analysis.recommendations import Mode, ModeRecommendation
from ingest_bench.analysis.speedup import median_of
from ingest_bench.analysis.usl import TooFew, Usl
from ingest_bench.arms.layouts import API
from ingest_bench.report.design.memory_model import ALONE, pool_of
from ingest_bench.report.kinds import DIRECTORY, RATE, of_kind
from ingest_bench.report.model.certainty import MODE_NAMES, how_sure, pairs_needed
from ingest_bench.report.model.columns import failures_reported, lost, repeated
from ingest_bench.report.model.ranking import usable
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.bottleneck import EVIDENCE, circumstances
from ingest_bench.report.text.overview import measured
from stac_ingest.config import IngestConfig
from stac_ingest.core.conversion import adapter
from stac_ingest.sources.kind import KINDS
from stac_ingest.strategies import STRATEGIES

WORKER_STRATEGIES = [name for name, info in STRATEGIES.items() if info.workers]
"""The designs that were proposed, simplest first."""
CONFIGURED = ("concurrency", "worker_strategy", "limit", "read_ahead", "retry", "retry_attempts", "retry_seconds")
CONSTRAINTS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
Modes = Mapping[Mode, ModeRecommendation]


def context_of(study: ReportData) -> dict[str, Any]:
    """Return what `phase2_design.md.j2` names, beside the study and the filters and constants of all templates."""
    modes, views = study.modes, {view.name: view for view in study.views}
    concurrent = {mode: each for mode, each in modes.items() if each.use and each.use.concurrency > 1}
    undecided = {mode: each.verdict for mode, each in modes.items() if each.verdict.status == "undecided"}
    pools = {mode: pool for mode, advice in modes.items() if (pool := pool_of(advice, study))}
    chosen = [(mode, *each) for mode, advice in modes.items() for each in advice.measured]
    return {
        "modes": modes,
        "concurrent": concurrent,
        "sequential": [mode for mode in modes if mode not in concurrent],
        "undecided": undecided,
        "pairs_missing": [f"{MODE_NAMES[mode]} ({pairs_needed(verdict)})" for mode, verdict in undecided.items()],
        # Only of kinds that are cut into shards there are sources so large that it matters how they are read.
        "unmeasured": [mode for mode, kind in KINDS.items() if kind.splitter is not None and mode not in modes],
        "strategies": by_strategy(concurrent),
        "all_strategies": by_strategy(modes),
        "measured": measured(study),
        "baselines": list(_baselines(study)),
        "refused": [(each.scenario.title, refusal) for each in study.scenarios for refusal in each.refused],
        "circumstances": circumstances(study, compared=False),
        "evidence": EVIDENCE,
        "fitted": [series for series in study.series if isinstance(series.fit, Usl)],
        "too_few": [each for each in study.series if isinstance(each.fit, TooFew) and len(each.fit.levels) > 1],
        "typical_noise": median_of(noise for noise, _ in study.noises),
        # Their baseline differs from itself beyond its interval.
        "loud": [view for view in study.views if view.noise and not view.noise.low <= 1 <= view.noise.high],
        "deciding_views": [views[each.name] for advice in modes.values() for each in advice.deciding],
        "pools": pools,
        "over_bound": [mode for mode, pool in pools.items() if pool.is_over],
        "tested": [each for each in chosen if each[-1].cell.standing and not each[-1].cell.is_null_cell],
        "corrupt": list(_corrupt(study)),
        # With refusals and lost items of the worst run.
        "rate_limited": [
            {
                "view": view,
                "refused": max((row.rate_limited or 0 for row in view.rows), default=0),
                "lost": max([0, *(lost(view, row) or 0 for row in usable(view))]),
            }
            for view in of_kind(study, RATE)
        ],
        "duplicates": sum(repeated(row) for view in study.views for row in usable(view)),
        "config_fields": config_fields(),
    }


def by_strategy(modes: Modes) -> dict[str, list[Mode]]:
    """Return the modes for which each strategy is recommended, simplest strategy first."""
    used = {mode: each.use.strategy for mode, each in modes.items() if each.use}
    return {name: [mode for mode in used if used[mode] == name] for name in STRATEGIES if name in used.values()}


def weigh(advice: ModeRecommendation) -> dict[str, Any]:
    """Compare the best level of each strategy of a mode with one at a time.

    Returns:
        ways: of each strategy its best level, speed-up over one at a time (None where it is that), probabilities and
            expected loss (None where it is almost surely not good enough), and the most memory, MiB. winner: a
            strategy. certainty: in words. unmeasured: strategies that could be used and have no result.

    """
    best, verdict = advice.strategies(), advice.by_strategy()
    alone = best.get(ALONE)
    ways = []
    for strategy, key in best.items():
        options, chance = advice.options[key], verdict.chances.get(key)
        way = {
            "strategy": strategy,
            "concurrency": options[0].concurrency,
            "gain": None if alone is None or key == alone else advice.versus(key, alone),
            "p_best": chance.p_best if chance else 0.0,
            "p_within_tolerance": chance.p_within_tolerance if chance else 0.0,
            "expected_loss": chance.expected_loss if chance else None,
            "memory": max(each.memory_mib or 0.0 for each in options),
        }
        ways.append(way)
    usable_here = [name for name in WORKER_STRATEGIES if advice.mode == API.name or not STRATEGIES[name].api_only]
    return {
        "ways": ways,
        "winner": advice.options[verdict.use][0].strategy if verdict.use else ALONE,
        "certainty": how_sure(verdict, {key: each[0] for key, each in advice.options.items() if key in best.values()}),
        # Only of kinds that are cut into shards there are sources so large that it matters how they are read.
        "unmeasured": [name for name in usable_here if name not in best],
    }


def config_fields() -> list[tuple[str, str, str, str]]:
    """Return the settings that drive the work: name, what it takes in words, default and meaning."""
    schema, defaults = adapter(IngestConfig).json_schema()["properties"], IngestConfig.defaults()
    return [
        (name, ", ".join(_values(schema[name])), str(defaults[name]), " ".join(schema[name]["description"].split()))
        for name in CONFIGURED
    ]


def _values(schema: dict[str, Any]) -> Iterator[str]:
    for each in schema.get("anyOf", [schema]):
        values = each.get("enum", [each["const"]] if "const" in each else [])
        yield " or ".join(f"`{value}`" for value in values) or str(each.get("type", "text"))
        yield from (f"{words} {each[name]:g}" for name, words in CONSTRAINTS.items() if name in each)


def _baselines(study: ReportData) -> Iterator[dict[str, Any]]:
    """Yield what the deciding scenarios are compared with; without a usable sample it has no rate."""
    for advice in study.modes.values():
        same_mode = [each.name for each in study.scenarios if each.mode == advice.mode]
        sizes = [row.items or 0.0 for view in study.views if view.name in same_mode for row in view.rows]
        for scenario in advice.deciding:
            samples = next(view.baseline_samples for view in study.views if view.name == scenario.name)
            yield {
                "mode": advice.mode,
                "scenario": scenario.scenario,
                "rate": median_of(sample.items / sample.wall_s for sample in samples),
                "memory": median_of(sample.peak_rss_mib for sample in samples),
                "largest": max(sizes, default=0.0),
            }


def _corrupt(study: ReportData) -> Iterator[dict[str, Any]]:
    """Yield the directories with broken files, and in how many of their cells as many are reported."""
    for view in of_kind(study, DIRECTORY):
        counts = [count for row in usable(view) if (count := failures_reported(view, row))]
        if counts:
            right = sum(reported == broken for reported, broken in counts)
            yield {"view": view, "broken": counts[0][1], "right": right, "cells": len(counts)}
