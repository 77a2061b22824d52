"""Steps of a long run: done once, whichever call does them."""

from __future__ import annotations

import pytest

from ingest_bench.errors import MeasurementError
from ingest_bench.reference.records import Counts
from ingest_bench.system.steps import Steps


def test_a_step_is_done_once(tmp_path):
    """A step that is done gives its result again, without its work, in this call and in another."""
    done = []

    def work(starts):
        done.append(starts)
        return Counts(requests=starts)

    assert Steps(tmp_path).do("one", Counts, work).requests == 1
    assert Steps(tmp_path).do("one", Counts, work).requests == 1
    assert done == [1]


def test_a_step_that_was_interrupted_is_begun_again_and_says_so(tmp_path):
    """The work of a step is told how often it was begun, interrupted calls included."""

    def interrupted(_starts):
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            Steps(tmp_path).do("one", Counts, interrupted)
    assert Steps(tmp_path).do("one", Counts, lambda starts: Counts(requests=starts)).requests == 3


def test_a_damaged_result_is_named(tmp_path):
    """A file that is no result of the step is an error that names it, and isn't replaced."""
    (tmp_path / "one.json").write_text('{"requests": "many"}')
    with pytest.raises(MeasurementError, match=r"one.json is of another version or damaged; remove it"):
        Steps(tmp_path).do("one", Counts, lambda _: Counts())
    assert (tmp_path / "one.json").read_text() == '{"requests": "many"}'
