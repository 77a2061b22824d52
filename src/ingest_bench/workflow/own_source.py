"""What `snakemake measure` does beside the rules: from the source to a matrix, and from the results to words."""

from __future__ import annotations

import fcntl
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ingest_bench.errors import SettingsError

if TYPE_CHECKING:
    from ingest_bench.workflow.snakemake_internals import SnakemakeRun


LOCK = ".measuring"
"""Below the results: locked by the process that measures into them."""
_CLAIMED: dict[Path, BinaryIO] = {}


def meant_instead(asked: Mapping[str, Any]) -> str:
    """Say which command was meant, where a source is named and what to do with it isn't.

    Args:
        asked: what `--config` says of the source.

    """
    given = " ".join(f"{name}={asked[name]}" for name in ("source", "output") if name in asked)
    if "output" in asked:
        return f"a source and no target: `snakemake ingest --config {given}` ingests it"
    return (
        f"a source and no target: `snakemake measure --config {given}` says what to use for it, "
        f"`snakemake ingest --config {given} output=FOLDER` ingests it"
    )


def matrix_of_source(asked: Mapping[str, Any], run: SnakemakeRun, logger: logging.Logger) -> dict[str, Any]:
    """Return the configuration that measures a source: made by the process that plans, and read by its jobs.

    Raises:
        SettingsError: the source can't be measured, or a setting can't be used.

    """
    # Jobs of a matrix, and of an ingest, do without.
    from ingest_bench.survey import MeasureRequest, read_config, survey_source  # noqa: PLC0415

    request = MeasureRequest.parse(asked)
    if not run.plans:
        return read_config(request.results)
    if not run.dry:
        _claim(Path(request.results))
    return survey_source(request, logger.info, dry=run.dry)


def _claim(results: Path) -> None:
    """Have a folder of results until this process ends, before anything in it is changed.

    The lock of a run comes later, with its plan.

    Raises:
        SettingsError: another process has it.

    """
    results = results.absolute()
    if results in _CLAIMED:
        return
    results.mkdir(parents=True, exist_ok=True)
    lock = (results / LOCK).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SettingsError(
            f"results: another run measures into {results}; wait for its end, or name another folder (results=...)"
        ) from None
    except OSError:  # a file system without locks
        pass
    _CLAIMED[results] = lock


def main(log: str, results: str) -> None:
    """Print what to use."""
    from ingest_bench.report.model.study import ReportData  # noqa: PLC0415 - the process that plans does without
    from ingest_bench.report.text.own_source import in_words  # noqa: PLC0415 - same
    from ingest_bench.results.models import Results  # noqa: PLC0415 - same
    from ingest_bench.workflow.job_log import logged  # noqa: PLC0415 - same

    with logged(log):
        data = ReportData.from_results(Results.model_validate_json(Path(results).read_bytes()))
        print(*in_words(data, Path(results).parent), sep="\n")  # noqa: T201 - what the user waits for


if __name__ == "__main__":
    main(*sys.argv[1:])
