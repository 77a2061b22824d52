"""Read a corpus of the user's own once and keep what it holds."""

from pathlib import Path

from ingest_bench.config.matrix import load_settings
from ingest_bench.corpora.user_data import describe_corpus
from ingest_bench.workflow.identity import corpus_identity, fingerprint
from ingest_bench.workflow.job_log import logged
from ingest_bench.workflow.jobs import recorded
from ingest_bench.workflow.staleness import remember

name, manifest = snakemake.wildcards.corpus, snakemake.output.manifest
with logged(snakemake.log[0]):
    settings = load_settings(snakemake.config)
    with recorded(snakemake.output.job, "describe", name, fingerprint(corpus_identity(settings, name))):
        describe_corpus(settings, name, manifest=manifest)
        if settings.corpora[name].path:
            remember(Path(settings.corpora[name].path), Path(manifest))
