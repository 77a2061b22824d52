"""Compare the results with an earlier run's."""

from pathlib import Path

from ingest_bench.comparison import compare_files
from ingest_bench.workflow.job_log import logged

with logged(snakemake.log[0]):
    compare_files(
        Path(snakemake.input.earlier),
        Path(snakemake.input.current),
        output=Path(snakemake.output.json).parent,
    )
