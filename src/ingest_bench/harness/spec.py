"""What passes between a cell's driver and the process of one sample: plain data, as JSON over pipes."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import orjson

from ingest_bench.arms.base import ArmSpec


@dataclass(frozen=True, slots=True)
class SampleSpec:
    """What a sample is to do."""

    arm: ArmSpec
    content_class: int | None
    """The class of items, 0 to 15, whose content is digested; None: all of it."""
    parent: int
    """The driver's process id: the sample ends with it."""
    evict: str | None = None
    """The folder or file to drop from memory right before the clock starts."""
    output: str | None = None
    """What the stages behind the ingest write: items, ndjson, geoparquet, or `NO_OUTPUT`; None: ingest alone."""
    scratch: str | None = None
    """An empty folder to write it to."""
    moment: float = 0.5
    """When a run is killed that is to be: share of its time."""
    tracemalloc_items: int | None = None
    """Instead of the clock: trace Python's memory over so many items; of a whole process, rehearse it."""

    def to_json(self) -> bytes:
        """Return the spec as JSON."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Return the spec that `to_json` has written."""
        parsed: dict[str, Any] = orjson.loads(data)
        return cls(**{**parsed, "arm": ArmSpec(**parsed["arm"])})
