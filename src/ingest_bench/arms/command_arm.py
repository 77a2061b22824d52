"""A whole command: its process is timed from start to end, and what it wrote is read back afterwards.

So start-up, imports and writing are on the clock, as they are for who types the command.
"""

import asyncio
import re
import shlex
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest_bench.arms.base import ArmKind, ArmSpec, SpecFetcher
from ingest_bench.arms.layouts import ITEM_FILES, LAYOUTS
from ingest_bench.system.programs import find_program, version_of
from ingest_bench.system.whole_process import run_process
from stac_ingest.context import WorkflowContext
from stac_ingest.core.registry import OneOf, load
from stac_ingest.errors import IngestError
from stac_ingest.outputs import OUTPUTS, read_output

FEATURE_COLLECTION = "feature_collection"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
NAMES = ("source", "collection", "output", "concurrency", "python")
"""What stands in braces in a command."""


def _written() -> list[str]:
    return [*OUTPUTS, FEATURE_COLLECTION]


class CommandSettings(BaseModel):
    """What may be set."""

    model_config = ConfigDict(extra="forbid")

    command: str = Field(
        description="the command line, split as a shell does and run without one; of what is in braces {source} is the "
        "file, folder or address to read, {collection} an API's collection, {output} a path to write to, "
        "{concurrency} the level and {python} the interpreter of this environment"
    )
    writes: Annotated[str, OneOf(_written)] = Field(
        description="what is at {output} afterwards: a file, or a folder as `stac-ingest` writes it"
    )
    joined: bool = Field(default=False, description="{source} is one file of lines of JSON, instead of a file an item")
    variables: dict[str, str] = Field(default_factory=dict, description="environment variables")
    layout: str = Field(default="item_files", exclude=True)
    concurrency: int = Field(default=1, exclude=True)

    @property
    def words(self) -> list[str]:
        """The program and its arguments, with what is in braces."""
        return shlex.split(self.command)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        try:
            words = self.words
        except ValueError as error:
            raise ValueError(f"command can't be split into words: {error}") from None
        named = [name for word in words for name in PLACEHOLDER.findall(word)]
        if unknown := [name for name in named if name not in NAMES]:
            raise ValueError(f"command has {{{unknown[0]}}}; use {', '.join(f'{{{name}}}' for name in NAMES)}")
        if missing := [name for name in ("source", "output") if name not in named]:
            raise ValueError(f"command lacks {{{missing[0]}}}")
        if "collection" in named and not LAYOUTS[self.layout].network:
            raise ValueError("command has {collection}, which only an API has")
        if self.concurrency > 1 and "concurrency" not in named:
            raise ValueError("command lacks {concurrency}, so it has one level; use [1]")
        if self.joined and self.layout not in ITEM_FILES:
            raise ValueError("joined needs a corpus with a file for each item")
        return self


class CommandFetcher(SpecFetcher):
    """Runs the command and yields the items that it wrote."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take what is to be read."""
        super().__init__(spec)
        follows = {"layout": spec.layout, "concurrency": spec.concurrency}
        self._settings = CommandSettings.model_validate({**spec.settings, **follows})
        self._folder = Path()
        self._rehearses = False
        self.usage: dict[str, Any] = {}

    def place(self, folder: Path, *, rehearses: bool) -> None:
        """Take the empty folder to write to; a rehearsal isn't timed, and says what modules it loads."""
        self._folder, self._rehearses = folder.absolute(), rehearses

    @cached_property
    def _output(self) -> Path:
        known = OUTPUTS.get(self._settings.writes)
        return self._folder / f"items{known.suffix if known else '.json'}"

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:
        """Yield what was written; a file that can't be read is a failure."""
        words, variables = self._words(), self._settings.variables
        self.usage = await asyncio.to_thread(run_process, words, self._folder, variables, reports=self._rehearses)
        if self._rehearses:
            return
        self.usage["output_bytes"] = size_of(self._output)
        try:
            for item in self._items():
                self.summary.items += 1
                yield item
        except (IngestError, OSError, ValueError, KeyError, TypeError) as error:
            self._failed(context, self._output.name, error)
            self.usage["invalid"] = f"what the command wrote can't be read: {type(error).__name__}: {error}"

    def _words(self) -> list[str]:
        values = {
            "source": self._spec.source,
            "collection": self._spec.collection or "",
            "output": str(self._output),
            "concurrency": str(self._spec.concurrency),
            "python": sys.executable,
        }
        program, *rest = (PLACEHOLDER.sub(lambda name: values[name[1]], word) for word in self._settings.words)
        found = find_program(program)
        return [str(found or program), *rest]

    def _items(self) -> Iterator[dict[str, Any]]:
        if self._settings.writes == FEATURE_COLLECTION:
            yield from orjson.loads(self._output.read_bytes())["features"]
        elif self._output.is_dir():
            yield from read_output(self._settings.writes, self._output)
        else:
            yield from load(OUTPUTS[self._settings.writes].reader)(self._output)


def size_of(output: Path) -> int | None:
    """Return the bytes of a file, or of all files in a folder; None where there is neither."""
    if output.is_dir():
        return sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return output.stat().st_size if output.exists() else None


def programs(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """Give name and version of the program, and of files that the command names; None for one that isn't there.

    What the command starts by {python} is this environment's own, which results know already.
    """
    first, *rest = CommandSettings.model_construct(**settings).words
    found = {} if PLACEHOLDER.search(first) else {first: find_program(first)}
    files = {word: Path(word) for word in rest if not PLACEHOLDER.search(word) and Path(word).is_file()}
    return {name: version_of(path) if path else None for name, path in {**found, **files}.items()}


ARM = ArmKind(
    name="command",
    description="a whole command, timed from the start of its process to its end",
    make=CommandFetcher,
    reads=tuple(LAYOUTS),
    settings=CommandSettings,
    whole_process=True,
    programs=programs,
)
