"""Build one generated corpus."""

from pathlib import Path

from ingest_bench.config.matrix import load_settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.workflow.identity import corpus_identity, fingerprint
from ingest_bench.workflow.job_log import logged
from ingest_bench.workflow.jobs import recorded
from ingest_bench.workflow.staleness import remember

name = snakemake.wildcards.corpus
with logged(snakemake.log[0]):
    settings = load_settings(snakemake.config)
    folder, manifest = snakemake.output.folder, snakemake.output.manifest
    kind = settings.corpora[name].record.build.__module__
    with recorded(snakemake.output.job, "corpus", name, fingerprint(corpus_identity(settings, name)), uses=kind):
        build_corpus(settings, name, folder=folder, manifest=manifest, workers=snakemake.threads)
        remember(Path(folder), Path(manifest))
