"""The README opens with what a run measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest_bench.docgen.publish import CLOSE, OPEN, publish
from ingest_bench.errors import BenchError

REPORT = """# STAC ingest benchmark

Measured on bench (2 cores), 10 February
2026: 3 cells.

2 warnings about these numbers: see [Warnings](#warnings) before
relying on them.

| Scenario | Speed-up |
|:---------|---------:|
| Files    |     9.8x |

More words.

| Another | table |

## Tools compared

**In 1 of 2 tasks another tool is faster**: one.

How to read it.

| Task | Time |
|:-----|-----:|
| some | 0.5x |

- A remark.

## Next
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make a finished run's folder."""
    (tmp_path / "results/figures").mkdir(parents=True)
    (tmp_path / "results/benchmark_report.md").write_text(REPORT)
    (tmp_path / "results/benchmark_report.html").write_text("<!doctype html>")
    (tmp_path / "results/comparison.html").write_text("<!doctype html>2")
    (tmp_path / "results/receipt.zip").write_bytes(b"PK")
    for name in ("small_files_warm", "mixed", "all-tools"):
        (tmp_path / f"results/figures/{name}.svg").write_text("<svg/>")
    (tmp_path / "README.md").write_text(f"# Name\n\n{OPEN}\nold\n{CLOSE}\n\nText\n")
    return tmp_path


def test_the_readme_opens_with_the_first_screen(run: Path) -> None:
    """Between the marks stand the machine, the summary and the figures there are, and nothing else is touched."""
    publish(run / "results", run / "docs/run", run / "README.md")
    text = (run / "README.md").read_text()
    assert "Measured on bench" in text
    assert "| Files    |     9.8x |" in text
    assert "(docs/run/figures/small_files_warm.svg)" in text
    assert text.startswith("# Name\n\n")
    assert text.endswith(f"{CLOSE}\n\nText\n")
    assert not [word for word in ("old", "Another", "warnings", "large_api", "How to read", "remark") if word in text]
    tools = text.partition("**In 1 of 2 tasks another tool is faster**: one.\n\n| Task | Time |")[2]
    assert tools.startswith("\n|:-----|-----:|\n| some | 0.5x |\n\n![all tools](docs/run/figures/all-tools.svg)\n<!--")
    assert (run / "docs/run/benchmark_report.md").read_text() == REPORT
    assert (run / "docs/run/benchmark_report.html").read_text() == "<!doctype html>"
    assert (run / "docs/run/comparison.html").read_text() == "<!doctype html>2"
    figures = {path.name for path in (run / "docs/run/figures").iterdir()}
    assert figures == {"small_files_warm.svg", "mixed.svg", "all-tools.svg"}


def test_publishing_twice_is_publishing_once(run: Path) -> None:
    """A second time changes nothing, and figures of scenarios that are gone go."""
    (run / "docs/run/figures").mkdir(parents=True)
    (run / "docs/run/figures/gone.svg").write_text("<svg/>")
    publish(run / "results", run / "docs/run", run / "README.md")
    first = (run / "README.md").read_text()
    publish(run / "results", run / "docs/run", run / "README.md")
    assert (run / "README.md").read_text() == first
    assert not (run / "docs/run/figures/gone.svg").exists()


def test_without_a_run_nothing_is_written(run: Path) -> None:
    """No report, or no marks in the README, is said in words, and changes nothing."""
    before = (run / "README.md").read_text()
    with pytest.raises(BenchError, match="make run"):
        publish(run / "nowhere", run / "docs/run", run / "README.md")
    assert (run / "README.md").read_text() == before
    (run / "README.md").write_text("# Name\n")
    with pytest.raises(BenchError, match="to write between"):
        publish(run / "results", run / "docs/run", run / "README.md")
    assert not (run / "docs").exists()
