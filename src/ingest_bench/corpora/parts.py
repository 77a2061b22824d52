"""Parts of a corpus, made side by side in processes and put together again."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Self, TypeVar

from ingest_bench.corpora.inventory import Entry
from ingest_bench.corpora.items import COLLECTION
from ingest_bench.results.digest import Reference, Tally
from ingest_bench.system.process_lifetime import die_with_parent

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass
class Part:
    """Files that were written, and the items in them."""

    tally: Tally = field(default_factory=Tally)
    entries: list[Entry] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    file_references: dict[str, Reference] = field(default_factory=dict)
    collection: str = COLLECTION
    """The collection that the items belong to."""
    writer: str | None = None
    """Software that the bytes depend on, beside the generator."""

    def merge(self, other: Self) -> None:
        """Take in another part."""
        self.tally.merge(other.tally)
        self.entries += other.entries
        self.broken |= other.broken
        self.file_references |= other.file_references


def slices(indexes: Sequence[int], size: int) -> list[Sequence[int]]:
    """Cut indexes into tasks of `size`."""
    return [indexes[start : start + size] for start in range(0, len(indexes), size)]


def spread(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """Run a task at a time in each of `workers` processes; give the results in the order of the tasks."""
    workers = min(workers, len(tasks))
    if workers < 2:  # noqa: PLR2004 - one worker is this process
        yield from map(function, tasks)
        return
    # Not `spawn` or `forkserver`: they import the main script anew, and a Snakemake script does its work when imported.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(os.getpid(),)) as pool:
        yield from pool.map(function, tasks)


def _begin(parent: int) -> None:
    die_with_parent(parent)
    # Items hold no reference cycles, so looking for them in a growing heap is time lost.
    gc.disable()
