"""One connection that loads rows: a transaction for each part, and what it refuses costs itself alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import errors, sql

from stac_ingest.core.id_set import Key
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.outputs.pgstac.copy_rows import COLUMNS, Row, copied
from stac_ingest.outputs.pgstac.database import Connection, in_words, reconnect
from stac_ingest.outputs.pgstac.partitions import Partitions
from stac_ingest.outputs.pgstac.settings import Method

_OF_ITEMS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.InternalError,  # a geometry that PostGIS refuses
    errors.ProgramLimitExceeded,  # an id that no index holds
    errors.StatementTooComplex,
    errors.RaiseException,  # a function of pgstac refuses
)
"""What an item can be at fault for."""
_PASSING = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable, errors.ObjectInUse)
_ATTEMPTS = 6
_PAUSE_S = 0.1

_TEMPORARY = "stac_ingest_rows"
_COPY = "COPY {} ({}) FROM STDIN (FORMAT binary)"
_PRESENT = "SELECT collection, id FROM items WHERE collection = ANY(%(collections)s) AND id = ANY(%(ids)s)"
_JOINED = """
    FROM stac_ingest_rows s JOIN items o ON o.id = s.id AND o.collection = s.collection
    WHERE o.collection = ANY(%(collections)s) AND o.id = ANY(%(ids)s)
"""
_SAME = f"SELECT s.collection, s.id {_JOINED} AND o IS NOT DISTINCT FROM s"  # noqa: S608 - our own words
# Locked in one order, so that those who write the same items at once don't wait for each other in a circle.
_DELETED = """
    WITH found AS (SELECT o.collection, o.id {joined} {which} ORDER BY o.collection, o.id FOR UPDATE OF o)
    DELETE FROM items i USING found
    WHERE i.collection = found.collection AND i.id = found.id
        AND i.collection = ANY(%(collections)s) AND i.id = ANY(%(ids)s)
    RETURNING i.collection, i.id
"""


@dataclass
class Outcome:
    """What became of rows."""

    written: list[Key] = field(default_factory=list)
    """They are in the database now, whoever wrote them."""
    failed: list[tuple[Key, ItemError]] = field(default_factory=list)
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    """They were there before, and are as they were."""


class Loader:
    """Loads rows over a connection of its own. Used by one thread at a time.

    Rows go to their partition by COPY. That none of them is there already is looked up first where the collection had
    items before, or is partitioned, so that its index doesn't tell; else the partition's unique index tells.
    """

    def __init__(
        self,
        connection: Connection,
        dsn: str,
        method: Method,
        partitions: Partitions,
        looked_up: set[str],
        *,
        resumed: bool,
    ) -> None:
        """Take what loaders share.

        Args:
            connection: without a transaction; closed by `close`, or replaced when it is lost.
            dsn: where to connect again.
            method: what becomes of items that are there.
            partitions: of all loaders.
            looked_up: collections whose items are looked up before they are written, of all loaders.
            resumed: whether an earlier run may have written items without having noted it.

        """
        self._connection = connection
        self._dsn = dsn
        self._method: Method = method
        self._partitions = partitions
        self._looked_up = looked_up
        self._doubtful = resumed

    def load(self, rows: Sequence[Row]) -> Outcome:
        """Write rows; when this returns, they are committed, or named as failed.

        Raises:
            DataProcessingError: the database doesn't take anything any more.

        """
        outcome, waiting, attempts = Outcome(), [list(rows)], 0
        while waiting:
            some = waiting.pop()
            try:
                done = self._transaction(some)
            except errors.UniqueViolation as error:
                collections = {row.key[0] for row in some}
                if not collections <= self._looked_up:
                    self._looked_up |= collections
                    waiting.append(some)
                else:
                    waiting += self._halves(some, error, outcome)
            except errors.CheckViolation as error:
                # Another loader has tightened the constraint of a partition meanwhile.
                attempts += 1
                self._partitions.forget({row.key[0] for row in some})
                waiting += [some] if attempts < _ATTEMPTS else self._halves(some, error, outcome)
            except (errors.ReadOnlySqlTransaction, errors.InFailedSqlTransaction) as error:
                raise DataProcessingError(_takes_none(error)) from error
            except _OF_ITEMS as error:
                waiting += self._halves(some, error, outcome)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                attempts += 1
                waiting.append(some)
                self._recover(error, attempts)
            except psycopg.Error as error:
                raise DataProcessingError(_takes_none(error)) from error
            else:
                attempts = 0
                _add(outcome, done)
        return outcome

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @staticmethod
    def _halves(rows: list[Row], error: psycopg.Error, outcome: Outcome) -> list[list[Row]]:
        """Return the halves of rows that were refused together; of a single one, note the failure, and return none."""
        if len(rows) == 1:
            outcome.failed.append((rows[0].key, ItemError(f"the database refuses it: {in_words(error)}")))
            return []
        middle = len(rows) // 2
        return [rows[middle:], rows[:middle]]

    def _recover(self, error: psycopg.Error, attempts: int) -> None:
        if attempts >= _ATTEMPTS:
            raise DataProcessingError(_takes_none(error)) from error
        if self._connection.closed:
            # Whether the last transaction was committed isn't known.
            self._doubtful = True
            self._connection = reconnect(self._dsn)
        elif isinstance(error, _PASSING):
            time.sleep(_PAUSE_S * 2**attempts)
        else:
            raise DataProcessingError(_takes_none(error)) from error

    def _transaction(self, rows: list[Row]) -> Outcome:
        by_partition = self._partitions.assigned(rows, self._connection)
        outcome = Outcome()
        with self._connection.transaction():
            looked_up = [row for row in rows if row.key[0] in self._looked_up]
            present = self._present(looked_up) if looked_up else set()
            kept = self._meet([row for row in looked_up if row.key in present], outcome) if present else set()
            for name, some in by_partition.items():
                new = [row for row in some if row.key not in kept] if kept else some
                if new:
                    self._copy(name, new)
                    outcome.written += [row.key for row in new]
        outcome.inserted = len(rows) - len(present)
        return outcome

    def _present(self, rows: Sequence[Row]) -> set[Key]:
        found: Iterable[Key] = self._connection.execute(_PRESENT, _named(rows)).fetchall()
        return set(found) & {row.key for row in rows}

    def _meet(self, rows: Sequence[Row], outcome: Outcome) -> set[Key]:
        """See to rows that are there already, and return those of them that aren't to be written."""
        keys = {row.key for row in rows}
        if self._method == "ignore":
            outcome.unchanged += len(keys)
            outcome.written += keys
            return keys
        if self._method == "insert" and not self._doubtful:
            return self._refused(keys, outcome)
        self._connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {_TEMPORARY} (LIKE items) ON COMMIT DELETE ROWS")
        self._copy(_TEMPORARY, rows)
        if self._method == "insert":
            same = set(self._connection.execute(_SAME, _named(rows)).fetchall())
            outcome.unchanged += len(same)
            outcome.written += same
            return same | self._refused(keys - same, outcome)
        which = "AND o IS DISTINCT FROM s" if self._method == "upsert" else ""
        statement = _DELETED.format(joined=_JOINED, which=which)
        deleted = set(self._connection.execute(statement, _named(rows)).fetchall())
        outcome.updated += len(deleted)
        unchanged = keys - deleted
        outcome.unchanged += len(unchanged)
        outcome.written += unchanged
        return unchanged

    @staticmethod
    def _refused(keys: set[Key], outcome: Outcome) -> set[Key]:
        outcome.failed += [(key, ItemError("it is in the database already (method: insert)")) for key in sorted(keys)]
        return keys

    def _copy(self, table: str, rows: Sequence[Row]) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        with (
            self._connection.cursor() as cursor,
            cursor.copy(sql.SQL(_COPY).format(sql.Identifier(table), columns)) as copy,
        ):
            copy.write(copied(rows))


def _named(rows: Sequence[Row]) -> dict[str, list[str]]:
    return {"collections": sorted({row.key[0] for row in rows}), "ids": [row.key[1] for row in rows]}


def _add(outcome: Outcome, done: Outcome) -> None:
    outcome.written += done.written
    outcome.failed += done.failed
    outcome.inserted += done.inserted
    outcome.updated += done.updated
    outcome.unchanged += done.unchanged


def _takes_none(error: psycopg.Error) -> str:
    return f"the database takes no items: {in_words(error)}"
