"""What is made of the figures of a reference run: costs against the least, the job on paper, and the page."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import MACHINE
from ingest_bench.reference.least import counts_per_month, id_pages, idle_requests_per_month, item_pages
from ingest_bench.reference.page import page
from ingest_bench.reference.projection import project, rates
from ingest_bench.reference.records import Check, Counts, Epoch, Job, JournalCheck, Reference, Traffic
from ingest_bench.simulator.generated.description import Description


def job(
    seconds: float, *, reading: float, requests: Sequence[int] = (0, 0, 0), recent: int = 0, killed: bool = False
) -> Job:
    """Make a job that asked for pages of items, pages of ids and counts; 1000 bytes a request."""
    items, ids, counts, late = (
        Counts(requests=number, items=number, bytes=1000 * number) for number in (*requests, recent)
    )
    return Job(
        command="sync",
        killed=killed,
        exit_code=-9 if killed else 0,
        wall_s=seconds,
        read_s=reading,
        peak_mib=200,
        peak_process_mib=150,
        traffic=Traffic(items=items, recent=late, ids=ids, counts=counts),
        server_cpu_s=0.5,
        starts=1,
    )


def epoch(number: int, killed: Job, finished: Job, *, missing: int = 0) -> Epoch:
    """Make an epoch of an output of 10,000 items: the first load, or 300 changed or new ones."""
    check = Check(
        items=10_000 - missing,
        expected=10_000,
        missing=missing,
        extra=0,
        repeated=0,
        different=0,
        misplaced=0,
        damaged_parts=0,
        examples=["a: missing"] * missing,
    )
    return Epoch(
        number=number,
        changed=200 if number else 0,
        moved=20 if number else 0,
        added=100 if number else 10_000,
        removed=100 if number else 0,
        held=10_000 if number else 0,
        months=50,
        killed=killed,
        finished=finished,
        check=check,
        generation=number + 1,
        journal=JournalCheck(lines=400, wrong=0, missing=0) if number else None,
        verdict="complete",
        reason="all was read",
        held_bytes=1_500_000,
        disk_bytes=3_000_000 if number else 2_000_000,
        parts=50,
    )


def reference(*epochs: Epoch) -> Reference:
    """Make a run of some epochs, with pages of 100 items and of 1,000 ids."""
    return Reference(
        description=Description(items=10_000),
        page_items=100,
        largest_page=1000,
        environment=MACHINE,
        epochs=list(epochs),
        idle=job(2, reading=1, requests=(0, 0, 60)),
        idle_months=50,
        audit=job(5, reading=4, requests=(100, 0, 0)),
    )


FIRST = epoch(0, job(4, reading=3, requests=(60, 0, 5), killed=True), job(6, reading=2, requests=(60, 0, 5)))
LATER = epoch(
    1, job(1, reading=0.5, requests=(2, 1, 10), killed=True), job(3, reading=1, requests=(3, 11, 90), recent=1)
)


def test_requests_are_held_against_the_least_possible():
    """Both runs of an epoch count, against full pages of what had to be read, and of all ids that were held."""
    run = reference(FIRST, LATER)
    items, ids = item_pages(run, LATER), id_pages(run, LATER)
    assert (items.asked, items.least, items.ratio) == (6, 3, 2)
    assert (ids.asked, ids.least, ids.ratio) == (12, 10, 1.2)
    assert item_pages(run, FIRST).ratio == 1.2
    assert id_pages(run, FIRST).ratio is None
    assert counts_per_month(LATER) == 2
    assert idle_requests_per_month(run) == 1.2


def test_what_a_kill_has_repeated_is_told_apart():
    """Pages of ids beyond those of all items are no part of the ratio, and have a column of their own."""
    ids = Counts(requests=14, items=12_500, bytes=0)
    again = LATER.finished.model_copy(update={"traffic": LATER.finished.traffic.model_copy(update={"ids": ids})})
    later = LATER.model_copy(update={"finished": again})
    cost = id_pages(reference(FIRST, later), later)
    assert (cost.asked, cost.repeated, cost.least, cost.ratio) == (13, 2, 10, 1.3)


def test_the_job_on_paper_is_linear_in_what_was_seen():
    """Twice the items take twice as long; of 64 nodes, each reads a 64th, and what comes after is between both."""
    found = rates(FIRST)
    assert (found.read_s, found.rest_s, found.requests) == (5 / 10_000, 5 / 10_000, 130 / 10_000)
    projected = project(reference(FIRST, LATER), 1_000_000, 10)
    assert projected.first_load.least == pytest.approx(50 + 50)
    assert projected.first_load.most == pytest.approx(50 + 500)
    assert projected.sync.least == pytest.approx(150 / 10 + 250 / 10)
    assert projected.sync.most == pytest.approx(150 / 10 + 250)
    assert projected.requests == pytest.approx(13_000)
    assert projected.bytes == pytest.approx(13_000_000)
    assert projected.disk_bytes == pytest.approx(200_000_000)
    assert projected.asked_items_per_s == pytest.approx(10 * 2000)
    assert projected.asked_bytes_per_s == pytest.approx(10 * 2000 * 13)


@given(items=st.integers(1, 10**9), nodes=st.integers(1, 1000))
def test_more_nodes_never_take_longer(items, nodes):
    """Whatever the size, more nodes are as fast or faster, and the least is never more than the most."""
    run = reference(FIRST, LATER)
    one, more = project(run, items, nodes), project(run, items, nodes + 1)
    for few, many in ((one.first_load, more.first_load), (one.sync, more.sync)):
        assert many.least <= few.least <= few.most
        assert many.most <= few.most


def test_the_page_tells_an_output_that_is_not_the_truth():
    """What is missing is on the page with its example, and a run that is right says nothing of the kind."""
    right, wrong = reference(FIRST, LATER), reference(FIRST, epoch(1, LATER.killed, LATER.finished, missing=2))
    assert right.ok
    assert not wrong.ok
    assert "equal to the truth after each epoch" in page(right)
    assert "Epoch 1: 2 missing, 0 extra" in page(wrong)
    assert "**no**" in page(wrong)
    assert "**no**" not in page(right)


def test_a_command_that_failed_is_no_success():
    """An audit that found something, or a sync that failed, is told, though the output is equal to the truth."""
    run = reference(FIRST, LATER)
    assert not run.model_copy(update={"audit": run.audit.model_copy(update={"exit_code": 1})}).ok
    failed = LATER.model_copy(update={"finished": LATER.finished.model_copy(update={"exit_code": 1})})
    assert not reference(FIRST, failed).ok


def test_a_journal_that_is_wrong_is_no_success():
    """A journal that doesn't tell what has changed is told on the page, though the output is equal to the truth."""
    journal = JournalCheck(lines=390, wrong=1, missing=11)
    run = reference(FIRST, LATER.model_copy(update={"journal": journal}))
    assert not run.ok
    assert "of 390 lines of the journal 1 say what isn't so; 11 changes are in none" in " ".join(page(run).split())
