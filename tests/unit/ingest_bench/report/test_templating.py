"""Prose comes from templates, with numbers and escaped names put in."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import ingest_bench
from ingest_bench.report.blocks import BulletList, Entry, Paragraph, Table
from ingest_bench.report.formatting import NOTHING
from ingest_bench.report.markdown import laid_out, read_blocks
from ingest_bench.report.templating import environment, text, texts

TEMPLATES = Path(ingest_bench.__file__).parent / "report" / "templates"


def test_a_part_is_one_line_and_its_paragraphs_are_one_each() -> None:
    """Line breaks of a template are for its reader; empty lines part its paragraphs."""
    assert "\n" not in text("overview", "columns")
    what, cause, remedy = texts("warnings", "tried_again", names=["a", "b"])
    assert what == "measured after a retry: a and b"
    assert cause != remedy


def test_untrusted_text_is_escaped_in_place() -> None:
    """A name full of marks opens nothing, whatever sentence it stands in."""
    (what, *_) = texts("warnings", "beside", rule="<b>[x](y)|`z`\n\n- entry", count=1)
    assert what == r"jobs of rule \<b\>\[x\](y)\|\`z\` - entry ran beside 1 measurement"


def test_a_value_that_is_not_given_is_an_error() -> None:
    """A sentence is never written with a gap."""
    with pytest.raises(UndefinedError, match="names"):
        texts("warnings", "tried_again")


def test_every_template_is_whole_and_installed() -> None:
    """Each can be read as a template, those of Markdown are of named parts alone, and the package takes them along."""
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["ingest_bench"]
    files = sorted(TEMPLATES.iterdir())
    assert len(files) > 5
    for file in files:
        assert any(fnmatch(f"report/templates/{file.name}", pattern) for pattern in patterns)
        template = environment().get_template(file.name) if file.name.endswith(".md.j2") else None
        assert template is None or sorted(template.blocks) == sorted(re.findall(r"{% block (\w+)", file.read_text()))


def test_blocks_are_read_from_what_a_template_wrote() -> None:
    """Lines of a paragraph or an entry become one; a table has its name, its numeric columns and numbers to sort by."""
    written = "One\nline.\n\n- a\n  b\n- c\n\n|= Its name\n| Way | Time |\n|:--|--:|\n| x \\| y | 1,149 s |\n| z |"
    paragraph, entries, table = read_blocks(written)
    assert (paragraph, entries) == (Paragraph("One line."), BulletList(["a b", "c"]))
    rows = [[Entry("x \\| y"), Entry("1,149 s", 1149.0)], [Entry("z"), Entry(NOTHING)]]
    assert table == Table("Its name", ["Way", "Time"], rows, frozenset({1}))


def test_what_is_fenced_stays_as_it_is() -> None:
    """Lines between fences are neither joined nor wrapped, whatever they begin with."""
    fenced = "```yaml\n- a:\n    b\n\n| c\n```"
    assert laid_out(f"Some\nwords.\n\n{fenced}\n\n- d\n") == f"Some words.\n\n{fenced}\n\n- d\n"
