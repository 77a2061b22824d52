"""Whether the output holds all that the source has, and what that rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stac_ingest.completeness import Verdict
from stac_ingest.core.text import counted
from stac_ingest.sync.parts import REPAIR
from stac_ingest.sync.plan import SyncPlan
from stac_ingest.sync.resolve import Resolved
from stac_ingest.sync.tasks import TaskReport

_SHOWN = 3


class Judgement(NamedTuple):
    """The verdict on a run."""

    verdict: Verdict
    reason: str
    unsettled: bool
    """Whether something that was planned could not be read or written, so that the next run looks for it again."""


def judge(
    plan: SyncPlan,
    reports: Sequence[TaskReport],
    resolved: Resolved,
    *,
    unwritten: Sequence[str],
    damaged: Sequence[str],
    items: int,
) -> Judgement:
    """Judge a run.

    Args:
        plan: what was to be read.
        reports: how that ended.
        resolved: what it came to.
        unwritten: what could not be written, in words.
        damaged: parts that aren't there as they were written.
        items: that the output holds, but those that the source has no more.

    """
    wrong = [problem for report in reports for problem in report.problems]
    failures = [f"{what}: {why}" for report in reports for what, why in report.failures]
    for named, count, what in (
        (failures, sum(report.failed for report in reports), "read"),
        (unwritten, len(unwritten), "written"),
    ):
        if named:
            more = f" (and {counted(count - 1, 'other')})" if count > 1 else ""
            wrong.append(f"could not be {what}: {named[0]}{more}")
    if resolved.unread:
        wrong.append(f"{counted(resolved.unread, 'item')} could not be read: only the ids are known")
    unsettled = bool(wrong)
    drops = any(report.dropped for report in reports)
    if plan.matched is not None and items < plan.matched and not drops:
        wrong.append(f"the output holds {items:,} of {counted(plan.matched, 'item')}")
    if damaged:
        more = f" and {counted(len(damaged) - 1, 'other part')}" if len(damaged) > 1 else ""
        wrong.append(f"{damaged[0]}{more} can't be read: {REPAIR}")
    if wrong:
        more = f"; {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
        return Judgement("truncated", "; ".join(wrong[:_SHOWN]) + more, unsettled)
    unverified = list(dict.fromkeys([*plan.unverified, *(one for report in reports for one in report.unverified)]))
    if unverified:
        return Judgement("unknown", "; ".join(unverified), unsettled)
    return Judgement("complete", f"all items of the source are held: {items:,}", unsettled)
