"""Which source files a kind of cell uses, and a hash over what they do.

Comments, docstrings and layout don't count: what is hashed is the syntax tree without them. The lists are kept
complete by a test that compares them with the code that samples really run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import ingest_bench
import stac_ingest
from ingest_bench.arms import arm_kind
from ingest_bench.sample_spec import DISCARD
from stac_ingest.config import IngestConfig

ROOTS = {
    "ingest_bench": Path(ingest_bench.__file__).parent,
    "stac_ingest": Path(stac_ingest.__file__).parent,
}

CONTEXT = (
    "stac_ingest/__init__.py",
    "stac_ingest/context.py",
    "stac_ingest/errors.py",
    "stac_ingest/failures.py",
    "stac_ingest/summary.py",
)
"""What every arm is given to work with."""

ENGINE = (
    *CONTEXT,
    "stac_ingest/config.py",
    "stac_ingest/dedup.py",
    "stac_ingest/module.py",
    "stac_ingest/rejects.py",
    "stac_ingest/sources/__init__.py",
    "stac_ingest/sources/base.py",
    "stac_ingest/strategies/__init__.py",
    "stac_ingest/strategies/base.py",
    "stac_ingest/tracking.py",
)
STRATEGIES = {
    "sequential": ("stac_ingest/strategies/sequential.py",),
    "semaphore": ("stac_ingest/strategies/semaphore.py", "stac_ingest/strategies/stream.py"),
    "queue": ("stac_ingest/strategies/queue.py", "stac_ingest/strategies/stream.py"),
}
STRATEGIES["time_chunks"] = STRATEGIES["queue"]

_JSON = tuple(
    f"stac_ingest/sources/{name}.py" for name in ("file_places", "folder", "json_*", "names", "read_ahead", "reading")
)
SOURCES = {
    "item_files": _JSON,
    "items_directory": _JSON,
    "geoparquet": ("stac_ingest/sources/geoparquet.py", "stac_ingest/geoparquet/*.py"),
    "api": ("stac_ingest/sources/stac_api.py", "stac_ingest/sources/json_text.py", "stac_ingest/api/*.py"),
}
HARNESS = (
    "ingest_bench/__init__.py",
    "ingest_bench/arms/__init__.py",
    "ingest_bench/arms/base.py",
    "ingest_bench/arms/layouts.py",
    "ingest_bench/cell.py",
    "ingest_bench/digest.py",
    "ingest_bench/hostlock.py",
    "ingest_bench/lifeline.py",
    "ingest_bench/meter.py",
    "ingest_bench/page_cache.py",
    "ingest_bench/results.py",
    "ingest_bench/sample_process.py",
    "ingest_bench/sample_run.py",
    "ingest_bench/sample_spec.py",
    "ingest_bench/sampling.py",
    "ingest_bench/seal.py",
    "ingest_bench/sides.py",
    "ingest_bench/statistics.py",
    "ingest_bench/validity.py",
)
OUTPUTS = {
    DISCARD: (),
    "items": ("stac_ingest/outputs/item_files.py", "stac_ingest/safe_names.py"),
    "ndjson": ("stac_ingest/outputs/ndjson.py", "stac_ingest/outputs/tail.py"),
    "geoparquet": ("stac_ingest/outputs/geoparquet.py", *SOURCES["geoparquet"], *ENGINE, *STRATEGIES["sequential"]),
}
"""By format; what is written as GeoParquet is read back by the package."""

SHARDING = (
    "stac_ingest/sharding/*.py",
    "stac_ingest/certificate.py",
    "stac_ingest/cli_settings.py",
    "stac_ingest/settings_file.py",
    "stac_ingest/api/urls.py",
    "ingest_bench/arms/ingest_arm.py",
)
"""What an ingest in shards is made of beside what it reads and writes."""

RECORDS = ("stac_ingest/checkpoint*.py", "stac_ingest/safe_names.py")
PIPELINE = (
    "ingest_bench/delivery.py",
    "stac_ingest/pipeline.py",
    "stac_ingest/transforms.py",
    "stac_ingest/outputs/__init__.py",
    "stac_ingest/outputs/base.py",
    "stac_ingest/outputs/folder.py",
)
SIMULATOR = ("ingest_bench/simulator/*.py",)
JUDGEMENT = (
    "ingest_bench/advice/recommend.py",
    "ingest_bench/bottleneck.py",
    "ingest_bench/estimates.py",
    "ingest_bench/knee.py",
    "ingest_bench/scaling/usl.py",
)
"""What a calibration tries beside the harness: all that is concluded from samples."""

BUILDERS = {
    "item_files": ("item_files",),
    "items_directory": ("items_directory", "item_files"),
    "geoparquet": ("geoparquet", "geoparquet_files"),
    "api": ("api",),
}
"""By corpus kind: the modules of `corpora` that no other kind needs."""
LOOKING = ("__init__", "check", "own")
"""Modules of `corpora` that build nothing."""


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What decides which code one side of a cell uses."""

    fetcher: str
    kind: str
    """Of the corpus."""
    strategy: str = "sequential"
    """As it is at this concurrency (fetcher ingest only)."""
    output: str | None = None
    """The format of a mixed workload."""
    remote: bool = False
    """Whether the API is not the simulator."""

    def patterns(self) -> list[str]:
        """List the source files, as patterns below the folder of the packages."""
        kind = arm_kind(self.fetcher)
        found = [*HARNESS, *CONTEXT]
        found += [] if kind.file else [f"ingest_bench/arms/{self.fetcher}_arm.py"]
        if kind.settings is IngestConfig:
            found += ["ingest_bench/arms/ingest_arm.py", *ENGINE, *SOURCES[self.kind], *STRATEGIES[self.strategy]]
        if self.fetcher.startswith("checkpoint"):
            found += ["ingest_bench/arms/checkpoint_arm.py", *RECORDS]
        if kind.writes:
            found += [*SHARDING, *ENGINE, *SOURCES[self.kind], *STRATEGIES["sequential"]]
        if self.kind == "api" and not self.remote:
            found += SIMULATOR
        if self.output:
            found += [*PIPELINE, *OUTPUTS[self.output]]
            found += ["ingest_bench/arms/ingest_arm.py"] if self.output == "geoparquet" else []
        return found


@cache
def code_files(use: CodeUse) -> list[Path]:
    """List the source files that one side of a cell uses.

    Raises:
        FileNotFoundError: a pattern of the lists matches nothing.

    """
    return _matching(use.patterns())


@cache
def code_digest(use: CodeUse) -> str:
    """Hash what the source files that one side of a cell uses do.

    Raises:
        FileNotFoundError: a source file is missing.

    """
    return _digest(code_files(use))


@cache
def calibration_digest() -> str:
    """Hash what a calibration runs: the harness, the simulator, what is concluded, and the calibration itself.

    Raises:
        FileNotFoundError: a source file is missing.

    """
    ingest = CodeUse("ingest", "api", "queue").patterns()
    return _digest(_matching([*ingest, *JUDGEMENT, "ingest_bench/calibration/*.py"]))


@cache
def generator_digest(kind: str) -> str:
    """Hash what the generator of a kind of corpus does.

    Raises:
        FileNotFoundError: a source file is missing.

    """
    others = {name for names in BUILDERS.values() for name in names} - set(BUILDERS[kind])
    left_out = {*others, *LOOKING}
    files = _matching(["ingest_bench/digest.py", "ingest_bench/corpora/*.py"])
    return _digest([path for path in files if path.parent.name != "corpora" or path.stem not in left_out])


@cache
def description_digest(kind: str) -> str:
    """Hash what looks at a corpus that is the user's own.

    Raises:
        FileNotFoundError: a source file is missing.

    """
    looking = [f"ingest_bench/corpora/{name}.py" for name in ("own", "inventory", "manifest")]
    reading = [*ENGINE, *SOURCES[kind], *STRATEGIES["sequential"], "ingest_bench/arms/ingest_arm.py"]
    return _digest(_matching([*looking, *reading, "ingest_bench/digest.py"]))


@cache
def bench_digest(*patterns: str) -> str:
    """Hash what source files do that are made of no cell's samples: the results' and the report's.

    Raises:
        FileNotFoundError: a pattern matches nothing.

    """
    return _digest(_matching(f"ingest_bench/{pattern}" for pattern in patterns))


def behaviour(source: str) -> str:
    """Give a module's syntax tree without docstrings, comments and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # A string that stands alone does nothing, wherever it stands.
            node.body = [line for line in node.body if not _is_text(line)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _digest(files: list[Path]) -> str:
    total = sha256()
    for path in files:
        package = next(name for name, root in ROOTS.items() if path.is_relative_to(root))
        total.update(f"{package}/{path.relative_to(ROOTS[package])}:{_file_digest(path)}\n".encode())
    return total.hexdigest()


@cache
def _file_digest(path: Path) -> str:
    return sha256(behaviour(path.read_text(encoding="utf-8")).encode()).hexdigest()


def _matching(patterns: Iterable[str]) -> list[Path]:
    files: set[Path] = set()
    for pattern in patterns:
        package, _, inside = pattern.partition("/")
        found = list(ROOTS[package].glob(inside))
        if not found:
            raise FileNotFoundError(f"{pattern}: no such source file, though cells depend on it")
        files.update(found)
    return sorted(files)
