"""Makes everything of a receipt again from its samples."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from jinja2 import TemplateError
from pydantic import ValidationError

from ingest_bench.analysis.speedup import cell_speed_up
from ingest_bench.config.matrix import PlannedCell, cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.errors import BenchError, ReceiptError
from ingest_bench.receipt.archive import BESIDE, CONFIG, NOTES, RESULTS
from ingest_bench.receipt.differences import record_differences
from ingest_bench.report import write_report_files
from ingest_bench.report.design import write_advice_files
from ingest_bench.results.checksum import checksum_of
from ingest_bench.results.digest import matches
from ingest_bench.results.models import RESULTS_SCHEMA_VERSION, Cell, Dependencies, Results, Round
from ingest_bench.system.dependencies import changed
from ingest_bench.workflow.round_files import plan_file, round_numbers, with_rounds
from stac_ingest.core.atomic import write_atomically

CAPTIONS = frozenset(("title", "label", "group", "work"))
"""Words of the results that may be older than those of the report, which takes them from the configuration."""


@dataclass
class Recomputed:
    """What was made again, and what was found on the way."""

    folder: Path
    """Has the files that are made of the results."""
    problems: list[str] = field(default_factory=list)
    numbers: int = 0
    """Values of samples that everything was made from."""


def recompute(files: Mapping[str, bytes], folder: Path, *, trusted: bool = False) -> Recomputed:
    """Make results and documents again from the cells of a receipt.

    Args:
        files: of the receipt, by name.
        folder: an empty one, to write to.
        trusted: whether Python files of this machine that its configuration names may be run.

    Raises:
        ReceiptError: a file is missing, or none that a receipt holds.

    """
    done = Recomputed(folder)
    try:
        config = orjson.loads(files[CONFIG])
        if not trusted:
            refuse_python(config)
        # Names become paths, so they are checked; whether its corpora's files are here is not.
        settings = load_settings(config, elsewhere=True)
        held = orjson.loads(files[RESULTS])
        rounds = list(_rounds(settings, files))
        measured = [_with_rounds(cell, rounds, files, done) for cell in cells(settings)]
        results = Results(
            seed=settings.seed,
            created_at=held["created_at"],
            config=settings.model_dump(mode="json"),
            corpora=_records(files, ".manifest.json"),
            cells=measured,
            jobs=sorted(_records(files, ".job.json").values(), key=lambda job: float(job["started_at"])),
            rounds=rounds,
        )
    except KeyError as error:
        raise ReceiptError(f"the receipt has no {error.args[0]}") from None
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:  # pydantic's and orjson's are of the last
        words = " ".join(str(error).split())
        raise ReceiptError(f"the receipt's records are damaged or of another version: {words:.300}") from None
    made = results.model_dump(mode="json")
    done.problems += record_differences(RESULTS, _without_captions(_as_now(held)), _without_captions(made))
    _write(files, settings, results, folder)
    return done


def refuse_python(config: Mapping[str, Any]) -> None:
    """Refuse a configuration whose arms are Python files: reading it would run them.

    Raises:
        ReceiptError: names the first such arm.

    """
    for name, scenario in config["scenarios"].items():
        for arm, options in scenario["arms"].items():
            if options.get("python"):
                raise ReceiptError(
                    f"arm {name}/{arm} is a Python file, which would be run: {options['python']!r:.100}; if you trust "
                    "it, say --trusted"
                )


def code_since(files: Mapping[str, bytes]) -> str | None:
    """Name a module or package that has changed since the documents of a receipt were made; None: none has."""
    for name in NOTES:
        try:
            module = changed(Dependencies.model_validate(orjson.loads(files[name])["depends_on"]))
        except (ValidationError, orjson.JSONDecodeError, KeyError, TypeError):
            return name
        if module:
            return module
    return None


def _rounds(settings: Settings, files: Mapping[str, bytes]) -> Iterator[Round]:
    """Read the plans of rounds, up to the one that adds nothing."""
    number = 1
    while settings.two_passes:
        plan = Round.model_validate(orjson.loads(files[plan_file(number)])["round"])
        yield plan
        if not plan.cells:
            return
        number += 1


def _with_rounds(planned: PlannedCell, rounds: Sequence[Round], files: Mapping[str, bytes], done: Recomputed) -> Cell:
    """Read a cell with all its pairs, and find its speed-up again, from its samples."""
    first = _recomputed(planned, planned.file, files, done)
    numbers = round_numbers(rounds, planned)
    added = [_recomputed(planned, planned.round_file(number), files, done) for number in numbers]
    return with_rounds(first, numbers, added, planned.sampling.confidence)


def _recomputed(planned: PlannedCell, name: str, files: Mapping[str, bytes], done: Recomputed) -> Cell:
    """Read a file of a cell and find its speed-up again, from its samples."""
    data = files[name]
    if checksum_of(data) is None:
        done.problems.append(f"{name}: its own checksum doesn't hold, so it was changed after it was measured")
    cell = Cell.model_validate_json(data)
    found = cell_speed_up(cell.samples, planned.sampling.confidence, cell.stop_reason)
    held = cell.speedup.model_dump() if cell.speedup else None
    done.problems += record_differences(name, held, found.model_dump() if found else None, "speedup")
    done.problems += _unlike(planned, name, cell)
    done.numbers += sum(_values(sample.model_dump(mode="json")) for sample in cell.samples)
    return cell.model_copy(update={"group": planned.group, "label": planned.label, "speedup": found})


def _unlike(planned: PlannedCell, name: str, cell: Cell) -> Iterator[str]:
    """Say of each pair that its sides delivered other items, where the cell says that both delivered the right ones."""
    sides = (planned.candidate, planned.baseline)
    comparable = len({side.corpus for side in sides}) == 1 and all(side.options.record.delivers for side in sides)
    # Which items a limit lets through depends on their order.
    limited = planned.candidate.corpus_options.max_items is not None
    if not (cell.parity.ok and cell.baseline_parity.ok and comparable) or limited:
        return
    others = {sample.pair: sample.digest for sample in cell.samples if sample.role == "baseline"}
    for sample in cell.samples:
        other = others.get(sample.pair)
        if sample.role == "candidate" and other and (reason := matches(sample.digest, other)):
            yield f"{name}, pair {sample.pair}: {reason}, though both sides are said to deliver the same"


def _records(files: Mapping[str, bytes], ending: str) -> dict[str, Any]:
    return {
        name.removeprefix("corpora/").removesuffix(ending): orjson.loads(data)
        for name, data in files.items()
        if name.startswith("corpora/") and name.endswith(ending)
    }


def _without_captions(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_captions(inner) for key, inner in value.items() if key not in CAPTIONS}
    return [_without_captions(inner) for inner in value] if isinstance(value, list) else value


def _as_now(held: dict[str, Any]) -> Any:
    """Return results of an earlier version with the fields that were added since; what is no results, as it is."""
    try:
        found = Results.model_validate(deepcopy(held)).model_dump(mode="json")
        found["config"] = Settings.model_validate(found["config"]).model_dump(mode="json")
    except ValueError:
        return held
    return {**found, "schema_version": RESULTS_SCHEMA_VERSION}


def _values(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_values, value.values()))
    if isinstance(value, list):
        return sum(map(_values, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _write(files: Mapping[str, bytes], settings: Settings, results: Results, folder: Path) -> None:
    for name in BESIDE:
        if name in files:
            write_atomically(folder / name, files[name])
    write_atomically(folder / RESULTS, results.model_dump_json().encode())
    try:
        write_report_files(
            settings,
            results=folder / RESULTS,
            report=folder / "benchmark_report.md",
            html=folder / "benchmark_report.html",
            comparison=folder / "comparison.html",
            figures=folder / "figures",
        )
        write_advice_files(
            results=folder / RESULTS,
            design=folder / "phase2_design.md",
            recommended=folder / "recommended_ingest.yaml",
            curves=folder / "scaling",
            figures=folder / "figures",
            settings=settings,
        )
    except (BenchError, TemplateError, ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise ReceiptError(f"nothing can be made of the receipt's samples: {error}") from None
