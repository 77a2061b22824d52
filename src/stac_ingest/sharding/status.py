"""What of an ingest in shards has to be done (again), told from its files alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import ValidationError

from stac_ingest.completeness import NAME as CERTIFICATE
from stac_ingest.sharding.deduplicate import STRAYS
from stac_ingest.sharding.finalize import MANIFEST, unsound
from stac_ingest.sharding.manifest import Manifest, read_shard_report
from stac_ingest.sharding.plan import NAME, read_plan
from stac_ingest.sharding.planner import check_output
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
from stac_ingest.sharding.splitters import splitter_for
from stac_ingest.sharding.storage import ITEMS, open_storage


class IngestStatus:
    """Says of the plan, of a shard and of the end why it has to be made (again), or None."""

    def __init__(self, settings: ShardedIngest) -> None:
        self._settings = settings
        self._path = settings.state_folder / NAME
        self._known: tuple[int, dict[int, str]] | None = None
        self.plan = cache(self._plan)

    def _plan(self) -> str | None:
        """Compare the plan with the settings and with the source as it is now; an API's isn't asked.

        Raises:
            IngestError: the settings can't be used for what is there: the source is missing, the output is another's.

        """
        check_output(self._settings)
        now = splitter_for(self._settings).stamp()
        if not self._path.exists():
            return "not planned yet"
        found = read_plan(self._path)
        if found.settings != self._settings:
            return "other settings"
        return None if found.stamp == now else "the source has changed"

    def shard(self, number: int) -> str | None:
        """Compare one shard's certificate with the plan, and its part with the certificate."""
        return self.shards().get(number)

    def shards(self) -> dict[int, str]:
        """Say which shards of the plan have to be run, and why. The answer is kept until there is another plan."""
        made = self._path.stat().st_mtime_ns
        if self._known is None or self._known[0] != made:
            self._known = made, self._due()
        return self._known[1]

    def _due(self) -> dict[int, str]:
        plan = read_plan(self._path)
        storage = open_storage(self._settings)
        sizes = storage.sizes(ITEMS)
        found = {}
        for shard in plan.shards:
            certificate = read_shard_report(plan, shard)
            if certificate is None:
                found[shard.number] = "not ingested yet"
            elif certificate.part and (why := unsound(certificate.part, storage, sizes, every_byte=False)):
                found[shard.number] = f"its part {why}"
        return found

    def end(self) -> str | None:
        """Compare the manifest with the certificates of the shards."""
        if self.shards():
            return "shards are ingested again"
        plan = read_plan(self._path)
        try:
            manifest = Manifest.model_validate_json((documents(self._settings) / MANIFEST).read_bytes())
        except (OSError, ValidationError):
            return "not closed yet"
        if not (documents(self._settings) / CERTIFICATE).exists():
            return "not certified yet"
        certified = (read_shard_report(plan, shard) for shard in plan.shards)
        parts = [found.part for found in certified if found is not None and found.part is not None]
        listed = [part for part in manifest.parts if Path(part.path).name != STRAYS]
        return None if parts == listed else "made from other shards"


def documents(settings: ShardedIngest) -> Path:
    """Say where the manifest and the certificate of the whole can be read on this machine."""
    return settings.state_folder if is_object_storage(settings.output) else Path(settings.output)
