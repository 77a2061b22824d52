"""A sync by jobs: the steps as functions, as a workflow does them, mixed with runs in one process."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest
from synced_api import COLLECTION, Truth, served

from stac_ingest.errors import ConfigurationError
from stac_ingest.sync import jobs
from stac_ingest.sync.job_files import JobFiles, read_batches, read_run_plan, read_wanted
from stac_ingest.sync.jobs import NextRun
from stac_ingest.sync.lock import locked, locked_by_job, locked_for_jobs
from stac_ingest.sync.run import run_sync
from stac_ingest.sync.settings import SyncSettings
from synced_files import change, item, small_tasks, three_months
from synced_output import held


@pytest.fixture
def files(tmp_path):
    """Give a folder of files of three months."""
    return three_months(tmp_path / "items")


@pytest.fixture
def settings(files, tmp_path, monkeypatch):
    """Give the settings of a sync of them."""
    return small_tasks(files, tmp_path / "out", monkeypatch)


def steps(settings):
    """Yield the steps of a run as a workflow does them, which knows what comes next from the files alone."""
    found = NextRun(settings)
    if found.why is not None:
        yield lambda: jobs.make_plan(settings)
    work = JobFiles(settings.state / "work" / f"{found.generation:08d}")
    plan = read_run_plan(work.plan).plan
    for task in plan.tasks:
        if not work.task(task.number).exists():
            yield lambda number=task.number: jobs.read_task(settings, number)
    if jobs.may_want(plan):
        yield lambda: jobs.name_wanted(settings)
        for task in read_wanted(work.wanted):
            yield lambda number=task.number: jobs.read_task(settings, number)
    yield lambda: jobs.resolve_run(settings)
    batches = range(len(read_batches(work.batches)))
    for do in (jobs.encode_batch, jobs.merge_batch):
        for batch in batches:
            yield lambda do=do, batch=batch: do(settings, batch)
    yield lambda: jobs.end_run(settings, found.generation)


def by_jobs(settings, most=1000):
    """Do the steps, at most so many; return how many were done."""
    done = 0
    for step in steps(settings):
        if done == most:
            break
        step()
        done += 1
    return done


def counts(settings):
    """Return what the last run has found."""
    return json.loads((settings.output / "manifest.json").read_bytes())["counts"]


def test_steps_come_to_what_a_run_comes_to(files, settings, tmp_path):
    """A run by jobs publishes the items, counts and verdict of a run in one process."""
    one = settings.model_copy(update={"output": tmp_path / "one"})
    for alter in (lambda: None, lambda: change(files), lambda: None):
        alter()
        by_jobs(settings)
        run_sync(one)
        assert held(settings.output) == held(one.output) == files.items()
        assert counts(settings) == counts(one)


def test_either_goes_on_with_the_other(files, settings):
    """After any number of steps, by whichever of the two, the other one ends the run, with nothing lost."""
    by_jobs(settings)
    for done in range(100):
        files.write("new.json", item("new", month=1 + done % 3, run=done))
        files.write("01.json", item("i1", month=1 + done % 4, run=done))
        before = held(settings.output)
        generation = NextRun(settings).generation
        by_jobs(settings, done)
        if NextRun(settings).generation > generation:
            break
        assert held(settings.output) == before
        result = run_sync(settings)
        assert result.manifest.verdict == "complete"
        assert held(settings.output) == files.items()
    assert done > 5
    assert held(settings.output) == files.items()


def test_a_run_that_goes_on_is_no_news_to_its_own_jobs(files, settings):
    """The end says nothing of going on with a run, which jobs always do; a run of the command does."""
    jobs.make_plan(settings)
    result = jobs.end_run(settings, 1)
    assert not [note for note in result.notes if "resuming" in note]
    change(files)
    jobs.make_plan(settings)
    assert [note for note in run_sync(settings).notes if "resuming" in note]


def test_a_job_of_a_run_that_is_over_does_nothing(files, settings):
    """Jobs of a run that another sync has ended say so and change nothing; the end may be tried twice."""
    jobs.make_plan(settings)
    run_sync(settings)
    before = held(settings.output)
    for late in (
        lambda: jobs.read_task(settings, 0),
        lambda: jobs.name_wanted(settings),
        lambda: jobs.resolve_run(settings),
        lambda: jobs.encode_batch(settings, 0),
        lambda: jobs.merge_batch(settings, 0),
        lambda: jobs.end_run(settings, 7),
    ):
        with pytest.raises(ConfigurationError, match="was ended, or begun anew, by another sync; start it again"):
            late()
    again = jobs.end_run(settings, 1)
    assert again.manifest.generation == 1
    assert again.notes == ["an earlier try has published the run"]
    assert held(settings.output) == before


def test_a_plan_is_made_again_where_it_is_of_other_settings(files, settings):
    """What a killed run has planned counts for its own settings, and as long as what it was made with is there."""
    by_jobs(settings)
    change(files)
    jobs.make_plan(settings)
    assert NextRun(settings).why is None
    assert NextRun(settings.model_copy(update={"verify": True})).why == "not planned yet"
    (settings.state / "work/00000002/known.npy").unlink()
    assert NextRun(settings).why == "not planned whole"
    next((settings.state / "index").glob("*.npy")).unlink()
    assert NextRun(settings).why == "what was known of the items that are held is lost"
    assert run_sync(settings).manifest.verdict == "complete"
    assert held(settings.output) == files.items()


@pytest.mark.parametrize("ids_only", [False, True])
def test_items_of_an_api_that_are_known_by_their_ids_alone(tmp_path, ids_only):
    """Items that come to light late are named by one job and read by others, and none is missing then."""
    truth = Truth.of_months(6, 20)
    behaviours = ["ignore-filters"] if ids_only else []
    with served(truth, *behaviours) as server:
        source = {"mode": "api", "source": server.url, "collection_id": COLLECTION, "limit": 50}
        settings = SyncSettings(source=source, output=tmp_path / "out", task_items=30, ids_only=ids_only)
        by_jobs(settings)
        for number in range(40):
            truth.put(f"late-{number:02d}", f"2019-0{1 + number % 5}-11T00:00:00Z", updated="2019-12-01T00:00:00Z")
        del truth.items["m05-001"]
        server.serve(truth.store())
        jobs.make_plan(settings)
        work = JobFiles(settings.state / "work/00000002")
        plan = read_run_plan(work.plan).plan
        assert jobs.may_want(plan)
        by_jobs(settings, len(plan.tasks) + 1)
        assert [task.expected for task in read_wanted(work.wanted)] == [30, 10]
        by_jobs(settings)
        assert held(settings.output).keys() == truth.items.keys()
        assert counts(settings)["added"] == 40
        assert counts(settings)["gone"] == 1


@contextmanager
def jobs_alone(settings):
    """Hold what a job holds that runs alone."""
    with locked_by_job(settings, alone=True):
        yield


@contextmanager
def jobs_beside(settings):
    """Hold what a job holds that runs beside others."""
    with locked_by_job(settings, alone=False):
        yield


LOCKS = [locked, locked_for_jobs, jobs_alone, jobs_beside]
TOGETHER = {
    frozenset((locked_for_jobs, jobs_alone)),
    frozenset((locked_for_jobs, jobs_beside)),
    frozenset((jobs_beside,)),
}


@pytest.mark.parametrize("other", LOCKS, ids=lambda lock: lock.__name__)
@pytest.mark.parametrize("one", LOCKS, ids=lambda lock: lock.__name__)
def test_who_may_be_at_work_together(settings, one, other):
    """A run of the command is alone, a workflow is the only one, and some of its jobs run beside each other."""
    with one(settings):
        if frozenset((one, other)) in TOGETHER:
            with other(settings):
                pass
            return
        with pytest.raises(ConfigurationError, match="is at work; wait until it has ended"), other(settings):
            pass


def test_two_jobs_do_not_read_the_same_task(files, settings):
    """A task that a job reads is refused to another one, and one that was read is not read again."""
    jobs.make_plan(settings)
    entered, leave = threading.Event(), threading.Event()

    def read_slowly():
        with jobs._beside_others(settings, "task-0"):
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=read_slowly)
    thread.start()
    assert entered.wait(30)
    try:
        jobs.read_task(settings, 1)
        with pytest.raises(ConfigurationError, match="is at work"):
            jobs.read_task(settings, 0)
    finally:
        leave.set()
        thread.join()
    jobs.read_task(settings, 0)
    files.remove("00.json")
    jobs.read_task(settings, 0)
    assert run_sync(settings).manifest.items == 12


@pytest.mark.parametrize(
    ("budget", "at_once", "shared"),
    [
        ({}, 2, {}),
        ({"max_in_flight": 5, "requests_per_second": 4.0, "max_requests": 9}, 2, (2, 2.0, 9)),
        ({"max_in_flight": 1}, 3, (1, None, None)),
    ],
    ids=["none", "both", "one"],
)
def test_jobs_share_what_a_host_allows(tmp_path, budget, at_once, shared):
    """Requests at once and a second are split among the jobs, the number of requests is that of a task."""
    source = {"mode": "api", "source": "http://127.0.0.1:1", "budget": budget}
    found = jobs._shared(SyncSettings(source=source, output=tmp_path / "out"), at_once).config.budget
    assert (
        found.given() == budget
        if not shared
        else ((found.max_in_flight, found.requests_per_second, found.max_requests) == shared)
    )
