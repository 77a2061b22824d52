"""Unpacking gzip and Zstandard: whole, bounded, given up to where it is cut, and told apart from what is neither."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from stac_ingest.core.unpack import MAX_WINDOW, begins_packed, is_packed, unpacked, unpacked_blocks
from stac_ingest.errors import ItemError

Pack = Callable[[bytes], bytes]

SKIPPABLE = b"\x5f\x2a\x4d\x18\x02\0\0\0ab"
PACKS: dict[str, Pack] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "zstd without a checksum": zstandard.ZstdCompressor().compress,
    "zstd behind a skippable frame": lambda data: SKIPPABLE + zstandard.ZstdCompressor().compress(data),
}
packs = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)


@packs
@given(
    members=st.lists(st.binary(max_size=200), min_size=1, max_size=4), cut=st.integers(1, 50), zeros=st.integers(0, 3)
)
def test_members_come_one_after_another(pack: Pack, members: list[bytes], cut: int, zeros: int) -> None:
    """A file of several members gives all of them, however it comes in blocks, and with zeros behind the last."""
    data = b"".join(map(pack, members)) + b"\0" * zeros
    blocks = [data[start : start + cut] for start in range(0, len(data), cut)]
    assert b"".join(unpacked_blocks(blocks)) == b"".join(members) == unpacked(data, 1000)
    assert begins_packed(data)


@packs
def test_what_unpacks_to_more_is_refused(pack: Pack) -> None:
    """The limit holds for what comes out, and is named."""
    data = pack(b"x" * 1001)
    assert len(unpacked(data, 1001)) == 1001
    with pytest.raises(ItemError, match="more than max_response_mib"):
        unpacked(data, 1000)


@packs
@given(content=st.binary(max_size=300), cut=st.integers(0, 400), block=st.integers(1, 400))
def test_what_is_cut_is_called_truncated(pack: Pack, content: bytes, cut: int, block: int) -> None:
    """Cut at any byte, a file gives the beginning of what it held, and then the error."""
    whole = pack(content)
    data = whole[: min(cut, len(whole) - 1)]
    assume(data != SKIPPABLE)  # which is a whole file
    found = []
    with pytest.raises(ItemError, match=r"truncated|not gzip"):  # noqa: PT012 - what comes before the error counts
        for some in unpacked_blocks(data[start : start + block] for start in range(0, len(data), block)):
            found.append(some)  # noqa: PERF402 - same
    assert content.startswith(b"".join(found))


@packs
@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_damage_is_an_error_of_the_file(pack: Pack, at: int, flip: int) -> None:
    """A byte that was altered anywhere gives an error in words, or what was packed, and nothing else is raised."""
    data = bytearray(pack(b"some text that is to be packed, some text, some text"))
    data[at % len(data)] ^= flip
    told = ""
    try:
        unpacked(bytes(data), 10_000)
    except ItemError as error:
        told = str(error)
    assert not told or told.startswith(("not ", "truncated", "needs", "unpacks to more"))


@pytest.mark.parametrize("data", [b"", b"{}", b"\x28\xb5"])
def test_what_is_not_packed_says_so(data: bytes) -> None:
    """An empty file, another format and the beginning of a magic number are errors that say so."""
    with pytest.raises(ItemError, match=r"not gzip|truncated"):
        unpacked(data, 1000)


def test_checksums_are_looked_at() -> None:
    """A checksum that doesn't fit is an error, though everything else does."""
    for pack in (PACKS["gzip"], PACKS["zstd"]):
        data = bytearray(pack(b"x" * 50))
        data[-5] ^= 1
        with pytest.raises(ItemError, match="damaged"):
            unpacked(bytes(data), 100)


def test_a_window_beyond_bounds_is_refused() -> None:
    """What needs more memory than the command `zstd` allows is refused with what to do."""
    large = zstandard.ZstdCompressionParameters(window_log=MAX_WINDOW.bit_length())
    packer = zstandard.ZstdCompressor(compression_params=large).compressobj()
    with pytest.raises(ItemError, match="without `zstd --long`"):
        unpacked(packer.compress(b"x" * 100) + packer.flush(), 1000)


def test_blocks_are_bounded_whatever_they_unpack_to() -> None:
    """Of a megabyte of packed zeros no block that comes is larger than a bound, though all came in one."""
    for pack in (PACKS["gzip"], PACKS["zstd"]):
        assert max(map(len, unpacked_blocks([pack(bytes(64 << 20))]))) <= 24 << 20


def test_names_tell_what_is_packed() -> None:
    """In whatever letters."""
    assert is_packed("a.ndjson.GZ")
    assert is_packed("a.json.zst")
    assert not is_packed("a.json")
