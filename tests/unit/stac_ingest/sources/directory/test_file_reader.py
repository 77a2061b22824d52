"""Reading single files: whole, bounded, ahead of their turn, and never waiting on what isn't a file."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ItemError
from stac_ingest.sources.directory import batches as folder_module
from stac_ingest.sources.directory import prefetch
from stac_ingest.sources.directory.batches import AHEAD, BATCH_BYTES, MIN_AHEAD, Folder
from stac_ingest.sources.directory.file_reader import BLOCK, Reader, open_file
from stac_ingest.sources.directory.prefetch import NOT_OPEN, has_to_wait, opened_ahead


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def config(path: Path, **settings: object) -> IngestConfig:
    return IngestConfig.parse({"mode": "file", "source": str(path), **settings})


def names(path: Path) -> list[str]:
    return sorted(found.name for found in path.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(200):
        (tmp_path / f"{number:03}.json").write_text(f'{{"id": "{number}"}}')
    return tmp_path


def opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 1 << 20])
def test_files_come_whole(tmp_path: Path, size: int) -> None:
    """Files are read to their last byte, also at and around the edges of a read, by one reader after another."""
    reader = Reader(1 << 20)
    path = tmp_path / "a"
    for fill in (b"x", b"y"):
        path.write_bytes(fill * size)
        assert reader.read_path(path) == fill * size


def test_what_was_read_stays(tmp_path: Path) -> None:
    """The next file doesn't change what was read before."""
    reader = Reader(1 << 20)
    contents = []
    for text in ("first", "other"):
        (tmp_path / "a").write_text(text)
        contents.append(reader.read_path(tmp_path / "a"))
    assert contents == [b"first", b"other"]


def test_a_file_over_the_bound_is_refused(tmp_path: Path) -> None:
    """A file of one byte more than allowed is refused by its size."""
    (tmp_path / "a").write_bytes(b"x" * (2 * BLOCK + 1))
    with pytest.raises(ItemError, match="max_response_mib"):
        Reader(2 * BLOCK).read_path(tmp_path / "a")


def test_a_file_that_grows_is_refused_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that grows while it is read is read on, until it is larger than allowed."""
    (tmp_path / "a").write_bytes(b"x" * BLOCK)
    pread = os.pread

    def growing(descriptor: int, count: int, position: int) -> bytes:
        with (tmp_path / "a").open("ab") as stream:
            stream.write(b"x" * BLOCK)
        return pread(descriptor, count, position)

    monkeypatch.setattr(os, "pread", growing)
    with pytest.raises(ItemError, match="grew"):
        Reader(4 * BLOCK).read_path(tmp_path / "a")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_fifo, _device, Path.mkdir])
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A FIFO, an endless device and a directory are refused, and none is waited for."""
    make(tmp_path / "a.json")
    with pytest.raises(ItemError, match="not a regular file"):
        Reader(1 << 20).read_path(tmp_path / "a.json")


def test_a_fifo_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """A FIFO is no file, even when an item waits in it."""
    os.mkfifo(tmp_path / "a.json")
    both = os.open(tmp_path / "a.json", os.O_RDWR)
    try:
        os.write(both, b'{"id": "a"}')
        with pytest.raises(ItemError, match="not a regular file"):
            Reader(1 << 20).read_path(tmp_path / "a.json")
    finally:
        os.close(both)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket can't even be opened."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.json")
        with pytest.raises(OSError, match=r"a\.json"):
            Reader(1 << 20).read_path("a.json")


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    """Symbolic links to files are followed; one that leads nowhere or in circles is an OSError."""
    (tmp_path / "a").write_text("here")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "c").symlink_to("c")
    assert Reader(1 << 20).read_path(tmp_path / "b") == b"here"
    with pytest.raises(OSError, match="c"):
        Reader(1 << 20).read_path(tmp_path / "c")


def test_reading_leaves_nothing_open(tmp_path: Path) -> None:
    """Neither a good file nor a refused one stays open."""
    (tmp_path / "a").write_text("x")
    before = descriptors()
    Reader(1).read_path(tmp_path / "a")
    with pytest.raises(ItemError):
        Reader(1).read_path(tmp_path)
    assert descriptors() == before


@given(count=st.integers(0, 30), depth=st.integers(0, 12), taken=st.integers(0, 30))
def test_files_ahead_are_bounded_and_closed(count: int, depth: int, taken: int) -> None:
    """Names come in order, with at most `depth` files open beyond them, and none after the end."""
    here = os.open(Path(__file__).parent, os.O_RDONLY)
    before = descriptors()
    names = [Path(__file__).name] * count
    files = opened_ahead(names, here, depth)
    try:
        for number, (name, descriptor) in enumerate(files):
            assert name == names[number]
            os.close(descriptor)
            assert descriptors() - before <= depth
            if number == taken:
                break
        files.close()
        assert descriptors() == before
    finally:
        os.close(here)


def test_a_file_that_can_not_be_opened_ahead_comes_in_its_turn(folder: Path) -> None:
    """A missing file comes as not opened, between the others."""
    here = opened(folder)
    got = []
    for name, descriptor in opened_ahead(["000.json", "none.json", "001.json"], here, 2):
        got.append((name, descriptor == NOT_OPEN))
        if descriptor != NOT_OPEN:
            os.close(descriptor)
    os.close(here)
    assert got == [("000.json", False), ("none.json", True), ("001.json", False)]


@pytest.mark.parametrize(
    ("answer", "seconds", "waits"),
    [
        (BlockingIOError(errno.EAGAIN, "not in memory"), 0.0, True),
        (OSError(errno.EOPNOTSUPP, "can't say"), 0.0, False),
        (OSError(errno.EOPNOTSUPP, "can't say"), 0.1, True),
        (None, 0.1, False),
    ],
)
def test_the_kernel_says_what_is_cold(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: OSError | None, seconds: float, waits: bool
) -> None:
    """A file is cold when the kernel says so; where it can't say, when a byte takes long to come."""

    def preadv(*_: object) -> int:
        if answer is not None:
            raise answer
        return 1

    ticks = iter([0.0, seconds])
    monkeypatch.setattr(os, "preadv", preadv)
    monkeypatch.setattr(prefetch.time, "perf_counter", lambda: next(ticks))
    here = opened(folder)
    assert has_to_wait("000.json", here) is waits
    os.close(here)


def test_a_missing_file_is_not_cold(folder: Path) -> None:
    """What can't be opened has nothing to wait for; reading it will say why."""
    here = opened(folder)
    assert has_to_wait("none.json", here) is False
    os.close(here)


@pytest.mark.parametrize("concurrency", [1, 2, 20, 50])
def test_read_ahead_gives_the_same_within_a_bound_of_descriptors(
    folder: Path, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    """Slices read ahead hold the same as slices read one by one, and what is open at once is bounded."""
    before, peak = descriptors(), 0
    read = folder_module.Reader.read

    def counting(self: Reader, descriptor: int) -> bytes:
        nonlocal peak
        peak = max(peak, descriptors() - before)
        return read(self, descriptor)

    monkeypatch.setattr(folder_module.Reader, "read", counting)
    files = Folder(folder, names(folder), config(folder, concurrency=concurrency, read_ahead=True))
    slices = range(0, 200, 64)
    ahead = [files.load_ahead(start, min(start + 64, 200)) for start in slices]
    plain = [files.load(start, min(start + 64, 200)) for start in slices]
    files.close()
    assert ahead == plain
    assert peak <= max(AHEAD // concurrency, MIN_AHEAD) + 2
    assert descriptors() == before


def test_once_cold_no_more_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` asks about each slice until one is cold; `True` and `False` never ask."""
    asked: list[str] = []
    monkeypatch.setattr(folder_module, "has_to_wait", lambda name, _: asked.append(name) or name == "128.json")
    files = Folder(folder, names(folder), config(folder))
    assert [files.has_to_wait(start) for start in (0, 64, 128, 192)] == [False, False, True, True]
    files.close()
    assert asked == ["000.json", "064.json", "128.json"]
    for choice in (True, False):
        files = Folder(folder, names(folder), config(folder, read_ahead=choice))
        assert files.has_to_wait(0) is choice
        files.close()
    assert len(asked) == 3


@pytest.mark.parametrize("ahead", [True, False])
def test_a_slice_of_large_files_ends_early(tmp_path: Path, ahead: bool) -> None:
    """A batch ends with the file that fills it, and the next goes on after it."""
    for name in "abcde":
        (tmp_path / f"{name}.json").write_bytes(b" " * (BATCH_BYTES // 2))
    files = Folder(tmp_path, names(tmp_path), config(tmp_path))
    load = files.load_ahead if ahead else files.load
    got, start = [], 0
    while start < 5:
        batch = load(start, 5)
        got.append([payload.origin for payload in batch])
        start += len(batch)
    files.close()
    assert got == [["a.json", "b.json"], ["c.json", "d.json"], ["e.json"]]


def test_opening_says_what_is_wrong(tmp_path: Path) -> None:
    """A missing file is an OSError with its name."""
    with pytest.raises(FileNotFoundError, match="none"):
        open_file(tmp_path / "none")
