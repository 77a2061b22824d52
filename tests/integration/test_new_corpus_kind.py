"""The documented kind of corpus: one file of the user's own, built, read by every arm of its layout, and judged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

import factories
from documented import example
from factories import arm, scenario
from ingest_bench.analysis.recommendations import recommend_scenario
from ingest_bench.config.corpus_kinds import CORPUS_KINDS, corpus_kind, register_corpus_kind
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.corpora.check import verify
from ingest_bench.corpora.inventory import read_manifest
from ingest_bench.corpora.user_data import describe_corpus
from ingest_bench.errors import SettingsError
from ingest_bench.harness.measure import measure
from ingest_bench.workflow.identity import corpus_identity

KIND = example("indented.py")


def matrix(results: Path, **corpus: Any) -> dict[str, Any]:
    """Return a matrix that reads the corpus in three ways."""
    arms = {"upstream": arm(fetcher="stac_manager"), "sequential": arm(), "reading": arm(fetcher="read_only")}
    return factories.matrix(
        {"mine": {"kind": "indented", "items": 50, **corpus}},
        results=str(results),
        sampling={"budget_seconds": 0.01, "tracemalloc_items": 0},
        small=scenario("mine", arms),
    )


@pytest.fixture
def kind_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a kind of corpus, registered; and have a host lock of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("ingest_bench.config.corpus_kinds.KINDS.further", {})
    path = tmp_path / "indented.py"
    path.write_text(KIND)
    register_corpus_kind(path)
    return path


def built(results: Path) -> Settings:
    """Return the settings, the corpus built."""
    settings = load_settings(matrix(results))
    build_corpus(settings, "mine", settings.corpus_folder("mine"), settings.manifest_file("mine"))
    return settings


@pytest.mark.slow
def test_a_new_kind_of_corpus_is_one_file(kind_file: Path, tmp_path: Path) -> None:
    """A kind that this repository knows nothing of is built, keeps to its manifest, is measured and advised on."""
    settings = built(tmp_path / "results")
    assert verify(settings.corpus_folder("mine"), settings.manifest_file("mine")) == []
    manifest = read_manifest(settings.manifest_file("mine"))
    assert (manifest.kind, manifest.items, manifest.files) == ("indented", 50, 50)
    cells = [measure(settings, find_cell(settings, "small", arm, 1)) for arm in ("sequential", "reading")]
    assert [cell.parity.ok for cell in cells] == [True, True]
    assert {sample.items for cell in cells for sample in cell.samples} == {50}
    advice = recommend_scenario("small", settings.scenarios["small"], corpus_kind("indented").layout.section, cells)
    assert advice.mode == "json_files"


def test_own_files_can_be_of_a_new_kind(kind_file: Path, tmp_path: Path) -> None:
    """Files of the user's own that lie there as the kind says are described like any others."""
    made = built(tmp_path / "results").corpus_folder("mine")
    settings = load_settings(matrix(tmp_path / "own", items=None, path=str(made)))
    describe_corpus(settings, "mine", settings.manifest_file("mine"))
    assert read_manifest(settings.manifest_file("mine")).items == 50


def test_a_changed_kind_makes_its_corpora_stale(kind_file: Path, tmp_path: Path) -> None:
    """What the file of a kind holds is part of the identity of its corpora."""
    settings = load_settings(matrix(tmp_path))
    before = corpus_identity(settings, "mine")
    kind_file.write_text(KIND.replace("indent=2", "indent=4"))
    assert corpus_identity(settings, "mine") != before


@pytest.mark.parametrize(
    ("corpus", "complaint"),
    [
        ({"corrupt_share": 0.1}, "corrupt_share: belongs to kind: items_directory, not to indented"),
        ({"files": 2}, "files: belongs to kind: geoparquet, not to indented"),
        ({"kind": "indnted"}, "'indnted' is not allowed; did you mean indented"),
        ({"items": None, "url": "https://stac.example", "collection": "c"}, "url needs kind: api"),
    ],
)
def test_a_new_kind_is_checked_like_any_other(
    kind_file: Path, tmp_path: Path, corpus: dict[str, Any], complaint: str
) -> None:
    """What its record says of options and layout holds for a configuration that names it."""
    with pytest.raises(SettingsError, match=complaint):
        load_settings(matrix(tmp_path, **corpus))


def test_a_file_without_a_kind_is_refused(tmp_path: Path) -> None:
    """A file that declares nothing, or a kind that there is already, is refused with its path."""
    path = tmp_path / "kind.py"
    path.write_text("")
    with pytest.raises(SettingsError, match=r"kind\.py: needs KIND = CorpusKind"):
        register_corpus_kind(path)
    path.write_text(KIND.replace('"indented"', '"api"'))
    with pytest.raises(SettingsError, match="called api already"):
        register_corpus_kind(path)


@pytest.mark.parametrize("name", CORPUS_KINDS)
def test_a_record_of_a_kind_is_complete(name: str) -> None:
    """A kind is called as its module is, and is described."""
    kind = corpus_kind(name)
    assert (kind.name, kind.file) == (name, None)
    assert kind.description
