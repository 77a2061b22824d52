"""Receipts: an altered digit of a sample, of the report and of the README is found; an untouched run holds."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from factories import arm, fake_cell, fake_sample, matrix, scenario
from ingest_bench.__main__ import main
from ingest_bench.analysis.speedup import pair_ratios
from ingest_bench.config.matrix import PlannedCell, cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.docgen.publish import CLOSE, OPEN, publish
from ingest_bench.errors import ReceiptError, SettingsError
from ingest_bench.receipt.archive import CONFIG, LARGEST, MANIFEST, RESULTS, packed, read_receipt, write_receipt
from ingest_bench.receipt.verify import Verdict, verify
from ingest_bench.report import write_report_files
from ingest_bench.report.design import write_advice_files
from ingest_bench.results.checksum import with_checksum
from ingest_bench.results.models import Cell, Dependencies
from ingest_bench.system.dependencies import module_hash
from ingest_bench.workflow.aggregate import aggregate_files
from ingest_bench.workflow.identity import cell_identity, fingerprint

COMMAND = {"fetcher": "command", "settings": {"command": "./tool {source} {output}", "writes": "ndjson"}}
CELL = "cells/small/sequential-1.json"
Change = Callable[[str], str]


def configuration(folder: Path) -> Settings:
    """Return a matrix with a scenario of ways and one of commands, whose results lie in a folder."""
    own = {
        "fetcher": "command",
        "settings": {"command": "{python} -m stac_ingest {source} {output}", "writes": "ndjson"},
    }
    return load_settings(
        matrix(
            {"files": ("item_files", 20)},
            results=str(folder),
            small=scenario(arms={"upstream": arm(fetcher="stac_manager"), "sequential": arm()}),
            tools=scenario(arms={"ours": arm(**own), "tool": arm(**COMMAND)}, group="commands", task="files to NDJSON"),
        )
    )


def measured(settings: Settings, planned: PlannedCell) -> Cell:
    """Return a cell as if it had been measured, no two samples of it alike."""
    walls = [1.0 + planned.concurrency / 10 + pair / 100 + len(planned.arm) / 50 for pair in range(5)]
    samples = [
        fake_sample(role, pair, wall / (1.0 if role == "baseline" else 1.7), items=20, output_bytes=1_234_567)
        for pair, wall in enumerate(walls)
        for role in ("baseline", "candidate")
    ]
    return fake_cell(
        planned.scenario,
        planned.arm,
        samples,
        pair_ratios(samples).values(),
        identity=fingerprint(cell_identity(settings, planned)),
        group=planned.group,
        label=planned.label,
        is_null_cell=planned.is_null_cell,
        depends_on=Dependencies(modules={name: module_hash(name) or "" for name in ("ingest_bench.errors",)}),
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a finished run below a folder, published to a README, and give the folder."""
    tmp_path = tmp_path_factory.mktemp("finished")
    settings = configuration(tmp_path / "results")
    folder = tmp_path / "results"
    planned = cells(settings)
    for cell in planned:
        path = folder / cell.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(with_checksum(measured(settings, cell).model_dump_json(indent=1, exclude={"seal"})))
    (folder / "corpora").mkdir()
    manifest, job = settings.manifest_file("files"), settings.job_file("files")
    manifest.write_text(json.dumps({"kind": "item_files", "items": 20, "files": 20, "bytes": 100_000, "broken": {}}))
    job.write_text(
        json.dumps({"rule": "corpus", "name": "files", "host": "bench-1", "started_at": 1.0, "ended_at": 2.0})
    )
    aggregate_files(
        settings,
        cells=[folder / cell.file for cell in planned],
        manifests=[manifest],
        jobs=[job],
        json_output=folder / RESULTS,
        parquet_output=folder / "benchmark_results.parquet",
    )
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
    )
    write_receipt(settings, folder / "receipt.zip")
    (tmp_path / "README.md").write_text(f"# Name\n\n{OPEN}\nold\n{CLOSE}\n")
    publish(folder, tmp_path / "docs/run", tmp_path / "README.md")
    return tmp_path


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Give a copy of that run, to be altered."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def checked(run: Path) -> Verdict:
    """Check the receipt of a run, and what was published of it."""
    return verify(run / "docs/run/receipt.zip", run / "README.md", run / "docs/run")


def altered(run: Path, name: str, change: Change, *, covered: bool = False) -> Verdict:
    """Change a file of the archive, on request with its checksum in the manifest, and check the archive alone."""
    path = run / "docs/run/receipt.zip"
    files, _ = read_receipt(path)
    files[name] = change(files[name].decode()).encode()
    if covered:
        manifest = orjson.loads(files[MANIFEST])
        manifest["files"][name]["sha256"] = sha256(files[name]).hexdigest()
        files[MANIFEST] = orjson.dumps(manifest)
    path.write_bytes(packed(files))
    return verify(path)


def other_digit(pattern: str) -> Change:
    """Return what alters the last digit of the first number that a pattern's group finds."""

    def change(text: str) -> str:
        match = re.search(pattern, text)
        assert match
        end = match.end(1)
        return f"{text[: end - 1]}{(int(text[end - 1]) + 1) % 10}{text[end:]}"

    return change


def test_an_untouched_run_holds(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Report, page, design, settings, figures and README are made again from the samples, and nothing differs."""
    verdict = checked(run)
    assert verdict.problems == []
    assert verdict.values > 4 * 2 * 5 * 10
    assert verdict.numbers > 500
    assert {"benchmark_report.md", "comparison.html", "README.md"} <= {*verdict.documents}
    assert main(["verify", str(run / "results/receipt.zip")]) == 0
    assert re.search(
        r"[\d,]+ numbers in 5 documents, made again from [\d,]+ values of samples: all hold", capsys.readouterr().out
    )


def test_it_binds_what_was_measured_how(run: Path) -> None:
    """The manifest names commit, machine, commands and every file; lock files and the configuration are among them."""
    files, _ = read_receipt(run / "results/receipt.zip")
    manifest = orjson.loads(files[MANIFEST])
    assert manifest["commands"]["tools/tool"] == "./tool {source} {output}"
    assert manifest["machine"]["cores"] >= 1
    assert "commit" in manifest
    assert {CONFIG, RESULTS, CELL, "envs/requirements.txt", "corpora/files.manifest.json"} <= manifest["files"].keys()
    assert files[CONFIG] != b""


@pytest.mark.parametrize("covered", [False, True])
def test_a_digit_of_a_sample_is_found(run: Path, covered: bool) -> None:
    """Whoever alters a sample has to alter all that follows from it: each number that doesn't follow is named."""
    verdict = altered(run, CELL, other_digit(r'"wall_s": (\d+\.\d+)'), covered=covered)
    told = "\n".join(verdict.problems)
    assert (f"{CELL}: its SHA-256 is not the one in {MANIFEST}" in told) is not covered
    assert f"{CELL}: its own checksum doesn't hold" in told
    assert re.search(rf"{RESULTS}, cells\[1\]\.samples\[0\]\.wall_s: [\d.]+ doesn't hold, the samples give", told)


def test_a_cell_cannot_claim_that_other_items_are_the_same(run: Path) -> None:
    """Where one side delivered other ids than the other, the parity that the cell claims doesn't hold."""
    verdict = altered(run, CELL, lambda text: text.replace('"ids": "0"', '"ids": "1"', 1))
    assert f"{CELL}, pair 0: other ids, though both sides are said to deliver the same" in verdict.problems


def test_a_sample_that_changes_a_median_changes_the_report(run: Path) -> None:
    """A first digit moves the speed-up: cell, results, report and page are all said to hold another one."""
    verdict = altered(run, CELL, lambda text: text.replace('"wall_s": 1.', '"wall_s": 3.'))
    places = {re.split(r"[,:] ", problem)[0] for problem in verdict.problems}
    assert {CELL, RESULTS, "benchmark_report.md", "benchmark_report.html", "phase2_design.md"} <= places


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("benchmark_report.md", r"\| sequential +\| +1 \| +(\d\.\d+)"),
        ("benchmark_report.html", r"<td class=\"number\" data-key=\"(\d\.\d+)\""),
        ("comparison.html", r"<td class=\"number\" data-key=\"[\d.]+\">(\d\.\d+)"),
        ("phase2_design.md", r" (\d\.\d+)x"),
    ],
)
def test_a_digit_of_a_document_is_found(run: Path, name: str, pattern: str) -> None:
    """One digit in the archive's report, its checksum altered with it, is one number that is named with its line."""
    (problem,) = altered(run, name, other_digit(pattern), covered=True).problems
    assert re.fullmatch(
        rf"{re.escape(name)}, line \d+: ([\d.]+) doesn't hold, the samples give [\d.]+ \(after .*\)", problem
    )


def test_a_digit_of_the_readme_is_found(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A number in the published block is named with its line, and so is one of the published report."""
    readme, report = run / "README.md", run / "docs/run/benchmark_report.md"
    readme.write_text(other_digit(r"\| +(1\.23) \|")(readme.read_text()))
    line = next(number for number, text in enumerate(readme.read_text().splitlines(), 1) if " 1.24 |" in text)
    (problem,) = checked(run).problems
    assert problem.startswith(f"README.md, line {line}: ")
    report.write_text(other_digit(r"(\d+) samples")(report.read_text()))
    told = checked(run).problems
    assert [problem.partition(", line")[0] for problem in told] == [report.as_posix(), "README.md"]
    options = ["--readme", str(readme), "--docs", str(report.parent)]
    assert main(["verify", str(report.with_name("receipt.zip")), *options]) == 1
    assert "what does not hold: 2" in capsys.readouterr().out


def test_words_outside_of_the_block_are_ones_own(run: Path) -> None:
    """What stands before and after the published block of the README is not looked at."""
    readme = run / "README.md"
    readme.write_text(f"9 lives\n{readme.read_text()}\n10 more words\n")
    assert checked(run).problems == []


def test_files_that_the_run_was_made_from_need_not_be_here(run: Path) -> None:
    """A corpus that was like a user's file, or was one, is none of what a receipt's check reads."""
    path = run / "docs/run/receipt.zip"
    files, _ = read_receipt(path)
    config = json.loads(files[CONFIG])
    config["corpora"]["like"] = {"kind": "item_files", "items": 9, "like": "gone.json"}
    config["corpora"]["own"] = {"kind": "geoparquet", "path": "gone"}
    config["scenarios"]["own"] = {**config["scenarios"]["small"], "corpus": "own", "file": "gone.parquet"}
    with pytest.raises(SettingsError, match=r"corpora\.like\.like: gone\.json is not a file"):
        load_settings(config)
    path.write_bytes(packed({**files, CONFIG: json.dumps(config).encode()}))
    with pytest.raises(ReceiptError, match="has no cells/own/"):  # which comes after the settings were read
        verify(path)


def test_names_that_would_be_paths_are_refused(run: Path) -> None:
    """Scenarios give figures and cells their names, so a receipt's are checked as those of any configuration are."""

    def renamed(text: str) -> str:
        config = json.loads(text)
        config["scenarios"]["a/b"] = config["scenarios"].pop("small")
        return json.dumps(config)

    with pytest.raises(SettingsError, match=r"scenarios\.a/b: a name is made of a to z"):
        altered(run, CONFIG, renamed)


def test_what_is_no_receipt_is_said(run: Path) -> None:
    """No file, no archive, an archive of something else, one that lacks a cell: each is told in words."""
    path = run / "other.zip"
    with pytest.raises(ReceiptError, match="not there"):
        verify(path)
    path.write_text("no archive")
    with pytest.raises(ReceiptError, match="not a receipt, or damaged"):
        verify(path)
    path.write_bytes(packed({"some.txt": b""}))
    with pytest.raises(ReceiptError, match=MANIFEST):
        verify(path)
    files, _ = read_receipt(run / "results/receipt.zip")
    path.write_bytes(packed({name: data for name, data in files.items() if name != CELL}))
    with pytest.raises(ReceiptError, match=CELL):
        verify(path)


def test_each_damaged_byte_is_said(run: Path) -> None:
    """A byte that was changed anywhere in an archive is told in words, wherever its reader stumbles over it."""
    path = run / "other.zip"
    whole = (run / "results/receipt.zip").read_bytes()
    for place in range(40, len(whole), len(whole) // 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(ReceiptError):
            read_receipt(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("some.txt", "text")
    with pytest.raises(ReceiptError, match=r"'some\.txt' is compressed in a way that no receipt is"):
        read_receipt(path)


@pytest.mark.parametrize("change", ['"wall_s": 0.0', '"wall_s": "long"'])
def test_a_sample_that_can_not_be_is_said_in_one_line(run: Path, change: str) -> None:
    """A run that took no time, or a text in place of one, makes the records damaged."""
    with pytest.raises(ReceiptError, match=r"records are damaged or of another version: .+") as raised:
        altered(run, CELL, lambda text: re.sub(r'"wall_s": [\d.]+', change, text))
    assert "\n" not in str(raised.value)


def test_figures_elsewhere_are_none_of_a_readme(run: Path) -> None:
    """A README that can't show the figures of the folder, since it lies elsewhere, is told in words."""
    (run / "sub").mkdir()
    readme = (run / "README.md").rename(run / "sub/README.md")
    with pytest.raises(ReceiptError, match="not below the folder of"):
        verify(run / "results/receipt.zip", readme, run / "docs/run")


def test_a_receipt_runs_no_python(run: Path) -> None:
    """A configuration that names a Python file as an arm is refused before it is looked at, let alone run."""
    (run / "arm.py").write_text("from pathlib import Path\nPath('ran').touch()\n")

    def planted(text: str) -> str:
        config = json.loads(text)
        config["scenarios"]["small"]["arms"]["sequential"]["python"] = str(run / "arm.py")
        return json.dumps(config)

    with pytest.raises(ReceiptError, match="small/sequential is a Python file, which would be run"):
        altered(run, CONFIG, planted)
    assert not Path("ran").exists()


def test_files_of_another_machine_are_not_needed(run: Path) -> None:
    """A corpus that lies somewhere else is no obstacle; that the configuration isn't that of the results is told."""

    def elsewhere(text: str) -> str:
        config = json.loads(text)
        config["corpora"]["mine"] = {"kind": "item_files", "path": str(run / "gone")}
        return json.dumps(config)

    problems = altered(run, CONFIG, elsewhere, covered=True).problems
    assert [problem.partition(": ")[0] for problem in problems] == [f"{RESULTS}, config.corpora.mine"]


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "a/../../outside.txt", "C:\\outside.txt"])
def test_no_name_leads_out_of_its_folder(run: Path, name: str) -> None:
    """An archive that names a place elsewhere is refused before anything is written."""
    files, _ = read_receipt(run / "results/receipt.zip")
    path = run / "other.zip"
    path.write_bytes(packed({**files, name: b"x"}))
    with pytest.raises(ReceiptError, match="outside of its folder"):
        verify(path)
    assert not (run / "outside.txt").exists()


def test_an_archive_that_is_too_large_is_not_unpacked(run: Path) -> None:
    """Sizes are looked at first."""
    path = run / "other.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"0" * 1000)
    # The directory of the archive claims a size, which is what is read first.
    data, size = path.read_bytes(), (1000).to_bytes(4, "little")
    at = data.rindex(size)
    path.write_bytes(data[:at] + (LARGEST + 1).to_bytes(4, "little") + data[at + 4 :])
    with pytest.raises(ReceiptError, match="more than"):
        read_receipt(path)
