"""A kind of corpus of the user's own: one file, built, read by every arm that knows its layout, and judged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from ingest_bench.analysis.by_scenario import recommend_scenario
from ingest_bench.config.corpus_kinds import CORPUS_KINDS, corpus_kind, register_corpus_kind
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.config.paths import corpus_folder, manifest_file
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.corpora.check import verify
from ingest_bench.corpora.manifest import read_manifest
from ingest_bench.corpora.user_data import describe_corpus
from ingest_bench.errors import SettingsError
from ingest_bench.harness.measure import measure
from ingest_bench.workflow.identity import corpus_identity

KIND = '''
"""Items whose files are indented."""

import json

from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.config.corpus_kinds import CorpusKind
from ingest_bench.corpora.inventory import entry_of
from ingest_bench.corpora.items import ItemFactory
from ingest_bench.corpora.parts import Part


def build(corpus, seed, folder, workers):
    part = Part()
    factory = ItemFactory(seed, corpus.item_kb)
    for index in range(corpus.items):
        item = factory.item(index)
        data = json.dumps(item, indent=INDENT).encode()
        name = f"{item['id']}.json"
        (folder / name).write_bytes(data)
        part.tally.add(item)
        part.entries.append(entry_of(name, data))
    return part


KIND = CorpusKind(
    name="indented",
    description="a file for each item, indented",
    layout=LAYOUTS["item_files"],
    build=build,
)
'''


def matrix(results: Path, **corpus: Any) -> dict[str, Any]:
    """Return a matrix that reads the corpus in three ways."""
    return {
        "results": str(results),
        "sampling": {"budget_seconds": 0.01, "tracemalloc_items": 0},
        "corpora": {"mine": {"kind": "indented", "items": 50, **corpus}},
        "scenarios": {
            "small": {
                "title": "Small",
                "group": "small",
                "corpus": "mine",
                "baseline": {"arm": "upstream"},
                "arms": {
                    "upstream": {"fetcher": "stac_manager", "concurrency": [1]},
                    "sequential": {"concurrency": [1]},
                    "reading": {"fetcher": "read_only", "concurrency": [1]},
                },
            }
        },
    }


@pytest.fixture
def kind_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a kind of corpus, registered; and have a host lock of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("ingest_bench.config.corpus_kinds.KINDS.further", {})
    path = tmp_path / "indented.py"
    path.write_text(KIND.replace("INDENT", "2"))
    register_corpus_kind(path)
    return path


def built(results: Path) -> Settings:
    """Return the settings, the corpus built."""
    settings = load_settings(matrix(results))
    build_corpus(settings, "mine", corpus_folder(settings, "mine"), manifest_file(settings, "mine"))
    return settings


def test_a_new_kind_of_corpus_is_one_file(kind_file: Path, tmp_path: Path) -> None:
    """A kind that this repository knows nothing of is built, keeps to its manifest, is measured and advised on."""
    settings = built(tmp_path / "results")
    assert verify(corpus_folder(settings, "mine"), manifest_file(settings, "mine")) == []
    manifest = read_manifest(manifest_file(settings, "mine"))
    assert (manifest.kind, manifest.items, manifest.files) == ("indented", 50, 50)
    cells = [measure(settings, find_cell(settings, "small", arm, 1)) for arm in ("sequential", "reading")]
    assert [cell.parity.ok for cell in cells] == [True, True]
    assert {sample.items for cell in cells for sample in cell.samples} == {50}
    advice = recommend_scenario("small", settings.scenarios["small"], corpus_kind("indented").layout.section, cells)
    assert advice.mode == "json_files"


def test_own_files_can_be_of_a_new_kind(kind_file: Path, tmp_path: Path) -> None:
    """Files of the user's own that lie there as the kind says are described like any others."""
    made = corpus_folder(built(tmp_path / "results"), "mine")
    settings = load_settings(matrix(tmp_path / "own", items=None, path=str(made)))
    describe_corpus(settings, "mine", manifest_file(settings, "mine"))
    assert read_manifest(manifest_file(settings, "mine")).items == 50


def test_a_changed_kind_makes_its_corpora_stale(kind_file: Path, tmp_path: Path) -> None:
    """What the file of a kind holds is part of the identity of its corpora."""
    settings = load_settings(matrix(tmp_path))
    before = corpus_identity(settings, "mine")
    kind_file.write_text(KIND.replace("INDENT", "4"))
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
    path.write_text(KIND.replace("INDENT", "2").replace('"indented"', '"api"'))
    with pytest.raises(SettingsError, match="called api already"):
        register_corpus_kind(path)


@pytest.mark.parametrize("name", CORPUS_KINDS)
def test_a_record_of_a_kind_is_complete(name: str) -> None:
    """A kind is called as its module is, and is described."""
    kind = corpus_kind(name)
    assert (kind.name, kind.file) == (name, None)
    assert kind.description
