"""Work in the background: one piece at a time, in order, while the next one is prepared."""

from __future__ import annotations

import os
import threading

import pytest

from stac_ingest.core.background import Background, usable_cores


def fail() -> None:
    raise FileNotFoundError


def test_the_next_piece_is_prepared_while_one_is_done() -> None:
    """Who gives a piece of work goes on at once, and the next piece begins when that one has ended."""
    background, may_end, events = Background("work", cores=2), threading.Event(), list[str]()

    def first() -> None:
        may_end.wait(10)
        events.append("first ended")

    background.do(first)
    events.append("second prepared")
    may_end.set()
    background.do(lambda: events.append("second begun"))
    background.close()
    assert events == ["second prepared", "first ended", "second begun"]


def test_one_piece_is_under_way_at_once() -> None:
    """Of many pieces one is done at a time, in their order, by one thread that ends."""
    background, under_way, most, done, threads = Background("work", cores=2), [0], [0], list[int](), set[int]()

    def work(number: int) -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        threads.add(threading.get_ident())
        done.append(number)
        under_way[0] -= 1

    for number in range(200):
        background.do(lambda number=number: work(number))
        assert number - len(done) <= 1
    background.wait()
    assert (most, done, len(threads)) == ([1], list(range(200)), 1)
    background.close()
    assert not any(thread.name.startswith("work") for thread in threading.enumerate())


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    """What a piece raised comes out with the next one, which isn't begun, and only once."""
    background, done = Background("work", cores=2), list[int]()
    background.do(fail)
    with pytest.raises(FileNotFoundError):
        background.do(lambda: done.append(1))
    background.wait()
    assert done == []
    background.do(fail)
    background.close()


def test_with_one_core_there_is_no_thread() -> None:
    """Then a piece is done before `do` returns, where it was given."""
    background, threads = Background("work", cores=1), list[int]()
    background.do(lambda: threads.append(threading.get_ident()))
    assert threads == [threading.get_ident()]
    background.close()


def test_the_cores_are_those_of_the_process() -> None:
    """A process that is kept to one core says one, whatever the machine has."""
    allowed = os.sched_getaffinity(0)
    assert usable_cores() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
