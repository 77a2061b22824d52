"""What the run comes to: which items are added, changed, moved and gone, told from the keys alone.

The keys are gone through in ranges, so that memory does not grow with the number of items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from stac_ingest.core.atomic import write_text
from stac_ingest.core.distinct import are_in
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.plan import Record
from stac_ingest.sync.copies import COPIES
from stac_ingest.sync.covered import Coverage
from stac_ingest.sync.entries import FOUND, HELD, SEEN, Entries, repeats
from stac_ingest.sync.manifest import Counts
from stac_ingest.sync.merge_input import ADDS, DROPS, Add, Drop
from stac_ingest.sync.plan import Task
from stac_ingest.sync.settings import Gone, SyncSettings
from stac_ingest.sync.sorted_entries import EntriesWriter, Ranges, Stretch, append_entries, end_entries, together
from stac_ingest.sync.tasks import TaskReport
from stac_ingest.sync.work import Work

_Places = NDArray[np.int64]
_Mask = NDArray[np.bool_]
_PLACED = np.dtype([*HELD.descr, ("place", "<i8")])
"""An entry, and its place in the array of its partition."""
_DROPS_OF_PARTITIONS = np.dtype([("partition", "<i4"), *DROPS.descr])
_DROPS_OF_GONE: dict[Gone, Drop] = {"remove": Drop.REMOVED, "mark": Drop.MARKED, "keep": Drop.KEPT}


class Resolved(Record):
    """What the run comes to."""

    counts: Counts
    partitions: list[int] = Field(description="in which something is added or dropped")
    unread: int = Field(description="items that the source has by their ids, that aren't held and that were not read")


def resolve(
    settings: SyncSettings, work: Work, tasks: Sequence[Task], reports: Sequence[TaskReport], held: Sequence[Path]
) -> Resolved:
    """Compare what the tasks have found with what is held, and write what is to be done to each partition.

    Args:
        settings: of the sync.
        work: of the run.
        tasks: that were read.
        reports: of these.
        held: the files of what each partition holds, sorted by key.

    Raises:
        DataProcessingError: the files of the run can't be read or written.

    """
    if (done := _read(work)) is not None:
        return done
    try:
        outcome = _Outcome(work)
        numbers = [task.number for task in tasks]
        groups = [
            [work.found(number) for number in numbers],
            held,
            [work.seen(number) for number in numbers],
            [work.dropped(number) for number in numbers],
        ]
        coverage = Coverage(tasks, reports)
        for found, held_here, seen, dropped in Ranges(groups):
            some = _Range(
                together(found, FOUND),
                _placed(held_here),
                _keys(together(seen, SEEN)),
                _keys(together(dropped, SEEN)),
            )
            outcome.take(some, coverage, settings.gone)
        resolved = outcome.finish()
    except (OSError, ValueError) as error:
        raise DataProcessingError(f"can't resolve the run in {work.folder}: {error}") from error
    write_text(work.resolved, resolved.model_dump_json(indent=1) + "\n")
    return resolved


class _Range(NamedTuple):
    """What is known of a range of keys, each sorted by key."""

    found: Entries
    held: Entries
    """Of dtype `_PLACED`; no key is there twice."""
    seen: Entries
    dropped: Entries


class _Kept(NamedTuple):
    """Of what is held and was found: where the found one is among those that count, and whether the held one stays."""

    in_winners: _Places
    stays: _Mask


class _Outcome:
    """Takes what each range comes to."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._counts = Counts()
        self._unread = 0
        self._adds: list[Entries] = []
        self._drops: list[Entries] = []
        """What the range comes to, by the partition and the row."""
        for path in work.folder.glob("merge-*"):
            path.unlink()
        self._copies = EntriesWriter(work.copies, COPIES)

    def take(self, some: _Range, coverage: Coverage, gone: Gone) -> None:
        """Resolve a range of keys."""
        found, held, counts = some.found, some.held, self._counts
        covered = coverage.of(held)
        newest = _newest(found)
        winners = found[newest]
        in_held, in_winners = _pairs(held, winners)
        stays = _stays(held[in_held], winners[in_winners], covered[in_held])
        self._note_copies(found, newest, held[in_held], _Kept(in_winners, stays))
        is_new = np.ones(len(winners), bool)
        is_new[in_winners] = False
        own = held["partition"]
        self._add(winners[is_new], Add.ADDED, winners["partition"][is_new])
        counts.added += int(is_new.sum())

        old, new = in_held[~stays], in_winners[~stays]
        counts.unchanged += int(stays.sum())
        returned = held["is_gone"][old]
        differs = held["content"][old] != winners["content"][new]
        moves = own[old] != winners["partition"][new]
        for mask, what in ((returned, Add.RETURNED), (differs & ~returned & ~moves, Add.CHANGED)):
            self._replace(held[old[mask]], winners[new[mask]], what)
        moved = differs & ~returned & moves
        self._replace(held[old[moved]], winners[new[moved]], Add.MOVED)
        same = ~differs & ~returned
        counts.returned += int(returned.sum())
        counts.changed += int((differs | returned).sum())
        counts.moved += int(moved.sum())
        counts.unchanged += int(same.sum())
        elsewhere = same & (held["origin"][old] != winners["origin"][new])
        self._drop(held[old[elsewhere]], Drop.ELSEWHERE, winners["origin"][new[elsewhere]])

        self._take_gone(some, covered, in_held, gone)
        missing = np.ones(len(some.seen), bool)
        for others in (held, winners, some.dropped):
            missing[_pairs(some.seen, others)[0]] = False
        self._unread += int(missing.sum())
        self._keep()

    def finish(self) -> Resolved:
        """Say what is to be done to each partition."""
        self._copies.finish()
        partitions = self._work.partitions()
        for number in partitions:
            end_entries(self._work.adds(number), ADDS)
            end_entries(self._work.drops(number), DROPS)
        return Resolved(counts=self._counts, partitions=partitions, unread=self._unread)

    def _take_gone(self, some: _Range, covered: _Mask, in_held: _Places, gone: Gone) -> None:
        """Drop what the source has no more."""
        held = some.held
        is_there = np.zeros(len(held), bool)
        is_there[in_held] = True
        is_left_out = np.zeros(len(held), bool)
        is_left_out[_pairs(held, some.dropped)[0]] = True
        # A file whose copy is left out says nothing of the copy that is held from another file.
        is_left_out &= held["origin"] == 0
        is_there[_pairs(held, some.seen)[0]] = True
        goes = (covered & ~is_there) | (is_left_out & ~are_in(np.arange(len(held)), in_held))
        if gone == "remove":
            goes |= held["is_gone"] & ~is_there  # those that an earlier run kept or marked
        else:
            goes &= ~held["is_gone"]
        self._drop(held[goes], _DROPS_OF_GONE[gone], held["origin"][goes])
        self._counts.gone += int(goes.sum())

    def _note_copies(self, found: Entries, newest: _Places, held: Entries, kept: _Kept) -> None:
        """Note the files in which there is a copy of an item that is held from another one."""
        if not len(found) or not found["origin"].any():
            return
        origins = found["origin"][newest].copy()
        in_winners, stays = kept
        origins[in_winners[stays]] = held["origin"][stays]
        other = found["origin"] != origins[np.searchsorted(newest, np.arange(len(found)))]
        # The file that an item was held from may have a copy that is older than the one that was found.
        before = held["origin"] != origins[in_winners]
        for copies in (found[other], held[before]):
            for entry in copies:
                self._copies.add(entry["high"], entry["low"], entry["origin"])

    def _replace(self, held: Entries, winners: Entries, what: Add) -> None:
        self._add(winners, what, held["partition"])
        stays = held["partition"] == winners["partition"]
        self._drop(held[stays], Drop.REPLACED, winners["origin"][stays])
        self._drop(held[~stays], Drop.MOVED, winners["origin"][~stays])

    def _add(self, winners: Entries, what: Add, before: NDArray[Any]) -> None:
        made = np.zeros(len(winners), ADDS)
        for name in FOUND.names or ():
            made[name] = winners[name]
        made["what"], made["from"] = what, before
        self._adds.append(made)

    def _drop(self, held: Entries, what: Drop, origins: NDArray[Any]) -> None:
        made = np.zeros(len(held), _DROPS_OF_PARTITIONS)
        made["partition"], made["row"], made["what"], made["origin"] = held["partition"], held["place"], what, origins
        self._drops.append(made)

    def _keep(self) -> None:
        """Write what the range comes to behind that of the ranges before, whose keys and rows are lower."""
        adds, drops = np.concatenate(self._adds), np.concatenate(self._drops)
        self._adds, self._drops = [], []
        _append(adds[np.lexsort((adds["low"], adds["high"], adds["partition"]))], self._work.adds)
        rows = drops[np.lexsort((drops["row"], drops["partition"]))]
        _append(rows, self._work.drops, DROPS)


def _append(rows: Entries, path_of: Callable[[int], Path], dtype: np.dtype[Any] | None = None) -> None:
    """Write rows that are sorted by their partition to the files of these."""
    if not len(rows):
        return
    numbers, starts = np.unique(rows["partition"], return_index=True)
    for number, some in zip(numbers.tolist(), np.split(rows, starts[1:]), strict=True):
        append_entries(path_of(number), some if dtype is None else _columns(some, dtype))


def _columns(rows: Entries, dtype: np.dtype[Any]) -> Entries:
    made = np.empty(len(rows), dtype)
    for name in dtype.names or ():
        made[name] = rows[name]
    return made


def _newest(found: Entries) -> _Places:
    """Sort entries in place so that the one of a key that counts is the last; return the places of these."""
    found[:] = found[np.lexsort([found[name] for name in ("offset", "task", "updated", "low", "high")])]
    if not len(found):
        return np.zeros(0, np.int64)
    return np.flatnonzero(~np.append(repeats(found)[1:], False))


def _stays(held: Entries, winners: Entries, covered: _Mask) -> _Mask:
    """Tell the items of which the copy that is held is in a file that was not read, and is not the older one."""
    elsewhere = (held["origin"] != winners["origin"]) & (held["origin"] != 0) & (winners["origin"] != 0)
    stays: _Mask = elsewhere & ~covered & ~held["is_gone"] & (held["updated"] >= winners["updated"])
    return stays


def _pairs(one: Entries, other: Entries) -> tuple[_Places, _Places]:
    """Return the places of the keys that are in both, of which none is in either twice."""
    count = len(one)
    highs, lows = (np.concatenate([one[name], other[name]]) for name in ("high", "low"))
    order = np.lexsort((lows, highs))
    highs, lows = highs[order], lows[order]
    equal = np.flatnonzero((highs[1:] == highs[:-1]) & (lows[1:] == lows[:-1]))
    return order[equal], order[equal + 1] - count


def _keys(entries: Entries) -> Entries:
    """Return sorted keys, each once."""
    each_once: Entries = entries[~repeats(entries)]
    return each_once


def _placed(stretches: Sequence[Stretch]) -> Entries:
    """Return what is held, each entry with its place in its partition."""
    made = []
    for start, entries in stretches:
        some = np.empty(len(entries), _PLACED)
        for name in HELD.names or ():
            some[name] = entries[name]
        some["place"] = np.arange(start, start + len(entries))
        made.append(Stretch(start, some))
    return together(made, _PLACED)


def _read(work: Work) -> Resolved | None:
    try:
        return Resolved.model_validate_json(work.resolved.read_bytes())
    except (OSError, ValidationError):
        return None
