"""What a cell depends on, as one canonical string: when the string is the same, measuring again would change nothing.

Captions (titles, groups, labels) are left out, since they change the report alone.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from ingest_bench.code_digest import code_digest, generator_digest
from ingest_bench.matrix import CellSpec, arm_of, corpus_of, sampling_of
from ingest_bench.settings import Corpus, Settings


def cell_identity(settings: Settings, spec: CellSpec) -> str:
    """Give all that a cell depends on as canonical JSON: its settings, corpora, baseline, and the code it uses.

    Raises:
        FileNotFoundError: a source file that the cell uses is missing.

    """
    scenario = settings.scenarios[spec.scenario]
    pipeline = scenario.pipeline.output if scenario.pipeline else None
    sides = {
        "candidate": _side(settings, spec, "candidate", spec.concurrency),
        "baseline": _side(settings, spec, "baseline", spec.baseline_concurrency),
    }
    return _canonical(
        {
            "cell": [spec.scenario, spec.arm, spec.concurrency],
            "seed": settings.seed,
            "cache": scenario.cache,
            "file": scenario.file,
            "server": scenario.server.model_dump() if scenario.server else None,
            "pipeline": pipeline,
            "sampling": sampling_of(settings, spec).model_dump(),
            "remote": settings.remote.model_dump() if settings.corpora[spec.corpus].url else None,
            "known_defect": spec.known_defect,
            **sides,
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
            "settings": _corpus_settings(corpus),
            "seed": settings.seed if corpus.generated else None,
            "code": generator_digest(corpus.kind),
        }
    )


def fingerprint(identity: str) -> str:
    """Shorten an identity to a hash that a file can carry."""
    return sha256(identity.encode()).hexdigest()


def _side(settings: Settings, spec: CellSpec, role: Any, concurrency: int) -> dict[str, Any]:
    arm = arm_of(settings, spec, role)
    name, corpus = corpus_of(settings, spec, role)
    pipeline = settings.scenarios[spec.scenario].pipeline
    return {
        "fetcher": arm.fetcher,
        "settings": arm.settings,
        "concurrency": concurrency,
        "corpus": name,
        "corpus_settings": _corpus_settings(corpus),
        "code": code_digest(arm.fetcher, corpus.kind, pipeline.output if pipeline else None, remote=bool(corpus.url)),
    }


def _corpus_settings(corpus: Corpus) -> dict[str, Any]:
    return corpus.model_dump()


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
