"""A cell that asks a server of others: its requests are counted, and it goes on modestly once it was refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from factories import arm, matrix, scenario
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Corpus, Settings
from ingest_bench.config.server import RateLimit, Server
from ingest_bench.corpora.builder import build
from ingest_bench.harness.measure import measure
from ingest_bench.harness.request_ledger import FILE, RequestLedger
from ingest_bench.harness.spawn import environment
from ingest_bench.simulator.process import SimulatorProcess

PAGES = 6


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    """Serve items at ten requests a second after the first few."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / "api"
    build("api", Corpus(kind="api", items=PAGES * 20), 3, folder, folder.with_suffix(".json"), 1)
    with SimulatorProcess(folder, Server(rate=RateLimit(per_second=10, burst=4)), 3) as server:
        yield server


def settings(api: SimulatorProcess, results: Path, total: int, most: int = 20, rate: float | None = None) -> Settings:
    """Return a matrix that may send so many requests, and so many a sample."""
    corpus = {"kind": "api", "url": api.url, "collection": "sentinel-2-l2a"}
    pages = {"limit": 20}
    arms = {
        "sequential": arm(settings=pages),
        "time_chunks": arm(4, settings={**pages, "worker_strategy": "time_chunks"}),
    }
    return load_settings(
        matrix(
            {"own": corpus},
            results=str(results),
            budget_minutes=1,
            remote={"allow": True, "max_requests": most, "requests_per_second": rate, "total_requests": total},
            sampling={"pairs": {"min": 3, "max": 3, "first": 3}, "tracemalloc_items": 0},
            own=scenario("own", arms),
        )
    )


@pytest.mark.slow
def test_a_level_that_is_refused_is_given_up(api: SimulatorProcess, tmp_path: Path) -> None:
    """After an answer 429 the pair is ended, and no further one is begun at that many at once; all is counted."""
    made = settings(api, tmp_path / "results", 1000)
    cell = measure(made, find_cell(made, "own", "time_chunks", 4))
    refused = [sample for sample in cell.samples if sample.rate_limited]
    ledger = RequestLedger.of(made)
    assert ledger is not None
    assert refused
    assert ledger.refused_at == min(4 if sample.role == "candidate" else 1 for sample in refused)
    assert len(cell.samples) < 6
    assert ledger.spent == sum(sample.requests or 0 for sample in cell.samples) == api.stats().requests


@pytest.mark.slow
def test_a_sample_that_sends_all_that_it_may_ends_its_cell_alone(api: SimulatorProcess, tmp_path: Path) -> None:
    """A sample with more pages than requests leaves a cell without pairs, not a failed run; what it sent is counted."""
    made = settings(api, tmp_path / "results", 1000, most=3)
    cell = measure(made, find_cell(made, "own", "sequential", 1))
    ledger = RequestLedger.of(made)
    assert ledger is not None
    assert (cell.samples, cell.stop_reason) == ([], "no_valid_pair")
    assert "budget of 3 requests" in (cell.cut_off or "")
    assert cell.unused_requests == ledger.spent
    assert 0 < ledger.spent == api.stats().requests <= 3


@pytest.mark.slow
def test_a_cell_ends_when_the_requests_are_spent(api: SimulatorProcess, tmp_path: Path) -> None:
    """With requests for one pair one is taken, with none left none, and the server sees no more than allowed."""
    made = settings(api, tmp_path / "results", 45, rate=8)
    (tmp_path / "results").mkdir()
    planned = find_cell(made, "own", "sequential", 1)
    first, second = measure(made, planned), measure(made, planned)
    assert [len(first.samples), len(second.samples)] == [2, 0]
    assert (first.stop_reason, second.stop_reason) == ("requests_spent", "no_valid_pair")
    assert orjson.loads((tmp_path / "results" / FILE).read_bytes())["spent"] == api.stats().requests <= 45


def test_the_token_goes_to_samples_of_a_server_of_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that asks a user's API gets the token, and one that reads files or the simulator doesn't."""
    monkeypatch.setenv("STAC_INGEST_TOKEN", "abc")
    assert environment(remote=True)["STAC_INGEST_TOKEN"] == "abc"
    assert "STAC_INGEST_TOKEN" not in environment()
