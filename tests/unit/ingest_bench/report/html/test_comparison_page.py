"""The comparison of tools as a person sees it: in a real browser, sorted and filtered, at two widths."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from devtools import Tab, axe, chromium, running, tab
from test_browser import CUT, OUTSIDE, OVERLAID, PALE, WIDTHS

import factories
from ingest_bench.report import write_report
from ingest_bench.results.models import Cell, Parity, Results, Trace

BROWSER = chromium()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium to run these")
LOSSY, GONE = "files_geoparquet", "api_ndjson"
"""Tasks in which the other tool loses three items, and isn't installed; in all others it is twice as fast."""
MATRIX = factories.tools(
    files_ndjson=("files to NDJSON", "files", {}),
    files_geoparquet=("files to GeoParquet", "files", {}),
    api_ndjson=("API to NDJSON", "api", {"server": {"think_ms": 0}}),
    api_geoparquet=("API to GeoParquet", "api", {"server": {"think_ms": 0}}),
)
LONGER = factories.tools(
    slow_api_ndjson=("API to NDJSON", "api", {"server": {"think_ms": 50}}),
    table_ndjson=("GeoParquet to NDJSON", "table", {}),
    files_geoparquet=("files to GeoParquet", "files", {}),
)
LABEL = '<img src=x onerror="window.hit=1"> $x^2$ 漢字'
"""What a stranger may call a tool."""
HEADS = "document.querySelector('#tools').tHead.rows[0].cells"
SHOWN = "[...document.querySelectorAll('#tools tbody tr')].filter((e) => !e.hidden)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one browser for all tests, and give its address."""
    assert BROWSER
    with running(BROWSER, tmp_path_factory.mktemp("profile")) as address:
        yield address


@pytest.fixture
async def opened(browser: str) -> AsyncIterator[Tab]:
    """Open a tab."""
    async with tab(browser) as found:
        yield found


def edited(cell: Cell) -> Cell:
    """Give every sample an output of 50 MB, and each task what is wrong with it."""
    samples = [sample.model_copy(update={"output_bytes": 50_000_000}) for sample in cell.samples]
    cell = cell.model_copy(update={"samples": samples, "label": LABEL if cell.arm == "rustac" else cell.label})
    if cell.arm != "rustac":
        return cell
    if cell.scenario == GONE:
        bare = {"samples": [], "speedup": None, "trace": Trace(items=0, peak_mib=None)}
        return cell.model_copy(update={**bare, "unavailable": "rustac: not installed here; make tools installs it"})
    if cell.scenario == LOSSY:
        less = [each.model_copy(update={"items": each.items - 3 * (each.role == "candidate")}) for each in samples]
        return cell.model_copy(update={"samples": less, "parity": Parity(ok=False, reason="3 items missing")})
    return cell


@pytest.fixture
def results(make_of: Any) -> Results:
    """Return the results of the tasks of a run."""
    faster = {"rustac": 2.0}
    return make_of(MATRIX)(  # type: ignore[no-any-return]
        truth=lambda cell, arm, level, cost: replace(cost, rate=8_000 * faster.get(arm, 1.0)), edit=edited
    )


def written(results: Results, folder: Path, longer: Results | None = None) -> str:
    """Write a page below a folder, and give its address."""
    page = folder / "comparison.html"
    write_report(results, folder / "r.md", folder / "r.html", folder / "figures", comparison=page, longer=longer)
    return page.resolve().as_uri()


@pytest.mark.parametrize("size", WIDTHS)
async def test_it_loads_nothing_and_nothing_is_cut(
    opened: Tab, results: Results, tmp_path: Path, size: tuple[int, int]
) -> None:
    """The file alone is asked for; words of strangers are words; nothing is wider than the window or hard to read."""
    page = written(results, tmp_path)
    for scheme in ("light", "dark"):
        await opened.show(page, *size, scheme)
        assert opened.requests() == [page]
        assert opened.complaints() == []
        assert await opened.run("document.documentElement.scrollWidth <= innerWidth") is True
        for looks in (OUTSIDE, CUT, OVERLAID, PALE):
            assert await opened.run(looks) == []
        if script := axe():
            assert await opened.violations(script) == []
    assert await opened.run("typeof window.hit") == "undefined"
    assert LABEL in await opened.run("document.querySelector('#tools').textContent")
    assert LABEL in await opened.run("document.querySelector('svg.plot').textContent")


async def test_a_faster_tool_is_named_as_faster(opened: Tab, results: Results, tmp_path: Path) -> None:
    """The first sentence names each tool that is faster than ours, and so do its row and its plot."""
    await opened.show(written(results, tmp_path), *WIDTHS[0])
    first = await opened.run("document.querySelector('#comparison p').textContent")
    assert first.startswith("In 2 of 4 tasks another tool is faster than stac-ingest: <img src=x")
    assert re.search(r"in files to NDJSON, in 0\.[45]\dx", first)
    rows = await opened.run(
        f"{SHOWN}.filter((e) => e.dataset.standing === 'faster').map((e) => e.cells[2].textContent)"
    )
    assert len(rows) == 2
    assert all(re.fullmatch(r"0\.[45]\dx \(.*\), faster", row) for row in rows)
    plots = await opened.run("[...document.querySelectorAll('figcaption')].map((e) => e.textContent)")
    assert sum("is faster than stac-ingest" in words for words in plots) == 2


async def test_what_is_lost_and_what_is_missing_shows(opened: Tab, results: Results, tmp_path: Path) -> None:
    """A tool that loses items is struck through, with their number and why; one that isn't there says what to do."""
    await opened.show(written(results, tmp_path), *WIDTHS[0])
    lossy, gone = [
        await opened.run(f"{SHOWN}.filter((e) => e.dataset.standing === '{kind}').map((e) => e.innerHTML).join()")
        for kind in ("wrong", "missing")
    ]
    assert re.search(r"<s>0\.[45]\dx \(", lossy)
    assert "<strong>3</strong>" in lossy
    assert "3 items missing" in lossy
    assert "not installed" in gone
    assert "make tools installs it" in gone


async def test_rows_are_filtered(opened: Tab, results: Results, tmp_path: Path) -> None:
    """By task, by tool, by how they stand and by words, together; their number is told."""
    await opened.show(written(results, tmp_path), *WIDTHS[0])
    assert await chosen(opened) == (8, "8 of 8")
    assert await chosen(opened, task="files to NDJSON") == (2, "2 of 8")
    assert await chosen(opened, task="files to NDJSON", tool="stac-ingest") == (1, "1 of 8")
    for standing, count in {"faster": 2, "slower": 0, "right": 6, "wrong": 1, "unmeasured": 1}.items():
        assert await chosen(opened, standing=standing) == (count, f"{count} of 8")
    assert await chosen(opened, words="RUSTAC joined") == (0, "0 of 8")
    assert await chosen(opened, words="missing 漢字") == (1, "1 of 8")
    assert await chosen(opened) == (8, "8 of 8")


async def test_rows_are_sorted_while_filtered(opened: Tab, results: Results, tmp_path: Path) -> None:
    """A click on a heading sorts by its numbers, what has none last, and leaves the choice as it is."""
    await opened.show(written(results, tmp_path), *WIDTHS[0])
    await chosen(opened, tool=" ".join(LABEL.split()))
    for _ in ("ascending", "descending"):
        await opened.click(f"{HEADS}[3].querySelector('button')")
        order = await opened.run(f"{HEADS}[3].getAttribute('aria-sort')")
        keys = await opened.run(f"{SHOWN}.map((e) => e.cells[3].dataset.key ?? null)")
        numbers = [float(key) for key in keys if key is not None]
        assert len(keys) == 4
        assert keys[-1] is None
        assert numbers == sorted(numbers, reverse=order == "descending")


async def test_a_longer_run_is_merged(opened: Tab, results: Results, make_of: Any, tmp_path: Path) -> None:
    """Tasks of the longer run stand beside those of this one, and in the place of those of the same name."""
    await opened.show(written(results, tmp_path, make_of(LONGER)()), *WIDTHS[0])
    rows = "[...document.querySelectorAll('#tools tbody tr')]"
    assert await opened.run(f"[...new Set({rows}.map((e) => e.cells[0].textContent))]") == [
        "files to NDJSON",
        "files to GeoParquet",
        "API to NDJSON, no think time",
        "API to NDJSON, 50 ms think time",
        "API to GeoParquet",
        "GeoParquet to NDJSON",
    ]
    replaced = f"{rows}.filter((e) => e.dataset.task === 'files to GeoParquet').map((e) => e.dataset.standing)"
    assert "wrong" not in await opened.run(replaced)
    assert "are from the longer run" in await opened.run("document.querySelector('#comparison').textContent")
    assert len(await opened.run("[...document.querySelectorAll('#measured p')].map((e) => e.textContent)")) == 2


async def test_command_lines_are_printed(opened: Tab, results: Results, tmp_path: Path) -> None:
    """What is folded is open while the page is printed, and folded again afterwards."""
    await opened.show(written(results, tmp_path), *WIDTHS[0])
    folded = "[...document.querySelectorAll('details')].map((e) => e.open)"
    await opened.run(f"addEventListener('afterprint', () => {{ window.after = {folded}; }})")
    await opened.run(f"addEventListener('beforeprint', () => {{ window.before = {folded}; }})")
    assert (await opened.printed()).startswith(b"%PDF")
    before, after = await opened.run("window.before"), await opened.run("window.after")
    assert len(before) > 4
    assert (all(before), any(after)) == (True, False)


async def chosen(opened: Tab, **values: str) -> tuple[int, str]:
    """Choose as a person does, and give how many rows are seen, and how many the page says."""
    for name in ("task", "tool", "standing", "words"):
        await opened.run(
            f"(() => {{ const e = document.getElementById('{name}'); e.value = {values.get(name, '')!r}; "
            "e.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )
    seen = await opened.run(f"{SHOWN}.filter((e) => e.getBoundingClientRect().height > 0).length")
    return seen, await opened.run("document.getElementById('count').value")
