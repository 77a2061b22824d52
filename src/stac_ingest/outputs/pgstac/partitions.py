"""The partitions that rows land in: found or made by pgstac's own function, which keeps their constraints too."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stac_ingest.outputs.pgstac.copy_rows import Row
from stac_ingest.outputs.pgstac.database import Connection

_CHECKED = """
    SELECT check_partition(%(collection)s, tstzrange(%(first)s, %(last)s, '[]'), tstzrange(%(low)s, %(high)s, '[]')),
        {bound} lower(partition_range) {end}, {bound} upper(partition_range) {end}
    FROM partition_name(%(collection)s, %(first)s)
""".replace("{bound}", "(extract(epoch FROM nullif(nullif(").replace(
    "{end}", ", '-infinity'), 'infinity')) * 1000000)::bigint"
)
_WIDENED = """
    SELECT check_partition(%(collection)s, partition_range, tstzrange('-infinity', 'infinity', '[]'))
    FROM partition_name(%(collection)s, %(first)s)
"""
_QUEUED = "SELECT get_setting_bool('use_queue')"
_UPDATED = "SELECT update_partition_stats_q(%s)"
_LOOSE = """
    SELECT partition FROM partitions_view
    WHERE collection = ANY(%s) AND (constraint_dtrange IS DISTINCT FROM dtrange OR last_updated IS NULL)
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS = 1 << 62


@dataclass
class _Partition:
    """One that rows were put into, and what its constraints let in, in microseconds since 1970."""

    name: str
    lower: int
    upper: int
    """Behind its last instant."""
    starts: tuple[int, int]
    ends: tuple[int, int]

    def lets_in(self, start: int, end: int) -> bool:
        return self.starts[0] <= start <= self.starts[1] and self.ends[0] <= end <= self.ends[1]


class Partitions:
    """Knows the partitions of a run. Safe to use from threads, each with a connection of its own.

    Each has a constraint that says which times it holds, and changing it has the server look at all its rows. So it is
    what the first rows need at first, then all that can ever come, and as tight as can be again in the end
    (`finish`), which pgstac's own statistics see to. Where pgstac queues such changes, it is only ever what is needed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, list[_Partition]] = {}
        self._queued: bool | None = None

    def assigned(self, rows: Sequence[Row], connection: Connection) -> dict[str, list[Row]]:
        """Return the rows by the names of their partitions, which are there, and let them in, when this returns.

        Args:
            rows: to be written, of collections that are there.
            connection: without a transaction: what is made is there for others at once.

        Raises:
            psycopg.Error: the database refuses.

        """
        with self._lock:
            return self._assigned(rows, connection)

    def forget(self, collections: Iterable[str]) -> None:
        """Forget what is known of collections: somebody else has changed it."""
        with self._lock:
            for collection in collections:
                for partition in self._known.get(collection, ()):
                    partition.starts = partition.ends = (_ALWAYS, -_ALWAYS)

    def finish(self, connection: Connection, interrupted: Sequence[str] = ()) -> int:
        """Bring statistics and constraints up to date, as pgstac's own loader does.

        Args:
            connection: without a transaction.
            interrupted: collections that an earlier run has loaded without coming to this.

        Returns:
            How many partitions that was.

        """
        names = {one.name for some in self._known.values() for one in some}
        if interrupted:
            names.update(name for (name,) in connection.execute(_LOOSE, [list(interrupted)]))
        for name in sorted(names):
            connection.execute(_UPDATED, [name])
        return len(names)

    def _assigned(self, rows: Sequence[Row], connection: Connection) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        waiting = list(rows)
        while waiting:
            unknown: list[Row] = []
            needed: dict[str, tuple[_Partition, list[Row]]] = {}
            for row in waiting:
                partition = self._of(row)
                if partition is None:
                    unknown.append(row)
                elif partition.lets_in(row.start, row.end):
                    found.setdefault(partition.name, []).append(row)
                else:
                    needed.setdefault(partition.name, (partition, []))[1].append(row)
            for partition, some in needed.values():
                self._open(partition, some, connection)
                found.setdefault(partition.name, []).extend(some)
            if unknown:
                self._find(unknown[0], connection)
            waiting = unknown
        return found

    def _of(self, row: Row) -> _Partition | None:
        some = self._known.get(row.key[0], ())
        at = bisect_right(some, row.start, key=lambda one: one.lower) - 1
        return some[at] if at >= 0 and row.start < some[at].upper else None

    def _find(self, row: Row, connection: Connection) -> None:
        """Find the partition of a row, or have it made."""
        moment, last = _moment(row.start), _moment(row.end)
        names = {"collection": row.key[0], "first": moment, "last": moment, "low": last, "high": last}
        made = connection.execute(_CHECKED, names).fetchone()
        assert made is not None, "the function returns a row"
        name, lower, upper = made
        bounds = (-_ALWAYS if lower is None else lower, _ALWAYS if upper is None else upper)
        some = self._known.setdefault(row.key[0], [])
        some.append(_Partition(name, *bounds, starts=(row.start, row.start), ends=(row.end, row.end)))
        some.sort(key=lambda one: one.lower)

    def _open(self, partition: _Partition, rows: Sequence[Row], connection: Connection) -> None:
        """Have a partition let rows in that it doesn't yet."""
        if self._queued is None:
            row = connection.execute(_QUEUED).fetchone()
            self._queued = bool(row and row[0])
        collection = rows[0].key[0]
        starts, ends = [row.start for row in rows], [row.end for row in rows]
        is_first = partition.starts[0] == partition.starts[1]
        if is_first or self._queued:
            first, last = min(*starts, partition.starts[0]), max(*starts, partition.starts[1])
            low, high = min(*ends, partition.ends[0]), max(*ends, partition.ends[1])
            bounds = {"first": _moment(first), "last": _moment(last), "low": _moment(low), "high": _moment(high)}
            connection.execute(_CHECKED, {"collection": collection, **bounds})
            partition.starts, partition.ends = (first, last), (low, high)
        else:
            connection.execute(_WIDENED, {"collection": collection, "first": _moment(starts[0])})
            partition.starts = partition.ends = (-_ALWAYS, _ALWAYS)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
