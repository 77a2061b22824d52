"""What is out of date is told from the files, with no more reading than a large matrix allows."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.results.checksum import checksum_of, with_checksum
from ingest_bench.system import dependencies
from ingest_bench.system.dependencies import recording
from ingest_bench.workflow import staleness
from ingest_bench.workflow.identity import cell_identity, corpus_identity, fingerprint
from ingest_bench.workflow.jobs import recorded
from ingest_bench.workflow.staleness import (
    ADVICE,
    AGGREGATE,
    REPORT,
    Freshness,
    aggregate_made_from,
    noted,
    remember,
    report_made_from,
)

SCENARIOS = 100


def large(results: Path) -> Settings:
    """Return a matrix of 5,000 cells."""
    scenarios = {
        f"s{number}": scenario(arms={"queue": arm(*range(1, 51), settings=QUEUE)}) for number in range(SCENARIOS)
    }
    return load_settings(matrix({"files": ("item_files", 5)}, results=str(results), **scenarios))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Make a corpus, and the files of 5,000 cells as far as they matter here."""
    made = large(tmp_path_factory.mktemp("results"))
    folder, manifest = made.corpus_folder("files"), made.manifest_file("files")
    with recorded(made.job_file("files"), "corpus", "files", fingerprint(corpus_identity(made, "files"))):
        build_corpus(made, "files", folder, manifest)
        remember(folder, manifest)
    corpora = {"files": made.built_at("files")}
    checksums = []
    with recording() as code:
        pass
    depends_on = code.dependencies().model_dump()
    for cell in cells(made):
        found = {"identity": fingerprint(cell_identity(made, cell)), "corpora": corpora, "depends_on": depends_on}
        data = with_checksum(json.dumps(found, indent=1))
        path = Path(made.results) / cell.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        checksums.append(checksum_of(data))
    with noted(made, AGGREGATE, aggregate_made_from(made, checksums)):
        pass
    for name in (REPORT, ADVICE):
        with noted(made, name, report_made_from(made)):
            pass
    return made


@pytest.mark.slow
def test_a_plan_reads_each_file_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """For 5,000 cells each cell file is read once, each source file is parsed once, and the corpus's files never."""
    reads: Counter[str] = Counter()
    parsed: list[str] = []
    read_bytes, behaviour = Path.read_bytes, dependencies.behaviour

    def counted(path: Path) -> bytes:
        reads[str(path)] += 1
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    monkeypatch.setattr(dependencies, "behaviour", lambda source: parsed.append(source) or behaviour(source))
    dependencies.module_hash.cache_clear()
    fresh = Freshness(settings)
    assert {fresh.cell(cell) for cell in cells(settings)} == {None}
    assert (fresh.report(), fresh.advice()) == (None, None)
    files = [path for path in reads if "/cells/" in path]
    assert len(files) == 50 * SCENARIOS
    assert max(reads.values()) <= 2
    assert not [path for path in reads if Path(path).parent == settings.corpus_folder("files")]
    assert len(parsed) == len(set(parsed)) > 0


def test_what_is_made_from_cells_follows_them(settings: Settings) -> None:
    """A cell that is gone concerns the results and the report; other captions concern the report alone."""
    path = Path(settings.results) / cells(settings)[7].file
    data = path.read_bytes()
    path.unlink()
    fresh = Freshness(settings)
    assert fresh.cell(cells(settings)[7]) == "not measured yet"
    assert fresh.cell(cells(settings)[8]) is None
    assert (fresh.aggregate(), fresh.report()) == (
        "cells are measured again",
        "its results are brought together again",
    )
    path.write_bytes(data)
    scenarios = {**settings.scenarios, "s0": settings.scenarios["s0"].model_copy(update={"title": "Another"})}
    fresh = Freshness(settings.model_copy(update={"scenarios": scenarios}))
    assert (fresh.aggregate(), fresh.report()) == (None, "made from something else")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"nonsense"])
def test_a_damaged_record_is_no_record(tmp_path: Path, content: bytes) -> None:
    """A corpus whose record is cut off or of another kind is made again, with its cells, and nothing fails."""
    settings = large(tmp_path)
    settings.job_file("files").parent.mkdir(parents=True)
    settings.job_file("files").write_bytes(content)
    fresh = staleness.Freshness(settings)
    assert fresh.corpus("files") in {"its record is damaged", "other settings"}
    assert fresh.cell(cells(settings)[0]) == "corpus files is made again"


def test_a_calibration_depends_on_its_seed_and_its_code(tmp_path: Path) -> None:
    """A calibration with another seed, of other code, of before code was recorded, or damaged, is made again."""
    settings = large(tmp_path)
    path = tmp_path / "calibration.json"
    code = {"modules": {"stac_ingest.module": dependencies.module_hash("stac_ingest.module")}}
    assert Freshness(settings).calibration() == "not there"
    for found, reason in [
        ({"seed": settings.seed, "depends_on": code}, None),
        ({"seed": settings.seed + 1, "depends_on": code}, "another seed"),
        (
            {"seed": settings.seed, "depends_on": {"modules": {"stac_ingest.module": "0"}}},
            "other code: stac_ingest.module",
        ),
        ({"seed": settings.seed}, "other code: not recorded"),
        ({}, "its record is damaged"),
    ]:
        path.write_text(json.dumps(found))
        assert Freshness(settings).calibration() == reason
