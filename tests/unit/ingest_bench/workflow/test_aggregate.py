"""Cells brought together, and cells that don't belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from factories import MACHINE, arm, fake_cell, fake_pairs, matrix, scenario
from ingest_bench.config.matrix import PlannedCell, cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.errors import AggregationError
from ingest_bench.results.models import Cell, Results
from ingest_bench.system.dependencies import module_hash
from ingest_bench.workflow.aggregate import aggregate, aggregate_files
from ingest_bench.workflow.identity import cell_identity, fingerprint
from stac_ingest.core.atomic import write_atomically

CONFIG = matrix(
    {"files": ("item_files", 20)},
    small=scenario(arms={"upstream": arm(fetcher="stac_manager"), "sequential": arm()}),
)

ENVIRONMENT = MACHINE.model_dump()


def measured(settings: Settings, planned: PlannedCell, **changes: Any) -> Cell:
    """Return a cell as if it had been measured, changed."""
    ratios = [1.0] * 3
    cell = fake_cell(
        planned.scenario,
        planned.arm,
        fake_pairs(ratios, items=20),
        ratios,
        identity=fingerprint(cell_identity(settings, planned)),
        group=planned.group,
        label=planned.label,
        is_null_cell=planned.is_null_cell,
        trace={"items": 10, "peak_mib": 3.5},
    )
    depends_on = {"modules": {"stac_ingest.module": module_hash("stac_ingest.module")}}
    return Cell.model_validate({**cell.model_dump(warnings=False), "depends_on": depends_on, **changes})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the matrix, with a folder of its own for results."""
    return load_settings({**CONFIG, "results": str(tmp_path)})


def written(settings: Settings, *changes: dict[str, Any]) -> list[Path]:
    """Write the file of each cell of the matrix, changed, and return their paths."""
    files = []
    for number, planned in enumerate(cells(settings)):
        path = Path(settings.results) / planned.file
        cell = measured(settings, planned, **(changes[number] if number < len(changes) else {}))
        write_atomically(path, cell.model_dump_json().encode())
        files.append(path)
    return files


def test_results_hold_every_cell_in_order(settings: Settings, tmp_path: Path) -> None:
    """Both files are written; the JSON is a valid record of all cells, corpora and jobs."""
    manifest, job = tmp_path / "files.manifest.json", tmp_path / "files.job.json"
    manifest.write_text(json.dumps({"kind": "item_files"}))
    job.write_text(json.dumps({"rule": "corpus", "started_at": 1, "ended_at": 2}))
    aggregate_files(
        settings,
        cells=written(settings)[::-1],
        manifests=[manifest],
        jobs=[job],
        json_output=tmp_path / "out.json",
        parquet_output=tmp_path / "out.parquet",
    )
    results = Results.model_validate_json((tmp_path / "out.json").read_bytes())
    assert [cell.arm for cell in results.cells] == ["upstream", "sequential"]
    assert results.corpora == {"files": {"kind": "item_files"}}
    assert [record["rule"] for record in results.jobs] == ["corpus"]
    assert load_settings(results.config) == settings


def test_the_table_has_a_row_a_sample_with_units(settings: Settings, tmp_path: Path) -> None:
    """The table is tidy: one row a sample, typed columns, and the unit of each measured one beside it."""
    aggregate_files(
        settings,
        cells=written(settings),
        manifests=[],
        jobs=[],
        json_output=tmp_path / "out.json",
        parquet_output=tmp_path / "out.parquet",
    )
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.num_rows == 12
    assert table.schema.field("wall_s").metadata[b"unit"] == b"s"
    assert table.schema.field("peak_rss_mib").metadata[b"unit"] == b"MiB"
    assert table.column("items_per_s").to_pylist() == [20.0] * 12
    assert {row["trace_peak_mib"] for row in table.to_pylist() if row["role"] == "candidate"} == {3.5}
    assert len(table.column_names) == len(set(table.column_names))


def test_captions_are_those_of_now(settings: Settings) -> None:
    """A label that changed since a cell was measured is taken from the configuration."""
    assert [cell.label for cell in aggregate(settings, written(settings, {"label": "old"})).cells] == [
        "upstream",
        "sequential",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"identity": "0"}, "cell small/upstream-1 was measured with other settings"),
        ({"depends_on": {"modules": {"stac_ingest.module": "0"}}}, "cell small/upstream-1 was measured .* other code"),
        ({"depends_on": {"modules": {"stac_ingest.gone": "0"}}}, "cell small/upstream-1 was measured .* other code"),
        ({"depends_on": None}, "cell small/upstream-1 was measured .* other code"),
        (
            {"environment": {**ENVIRONMENT, "cpu_model": "slow", "host": "there"}},
            "small/upstream-1 on there.*small/sequential-1 on",
        ),
        ({"environment": {**ENVIRONMENT, "cores": 64}}, "different machines, cores: 64"),
        ({"environment": {**ENVIRONMENT, "python": "3.12.0"}}, "different machines, python: 3.12.0"),
        ({"concurrency": 9}, "cell small/upstream-1 has not been measured"),
    ],
)
def test_cells_that_do_not_belong_are_refused(settings: Settings, changes: dict[str, Any], words: str) -> None:
    """A cell of another matrix, or of another machine, is refused by name."""
    with pytest.raises(AggregationError, match=words):
        aggregate(settings, written(settings, changes))


def test_a_damaged_cell_file_is_named(settings: Settings) -> None:
    """Half a file, or none, is an error that names the path."""
    files = written(settings)
    files[0].write_bytes(files[0].read_bytes()[:100])
    with pytest.raises(AggregationError, match=r"upstream-1\.json: damaged"):
        aggregate(settings, files)
    files[0].unlink()
    with pytest.raises(AggregationError, match=r"upstream-1\.json: can't be read"):
        aggregate(settings, files)


def test_cells_beyond_the_matrix_are_refused(settings: Settings) -> None:
    """Cells that the configuration no longer has are named, not mixed in."""
    files = written(settings)
    scenario = settings.scenarios["small"]
    less = scenario.model_copy(update={"arms": {"upstream": scenario.arms["upstream"]}})
    with pytest.raises(AggregationError, match="small/sequential-1; remove"):
        aggregate(settings.model_copy(update={"scenarios": {"small": less}}), files)
