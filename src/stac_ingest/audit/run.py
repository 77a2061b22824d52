"""An audit from its beginning to its end, with the repair where one is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stac_ingest.audit.compare import Audit, Progress
from stac_ingest.audit.fetch import fetch_missing
from stac_ingest.audit.repair import Repairer, repairer_of
from stac_ingest.audit.result import AuditResult
from stac_ingest.audit.task import AuditTask
from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError

_TAKING_PLACES = ".sorting/layout.json"
"""The note of a sorted table while its files are replaced."""


@dataclass(frozen=True, kw_only=True)
class RepairTask:
    """What is repaired, and from where."""

    folder: Path
    """The output."""
    remove_extra: bool = False
    source: IngestConfig | None = None
    """Where the items are, where they don't come by the comparison: of an inventory, or of ids alone."""


async def run_audit(
    task: AuditTask, repair: RepairTask | None = None, progress: Progress = lambda *_: None
) -> AuditResult:
    """Compare an output, and repair it where that is asked for.

    Args:
        task: what is compared. For a repair it says to keep items, unless `repair` names the source of them.
        repair: what is repaired; None for nothing.
        progress: told what is done.

    Raises:
        ConfigurationError: a side, or the output of a repair, can't be what it has to be. Nothing was written then.
        DataProcessingError: the report, or the output, can't be written.

    """
    repairer = None if repair is None else repairer_of(repair.folder)
    if repair is not None and repair.source is None and not isinstance(task.against, IngestConfig):
        raise ConfigurationError(
            f"--repair: {task.against.label} has no items; give the source that has them, by --source"
        )
    audit = Audit(task, progress)
    try:
        if (Path(task.output.source) / _TAKING_PLACES).exists():
            audit.output.problems.append("files were taking their places when a run was killed; --resume ends that")
        await audit.compare()
        if repairer is None or repair is None or audit.output.unreadable:
            return AuditResult(audit)
        return await _repaired(audit, repairer, repair, progress)
    finally:
        audit.close()


async def _repaired(audit: Audit, repairer: Repairer, repair: RepairTask, progress: Progress) -> AuditResult:
    if repair.source is not None and audit.missing:
        await fetch_missing(audit, repair.source, progress)
    differs = len(audit.lacking) or len(audit.differing) or audit.output.repeated or not audit.output.is_whole
    if not differs and not (repair.remove_extra and audit.extra):
        repairer.clear()
        return AuditResult(audit)
    progress("repairing the output", 0)
    return AuditResult(audit, await repairer.repair(audit, remove_extra=repair.remove_extra))
