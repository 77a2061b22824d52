"""The two builds: an earlier commit, with an environment of its own, and the code that runs now."""

import logging
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest_bench.corpora.inventory import combined, file_entry
from ingest_bench.errors import ComparisonError
from ingest_bench.harness.spawn import environment
from ingest_bench.system.host_lock import host_lock

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).parents[3]
"""Of the checkout that this code belongs to."""
NEEDED = ("pyproject.toml", "envs/requirements.txt", "src/ingest_bench/__init__.py")
"""Without these files a commit can't be installed as the Makefile does it."""


@dataclass(frozen=True, slots=True)
class Build:
    """One side of the comparison."""

    ref: str
    """As the user names it."""
    commit: str | None
    dirty: bool
    """Whether files differ from the commit."""
    root: Path
    """Of its source tree."""
    python: Path
    """The interpreter of its environment."""
    variables: dict[str, str]
    """The environment variables that its processes start with."""

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept of it: `ref`, `commit`, `dirty`, and `code`, the hash of its Python files."""
        code = combined(
            file_entry(path, str(path.relative_to(self.root))) for path in (self.root / "src").rglob("*.py")
        )
        return {"ref": self.ref, "commit": self.commit, "dirty": self.dirty, "code": code}

    def command(self, *arguments: str) -> list[str]:
        """Give the command line that starts its interpreter; the current folder is not on its path."""
        return [str(self.python), "-P", *arguments]


def this_build() -> Build:
    """Describe the code that runs now, changes that aren't committed included."""
    try:
        commit, dirty = _git("rev-parse", "HEAD"), bool(_git("status", "--porcelain"))
    except ComparisonError:
        commit, dirty = None, False
    return Build("working tree", commit, dirty, ROOT, Path(sys.executable), environment())


def base_build(ref: str, folder: Path, python: Path | None = None) -> Build:
    """Give an earlier build, made below `folder` unless it is there.

    Args:
        ref: the commit, as git understands it.
        folder: for the source trees and environments of commits.
        python: an interpreter that has the packages it needs, instead of an environment of its own.

    Raises:
        ComparisonError: there is no git or no such commit, or it can't be installed.

    """
    commit = resolve(ref)
    names = _git("ls-tree", "-r", "--name-only", commit, "--", *NEEDED).splitlines()
    if missing := [name for name in NEEDED if name not in names]:
        raise ComparisonError(f"BASE: {ref} can't be installed: it has no {missing[0]}")
    home = (folder / commit).absolute()
    home.mkdir(parents=True, exist_ok=True)
    root = home / "source"
    with host_lock(path=home / "lock"):
        if not root.exists():
            _check_out(commit, root)
        own = python or _install(home, root)
    # Our own PYTHONPATH would have it import this build.
    variables = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    return Build(ref, commit, False, root, own, variables | ({"PYTHONPATH": str(root / "src")} if python else {}))


def resolve(ref: str) -> str:
    """Give the full hash of a commit.

    Raises:
        ComparisonError: there is no git or no such commit.

    """
    _git("rev-parse", "--git-dir")
    try:
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except ComparisonError:
        raise ComparisonError(f"BASE: {ref!r} is not a commit of this repository") from None


def _check_out(commit: str, root: Path) -> None:
    archive, partial = root.with_name("source.tar"), root.with_name("source.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _git("archive", f"--output={archive}", commit)
    shutil.unpack_archive(archive, partial, filter="data")
    archive.unlink()
    partial.rename(root)


def _install(home: Path, root: Path) -> Path:
    """Make the environment as the Makefile does; its marker comes last, so that half of one is made anew."""
    folder, marker = home / "env", home / "env/ready"
    python = folder / "bin/python"
    if marker.exists() and marker.read_text(encoding="utf-8") == platform.python_version():
        return python
    LOG.info("installing the pinned packages of %s, once", home.name[:12])
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(root / "envs/requirements.txt")])
    _run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(root)])
    _run([str(python), "-m", "compileall", "-q", str(root / "src")])
    marker.write_text(platform.python_version(), encoding="utf-8")
    return python


def _git(*arguments: str) -> str:
    return _run(["git", "-C", str(ROOT), *arguments])


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise ComparisonError(f"BASE: can't run {command[0]}: {error.strerror}") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise ComparisonError(f"BASE: {Path(command[0]).name} failed with exit code {done.returncode}: {last}")
    return done.stdout.strip()
