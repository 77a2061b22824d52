"""Write the archive that binds the samples to what was made of them."""

from ingest_bench.config.matrix import load_settings
from ingest_bench.receipt.archive import write_receipt
from ingest_bench.workflow.job_log import logged
from ingest_bench.workflow.staleness import RECEIPT, noted, receipt_made_from

with logged(snakemake.log[0]):
    settings = load_settings(snakemake.config)
    with noted(settings, RECEIPT, receipt_made_from(settings)):
        write_receipt(settings, snakemake.output[0])
