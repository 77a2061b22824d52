"""Records that modules of this package declare, by name, joined by those of Python files of the user's own."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Generic, TypeVar

from ingest_bench.errors import SettingsError

T = TypeVar("T")


class Registry(Generic[T]):
    """The records of one type, a dataclass with a `name`, and a `file` where that isn't of this package."""

    def __init__(self, kind: type[T], variable: str, what: str, modules: Callable[[], Mapping[str, str]]) -> None:
        """Take their type, the variable that holds one, what one is in words, and the modules by name of a record."""
        self._kind, self._variable, self._what, self._modules = kind, variable, what, modules
        self.further: dict[str, T] = {}
        """Those of files that aren't this package's."""

    def names(self) -> tuple[str, ...]:
        """List the records that there are, by name, without importing any of them."""
        return (*self._modules(), *self.further)

    def get(self, name: str) -> T:
        """Return a record; of those in this package only that one is imported.

        Raises:
            KeyError: there is no such record.

        """
        if name in self.further:
            return self.further[name]
        record: T = getattr(import_module(self._modules()[name]), self._variable)
        return record

    def register(self, path: Path | str) -> T:
        """Load a record from a file of the user's own, which declares it, so that it can be named like any other.

        Loading the same file again takes the place of the earlier loading. Processes that measure load it themselves.

        Raises:
            SettingsError: the file declares no record, or one with the name of a record of this package or of another
                file.

        """
        path = Path(path).resolve()
        record: Any = declared(path, self._variable, self._kind)
        if record.name in self._modules():
            raise SettingsError(f"{path}: {self._what} of the benchmark is called {record.name} already")
        other = getattr(self.further.get(record.name), "file", None)
        if other not in (None, str(path)):
            raise SettingsError(f"{path}: {self._what} of {other} is called {record.name} already")
        registered: T = replace(record, file=str(path))
        self.further[record.name] = registered
        return registered


def declared(path: Path, name: str, kind: type[T]) -> T:
    """Run a file and give what it declares.

    Args:
        path: of the file, which is run anew each time.
        name: of the variable.
        kind: that it has to be of.

    Raises:
        SettingsError: there is no such file, or no such variable in it. What else goes wrong in it is raised as it is.

    """
    spec = spec_from_file_location(f"ingest_bench_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{path}: not a Python file")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses, and processes forked from this one, look it up by its name
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such file") from None
    value = getattr(module, name, None)
    if not isinstance(value, kind):
        raise SettingsError(f"{path}: needs {name} = {kind.__name__}(...)")
    return value
