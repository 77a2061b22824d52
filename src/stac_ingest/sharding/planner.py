"""From settings to a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stac_ingest.config import RequestBudget
from stac_ingest.core.atomic import write_text
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding.plan import Plan, Shard
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
from stac_ingest.sharding.splitters import splitter_for
from stac_ingest.sharding.splitters.base import SplitPlan, Splitter
from stac_ingest.sharding.storage import ITEMS, open_storage

OWNER = "ingest.json"
"""Says whose output it is. It outlives the plan, which a workflow removes before it is made anew."""


def plan_ingest(settings: ShardedIngest, splitter: Splitter | None = None) -> Plan:
    """Plan an ingest and write the plan into its state folder. The same source and settings give the same plan.

    Args:
        settings: of the ingest.
        splitter: one that has looked at the source already; None makes one, which lists files or asks the API for
            counts.

    Returns:
        The plan, with a shard for each job.

    Raises:
        ConfigurationError: the source is not there or can't be cut, the output holds something else, or an API's
            budget doesn't do.
        DataProcessingError: the source can't be read, or its server's answers can't be used.

    """
    check_output(settings)
    split = (splitter or splitter_for(settings)).split()
    budgets = budget_shares(settings, split)
    plan = Plan(
        settings=settings,
        stamp=split.stamp,
        total=split.total,
        counts_items=split.counts_items,
        shards=[
            Shard(number=number, expected=expected, piece=piece, budget=budget)
            for number, (piece, expected, budget) in enumerate(zip(split.pieces, split.expected, budgets, strict=True))
        ],
        notes=split.notes,
    )
    write_text(settings.state_folder / OWNER, json.dumps(_ours(settings), indent=1) + "\n")
    plan.write()
    return plan


def check_output(settings: ShardedIngest) -> None:
    """Check that the output holds nothing, or an earlier run for the same items.

    Raises:
        ConfigurationError: it holds something else.

    """
    where, state = settings.output, settings.state_folder
    if not is_object_storage(where) and Path(where).exists() and not Path(where).is_dir():
        raise ConfigurationError(f"output: {where} is a file; give a folder")
    try:
        earlier = json.loads((state / OWNER).read_bytes())
    except FileNotFoundError:
        names = sorted(open_storage(settings).sizes(ITEMS))
        if names:
            raise ConfigurationError(
                f"output: {where}/{ITEMS} holds {names[0]}, and {state} doesn't say which ingest it is from; give "
                "another folder, or empty it"
            ) from None
        return
    except ValueError:
        raise ConfigurationError(f"{state / OWNER} is damaged; remove {state}, and what {where} holds") from None
    if earlier != _ours(settings):
        raise ConfigurationError(
            f"output: {state} belongs to another ingest, of {earlier}; give another folder, or empty {where}"
        )


def _ours(settings: ShardedIngest) -> dict[str, Any]:
    requested = {name: value for name, value in settings.what.items() if value is not None}
    return {**requested, "output": settings.output}


def budget_shares(settings: ShardedIngest, split: SplitPlan) -> list[RequestBudget]:
    """Return what each shard may ask of an API: rates and places are split among the jobs at once, requests among all.

    Raises:
        ConfigurationError: there are too few requests for all pages.

    """
    whole = settings.budget
    jobs = min(settings.at_once or 1, len(split.pieces))
    pages = [_pages(expected, settings.limit) for expected in split.expected]
    remaining = None if whole.max_requests is None else whole.max_requests - split.requests
    if remaining is not None and remaining < sum(pages):
        raise ConfigurationError(
            f"max_requests: {whole.max_requests} is too few: planning took {split.requests}, and "
            f"{counted(split.total or 0, 'item')} at {settings.limit} a page need {sum(pages)} more; raise "
            "max_requests or limit, or ask for a shorter time"
        )
    return [
        RequestBudget(
            max_requests=None if remaining is None else remaining * needed // sum(pages),
            requests_per_second=whole.requests_per_second and whole.requests_per_second / jobs,
            max_in_flight=whole.max_in_flight and max(1, whole.max_in_flight // jobs),
        )
        for needed in pages
    ]


_OPENING = 3
"""Requests of a shard beside its pages: the landing page, the collection, a count."""


def _pages(items: int, limit: int) -> int:
    return _OPENING + max(1, -(-items // limit))
