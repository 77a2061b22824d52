"""A run against an earlier one: which cells are better, worse, or can't be told from unchanged."""

from ingest_bench.comparison.compare import compare
from ingest_bench.comparison.files import compare_files, stop_at_regression
from ingest_bench.comparison.models import Comparison
from ingest_bench.comparison.render import as_text

__all__ = ["Comparison", "as_text", "compare", "compare_files", "stop_at_regression"]
