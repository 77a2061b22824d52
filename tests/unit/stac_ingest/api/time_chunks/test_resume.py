"""What is noted of an interrupted run is never more than what has come."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.api.intervals import MILLISECOND, Interval, format_instant, merge, remaining
from stac_ingest.api.time_chunks.resume import ChunkProgress, TimesRead, item_times
from stac_ingest.api.time_chunks.splitting import Chunk
from stac_ingest.checkpoints.positions import SourcePositions

ENDS = st.none() | st.integers(0, 12)
INTERVALS = st.tuples(ENDS, ENDS).map(
    lambda ends: Interval(*(ends if None in ends else sorted(ends)))  # either end may be open
)
LIFE = range(-2, 15)


def holds(interval, instant):
    start, end = interval
    return (start is None or start <= instant) and (end is None or instant <= end)


@given(INTERVALS, st.lists(INTERVALS, max_size=5))
def test_what_was_read_and_what_is_left_are_the_whole(whole, stretches):
    """No instant is forgotten, and only edges are read again."""
    read = merge(stretches)
    left = remaining(whole, read)
    halves = [number / 2 for number in range(2 * LIFE.start, 2 * LIFE.stop)]
    for instant in filter(lambda instant: holds(whole, instant), halves):
        before = any(holds(stretch, instant) for stretch in stretches)
        again = [piece for piece in left if holds(piece, instant)]
        assert before or again
        assert not (before and again) or any(instant in stretch for stretch in read)
    assert all(a.end is not None and b.start is not None and a.end <= b.start for a, b in pairwise(left))


def times_of_items(instants):
    items = ({"id": str(n), "properties": {"datetime": format_instant(at)}} for n, at in enumerate(instants))
    return list(map(item_times, items))


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=30),
    st.sampled_from(["oldest first", "newest first", "any"]),
    st.integers(1, 5),
    st.sets(st.integers(0, 30)),
)
def test_what_is_noted_has_come(instants, order, size, bad):
    """Whatever the pages, in a stretch that was noted there is no item that is still to come, or that failed."""
    if order != "any":
        instants.sort(reverse=order == "newest first")
    instants = [instant * MILLISECOND // 2 for instant in instants]
    progress = ChunkProgress(Interval(None, None))
    for number, start in enumerate(range(0, len(instants), size)):
        end = start + size
        position = progress.advance(
            times_of_items(instants[start:end]), ended=end >= len(instants), clean=number not in bad
        )
        if position is None:
            continue
        noted = Interval(*position["time"])
        failed = [i for n in bad if n <= number for i in instants[n * size : (n + 1) * size]]
        # Out of order, what is still to come may lie anywhere: then a resumed run finds by counting that it is short.
        later = [] if order == "any" else instants[end:]
        assert not any(holds(noted, instant) for instant in (*failed, *later))


def test_all_of_an_ordered_chunk_is_noted():
    """The stretches of a chunk that was read to its end join to the whole, so a finished chunk isn't read again."""
    whole = Interval(0, 100 * MILLISECOND)
    for instants in (range(0, 100, 3), range(99, 0, -3)):
        progress = ChunkProgress(whole)
        pages = [times_of_items([at * MILLISECOND for at in instants[n : n + 5]]) for n in range(0, len(instants), 5)]
        noted = [progress.advance(page, ended=page is pages[-1], clean=True) for page in pages]
        assert list(TimesRead([position for position in noted if position]).remaining([Chunk(whole, 1.0)])) == []


def test_a_server_that_does_not_heed_datetime_is_not_noted():
    """Items outside of the chunk say nothing about the time that was asked for."""
    assert (
        ChunkProgress(Interval(0, MILLISECOND)).advance(times_of_items([9 * MILLISECOND]), ended=True, clean=True)
        is None
    )


@pytest.mark.parametrize("position", [{}, {"time": 3}, {"time": [5, 1]}, {"time": ["a", None]}, {"files": [0, 1]}])
def test_notes_that_make_no_sense_are_passed_over(position):
    """A place of another kind, or a damaged one, leaves everything to be read."""
    chunk = Chunk(Interval(0, 9), 1.0)
    assert list(TimesRead([position]).remaining([chunk])) == [chunk]


def test_positions_are_kept_and_half_a_line_is_not(tmp_path):
    """Settled positions are known to the next run of the same source; what a killed run half wrote is passed over."""
    path, source = tmp_path / "c" / "x.positions", {"source": "a"}
    positions = SourcePositions.begin(path, source)
    positions.queue({"time": [1, 2]})
    positions.commit(positions.take())
    positions.queue({"time": [3, 4]})
    positions.close()
    with path.open("ab") as file:
        file.write(b'[{"time":[5')
    again = SourcePositions.resume(path, source)
    again.commit([{"time": [7, 8]}])
    again.close()
    found = SourcePositions.resume(path, source)
    found.close()
    assert (again.known, found.known) == ([{"time": [1, 2]}], [{"time": [1, 2]}, {"time": [7, 8]}])


@pytest.mark.parametrize("content", [None, b"", b"junk\n", orjson.dumps({"source": "other"}) + b"\n[{}]\n"])
def test_positions_of_another_source_are_none(tmp_path, content):
    """Without notes of this very source all is read, now and in later runs of the same checkpoint."""
    path = tmp_path / "x.positions"
    if content is not None:
        path.write_bytes(content)
    assert SourcePositions.resume(path, {"source": "a"}) is None
    assert not path.exists()
