"""`corpus`: build one corpus, or look at one of the user's own."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands, settings_of
from ingest_bench.errors import SettingsError


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("corpus", help="build one corpus, or look at one of your own")
    command.add_argument("--config", type=Path, required=True, metavar="FILE")
    command.add_argument("--name", required=True, help="of the corpus, as in the configuration")
    command.add_argument("--results", help="folder for everything made, instead of the configuration's")
    command.add_argument("--workers", type=int, default=1, help="processes that build at once (default: 1)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Build the corpus below the results, and print the path of its manifest.

    Raises:
        SettingsError: the configuration can't be used, or has no corpus of that name.

    """
    from ingest_bench.config.paths import corpus_folder, manifest_file  # noqa: PLC0415 - same
    from ingest_bench.corpora import build_corpus, describe_corpus  # noqa: PLC0415 - `--help` does without

    settings = settings_of(options)
    corpus = settings.corpora.get(options.name)
    if corpus is None:
        raise SettingsError(f"corpora.{options.name}: not one of {', '.join(settings.corpora)}")
    manifest = manifest_file(settings, options.name)
    if corpus.generated:
        build_corpus(settings, options.name, corpus_folder(settings, options.name), manifest, options.workers)
    else:
        describe_corpus(settings, options.name, manifest)
    print(manifest)
    return OK
