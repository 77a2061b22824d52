"""What may be set of a command, and what its words stand for."""

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest_bench.arms.base import ArmSpec
from ingest_bench.arms.layouts import ITEM_FILES, LAYOUTS
from ingest_bench.system.programs import CHECKOUT, DRIVERS, TOOLS, find_program, tools_package, version_of
from ingest_bench.system.services import SERVICES
from stac_ingest.core.registry import OneOf
from stac_ingest.outputs import kept_in_files

FEATURE_COLLECTION = "feature_collection"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
PLACES = {"tools_python": str(TOOLS / "bin" / "python"), "tools": str(CHECKOUT / DRIVERS), "python": sys.executable}
"""What in braces is the same for every arm."""
SEARCHED = ("bbox", "datetime")
OF_A_SHELL = frozenset(("|", "||", "&&", "<", ">", ">>", "2>", "&>", "2>&1"))
"""Words that stand between commands and files in a shell."""
NAMES = ("source", "collection", "output", "concurrency", *SEARCHED, *PLACES)
"""What stands in braces in a command."""


def _written() -> list[str]:
    return [*kept_in_files(), FEATURE_COLLECTION]


class CommandSettings(BaseModel):
    """What may be set."""

    model_config = ConfigDict(extra="forbid")

    command: str = Field(
        description="the command line, split as a shell does and run without one; of what is in braces {source} is the "
        "file, folder or address to read, {collection} an API's collection, {output} a path to write to, "
        "{concurrency} the level, {bbox} and {datetime} what the scenario searches for, {python} the interpreter of "
        "this environment, {tools_python} that of .venv-tools, and {tools} the folder workflow/tools"
    )
    writes: Annotated[str, OneOf(_written)] = Field(
        default="ndjson", description="what is at {output} afterwards: a file, or a folder as `stac-ingest` writes it"
    )
    joined: bool = Field(default=False, description="{source} is one file of lines of JSON, instead of a file an item")
    variables: dict[str, str] = Field(default_factory=dict, description="environment variables")
    needs: list[str] = Field(default_factory=list, description="packages of .venv-tools that {tools_python} imports")
    service: Annotated[str, OneOf(lambda: SERVICES)] | None = Field(
        default=None, description="what has to run beside the command; variables say where it is"
    )
    prepare: str | None = Field(default=None, description="a command that is run before each sample, and not timed")
    again: str | None = Field(
        default=None,
        description="the command of the timed run after one that was killed, or after the last run's, which goes on "
        "from what that wrote; else `command`, which finds nothing",
    )
    conclude: str | None = Field(
        default=None, description="a command that is run after each sample, not timed, and may be what writes {output}"
    )
    layout: str = Field(default="item_files", exclude=True)
    concurrency: int = Field(default=1, exclude=True)
    searches: bool = Field(default=False, exclude=True)

    @property
    def lines(self) -> dict[str, list[str]]:
        """By setting, the program and its arguments, with what is in braces."""
        given = {
            "command": self.command,
            "again": self.again,
            "prepare": self.prepare,
            "conclude": self.conclude,
        }
        return {name: shlex.split(line) for name, line in given.items() if line is not None}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        try:
            lines = self.lines
        except ValueError as error:
            raise ValueError(f"command can't be split into words: {error}") from None
        for key, words in lines.items():
            _check_words(key, words)
        named = {key: [name for word in words for name in PLACEHOLDER.findall(word)] for key, words in lines.items()}
        for key, names in named.items():
            if unknown := [name for name in names if name not in NAMES]:
                raise ValueError(f"{key} has {{{unknown[0]}}}; use {', '.join(f'{{{name}}}' for name in NAMES)}")
        self._names_what_it_needs(named["command"], {name for names in named.values() for name in names})
        if self.joined and self.layout not in ITEM_FILES:
            raise ValueError("joined needs a corpus with a file for each item")
        return self

    def _names_what_it_needs(self, command: list[str], everywhere: set[str]) -> None:
        searched = SEARCHED if self.searches else ()
        if missing := [name for name in ("source", *searched) if name not in command]:
            raise ValueError(f"command lacks {{{missing[0]}}}")
        if "output" not in everywhere:
            raise ValueError("command lacks {output}")
        if "collection" in everywhere and not LAYOUTS[self.layout].network:
            raise ValueError("command has {collection}, which only an API has")
        if not self.searches and (named := [name for name in SEARCHED if name in everywhere]):
            raise ValueError(f"command has {{{named[0]}}}; the scenario has no search that gives it")
        if self.concurrency > 1 and "concurrency" not in command:
            raise ValueError("command lacks {concurrency}, so it has one level; use [1]")
        if "tools_python" in everywhere and not self.needs:
            raise ValueError("needs: missing; name the packages of .venv-tools that {tools_python} imports")


def _check_words(key: str, words: list[str]) -> None:
    """Refuse what can't be started, and what only a shell would understand."""
    if not words or not words[0]:
        raise ValueError(f"{key} names no program")
    if shell := [word for word in words if word in OF_A_SHELL]:
        raise ValueError(f"{key} has {shell[0]}, and is run without a shell; call one: sh -c '...'")


def settings_of(spec: ArmSpec) -> CommandSettings:
    """Return the settings of an arm, checked for what it reads."""
    follows = {"layout": spec.layout, "concurrency": spec.concurrency, "searches": spec.search is not None}
    return CommandSettings.model_validate({**spec.settings, **follows})


def filled(words: list[str], spec: ArmSpec, output: Path) -> list[str]:
    """Return the path of the program and its arguments, with what the braces stand for.

    Args:
        words: as they were set.
        spec: what is read, how.
        output: where to write.

    """
    values = {
        **PLACES,
        **(spec.search or {}),
        "source": spec.source,
        "collection": spec.collection or "",
        "output": str(output),
        "concurrency": str(spec.concurrency),
    }
    program, *rest = (PLACEHOLDER.sub(lambda name: values[name[1]], word) for word in words)
    found = find_program(program)
    return [str(found or program), *rest]


def programs(settings: Mapping[str, object]) -> dict[str, str | None]:
    """Give the versions of the program, of files that the commands name, of packages and of the service, by name.

    None is the version of one that isn't there. What a command starts by {python} is this environment's own, which
    results know already.
    """
    known = CommandSettings.model_construct(**settings)  # type: ignore[arg-type] # they were checked before
    found: dict[str, str | None] = {}
    for first, *rest in known.lines.values():
        if not PLACEHOLDER.search(first):
            path = find_program(first)
            found[first] = version_of(path) if path else None
        found |= _files(rest)
    found |= {name: tools_package(name) for name in known.needs}
    if known.service:
        service = SERVICES[known.service]
        found[service.title] = service.version()
    return found


def _files(words: list[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name = word.replace("{tools}", DRIVERS)
        path = Path(word.replace("{tools}", PLACES["tools"]))
        if not PLACEHOLDER.search(name) and path.is_file():
            yield name, version_of(path)
