"""What of an ingest in shards is to be done (again), by its files alone."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from stac_ingest.completeness import NAME as CERTIFICATE
from stac_ingest.sharding.manifest import MANIFEST, REST, STRAYS, Manifest, read_shard_report
from stac_ingest.sharding.plan import NAME, Plan, read_plan
from stac_ingest.sharding.planner import check_output, plan_ingest
from stac_ingest.sharding.settings import ShardedIngest, is_object_storage
from stac_ingest.sharding.splitters import splitter_for
from stac_ingest.sharding.splitters.base import FilesSplitter, Splitter
from stac_ingest.sharding.storage import ITEMS, open_storage, unsound


class IngestStatus:
    """Why the plan, a shard or the end is to be made (again), or None."""

    def __init__(self, settings: ShardedIngest) -> None:
        self._settings = settings
        self._path = settings.state_folder / NAME
        self._known: tuple[int, dict[int, str]] | None = None
        self._splitter: Splitter | None = None
        self._asked = False
        self._why: str | None = None

    def plan(self) -> str | None:
        """Compare the plan with the settings and with the source as it is when first asked; an API's isn't asked.

        Raises:
            IngestError: the settings can't be used for what is there: the source is missing, the output is another's.

        """
        if not self._asked:
            self._why = self._compared()
            self._asked = True
        return self._why

    def planned(self) -> Plan:
        """Return the plan, made anew where it is to be; a source that was listed is not listed again.

        Raises:
            IngestError: it can't be planned; see `plan_ingest`.

        """
        if self.plan() is None:
            return read_plan(self._path)
        made = plan_ingest(self._settings, self._splitter)
        self._why, self._splitter = None, None
        return made

    @property
    def is_listed(self) -> bool:
        """Whether the source was listed to tell that a new plan is due, and `planned` takes little more than that."""
        return self.plan() is not None and isinstance(self._splitter, FilesSplitter) and self._splitter.plans_by_listing

    def _compared(self) -> str | None:
        check_output(self._settings)
        splitter = splitter_for(self._settings)
        now = splitter.stamp()
        plan = read_plan(self._path) if self._path.exists() else None
        if plan is not None and plan.settings == self._settings and plan.stamp == now:
            return None
        self._splitter = splitter
        if plan is None:
            return "not planned yet"
        return "other settings" if plan.settings != self._settings else "the source has changed"

    def shard(self, number: int) -> str | None:
        """Compare one shard's report with the plan, and its part with the report."""
        return self.shards().get(number)

    def shards(self) -> dict[int, str]:
        """Return the shards of the plan that are to be run, and why. Kept until there is another plan."""
        made = self._path.stat().st_mtime_ns
        if self._known is None or self._known[0] != made:
            self._known = made, self._due()
        return self._known[1]

    def _due(self) -> dict[int, str]:
        plan = read_plan(self._path)
        storage = open_storage(self._settings)
        sizes = storage.sizes(ITEMS)
        due = {}
        for shard in plan.shards:
            report = read_shard_report(plan, shard)
            if report is None:
                due[shard.number] = "not ingested yet"
            elif report.part and (why := unsound(report.part, storage, sizes, every_byte=False)):
                due[shard.number] = f"its part {why}"
        return due

    def end(self) -> str | None:
        """Compare the manifest with the reports of the shards."""
        if self.shards():
            return "shards are ingested again"
        plan = read_plan(self._path)
        try:
            manifest = Manifest.model_validate_json((documents(self._settings) / MANIFEST).read_bytes())
        except (OSError, ValidationError):
            return "not closed yet"
        if not (documents(self._settings) / CERTIFICATE).exists():
            return "not certified yet"
        reports = (read_shard_report(plan, shard) for shard in plan.shards)
        parts = [report.part for report in reports if report is not None and report.part is not None]
        listed = [part for part in manifest.parts if Path(part.path).name not in (STRAYS, REST)]
        return None if parts == listed else "made from other shards"


def documents(settings: ShardedIngest) -> Path:
    """Return the folder of this machine with the manifest and the completeness report of the whole."""
    return settings.state_folder if is_object_storage(settings.output) else Path(settings.output)
