"""From settings to a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stac_ingest.config import RequestBudget
from stac_ingest.core.atomic import write_text
from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding.plan import Plan, Shard
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
from stac_ingest.sharding.splitters import splitter_for
from stac_ingest.sharding.splitters.base import SplitPlan
from stac_ingest.sharding.storage import ITEMS, open_storage

OWNER = "ingest.json"
"""Says whose output it is. It outlives the plan, which a workflow removes before it is made anew."""


def plan_ingest(settings: ShardedIngest) -> Plan:
    """Plan an ingest and write the plan into its state folder. The same source and settings give the same plan.

    Raises:
        ConfigurationError: the source is not there or can't be cut, the output holds something else, or an API's
            budget doesn't do.
        DataProcessingError: the source can't be read, or its server's answers can't be used.

    """
    check_output(settings)
    cut = splitter_for(settings).split()
    budgets = shares(settings, cut)
    plan = Plan(
        settings=settings,
        stamp=cut.stamp,
        total=cut.total,
        counts_items=cut.counts_items,
        shards=[
            Shard(number=number, expected=expected, piece=piece, budget=budget)
            for number, (piece, expected, budget) in enumerate(zip(cut.pieces, cut.expected, budgets, strict=True))
        ],
        notes=cut.notes,
    )
    write_text(settings.state_folder / OWNER, json.dumps(_ours(settings), indent=1) + "\n")
    plan.write()
    return plan


def check_output(settings: ShardedIngest) -> None:
    """See to it that the output holds nothing, or an earlier run for the same items.

    Raises:
        ConfigurationError: it holds something else.

    """
    where, state = settings.output, settings.state_folder
    if not is_object_storage(where) and Path(where).exists() and not Path(where).is_dir():
        raise ConfigurationError(f"output: {where} is a file; give a folder")
    try:
        earlier = json.loads((state / OWNER).read_bytes())
    except FileNotFoundError:
        found = sorted(open_storage(settings).sizes(ITEMS))
        if found:
            raise ConfigurationError(
                f"output: {where}/{ITEMS} holds {found[0]}, and {state} doesn't say which ingest it is from; give "
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
    said = {name: value for name, value in settings.what.items() if value is not None}
    return {**said, "output": settings.output}


def shares(settings: ShardedIngest, cut: SplitPlan) -> list[RequestBudget]:
    """Split what an API allows: rates and places among the jobs at once, requests among all shards.

    Raises:
        ConfigurationError: there are too few requests for all pages.

    """
    whole = settings.budget
    jobs = min(settings.at_once or 1, len(cut.pieces))
    pages = [_pages(expected, settings.limit) for expected in cut.expected]
    left = None if whole.max_requests is None else whole.max_requests - cut.requests
    if left is not None and left < sum(pages):
        raise ConfigurationError(
            f"max_requests: {whole.max_requests} don't do: planning took {cut.requests}, and {sum(pages)} at least are "
            f"needed for {cut.total} items at {settings.limit} a page; raise max_requests or limit, or ask for "
            "less time"
        )
    return [
        RequestBudget(
            max_requests=None if left is None else left * needed // sum(pages),
            requests_per_second=whole.requests_per_second and whole.requests_per_second / jobs,
            max_in_flight=whole.max_in_flight and max(1, whole.max_in_flight // jobs),
        )
        for needed in pages
    ]


_OPENING = 3
"""Requests of a shard beside its pages: the landing page, the collection, a count."""


def _pages(items: int, limit: int) -> int:
    return _OPENING + max(1, -(-items // limit))
