"""Parts that were replaced, and stay for the readers that go by an older manifest."""

from __future__ import annotations

import time

from stac_ingest.sync.manifest import Retired, SyncManifest

_HOUR_S = 3600


def retired(grace: float, before: SyncManifest | None, new: SyncManifest) -> list[Retired]:
    """List the parts that a new manifest doesn't name, and that are still to stay.

    Args:
        grace: hours for which they stay.
        before: the manifest that the new one replaces; None for the first.
        new: the new one.

    """
    if before is None:
        return []
    now = time.time()
    named = {part.path for partition in new.partitions for part in partition.parts}
    until = {old.path: old.until for old in before.retired if old.until > now}
    for partition in before.partitions:
        until |= {part.path: now + grace * _HOUR_S for part in partition.parts}
    return [Retired(path=path, until=end) for path, end in until.items() if end > now and path not in named]
