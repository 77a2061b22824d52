"""What tests of all folders share: modules that lie beside this file, such as `factories`, can be imported."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from long_lane import size

# A time that an example may take would be a threshold on the clock, which a busy machine misses.
settings.register_profile("tests", deadline=None, max_examples=size(500, 50))
settings.load_profile("tests")

WORKFLOW = Path(__file__).parent / "workflow"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave thousands of tests and their modules out of every search for garbage: they stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with runs of the workflow: the longest files, of few tests, would else be what is waited for in the end."""
    items.sort(key=lambda item: WORKFLOW not in item.path.parents)


@pytest.fixture(scope="module")
def no_waiting_for_the_disk():
    """Don't wait for the disk: what is tested isn't told by when files are on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield
