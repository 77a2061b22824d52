"""Keys of the last release's configuration are read as their present names, and told of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.docgen.schemas import schema_text
from ingest_bench.errors import SettingsError
from ingest_bench.workflow.identity import cell_identity, corpus_identity
from stac_ingest.core.renamed import TOLD

NAMES = {
    "target_width": "target_ci_width",
    "trace_items": "tracemalloc_items",
    "broken": "corrupt_share",
    "crowded": "skewed",
    "leaves_out": "skip",
    "max_response_mb": "max_response_mib",
}
FETCHER = {"upstream": "stac_manager"}
OLD: dict[str, Any] = {
    "sampling": {"target_width": 0.2, "trace_items": 5},
    "corpora": {
        "folder": {"kind": "items_directory", "items": 20, "broken": 0.1},
        "api": {"kind": "api", "items": 20, "crowded": True},
    },
    "scenarios": {
        "folder": {
            "title": "A folder",
            "group": "files",
            "corpus": "folder",
            "pipeline": {"output": "ndjson"},
            "sampling": {"trace_items": 7},
            "baseline": {"arm": "upstream"},
            "arms": {
                "upstream": {"fetcher": "upstream", "concurrency": [1]},
                "no_output": {"concurrency": [1], "leaves_out": "output", "settings": {"max_response_mb": 3}},
            },
        }
    },
}


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing have been told of yet, and forget afterwards what was."""
    monkeypatch.setenv(TOLD, "")


def present() -> dict[str, Any]:
    """Return the same configuration with the present names."""
    text = json.dumps(OLD)
    for old, now in NAMES.items():
        text = text.replace(f'"{old}":', f'"{now}":')
    return dict(json.loads(text.replace('"fetcher": "upstream"', '"fetcher": "stac_manager"')))


def test_an_old_name_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """The settings and every identity are those of the present names, so that nothing is measured again."""
    old, now = load_settings(OLD), load_settings(present())
    assert old == now
    assert old.model_dump() == now.model_dump()
    assert [cell_identity(old, spec) for spec in cells(old)] == [cell_identity(now, spec) for spec in cells(now)]
    assert [corpus_identity(old, name) for name in old.corpora] == [corpus_identity(now, name) for name in now.corpora]
    notes = [note.split() for note in capsys.readouterr().err.splitlines()]
    assert sorted((note[1], note[4]) for note in notes) == sorted({**NAMES, **FETCHER}.items())


def test_present_names_are_not_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written where no old name is used."""
    load_settings(present())
    assert capsys.readouterr().err == ""


def test_old_names_are_in_no_schema() -> None:
    """Schema and documentation, which is made from it, know the present names alone."""
    schema = schema_text(Settings)
    assert [name for name in {**NAMES, **FETCHER} if f'"{name}"' in schema] == []


def test_both_names_at_once_are_refused() -> None:
    """Which of two values is meant can't be known."""
    twice = {**OLD, "sampling": {"target_width": 0.2, "target_ci_width": 0.1}}
    with pytest.raises(SettingsError, match=r"sampling\.target_width: unknown key; did you mean target_ci_width\?"):
        load_settings(twice)


def test_a_wrong_value_is_told_under_the_present_name() -> None:
    """The key that is named is the one that can be looked up."""
    with pytest.raises(SettingsError, match=r"sampling\.target_ci_width: 5 is not allowed"):
        load_settings({**OLD, "sampling": {"target_width": 5}})
