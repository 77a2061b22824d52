"""How throughput grows with concurrency, and cost with the number of items."""

from ingest_bench.scaling.growth import Growth, fit_growth
from ingest_bench.scaling.series import Series, scenario_series
from ingest_bench.scaling.sizes import WayGrown, ways_grown
from ingest_bench.scaling.usl import Bounds, TooFew, Usl, fit_usl

__all__ = [
    "Bounds",
    "Growth",
    "Series",
    "TooFew",
    "Usl",
    "WayGrown",
    "fit_growth",
    "fit_usl",
    "scenario_series",
    "ways_grown",
]
