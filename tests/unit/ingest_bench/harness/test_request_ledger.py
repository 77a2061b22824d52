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


def settings(results: str, total: int | None, grant: str | None = None) -> Settings:
    """Return settings of a run that may send so many requests."""
    corpus = {"kind": "api", "url": "http://127.0.0.1:1/", "collection": "c"}
    remote = {"allow": True, "max_requests": MOST, "total_requests": total, "grant": grant}
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
                assert ledger.begin(1) is None
                sent += used
                if killed:
                    break
                ledger.end(used, refused=False, concurrency=1)
        assert sent <= total


def test_a_level_that_was_refused_is_not_tried_again(tmp_path: Path) -> None:
    """After a 429 no more is asked at that level or a higher one; a lower one goes on."""
    ledger = RequestLedger.of(settings(str(tmp_path), 1000))
    assert ledger is not None
    ledger.begin(4)
    ledger.end(3, refused=True, concurrency=4)
    again = RequestLedger.of(settings(str(tmp_path), 1000))
    assert again is not None
    assert [bool(again.why_not(level)) for level in (1, 3, 4, 10)] == [False, False, True, True]


def test_another_budget_begins_at_nothing(tmp_path: Path) -> None:
    """What was sent under one budget isn't taken off one that was allowed later."""
    first = RequestLedger.of(settings(str(tmp_path), 100))
    assert first is not None
    first.begin(1)
    later = RequestLedger.of(settings(str(tmp_path), 200))
    assert later is not None
    assert later.spent == 0


def test_each_grant_has_requests_of_its_own(tmp_path: Path) -> None:
    """Another call begins at nothing; one grant is spent once, also where a new look has left less of it."""
    first = RequestLedger.of(settings(str(tmp_path), 100, "one call"))
    assert first is not None
    first.begin(1)
    same, other = (RequestLedger.of(settings(str(tmp_path), 90, name)) for name in ("one call", "another"))
    assert same is not None
    assert other is not None
    assert (same.spent, other.spent) == (MOST, 0)


def test_jobs_beside_each_other_share_the_count(tmp_path: Path) -> None:
    """Two jobs that have read the ledger before either has sent anything send no more together than is allowed."""
    jobs = [RequestLedger.of(settings(str(tmp_path), 2 * MOST)) for _ in range(3)]
    first, second, third = (job for job in jobs if job is not None)
    assert first.begin(1) is None
    assert second.begin(1) is None
    assert "are spent" in (third.begin(1) or "")
    first.end(2, refused=True, concurrency=4)
    assert "answered 429" in (second.begin(4) or "")
    assert first.spent == 2 + MOST


def test_a_refused_baseline_spares_the_server_the_candidate(tmp_path: Path) -> None:
    """Within a pair, too, nothing is asked at a higher level than that of a 429."""
    ledger = RequestLedger.of(settings(str(tmp_path), 1000))
    assert ledger is not None
    assert ledger.begin(1) is None
    ledger.end(3, refused=True, concurrency=1)
    assert ledger.begin(4)


def test_a_damaged_count_stops_the_run(tmp_path: Path) -> None:
    """Where it isn't known what was sent, nothing more is."""
    (tmp_path / FILE).write_text("{")
    with pytest.raises(MeasurementError, match=FILE):
        RequestLedger.of(settings(str(tmp_path), 100))


def test_runs_without_a_total_keep_no_count(tmp_path: Path) -> None:
    """Nothing is counted where nothing is allowed in all."""
    assert RequestLedger.of(settings(str(tmp_path), None)) is None
