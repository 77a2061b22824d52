"""The count of requests that a server may be sent: kept whatever happens to a run."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_test
from hypothesis import strategies as st

from factories import matrix, scenario
from ingest_bench.config.models import Settings
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.request_ledger import FILE, RequestLedger

MOST = 7


def settings(results: str, total: int | None) -> Settings:
    """Return settings of a run that may send so many requests."""
    corpus = {"kind": "api", "url": "http://127.0.0.1:1/", "collection": "c"}
    remote = {"allow": True, "max_requests": MOST, "total_requests": total}
    return Settings.model_validate(matrix({"own": corpus}, results=results, remote=remote, one=scenario("own")))


@settings_of_test(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.lists(st.tuples(st.integers(0, MOST), st.booleans()), max_size=60))
def test_no_more_is_sent_than_allowed(total: int, samples: list[tuple[int, bool]]) -> None:
    """Whatever samples send, and wherever a run is killed and begun again, the sum stays within the budget."""
    sent = 0
    with TemporaryDirectory() as folder:
        for used, killed in samples:
            ledger = RequestLedger.of(settings(folder, total))
            assert ledger is not None
            if ledger.why_not(1):
                break
            for _ in range(2):
                ledger.begin()
                sent += used
                if killed:
                    break
                ledger.end(used, refused=False, concurrency=1)
        assert sent <= total


def test_a_level_that_was_refused_is_not_tried_again(tmp_path: Path) -> None:
    """After a 429 no more is asked at that level or a higher one; a lower one goes on."""
    ledger = RequestLedger.of(settings(str(tmp_path), 1000))
    assert ledger is not None
    ledger.begin()
    ledger.end(3, refused=True, concurrency=4)
    again = RequestLedger.of(settings(str(tmp_path), 1000))
    assert again is not None
    assert [bool(again.why_not(level)) for level in (1, 3, 4, 10)] == [False, False, True, True]


def test_another_budget_begins_at_nothing(tmp_path: Path) -> None:
    """What was sent under one budget isn't taken off one that was allowed later."""
    first = RequestLedger.of(settings(str(tmp_path), 100))
    assert first is not None
    first.begin()
    later = RequestLedger.of(settings(str(tmp_path), 200))
    assert later is not None
    assert later.spent == 0


def test_a_damaged_count_stops_the_run(tmp_path: Path) -> None:
    """Where it isn't known what was sent, nothing more is."""
    (tmp_path / FILE).write_text("{")
    with pytest.raises(MeasurementError, match=FILE):
        RequestLedger.of(settings(str(tmp_path), 100))


def test_runs_without_a_total_keep_no_count(tmp_path: Path) -> None:
    """Nothing is counted where nothing is allowed in all."""
    assert RequestLedger.of(settings(str(tmp_path), None)) is None
