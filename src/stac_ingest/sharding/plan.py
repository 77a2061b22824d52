"""The plan of an ingest: what each shard reads, and what all were planned from."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, ValidationError

from stac_ingest.config import RequestBudget
from stac_ingest.core.atomic import write_text
from stac_ingest.core.registry import load
from stac_ingest.core.text import counted, encodable
from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sources.kind import KINDS, SourceKind

VERSION: Literal[1] = 1
NAME = "plan.json"
Words = Annotated[str, AfterValidator(encodable)]
"""Text of a record that may quote names and ids of strangers, which UTF-8 need not be able to hold."""


class Record(BaseModel):
    """A stored record: nothing in it that the schema doesn't know."""

    model_config = ConfigDict(extra="forbid")


class Piece(Record):
    """What of a source a shard reads; each kind of source has its own model, named by its `SourceKind`."""

    kind: str
    moves: ClassVar[frozenset[str]] = frozenset()
    """Fields that may change while the piece stays what it is."""


class FilesPiece(Piece):
    """A stretch of the sorted item files of a folder."""

    kind: Literal["files"] = "files"
    moves = frozenset({"start", "stop", "names_at"})
    start: int
    stop: int
    names_at: int | None = Field(default=None, description="the byte of the kept names at which its own begin")
    digest: str = Field(description="of names, sizes and times of the files")


class Rows(Record):
    """Row groups of one file that follow each other."""

    path: str
    first: int
    last: int = Field(description="the last of them, itself included")
    stamp: str = Field(description="size and time of the file when it was planned")


class RowsPiece(Piece):
    """Row groups of GeoParquet files."""

    kind: Literal["rows"] = "rows"
    files: list[Rows]


class LinesOfFile(Record):
    """A stretch of a file of lines."""

    path: str
    start: int
    stop: int
    stamp: str = Field(description="size and time of the file when it was planned")


class LinesPiece(Piece):
    """Lines of NDJSON files: those that begin in these stretches."""

    kind: Literal["lines"] = "lines"
    files: list[LinesOfFile]


class TimePiece(Piece):
    """A stretch of time of a search. Instants are microseconds since 1970 (UTC); none is an open end."""

    kind: Literal["time"] = "time"
    start: int | None = Field(description="of the search, which is closed at both ends")
    end: int | None
    own_from: int | None = Field(description="an item belongs to the shard from this instant of its own on")
    own_before: int | None = Field(description="to before this one")


def kind_of_piece(name: str) -> SourceKind | None:
    """Return the kind of source whose pieces say that they are of this `kind`; None where there is none."""
    known = (kind for kind in KINDS.values() if kind.piece is not None)
    return next((kind for kind in known if load(kind.piece or "").model_fields["kind"].default == name), None)


def _as_its_kind(found: Any) -> Any:
    """Return the piece that a stored record is, by its `kind`."""
    name = found.get("kind") if isinstance(found, dict) else None
    kind = kind_of_piece(name) if name is not None else None
    return found if kind is None or kind.piece is None else load(kind.piece).model_validate(found)


class Shard(Record):
    """One job's share of the source."""

    number: int
    expected: int = Field(description="units or items, as far as they are known in advance")
    piece: Annotated[SerializeAsAny[Piece], BeforeValidator(_as_its_kind)]
    budget: RequestBudget = Field(default_factory=RequestBudget, description="its share of what the API allows")

    @property
    def name(self) -> str:
        """How its files are called."""
        return f"{self.number:05d}"

    @property
    def part(self) -> str:
        """How its part of the output is called."""
        return f"part-{self.name}.parquet"


class Plan(Record):
    """All shards, and what they were planned from."""

    version: Literal[1] = VERSION
    settings: ShardedIngest
    stamp: str | None = Field(description="of the source when it was planned; none where only asking would tell")
    total: int | None = Field(description="items or units there are; none where the source doesn't say")
    counts_items: bool = Field(description="whether `total` is a number of items; else of files")
    shards: list[Shard]
    notes: list[str] = []

    def identity(self, shard: Shard) -> str:
        """Return a hash of all that a shard's result depends on: which items, and where to.

        Args:
            shard: of this plan.

        Returns:
            SHA-256, 64 hexadecimal digits. A shard's report holds it; a report with another one is out of date.

        """
        kept = {
            "what": self.settings.what,
            "output": self.settings.output,
            "number": shard.number,
            "piece": shard.piece.model_dump(exclude=set(shard.piece.moves)),
        }
        return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()

    @property
    def digest(self) -> str:
        """Give a hash of what all shards depend on."""
        return sha256(" ".join(map(self.identity, self.shards)).encode()).hexdigest()

    def write(self) -> Path:
        """Write the plan into its state folder, whole or not at all.

        Returns:
            The path of `plan.json`.

        Raises:
            OSError: it can't be written.

        """
        path = self.settings.state_folder / NAME
        write_text(path, self.model_dump_json(indent=1) + "\n")
        return path


def read_plan(path: Path) -> Plan:
    """Read a plan that `plan_ingest` has written.

    Args:
        path: of `plan.json`, in the state folder of the ingest.

    Returns:
        The plan, checked against its schema.

    Raises:
        ConfigurationError: there is none, or it is damaged or of another version.

    """
    try:
        return Plan.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ConfigurationError(f"there is no plan at {path}; plan the ingest first") from None
    except ValidationError as error:
        raise ConfigurationError(
            f"{path} is damaged or of another version ({counted(error.error_count(), 'fault')}); remove it, "
            "and plan again"
        ) from None
