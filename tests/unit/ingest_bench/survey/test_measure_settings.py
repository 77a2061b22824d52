"""What `snakemake measure` takes, and what is said where no target is."""

from __future__ import annotations

import fcntl
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ingest_bench.errors import SettingsError
from ingest_bench.survey import MeasureRequest
from ingest_bench.survey.found import Amount, Found
from ingest_bench.survey.matrix import arms_for
from ingest_bench.workflow.given_settings import of_section
from ingest_bench.workflow.own_source import LOCK, matrix_of_source, meant_instead
from stac_ingest.errors import ConfigurationError

DOCUMENT = Path(__file__).parents[4] / "docs" / "measure.md"


def test_the_document_names_every_setting() -> None:
    """The table of docs/measure.md has each setting, its default and what the model says of it."""
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `") and line.count(" | ") == 2]
    expected = []
    for name, field in MeasureRequest.model_fields.items():
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        shown = "" if field.is_required() or default is None else f"`{default}`"
        expected.append(f"| `{name}` | {shown} | {field.description} |")
    assert rows[-len(expected) :] == expected


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"source": "x", "output": "y"}, "snakemake ingest --config source=x output=y"),
        ({"source": "x"}, "snakemake measure --config source=x"),
    ],
    ids=["both", "source"],
)
def test_a_source_without_a_target_is_told_the_command(asked: dict[str, Any], says: str) -> None:
    """A source with nothing to do with it is told the command that was meant."""
    assert says in meant_instead(asked)


def test_a_folder_that_is_measured_into_is_left_alone(tmp_path: Path) -> None:
    """Where another process measures into a folder nothing is looked at or written, and what to do is said."""
    (tmp_path / "source").mkdir()
    results = tmp_path / "results"
    results.mkdir()
    run = cast("Any", SimpleNamespace(plans=True, dry=False))
    with (results / LOCK).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(SettingsError, match="another run measures into"):
            matrix_of_source({"source": str(tmp_path / "source"), "results": str(results)}, run, logging.getLogger())
    assert [path.name for path in results.iterdir()] == [LOCK]


def test_a_rate_that_no_run_may_have_is_refused_before_anything_is_asked() -> None:
    """More requests a second than a configuration allows are refused when the call is read."""
    with pytest.raises(SettingsError, match="requests_per_second"):
        MeasureRequest.parse({"source": "https://example.com/v1", "requests": 300, "requests_per_second": 51})


@pytest.mark.parametrize("at_once", [2, 20], ids=["fewer", "more"])
def test_as_many_at_once_as_are_allowed_are_measured(at_once: int) -> None:
    """What is said to be sent at once is a level that is measured."""
    given = {"source": "https://example.com/v1", "requests": 300, "max_in_flight": at_once}
    found = Found("api", {}, Amount.exact(1000), "", page_sizes=(100,), is_counted_by_server=True)
    assert arms_for(MeasureRequest.parse(given), found)["time_chunks"]["concurrency"] == [at_once]


def test_recommended_settings_are_those_of_the_source(tmp_path: Path) -> None:
    """Of a file with sections an ingest takes the one of its source; what is typed wins, and the others are left."""
    (tmp_path / "a.json").write_text("{}")
    sections = {"json_files": {"mode": "file", "concurrency": "4", "limit": "3"}, "api": {"mode": "api"}}
    given = {"source": str(tmp_path), "output": "out", "limit": "7", **sections}
    assert of_section(given) == {"source": str(tmp_path), "output": "out", "concurrency": "4", "limit": "7"}


def test_a_file_without_the_sources_section_is_refused(tmp_path: Path) -> None:
    """Settings for another kind of source are not taken for this one's."""
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="no section json_files"):
        of_section({"source": str(tmp_path), "output": "out", "api": {"mode": "api"}})
