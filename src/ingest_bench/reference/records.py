"""What is noted of a reference run, as it is stored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ingest_bench.results.models import Environment, Record
from ingest_bench.simulator.generated.description import Description

VERSION: Literal[1] = 1


class Counts(Record):
    """What was asked of the API by requests of one kind."""

    requests: int = 0
    items: int = 0
    bytes: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(
            requests=self.requests + other.requests, items=self.items + other.items, bytes=self.bytes + other.bytes
        )


class Traffic(Record):
    """What was asked of the API, by kind of request."""

    items: Counts = Counts()
    """Pages of whole items."""
    recent: Counts = Counts()
    """Pages of some fields of items that a condition selects, such as a late `updated`."""
    ids: Counts = Counts()
    """Pages of some fields of any items."""
    counts: Counts = Counts()
    """Searches for at most one item, which tell a count or an extreme."""
    documents: Counts = Counts()
    """All other documents."""
    failures: Counts = Counts()
    """Responses that are no success."""

    def __add__(self, other: Traffic) -> Traffic:
        """Return both together."""
        return Traffic(**{name: getattr(self, name) + getattr(other, name) for name in Traffic.model_fields})

    @property
    def requests(self) -> int:
        """Requests of all kinds."""
        return sum(getattr(self, name).requests for name in Traffic.model_fields)

    @property
    def bytes(self) -> int:
        """Bytes of the bodies of all responses."""
        return sum(getattr(self, name).bytes for name in Traffic.model_fields)


class Job(Record):
    """One run of a command."""

    command: str
    """Its name, such as `sync`."""
    killed: bool
    """Whether it was ended by SIGKILL; else it came to its end before the moment for that, or there was none."""
    exit_code: int
    wall_s: float
    read_s: float
    """From the first request until the last response."""
    peak_mib: float
    """Resident memory of all of its processes together, at most, as seen five times a second; shared pages count in
    each of them."""
    peak_process_mib: float
    """Resident memory of the largest of its processes, at most, as the kernel says."""
    traffic: Traffic
    server_cpu_s: float
    """CPU time of the server while it ran."""
    starts: int
    """How often this run of the command was begun by the driver. More than one: the driver itself was interrupted, and
    the counts are of the last time alone."""


class Check(Record):
    """The output against the truth, item by item."""

    items: int
    """In the output, as its manifest says."""
    expected: int
    missing: int
    extra: int
    """Items of the output that aren't there at this epoch."""
    repeated: int
    different: int
    misplaced: int
    """Items in the folder of another month."""
    damaged_parts: int
    """Files that are not there, or whose size or hash isn't the manifest's."""
    examples: list[str]
    """Some of what is wrong, in words."""

    @property
    def ok(self) -> bool:
        """Whether each item is there once, with the right content and in its place."""
        wrong = self.missing + self.extra + self.repeated + self.different + self.misplaced + self.damaged_parts
        return wrong == 0 and self.items == self.expected


class JournalCheck(Record):
    """The journal of a run against what the epoch has changed."""

    lines: int
    wrong: int
    """Lines that say what isn't so, or say it again."""
    missing: int
    """Changes that no line tells."""

    @property
    def ok(self) -> bool:
        """Whether it tells each change once, and nothing else."""
        return self.wrong == self.missing == 0


class Epoch(Record):
    """The output brought to the state of an epoch."""

    number: int
    changed: int
    """Items whose content this epoch changed; of epoch 0 none."""
    moved: int
    added: int
    """Items that are new; of epoch 0 all."""
    removed: int
    held: int
    """Items before this epoch."""
    months: int
    """Months that have items."""
    killed: Job
    finished: Job
    check: Check
    generation: int
    """Of the output, by its manifest."""
    journal: JournalCheck | None
    """None where the run that was killed had published, so that the changes are in more than one journal."""
    verdict: str
    reason: str
    held_bytes: int
    """All parts that the manifest names."""
    disk_bytes: int
    """All files of the output, hidden ones too, when the run had ended."""
    parts: int

    @property
    def traffic(self) -> Traffic:
        """What both runs asked for."""
        return self.killed.traffic + self.finished.traffic

    @property
    def touched(self) -> int:
        """Items that had to be read, at least."""
        return self.changed + self.added

    @property
    def ok(self) -> bool:
        """Whether the output is equal to the truth, and its journal to what has changed."""
        return self.check.ok and self.finished.exit_code == 0 and (self.journal is None or self.journal.ok)


class Reference(Record):
    """A reference run."""

    version: Literal[1] = VERSION
    description: Description
    page_items: int = Field(ge=1)
    """Items of a page, as the command was told."""
    largest_page: int = Field(ge=1)
    """Of the server."""
    environment: Environment
    epochs: list[Epoch]
    idle: Job
    """A sync with nothing changed."""
    idle_months: int
    audit: Job

    @property
    def ok(self) -> bool:
        """Whether the output was equal to the truth at each epoch, and the audit found nothing."""
        return all(epoch.ok for epoch in self.epochs) and self.idle.exit_code == 0 and self.audit.exit_code == 0
