"""What runs at full size in `make test-long`, and is left out of `make test` or smaller in it.

`make test-long` runs the files of tests that name this module, or `TEST_LONG`, and all tests that are marked as slow.
Of those, `make test` runs a tenth, which differs from commit to commit.
"""

from __future__ import annotations

import os
from zlib import crc32

import pytest

IS_LONG = "TEST_LONG" in os.environ
LONG = pytest.mark.skipif(not IS_LONG, reason="`make test-long` runs these")


def size(full: int, small: int) -> int:
    """Return how many of something there are: all in the long lane, some in `make test`."""
    return full if IS_LONG else small


TENTH = os.environ.get("TEST_TENTH")
"""Says which tenth of the slow tests runs; without it, all of them do."""


def is_due(slow: str) -> bool:
    """Say whether a slow test or module, given by its node id, is in the tenth that runs."""
    return TENTH is None or crc32(f"{TENTH} {slow}".encode()) % 10 == 0
