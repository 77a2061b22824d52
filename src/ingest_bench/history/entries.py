"""What is kept of a run: a row for each cell, in a file that is written once."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ingest_bench.analysis.speedup import median_of, verdict
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import recommended
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.stages import diagnosed
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.warnings import steal_share
from ingest_bench.results.history_table import HistoryRow, history_table
from ingest_bench.results.models import Results, Sample
from stac_ingest.core.atomic import write_atomically

RUNS = "history/runs"
"""Below the folder of the results: a file a run."""


def keep(results: Results, folder: Path) -> Path:
    """Append a run to the history in a folder; one that is there already stays as it is.

    Args:
        results: of the run.
        folder: of the results.

    Returns:
        The run's file.

    Raises:
        OSError: it can't be written.
        AggregationError: the results hold cells that their configuration doesn't.

    """
    begun = min((cell.started_at for cell in results.cells), default=results.created_at)
    name = f"{datetime.fromtimestamp(begun, UTC):%Y%m%dT%H%M%SZ}-{run_of(results)}.parquet"
    path = folder / RUNS / name
    if not path.exists():
        write_atomically(path, history_table(rows_of(results)), sync="name")
    return path


def run_of(results: Results) -> str:
    """Give the hash by which a run is known again: of what was measured, whenever it was brought together."""
    measured = sorted(
        [cell.name, cell.started_at, [[each.role, each.pair, each.started_at, each.wall_s] for each in cell.samples]]
        for cell in results.cells
    )
    return sha256(json.dumps(measured).encode()).hexdigest()[:16]


def rows_of(results: Results) -> list[HistoryRow]:
    """Give a row for each cell, in the order of the report.

    Raises:
        AggregationError: the results hold cells that their configuration doesn't.

    """
    data, run = ReportData.from_results(results), run_of(results)
    rows = [row for view in data.views for row in _of_scenario(data, view, run)]
    return [row.model_copy(update={"place": place}) for place, row in enumerate(rows)]


def _of_scenario(data: ReportData, view: ScenarioView, run: str) -> Iterator[HistoryRow]:
    chosen = recommended(view)
    diagnosis = diagnosed(view) if view.scenario.of_stages else None
    for row in view.rows:
        cell, machine = row.cell, row.cell.environment
        standing = cell.standing
        yield HistoryRow(
            run=run,
            created_at=data.results.created_at,
            **machine.model_dump(
                include={"host", "cpu_model", "cores", "cpu_limit", "memory_gib", "container", "filesystem"}
            ),
            **machine.model_dump(include={"kernel", "python", "commit"}),
            packages=json.dumps({**machine.packages, **cell.programs}, sort_keys=True),
            place=0,
            scenario=view.name,
            title=view.title,
            group=cell.group,
            arm=cell.arm,
            label=cell.label,
            concurrency=cell.concurrency,
            is_null_cell=cell.is_null_cell,
            question=_question(data, view, row),
            started_at=cell.started_at,
            pairs=row.pairs,
            speedup=standing.median if standing else None,
            speedup_low=standing.low if standing else None,
            speedup_high=standing.high if standing else None,
            verdict=verdict(standing, view.noise) if standing else None,
            parity=cell.parity.ok,
            items=None if row.items is None else round(row.items),
            wall_s=row.time_s,
            cpu_s=row.median(_cpu_s),
            items_per_s=row.rate,
            peak_rss_mib=row.peak_mib,
            requests=row.requests,
            baseline_wall_s=_of_baseline(row, lambda sample: sample.wall_s),
            baseline_cpu_s=_of_baseline(row, _cpu_s),
            load_1m=cell.load_before.load_1m,
            steal_share=steal_share(cell),
            recommended=chosen is not None and chosen.cell is cell,
            bottleneck=diagnosis.bottleneck if diagnosis else None,
        )


def _cpu_s(sample: Sample) -> float:
    return sample.cpu_user_s + sample.cpu_system_s


def _of_baseline(row: CellView, value: Callable[[Sample], float]) -> float | None:
    return median_of(map(value, row.baseline_samples))


def _question(data: ReportData, view: ScenarioView, row: CellView) -> str:
    """Hash what a cell was asked; settings that have their default are left out, so that a new one changes nothing."""
    scenario = view.scenario
    corpora = (scenario.corpus, scenario.baseline.corpus or scenario.corpus, scenario.before)
    asked = [
        _given(scenario, "file", "cache", "server", "pipeline", "search", "killed"),
        [row.cell.concurrency, scenario.baseline.concurrency],
        [_given(scenario.arms[name], "fetcher", "settings") for name in (row.cell.arm, scenario.baseline.arm)],
        [_held(data, name) for name in corpora if name],
    ]
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _given(settings: BaseModel, *names: str) -> dict[str, Any]:
    dumped: dict[str, Any] = settings.model_dump(mode="json", include=set(names), exclude_defaults=True)
    return dumped


def _held(data: ReportData, corpus: str) -> Any:
    """Return what tells the items of a corpus from those of another: not the bytes, which a library writes."""
    manifest = data.results.corpora.get(corpus)
    if manifest is None:
        return _given(data.settings.corpora[corpus], "url", "collection")
    return [manifest.get(key) for key in ("kind", "reference", "broken")]
