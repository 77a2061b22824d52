"""What the rounds of a run have settled, with how many pairs, and why they ended."""

from ingest_bench.analysis.speedup import INTERVAL_PAIRS
from ingest_bench.report.blocks import Block, Paragraph
from ingest_bench.report.model.certainty import MODE_NAMES
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text


def rounds_text(data: ReportData) -> list[Block]:
    """Return a paragraph on the rounds; nothing where each cell was measured at one go."""
    rounds = data.results.rounds
    if not rounds:
        return []
    last, cells = rounds[-1], data.results.cells
    left_out = sum(cell.is_deferred for cell in cells)
    later = {name for each in rounds for name, more in each.cells.items() if more.first == 0}
    return [
        Paragraph(
            text(
                "rounds",
                "rounds",
                cells=len(cells),
                deferred=left_out + len(later),
                left_out=left_out,
                rounds=[each for each in rounds if each.cells],
                added=sum(more.pairs for each in rounds for more in each.cells.values()),
                modes=[(MODE_NAMES[mode], standing) for mode, standing in last.modes.items()],
                last=last,
                few=sum(row.pairs < INTERVAL_PAIRS for view in data.views for row in view.rows) - left_out,
                least=INTERVAL_PAIRS,
            )
        )
    ]
