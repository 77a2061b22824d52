"""A task that reads items by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from stac_ingest.core.id_set import Key
from stac_ingest.sync.plan import Task

IDS = "ids"
"""What a task reads that is made of ids: a list of pairs of a collection and an id."""
NAMED = "named"
"""What a task reads whose ids are in the file `Work.named`: the number of the run, and the first byte and the end."""


def task_of_ids(number: int, keys: Iterable[Key]) -> Task:
    """Make a task that reads items by their ids."""
    listed = [[*key] for key in keys]
    return Task(number=number, reader="api_items", what={IDS: listed}, expected=len(listed))


def task_of_named(number: int, generation: int, place: tuple[int, int], count: int) -> Task:
    """Make a task that reads items whose ids are in a file of the run.

    Args:
        number: of the task.
        generation: of the run.
        place: the first byte of the ids, and the one behind them.
        count: how many they are.

    """
    return Task(number=number, reader="api_items", what={NAMED: [generation, *place]}, expected=count)
