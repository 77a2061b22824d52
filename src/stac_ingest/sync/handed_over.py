"""A sync that has read much goes on in a fresh process, which has none of the memory that reading leaves scattered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from stac_ingest.sharding.plan import Record, Words
from stac_ingest.sync.plan import Task
from stac_ingest.sync.settings import SyncSettings

Renewal = Callable[[bytes, Sequence[int]], None]
"""Goes on in a fresh process with what is handed over and the numbers of files that stay open; or returns."""


class HandedOver(Record):
    """What the process that has read knows, and the files of the run don't tell."""

    settings: dict[str, Any] = Field(description="of the sync; what they were read from may be gone")
    wanted: list[Task] = Field(description="the tasks that were made of what others have named as wanted")
    notes: list[Words] = Field(description="what is to be said at the end")
    lock: int = Field(ge=0, description="the number of the locked file")

    @property
    def as_settings(self) -> SyncSettings:
        """The settings of the sync."""
        return SyncSettings.model_validate(self.settings)


def hand_over(renew: Renewal, settings: SyncSettings, wanted: Sequence[Task], notes: Sequence[str], lock: int) -> None:
    """Go on in a fresh process. Returns where that can't be done, so that this one has to go on.

    Args:
        renew: goes on there.
        settings: of the sync.
        wanted: tasks that were made of what others have named as wanted.
        notes: what is to be said at the end.
        lock: the number of the locked file.

    """
    text = json.dumps(settings.model_dump(mode="json"))
    made = HandedOver(settings=json.loads(text), wanted=list(wanted), notes=list(notes), lock=lock)
    if made.as_settings == settings:  # else the run would begin anew there
        renew(json.dumps(made.model_dump(mode="json")).encode(), [lock])


def taken(text: bytes) -> HandedOver | None:
    """Read what was handed over; None where that was by another version, which has other settings or tasks."""
    try:
        found = HandedOver.model_validate(json.loads(text))
        _ = found.as_settings
    except ValueError:
        return None
    return found
