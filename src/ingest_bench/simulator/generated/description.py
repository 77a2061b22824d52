"""What a generated API holds: `generated.json`, in the place of the items of a corpus."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ingest_bench.errors import MeasurementError
from ingest_bench.simulator.options import GENERATED
from stac_ingest.core.text import plain_line

MOST_ITEMS = 200_000_000
_QUOTED = 300

Share = Annotated[float, Field(ge=0, le=0.2)]


class Description(BaseModel):
    """The items of epoch 0, and what happens to them in each epoch after it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Annotated[int, Field(ge=1, le=MOST_ITEMS)]
    """At epoch 0."""
    seed: Annotated[int, Field(ge=0)] = 0
    epochs: Annotated[int, Field(ge=0, le=100)] = 3
    """After epoch 0."""
    changed: Share = 0.02
    """Share of `items` whose content an epoch changes."""
    moved: Share = 0.1
    """Share of the changed items whose datetime moves to another month."""
    added: Share = 0.01
    """Share of `items` that an epoch adds."""
    removed: Share = 0.01
    """Share of `items` that an epoch removes."""
    end: AwareDatetime = datetime.fromisoformat("2025-01-01T00:00:00Z")
    """When epoch 0 ends: all that it holds was updated by then."""
    epoch_length: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(days=45))] = timedelta(days=30)
    """How long each further epoch lasts, by the server's own clock, which its `Date` header shows."""

    def count(self, share: float) -> int:
        """Return how many items a share of them is; at least one where the share isn't 0."""
        return max(1, round(share * self.items)) if share else 0


def read_description(folder: Path) -> Description:
    """Read the description of a folder.

    Raises:
        MeasurementError: it can't be read, or says what can't be.

    """
    path = folder / GENERATED
    try:
        return Description.model_validate_json(path.read_bytes())
    except OSError as error:
        raise MeasurementError(f"{path} can't be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise MeasurementError(f"{path}: {where}: {plain_line(first['msg'], _QUOTED)}") from None
