"""What happens to whatever can't be used."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from stac_ingest import FailureCollector, IngestSummary
from stac_ingest.errors import ItemError
from stac_ingest.failure_reporter import LOGGED, FailureReporter

LOGGER = logging.getLogger("test_rejects")


def test_all_are_collected_and_few_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Every failure is counted and collected; the log gets the first twenty and one line more."""
    collector, summary = FailureCollector(), IngestSummary()
    rejects = FailureReporter(collector, LOGGER, summary)
    for number in range(100):
        rejects(f"{number}.json", ItemError("broken"))
    assert summary.failures == len(collector) == 100
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * (LOGGED + 1)
    assert caplog.messages[0] == "Skipped 0.json: broken"
    assert "not logged" in caplog.messages[-1]
    assert rejects.first == "0.json: broken"


def test_a_failure_says_what_and_why() -> None:
    """A collected failure has the origin, the error's text and type, and the step."""
    collector = FailureCollector()
    FailureReporter(collector, LOGGER, IngestSummary())("a.json", ItemError("broken"))
    (failure,) = collector.get_all()
    assert (failure.item_id, failure.error, failure.error_type, failure.step_id) == (
        "a.json",
        "broken",
        "ItemError",
        "ingest",
    )


def test_an_error_of_the_system_is_said_in_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that can't be opened is named once, by its origin, and the number of the error isn't shown."""
    collector = FailureCollector()
    with pytest.raises(OSError) as caught:  # noqa: PT011 - whichever the system gives
        (tmp_path / "a.json").open()
    FailureReporter(collector, LOGGER, IngestSummary())("a.json", caught.value)
    assert caplog.messages == ["Skipped a.json: No such file or directory"]
    (failure,) = collector.get_all()
    assert (failure.error, failure.error_type) == ("No such file or directory", "FileNotFoundError")


def test_names_forge_no_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    """Line ends and terminal codes in a name or a message are escaped in the log, and kept in the failure."""
    collector = FailureCollector()
    FailureReporter(collector, LOGGER, IngestSummary())("a\nERROR b\x1b[2J.json", ItemError("x\r\ny"))
    assert caplog.messages == [r"Skipped a\nERROR b\x1b[2J.json: x\r\ny"]
    assert collector.get_all()[0].item_id == "a\nERROR b\x1b[2J.json"


def test_a_name_that_is_not_utf8_can_be_written_down() -> None:
    """A file name with bytes that aren't UTF-8 becomes text that can be encoded."""
    collector = FailureCollector()
    FailureReporter(collector, LOGGER, IngestSummary())("caf\udce9.json", ItemError("broken"))
    assert collector.get_all()[0].item_id == r"caf\udce9.json"
