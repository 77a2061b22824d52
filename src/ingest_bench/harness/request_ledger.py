"""How many requests a run has sent to a server that isn't this machine's, so that it never sends more than it may.

The count is a file beside the results. What a sample may send at most is written down before it begins, and what it has
sent when it has ended: a sample that was killed counts as if it had sent all that it might have.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from ingest_bench.config.models import Settings
from ingest_bench.errors import MeasurementError
from stac_ingest.core.atomic import write_atomically

FILE = "requests.json"
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
        budget = sha256(orjson.dumps([remote.model_dump(), urls])).hexdigest()
        ledger = cls(Path(settings.results) / FILE, budget, remote.total_requests, remote.max_requests)
        try:
            noted = orjson.loads(ledger.path.read_bytes())
            if noted["budget"] == budget:
                ledger.spent, ledger.refused_at = int(noted["spent"]), noted["refused_at"]
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):
            raise MeasurementError(
                f"{ledger.path}: can't be read, so it isn't known how many requests were sent; remove it to begin anew"
            ) from None
        return ledger

    @property
    def pairs_left(self) -> int:
        """Pairs that can be taken, whatever they send."""
        return max(0, self.total - self.spent) // (2 * self.most)

    def why_not(self, concurrency: int) -> str | None:
        """Say why no pair may be taken at a level of concurrency; None: it may."""
        if self.refused_at is not None and concurrency >= self.refused_at:
            return f"the server answered 429 at {self.refused_at} at once, so no more is asked at {concurrency}"
        if self.pairs_left == 0:
            return f"of {self.total} requests that are allowed (remote.total_requests) {self.spent} are spent"
        return None

    def begin(self) -> None:
        """Take note, before a sample begins, of all that it may send."""
        self.spent += self.most
        self._write()

    def end(self, sent: int, *, refused: bool, concurrency: int) -> None:
        """Take note of what a sample has sent, and of whether the server has refused any of it."""
        self.spent += sent - self.most
        if refused:
            self.refused_at = min(concurrency, self.refused_at or concurrency)
        self._write()

    def _write(self) -> None:
        note = {"budget": self.budget, "spent": self.spent, "refused_at": self.refused_at}
        write_atomically(self.path, orjson.dumps(note))
