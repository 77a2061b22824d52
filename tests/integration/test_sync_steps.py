"""A sync that ends at any of its steps, and goes on from there."""

from __future__ import annotations

import shutil
from inspect import iscoroutine

import pytest

from stac_ingest.errors import ConfigurationError
from stac_ingest.sync import run as steps
from stac_ingest.sync.run import run_sync
from synced_files import change, item, small_tasks, three_months
from synced_output import held

STEPS = {"detector_of": 0, "run_read_task": 1, "resolve": 0, "run_merge": 1, "write_journal": 0, "publish": 0}
"""And how often each is done before."""


@pytest.fixture
def files(tmp_path):
    """Give a folder of files of three months."""
    return three_months(tmp_path / "items")


@pytest.fixture
def settings(files, tmp_path, monkeypatch):
    """Give the settings of a sync of them."""
    return small_tasks(files, tmp_path / "out", monkeypatch)


class Stopped:
    """Does a step so many times, and then ends by an interruption: before the step, or when it is done."""

    def __init__(self, step, times, *, is_done):
        self._step, self._left, self._is_done = step, times, is_done
        self.calls = 0

    def __call__(self, *given):
        """Do the step."""
        self.calls += 1
        if self._left == 0 and not self._is_done:
            raise KeyboardInterrupt
        result = self._step(*given)
        return self._awaited(result) if iscoroutine(result) else self._passed_on(result)

    async def _awaited(self, result):
        return self._passed_on(await result)

    def _passed_on(self, result):
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        return result


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_stopped_at_a_step(files, settings, monkeypatch, step, is_done):
    """A run that ends before or after a step is published whole or not at all, and the next one brings the rest."""
    run_sync(settings)
    before = held(settings.output)
    expected = change(files)
    with monkeypatch.context() as patch:
        patch.setattr(steps, step, Stopped(getattr(steps, step), STEPS[step], is_done=is_done))
        try:
            run_sync(settings)
        except KeyboardInterrupt:
            published = step == "publish" and is_done
            assert held(settings.output) == (expected if published else before)
    result = run_sync(settings)
    assert result.manifest.verdict == "complete"
    assert held(settings.output) == expected
    again = run_sync(settings)
    assert again.manifest.counts.model_dump() == dict.fromkeys(again.manifest.counts.model_dump(), 0)


def test_tasks_that_are_done_are_not_read_again(files, settings, monkeypatch):
    """A run that goes on reads only the tasks that the one before didn't."""
    read = Stopped(steps.run_read_task, 2, is_done=True)
    with monkeypatch.context() as patch:
        patch.setattr(steps, "run_read_task", read)
        with pytest.raises(KeyboardInterrupt):
            run_sync(settings)
    for number in range(6):
        (files.folder / f"{number:02d}.json").unlink()
    assert read.calls == 3
    assert run_sync(settings).manifest.counts.added == 9 + 3
    assert run_sync(settings).manifest.counts.gone == 6


def test_other_settings_make_another_plan(files, settings):
    """A run that was killed is not gone on with by other settings than those of its plan."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "resolve", Stopped(steps.resolve, 0, is_done=False))
        with pytest.raises(KeyboardInterrupt):
            run_sync(settings)
    files.remove("00.json")
    other = settings.model_copy(update={"verify": True})
    assert run_sync(other).manifest.items == 11


@pytest.mark.parametrize("step", ["run_read_task", "resolve", "run_merge", "publish"])
def test_an_index_that_is_lost_in_between(files, settings, step):
    """Where the index is lost while a run is stopped, its plan is made anew, for what is known now."""
    files.write("13.ndjson", item("i13"), item("i14"))
    run_sync(settings)
    files.write("13.ndjson", item("i13", cloud=1))
    expected = change(files) | {"i13": item("i13", cloud=1)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, step, Stopped(getattr(steps, step), 0, is_done=False))
        with pytest.raises(KeyboardInterrupt):
            run_sync(settings)
    shutil.rmtree(settings.state / "index")
    assert run_sync(settings).manifest.verdict == "complete"
    assert held(settings.output) == expected


def test_a_run_that_goes_on_says_since_when(files, settings):
    """What changes in the source after a run was stopped comes with the next one, and the run that goes on says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "resolve", Stopped(steps.resolve, 0, is_done=False))
        with pytest.raises(KeyboardInterrupt):
            run_sync(settings)
    files.write("00.json", item("i0", cloud=1))
    assert "come with the next run" in " ".join(run_sync(settings).notes)
    result = run_sync(settings)
    assert result.manifest.counts.changed == 1
    assert "come with the next run" not in " ".join(result.notes)


def test_what_another_program_left_is_not_written_to(settings):
    """A folder of something else is no output, and stays as it is."""
    settings.output.mkdir()
    (settings.output / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError):
        run_sync(settings)
    assert [path.name for path in settings.output.iterdir()] == ["thesis.txt"]
