"""What tests of all folders share: modules that lie beside this file, such as `factories`, can be imported."""

import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from long_lane import TENTH, is_due, size

# A time that an example may take would be a threshold on the clock, which a busy machine misses.
settings.register_profile("tests", deadline=None, max_examples=size(500, 25))
settings.load_profile("tests")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a shell's background jobs begin. What tests start would ignore Ctrl-C, too, and some send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests that aren't due, and begin with runs of the workflow.

    These are the longest files, of few tests, and would else be what is waited for in the end.
    """
    # A module that is marked is due as a whole: it would else make what its tests share for one of them.
    rest = [item for item in items if not all(is_due(node.nodeid) for node, _ in item.iter_markers_with_node("slow"))]
    config.hook.pytest_deselected(items=rest)
    gone = {item.nodeid for item in rest}
    items[:] = sorted(
        (item for item in items if item.nodeid not in gone), key=lambda item: WORKFLOW not in item.path.parents
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tenth of the slow tests was run, so that it can be run again."""
    if TENTH is not None:
        terminalreporter.write_line(f"slow tests: the tenth of TEST_TENTH={TENTH}; `make test-long` runs all")


@pytest.fixture(scope="module")
def no_waiting_for_the_disk():
    """Don't wait for the disk: what is tested isn't told by when files are on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield
