"""Packages that come with an extra of this one, and that a run may lack."""

from __future__ import annotations

from importlib.util import find_spec

from stac_ingest.errors import ConfigurationError


def needed(package: str, extra: str) -> None:
    """See that a package is installed, without importing it.

    Args:
        package: as it is imported.
        extra: of this package, that installs it.

    Raises:
        ConfigurationError: it isn't; with the command that installs it.

    """
    if find_spec(package) is None:
        raise ConfigurationError(how_to_install(package, extra))


def how_to_install(package: str, extra: str) -> str:
    """Say that a package is missing, and which extra of this one installs it."""
    return f'{package} is not installed; install it with: pip install "stac-ingest-bench[{extra}]"'
