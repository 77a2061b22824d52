"""Write the report and its figures."""

from ingest_bench.config.matrix import load_settings
from ingest_bench.report import write_report_files
from ingest_bench.workflow.job_log import logged
from ingest_bench.workflow.staleness import REPORT, noted, report_made_from

with logged(snakemake.log[0]):
    settings = load_settings(snakemake.config)
    with noted(settings, REPORT, report_made_from(settings)):
        write_report_files(
            settings,
            results=snakemake.input[0],
            report=snakemake.output.markdown,
            html=snakemake.output.html,
            figures=snakemake.output.figures,
            comparison=snakemake.output.comparison,
        )
