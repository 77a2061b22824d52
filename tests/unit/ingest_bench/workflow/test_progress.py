"""The line that says which cell is measured, how many are left and about how long they take."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from factories import arm, matrix, scenario
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.workflow import progress

MATRIX = matrix(
    {"files": ("item_files", 9)},
    files=scenario(arms={"sequential": arm(1, 2, 3, 4)}),
    sampling={"budget_seconds": 6},
)


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Plan four cells, and return what is told when so many of them were finished ten seconds apart."""
    monkeypatch.setenv("INGEST_BENCH_SINCE", "1000")
    monkeypatch.setenv("INGEST_BENCH_PLANNED", "3")
    progress.plan_cell()
    settings = load_settings(MATRIX).model_copy(update={"results": str(tmp_path)})
    planned = cells(settings)

    def tell(done: int, terminal: io.StringIO) -> str:
        for step, cell in enumerate(planned[:done]):
            path = tmp_path / cell.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (1010 + 10 * step,) * 2)
        progress.tell(settings, planned[done], terminal)
        return terminal.getvalue()

    return tell


def test_the_first_line_goes_by_the_budget(told) -> None:
    """Before any cell is finished, the time left is what the budgets come to."""
    assert told(0, Terminal()) == "Cell 1 of 4, files: sequential at 1; 3 more, about 40 s left\n"


def test_later_lines_go_by_the_pace(told) -> None:
    """After two cells, the time left is as many times their pace as cells are left."""
    assert told(2, Terminal()) == "Cell 3 of 4, files: sequential at 3; 1 more, about 20 s left\n"
    assert told(3, Terminal()) == "Cell 4 of 4, files: sequential at 4; the last, about 10 s left\n"


def test_without_a_terminal_it_is_silent(told) -> None:
    """Nothing is written into a log file or a pipe."""
    assert told(1, io.StringIO()) == ""
