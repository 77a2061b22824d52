"""What the command line and the Makefile were called before, and what `--help` costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest_bench.__main__ import main

ROOT = Path(__file__).parents[2]
NOTE = "{} is now called {}; the old name goes with the next release"
HEAVY = {"numpy", "pyarrow", "scipy", "pandas", "shapely", "aiohttp", "snakemake"}


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ingest_bench`; return what it printed, and its exit code."""
    command = [sys.executable, "-m", "ingest_bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "current", "rest", "code"),
    [
        ("check-config", "validate", ("workflow/quick.yaml",), 0),
        ("advise", "recommend", ("--results", "no/such/folder"), 1),
        ("hostile-matrix", "client-matrix", ("--output", "no.md", "no-such-behaviour"), 2),
    ],
)
def test_a_command_is_understood_by_its_old_name(old: str, current: str, rest: tuple[str, ...], code: int) -> None:
    """The old name does what the new one does, after one line on standard error that names it."""
    by_old, by_new = ran(old, *rest), ran(current, *rest)
    assert (by_old.returncode, by_old.stdout) == (by_new.returncode, by_new.stdout)
    assert by_new.returncode == code
    assert by_old.stderr == NOTE.format(old, current) + "\n" + by_new.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "old", "current"),
    [
        (("calibrate", "--runs", "0"), "--no-wall", "--skip-wall-clock"),
        (("simulate", "no/such/folder"), "--own-links", "--rewrite-links"),
        (("simulate", "no/such/folder"), "--with-parent", "--exit-on-stdin-close"),
    ],
)
def test_an_option_is_understood_by_its_old_name(arguments: tuple[str, ...], old: str, current: str) -> None:
    """The old name of a flag is noted on standard error, and `--help` shows the new one alone."""
    by_old, by_new = ran(*arguments, old), ran(*arguments, current)
    assert by_old.stderr == NOTE.format(old, current) + "\n" + by_new.stderr
    assert by_old.returncode == by_new.returncode != 0
    shown = ran(arguments[0], "--help").stdout
    assert current in shown
    assert old not in shown


@pytest.mark.parametrize("old", ["check-config", "advise", "hostile-matrix"])
def test_no_list_of_commands_has_an_old_name(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither `--help` nor the error for an unknown command offers an old name."""
    for arguments in (["--help"], ["no-such-command"]):
        with pytest.raises(SystemExit):
            main(arguments)
    assert old not in "".join(capsys.readouterr())


@pytest.mark.parametrize(("old", "current"), [("hostile", "client-matrix"), ("pins", "lock")])
def test_a_make_target_is_understood_by_its_old_name(old: str, current: str) -> None:
    """The old target runs what the new one does, and `make help` lists the new one alone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def make(*arguments: str) -> str:
        return subprocess.run(
            ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    assert make("--dry-run", old) == make("--dry-run", current) != ""
    listed = [line.split()[0] for line in make("help").splitlines()]
    assert current in listed
    assert old not in listed


@pytest.mark.parametrize("arguments", [("--help",), ("simulate", "--help")])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    """Showing the help imports no library that only a command at work needs."""
    command = [sys.executable, "-X", "importtime", "-m", "ingest_bench", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "ingest_bench" in loaded
    assert loaded & HEAVY == set()
