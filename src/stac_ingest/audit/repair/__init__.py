"""Repair: what the output lacks is added, what differs is replaced, and what is extra is removed where that is asked.

Every format is repaired in steps that are whole or not done at all, so a kill at any moment loses nothing and doubles
nothing; the next repair goes on with what is left.
"""

from __future__ import annotations

from pathlib import Path

from stac_ingest.audit.repair.base import HIDDEN, Repairer
from stac_ingest.audit.repair.decisions import Repaired
from stac_ingest.core.atomic import refuse_link
from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs import OUTPUTS
from stac_ingest.sources.reports import is_report
from stac_ingest.sources.synced import SYNC, is_synced

__all__ = ["HIDDEN", "Repaired", "Repairer", "repairer_of"]

_CHECKPOINTS = ".checkpoints"
_SORTING = ".sorting"
_UNFINISHED = ("[!.]*.part", ".pending.parquet", f"{_SORTING}/*.parquet", f"{_CHECKPOINTS}/*/*.positions")
"""What an interrupted run leaves."""
_REPAIRERS = {
    "items": "stac_ingest.audit.repair.item_files:ItemFilesRepairer",
    "geoparquet": "stac_ingest.audit.repair.geoparquet:GeoParquetRepairer",
    "sorted-geoparquet": "stac_ingest.audit.repair.sorted_geoparquet:SortedTableRepairer",
}
_WHOLE = "stac_ingest.audit.repair.whole_file:WholeFileRepairer"
"""Of outputs that are one file."""


def repairer_of(folder: Path) -> Repairer:
    """Return what repairs the output in a folder.

    Raises:
        ConfigurationError: it is no output, is not finished, or is of a format that isn't repaired; with what to do.
        DataProcessingError: the folder can't be written to.

    """
    if not folder.is_dir():
        raise ConfigurationError(f"--repair: {folder} is not an output folder of stac-ingest; ingest the source again")
    if is_synced(folder):
        _refuse_links(folder, "items", "changes", SYNC)
        from stac_ingest.audit.repair.synced import SyncedRepairer  # noqa: PLC0415 - the others do without

        return SyncedRepairer(folder)
    manifest = folder / "manifest.json"
    if manifest.exists() and is_report(manifest):
        _refuse_links(folder, "items", f"items/{HIDDEN}", manifest.name)
        from stac_ingest.audit.repair.sharded import ShardedRepairer  # noqa: PLC0415 - same

        return ShardedRepairer(folder)
    name = _format(folder)
    output, records = OUTPUTS[name], folder / _CHECKPOINTS / name
    _refuse_links(folder, output.subfolder, _CHECKPOINTS, f"{_CHECKPOINTS}/{name}", HIDDEN, _SORTING)
    where = _REPAIRERS.get(name, _WHOLE if output.whole is not None and output.streams else None)
    if where is None:
        raise ConfigurationError(
            f"--repair: {output.label} isn't repaired; ingest the source anew, or what audit.ndjson names into "
            "a folder of its own"
        )
    repairer: Repairer = load(where)(folder, output, records)
    repairer.go_on()
    if any(found for pattern in _UNFINISHED for found in folder.glob(pattern)):
        raise ConfigurationError(
            f"--repair: the run that writes to {folder} was interrupted; finish it with --resume, then audit it"
        )
    return repairer


def _refuse_links(folder: Path, *names: str) -> None:
    for name in filter(None, names):
        refuse_link(folder / name)


def _format(folder: Path) -> str:
    """Find out which output a folder is: by the checkpoints of its runs, or by its files."""
    known = [name for name in OUTPUTS if (folder / _CHECKPOINTS / name).is_dir()]
    if not known:
        wholes = ((name, output.whole) for name, output in OUTPUTS.items() if output.whole)
        known = [name for name, whole in wholes if any((folder / f"{whole}{end}").exists() for end in ("", ".part"))]
        known += ["items"] if any((folder / "items").glob("*.json")) else []
        known += ["geoparquet"] if any(folder.glob("part-*.parquet")) else []
    if len(known) == 1:
        return known[0]
    what = f"holds several outputs ({', '.join(known)})" if known else "is not an output of stac-ingest"
    raise ConfigurationError(f"--repair: {folder} {what}; ingest the source again, into another folder")
