"""The first screen: what to change in a pipeline, what that brings, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ingest_bench.analysis.speedup import median_of, relative_width
from ingest_bench.report.blocks import Block, Paragraph, Points
from ingest_bench.report.formatting import counted, listed, pasted, safe, sentence, speed_up, times, whole
from ingest_bench.report.kinds import KINDS, of_kind
from ingest_bench.report.model.cell import Row
from ingest_bench.report.model.ranking import recommended, rival, same_as_baseline
from ingest_bench.report.model.scenario import View
from ingest_bench.report.model.study import Study
from ingest_bench.report.model.warnings import FEW_PAIRS, NOISY
from ingest_bench.report.text.recommendation import what_to_do

Choice = tuple[View, Row]
APPLY = "In brackets are settings of `stac_ingest`; `--config recommended_ingest.yaml` takes all of them."


def first_screen(study: Study) -> list[Block]:
    """Say how good the numbers are, what to do, how sure that is and why."""
    lines = what_to_do(study) if advice(study) else []
    told: Block = Points(lines) if lines else Paragraph("Nothing can be recommended: no cell can be judged.")
    word = quality(study)
    return [
        Paragraph(f"{_gist(study, word)} {APPLY if lines else ''}".rstrip()),
        told,
        Paragraph(_reasons(study, word)),
    ]


def by_source(study: Study) -> list[Block]:
    """Say scenario by scenario what to change there, the largest effect first."""
    lines = advice(study)
    return [Points(lines)] if lines else [Paragraph("No cell can be judged.")]


def advice(study: Study) -> list[str]:
    """Give a line for each thing that a pipeline reads, the largest effect first."""
    found = [
        (kind.subject, [(view, row) for view in of_kind(study, kind) if (row := recommended(view))])
        for kind in KINDS
        if kind.subject
    ]
    known = sorted(((subject, rows) for subject, rows in found if rows), key=lambda each: -_effect(each[1]))
    return [f"**{subject}.** {_told(choices)}" for subject, choices in known]


def quality(study: Study) -> str:
    """Judge the numbers: good where no scenario is noisy, fair where at most half of them are, else poor."""
    noises = [view.noise for view in study.views if view.noise]
    noisy = sum(relative_width(noise) > NOISY for noise in noises)
    return "good" if noises and not noisy else "fair" if 2 * noisy <= len(noises) and noises else "poor"


def settings_told(row: Row) -> str:
    """Write the settings of the package that make a way, for pasting."""
    return pasted({"concurrency": row.level, **row.arm.settings})


def _gist(study: Study, word: str) -> str:
    noise = median_of(noise for noise, _ in study.noises)
    if noise is None:
        return f"The numbers are **{word}**: no baseline was measured against itself."
    least = times(noise)
    return f"The numbers are **{word}**: in the typical scenario an effect below {least} can't be told from noise."


def _reasons(study: Study, word: str) -> str:
    cells, doubts = study.results.cells, len(study.cautions)
    right = sum(cell.parity.ok for cell in cells)
    few = sum(cell.speedup is None or cell.speedup.pairs <= FEW_PAIRS for cell in cells)
    parts = []
    if study.noises:
        worst, where = study.noises[0]
        parts.append(
            f"in the noisiest scenario, {safe(where.title)}, the baseline differs from itself by up to {times(worst)}"
        )
    parts.append(f"{right} of {counted(len(cells), 'cell')} deliver exactly what the corpus holds")
    parts.append(f"{few} rest on {FEW_PAIRS} pairs or fewer" if few else f"all rest on more than {FEW_PAIRS} pairs")
    see = f" See the [{counted(doubts, 'warning')}](#warnings)." if doubts else " Nothing is to be warned of."
    return f"**Why {word}**: {'; '.join(parts)}.{see}"


def _gains(view: View, row: Row) -> bool:
    return row.standing.median > 1 and not same_as_baseline(view, row)


def _effect(choices: Sequence[Choice]) -> float:
    return max(math.log(row.standing.median) if _gains(view, row) else 0.0 for view, row in choices)


def _told(choices: Sequence[Choice]) -> str:
    """Put scenarios together in which the same is recommended with the same certainty; what changes nothing, last."""
    groups: dict[tuple[str, ...], list[Choice]] = {}
    kept: dict[str, list[Choice]] = {}
    instead: list[Choice] = []
    for view, row in choices:
        if _gains(view, row):
            other = rival(view)
            groups.setdefault((row.name, settings_told(row), other.name if other else ""), []).append((view, row))
        elif not row.cell.baseline_parity.ok:
            instead.append((view, row))
        else:
            same = same_as_baseline(view, row)
            kept.setdefault("no difference is known" if same else "every other way is slower", []).append((view, row))
    ordered = sorted(groups.items(), key=lambda each: -_effect(each[1]))
    parts = [_part(group, other, several=len(choices) > len(group)) for (*_, other), group in ordered]
    parts += [_instead(view, row, several=len(choices) > 1) for view, row in instead]
    parts += [_kept(group, why, several=len(choices) > len(group)) for why, group in kept.items()]
    return " ".join(parts)


def _part(group: Sequence[Choice], other: str, *, several: bool) -> str:
    return f"{_use(group, several=several)}: {_gain(group)}. {_how_sure(group, other)}"


def _use(group: Sequence[Choice], *, several: bool) -> str:
    _, row = group[0]
    where = f"with {_titles(group)}, " if several else ""
    settings = f" ({settings_told(row)})" if row.own else ""
    return f"{sentence(f'{where}use')} **{safe(row.name)}**{settings}"


def _kept(group: Sequence[Choice], why: str, *, several: bool) -> str:
    baselines = listed(list(dict.fromkeys(safe(view.baseline) for view, _ in group)))
    where = f" with {_titles(group)}" if several else ""
    return f"Keep {baselines}{where}: *{why}*."


def _instead(view: View, row: Row, *, several: bool) -> str:
    """Recommend a way that is no faster than a baseline which nobody should keep, since it delivers something else."""
    why = "no difference in time is known" if same_as_baseline(view, row) else "it takes longer"
    way = _use([(view, row)], several=several)
    return f"{way}: {safe(view.baseline)} doesn't deliver what the corpus holds; *{why}*."


def _titles(group: Sequence[Choice]) -> str:
    return listed([safe(view.title) for view, _ in group])


def _gain(group: Sequence[Choice]) -> str:
    gains = listed([speed_up(row.standing) for _, row in group])
    baselines = list(dict.fromkeys(safe(view.baseline) for view, _ in group))
    memory = max(row.peak_mib or 0.0 for _, row in group)
    return f"{gains} as fast as {listed(baselines)}" + (f", at {whole(memory)} MiB" if memory else "")


def _how_sure(group: Sequence[Choice], other: str) -> str:
    pairs = sorted(row.standing.pairs for _, row in group)
    on = f"{pairs[0]}" if pairs[0] == pairs[-1] else f"{pairs[0]} to {pairs[-1]}"
    unlike = any(not row.cell.baseline_parity.ok for _, row in group)
    told = f"*Beyond noise*, on {on} pairs" + (", though the baseline does other work" if unlike else "")
    return f"{told}; *undecided* against {safe(other)}." if other else f"{told}."
