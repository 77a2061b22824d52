"""Read a corpus of the user's own once and keep what it holds."""

from ingest_bench.corpora import describe_corpus
from ingest_bench.jobs import logged, recorded
from ingest_bench.matrix import load_settings

with logged(snakemake.log[0]), recorded(snakemake.output.job, "describe", snakemake.wildcards.corpus):
    describe_corpus(
        load_settings(snakemake.config),
        snakemake.wildcards.corpus,
        manifest=snakemake.output.manifest,
    )
