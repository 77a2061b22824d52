"""The report as one HTML page: it says what the Markdown says, and nobody's words become markup."""

from __future__ import annotations

import base64
import re
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.report.blocks import (
    Block,
    BulletList,
    Entry,
    Figure,
    Paragraph,
    Question,
    Section,
    Table,
    WarningNote,
    leading_number,
)
from ingest_bench.report.formatting import code, plain, safe
from ingest_bench.report.html.document import bare, inline, page
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.outline import whole_report

INLINE = {"strong", "em", "s", "code", "a"}


class Reader(HTMLParser):
    """Reads tags, attributes and text, and insists on balance."""

    void = frozenset({"meta", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.void:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_foreign_text_is_shown_letter_by_letter(text: str) -> None:
    """What `safe` and `code` let through becomes exactly the same text, without a tag of its own."""
    read = Reader(inline(safe(text)))
    assert read.text == plain(text)
    assert not read.tags
    typed = Reader(inline(code(text)))
    assert typed.text == plain(text).replace("`", "'")
    assert set(typed.tags) <= {"code"}


@given(st.text(alphabet=st.sampled_from("*~`[]()#\\<>&\"'a /"), max_size=40))
def test_any_text_makes_balanced_tags_of_few_kinds(text: str) -> None:
    """Even text that nobody made safe can't open anything but emphasis and links within the page."""
    read = Reader(inline(text))
    assert set(read.tags) <= INLINE
    assert all((tag, name, str(value)[:1]) == ("a", "href", "#") for tag, name, value in read.attributes)
    assert not re.search(r"<[a-z/]", bare(text))


@pytest.mark.parametrize(
    ("marked", "html"),
    [
        ("**a** *b* ~~c~~ `d*e*`", "<strong>a</strong> <em>b</em> <s>c</s> <code>d*e*</code>"),
        ("**a *b* c**", "<strong>a <em>b</em> c</strong>"),
        (r"2 \* 3 \< 7", "2 * 3 &lt; 7"),
        ("see [9 warnings](#warnings)", 'see <a href="#warnings">9 warnings</a>'),
        ("[x](https://example.com)", "[x](https://example.com)"),
    ],
)
def test_marks_become_tags(marked: str, html: str) -> None:
    """The few marks that the report uses, and no other link than one within the page."""
    assert inline(marked) == html


def told(blocks: Any) -> list[str]:
    """List every text of content."""
    found: list[str] = []
    for block in blocks:
        match block:
            case Paragraph(text) | WarningNote(text):
                found.append(text)
            case BulletList(entries):
                found += entries
            case Question(question, gist, points):
                found += [question, gist, *points]
            case Table(_, titles, rows, _):
                found += [*titles, *(entry.text for row in rows for entry in row)]
            case Figure(_, _, drawings):
                found += [text for drawing in drawings for text in (drawing.title, drawing.shows)]
            case Section(title, inner):
                found += [title, *told(inner)]
    return found


def test_both_forms_say_the_same(make: Any) -> None:
    """Every sentence, number and caption stands in the Markdown and on the page."""
    content = whole_report(ReportData.from_results(make()))
    text = " ".join(Reader(page(content)).text.split())
    lines = " ".join(re.sub(r"(\d)\\(?=[.)])", r"\1", markdown([content]).replace("\n- ", " ")).split())
    texts = told([content])
    assert len(texts) > 1000
    assert [each for each in texts if " ".join(each.split()) not in lines] == []
    assert [each for each in texts if Reader(inline(each)).text not in text] == []


def test_the_page_needs_nothing_and_allows_nothing(make: Any) -> None:
    """It names no address, carries no handlers and no styles of elements, and its policy fits its script and style."""
    text = page(whole_report(ReportData.from_results(make())))
    read = Reader(text)
    assert not re.search(r"https?:|@import|url\(", text)
    names = {name for _, name, _ in read.attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "style", "srcset", "action")]
    assert {value for tag, name, value in read.attributes if name == "href"} >= {"data:,", "#warnings"}
    (policy,) = [
        str(value) for tag, name, value in read.attributes if name == "content" and "default-src" in str(value)
    ]
    assert "default-src 'none'" in policy
    for tag in ("style", "script"):
        (inner,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert f"'sha256-{base64.b64encode(sha256(inner.encode()).digest()).decode()}'" in policy
    assert len(text.encode()) < 1_000_000


def test_every_link_has_its_place(make: Any) -> None:
    """No name is given twice, and each link leads to one of them."""
    read = Reader(page(whole_report(ReportData.from_results(make()))))
    names = [value for _, name, value in read.attributes if name == "id"]
    links = {str(value)[1:] for tag, name, value in read.attributes if (tag, name) == ("a", "href")}
    assert len(names) == len(set(names))
    assert links <= set(names)
    assert {"warnings", "environment", "scenario-large_api", "group-small_files"} <= set(names)


def test_the_page_is_the_same_bytes_each_time(make: Any) -> None:
    """The same data give the same page."""
    assert page(whole_report(ReportData.from_results(make()))) == page(whole_report(ReportData.from_results(make())))


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,149", 1149), ("**9.8x (9.1 to 10.4)**", 9.8), ("~~97%~~", 97), ("-3.5", -3.5), ("–", None), ("yes", None)],  # noqa: RUF001 - the dash for no number
)
def test_a_field_is_sorted_by_the_number_it_begins_with(text: str, number: float | None) -> None:
    """Separators, marks and units don't matter."""
    assert leading_number(text) == number


def test_numbers_are_sorted_by_and_others_are_not() -> None:
    """Only fields of numeric columns carry a number, and only where there is one."""
    rows = [[Entry("a", 1.0), Entry("9.8x", 9.8)], [Entry("b"), Entry("–")]]  # noqa: RUF001 - the dash for no number
    block: Block = Table("T", ["Name", "Speed-up"], rows, frozenset((1,)))
    assert re.findall(r'<td[^>]*data-key="([^"]*)"', page(Section("T", [block]))) == ["9.8"]
