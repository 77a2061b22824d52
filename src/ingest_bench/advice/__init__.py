"""What to use, how sure that is, and what it costs to be wrong."""

from ingest_bench.advice.modes import ModeRecommendation, recommend_modes
from ingest_bench.advice.recommend import Chance, Verdict, recommend
from ingest_bench.advice.scenarios import ScenarioRecommendation, recommend_scenario, recommend_scenarios

__all__ = [
    "Chance",
    "ModeRecommendation",
    "ScenarioRecommendation",
    "Verdict",
    "recommend",
    "recommend_modes",
    "recommend_scenario",
    "recommend_scenarios",
]
