"""The files by which jobs tell each other what there is to do, and a workflow what is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from stac_ingest.core.atomic import write_text
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.plan import Task
from stac_ingest.sync.work import RunPlan

_PLAN = TypeAdapter(RunPlan)
_TASKS = TypeAdapter(list[Task])
_BATCHES = TypeAdapter(list[list[int]])
_Read = TypeVar("_Read")


class JobFiles:
    """Names the files of a run by which a workflow knows what is done."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the run."""
        self.plan = folder / "plan.json"
        self.wanted = folder / "wanted.json"
        """The tasks that are made of what others have named as wanted."""
        self.batches = folder / "batches.json"
        """The partitions that are written, by the batches in which they are. It is there when the run is resolved."""
        self._folder = folder

    def task(self, number: int | str) -> Path:
        """Return the path of the outcome of a task."""
        return self._folder / f"task-{number}.json"

    def encoded(self, batch: int | str) -> Path:
        """Return the path of what tells that a batch is encoded."""
        return self._folder / f"batch-{batch}.encoded"

    def merged(self, batch: int | str) -> Path:
        """Return the path of what tells that a batch is merged."""
        return self._folder / f"batch-{batch}.merged"


def write_wanted(path: Path, tasks: Sequence[Task]) -> None:
    """Write the tasks that are made of what is wanted.

    Raises:
        DataProcessingError: they can't be written.

    """
    write_text(path, _TASKS.dump_json(list(tasks), indent=1).decode() + "\n")


def write_batches(path: Path, batches: list[list[int]]) -> None:
    """Write the partitions of each batch.

    Raises:
        DataProcessingError: they can't be written.

    """
    write_text(path, _BATCHES.dump_json(batches).decode() + "\n")


def read_wanted(path: Path) -> list[Task]:
    """Return the tasks that were made of what is wanted; none where nothing was.

    Raises:
        DataProcessingError: they can't be read.

    """
    return _read(path, _TASKS) if path.exists() else []


def read_batches(path: Path) -> list[list[int]]:
    """Return the partitions of each batch.

    Raises:
        DataProcessingError: they can't be read.

    """
    return _read(path, _BATCHES)


def read_run_plan(path: Path) -> RunPlan:
    """Return the plan of a run under way.

    Raises:
        DataProcessingError: it can't be read.

    """
    return _read(path, _PLAN)


def _read(path: Path, kind: TypeAdapter[_Read]) -> _Read:
    try:
        return kind.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataProcessingError(f"{path} can't be read ({error}); remove it, and run the sync again") from None
