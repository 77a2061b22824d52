"""The progress of a run, told from Snakemake's events."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from ingest_bench.workflow.run_progress import RunProgress


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def record(event: LogEvent | None, message: str = "", level: int = logging.INFO, **fields: Any) -> logging.LogRecord:
    """Make a record as Snakemake does."""
    made = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    vars(made).update(fields, event=event)
    return made


def run(stream: io.StringIO, jobs: list[tuple[str, str, float]], total: int) -> RunProgress:
    """Follow a run of jobs one after another: rule, message, seconds."""
    progress, now = RunProgress(stream, logging.Formatter().format), 0.0
    rules = [rule for rule, _, _ in jobs]
    stats = {rule: rules.count(rule) for rule in rules} | {"total": len(jobs)}
    stats["measure"] = stats.get("measure", 0) + total - len(jobs)
    progress.take(record(LogEvent.RUN_INFO, stats=stats), now)
    for number, (rule, message, seconds) in enumerate(jobs):
        progress.take(record(LogEvent.JOB_INFO, jobid=number, rule_name=rule, rule_msg=message), now)
        now += seconds
        progress.take(record(LogEvent.JOB_FINISHED, job_id=number), now)
    return progress


def test_each_job_has_a_line_where_there_is_no_terminal() -> None:
    """A log has a line for each job that is done: how many, what, how long, and what is left by the jobs seen."""
    stream = io.StringIO()
    run(stream, [("corpus", "Making small_files", 5), ("measure", "Measuring a: queue at 2", 10)], total=4)
    assert stream.getvalue().splitlines() == [
        "4 jobs to do",
        "1 of 4: making small_files, 5 s",
        "2 of 4: measuring a: queue at 2, 10 s; about 20 s left",
    ]


def test_a_terminal_has_one_line_that_changes() -> None:
    """On a terminal what is under way is told with its time, and no line is added for a job that is done."""
    stream = Terminal()
    progress = run(stream, [("measure", "Measuring a: queue at 2", 10)], total=3)
    progress.take(record(LogEvent.JOB_INFO, jobid=7, rule_name="measure", rule_msg="Measuring b: queue at 2"), 10)
    progress.refresh(14)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().rpartition("\r\x1b[K")[2] == "1 of 3; measuring b: queue at 2, 4 s; about 16 s left"


def test_an_error_is_written_out_in_full() -> None:
    """A failed job is told as Snakemake tells it, and isn't said to be under way any more."""
    stream = Terminal()
    progress = run(stream, [], total=2)
    progress.take(record(LogEvent.JOB_INFO, jobid=1, rule_name="measure", rule_msg="Measuring a"), 0)
    progress.take(record(LogEvent.JOB_ERROR, "Error in rule measure\nlog: x.log", logging.ERROR, jobid=1), 3)
    progress.refresh(4)
    assert stream.getvalue().endswith("Error in rule measure\nlog: x.log\n")


@pytest.mark.parametrize(("message", "is_told"), [("Nothing to be done (all there).", True), ("Select jobs", False)])
def test_only_what_people_want_to_see_is_told(message: str, is_told: bool) -> None:
    """Of messages without an event, those about the whole run are told."""
    stream = io.StringIO()
    RunProgress(stream, logging.Formatter().format).take(record(None, message), 0)
    assert bool(stream.getvalue()) == is_told


def test_control_characters_of_a_name_are_not_sent_to_a_terminal() -> None:
    """A message with an escape sequence is told without it."""
    stream = io.StringIO()
    run(stream, [("measure", "Measuring \x1b[2Jx", 1)], total=1)
    assert "\x1b" not in stream.getvalue()
