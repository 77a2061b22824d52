"""Settings of an ingest: the same text means the same on Snakemake's command line and in a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.cli import parse_config
from snakemake.common.configfile import load_configfile

from ingest_bench.config.models import Settings
from ingest_bench.workflow.given_settings import as_written, matrix_keys
from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding import ShardedIngest

BASE = {"source": "items", "output": "out"}
API = {"source": "http://127.0.0.1:1", "output": "out", "collection": "c"}
BUDGET = ("max_requests", "requests_per_second", "max_in_flight")
REFUSED = object()

CASES: list[tuple[str, str, Any]] = [
    ("bbox", "0,0,2,2", [0.0, 0.0, 2.0, 2.0]),
    ("bbox", "[0, 0, 2, 2]", [0.0, 0.0, 2.0, 2.0]),
    ("bbox", "[010, -1.5, 2e1, 2]", [10.0, -1.5, 20.0, 2.0]),
    ("bbox", "-10,0,2,2", [-10.0, 0.0, 2.0, 2.0]),
    ("datetime", "2024", "2024"),
    ("datetime", "2024-01-01", "2024-01-01"),
    ("datetime", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    ("datetime", "2024-01-01T00:00:00Z/..", "2024-01-01T00:00:00Z/.."),
    ("collection", "007", "007"),
    ("collection", "010", "010"),
    ("collection", "0x1f", "0x1f"),
    ("collection", "1e3", "1e3"),
    ("collection", "1.10", "1.10"),
    ("collection", "2024_01", "2024_01"),
    ("collection", "12:30:45", "12:30:45"),
    ("collection", "yes", "yes"),
    ("collection", "True", "True"),
    ("collection", "nan", "nan"),
    ("collection", "sentinel-2-l2a", "sentinel-2-l2a"),
    ("source", "2024", "2024"),
    ("output", "0012", "0012"),
    ("headers_file", "1", "1"),
    ("state", "007", REFUSED),
    ("s3_endpoint", "http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    ("shards", "010", 10),
    ("shards", "12", 12),
    ("shards", "1e1", REFUSED),
    ("shards", "0x10", REFUSED),
    ("shards", "yes", REFUSED),
    ("shards", "1:30", REFUSED),
    ("items_per_shard", "50_000", 50_000),
    ("jobs", "2", 2),
    ("limit", "0100", 100),
    ("concurrency", "4", 4),
    ("concurrency", "auto", "auto"),
    ("worker_strategy", "queue", "queue"),
    ("format", "json", "json"),
    ("hrefs", "absolute", "absolute"),
    ("exact_numbers", "true", True),
    ("allow_remote", "yes", True),
    ("allow_remote", "True", True),
    ("allow_remote", "0", False),
    ("allow_remote", "010", REFUSED),
    ("s3_anonymous", "on", True),
    ("max_requests", "0500", 500),
    ("requests_per_second", "2", 2.0),
    ("requests_per_second", "1e1", 10.0),
    ("max_in_flight", "3", 3),
    ("query", '{"eo:cloud_cover": {"lt": 10}}', {"eo:cloud_cover": {"lt": 10}}),
    ("query", '{"a": {"eq": "10"}}', {"a": {"eq": "10"}}),
    ("query", '{"a": {"eq": true}, "b": {"in": [1.5, null]}}', {"a": {"eq": True}, "b": {"in": [1.5, None]}}),
    ("query", "{a: {eq: 2024-01-01}}", REFUSED),
    ("query", "text", REFUSED),
    ("collections", "a,b", ["a", "b"]),
    ("collections", '["2024-01", "b"]', ["2024-01", "b"]),
    ("ids", "007,b", ["007", "b"]),
    ("intersects", '{"type": "Point", "coordinates": [1, 2]}', {"type": "Point", "coordinates": [1, 2]}),
    ("filter", "cloud < 010", "cloud < 010"),
    ("filter", '{"op": "<", "args": [{"property": "x"}, 10]}', {"op": "<", "args": [{"property": "x"}, 10]}),
    ("fields", "id,-assets", {"include": ["id"], "exclude": ["assets"]}),
    ("collection", "", None),
    ("collection", "null", None),
]


def typed(name: str, text: str) -> dict[str, Any]:
    """Read a setting as Snakemake reads its command line."""
    arguments = [f"{name}={text}"]
    return as_written(parse_config(arguments), arguments, [])


def filed(name: str, text: str, folder: Path) -> dict[str, Any]:
    """Read a setting as Snakemake reads a file."""
    path = folder / "settings.yaml"
    path.write_text(f"{name}: {text}\n", encoding="utf-8")
    return as_written(load_configfile(path), [], [path])


def meant(read: Any, *arguments: Any) -> Any:
    """Return what the model makes of a setting."""
    name = arguments[0]
    of_api = name in {"bbox", "datetime", "headers_file", "limit", "query", *BUDGET}
    try:
        settings = {**(API if of_api else BASE), **read(*arguments)}
        return getattr(ShardedIngest.parse(settings), name)
    except ConfigurationError:
        return REFUSED


@pytest.mark.parametrize(("name", "text", "expected"), CASES)
def test_a_text_means_the_same_in_both_places(name: str, text: str, expected: Any, tmp_path: Path) -> None:
    """Each setting, typed and in a file, is read as the same value, or is refused in both places."""
    assert meant(typed, name, text) == meant(filed, name, text, tmp_path) == expected


def test_every_setting_is_tried() -> None:
    """The table above has each setting of an ingest."""
    assert {name for name, _, _ in CASES} == ShardedIngest.model_fields.keys()


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="._-+"), min_size=1).filter(
        lambda text: text.strip("-.") and text.lower() != "null"
    )
)
def test_an_id_stays_as_it_was_typed(text: str) -> None:
    """Whatever letters, digits, dots and dashes an id is made of, it comes as it was typed."""
    assert typed("collection", text) == {"collection": text}


def test_a_date_in_a_query_is_told(tmp_path: Path) -> None:
    """YAML makes a date of a text without quotes, which the message says."""
    with pytest.raises(ConfigurationError, match=r"query: holds a value that JSON hasn't.*quotes"):
        filed("query", "{a: {eq: 2024-01-01}}", tmp_path)


def test_what_a_workflow_has_set_is_left_alone(tmp_path: Path) -> None:
    """A value that no file and no argument has comes as it is."""
    path = tmp_path / "settings.yaml"
    path.write_text("shards: 3\n")
    assert as_written({"shards": 4, "datetime": date(2024, 1, 1)}, [], [path]) == {
        "shards": 4,
        "datetime": date(2024, 1, 1),
    }


def test_no_setting_is_both_an_ingest_s_and_a_matrix_s() -> None:
    """Where only settings of an ingest are given, it is known without the matrix whose they are."""
    assert not Settings.model_fields.keys() & ShardedIngest.model_fields.keys()
    assert matrix_keys([*ShardedIngest.model_fields, "sync", "shard"]) == set()
    assert matrix_keys(["source", "seed", "nonsense", "scenarios"]) == {"seed", "scenarios"}
