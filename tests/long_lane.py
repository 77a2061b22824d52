"""What runs at full size in `make test-long`, and is left out of `make test` or smaller in it.

`make test-long` runs the files of tests that name this module, or `TEST_LONG`.
"""

from __future__ import annotations

import os

import pytest

IS_LONG = "TEST_LONG" in os.environ
LONG = pytest.mark.skipif(not IS_LONG, reason="`make test-long` runs these")


def size(full: int, small: int) -> int:
    """Return how many of something there are: all in the long lane, some in `make test`."""
    return full if IS_LONG else small
