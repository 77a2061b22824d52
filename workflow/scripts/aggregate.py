"""Bring cells, manifests and job records together into the results, and append them to the history."""

from pathlib import Path

from ingest_bench.config.matrix import load_settings
from ingest_bench.workflow.aggregate import aggregate_files
from ingest_bench.workflow.job_log import logged
from ingest_bench.workflow.round_files import files_of, read_round
from ingest_bench.workflow.staleness import AGGREGATE, aggregate_made_from, checksums, noted

with logged(snakemake.log[0]):
    settings = load_settings(snakemake.config)
    pairs = [path for plan in snakemake.input.rounds for path in files_of(settings, read_round(plan))]
    with noted(settings, AGGREGATE, aggregate_made_from(settings, checksums([*snakemake.input.cells, *pairs]))):
        results = aggregate_files(
            settings,
            cells=snakemake.input.cells,
            manifests=snakemake.input.manifests,
            jobs=snakemake.input.jobs,
            rounds=snakemake.input.rounds,
            json_output=snakemake.output.json,
            parquet_output=snakemake.output.parquet,
        )
    # Imported after the note was taken: results don't depend on how they are shown. The history is no output of the
    # rule: Snakemake removes those before it runs it again, and the history only grows.
    from ingest_bench.history.entries import keep

    keep(results, Path(settings.results))
