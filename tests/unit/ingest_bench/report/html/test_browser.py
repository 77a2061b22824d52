"""The HTML report as a person sees it: in a real browser, at desktop and phone width, light and dark."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from devtools import Tab, axe, chromium, running, tab

from ingest_bench.report import write_report
from ingest_bench.report.formatting import plain

BROWSER = chromium()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium to run these")
WIDTHS = ((1280, 800), (390, 844))
PAPER = 718
"""Pixels between the margins of A4, at 96 an inch."""
NEAR_THE_END = 60
"""Points above the lower edge of a page: the margin, and less than two lines of text."""
HOSTILE = [
    "<script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit=1">',
    "</style></script></title><svg onload=window.hit=1>",
    "[click](javascript:window.hit=1) **bold** `code` ~~gone~~",
    "Ünïcödé 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 \u202e\u0000\ud800",
    "W" * 290,
    "&lt;b&gt; &amp;amp; ]]> -->",
]

CUT = """[...document.querySelectorAll('body *')].filter((e) => {
  const s = getComputedStyle(e);
  const hides = (o) => o === 'hidden' || o === 'clip';
  const wide = hides(s.overflowX) && e.scrollWidth > e.clientWidth;
  const high = hides(s.overflowY) && e.scrollHeight > e.clientHeight;
  return e.textContent.trim() && !e.closest('svg') && (s.textOverflow === 'ellipsis' || wide || high);
}).map((e) => e.outerHTML.slice(0, 200))"""
OUTSIDE = """[...document.querySelectorAll('body *')].filter((e) => {
  if (e.closest('.scroll') !== null && !e.matches('.scroll')) return false;
  if (e.closest('svg') && !e.matches('svg.plot')) return false;
  const r = e.getBoundingClientRect();
  return r.width && (r.left < -0.5 || r.right > innerWidth + 0.5);
}).map((e) => e.outerHTML.slice(0, 200))"""
CLIPPED = """[...document.querySelectorAll('svg.plot text')].filter((e) => {
  const r = e.getBoundingClientRect(), b = e.closest('svg').getBoundingClientRect();
  return r.left < b.left - 1 || r.right > b.right + 1 || r.top < b.top - 1 || r.bottom > b.bottom + 1;
}).map((e) => e.textContent)"""
OVERLAID = """[...document.querySelectorAll('svg.plot')].flatMap((svg) => {
  const texts = [...svg.querySelectorAll('text')].map((e) => [e.textContent, e.getBoundingClientRect()]);
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5;
  const others = ([one, a], i) => texts.slice(i + 1).filter(([, b]) => over(a, b)).map(([other]) => [one, other]);
  return texts.flatMap(others);
})"""
# Each table and column, and whether its rows were in order after a click: rising, what has no number last.
SORTED = """(() => {
  const told = [];
  const {compare} = new Intl.Collator(undefined, {numeric: true});
  for (const table of document.querySelectorAll('table')) {
    const name = table.closest('.scroll').getAttribute('aria-label');
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (!head.querySelector('button')) return;
      head.querySelector('button').click();
      const cells = [...table.tBodies[0].rows].map((row) => row.cells[column]);
      const texts = cells.map((cell) => cell.textContent.trim());
      const keys = cells.map((cell) => Number(cell.dataset.key ?? Infinity));
      const rises = (a, b) => head.classList.contains('number') ? keys[a] <= keys[b] : compare(texts[a], texts[b]) <= 0;
      told.push([name, head.textContent, cells.every((_, place) => !place || rises(place - 1, place))]);
    });
  }
  return told;
})()"""
# Contrast as WCAG 2.2 reckons it (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
PALE = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const found = getComputedStyle(e).backgroundColor;
      if ((parts(found)[3] ?? 1) > 0) return found;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (e, colour) => {
    const [a, b] = [light(colour), light(behind(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const own = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const pale = [];
  for (const e of document.querySelectorAll('body *')) {
    const s = getComputedStyle(e);
    if (e.closest('svg')) {
      if (e.matches('text') && contrast(e, s.fill) < 4.5) pale.push([e.textContent, s.fill]);
      if (e.matches('.fill') && contrast(e, s.fill) < 3) pale.push([e.outerHTML, s.fill]);
      if (e.matches('.line') && contrast(e, s.stroke) < 3) pale.push([e.outerHTML, s.stroke]);
    } else if (own(e) && !e.matches('script, style') && contrast(e, s.color) < 4.5) {
      pale.push([e.outerHTML.slice(0, 100), s.color]);
    }
  }
  return pale;
})()"""


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


@pytest.fixture(scope="module")
def page(whole: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the report of the whole matrix, once for all tests."""
    return written(whole, tmp_path_factory.mktemp("page"))


@pytest.fixture
def hostile(make: Any, tmp_path: Path) -> str:
    """Write a report in which every word of strangers is an attack, and one cell delivered something else."""
    scenarios = {
        "small_files_warm",
        "large_files",
        "items_directory",
        "large_api",
        "pagination_page",
        "mixed_api_items",
    }
    picked = dict(zip(sorted(scenarios), HOSTILE, strict=False))

    def edit(cell: Any) -> Any:
        word = picked[cell.scenario]
        wrong = {"parity": cell.parity.model_copy(update={"ok": False, "reason": HOSTILE[0]})}
        noted = [sample.model_copy(update={"notes": [word, HOSTILE[1]]}) for sample in cell.samples]
        machine = cell.environment.model_copy(
            update={"host": HOSTILE[1], "cpu_model": HOSTILE[6], "commit": HOSTILE[5]}
        )
        label = f"{word} {cell.label}"
        changed = {"label": label, "samples": noted, "environment": machine}
        return cell.model_copy(update={**changed, **(wrong if cell.arm == "queue" and cell.concurrency == 10 else {})})

    results = make(lambda spec: spec.scenario in scenarios, edit=edit)
    for name, word in picked.items():
        results.config["scenarios"][name]["title"] = word
    return written(results, tmp_path)


def written(results: Any, folder: Path) -> str:
    """Write a report below a folder, and give the address of its page."""
    write_report(results, folder / "report.md", folder / "report.html", folder / "figures")
    return (folder / "report.html").resolve().as_uri()


async def test_it_loads_nothing_and_complains_of_nothing(opened: Tab, page: str) -> None:
    """One request, for the file itself; no error and no warning; few enough nodes to open at once."""
    await opened.show(page, *WIDTHS[0])
    assert opened.requests() == [page]
    assert opened.complaints() == []
    assert await opened.run("performance.getEntriesByType('resource').length") == 0
    assert await opened.run("document.getElementsByTagName('*').length") < 12_000


@pytest.mark.slow
@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize("noise", [0.03, 0.7])
async def test_nothing_is_cut_at_any_width(
    opened: Tab, make: Any, tmp_path: Path, noise: float, size: tuple[int, int]
) -> None:
    """The page never scrolls sideways, no text is cut or lies over another, and no plot is clipped."""
    make.noise, make.pairs = noise, 3
    await opened.show(written(make(), tmp_path), *size)
    await holds(opened)
    assert await opened.run(OVERLAID) == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), WIDTHS)
async def test_strangers_words_are_words(opened: Tab, hostile: str, width: int, height: int) -> None:
    """Titles, labels, reasons and host names are shown letter by letter; none runs, loads, or breaks the layout."""
    await opened.show(hostile, width, height)
    assert opened.complaints() == []
    assert opened.requests() == [hostile]
    assert await opened.run("typeof window.hit") == "undefined"
    assert await opened.run("[document.scripts.length, document.images.length, document.links.length > 0]") == [
        1,
        0,
        True,
    ]
    assert await opened.run("[...document.links].every((link) => link.getAttribute('href').startsWith('#'))") is True
    text = await opened.run("document.body.textContent")
    assert [word for word in map(plain, HOSTILE) if word not in text] == []
    await holds(opened)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_can_be_read_in_both_schemes(opened: Tab, page: str, scheme: str) -> None:
    """Text has a contrast of at least 4.5, what is drawn of at least 3, and dark is dark."""
    await opened.show(page, *WIDTHS[0], scheme)
    paper = await opened.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) is (scheme == "dark")
    assert await opened.run(PALE) == []


@pytest.mark.slow
@pytest.mark.skipif(axe() is None, reason="no axe-core here: `make` installs envs/requirements-axe.txt")
@pytest.mark.parametrize("size", WIDTHS)
async def test_axe_finds_nothing(opened: Tab, page: str, size: tuple[int, int]) -> None:
    """No rule of axe-core is broken, in light and dark: names, headers, contrast, order of headings, landmarks."""
    script = axe()
    assert script
    for scheme in ("light", "dark"):
        await opened.show(page, *size, scheme)
        assert await opened.violations(script) == []


async def test_what_is_drawn_is_told_in_words(opened: Tab, page: str) -> None:
    """Each plot is an image with a title of its own; small plots in tables stand beside their numbers, and are hidden.

    Every field of a table has a header of its column and, the first one, is the header of its row.
    """
    await opened.show(page, *WIDTHS[0])
    titles = await opened.run(
        "[...document.querySelectorAll('svg.plot')].map((e) => [e.getAttribute('role'), "
        "e.querySelector('title')?.textContent.trim()])"
    )
    assert len(titles) > 10
    assert all(role == "img" and len(words) > 20 for role, words in titles)
    assert await opened.run("document.querySelectorAll('svg:not(.plot):not([aria-hidden=true])').length") == 0
    assert await opened.run(
        "[...document.querySelectorAll('tbody tr')].every((row) => row.cells[0].matches('th[scope=row]') && "
        "row.cells.length === row.closest('table').tHead.rows[0].cells.length)"
    )
    assert await opened.run("[...document.querySelectorAll('thead th')].every((e) => e.scope === 'col')")


async def test_tables_are_sorted_by_mouse(opened: Tab, page: str) -> None:
    """Up by number, not by letter; then down; then as in the report. Assistive technology is told each time."""
    await opened.show(page, *WIDTHS[0])
    before = await column(opened, 2)
    for order in ("ascending", "descending", None):
        await opened.click(button(2))
        assert await opened.run(f"{TABLE}.tHead.rows[0].cells[2].getAttribute('aria-sort')") == order
        numbers = [float(text.replace(",", "")) for text in await column(opened, 2)]
        assert numbers == sorted(numbers, reverse=order == "descending") or order is None
    assert await column(opened, 2) == before
    assert before != sorted(before, key=float)


async def test_tables_are_sorted_by_keyboard(opened: Tab, page: str) -> None:
    """A heading is reached by tab and works with enter and space; another column takes the order over."""
    await opened.show(page, *WIDTHS[1])
    await opened.run(f"{button(0)}.focus()")
    await opened.press("Enter", 13, "\r")
    names = await column(opened, 0)
    assert names == sorted(names)
    await opened.press("Tab", 9)
    await opened.press(" ", 32, " ")
    assert await opened.run(f"[...{TABLE}.tHead.rows[0].cells].map((e) => e.getAttribute('aria-sort'))") == [
        None,
        "ascending",
        *[None] * (await opened.run(f"{TABLE}.tHead.rows[0].cells.length") - 2),
    ]


async def test_every_table_is_sorted_by_every_column(opened: Tab, make: Any, tmp_path: Path) -> None:
    """Each heading of all tables works, unless its rows are unlike things."""

    def invalidated(cell: Any) -> Any:
        first, *others = cell.samples
        return cell.model_copy(update={"samples": [first.model_copy(update={"invalid": "no items"}), *others]})

    await opened.show(written(make(edit=invalidated), tmp_path), *WIDTHS[0])
    done = await opened.run(SORTED)
    names = {name for name, *_ in done}
    assert {"Warnings", "Excluded samples"} <= names
    assert "Machines" not in names
    assert len(done) > 4 * len(names) > 40
    assert [each for each in done if not each[-1]] == []
    assert opened.complaints() == []


async def test_what_has_no_number_comes_last(opened: Tab, make: Any, tmp_path: Path) -> None:
    """Rows without a speed-up don't stand at the top, whichever way the table is sorted."""

    def invalidated(cell: Any) -> Any:
        return cell.model_copy(update={"speedup": None}) if cell.arm == "queue" else cell

    results = make(lambda spec: spec.scenario == "small_files_warm", edit=invalidated)
    await opened.show(written(results, tmp_path), *WIDTHS[0])
    for _ in ("ascending", "descending"):
        await opened.click(button(5))
        assert [text for text in await column(opened, 0) if text == "queue"] == (await column(opened, 0))[-3:]


async def test_wide_tables_scroll_by_themselves(opened: Tab, page: str) -> None:
    """On a phone a wide table moves inside its frame, is reached by keyboard, and has a name."""
    await opened.show(page, *WIDTHS[1])
    frames = await opened.run(
        "[...document.querySelectorAll('.scroll')].map((e) => [e.scrollWidth > e.clientWidth, e.tabIndex, "
        "e.getAttribute('role'), e.getAttribute('aria-label')])"
    )
    assert any(wide for wide, *_ in frames)
    assert all((tab_index, role, bool(name)) == (0, "region", True) for _, tab_index, role, name in frames)


@pytest.mark.parametrize(("width", "height"), WIDTHS)
async def test_the_first_screen_says_what_to_change(opened: Tab, page: str, width: int, height: int) -> None:
    """Without scrolling one sees, of each kind of source, what to set, its gain and how sure that is."""
    await opened.show(page, width, height)
    rows = await opened.run(
        "[...document.querySelectorAll('#recommendations tbody tr')]"
        ".map((row) => [row.textContent, row.querySelectorAll('svg.spread').length, "
        "row.getBoundingClientRect().bottom])"
    )
    assert len(rows) == 3
    assert all(bottom < height for _, _, bottom in rows)
    assert all("concurrency: " in words and "decided" in words for words, _, _ in rows)
    cells = "[...document.querySelectorAll('#recommendations tbody tr')].flatMap((row) => [...row.cells].slice(0, 4))"
    assert await opened.run(f"{cells}.every((cell) => cell.getBoundingClientRect().right <= innerWidth)") is True
    assert sum(plots for _, plots, _ in rows) > 0


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_paper_is_white_and_shows_all(opened: Tab, page: str, scheme: str) -> None:
    """In print, dark isn't dark, nothing can be scrolled to, no table or plot is cut, and no text is pale."""
    await opened.show(page, *WIDTHS[0], scheme)
    await opened.on_paper(PAPER, scheme)
    assert await opened.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    await holds(opened)
    wide = "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth).length"
    assert await opened.run(wide) == 0
    for looks in (OVERLAID, PALE):
        assert await opened.run(looks) == []
    hidden = "[...document.querySelectorAll('body :not(script)')].filter((e) => getComputedStyle(e).display === 'none')"
    assert await opened.run(f"{hidden}.length") == 0


async def test_strangers_words_fit_on_paper(opened: Tab, hostile: str) -> None:
    """A word of 290 letters doesn't push the rest of its table off the page."""
    await opened.show(hostile, *WIDTHS[0])
    await opened.on_paper(PAPER, "light")
    await holds(opened)


@pytest.mark.slow
async def test_pages_end_between_things(opened: Tab, page: str) -> None:
    """No heading stands at the end of a page without what it heads; figures, rows and headings are never split."""
    await opened.show(page, *WIDTHS[0])
    pdf = await opened.printed()
    ends = [float(height) for height in re.findall(rb"/Dest \[\d+ 0 R /XYZ [\d.-]+ ([\d.-]+) ", pdf)]
    assert len(ends) == await opened.run("document.querySelectorAll('h1, h2, h3, h4').length")
    assert [height for height in ends if height < NEAR_THE_END] == []
    await opened.on_paper(PAPER, "light")
    split = (
        "[...document.querySelectorAll('figure, tr, h1, h2, h3, h4')].filter((e) => getComputedStyle(e).breakInside"
        " !== 'avoid' || ['grid', 'flex'].includes(getComputedStyle(e.parentElement).display)).length"
    )
    assert await opened.run(split) == 0


TABLE = "document.querySelector('#scenario-small_files_warm table')"


def button(place: int) -> str:
    """Return the expression for the button of a column."""
    return f"{TABLE}.tHead.rows[0].cells[{place}].querySelector('button')"


async def column(opened: Tab, place: int) -> list[str]:
    """Return the texts of a column, from above to below."""
    found = await opened.run(
        f"JSON.stringify([...{TABLE}.tBodies[0].rows].map((row) => row.cells[{place}].textContent))"
    )
    return [unescape(text) for text in json.loads(found)]


async def holds(opened: Tab) -> None:
    """Make sure that nothing is wider than the window, cut, or drawn outside of its plot."""
    assert await opened.run("document.documentElement.scrollWidth <= innerWidth") is True
    assert await opened.run(OUTSIDE) == []
    assert await opened.run(CUT) == []
    assert await opened.run(CLIPPED) == []
