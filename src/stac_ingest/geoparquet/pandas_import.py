"""Arrow without pandas, until somebody imports that.

`pyarrow.array` imports pandas to see whether what it is given is a series: 0.15 seconds and 45 MB for nothing, where it
is given lists alone.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa

_PANDAS = "pandas"


@cache
def leave_pandas_out() -> None:
    """Keep Arrow from importing pandas by itself.

    Where pandas is imported already, nothing is changed. When somebody imports it later, Arrow is told, and takes its
    series as ever. What needs it in Arrow itself, such as `Table.to_pandas`, imports it as before.
    """
    if _PANDAS in sys.modules or not hasattr(pa.lib, "_pandas_api"):
        return
    hook = _Hook()
    sys.meta_path.insert(0, hook)
    # Arrow looks for pandas once, and goes without where it doesn't find it.
    with hook.refusing():
        pa.array([])


class _Hook(importlib.abc.MetaPathFinder):
    """Finds pandas by the other finders, with a loader that tells Arrow; for one thread it finds none for a moment."""

    def __init__(self) -> None:
        self._refused_to: int | None = None

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Find no pandas for this thread; another one may import it all the while."""
        self._refused_to = threading.get_ident()
        try:
            yield
        finally:
            self._refused_to = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find pandas, and nothing else."""
        if fullname != _PANDAS:
            return None
        if self._refused_to == threading.get_ident():
            raise ModuleNotFoundError(f"no {_PANDAS} for Arrow as yet", name=fullname)
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _TellingLoader(spec.loader)
                return spec
        return None


class _TellingLoader(importlib.abc.Loader):
    """Loads pandas by its own loader, and has Arrow look for it again."""

    def __init__(self, own: importlib.abc.Loader) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        with contextlib.suppress(ImportError):  # one that is too old for Arrow
            _ = pa.lib._pandas_api.pd  # noqa: SLF001 - nothing public makes it look again
