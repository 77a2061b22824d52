"""From `config.yaml` to the cells of the matrix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from ingest_bench.arms.base import NO_OUTPUT
from ingest_bench.config.checks import check
from ingest_bench.config.models import Arm, Corpus, Sampling, Scenario, Settings
from ingest_bench.errors import SettingsError
from stac_ingest.core.messages import one_line

Role = Literal["baseline", "candidate"]
ROLES: tuple[Role, Role] = ("baseline", "candidate")


@dataclass(frozen=True, slots=True)
class CellSpec:
    """One cell of the matrix: a scenario, an arm, a concurrency; and what it is compared with."""

    scenario: str
    group: str
    arm: str
    concurrency: int
    label: str
    cache: Literal["warm", "cold"]
    corpus: str
    baseline_arm: str
    baseline_concurrency: int
    baseline_corpus: str
    known_defect: str | None

    @property
    def is_null_cell(self) -> bool:
        """Whether it is the baseline against itself, which shows the noise."""
        return (self.arm, self.concurrency, self.corpus) == (
            self.baseline_arm,
            self.baseline_concurrency,
            self.baseline_corpus,
        )

    @property
    def corpora(self) -> tuple[str, ...]:
        """Name the corpora that it reads, its own first."""
        return tuple(dict.fromkeys((self.corpus, self.baseline_corpus)))


def load_settings(origin: str | Path | dict[str, Any]) -> Settings:
    """Read and check the settings, from a YAML file or as parsed already.

    Raises:
        SettingsError: one line that names the key, what was found and what is allowed.

    """
    found = origin if isinstance(origin, dict) else _read(Path(origin))
    try:
        settings = Settings.model_validate(found)
    except ValidationError as error:
        raise SettingsError(one_line(error, Settings)) from None
    check(settings)
    return settings


def cells(settings: Settings) -> list[CellSpec]:
    """List every cell of the matrix, in the order of the configuration."""
    return [
        _cell(name, scenario, arm, level)
        for name, scenario in settings.scenarios.items()
        for arm, options in scenario.arms.items()
        for level in options.concurrency
    ]


def find_cell(settings: Settings, scenario: str, arm: str, concurrency: int) -> CellSpec:
    """Find one cell.

    Raises:
        SettingsError: the matrix has no such cell.

    """
    for cell in cells(settings):
        if (cell.scenario, cell.arm, cell.concurrency) == (scenario, arm, concurrency):
            return cell
    raise SettingsError(f"scenarios.{scenario}.arms.{arm}: the matrix has no such cell at concurrency {concurrency}")


def cell_file(spec: CellSpec) -> str:
    """Name the file of a cell, below the folder of results."""
    return f"cells/{spec.scenario}/{spec.arm}-{spec.concurrency}.json"


def arm_of(settings: Settings, spec: CellSpec, role: Role) -> Arm:
    """Give the settings of one side of a cell."""
    return settings.scenarios[spec.scenario].arms[spec.baseline_arm if role == "baseline" else spec.arm]


def corpus_of(settings: Settings, spec: CellSpec, role: Role) -> tuple[str, Corpus]:
    """Give the name and the settings of the corpus that one side of a cell reads."""
    name = spec.baseline_corpus if role == "baseline" else spec.corpus
    return name, settings.corpora[name]


def output_of(settings: Settings, spec: CellSpec, role: Role) -> str | None:
    """Name what the stages after the ingest of one side end in: a format, `NO_OUTPUT`, or None without stages."""
    pipeline, left_out = settings.scenarios[spec.scenario].pipeline, arm_of(settings, spec, role).skip
    if pipeline is None or left_out == "consumer":
        return None
    return NO_OUTPUT if left_out == "output" else pipeline.output


def sampling_of(settings: Settings, spec: CellSpec) -> Sampling:
    """Give the sampling settings of a cell: its scenario's own, or the general ones."""
    return settings.scenarios[spec.scenario].sampling or settings.sampling


def _cell(name: str, scenario: Scenario, arm: str, level: int) -> CellSpec:
    options = scenario.arms[arm]
    return CellSpec(
        scenario=name,
        group=scenario.group,
        arm=arm,
        concurrency=level,
        label=options.label or arm.replace("_", " "),
        cache=scenario.cache,
        corpus=scenario.corpus,
        baseline_arm=scenario.baseline.arm,
        baseline_concurrency=scenario.baseline.concurrency,
        baseline_corpus=scenario.baseline.corpus or scenario.corpus,
        known_defect=options.known_defect,
    )


def _read(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - Snakemake hands over a parsed configuration and needs no parser here

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read: {error}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise SettingsError(f"{path}: holds {type(found).__name__}, not a mapping of settings")
    return found
