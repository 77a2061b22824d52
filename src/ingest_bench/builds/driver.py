"""Says how a build measures the cells that are asked for.

It is run by that build's own interpreter, with that build's modules. Standard input: the file of the configuration and
the cells, each `[name, scenario, arm, concurrency]`. Standard output: a line of JSON. A build that has a driver answers
with its own `describe_cells`, whose form is therefore kept; the layouts below are those of this build and of builds
before there was one.
"""

import json
import platform
import sys
from dataclasses import asdict, fields
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LAYOUTS = (
    ("ingest_bench.harness.worker", "ingest_bench.harness.spec", "ingest_bench.config.matrix"),
    ("ingest_bench.sample_process", "ingest_bench.sample_spec", "ingest_bench.matrix"),
)
"""Names of the modules that run a sample, say what it is to do, and know the cells."""


def describe_cells(config: str, cells: list[tuple[str, str, str, int]]) -> dict[str, Any]:
    """Say how the candidates of cells are measured.

    Args:
        config: file of the configuration.
        cells: name, scenario, arm and concurrency of each.

    Returns:
        `module`: what to run for a sample, with its description on standard input. `cells`: by name, for those that the
        configuration has, `spec` (the description, but for source, collection, parent, class of content, scratch folder
        and what to evict), `cache` and `file`.

    """
    worker, spec_module, matrix_module = next(layout for layout in LAYOUTS if _is_there(layout[0]))
    matrix, spec_type = import_module(matrix_module), import_module(spec_module).SampleSpec
    arm_type = import_module("ingest_bench.arms.base").ArmSpec
    content = _first_of(spec_type, "content_class", "residue")
    layout = _first_of(arm_type, "layout", "kind")
    settings = matrix.load_settings(Path(config))
    described: dict[str, Any] = {}
    for name, scenario, arm, concurrency in cells:
        matching = [cell for cell in matrix.cells(settings) if (cell.scenario, cell.arm) == (scenario, arm)]
        if concurrency not in {cell.concurrency for cell in matching}:
            continue
        options, corpus = settings.scenarios[scenario].arms[arm], settings.corpora[matching[0].corpus]
        spec = spec_type(
            arm=arm_type(
                fetcher=options.fetcher,
                source="",
                concurrency=concurrency,
                max_items=corpus.max_items,
                settings=options.settings,
                **{layout: corpus.layout.name if layout == "layout" else corpus.kind},
            ),
            parent=0,
            output=_output_of(matrix, settings, matching[0]),
            **{content: None},
        )
        described[name] = {"spec": asdict(spec), "cache": matching[0].cache, "file": settings.scenarios[scenario].file}
    return {"module": worker, "cells": described}


def _output_of(matrix: Any, settings: Any, cell: Any) -> str | None:
    """Give what a cell's pipeline ends in; builds from before cells were resolved look it up by the cell."""
    if hasattr(matrix, "output_of"):
        output: str | None = matrix.output_of(settings, cell, "candidate")
        return output
    candidate: str | None = cell.candidate.output
    return candidate


def _first_of(record: Any, *names: str) -> str:
    there = {field.name for field in fields(record)}
    return next(name for name in names if name in there)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


def main() -> None:
    """Answer what standard input asks."""
    request = json.load(sys.stdin)
    own = "ingest_bench.builds.driver"
    describe = import_module(own).describe_cells if _is_there(own) else describe_cells
    try:
        answer = describe(request["config"], request["cells"])
    except import_module("ingest_bench.errors").BenchError as error:
        sys.exit(str(error))
    answer["origin"] = str(import_module("ingest_bench").__file__)
    packages = {package.name: package.version for package in metadata.distributions()}
    answer["environment"] = {"python": platform.python_version(), "packages": dict(sorted(packages.items()))}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
