"""Ways to ingest: the package's own, and those it is compared with. A new one is a file here, `<name>_arm.py`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from ingest_bench.arms.base import ArmKind, ArmSpec, Fetcher
from ingest_bench.errors import SettingsError
from ingest_bench.system.user_modules import declared

__all__ = ["ArmKind", "ArmSpec", "Fetcher", "arm_kind", "arm_names", "make_fetcher", "register_arm"]

_SUFFIX = "_arm"
_FURTHER: dict[str, ArmKind] = {}
"""Arms of files that aren't this package's."""


@cache
def _built_in() -> tuple[str, ...]:
    names = (module.name for module in iter_modules(__path__))
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def arm_names() -> tuple[str, ...]:
    """List the arms that there are, by name, without importing any of them."""
    return (*_built_in(), *_FURTHER)


def arm_kind(name: str) -> ArmKind:
    """Give the record of an arm; of those in this package only that one is imported.

    Raises:
        KeyError: there is no such arm.

    """
    if name in _FURTHER:
        return _FURTHER[name]
    if name not in _built_in():
        raise KeyError(name)
    kind: ArmKind = import_module(f"{__name__}.{name}{_SUFFIX}").ARM
    return kind


def register_arm(path: Path | str) -> ArmKind:
    """Load an arm from a file of the user's own, which declares it as `ARM`, so that it can be named like any other.

    Loading the same file again takes the place of the earlier loading. Processes that measure load it by themselves.

    Raises:
        SettingsError: the file declares no arm, or one with the name of an arm of this package.

    """
    path = Path(path).resolve()
    kind = declared(path, "ARM", ArmKind)
    if kind.name in _built_in():
        raise SettingsError(f"{path}: an arm of the benchmark is called {kind.name} already")
    _FURTHER[kind.name] = kind = replace(kind, file=str(path))
    return kind


def make_fetcher(spec: ArmSpec) -> Fetcher:
    """Set up the fetcher of an arm, with all that it imports; nothing is read yet.

    Raises:
        KeyError: there is no such fetcher.
        ConfigurationError: its settings can't be used.

    """
    kind = register_arm(spec.file) if spec.file else arm_kind(spec.fetcher)
    for name in kind.preload.get(spec.lies.section.name, ()):
        import_module(name)
    return kind.make(spec)
