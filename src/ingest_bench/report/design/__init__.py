"""The documents that follow from the advice: the Phase 2 design, and settings to use."""

from ingest_bench.report.design.document import write_advice_files

__all__ = ["write_advice_files"]
