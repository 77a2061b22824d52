"""How the server behaves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PagingName = Literal["token", "page", "offset"]
RetryAfter = Literal["seconds", "date"]
GENERATED = "generated.json"
"""The file that describes items which are made on request, in the place of those of a corpus."""


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be set. Times in milliseconds, rates per second."""

    corpus: Path
    port: int = 0
    paging: PagingName = "token"
    think_ms: float = 0
    jitter_ms: float = 0
    slots: int | None = None
    service_ms: float = 0
    max_page: int = 1000
    rate: float | None = None
    burst: int = 1
    retry_after: RetryAfter = "seconds"
    counts: bool = True
    ignored: tuple[str, ...] = ()
    """Parameters that are accepted and ignored."""
    timeless: int | None = None
    """One item of so many is in no search by time; None hides none."""
    durations: bool = True
    """Whether a search by time heeds start and end of an item."""
    exclusive_ends: bool = False
    """Whether an item at an end of an interval is outside of it."""
    rewrite_links: bool = False
    seed: int = 0
    behaviours: tuple[str, ...] = ()
    """Faults, as `NAME[=VALUE][@SHARE]`; see `ingest_bench.simulator.faults`."""
    log: Path | None = None
    exit_on_stdin_close: bool = False
