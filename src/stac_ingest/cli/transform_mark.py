"""What was done to the items that an output holds already, so that a resumed run does the same to the others."""

from __future__ import annotations

from pathlib import Path

from stac_ingest.core.atomic import write_text
from stac_ingest.errors import ConfigurationError


def keep_mark(path: Path, mark: str, *, resumed: bool) -> None:
    """Keep the mark of a run's transforms, before it writes any item; a run that resumes has to have the same one.

    Args:
        path: of the file.
        mark: of the transforms; empty where there are none, which needs no file.
        resumed: whether items of an earlier run are there.

    Raises:
        ConfigurationError: the earlier run had other transforms, or the file can't be used.
        DataProcessingError: the file can't be written.

    """
    try:
        before = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        if before == mark:
            return
        if resumed:
            raise ConfigurationError(
                "the items written so far went through other transforms (--where, --rename-property, --drop-property, "
                "--set-property); resume with the same ones, or start afresh without --resume"
            )
        if not mark:
            path.unlink()
            return
    except OSError as error:
        raise ConfigurationError(f"{path} can't be used: {error.strerror or error}") from error
    write_text(path, mark)
