"""The command `python -m ingest_bench`: the parts of the workflow, each to be had alone."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingest_bench.errors import BenchError, ComparisonError, SettingsError
from stac_ingest.errors import IngestError

if TYPE_CHECKING:
    from ingest_bench.settings import Settings

OK, FAILED, BAD_SETTINGS = 0, 1, 2
REGRESSION, BAD_INPUT = FAILED, BAD_SETTINGS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 when all went well, 2 when the settings, or the files to compare, can't be used, 1 for any other failure and
        for a regression.

    """
    options = _parser(arguments).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return int(options.run(options) or OK)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    except ComparisonError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except (BenchError, IngestError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _parser(arguments: Sequence[str] | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest_bench", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check_config(commands)
    _add_corpus(commands)
    _add_measure(commands)
    _add_schemas(commands)
    _add_publish(commands)
    _add_compare(commands)
    _add_compare_builds(commands)
    _add_results_doc(commands)
    _add_advise(commands)
    _add_hostile_matrix(commands)
    _add_calibrate(commands)
    simulate = commands.add_parser("simulate", help="serve a corpus as a STAC API with a think time, limits and faults")
    # The server's options bring its imports along, which the other commands do without.
    if "simulate" in (sys.argv[1:] if arguments is None else arguments):
        from ingest_bench.simulator.cli import add_arguments, run  # noqa: PLC0415 - see above

        add_arguments(simulate)
        simulate.set_defaults(run=run)
    return parser


def _add_check_config(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("check-config", help="check a configuration and say what it would measure")
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=_check_config)


def _add_corpus(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("corpus", help="build one corpus, or look at one of your own")
    command.add_argument("--config", type=Path, required=True, metavar="FILE")
    command.add_argument("--name", required=True, help="of the corpus, as in the configuration")
    command.add_argument("--results", help="folder for everything made, instead of the configuration's")
    command.add_argument("--workers", type=int, default=1, help="processes that build at once (default: 1)")
    command.set_defaults(run=_corpus)


def _add_measure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("measure", help="measure one cell of the matrix")
    command.add_argument("--config", type=Path, required=True, metavar="FILE")
    command.add_argument("--scenario", required=True)
    command.add_argument("--arm", required=True)
    command.add_argument("--concurrency", type=int, required=True)
    command.add_argument("--results", help="folder that holds the corpora, instead of the configuration's")
    command.add_argument("--output", type=Path, help="file of the cell; in its place below the results when unset")
    command.add_argument("--attempt", type=int, default=1, help="which try this is, kept with the cell (default: 1)")
    command.set_defaults(run=_measure)


def _add_schemas(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("schemas", help="write the JSON schemas of the configuration and of the results")
    command.add_argument("folder", type=Path, metavar="DIR")
    command.set_defaults(run=_schemas)


def _add_publish(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "publish", help="keep a run's report in the documentation, and open the README with it"
    )
    command.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    command.add_argument("--docs", type=Path, default=Path("docs/run"), metavar="DIR")
    command.add_argument("--readme", type=Path, default=Path("README.md"), metavar="FILE")
    command.set_defaults(run=_publish)


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "compare",
        help="judge a run against an earlier one",
        description="Judge a run against an earlier one, cell by cell. Exit code 0: no regression beyond noise; "
        "1: a regression; 2: a file can't be used, or the machine was too busy to tell.",
    )
    command.add_argument("baseline", type=Path, metavar="BASELINE", help="benchmark_results.json of the earlier run")
    default = Path("results/benchmark_results.json")
    command.add_argument(
        "current", type=Path, nargs="?", default=default, help=f"that of this run (default: {default})"
    )
    command.add_argument("--output", type=Path, metavar="DIR", help="for compare.md and .json (default: CURRENT's)")
    command.set_defaults(run=_compare)


def _add_compare_builds(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "compare-builds",
        help="measure cells of this build and of an earlier commit in pairs",
        description="Measure cells and commands of this build and of an earlier commit in pairs on this machine. The "
        "commit gets an environment of its own, made once. Exit code 0: all have a time; 1: one failed, or the builds "
        "delivered different things; 2: bad usage.",
    )
    command.add_argument("ref", metavar="REF", help="the earlier commit, as git understands it")
    command.add_argument(
        "--cells", nargs="+", metavar="NAME", help="scenario/arm-concurrency, or commands/NAME (default: a few of each)"
    )
    command.add_argument("--pairs", type=int, default=7, metavar="N", help="of each (default: %(default)s)")
    command.add_argument(
        "--config", type=Path, default=Path("config.yaml"), metavar="FILE", help="(default: %(default)s)"
    )
    output = Path("results/compare-builds.json")
    command.add_argument(
        "--output", type=Path, default=output, metavar="FILE", help=f"a .md goes beside it (default: {output})"
    )
    folder = Path("results/builds")
    command.add_argument(
        "--folder", type=Path, default=folder, metavar="DIR", help=f"for builds and corpora (default: {folder})"
    )
    command.add_argument(
        "--base-python",
        type=Path,
        metavar="PYTHON",
        help="run the earlier commit with this interpreter and its packages, instead of an environment of its own",
    )
    command.set_defaults(run=_compare_builds)


def _add_results_doc(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("results-doc", help="write what each field of the results means")
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=_results_doc)


def _add_advise(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("advise", help="say what to use, and write the design document and the settings")
    command.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    command.set_defaults(run=_advise)


def _add_hostile_matrix(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("hostile-matrix", help="see what STAC clients deliver from hostile servers")
    command.add_argument("--output", type=Path, required=True, metavar="FILE", help="the table, as Markdown")
    command.add_argument("behaviours", nargs="*", metavar="BEHAVIOUR", help="which; all when none is given")
    command.set_defaults(run=_hostile_matrix)


def _add_calibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "calibrate",
        help="try the harness on systems whose truth is known",
        description="Try the harness on systems whose truth is known. Exit code 0: all limits kept; 1: one was not.",
    )
    output = Path("results/calibration.json")
    command.add_argument("--output", type=Path, default=output, metavar="FILE", help=f"(default: {output})")
    command.add_argument("--runs", type=int, default=400, help="in virtual time (default: %(default)s)")
    command.add_argument("--no-wall", dest="wall", action="store_false", help="leave out the cells with real processes")
    command.set_defaults(run=_calibrate)


def _check_config(options: argparse.Namespace) -> None:
    from ingest_bench.matrix import cells, load_settings  # noqa: PLC0415 - one command's imports are not another's

    settings = load_settings(options.file)
    planned = cells(settings)
    print(f"{len(planned)} cells in {len(settings.scenarios)} scenarios, {len(settings.corpora)} corpora")
    for name, scenario in settings.scenarios.items():
        mine = [cell for cell in planned if cell.scenario == name]
        baseline = scenario.baseline
        null = sum(cell.null for cell in mine)
        print(
            f"  {name}: {len(mine)} cells on {scenario.corpus}, against {baseline.arm} at {baseline.concurrency}"
            + ("" if null else f" on {baseline.corpus} (no null cell)")
        )


def _corpus(options: argparse.Namespace) -> None:
    from ingest_bench.corpora import build_corpus, describe_corpus  # noqa: PLC0415 - one command's imports
    from ingest_bench.sides import corpus_folder, manifest_file  # noqa: PLC0415 - are not another's

    settings = _settings(options)
    corpus = settings.corpora.get(options.name)
    if corpus is None:
        raise SettingsError(f"corpora.{options.name}: not one of {', '.join(settings.corpora)}")
    manifest = manifest_file(settings, options.name)
    if corpus.generated:
        build_corpus(settings, options.name, corpus_folder(settings, options.name), manifest, options.workers)
    else:
        describe_corpus(settings, options.name, manifest)
    print(manifest)


def _measure(options: argparse.Namespace) -> None:
    from ingest_bench.matrix import cell_file, find_cell  # noqa: PLC0415 - one command's imports
    from ingest_bench.sampling import measure_to_file  # noqa: PLC0415 - are not another's

    settings = _settings(options)
    spec = find_cell(settings, options.scenario, options.arm, options.concurrency)
    output = options.output or Path(settings.results) / cell_file(spec)
    cell = measure_to_file(settings, spec, output=output, attempt=options.attempt)
    if cell.ratio:
        print(f"{cell.ratio.median:.2f}x ({cell.ratio.low:.2f} to {cell.ratio.high:.2f}), {cell.ratio.pairs} pairs")
    if not cell.parity.ok:
        print(f"not what the corpus holds: {cell.parity.reason}")
    print(output)


def _schemas(options: argparse.Namespace) -> None:
    from ingest_bench.schemas import write_schemas  # noqa: PLC0415 - one command's imports are not another's

    for path in write_schemas(options.folder):
        print(path)


def _publish(options: argparse.Namespace) -> None:
    from ingest_bench.reporting.publish import publish  # noqa: PLC0415 - one command's imports are not another's

    publish(options.results, options.docs, options.readme)


def _compare(options: argparse.Namespace) -> int:
    from ingest_bench.comparison import as_text, compare_files  # noqa: PLC0415 - one command's imports

    found = compare_files(options.baseline, options.current, options.output or options.current.parent)
    print(as_text(found))
    if found.of("worse"):
        return REGRESSION
    return BAD_INPUT if found.undecided else OK


def _compare_builds(options: argparse.Namespace) -> int:
    from ingest_bench.builds.build import base_build  # noqa: PLC0415 - one command's imports
    from ingest_bench.builds.compare import DEFAULT_CELLS, compare_builds  # noqa: PLC0415 - are not
    from ingest_bench.builds.render import as_text, write  # noqa: PLC0415 - another's

    if options.pairs < 2:  # noqa: PLR2004 - a spread takes two
        raise SettingsError(f"--pairs: {options.pairs} is less than 2")
    found = compare_builds(
        lambda: base_build(options.ref, options.folder, options.base_python),
        options.config,
        options.cells or DEFAULT_CELLS,
        pairs=options.pairs,
        folder=options.folder,
    )
    write(found, options.output)
    print(as_text(found))
    return FAILED if any(case.reason for case in found.cases) else OK


def _results_doc(options: argparse.Namespace) -> None:
    from ingest_bench.results_doc import write_results_doc  # noqa: PLC0415 - one command's imports are not another's

    write_results_doc(options.file)
    print(options.file)


def _advise(options: argparse.Namespace) -> None:
    from ingest_bench.design.document import advise_folder  # noqa: PLC0415 - one command's imports are not another's

    for line in advise_folder(options.results):
        print(line)


def _hostile_matrix(options: argparse.Namespace) -> None:
    from ingest_bench.hostile_matrix.run import run_matrix  # noqa: PLC0415 - one command's imports are not another's

    run_matrix(options.output, options.behaviours)


def _calibrate(options: argparse.Namespace) -> int:
    from ingest_bench.calibration.run import calibrate  # noqa: PLC0415 - one command's imports are not another's

    if options.runs < 1:
        raise SettingsError(f"--runs: {options.runs} is less than 1")
    record = calibrate(options.output, runs=options.runs, wall=options.wall)
    for line in record.lines:
        print(line)
    print(options.output)
    return FAILED if record.failures else OK


def _settings(options: argparse.Namespace) -> Settings:
    from ingest_bench.matrix import load_settings  # noqa: PLC0415 - one command's imports are not another's

    settings = load_settings(options.config)
    return settings.model_copy(update={"results": options.results}) if options.results else settings


if __name__ == "__main__":
    sys.exit(main())
