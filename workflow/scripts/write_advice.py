"""Write the design document and the settings that follow from the results."""

from ingest_bench.config.matrix import load_settings
from ingest_bench.report.design import write_advice_files
from ingest_bench.workflow.job_log import logged
from ingest_bench.workflow.staleness import ADVICE, noted, report_made_from

with logged(snakemake.log[0]):
    settings = load_settings(snakemake.config)
    with noted(settings, ADVICE, report_made_from(settings)):
        write_advice_files(
            results=snakemake.input[0],
            design=snakemake.output.design,
            recommended=snakemake.output.settings,
            curves=snakemake.output.curves,
            figures=f"{settings.results}/figures",
            settings=settings,
        )
