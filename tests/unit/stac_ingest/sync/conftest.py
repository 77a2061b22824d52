"""What tests of a sync's parts share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="module")
def no_waiting_for_the_disk():
    """Don't wait for the disk: what is tested isn't told by when files are on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield
