"""A whole command: its process is timed from start to end, and what it wrote is read back afterwards.

So start-up, imports and writing are on the clock, as they are for who types the command.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.arms.base import ArmKind, ArmSpec, SpecFetcher
from ingest_bench.arms.command_events import Earlier, remove
from ingest_bench.arms.command_settings import FEATURE_COLLECTION, CommandSettings, filled, programs, settings_of
from ingest_bench.arms.layouts import LAYOUTS
from ingest_bench.system.whole_process import run_process, run_untimed
from stac_ingest.context import WorkflowContext
from stac_ingest.errors import IngestError
from stac_ingest.outputs import OUTPUTS, read_output


class CommandFetcher(SpecFetcher):
    """Runs the command and yields the items that it wrote."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take what is to be read."""
        super().__init__(spec)
        self._settings = settings_of(spec)
        self._folder = Path()
        self._rehearses = False
        self._moment = 0.5
        self.usage: dict[str, Any] = {}

    def place(self, folder: Path, *, rehearses: bool, moment: float = 0.5) -> None:
        """Take the empty folder to write to; a rehearsal isn't timed, and says what modules it loads.

        Args:
            folder: where it is.
            rehearses: whether it is a rehearsal.
            moment: of the run that is killed, if one is to be: share of its time.

        """
        self._folder, self._rehearses, self._moment = folder.absolute(), rehearses, moment

    @cached_property
    def _output(self) -> Path:
        known = OUTPUTS.get(self._settings.writes)
        return self._folder / f"items{known.suffix if known else '.json'}"

    async def prepare(self) -> None:
        """Do what goes before it: a command that prepares, the last run's ingest, a run that is killed."""
        trouble = self._beside("prepare") or await asyncio.to_thread(self._earlier)
        if trouble:
            self.usage |= {"invalid": trouble, "began": False}

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:
        """Yield what was written; a file that can't be read is a failure."""
        if self.usage:  # what goes before it has failed
            return
        again = self._settings.again and (self._spec.before or self._spec.killed)
        words, variables = self._words("again" if again else "command"), self._settings.variables
        self.usage = await asyncio.to_thread(run_process, words, self._folder, variables, reports=self._rehearses)
        if self._rehearses:
            return
        self.usage["output_bytes"] = size_of(self._output)
        if "invalid" not in self.usage and (trouble := self._beside("conclude")):
            self.usage["invalid"] = trouble
        try:
            for item in self._items():
                self.summary.items += 1
                yield item
        except (IngestError, OSError, ValueError, KeyError, TypeError) as error:
            self._failed(context, self._output.name, error)
            unread = f"what the command wrote can't be read: {type(error).__name__}: {error}"
            self.usage.setdefault(
                "invalid", unread if self._output.exists() else "the command left nothing at {output}"
            )

    def _earlier(self) -> str | None:
        """Do what the timed run goes on from, and say what went wrong; None: nothing.

        A command that goes on from nothing (`again`) finds an empty place.
        """
        spec = self._spec
        if not (spec.before or spec.killed):
            return None

        def words(source: str, output: Path) -> list[str]:
            return filled(self._settings.lines["command"], replace(spec, source=source), output)

        earlier = Earlier(words, self._folder, self._settings.variables, self._rehearses)
        if spec.killed:
            trouble = earlier.kill(spec.source, self._output, self._moment, lambda: self._beside("prepare"))
        else:
            place, trouble = earlier.ingest(Path(spec.before or ""), Path(spec.source), self._output)
            self._spec = replace(spec, source=place)
        if not self._settings.again:
            remove(self._output)
        return trouble

    def _beside(self, name: str) -> str | None:
        """Run what goes before or after the command, off the clock, and say what went wrong; None: nothing."""
        words = self._words(name)
        trouble = run_untimed(words, self._settings.variables) if words else None
        return f"{name}: {trouble}" if trouble else None

    def _words(self, name: str) -> list[str]:
        words = self._settings.lines.get(name)
        return filled(words, self._spec, self._output) if words else []

    def _items(self) -> Iterator[dict[str, Any]]:
        if self._settings.writes == FEATURE_COLLECTION:
            yield from orjson.loads(self._output.read_bytes())["features"]
        elif self._output.exists():
            yield from read_output(self._settings.writes, self._output)
        else:
            raise FileNotFoundError(self._output)


def size_of(output: Path) -> int | None:
    """Return the bytes of a file, or of all files in a folder; None where there is neither."""
    if output.is_dir():
        return sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return output.stat().st_size if output.exists() else None


ARM = ArmKind(
    name="command",
    description="a whole command, timed from the start of its process to its end",
    make=CommandFetcher,
    reads=tuple(LAYOUTS),
    settings=CommandSettings,
    whole_process=True,
    programs=programs,
)
