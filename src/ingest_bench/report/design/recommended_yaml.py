"""`recommended_ingest.yaml`: settings that `stac_ingest` takes, each section with its evidence."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from ingest_bench.analysis.by_scenario import Mode, ScenarioRecommendation
from ingest_bench.analysis.by_source_type import ModeRecommendation
from ingest_bench.analysis.candidates import Option
from ingest_bench.arms.layouts import SECTIONS
from ingest_bench.report.formatting import counted, plain, speed_up
from ingest_bench.report.model.certainty import MODE_NAMES, how_sure
from ingest_bench.report.text.recommendation import costs

HEAD = (
    "Settings that this run recommends, for each kind of source. The command chooses the section by the source:",
    "  python -m stac_ingest SOURCE --config recommended_ingest.yaml --to ndjson --output DIR",
    "In code: IngestConfig takes a section with `source` added.",
)
WIDTH = 116


def recommended_yaml(modes: Mapping[Mode, ModeRecommendation], scenarios: Sequence[ScenarioRecommendation]) -> str:
    """Write the settings of every mode that was measured, with comments that say what they rest on."""
    lines = [f"# {line}" for line in HEAD]
    for mode, section in SECTIONS.items():
        advice = modes.get(mode)
        if advice is None or advice.use is None:
            lines += ["", f"# {mode}: not measured, or nothing of it could be used."]
            continue
        lines += ["", *_comments(_evidence(advice)), f"{mode}:", f"  mode: {section.mode}"]
        lines += [f"  {name}: {json.dumps(value)}" for name, value in _settings(advice.use).items()]
        lines += _apart(advice, [each for each in scenarios if each.mode == mode])
    return "\n".join(lines) + "\n"


def _settings(option: Option) -> dict[str, object]:
    """Name what was chosen, defaults included: what is not written can't be seen to be meant."""
    pages = {"limit": option.page_size} if option.page_size else {}
    rest = {name: value for name, value in option.settings.items() if name not in ("concurrency", "limit")}
    return {"concurrency": option.concurrency, **rest, **pages}


def _evidence(advice: ModeRecommendation) -> Iterator[str]:
    for scenario, option in zip(advice.deciding, advice.chosen, strict=True):
        ratio = option.speedup
        if option.cell.is_null_cell or ratio is None:
            told = "the baseline itself"
        else:
            told = f"{speed_up(ratio)} as fast as {scenario.scenario.baseline_label}, {counted(ratio.pairs, 'pair')}"
        yield f"{MODE_NAMES[advice.mode]}: {option.label}: {told} (cell {option.name})."
    yield _bare(how_sure(advice.verdict, advice.options_named))
    yield f"It takes {costs(advice.chosen)}."


def _apart(advice: ModeRecommendation, scenarios: Sequence[ScenarioRecommendation]) -> Iterator[str]:
    """Give the settings of scenarios that ask for others, to be taken instead where they fit."""
    unlike = [*advice.better_elsewhere, *advice.chosen_elsewhere]
    for scenario in (each for each in scenarios if each in unlike):
        option = scenario.use
        if option is not None:
            doubt = "" if scenario.verdict.decided else " (undecided)"
            settings = ", ".join(f"{name}: {json.dumps(value)}" for name, value in _settings(option).items())
            told = (
                f"Where it is as in {scenario.name}, {scenario.scenario.title}{doubt} (cell {option.name}): {settings}"
            )
            yield from (f"  {line}" for line in _comments([told]))


def _comments(texts: Iterator[str] | Sequence[str]) -> list[str]:
    """Wrap comments; foreign words are one printable line, so none of them can end the comment."""
    wrapped = (textwrap.wrap(plain(text), WIDTH, break_long_words=False, break_on_hyphens=False) for text in texts)
    return [f"# {line}" for lines in wrapped for line in lines]


def _bare(markdown: str) -> str:
    """Take Markdown's emphasis and escapes out."""
    return markdown.replace("**", "").replace("\\", "")
