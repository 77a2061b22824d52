"""Read a corpus of the user's own once and keep what it holds."""

from ingest_bench.corpora import describe_corpus
from ingest_bench.identity import corpus_identity, fingerprint
from ingest_bench.jobs import logged, recorded
from ingest_bench.matrix import load_settings
from ingest_bench.sides import corpus_folder, manifest_file
from ingest_bench.untouched import remember

name = snakemake.wildcards.corpus
with logged(snakemake.log[0]):
    settings = load_settings(snakemake.config)
    with recorded(snakemake.output.job, "describe", name, fingerprint(corpus_identity(settings, name))):
        describe_corpus(settings, name, manifest=snakemake.output.manifest)
        if settings.corpora[name].path:
            remember(corpus_folder(settings, name), manifest_file(settings, name))
