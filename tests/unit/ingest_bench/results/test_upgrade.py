"""Results of schema 1.0, as the first build that published any wrote them, and of 1.1 are read as 2.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest_bench.__main__ import main
from ingest_bench.comparison.files import read_run
from ingest_bench.config.models import Settings
from ingest_bench.results.models import RESULTS_SCHEMA_VERSION, Results
from ingest_bench.results.upgrade import NAMES, VALUES, upgrade
from stac_ingest.core.renamed import TOLD

OLD = Path(__file__).with_name("results-1.0.json")
NO_CODE = {"modules": {"stac_ingest.module": "0"}, "pins": {}}


@pytest.fixture
def old() -> Any:
    """Return the parsed file of a run of that build: five cells of three kinds of corpora."""
    return json.loads(OLD.read_text())


def upgraded(document: Any) -> Any:
    """Return a copy that is upgraded."""
    document = json.loads(json.dumps(document))
    upgrade(document)
    return document


def test_every_field_keeps_its_value_under_its_new_name(old: Any) -> None:
    """A cell's fields, its samples', its machine's and the settings are the same numbers and words as before."""
    now = Results.model_validate(upgraded(old))
    for then, cell in zip(old["cells"], now.cells, strict=True):
        assert (cell.is_null_cell, cell.trace.peak_mib) == (then["null"], then["trace"]["peak_mb"])
        assert cell.speedup
        assert cell.speedup.model_dump() == then["ratio"]
        assert cell.environment.memory_gib == then["environment"]["memory_gb"]
        for sample, before in zip(cell.samples, then["samples"], strict=True):
            assert (sample.peak_rss_mib, sample.invalid) == (before["peak_rss_mb"], before["void"])
            assert sample.digest.content_class == before["digest"]["residue"]
    assert [cell.stop_reason for cell in now.cells] == [
        "max_pairs",
        "max_pairs",
        "time_limit",
        "max_pairs",
        "max_pairs",
    ]
    assert now.cells[1].baseline["fetcher"] == "stac_manager"
    settings = Settings.model_validate(now.config)
    assert (settings.sampling.target_ci_width, settings.sampling.tracemalloc_items) == (0.2, 10)
    assert (settings.corpora["folder"].corrupt_share, settings.corpora["crowd"].skewed) == (0.1, True)
    assert settings.scenarios["written"].arms["no_output"].skip == "output"


@pytest.mark.parametrize("path", sorted({*NAMES, *VALUES}))
def test_the_tables_have_what_there_is_and_no_more(old: Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a line a real file is upgraded otherwise; but for a setting that no arm of it gives."""
    whole, needless = upgraded(old), NAMES.get(path) == {"max_response_mb": "max_response_mib"} and path not in VALUES
    monkeypatch.delitem(NAMES, path, raising=False)
    monkeypatch.delitem(VALUES, path, raising=False)
    assert (upgraded(old) == whole) == needless


def test_nothing_is_noted_and_this_version_is_left_alone(
    old: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old results are no old configuration to be told of; upgrading twice is upgrading once."""
    monkeypatch.delenv(TOLD, raising=False)
    once = upgraded(old)
    Settings.model_validate(once["config"])
    assert capsys.readouterr().err == ""
    assert upgraded(once) == once
    assert {once["schema_version"], *(cell["schema_version"] for cell in once["cells"])} == {RESULTS_SCHEMA_VERSION}


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_run_is_compared_with_one_of_an_earlier_version(
    old: Any, tmp_path: Path, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same run as 2.0 and as 1.x: every cell is comparable, and none is known to differ."""
    if version == "1.1":
        for each in (old, *old["cells"]):
            each["schema_version"] = version
        for cell in old["cells"]:
            cell["depends_on"] = NO_CODE
    earlier, current = tmp_path / "old.json", tmp_path / "benchmark_results.json"
    earlier.write_text(json.dumps(old))
    current.write_text(read_run(earlier).results.model_dump_json())
    assert main(["compare", str(earlier), str(current)]) == 0
    told = capsys.readouterr().out
    assert "(0 worse, 0 better, 2 undecided, 0 no difference, 0 not comparable, 0 new, 0 removed)" in told


@pytest.mark.parametrize("damage", [{"cells": 3}, {"cells": [None]}, {"config": []}, {"cells": {"a": {"samples": 1}}}])
def test_what_has_another_form_is_left_to_the_model(old: Any, damage: dict[str, Any]) -> None:
    """A file whose parts aren't what they should be is refused by the model, not met with a traceback."""
    with pytest.raises(ValueError, match="validation error"):
        Results.model_validate(upgraded(old | damage))
