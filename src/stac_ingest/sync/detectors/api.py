"""A STAC API: what was updated lately is searched for, and what is gone is told from counts, and from ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stac_ingest.api.intervals import EARLIEST, LATEST, Interval
from stac_ingest.api.search_forms import REFUSED_INTERVAL
from stac_ingest.core.id_set import Key
from stac_ingest.errors import RateLimited, ResponseError
from stac_ingest.sync.api.held_months import HeldMonths, held_months
from stac_ingest.sync.api.ids_task import task_of_ids
from stac_ingest.sync.api.recent import Recent, latest_items, no_recent, recent_items
from stac_ingest.sync.api.session import ApiSession
from stac_ingest.sync.api.stretches import Stretch, bridged, counted, joined, stretches_of, wide
from stac_ingest.sync.api.task_size import items_of_a_task
from stac_ingest.sync.api.updated import SORTED, Way, settings_since, terms_since, way_to_search
from stac_ingest.sync.api.whole import time_of, whole_tasks
from stac_ingest.sync.detectors.base import Last
from stac_ingest.sync.entries import NEVER
from stac_ingest.sync.plan import Covered, SyncPlan, Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.settings import SyncSettings

_IDS_OF_A_TASK = 10
"""An id takes so many times less than an item to read, at least."""
NO_UPDATED = (
    "the API can't be searched by `updated`, and only ids were compared (ids_only): items whose content has "
    "changed were not looked for"
)
SILENT = "some held items have no `updated`, and only ids were compared (ids_only): whether they changed isn't known"


class _Found(NamedTuple):
    """What planning found out."""

    tasks: list[Task]
    unverified: list[str]


class ApiDetector:
    """Plans what is read of an API."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._settings = settings
        self._config = settings.config.replace(sortby=None)

    async def plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:  # noqa: ARG002 - little is remembered
        """Plan what is read. Only requests for counts, and for the times of what was updated, are sent.

        Raises:
            ConfigurationError: what is asked for can be done neither by the server nor here.
            DataProcessingError: the API or a collection isn't there, or doesn't answer.

        """
        async with ApiSession(self._config) as session:
            total = None if session.api.here else await session.count(session.requested)
            date = session.date
            base = _base(last)
            found = await self._found(session, last, total, base, progress)
            if date is None:
                session.summary.note("the server gives no Date; changes are looked for from this machine's time")
            return SyncPlan(
                generation=last.generation + 1,
                detector="api",
                tasks=found.tasks,
                unverified=found.unverified,
                server_date=date,
                remembered={"base": base, "compared": not found.unverified},
                matched=total,
                requests=session.requests,
                notes=session.summary.notes,
            )

    async def _found(
        self, session: ApiSession, last: Last, total: int | None, base: int | None, progress: Progress
    ) -> _Found:
        whole = self._settings.verify or base is None or session.api.here
        if whole or not any(len(entries) for _, entries in last.held()):
            return await self._whole(session, last, total)
        assert base is not None
        since = base - int(self._settings.look_back * 86_400e6)
        way = await way_to_search(session, self._config, since, total)
        if way is None and not self._settings.ids_only:
            session.summary.note("the API can't be searched by `updated`, so all items are read and compared")
            return await self._whole(session, last, total)
        recent, first = no_recent(), list[Task]()
        if way == SORTED:
            latest = await latest_items(session, since, progress)
            if latest is None:
                return await self._whole(session, last, total)
            recent, first = latest.recent, self._tasks_of_ids(latest.keys)
        elif way is not None:
            recent = await recent_items(session, terms_since(session, self._config, way, since), progress)
            first = await self._updated_tasks(session, way, since, recent)
        trusts_counts = way is not None and not last.unsettled
        looked = _Looked(
            self._settings,
            session,
            total,
            held_months(last.held(), recent),
            trusts_counts=trusts_counts,
            finds_changes=way is not None,
        )
        tasks, unverified = await looked.tasks(progress)
        numbered = [one.model_copy(update={"number": number}) for number, one in enumerate([*first, *tasks])]
        return _Found(numbered, unverified)

    async def _whole(self, session: ApiSession, last: Last, total: int | None) -> _Found:
        """Plan to read all. Tasks that are cut by time don't tell whether items without an instant are gone."""
        undated = any(bool(((some["instant"] == NEVER) & ~some["is_gone"]).any()) for _, some in last.held())
        return _Found(await whole_tasks(session, total, self._settings.task_items, is_cut=not undated), [])

    def _tasks_of_ids(self, keys: list[Key]) -> list[Task]:
        most = self._settings.task_items
        return [task_of_ids(at, keys[at : at + most]) for at in range(0, len(keys), most)]

    async def _updated_tasks(self, session: ApiSession, way: Way, since: int, recent: Recent) -> list[Task]:
        """Plan to read what was updated lately, cut by the items' own times where the server finds all by these."""
        what = settings_since(self._config, way, since)
        size = items_of_a_task(len(recent), session.limit, self._settings.task_items)
        cuts = recent.cut(size)
        if len(cuts) > 1:
            terms = terms_since(session, self._config, way, since)
            if not await _heeds_time(session, terms, cuts[0].before, len(recent)):
                cuts = recent.cut(len(recent))
        return [
            Task(
                number=0,
                reader="api_items",
                what=what | time_of(wide(one.start, one.before, session.requested), session),
                expected=one.items,
            )
            for one in cuts
        ]


class _Looked:
    """Finds out where the server has other items than are expected."""

    def __init__(
        self,
        settings: SyncSettings,
        session: ApiSession,
        total: int | None,
        months: HeldMonths,
        *,
        trusts_counts: bool,
        finds_changes: bool,
    ) -> None:
        """Take what is known.

        Args:
            settings: of the sync.
            session: the API.
            total: items that the server counts.
            months: what is expected of each month.
            trusts_counts: whether a month whose count fits is taken for unchanged.
            finds_changes: whether items that were updated lately are known.

        """
        self._settings = settings
        self._session = session
        self._total = total
        self._months = months
        self._trusts_counts = trusts_counts
        self._finds_changes = finds_changes

    async def tasks(self, progress: Progress) -> _Found:
        """Plan which ids and items are read, beside what was updated lately."""
        session, months = self._session, self._months
        same = self._trusts_counts and self._total == months.total
        stretches = stretches_of(months, session.requested)
        known = await counted(session, stretches, self._total, progress)
        if known is None:
            return self._all(stretches, same=same)
        unfit = [one for one in known if not (one.fits and self._trusts_counts)]
        if months.undated or (len(unfit) < len(known) and not await self._is_explained(unfit)):
            return self._all(known, same=same and not unfit)
        return self._read(unfit, [one for one in known if one not in unfit])

    async def _is_explained(self, unfit: list[Stretch]) -> bool:
        """Say whether the whole differs from what is expected by what the stretches do."""
        explained = self._months.total + sum((one.counted or 0) - one.expected for one in unfit)
        if self._total in (explained, self._months.total):
            return True
        again = await self._session.count(self._session.requested)  # items may have come while months were counted
        both = [one for one in (self._total, again) if one is not None]
        return min(both) <= explained <= max(both)

    def _all(self, stretches: list[Stretch], *, same: bool) -> _Found:
        """Plan for what searches by time don't tell apart: all ids, or none where the whole count fits."""
        silent = self._months.silent_undated or any(one.is_silent for one in stretches)
        whole = Stretch(None, None, self._months.total, silent, self._total)
        return self._read([] if same else [whole], [whole] if same else [])

    def _read(self, unfit: list[Stretch], fit: list[Stretch]) -> _Found:
        """Plan to read the ids of some stretches; or the items, where only these tell whether they changed."""
        silent = [one for one in (*unfit, *fit) if one.is_silent and self._finds_changes]
        unverified = [] if self._finds_changes else [NO_UPDATED]
        if silent and self._settings.ids_only:
            unverified.append(SILENT)
            silent = []
        by_ids = [one for one in unfit if one not in silent]
        most = self._settings.task_items
        tasks = [self._task(one, "api_items") for one in joined(sorted(silent, key=_begin), most)]
        listable = sorted((one for one in (*unfit, *fit) if one not in silent), key=_begin)
        lists = bridged(listable, by_ids, most * _IDS_OF_A_TASK, self._session.page_of_ids)
        tasks += [self._task(one, "api_ids") for one in lists]
        return _Found(tasks, unverified)

    def _task(self, one: Stretch, reader: Any) -> Task:
        session = self._session
        covered = Covered(start=one.start, before=one.before, undated=one.start is None and one.before is None)
        what = time_of(wide(one.start, one.before, session.requested), session)
        return Task(number=0, reader=reader, what=what, covers=[covered], expected=one.counted)


async def _heeds_time(session: ApiSession, terms: Mapping[str, Any], before: int | None, total: int) -> bool:
    """Say whether the server, asked for a time too, finds all items of a search in all times, and fewer in some."""
    every = Interval(EARLIEST, LATEST) if session.requested == (None, None) else session.requested
    try:
        if await session.count(every, terms) != total:
            return False
        some = await session.count(wide(None, before, session.requested), terms)
    except ResponseError as error:
        if isinstance(error, RateLimited) or error.status not in REFUSED_INTERVAL:
            raise
        return False
    return some is not None and some < total


def _begin(one: Stretch) -> float:
    return float("-inf") if one.start is None else one.start


def _base(last: Last) -> int | None:
    """Return the instant from which on it isn't known that what is held is what the source has.

    A run that could not read all, or compared ids alone, leaves that of the run before; the first run has none.
    """
    is_open = last.unsettled or not last.remembered.get("compared", True)
    if is_open and last.remembered.get("base") is not None:
        return int(last.remembered["base"])
    return last.server_date if last.server_date is not None else last.started_at
