"""Writes `docs/formats.md`: what the package reads and writes, generated from its registries."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest_bench.report.markdown import pipe_table
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.unpack import SUFFIXES, is_packed
from stac_ingest.outputs import OUTPUTS, OutputFormat
from stac_ingest.sources.kind import KINDS, SourceKind

_HEAD = """\
# Sources and outputs

This page lists what `stac-ingest` reads and writes, and which extra that needs. [sources.md](sources.md) says what is
skipped, what is a failure, and what filters do. Files, tables and catalogs can be on this machine, on a web server, or
in an object store ([stores.md](stores.md)). `make schemas` writes this page from the registries of `stac_ingest`.

"""
_EXTRA = """\
`pip install "stac-ingest-bench[NAME]"` installs an extra; in the checkout, `make extras` installs all of them.
"""


def formats_doc() -> str:
    """Return the document."""
    return "\n".join(
        (
            _HEAD + "## Sources",
            "",
            pipe_table(
                ("source", "recognized by", "what is read", "in shards", "extra"),
                [_source_row(kind) for kind in KINDS.values()],
            ),
            "",
            "## Outputs",
            "",
            pipe_table(("`--to`", "what is written", "extra"), [_output_row(output) for output in OUTPUTS.values()]),
            "",
            _EXTRA,
        )
    )


def write_formats_doc(path: Path) -> None:
    """Write the document.

    Raises:
        OSError: the file can't be written.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, formats_doc().encode())


def _source_row(kind: SourceKind) -> tuple[str, ...]:
    packed = [suffix for suffix in SUFFIXES if any(name.endswith(suffix) for name in kind.suffixes)]
    recognized_by = _quoted((*kind.forms, *kind.prefixes, *(name for name in kind.suffixes if not is_packed(name))))
    if packed:
        recognized_by += f", and these with {_quoted(packed)}"
    return (
        kind.label,
        recognized_by or kind.told_by or f"`--format {kind.format}`",
        kind.about,
        "yes" if kind.splitter else "no",
        _named(kind.extra),
    )


def _output_row(output: OutputFormat) -> tuple[str, ...]:
    return (_quoted((output.name, *output.aliases)), output.about, _named(output.extra))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _named(extra: str | None) -> str:
    return f"`{extra}`" if extra else ""
