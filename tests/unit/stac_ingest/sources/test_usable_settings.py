"""Settings that a source can't use are refused, not ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stac_ingest import IngestModule
from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError
from stac_ingest.sources.usable_settings import api_settings, check_settings


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"limit": 5}, "limit"),
        ({"headers_file": "headers.txt"}, "headers_file"),
        ({"retry": "none", "timeout": 5}, "retry, timeout"),
        ({"budget": {"max_requests": 5}}, "budget"),
    ],
)
def test_settings_of_an_api_are_refused_for_files(tmp_path: Path, settings: dict[str, Any], named: str) -> None:
    """The message names them, before anything is read."""
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=f"^{named}: for an API alone, and the source is files"):
        IngestModule({"mode": "file", "source": str(tmp_path), **settings})


def test_settings_of_files_are_refused_for_an_api() -> None:
    """An API has no format."""
    with pytest.raises(ConfigurationError, match=r"^source_type, format: for files alone"):
        check_settings(IngestConfig(mode="api", source="http://localhost", format="json", source_type="file"))


def test_a_default_that_is_written_down_changes_nothing(tmp_path: Path) -> None:
    """A file of settings may name what it doesn't change."""
    IngestModule({"mode": "file", "source": str(tmp_path), "limit": 100, "retry": "wait", "budget": {}})


def test_a_filter_that_can_not_be_used_is_refused_at_once(tmp_path: Path) -> None:
    """Wrong filters are told of before anything is read or written."""
    with pytest.raises(ConfigurationError, match="query: eo:cloud_cover: unknown operator"):
        IngestModule({"mode": "file", "source": str(tmp_path), "query": {"eo:cloud_cover": {"below": 5}}})


def test_filters_are_no_settings_of_an_api_alone() -> None:
    """Every source takes them."""
    assert api_settings().isdisjoint({"bbox", "datetime", "query", "collection_id"})


@pytest.mark.parametrize(("written", "text"), [(2024, "2024"), ("2024/..", "2024/..")])
def test_a_year_may_be_a_number(written: Any, text: str) -> None:
    """YAML makes one of it."""
    assert IngestConfig(mode="file", source="x", datetime=written).datetime == text


def test_a_date_of_yaml_is_a_text_again() -> None:
    """YAML makes an object of a date, and of a timestamp."""
    import yaml  # noqa: PLC0415 - for this test alone

    for written, text in (("2024-05-01", "2024-05-01"), ("2024-05-01T00:00:00Z", "2024-05-01T00:00:00+00:00")):
        settings = yaml.safe_load(f"{{mode: file, source: x, datetime: {written}}}")
        assert IngestConfig.parse(settings).datetime == text
