"""A task that reads items by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from stac_ingest.core.id_set import Key
from stac_ingest.sync.plan import Task

IDS = "ids"
"""What a task reads that is made of ids: a list of pairs of a collection and an id."""


def task_of_ids(number: int, keys: Iterable[Key]) -> Task:
    """Make a task that reads items by their ids."""
    listed = [[*key] for key in keys]
    return Task(number=number, reader="api_items", what={IDS: listed}, expected=len(listed))
