"""Reads two runs, compares them, and writes the comparison."""

from pathlib import Path

import orjson
from pydantic import ValidationError

from ingest_bench.comparison.compare import compare
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.comparison.models import Comparison
from ingest_bench.comparison.render import as_markdown, summary
from ingest_bench.errors import ComparisonError, RegressionError
from ingest_bench.results.models import RESULTS_SCHEMA_VERSION, Results
from ingest_bench.results.upgrade import EARLIER
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.messages import one_line

EXPECTED = "expected the benchmark_results.json of a run"


def compare_files(earlier: Path, current: Path, output: Path) -> Comparison:
    """Compare two `benchmark_results.json`, and write `compare.json` and `compare.md` into a folder.

    Raises:
        ComparisonError: a file can't be read, is no results file or one of another version, the runs have no cell that
            can be compared, or the output can't be written.

    """
    comparison = compare(read_run(earlier), read_run(current))
    text = orjson.dumps(comparison.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        write_atomically(output / "compare.json", text)
        write_atomically(output / "compare.md", as_markdown(comparison).encode())
    except OSError as error:
        raise ComparisonError(f"{output}: can't be written to: {error.strerror}") from None
    if all(cell.verdict in ("not comparable", "new", "removed") and not cell.change for cell in comparison.cells):
        reasons = dict.fromkeys(cell.reason for cell in comparison.cells)
        raise ComparisonError(
            f"{current}: no cell can be compared with {earlier} ({'; '.join(reasons) or 'there are none'}); "
            "expected two runs of the same scenarios"
        )
    return comparison


def stop_at_regression(path: Path) -> None:
    """Return if a `compare.json` holds no regression.

    Raises:
        RegressionError: it holds a cell that is worse; the message names such cells.
        ComparisonError: it holds a cell that would be worse, but other work ran beside the measurement; or the
            file is of another version.

    """
    try:
        comparison = Comparison.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problem = one_line(error, Comparison)
        raise ComparisonError(f"{path}: not of this version: {problem}; remove it and compare again") from None
    if comparison.with_verdict("worse"):
        raise RegressionError(summary(comparison))
    if comparison.slower_under_load:
        raise ComparisonError(summary(comparison))


def read_run(path: Path) -> LoadedRun:
    """Give the results of a run, indexed.

    Raises:
        ComparisonError: names the file, what is wrong with it, and what was expected.

    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ComparisonError(f"{path}: can't be read: {error.strerror}; {EXPECTED}") from None
    return LoadedRun.from_results(str(path), results_in(data, str(path)))


def results_in(content: bytes, name: str) -> Results:
    """Give the results that a `benchmark_results.json` of any version holds.

    Args:
        content: of the file.
        name: what messages call it.

    Raises:
        ComparisonError: names the file, what is wrong with it, and what was expected.

    """
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ComparisonError(f"{name}: is not JSON ({error}); {EXPECTED}") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if not isinstance(version, str):
        raise ComparisonError(f"{name}: is JSON, but has no schema_version; {EXPECTED}")
    if version not in EARLIER and version.partition(".")[0] != RESULTS_SCHEMA_VERSION.partition(".")[0]:
        major = RESULTS_SCHEMA_VERSION.partition(".")[0]
        readable = ", ".join((*EARLIER, f"{major}.0 to {RESULTS_SCHEMA_VERSION}"))
        raise ComparisonError(
            f"{name}: has the schema_version {version:.20}, of which this version can read {readable}; "
            "measure that run again, or compare with the version that wrote it"
        )
    try:
        return Results.model_validate(data)
    except ValidationError as error:
        raise ComparisonError(f"{name}: is not a whole results file: {one_line(error, Results)}; {EXPECTED}") from None
