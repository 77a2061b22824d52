"""Build one generated corpus."""

from ingest_bench.corpora import build_corpus
from ingest_bench.jobs import logged, recorded
from ingest_bench.matrix import load_settings

with logged(snakemake.log[0]), recorded(snakemake.output.job, "corpus", snakemake.wildcards.corpus):
    build_corpus(
        load_settings(snakemake.config),
        snakemake.wildcards.corpus,
        folder=snakemake.output.folder,
        manifest=snakemake.output.manifest,
        workers=snakemake.threads,
    )
