"""What has happened to a command's output before its timed run: the last run's ingest, or a run that was killed."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ingest_bench.system.whole_process import run_process

TRIES = 4
"""Runs that may end before they are killed."""
Words = Callable[[str, Path], list[str]]
"""Gives the words of a command by source and output."""


class Earlier(NamedTuple):
    """What is done before the timed run."""

    words: Words
    folder: Path
    """For what is needed beside what the command writes."""
    variables: Mapping[str, str]
    """Of the command's environment, beside those of this process."""
    reports: bool
    """Whether what its Python processes load is reported."""

    def ingest(self, before: Path, source: Path, output: Path) -> tuple[str, str | None]:
        """Ingest a corpus as it was, and then bring its files to what they are now.

        The files are links in a place of their own, so that both runs read the same path.

        Args:
            before: the files as they were: a folder, or one file.
            source: as they are now.
            output: where the command writes, both times.

        Returns:
            The path to read in the timed run, and what went wrong, in words; None where nothing did.

        """
        place = self.folder / f"source{source.suffix}"
        link(before, place)
        trouble = self._run(str(place), output)
        relink(source, place)
        return str(place), trouble and f"the run before: {trouble}"

    def kill(self, source: str, output: Path, moment: float, again: Callable[[], str | None]) -> str | None:
        """Run the command whole, and then once more, and kill it and its processes at a moment of that run.

        One that was quicker than the whole one, and had ended, is run again, to be killed earlier.

        Args:
            source: what it reads.
            output: where the killed run writes; the whole one writes elsewhere.
            moment: share of the time that the whole run took.
            again: what has to be done before each run; returns what went wrong.

        Returns:
            What went wrong, in words; None where nothing did.

        """
        whole = self.folder / "whole"
        whole.mkdir()
        used = run_process(self.words(source, whole / output.name), self.folder, self.variables, reports=self.reports)
        shutil.rmtree(whole)
        if trouble := used.get("invalid") or again():
            return f"the run before: {trouble}"
        seconds = moment * used["wall_s"]
        for _ in range(TRIES):
            if killed_after(self.words(source, output), self.variables, seconds):
                return None
            remove(output)
            if trouble := again():
                return f"the run before: {trouble}"
            seconds *= moment
        return f"{TRIES} runs that were to be killed had ended before"

    def _run(self, source: str, output: Path) -> str | None:
        used = run_process(self.words(source, output), self.folder, self.variables, reports=self.reports)
        return used.get("invalid")


def killed_after(command: Sequence[str], variables: Mapping[str, str], seconds: float) -> bool:
    """Start a command, kill its processes after so many seconds, and say whether it was still running."""
    with subprocess.Popen(
        command,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True
        return False


def link(source: Path, place: Path) -> None:
    """Make a second name for a file, or for each file of a folder."""
    if source.is_dir():
        place.mkdir()
        for path in source.iterdir():
            os.link(path, place / path.name)
    else:
        os.link(source, place)


def relink(source: Path, place: Path) -> None:
    """Bring linked files to what another folder holds: those of the same content stay the files that they are."""
    if not source.is_dir():
        place.unlink()
        os.link(source, place)
        return
    wanted = {path.name for path in source.iterdir()}
    for path in [*place.iterdir()]:
        now = source / path.name
        if path.name not in wanted or path.read_bytes() != now.read_bytes():
            path.unlink()
    for name in wanted - {path.name for path in place.iterdir()}:
        os.link(source / name, place / name)


def remove(output: Path) -> None:
    """Remove what a command wrote: a file, or a folder with all that is in it."""
    if output.is_dir():
        shutil.rmtree(output)
    else:
        output.unlink(missing_ok=True)
