"""Python files of the user's own, loaded by their path: what they declare joins what this package has."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TypeVar

from ingest_bench.errors import SettingsError

T = TypeVar("T")


def declared(path: Path, name: str, kind: type[T]) -> T:
    """Run a file and give what it declares.

    Args:
        path: of the file, which is run anew each time.
        name: of the variable.
        kind: that it has to be of.

    Raises:
        SettingsError: there is no such file, or no such variable in it. What else goes wrong in it is raised as it is.

    """
    found = spec_from_file_location(f"ingest_bench_user_{path.stem}", path)
    if found is None or found.loader is None:
        raise SettingsError(f"{path}: not a Python file")
    module = module_from_spec(found)
    sys.modules[found.name] = module  # dataclasses, and processes forked from this one, look it up by its name
    try:
        found.loader.exec_module(module)
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such file") from None
    value = getattr(module, name, None)
    if not isinstance(value, kind):
        raise SettingsError(f"{path}: needs {name} = {kind.__name__}(...)")
    return value
