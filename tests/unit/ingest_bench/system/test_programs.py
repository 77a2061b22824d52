"""Programs that are no part of this project: where they are looked for, and what is known of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ingest_bench.system.programs import find_program, version_of


def script(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    """Write a program into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_environment_of_tools_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program is taken from the tools' environment before any other place, and else from `PATH`."""
    monkeypatch.setattr("ingest_bench.system.programs.TOOLS", tmp_path / "tools")
    on_path, of_tools = script(tmp_path / "path", "my-tool"), script(tmp_path / "tools/bin", "my-tool")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_program("my-tool") == of_tools
    of_tools.unlink()
    assert find_program("my-tool") == on_path
    assert find_program("my-tools") is None


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """A link to an interpreter stays a link, since its place says which packages it has."""
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    assert find_program(str(link)) == link
    assert find_program(str(tmp_path / "gone")) is None


def test_versions_are_those_of_packages_or_of_files(tmp_path: Path) -> None:
    """A program that a package installed has its version; of any other the content counts, whenever it changes."""
    installed = find_program("pytest")
    assert installed
    assert version_of(installed) == pytest.__version__
    own = script(tmp_path / "bin", "my-tool")
    before = version_of(own)
    script(tmp_path / "bin", "my-tool", "#!/bin/sh\nexit 1\n")
    assert before.startswith("SHA-256 ")
    assert version_of(own) not in (before, installed)
