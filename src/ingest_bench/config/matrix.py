"""From `config.yaml` to the cells of the matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from ingest_bench.arms.base import NO_OUTPUT
from ingest_bench.config.arm import Arm
from ingest_bench.config.checks import check, check_places
from ingest_bench.config.models import Corpus, Sampling, Scenario, Search, Settings
from ingest_bench.config.server import Server
from ingest_bench.errors import SettingsError
from stac_ingest.core.messages import one_line

Role = Literal["baseline", "candidate"]
ROLES: tuple[Role, Role] = ("baseline", "candidate")


@dataclass(frozen=True, slots=True)
class CellSide:
    """What one side of a cell runs, on what, with all defaults resolved."""

    arm: str
    options: Arm
    """The arm's settings."""
    concurrency: int
    corpus: str
    corpus_options: Corpus
    """The corpus's settings."""
    server: Server | None
    """How its server behaves; None where it reads files or the user's own API."""
    output: str | None
    """What the stages behind the ingest end in: a format, `NO_OUTPUT`, or None where there are none."""


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """One cell of the matrix: a scenario, an arm, a concurrency; and what it is compared with."""

    scenario: str
    group: str
    label: str
    cache: Literal["warm", "cold"]
    picked: str | None
    """The one file of the corpora that is read; None: all."""
    search: Search | None
    """What is looked for; None: everything."""
    before: str | None
    """The corpus of the last run, where commands go on from that."""
    before_options: Corpus | None
    """That corpus's settings."""
    killed: bool
    """Whether commands are killed, and timed is what they take to finish."""
    sampling: Sampling
    candidate: CellSide
    baseline: CellSide

    @property
    def arm(self) -> str:
        """The candidate's arm."""
        return self.candidate.arm

    @property
    def concurrency(self) -> int:
        """The candidate's level."""
        return self.candidate.concurrency

    @property
    def corpus(self) -> str:
        """The candidate's corpus."""
        return self.candidate.corpus

    @property
    def name(self) -> str:
        """How texts and files call it."""
        return f"{self.scenario}/{self.arm}-{self.concurrency}"

    @property
    def file(self) -> str:
        """Its file, below the folder of results."""
        return f"cells/{self.name}.json"

    def round_file(self, number: int) -> str:
        """Give the file of the pairs that a round adds, below the folder of results."""
        return f"pairs/{self.name}/round-{number}.json"

    @property
    def is_null_cell(self) -> bool:
        """Whether it is the baseline against itself, which shows the noise."""
        return self.candidate == self.baseline

    @property
    def corpora(self) -> dict[str, Corpus]:
        """The corpora that it reads by name, its own first."""
        earlier = {self.before: self.before_options} if self.before and self.before_options else {}
        return {side.corpus: side.corpus_options for side in (self.candidate, self.baseline)} | earlier

    def side(self, role: Role) -> CellSide:
        """Return one of its sides."""
        return self.baseline if role == "baseline" else self.candidate


def load_settings(origin: str | Path | dict[str, Any], *, elsewhere: bool = False) -> Settings:
    """Read and check the settings, from a YAML file or as parsed already.

    Args:
        origin: the file, or what was parsed.
        elsewhere: whether they are of a run on any machine, so that the user's files that they name needn't be here.

    Raises:
        SettingsError: one line that names the key, what it is and what is allowed.

    """
    content = origin if isinstance(origin, dict) else _read(Path(origin))
    try:
        settings = Settings.model_validate(content)
    except ValidationError as error:
        raise SettingsError(one_line(error, Settings)) from None
    check(settings)
    if not elsewhere:
        check_places(settings)
    return settings


def cells(settings: Settings) -> list[PlannedCell]:
    """List every cell of the matrix, in the order of the configuration."""
    return [cell for name in settings.scenarios for cell in _cells_of(settings, name)]


def find_cell(settings: Settings, scenario: str, arm: str, concurrency: int) -> PlannedCell:
    """Find one cell.

    Raises:
        SettingsError: the matrix has no such cell.

    """
    for cell in _cells_of(settings, scenario) if scenario in settings.scenarios else ():
        if (cell.arm, cell.concurrency) == (arm, concurrency):
            return cell
    raise SettingsError(f"scenarios.{scenario}.arms.{arm}: the matrix has no such cell at concurrency {concurrency}")


def _cells_of(settings: Settings, name: str) -> Iterator[PlannedCell]:
    scenario = settings.scenarios[name]
    base = scenario.baseline
    baseline = _side(settings, scenario, base.arm, base.concurrency, base.corpus or scenario.corpus)
    for arm, options in scenario.arms.items():
        for level in options.concurrency:
            yield PlannedCell(
                scenario=name,
                group=scenario.group,
                label=options.label or arm.replace("_", " "),
                cache=scenario.cache,
                picked=scenario.file,
                search=scenario.search,
                before=scenario.before,
                before_options=settings.corpora[scenario.before] if scenario.before else None,
                killed=scenario.killed,
                sampling=scenario.sampling or settings.sampling,
                candidate=_side(settings, scenario, arm, level, scenario.corpus),
                baseline=baseline,
            )


def _side(settings: Settings, scenario: Scenario, arm: str, concurrency: int, corpus: str) -> CellSide:
    options = scenario.arms[arm]
    output = scenario.pipeline.output if scenario.pipeline and options.skip != "consumer" else None
    return CellSide(
        arm=arm,
        options=options,
        concurrency=concurrency,
        corpus=corpus,
        corpus_options=settings.corpora[corpus],
        server=options.server or scenario.server,
        output=NO_OUTPUT if output and options.skip == "output" else output,
    )


def _read(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - Snakemake hands over a parsed configuration and needs no parser here

    try:
        parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read: {error}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(parsed, dict):
        raise SettingsError(f"{path}: holds {type(parsed).__name__}, not a mapping of settings")
    return parsed
