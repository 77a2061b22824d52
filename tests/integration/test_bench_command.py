"""The command `python -m ingest_bench`, and how it speaks to a user."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from factories import arm, matrix, scenario
from ingest_bench.__main__ import main

CONFIG = matrix(
    {"files": ("item_files", 5), "more": ("item_files", 6)},
    small=scenario(arms={"one": arm(1, 2)}),
    growth=scenario("more", {"one": arm()}, baseline={"arm": "one", "corpus": "files"}),
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a good configuration."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, "results": str(tmp_path / "results")}, sort_keys=False))
    return path


def test_a_good_configuration_is_summed_up(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`validate` says how many cells each scenario has, and against what."""
    assert main(["validate", str(config)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "3 cells in 2 scenarios, 2 corpora",
        "  small: 2 cells on files, against one at 1",
        "  growth: 1 cell on more, against one at 1 on files (no null cell)",
    ]


def test_a_bad_configuration_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong setting gives exit code 2 and one line that names it."""
    config.write_text(config.read_text().replace("baseline:", "base_line:", 1))
    assert main(["validate", str(config)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "base_line: unknown key; did you mean baseline?" in told[0]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["measure", "--scenario", "small", "--arm", "one", "--concurrency", "7"], 2, "no such cell at concurrency 7"),
        (["measure", "--scenario", "small", "--arm", "one", "--concurrency", "1"], 1, "files.manifest.json is missing"),
        (["corpus", "--name", "fils"], 2, "corpora.fils: not one of files, more"),
    ],
)
def test_a_users_error_is_one_line(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    """What a user got wrong is told without a traceback: 2 for settings, 1 for all else."""
    assert main([*arguments, "--config", str(config)]) == code
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert words in told[0]


def test_a_corpus_is_built(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`corpus` builds one corpus below the results, and says where its manifest is."""
    assert main(["corpus", "--config", str(config), "--name", "files", "--results", str(tmp_path / "other")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "other/corpora/files.manifest.json")
    assert len(list((tmp_path / "other/corpora/files").iterdir())) == 5


def test_schemas_describe_the_models(tmp_path: Path) -> None:
    """`schemas` writes all schemas; they refuse unknown keys, as the models do."""
    assert main(["schemas", str(tmp_path / "schemas")]) == 0
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "schemas").iterdir()}
    ours = {"config", "results", "compare", "ingest-manifest", "ingest-certificate"}
    assert written.keys() == {f"{name}.schema.json" for name in ours}
    assert all(schema["additionalProperties"] is False for schema in written.values())
    assert "scenarios" in written["config.schema.json"]["properties"]


def test_the_fields_of_the_results_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`results-doc` writes the document, and says where."""
    assert main(["results-doc", str(tmp_path / "docs/results.md")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "docs/results.md")
    assert (tmp_path / "docs/results.md").read_text().startswith("# What the results hold")


def test_sources_and_outputs_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`formats-doc` writes the document, and says where."""
    assert main(["formats-doc", str(tmp_path / "docs/formats.md")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "docs/formats.md")
    assert (tmp_path / "docs/formats.md").read_text().startswith("# Sources and outputs")


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["measure"]])
def test_a_wrong_command_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command that isn't there, or lacks an option, ends with the usage and exit code 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err
