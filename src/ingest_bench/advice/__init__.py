"""What to use, how sure that is, and what it costs to be wrong."""

from ingest_bench.advice.modes import ModeAdvice, advise_modes
from ingest_bench.advice.recommend import Chance, Verdict, recommend
from ingest_bench.advice.scenarios import ScenarioAdvice, advise_scenario, advise_scenarios

__all__ = [
    "Chance",
    "ModeAdvice",
    "ScenarioAdvice",
    "Verdict",
    "advise_modes",
    "advise_scenario",
    "advise_scenarios",
    "recommend",
]
