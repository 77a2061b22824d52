"""The documents that follow from the advice: the Phase 2 design, and settings to use."""

from ingest_bench.report.design.document import render_design, write_advice_files

__all__ = ["render_design", "write_advice_files"]
