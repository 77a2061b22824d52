"""Unpacking gzip: whole, bounded, and told apart from what isn't gzip."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.unpack import unpacked, unpacked_blocks
from stac_ingest.errors import ItemError


@given(
    members=st.lists(st.binary(max_size=200), min_size=1, max_size=4), cut=st.integers(1, 50), zeros=st.integers(0, 3)
)
def test_members_come_one_after_another(members: list[bytes], cut: int, zeros: int) -> None:
    """A file of several members gives all of them, however it comes in blocks, and with zeros behind the last."""
    data = b"".join(map(gzip.compress, members)) + b"\0" * zeros
    blocks = [data[start : start + cut] for start in range(0, len(data), cut)]
    assert b"".join(unpacked_blocks(blocks)) == b"".join(members) == unpacked(data, 1000)


def test_what_unpacks_to_more_is_refused() -> None:
    """The limit holds for what comes out, and is named."""
    data = gzip.compress(b"x" * 1001)
    assert len(unpacked(data, 1001)) == 1001
    with pytest.raises(ItemError, match="more than max_response_mib"):
        unpacked(data, 1000)


@pytest.mark.parametrize(
    "data", [b"", b"{}", gzip.compress(b"x" * 100, mtime=0)[:-3], gzip.compress(b"x", mtime=0)[:15]]
)
def test_what_is_no_gzip_says_so(data: bytes) -> None:
    """An empty file, another format and a file that was cut off are errors that say so."""
    with pytest.raises(ItemError, match="not gzip"):
        unpacked(data, 1000)
