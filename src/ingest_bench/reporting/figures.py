"""One figure a scenario: how fast, how sure, how much memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest_bench.reporting import panels
from ingest_bench.reporting.view import Kind, View
from ingest_bench.reporting.wording import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = {
    "svg.fonttype": "path",  # the same letters everywhere, whatever fonts are there
    "svg.hashsalt": "ingest-bench",  # the same bytes for the same data
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
DRAWERS: dict[Kind, Callable[[Figure, View], None]] = {
    Kind.MIXED: panels.stages,
    Kind.PAGES: panels.page_sizes,
}


def draw(view: View) -> bytes:
    """Draw the figure of a scenario, as SVG; the same data give the same bytes."""
    return rendered(view, "svg", {"Date": None})


def rendered(view: View, form: str, metadata: dict[str, str | None] | None = None) -> bytes:
    """Draw the figure of a scenario in any format that matplotlib knows."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only the report pays
    from matplotlib.figure import Figure  # noqa: PLC0415 - same

    stream = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type] # a dict of known names
        figure = Figure(figsize=(8.6, _height(view)), layout="constrained")
        figure.suptitle(plain(view.title), x=0.01, ha="left", fontsize=12, fontweight="bold")
        _drawer(view)(figure, view)
        figure.savefig(stream, format=form, metadata=metadata)
    return stream.getvalue()


def alternative_text(view: View) -> str:
    """Say in words what the figure of a scenario shows."""
    shows = {
        Kind.MIXED: "seconds of each pipeline stage",
        Kind.PAGES: "pages per second by page size",
    }.get(view.kind, "throughput by concurrency" if _has_levels(view) else "speed-up of every way")
    return f"{view.title}: {shows}, with memory"


def _drawer(view: View) -> Callable[[Figure, View], None]:
    return DRAWERS.get(view.kind) or (panels.levels if _has_levels(view) else panels.ways)


def _height(view: View) -> float:
    """Give the height in inches: with a line for each cell, it grows with them."""
    by_cell = view.kind is Kind.MIXED or (view.kind is not Kind.PAGES and not _has_levels(view))
    return min(10.0, 2.0 + 0.65 * len(view.rows)) if by_cell else 4.6


def _has_levels(view: View) -> bool:
    """Whether some arm was measured at several levels of concurrency."""
    arms = [row.cell.arm for row in view.rows]
    return len(set(arms)) < len(arms)
