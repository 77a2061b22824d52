"""Runs that are held against each other: which advice contradicts which, and what isn't said."""

from __future__ import annotations

import pytest

from factories import QUEUE, arm, fake_cell, fake_pairs, matrix, scenario
from ingest_bench.agreement.judge import judge
from ingest_bench.agreement.page import page
from ingest_bench.agreement.repeated import read_results
from ingest_bench.config.models import Settings
from ingest_bench.errors import ComparisonError
from ingest_bench.results.models import Results

CONFIG = matrix(
    {"files": ("item_files", 100)},
    files=scenario(arms={"sequential": arm(), "queue": arm(2, 5, settings=QUEUE)}),
)
NOISE = (0.99, 1.0, 1.01, 0.995, 1.005, 1.0)


def run(queue_2, queue_5, pairs=6):
    """Make the results of a run in which the levels of the queue are so many times as fast as one after another."""
    speeds = {("sequential", 1): 1.0, ("queue", 2): queue_2, ("queue", 5): queue_5}
    cells = []
    for (name, level), speed in speeds.items():
        null = name == "sequential"
        ratios = [1.0] * pairs if null else [speed * noise for noise in NOISE[:pairs]]
        more = {"concurrency": level, "is_null_cell": null}
        cells.append(fake_cell("files", name, fake_pairs(ratios), ratios, **more))
    config = Settings.model_validate(CONFIG).model_dump(mode="json")
    return Results.model_construct(config=config, cells=cells, rounds=[])


def contradictions(**runs):
    return judge({name: (results, None) for name, results in runs.items()}).contradictions


def test_runs_of_one_advice_agree():
    """Two runs that choose the same don't contradict each other."""
    assert contradictions(a=run(1.5, 1.0), b=run(1.4, 1.0)) == []


def test_a_choice_that_loses_by_another_run_is_a_contradiction():
    """Where both are decided and their pairs show a loss of 20%, both are named, with the interval."""
    found = contradictions(a=run(1.5, 1.2), b=run(1.2, 1.5))
    assert {(one.one, one.other) for one in found} == {("a", "b"), ("b", "a")}
    assert all(one.low <= 1.25 <= one.high for one in found)
    assert {one.use for one in found} == {"queue at 2", "queue at 5"}


def test_what_does_not_matter_is_no_contradiction():
    """Two choices that lose less than the tolerance by each other's pairs agree, whichever is ahead."""
    assert contradictions(a=run(1.5, 1.46), b=run(1.44, 1.52)) == []


@pytest.mark.parametrize("pairs", [1, 2])
def test_a_run_without_a_decision_contradicts_nothing(pairs):
    """A run with too few pairs advises nothing, so nothing contradicts it; the page says that it is open."""
    agreement = judge({"a": (run(1.5, 1.2), None), "b": (run(1.2, 1.5, pairs), None)})
    assert agreement.contradictions == []
    assert "## Not decided\n\n- b: " in page(agreement)


def test_the_page_tells_each_contradiction():
    """The page has a row for each run, and a sentence for each contradiction."""
    text = page(judge({"a": (run(1.5, 1.2), None), "b": (run(1.2, 1.5), None)}))
    assert "**2 contradictions.**" in text
    assert "a chooses queue at 2; by b, queue at 5 is 1.25x as fast" in text
    assert "No two runs contradict each other." in page(judge({"a": (run(1.5, 1.2), None)}))


def test_runs_of_before_and_other_files_are_told(tmp_path):
    """What is no results file, or of a version that can't be read, ends in a sentence."""
    for name, text, words in (
        ("a.json", "{", "is not JSON"),
        ("b.json", '{"schema_version": "9.0"}', "has the schema_version 9.0"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(ComparisonError, match=words):
            read_results(tmp_path / name)
    with pytest.raises(ComparisonError, match="can't be read"):
        read_results(tmp_path / "c.json")


def test_a_run_of_other_settings_is_refused_in_one_sentence(tmp_path):
    """Results whose settings this version doesn't know have no advice: the message names the file and the key."""
    results = run(1.5, 1.0)
    results = Results(seed=0, created_at=0, config=results.config, corpora={}, cells=results.cells)
    results.config["scenarios"]["files"]["unheard_of"] = 1
    (tmp_path / "benchmark_results.json").write_text(results.model_dump_json())
    with pytest.raises(ComparisonError, match=r"^\S+benchmark_results.json: .*unheard_of"):
        read_results(tmp_path)
