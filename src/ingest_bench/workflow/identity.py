"""What of the settings a cell depends on, as one canonical string.

With the code that its processes loaded (`system.dependencies`) that is all: while both are the same, measuring again
would change nothing.

Captions (titles, groups, labels) are left out, since they change the report alone.
"""

import json
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from ingest_bench.calibration.models import CALIBRATION
from ingest_bench.config.matrix import CellSide, PlannedCell, cells
from ingest_bench.config.models import Settings
from ingest_bench.results.models import LONGER

BESIDE = {"calibration": CALIBRATION, "longer": LONGER}
"""Records beside the results that a report may take up."""


def cell_identity(settings: Settings, cell: PlannedCell) -> str:
    """Give all settings that a cell depends on as canonical JSON: its own, its corpora's and its baseline's."""
    return _canonical(
        {
            "cell": [cell.scenario, cell.arm, cell.concurrency],
            "seed": settings.seed,
            "cache": cell.cache,
            "file": cell.picked,
            "search": cell.search.model_dump() if cell.search else None,
            "before": [cell.before, cell.before_options.model_dump()] if cell.before and cell.before_options else None,
            "killed": cell.killed,
            "sampling": cell.sampling.model_dump(),
            "two_passes": settings.two_passes,
            "remote": settings.remote.model_dump() if cell.candidate.corpus_options.url else None,
            "known_defect": cell.candidate.options.known_defect,
            "candidate": _side(cell.candidate),
            "baseline": _side(cell.baseline),
        }
    )


def corpus_identity(settings: Settings, name: str) -> str:
    """Give all settings that a corpus depends on as canonical JSON: its own, and the seed."""
    corpus = settings.corpora[name]
    return _canonical(
        {
            "corpus": name,
            "settings": corpus.model_dump(),
            "seed": settings.seed if corpus.generated else None,
            "kind_file": _file_digest(corpus.record.file),
            "like": _file_digest(corpus.like),
        }
    )


def fingerprint(identity: str) -> str:
    """Shorten an identity to a hash that a file can carry."""
    return sha256(identity.encode()).hexdigest()


def _side(side: CellSide) -> dict[str, Any]:
    arm = side.options
    programs = {"programs": arm.programs} if arm.record.programs else {}
    return {
        "fetcher": arm.fetcher,
        "fetcher_file": _file_digest(arm.record.file),
        "settings": arm.settings,
        "concurrency": side.concurrency,
        "corpus": side.corpus,
        "corpus_settings": side.corpus_options.model_dump(),
        "server": side.server.model_dump() if side.server else None,
        "output": side.output,
        **programs,
    }


def _file_digest(path: str | None) -> str | None:
    """Hash a file of the user's own that declares something or is imitated; None where there is none."""
    if path is None:
        return None
    with Path(path).open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def aggregate_identity(settings: Settings) -> str:
    """Give what the results depend on beside the cells and code, as canonical JSON: the seed and the order of cells."""
    return _canonical({"seed": settings.seed, "cells": [cell.file for cell in cells(settings)]})


def round_identity(settings: Settings) -> str:
    """Give what the plan of a round depends on beside what was measured and code, as canonical JSON."""
    return _canonical(
        {
            "cells": [[cell.file, cell.sampling.pairs.model_dump()] for cell in cells(settings)],
            "budget_minutes": settings.budget_minutes,
            "tolerance": settings.tolerance,
            "most": settings.sampling.pairs.max,
        }
    )


def report_identity(settings: Settings) -> str:
    """Give what report and advice depend on beside the results and code, as canonical JSON: captions, other records."""
    stamps = {name: file_stamp(settings.results, file) for name, file in BESIDE.items()}
    whole = settings.whole.model_dump() if settings.whole else None
    return _canonical({"captions": captions(settings), "whole": whole, **stamps})


def captions(settings: Settings) -> str:
    """Give the words that the report alone depends on, as canonical JSON."""
    return _canonical(
        {
            name: [
                scenario.title,
                scenario.group,
                scenario.task,
                {arm: options.label for arm, options in scenario.arms.items()},
            ]
            for name, scenario in settings.scenarios.items()
        }
    )


def file_stamp(folder: Path | str, name: str) -> str | None:
    """Hash a file in a folder of results; None where there is none."""
    path = Path(folder) / name
    return sha256(path.read_bytes()).hexdigest() if path.exists() else None
