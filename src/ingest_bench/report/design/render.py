"""Writes the design document and the recommended settings from their templates."""

import json
import math
import textwrap
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader

from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.race import CONFIDENCE
from ingest_bench.analysis.speedup import Bounds
from ingest_bench.arms.layouts import API, SECTIONS
from ingest_bench.report import formatting, templating
from ingest_bench.report.design.context import WORKER_STRATEGIES, context_of, weigh
from ingest_bench.report.figures import alternative_text
from ingest_bench.report.markdown import laid_out
from ingest_bench.report.model.certainty import MODE_NAMES, how_sure, pairs_needed, probability, share
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.text.recommendation import costs, mode_text
from stac_ingest.config import IngestConfig
from stac_ingest.http.retries import TOO_MANY
from stac_ingest.strategies import STRATEGIES

WIDTH = 116
"""Of comments, without their sign."""


def design_document(study: ReportData, figures: str = "figures", curves: str = "scaling") -> str:
    """Return the text of `phase2_design.md`; its template brings no number of its own.

    Args:
        study: the results, with what follows from them.
        figures: folder of the report's figures, seen from the document.
        curves: folder of the figures of the scaling law, seen from the document.

    """
    template = environment().get_template("phase2_design.md.j2")
    more = {"recommended": recommended_settings(study), "figures": figures, "curves": curves}
    return laid_out(template.render(context_of(study), study=study, **more))


def recommended_settings(study: ReportData) -> str:
    """Return the text of `recommended_ingest.yaml`: a section for each kind of source that was measured."""
    return environment().get_template("recommended_ingest.yaml.j2").render(study=study)


@cache
def environment() -> Environment:
    """Return the templates' environment, in which a name that the data lack is an error."""
    # Markdown and YAML have signs of their own to escape, which the filters `md`, `italic` and `comment` do.
    made = templating.environment().overlay(loader=PackageLoader("ingest_bench.report.design", ""))
    made.filters = (
        made.filters
        | {each.__name__: each for each in FILTERS}
        | {
            "italic": lambda text: f"*{formatting.safe(text)}*",
            "mode_name": MODE_NAMES.__getitem__,
            "listed": lambda parts: formatting.listed([*parts]),
            "json": json.dumps,
            "recommendation": mode_text,
        }
    )
    made.globals = made.globals | {
        "one": 1,
        "API": API.name,
        "CONFIDENCE": CONFIDENCE,
        "TOO_MANY": TOO_MANY,
        "SECTIONS": SECTIONS,
        "STRATEGIES": STRATEGIES,
        "WORKER_STRATEGIES": WORKER_STRATEGIES,
        "DEFAULTS": IngestConfig.defaults(),
        "certainty": how_sure,
        "weigh": weigh,
    }
    return made


def option_name(strategy: str) -> str:
    """Return what the document calls a worker strategy."""
    info = STRATEGIES.get(strategy)
    return f"Option {info.simplicity}, {info.label}" if info and info.workers else "One at a time"


def between(bounds: Bounds) -> str:
    """Write an estimate with its interval: two digits that count, however small, and no exponents."""
    value, low, high = (_rounded(number) for number in (bounds.value, bounds.low, bounds.high))
    return f"{value} ({low} to {high})"


def _rounded(value: float) -> str:
    digits = 2 if value == 0 else max(0, 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 6)}f}"


def settings(option: Option) -> dict[str, Any]:
    """Return what was chosen, defaults included: what is not written can't be seen to be meant."""
    rest = {name: value for name, value in option.settings.items() if name not in ("concurrency", "limit")}
    return {"concurrency": option.concurrency, **rest, **({"limit": option.page_size} if option.page_size else {})}


def comment(text: str, prefix: str) -> str:
    """Wrap a comment; untrusted text is made one printable line, so that it can't end the comment."""
    filled = textwrap.fill(formatting.plain(text), WIDTH, break_long_words=False, break_on_hyphens=False)
    return textwrap.indent(filled, prefix) + "\n"


def unescaped(markdown: str) -> str:
    """Take Markdown's emphasis and escapes out."""
    return markdown.replace("**", "").replace("\\", "")


FILTERS = (
    *(
        formatting.code,
        alternative_text,
        between,
        comment,
        costs,
        option_name,
        pairs_needed,
        probability,
        settings,
        share,
        unescaped,
    ),
)
"""Filters of these templates, beside those of all, that are called what they are called here."""
