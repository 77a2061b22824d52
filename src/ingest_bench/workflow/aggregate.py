"""Brings the cells of a matrix together: `benchmark_results.json`, and the same as a table."""

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from ingest_bench.config.matrix import PlannedCell, cells
from ingest_bench.config.models import Settings
from ingest_bench.errors import AggregationError
from ingest_bench.results.models import Cell, Results
from ingest_bench.results.parquet import sample_table
from ingest_bench.system.dependencies import changed
from ingest_bench.workflow.identity import cell_identity, fingerprint
from ingest_bench.workflow.round_files import read_round, round_numbers, with_rounds
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted

ALIKE = ("cpu_model", "cores", "python")
"""What has to be the same wherever cells were measured, for their absolute numbers to stand side by side."""


def aggregate_files(
    settings: Settings,
    *,
    cells: Iterable[Path | str],
    manifests: Iterable[Path | str],
    jobs: Iterable[Path | str],
    rounds: Iterable[Path | str] = (),
    json_output: Path | str,
    parquet_output: Path | str,
) -> Results:
    """Aggregate and write both files, each whole or not at all.

    Raises:
        AggregationError: a cell is missing, damaged, another matrix's or another machine's.

    """
    results = aggregate(settings, cells, manifests, jobs, rounds)
    data = orjson.dumps(results.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    write_atomically(Path(json_output), data)
    write_atomically(Path(parquet_output), sample_table(results))
    return results


def aggregate(
    settings: Settings,
    cell_files: Iterable[Path | str],
    manifests: Iterable[Path | str] = (),
    jobs: Iterable[Path | str] = (),
    rounds: Iterable[Path | str] = (),
) -> Results:
    """Bring the cells of the matrix together, in its order, with the pairs that rounds have added.

    Args:
        settings: the matrix.
        cell_files: of the first pass, or of all there is.
        manifests: of the corpora.
        jobs: records of the jobs that made them.
        rounds: plans, in their order.

    Raises:
        AggregationError: a cell is missing, damaged, another matrix's or another machine's.

    """
    measured = {cell.name: cell for cell in map(_read_cell, cell_files)}
    ordered = [_cell_of(settings, cell, measured) for cell in cells(settings)]
    if measured:
        raise AggregationError(f"cells that the matrix doesn't have: {', '.join(sorted(measured))}; remove their files")
    planned = [read_round(path) for path in rounds]
    numbers = [round_numbers(planned, cell) for cell in cells(settings)]
    added = [
        [_added(settings, cell, number) for number in mine] for cell, mine in zip(cells(settings), numbers, strict=True)
    ]
    _check_machines([*ordered, *(cell for mine in added for cell in mine)])
    confidences = [cell.sampling.confidence for cell in cells(settings)]
    whole = [with_rounds(*each) for each in zip(ordered, numbers, added, confidences, strict=True)]
    return Results(
        seed=settings.seed,
        created_at=time.time(),
        config=settings.model_dump(mode="json"),
        corpora={
            Path(path).name.removesuffix(".manifest.json"): json.loads(Path(path).read_bytes()) for path in manifests
        },
        cells=whole,
        rounds=planned,
        jobs=sorted((json.loads(Path(path).read_bytes()) for path in jobs), key=lambda job: float(job["started_at"])),
    )


def _read_cell(path: Path | str) -> Cell:
    try:
        return Cell.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        raise AggregationError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        raise AggregationError(
            f"{path}: damaged or of another version ({counted(error.error_count(), 'fault')}); "
            "remove it to measure it again"
        ) from None


def _cell_of(settings: Settings, planned: PlannedCell, measured: dict[str, Cell]) -> Cell:
    """Take a cell out of those found, if it was measured with the settings and the code of now."""
    cell = measured.pop(planned.name, None)
    if cell is None:
        raise AggregationError(f"cell {planned.name} has not been measured")
    _check_current(settings, planned, cell, planned.file)
    # Captions may have changed since, without making what was measured stale.
    return cell.model_copy(update={"group": planned.group, "label": planned.label})


def _added(settings: Settings, planned: PlannedCell, number: int) -> Cell:
    cell = _read_cell(Path(settings.results) / planned.round_file(number))
    _check_current(settings, planned, cell, planned.round_file(number))
    return cell


def _check_current(settings: Settings, planned: PlannedCell, cell: Cell, file: str) -> None:
    if cell.identity != fingerprint(cell_identity(settings, planned)) or changed(cell.depends_on):
        raise AggregationError(
            f"cell {planned.name} was measured with other settings, or other code, than those of now; "
            f"remove {file} to measure it again"
        )


def _check_machines(measured: Sequence[Cell]) -> None:
    for field in ALIKE:
        seen: dict[Any, list[Cell]] = {}
        for cell in measured:
            seen.setdefault(getattr(cell.environment, field), []).append(cell)
        if len(seen) > 1:
            values = "; ".join(
                f"{value} ({group[0].name} on {group[0].environment.host}"
                f"{f' and {len(group) - 1} more' if len(group) > 1 else ''})"
                for value, group in seen.items()
            )
            raise AggregationError(
                f"cells were measured on different machines, {field}: {values}; measure all on one kind"
            )
