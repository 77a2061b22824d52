"""How many requests a run has sent to a server that isn't this machine's, so that it never sends more than it may.

The count is a file beside the results. What a sample may send at most is written down before it begins, and what it has
sent when it has ended: a sample that was killed counts as if it had sent all that it might have. Jobs that run beside
each other share the count: it is read anew, and written, under a lock.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from ingest_bench.config.models import Settings
from ingest_bench.errors import MeasurementError
from stac_ingest.core.atomic import write_atomically

FILE, LOCK = "requests.json", ".requests.lock"
"""Below the results."""


@dataclass(slots=True)
class RequestLedger:
    """The requests of one run, as its settings allow them."""

    path: Path
    budget: str
    """Tells the settings that allow them from others, whose requests are others."""
    total: int
    most: int
    """That a sample may send."""
    spent: int = 0
    refused_at: int | None = None
    """The lowest concurrency at which the server has answered 429."""

    @classmethod
    def of(cls, settings: Settings) -> RequestLedger | None:
        """Read the ledger of a run; None where its requests aren't counted.

        Raises:
            MeasurementError: the file is there and can't be read, so that it isn't known what was sent.

        """
        remote = settings.remote
        if remote.total_requests is None:
            return None
        urls = [[corpus.url, corpus.collection] for corpus in settings.corpora.values() if corpus.url]
        # What was granted once is spent once, also where what is left of it after a new look is another number.
        allowed = remote.grant or remote.model_dump()
        budget = sha256(orjson.dumps([allowed, urls])).hexdigest()
        ledger = cls(Path(settings.results) / FILE, budget, remote.total_requests, remote.max_requests)
        ledger.read()
        return ledger

    def read(self) -> None:
        """Take over what is noted by now, by this job or by one beside it.

        Raises:
            MeasurementError: the file is there and can't be read, so that it isn't known what was sent.

        """
        try:
            noted = orjson.loads(self.path.read_bytes())
            if noted["budget"] == self.budget:
                self.spent, self.refused_at = int(noted["spent"]), noted["refused_at"]
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):
            raise MeasurementError(
                f"{self.path}: can't be read, so it isn't known how many requests were sent; remove it to begin anew"
            ) from None

    @property
    def pairs_left(self) -> int:
        """Pairs that can be taken, whatever they send."""
        return max(0, self.total - self.spent) // (2 * self.most)

    def why_not(self, concurrency: int) -> str | None:
        """Say why no pair may be taken at a level of concurrency; None: it may."""
        self.read()
        return self._refused(concurrency, 2 * self.most)

    def begin(self, concurrency: int) -> str | None:
        """Take note, before a sample begins, of all that it may send.

        Returns:
            Why it may not begin, and then nothing is noted; None: it may.

        """
        with self._locked():
            why = self._refused(concurrency, self.most)
            if why is None:
                self.spent += self.most
                self._write()
        return why

    def end(self, sent: int, *, refused: bool, concurrency: int) -> None:
        """Take note of what a sample has sent, and of whether the server has refused any of it."""
        with self._locked():
            self.spent += sent - self.most
            if refused:
                self.refused_at = min(concurrency, self.refused_at or concurrency)
            self._write()

    def _refused(self, concurrency: int, requests: int) -> str | None:
        if self.refused_at is not None and concurrency >= self.refused_at:
            return f"the server answered 429 at {self.refused_at} at once, so no more is asked at {concurrency}"
        if self.total - self.spent < requests:
            return f"of {self.total} requests that are allowed (remote.total_requests) {self.spent} are spent"
        return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.read()
            yield

    def _write(self) -> None:
        note = {"budget": self.budget, "spent": self.spent, "refused_at": self.refused_at}
        write_atomically(self.path, orjson.dumps(note))
