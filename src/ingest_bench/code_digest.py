"""Which source files a kind of cell uses, and a hash over what they do.

Comments, docstrings and layout don't count: what is hashed is the syntax tree without them. The lists are kept
complete by a test that compares them with the modules that samples really import.
"""

from __future__ import annotations

import ast
from functools import cache
from hashlib import sha256
from pathlib import Path

import ingest_bench
import stac_ingest

ROOTS = {
    "ingest_bench": Path(ingest_bench.__file__).parent,
    "stac_ingest": Path(stac_ingest.__file__).parent,
}

ENGINE = (
    "stac_ingest/__init__.py",
    "stac_ingest/config.py",
    "stac_ingest/context.py",
    "stac_ingest/errors.py",
    "stac_ingest/failures.py",
    "stac_ingest/module.py",
    "stac_ingest/summary.py",
    "stac_ingest/sources/__init__.py",
    "stac_ingest/sources/base.py",
    "stac_ingest/strategies/*.py",
)
CONTEXT = (
    "stac_ingest/__init__.py",
    "stac_ingest/context.py",
    "stac_ingest/errors.py",
    "stac_ingest/failures.py",
    "stac_ingest/summary.py",
)
SOURCES = {
    "item_files": ("stac_ingest/sources/json_*.py",),
    "items_directory": ("stac_ingest/sources/json_*.py",),
    "geoparquet": ("stac_ingest/sources/geoparquet.py", "stac_ingest/geoparquet/*.py"),
    "api": ("stac_ingest/sources/stac_api.py", "stac_ingest/api/*.py"),
}
HARNESS = (
    "ingest_bench/__init__.py",
    "ingest_bench/arms/__init__.py",
    "ingest_bench/arms/base.py",
    "ingest_bench/cell.py",
    "ingest_bench/digest.py",
    "ingest_bench/hostlock.py",
    "ingest_bench/lifeline.py",
    "ingest_bench/page_cache.py",
    "ingest_bench/results.py",
    "ingest_bench/sample_process.py",
    "ingest_bench/sample_spec.py",
    "ingest_bench/sampling.py",
    "ingest_bench/statistics.py",
    "ingest_bench/validity.py",
)
ARMS = {
    "ingest": ("ingest_bench/arms/ingest_arm.py", *ENGINE),
    "upstream": ("ingest_bench/arms/upstream_arm.py", *CONTEXT),
    "aiofiles": ("ingest_bench/arms/aiofiles_arm.py", *CONTEXT),
    "process_pool": ("ingest_bench/arms/process_pool_arm.py", *CONTEXT),
    "pystac_client": ("ingest_bench/arms/pystac_client_arm.py", *CONTEXT),
}
PIPELINE = (
    "ingest_bench/delivery.py",
    "stac_ingest/checkpoints.py",
    "stac_ingest/pipeline.py",
    "stac_ingest/transforms.py",
    "stac_ingest/outputs/*.py",
)
SIMULATOR = ("ingest_bench/simulator/*.py",)
GENERATORS = ("ingest_bench/digest.py", "ingest_bench/corpora/*.py")


def code_files(fetcher: str, kind: str, pipeline: str | None, *, remote: bool = False) -> list[Path]:
    """List the source files that a cell of this kind uses.

    Args:
        fetcher: the arm's fetcher.
        kind: the corpus kind.
        pipeline: the output format of a mixed workload.
        remote: whether the API is not the simulator.

    Raises:
        FileNotFoundError: a pattern of the lists matches nothing.

    """
    patterns = [*HARNESS, *ARMS[fetcher]]
    if fetcher == "ingest":
        patterns += SOURCES[kind]
    if kind == "api" and not remote:
        patterns += SIMULATOR
    if pipeline:
        patterns += PIPELINE
        patterns += SOURCES["geoparquet"] if pipeline == "geoparquet" else ()
    return sorted({path for pattern in patterns for path in _matching(pattern)})


@cache
def code_digest(fetcher: str, kind: str, pipeline: str | None, *, remote: bool = False) -> str:
    """Hash what the source files of a kind of cell do.

    Raises:
        FileNotFoundError: a source file is missing.

    """
    return _digest(code_files(fetcher, kind, pipeline, remote=remote))


@cache
def generator_digest(kind: str) -> str:
    """Hash what the corpus generators do.

    Raises:
        FileNotFoundError: a source file is missing.

    """
    patterns = [*GENERATORS, *(SOURCES["geoparquet"] if kind == "geoparquet" else ())]
    return _digest(sorted({path for pattern in patterns for path in _matching(pattern)}))


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
        total.update(f"{path.parent.name}/{path.name}:{_file_digest(path)}\n".encode())
    return total.hexdigest()


@cache
def _file_digest(path: Path) -> str:
    return sha256(behaviour(path.read_text(encoding="utf-8")).encode()).hexdigest()


def _matching(pattern: str) -> list[Path]:
    package, _, inside = pattern.partition("/")
    found = sorted(ROOTS[package].glob(inside))
    if not found:
        raise FileNotFoundError(f"{pattern}: no such source file, though cells depend on it")
    return found
