"""Write the report and its figures."""

from ingest_bench.jobs import logged
from ingest_bench.matrix import load_settings
from ingest_bench.reporting import write_report_files

with logged(snakemake.log[0]):
    write_report_files(
        load_settings(snakemake.config),
        results=snakemake.input[0],
        report=snakemake.output.markdown,
        html=snakemake.output.html,
        figures=snakemake.output.figures,
    )
