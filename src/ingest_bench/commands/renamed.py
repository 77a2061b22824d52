"""Commands that have a new name: the old one is understood for one more release, and says what the new one is."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.system.renamed_options import note_new_name

CURRENT = {"advise": "recommend", "check-config": "validate", "hostile-matrix": "client-matrix"}
"""By old name. The parser knows the new names only, so that neither `--help` nor its errors show an old one."""


def with_current_name(arguments: Sequence[str]) -> list[str]:
    """Return the arguments, with the new name of a command in place of its old one, and a note on standard error."""
    first, rest = list(arguments[:1]), list(arguments[1:])
    if first and first[0] in CURRENT:
        current = CURRENT[first[0]]
        note_new_name(first[0], current)
        return [current, *rest]
    return [*first, *rest]
