"""The arms that run one stage of an ingest alone, as cells of a matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from factories import arm, matrix, scenario
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.errors import SettingsError
from ingest_bench.harness.measure import measure

CORPORA = {
    "item_files": {"kind": "item_files", "items": 130},
    "items_directory": {"kind": "items_directory", "items": 40, "item_kb": 20, "corrupt_share": 0.1},
    "geoparquet": {"kind": "geoparquet", "items": 70, "files": 2, "item_kb": 20},
    "api": {"kind": "api", "items": 250},
}
DELIVERED = {"item_files": 130, "items_directory": 36, "geoparquet": 70, "api": 250}


def stages(results: Path, kind: str, **arms: Any) -> dict[str, Any]:
    """Write the configuration of one scenario: these arms, or both stages of an ingest beside the whole."""
    served = {"server": {"think_ms": 30}} if kind == "api" else {}
    if not arms:
        arms = {"whole": arm(), "reading": arm(fetcher="read_only")}
        if kind != "geoparquet":
            arms["parsing"] = arm(fetcher="parse_only")
        if kind == "api":
            shared = {"worker_strategy": "time_chunks", "limit": 5}
            arms["no_think"] = arm(server={"think_ms": 0})
            arms["reading_at_once"] = arm(4, fetcher="read_only", settings=shared)
    sampling = {"budget_seconds": 0.01, "tracemalloc_items": 10, "timeout_seconds": 60}
    return matrix({kind: CORPORA[kind]}, results=str(results), sampling=sampling, stages=scenario(kind, arms, **served))


def prepared(results: Path, kind: str) -> Settings:
    """Build the corpus of a matrix."""
    settings = load_settings(stages(results, kind))
    build_corpus(settings, kind, settings.corpus_folder(kind), settings.manifest_file(kind))
    return settings


@pytest.mark.slow
@pytest.mark.parametrize("kind", CORPORA)
def test_stages_are_measured_against_the_whole(tmp_path: Path, kind: str) -> None:
    """Reading alone counts the items that lie in what it read, parsing alone delivers the corpus; both are valid."""
    settings = prepared(tmp_path, kind)
    for name in settings.scenarios["stages"].arms.keys() - {"reading_at_once"}:
        cell = measure(settings, find_cell(settings, "stages", name, 1))
        assert cell.parity.ok, cell.parity.reason
        if name != "no_think":  # a server that answers at once may well be the one that is busy all the time
            assert [sample.invalid for sample in cell.samples] == [None] * len(cell.samples)
        counts = {sample.items for sample in cell.samples if sample.role == "candidate"}
        # A file that is broken is read like any other.
        assert counts == {40 if (kind, name) == ("items_directory", "reading") else DELIVERED[kind]}
        digested = {sample.digest.count for sample in cell.samples if sample.role == "candidate"}
        assert digested == ({0} if name == "reading" else counts)


@pytest.mark.slow
@pytest.mark.parametrize("fetcher", ["checkpoint", "checkpoint_reopened"])
def test_a_checkpoint_is_measured_by_itself(tmp_path: Path, fetcher: str) -> None:
    """The arms of checkpoints deal with each item of their corpus, and read none of them."""
    configuration = stages(tmp_path, "item_files", alone=arm(fetcher=fetcher))
    configuration["sampling"]["tracemalloc_items"] = 0
    settings = load_settings(configuration)
    folder = settings.corpus_folder("item_files")
    build_corpus(settings, "item_files", folder, settings.manifest_file("item_files"))
    for path in folder.iterdir():
        path.write_bytes(b"")
    cell = measure(settings, find_cell(settings, "stages", "alone", 1))
    assert cell.parity.ok, cell.parity.reason
    assert [sample.invalid for sample in cell.samples] == [None] * len(cell.samples)
    assert {(sample.items, sample.digest.count) for sample in cell.samples} == {(130, 0)}
    assert not settings.scenarios["stages"].delivers  # so it has no way of ingesting to recommend


@pytest.mark.slow
def test_reading_ends_where_workers_take_over_from_each_other(tmp_path: Path) -> None:
    """A source that waits for its pages to be taken is told so by an arm that only reads; no item is left out."""
    settings = prepared(tmp_path, "api")
    cell = measure(settings, find_cell(settings, "stages", "reading_at_once", 4))
    mine = [sample for sample in cell.samples if sample.role == "candidate"]
    assert all(sample.items >= 250 for sample in mine)
    assert all(sample.server and sample.server.in_flight_peak > 1 for sample in mine)


@pytest.mark.slow
def test_an_arm_has_its_own_server(tmp_path: Path) -> None:
    """An arm with a server of its own asks that one, and parsing from memory asks none while the clock runs."""
    settings = prepared(tmp_path, "api")
    quick = measure(settings, find_cell(settings, "stages", "no_think", 1))
    asked = {(sample.role, sample.server.think_ms_asked if sample.server else None) for sample in quick.samples}
    assert asked == {("baseline", 30.0), ("candidate", 0.0)}
    parsing = measure(settings, find_cell(settings, "stages", "parsing", 1))
    assert {sample.server is None for sample in parsing.samples if sample.role == "candidate"} == {True}


@pytest.mark.parametrize(
    ("kind", "odd", "complaint"),
    [
        ("geoparquet", arm(fetcher="parse_only"), "can't read kind: geoparquet"),
        ("api", arm(5, fetcher="parse_only"), "parse_only does one thing at a time, use"),
        ("item_files", arm(server={"think_ms": 1}), "belongs to generated corpora of kind: api"),
    ],
)
def test_stages_that_make_no_sense_are_refused(tmp_path: Path, kind: str, odd: dict[str, Any], complaint: str) -> None:
    """What a stage can't do is told with its key before anything is measured."""
    config = stages(tmp_path, kind, whole=arm(), odd=odd)
    with pytest.raises(SettingsError, match=complaint):
        load_settings(config)


def test_a_crowded_corpus_is_crowded(tmp_path: Path) -> None:
    """Nine items in ten lie in a hundredth of the time, 500 share one instant, and all are there once."""
    config = stages(tmp_path, "api")
    config["corpora"]["api"] = {"kind": "api", "items": 5000, "skewed": True}
    settings = load_settings(config)
    build_corpus(settings, "api", settings.corpus_folder("api"), settings.manifest_file("api"))

    lines = (settings.corpus_folder("api") / "items.ndjson").read_bytes().splitlines()
    items = [orjson.loads(line) for line in lines]
    times = sorted(item["properties"]["datetime"] for item in items)
    assert len({item["id"] for item in items}) == 5000
    assert max(times.count(time) for time in set(times)) >= 500
    in_crowd = [time for time in times if "2022-06-19" <= time < "2022-07-08"]
    assert 0.88 <= len(in_crowd) / len(times) <= 0.94
