"""Which of the items that are held the run would have seen, were they still there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stac_ingest.core.distinct import are_in
from stac_ingest.sync.entries import NEVER, Entries
from stac_ingest.sync.plan import Covered, Task
from stac_ingest.sync.tasks import TaskReport

_Mask = NDArray[np.bool_]


class Coverage:
    """Tells the items of which a task has seen all that the source has, and no other task leaves a doubt."""

    def __init__(self, tasks: Sequence[Task], reports: Sequence[TaskReport]) -> None:
        """Take what the tasks cover, and how they ended."""
        self._times: list[tuple[Covered, bool]] = []
        sure: list[int] = []
        unsure: list[int] = [number for report in reports for number in (*report.spared, *report.unchanged)]
        for task, report in zip(tasks, reports, strict=True):
            tells = report.outcome.tells_gone
            for covered in task.covers:
                if covered.origins is None:
                    self._times.append((covered, tells and (covered.by_file or not report.failures)))
                else:
                    (sure if tells else unsure).extend(covered.origins)
        self._sure, self._unsure = np.array(sure, "<u4"), np.array(unsure, "<u4")

    def of(self, held: Entries) -> _Mask:
        """Return which entries are covered: an item that was not seen is gone then."""
        sure, unsure = are_in(held["origin"], self._sure), are_in(held["origin"], self._unsure)
        for covered, tells in self._times:
            mask = _within(covered, held["instant"])
            if tells:
                sure |= mask
            else:
                unsure |= mask
        return sure & ~unsure


def _within(covered: Covered, instants: NDArray[np.int64]) -> _Mask:
    dated = instants != NEVER
    mask: _Mask = dated.copy()
    if covered.start is not None:
        mask &= instants >= covered.start
    if covered.before is not None:
        mask &= instants < covered.before
    if covered.undated:
        mask |= ~dated
    return mask
