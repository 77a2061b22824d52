"""The table of sources and outputs, in step with the registries."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ingest_bench.docgen.formats_doc import formats_doc
from stac_ingest.outputs import OUTPUTS
from stac_ingest.sources.kind import KINDS

ROOT = Path(__file__).parents[4]


def test_the_document_is_in_step() -> None:
    """`docs/formats.md` is what `make schemas` writes."""
    assert (ROOT / "docs/formats.md").read_text() == formats_doc()


def test_every_entry_says_what_it_is() -> None:
    """No kind of source and no output is without a line on what is read or written."""
    silent = [entry.name for entry in (*KINDS.values(), *OUTPUTS.values()) if not entry.about]
    assert not silent


def test_extras_are_those_of_the_package() -> None:
    """An extra that an entry names is one that the package has."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {entry.extra for entry in (*KINDS.values(), *OUTPUTS.values())} - {None} <= set(extras)
