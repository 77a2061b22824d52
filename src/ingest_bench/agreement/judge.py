"""What several runs advise, and where two of them contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

from ingest_bench.agreement.records import Agreement, Contradiction, Done, ModeAdvice, RunAdvice
from ingest_bench.analysis.race import TOLERANCE
from ingest_bench.analysis.recommendations import ModeRecommendation, recommend_modes, recommend_scenarios
from ingest_bench.config.models import Settings
from ingest_bench.results.models import Results

Advice = Mapping[str, ModeRecommendation]


def judge(runs: Mapping[str, tuple[Results, Done | None]]) -> Agreement:
    """Hold what several runs advise against each other.

    Two runs contradict each other in a mode if each has decided it, and the pairs of one show, by its 95% interval,
    that the other's choice loses more than the tolerance against its own.

    Args:
        runs: by name, all of one configuration; with what the driver knows of each.

    Returns:
        What each advises, and each contradiction.

    """
    tolerance = max((_tolerance(results) for results, _ in runs.values()), default=TOLERANCE)
    advice = {name: _advice(results) for name, (results, _) in runs.items()}
    contradictions, unmeasured = [], []
    for one, other in permutations(advice, 2):
        for mode in advice[one].keys() & advice[other].keys():
            found = _against(mode, (one, advice[one][mode]), (other, advice[other][mode]), tolerance)
            if isinstance(found, str):
                unmeasured.append(found)
            elif found is not None:
                contradictions.append(found)
    return Agreement(
        tolerance=tolerance,
        runs=[_run(name, results, done, advice[name]) for name, (results, done) in runs.items()],
        contradictions=sorted(contradictions, key=lambda one: (one.mode, one.one, one.other)),
        unmeasured=sorted(unmeasured),
    )


def _advice(results: Results) -> Advice:
    return recommend_modes(recommend_scenarios(results), _tolerance(results))


def _tolerance(results: Results) -> float:
    return Settings.model_validate(results.config).tolerance


def _run(name: str, results: Results, done: Done | None, advice: Advice) -> RunAdvice:
    first = results.rounds[0].spent_s if results.rounds else None
    modes = {mode: _mode(found) for mode, found in advice.items()}
    return RunAdvice(name=name, done=done, first_pass_s=first, modes=modes)


def _mode(found: ModeRecommendation) -> ModeAdvice:
    verdict = found.verdict
    return ModeAdvice(
        status=verdict.status,
        use=found.use.label if found.use else None,
        pairs=min((option.estimate.pairs for option in found.chosen), default=0),
        loss=verdict.loss,
    )


def _against(
    mode: str, one: tuple[str, ModeRecommendation], other: tuple[str, ModeRecommendation], tolerance: float
) -> Contradiction | str | None:
    """Hold one run's choice against what another run has measured; the words say why that can't be told."""
    (name, advice), (other_name, others) = one, other
    if not (advice.verdict.decided and others.verdict.decided and advice.use and others.use):
        return None
    key, best = advice.use.key, others.use.key
    if key == best:
        return None
    if key not in others.options:
        return f"{mode}: {other_name} has too few pairs of {advice.use.label}, which {name} chooses"
    ratio = others.versus(best, key)
    if ratio.low * (1 - tolerance) <= 1:
        return None
    return Contradiction(
        mode=mode,
        one=name,
        use=advice.use.label,
        other=other_name,
        better=others.use.label,
        low=ratio.low,
        median=ratio.median,
        high=ratio.high,
    )


def undecided(agreement: Agreement) -> Iterator[tuple[str, str]]:
    """Yield each run and mode without a decision."""
    for run in agreement.runs:
        yield from ((run.name, mode) for mode, advice in run.modes.items() if advice.status != "decided")
