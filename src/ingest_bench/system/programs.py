"""Programs that are no part of this project: where they are, and which version of them."""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import file_digest
from importlib.metadata import distributions
from pathlib import Path

import ingest_bench

CHECKOUT = Path(ingest_bench.__file__).parents[2]
TOOLS = CHECKOUT / ".venv-tools"
"""Of a checkout: the environment of other tools for STAC, made by `make tools`."""
DRIVERS = "workflow/tools"
"""Of a checkout: scripts that the Python of that environment runs, where a tool has functions and no command."""
HOW_TO_INSTALL = "make tools installs those of envs/requirements-tools.in"
DIGITS = 12
"""Of a file's hash, where it has no version."""


def find_program(name: str) -> Path | None:
    """Return the path of a program: of the tools' environment, else of this Python's, else of `PATH`; None: nowhere."""
    if os.sep in name:
        # Not resolved: the Python of an environment is a link, and knows its packages by the link's place.
        return Path(name).absolute() if shutil.which(name) else None
    found = shutil.which(name, path=os.pathsep.join(map(str, _folders())))
    return Path(found) if found else None


def tools_package(name: str) -> str | None:
    """Return the version of a package of the tools' environment; None where it isn't there."""
    places = [str(path) for path in TOOLS.glob("lib/python*/site-packages")]
    return next((package.version for package in distributions(name=name, path=places)), None)


def version_of(program: Path) -> str:
    """Return the version of a program, or the hash of a file that no package of Python has installed."""
    return _version(program, program.stat().st_mtime_ns)


@cache
def _version(program: Path, _changed: int) -> str:
    for package in distributions(path=[str(path) for path in program.parent.parent.glob("lib/python*/site-packages")]):
        if any(entry.group == "console_scripts" and entry.name == program.name for entry in package.entry_points):
            return package.version if package.name == program.name else f"{package.version} of {package.name}"
    with program.open("rb") as stream:
        return f"SHA-256 {file_digest(stream, 'sha256').hexdigest()[:DIGITS]}"


def _folders() -> Iterator[Path]:
    yield TOOLS / "bin"
    yield Path(sys.executable).parent
    yield from map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep))
