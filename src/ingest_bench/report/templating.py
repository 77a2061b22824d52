"""The templates of the report: prose with numbers put in, and the HTML page."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ingest_bench.report import formatting
from ingest_bench.report.blocks import Block
from ingest_bench.report.markdown import laid_out, read_blocks
from stac_ingest.core.text import counted

FILTERS = (
    *("bracketed", "code", "day", "duration", "interval", "listed", "number", "pasted", "percent"),
    *("sentence", "span", "speed_up", "times", "whole"),
)
"""Functions of `formatting` that templates use under their own names; `md` is `safe`, which untrusted text needs, and
`row` makes a row of a table."""


@cache
def environment() -> Environment:
    """Return the environment of `templates/`: HTML is escaped by itself, Markdown where a template says `md`."""
    made = Environment(
        loader=PackageLoader("ingest_bench.report"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {name: getattr(formatting, name) for name in FILTERS}
    made.filters |= {"counted": counted, "md": formatting.safe, "row": lambda cells: f"| {' | '.join(cells)} |"}
    return made


def document(name: str, /, **values: Any) -> str:
    """Return a whole template as Markdown that also reads well as plain text.

    Args:
        name: of the template, without `.md.j2`.
        values: what it names.

    """
    return laid_out(environment().get_template(f"{name}.md.j2").render(values))


def text(name: str, part: str, /, **values: Any) -> str:
    """Return a part of a template as marked text on one line.

    Args:
        name: of the template, without `.md.j2`.
        part: the name of a block in it.
        values: what it names.

    """
    return " ".join(_rendered(name, part, values).split())


def texts(name: str, part: str, /, **values: Any) -> list[str]:
    """Return the paragraphs of a part of a template, each on one line; see `text`."""
    lines = [" ".join(block.split()) for block in _rendered(name, part, values).split("\n\n")]
    return [line for line in lines if line]


def blocks(name: str, part: str, /, **values: Any) -> list[Block]:
    """Return a part of a template as paragraphs, lists and tables; see `text` and `read_blocks`."""
    return read_blocks(_rendered(name, part, values))


def _rendered(name: str, part: str, values: dict[str, Any]) -> str:
    template = environment().get_template(f"{name}.md.j2")
    return "".join(template.blocks[part](template.new_context(values)))
