"""The job that plans a round: from the files of what has been measured to the file of its plan."""

from collections.abc import Iterable
from pathlib import Path

import orjson

from ingest_bench.config.matrix import PlannedCell, cells
from ingest_bench.config.models import Settings
from ingest_bench.results.models import Cell, Round
from ingest_bench.system.dependencies import recording
from ingest_bench.workflow.round_files import files_of, plan_file, planned_round, read_round
from ingest_bench.workflow.staleness import Freshness, checksums, round_made_from
from stac_ingest.core.atomic import write_atomically


def write_plan(settings: Settings, number: int) -> Round:
    """Plan a round and write its file, with what it was made from.

    Pairs that it measured when it was planned before, and that still hold, are kept: they are never measured again.

    Raises:
        AggregationError: the plan of an earlier round is not there, or damaged.

    """
    fresh, planned, folder = Freshness(settings), cells(settings), Path(settings.results)
    earlier = [read_round(folder / plan_file(each)) for each in range(1, number)]
    pairs = [path for plan in earlier for path in files_of(settings, plan)]
    made_of = checksums([*(folder / cell.file for cell in planned), *pairs])
    with recording() as code:
        first = {cell.name: _read(folder / cell.file) for cell in planned}
        added = [_added(folder, (c for c in planned if c.name in plan.cells), plan.number) for plan in earlier]
        kept = (cell for cell in planned if fresh.added(cell, number) is None)
        plan = planned_round(settings, number, first, [*added, _added(folder, kept, number)])
    note = {
        "made_from": round_made_from(settings, made_of),
        "round": plan.model_dump(mode="json"),
        "depends_on": code.dependencies(without=()).model_dump(),
    }
    data = orjson.dumps(note, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    write_atomically(folder / plan_file(number), data)
    return plan


def _added(folder: Path, planned: Iterable[PlannedCell], number: int) -> dict[str, Cell]:
    return {cell.name: _read(folder / cell.round_file(number)) for cell in planned}


def _read(path: Path) -> Cell:
    return Cell.model_validate_json(path.read_bytes())
