"""The order of the first pass, and what it defers so that a slow machine has time left for choices.

Cells that a recommendation rests on come first, then those that compare tools, then all others. Once the pass has taken
its share of the budget, cells of the last two kinds are deferred: their file says so, and holds no pair. Rounds measure
them when every choice is made, as far as the budget goes.
"""

from ingest_bench.analysis.busy_time import busy_s
from ingest_bench.analysis.deciding import deciding_scenarios
from ingest_bench.config.matrix import PlannedCell, cells
from ingest_bench.config.models import Settings
from ingest_bench.workflow.round_files import corpus_jobs
from ingest_bench.workflow.staleness import Freshness


class FirstPass:
    """Says which cells come first, and which are deferred."""

    corpora = 3
    """Rank of what makes corpora: above every cell, so that none has to wait which should come first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._deciding = deciding_scenarios(settings)

    def priority(self, cell: PlannedCell) -> int:
        """Rank a cell: what has a higher number is measured before."""
        if cell.scenario in self._deciding:
            return 2
        return 1 if self._settings.scenarios[cell.scenario].of_commands else 0

    def deferred(self, cell: PlannedCell) -> str | None:
        """Say why a cell is deferred, from the files of what was measured before it; None: it is measured now.

        Where no recommendation is to be made, there is nothing to leave time for, and no cell is deferred.
        """
        share, budget = self._settings.first_pass_share, self._settings.budget_minutes
        if budget is None or share == 1 or not self._deciding or cell.scenario in self._deciding:
            return None
        spent_s, allowed_s = self._spent_s(cell), 60 * budget * share
        if spent_s < allowed_s:
            return None
        return (
            f"No recommendation rests on it, and the first pass had taken {spent_s / 60:.1f} of the {budget:g} minutes "
            "of the budget (budget_minutes)"
        )

    def _spent_s(self, but: PlannedCell) -> float:
        """Give the seconds that corpora and the first pass of all other cells have taken, as far as they still hold."""
        fresh = Freshness(self._settings)
        others = (fresh.first_pass(cell) for cell in cells(self._settings) if cell.name != but.name)
        return busy_s([*corpus_jobs(self._settings), *filter(None, others)])
