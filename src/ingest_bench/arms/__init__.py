"""Ways to ingest: the package's own, and those it is compared with. A new one is a file here, `<name>_arm.py`."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ingest_bench.arms.base import ArmKind, ArmSpec, Fetcher
from ingest_bench.system.user_modules import Registry

__all__ = ["ARMS", "ArmKind", "ArmSpec", "Fetcher", "arm_kind", "arm_names", "make_fetcher", "register_arm"]

_SUFFIX = "_arm"


@cache
def _modules() -> dict[str, str]:
    names = sorted(module.name for module in iter_modules(__path__) if module.name.endswith(_SUFFIX))
    return {name.removesuffix(_SUFFIX): f"{__name__}.{name}" for name in names}


ARMS = Registry(ArmKind, "ARM", "an arm", _modules)
arm_names, arm_kind, register_arm = ARMS.names, ARMS.get, ARMS.register


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
