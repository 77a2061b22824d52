"""From `benchmark_results.json` to a report that a person reads: tables, findings, answers and figures."""

from ingest_bench.report.write import write_report, write_report_files

__all__ = ["write_report", "write_report_files"]
