"""Repair: what the output lacks is added, what differs is replaced, and what is extra is removed where that is asked.

Every format is repaired in steps that are whole or not done at all, so a kill at any moment loses nothing and doubles
nothing; the next repair goes on with what is left.
"""

from __future__ import annotations

from pathlib import Path

from stac_ingest.audit.repair.base import HIDDEN, Repaired, Repairer
from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs import OUTPUTS
from stac_ingest.sources.reports import is_report

__all__ = ["HIDDEN", "Repaired", "Repairer", "repairer_of"]

_CHECKPOINTS = ".checkpoints"
_UNFINISHED = ("[!.]*.part", ".pending.parquet", f"{_CHECKPOINTS}/*/*.positions")
"""What an interrupted run leaves."""


def repairer_of(folder: Path) -> Repairer:
    """Return what repairs the output in a folder.

    Raises:
        ConfigurationError: it is no output, is not finished, or is of a format that isn't repaired; with what to do.

    """
    if not folder.is_dir():
        raise ConfigurationError(f"--repair: {folder} is no folder that stac-ingest writes; ingest the source anew")
    if any(found for pattern in _UNFINISHED for found in folder.glob(pattern)):
        raise ConfigurationError(
            f"--repair: the run that writes to {folder} was interrupted; go on with it by --resume, and audit it then"
        )
    name = _format(folder)
    output = OUTPUTS[name]
    for path in (folder / output.subfolder, folder / _CHECKPOINTS, folder / _CHECKPOINTS / name, folder / HIDDEN):
        if path != folder and path.is_symlink():
            raise ConfigurationError(
                f"{path} is a symbolic link, and nothing is written outside of the output folder; remove it"
            )
    records = folder / _CHECKPOINTS / name
    if output.whole is not None:
        from stac_ingest.audit.repair.whole_file import WholeFileRepairer  # noqa: PLC0415 - one of them is used

        return WholeFileRepairer(folder, output, records)
    if name == "items":
        from stac_ingest.audit.repair.item_files import ItemFilesRepairer  # noqa: PLC0415 - same

        return ItemFilesRepairer(folder, output, records)
    if name == "geoparquet":
        from stac_ingest.audit.repair.geoparquet import GeoParquetRepairer  # noqa: PLC0415 - same

        return GeoParquetRepairer(folder, output, records)
    raise ConfigurationError(
        f"--repair: {output.label} isn't repaired; ingest the source anew, or what audit.ndjson names into a folder of "
        "its own"
    )


def _format(folder: Path) -> str:
    """Find out which output a folder is: by the checkpoints of its runs, or by its files."""
    manifest = folder / "manifest.json"
    if manifest.exists() and is_report(manifest):
        raise ConfigurationError(
            f"--repair: {folder} was written in shards, whose certificates would no longer be right; remove those of "
            "the shards that audit.ndjson concerns from its folder `shards`, and run snakemake ingest again"
        )
    known = [name for name in OUTPUTS if (folder / _CHECKPOINTS / name).is_dir()]
    if not known:
        known = [name for name, output in OUTPUTS.items() if output.whole and (folder / output.whole).exists()]
        known += ["items"] if any((folder / "items").glob("*.json")) else []
        known += ["geoparquet"] if any(folder.glob("part-*.parquet")) else []
    if len(known) == 1:
        return known[0]
    what = f"holds several outputs ({', '.join(known)})" if known else "is no output of stac-ingest"
    raise ConfigurationError(f"--repair: {folder} {what}; ingest the source anew, into a folder of its own")
