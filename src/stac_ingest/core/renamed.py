"""Settings that were called otherwise in an earlier release: their old names are read for one release more."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

TOLD = "STAC_INGEST_TOLD_OF_NAMES"
"""Environment variable of the old names that were told of. The processes of a run inherit it and don't repeat them."""


def with_present_names(settings: Any, names: Mapping[str, str]) -> Any:
    """Return settings under their present names; one note on standard error says of each old name what it is now.

    Args:
        settings: as they were given; what is no mapping is returned as it is.
        names: the present name of each old one. Where both are given the old one stays, which is then an unknown key.

    """
    if not isinstance(settings, Mapping) or not names.keys() & settings.keys():
        return settings
    old = {name for name in names.keys() & settings.keys() if names[name] not in settings}
    return {present_name(name, names) if name in old else name: value for name, value in settings.items()}


def present_name(name: str, names: Mapping[str, str]) -> str:
    """Return what a name is called now; a note on standard error says so where it was called otherwise."""
    present = names.get(name, name)
    told = os.environ.get(TOLD, "").split()
    if present != name and name not in told:
        os.environ[TOLD] = " ".join([*told, name])
        sys.stderr.write(f"note: {name} is called {present} now; the old name will be refused by the next release\n")
    return present
