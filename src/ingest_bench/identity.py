"""What a cell depends on, as one canonical string: when the string is the same, measuring again would change nothing.

Captions (titles, groups, labels) are left out, since they change the report alone.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from ingest_bench.calibration.record import calibration_stamp
from ingest_bench.code_digest import CodeUse, bench_digest, code_digest, description_digest, generator_digest
from ingest_bench.matrix import CellSpec, Role, arm_of, cell_file, cells, corpus_of, output_of, sampling_of
from ingest_bench.settings import Settings
from stac_ingest.config import IngestConfig

REPORT_CODE = (
    *(f"{folder}/*.py" for folder in ("reporting", "reporting/page", "reporting/plots", "advice", "scaling", "design")),
    *("bottleneck.py", "estimates.py", "statistics.py", "results.py", "calibration/record.py"),
)
"""What turns results into words."""


def cell_identity(settings: Settings, spec: CellSpec) -> str:
    """Give all that a cell depends on as canonical JSON: its settings, corpora, baseline, and the code it uses.

    Raises:
        FileNotFoundError: a source file that the cell uses is missing.

    """
    scenario = settings.scenarios[spec.scenario]
    return _canonical(
        {
            "cell": [spec.scenario, spec.arm, spec.concurrency],
            "seed": settings.seed,
            "cache": scenario.cache,
            "file": scenario.file,
            "server": scenario.server.model_dump() if scenario.server else None,
            "sampling": sampling_of(settings, spec).model_dump(),
            "remote": settings.remote.model_dump() if settings.corpora[spec.corpus].url else None,
            "known_defect": spec.known_defect,
            "candidate": _side(settings, spec, "candidate"),
            "baseline": _side(settings, spec, "baseline"),
        }
    )


def corpus_identity(settings: Settings, name: str) -> str:
    """Give all that a corpus depends on as canonical JSON: its settings, the seed and the generator's code.

    Raises:
        FileNotFoundError: a source file of the generators is missing.

    """
    corpus = settings.corpora[name]
    return _canonical(
        {
            "corpus": name,
            "settings": corpus.model_dump(),
            "seed": settings.seed if corpus.generated else None,
            "kind_file": _file_digest(corpus.record.file),
            "code": (generator_digest if corpus.generated else description_digest)(corpus.layout.name),
        }
    )


def fingerprint(identity: str) -> str:
    """Shorten an identity to a hash that a file can carry."""
    return sha256(identity.encode()).hexdigest()


def code_use(settings: Settings, spec: CellSpec, role: Role) -> CodeUse:
    """Say which code one side of a cell uses."""
    arm = arm_of(settings, spec, role)
    _, corpus = corpus_of(settings, spec, role)
    concurrency = spec.baseline_concurrency if role == "baseline" else spec.concurrency
    default = IngestConfig.model_fields["worker_strategy"].default
    return CodeUse(
        fetcher=arm.fetcher,
        kind=corpus.layout.name,
        strategy=arm.settings.get("worker_strategy", default) if concurrency > 1 else "sequential",
        output=output_of(settings, spec, role),
        remote=corpus.url is not None,
    )


def _side(settings: Settings, spec: CellSpec, role: Role) -> dict[str, Any]:
    arm = arm_of(settings, spec, role)
    name, corpus = corpus_of(settings, spec, role)
    return {
        "fetcher": arm.fetcher,
        "fetcher_file": _file_digest(arm.record.file),
        "settings": arm.settings,
        "concurrency": spec.baseline_concurrency if role == "baseline" else spec.concurrency,
        "corpus": name,
        "corpus_settings": corpus.model_dump(),
        "server": arm.server.model_dump() if arm.server else None,
        "output": output_of(settings, spec, role),
        "code": code_digest(code_use(settings, spec, role)),
    }


def _file_digest(path: str | None) -> str | None:
    """Hash a file of the user's own that declares something; None where it is declared in this package."""
    return sha256(Path(path).read_bytes()).hexdigest() if path else None


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def aggregate_identity(settings: Settings) -> str:
    """Give what the results depend on beside the cells, as canonical JSON: seed, order of cells, and code."""
    return _canonical(
        {
            "seed": settings.seed,
            "cells": [cell_file(spec) for spec in cells(settings)],
            "code": bench_digest("aggregate.py", "results.py", "table.py"),
        }
    )


def report_identity(settings: Settings) -> str:
    """Give what report and advice depend on beside the results, as canonical JSON: captions, a calibration, code."""
    return _canonical(
        {
            "captions": captions(settings),
            "calibration": calibration_stamp(settings.results),
            "code": bench_digest(*REPORT_CODE),
        }
    )


def captions(settings: Settings) -> str:
    """Give the words that the report alone depends on, as canonical JSON."""
    return _canonical(
        {
            name: [scenario.title, scenario.group, {arm: options.label for arm, options in scenario.arms.items()}]
            for name, scenario in settings.scenarios.items()
        }
    )
