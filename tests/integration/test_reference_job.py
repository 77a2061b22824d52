"""The driver of the reference job, with a stand-in for the command that mirrors."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import mirror_standin
import pytest

from ingest_bench.errors import MeasurementError, SettingsError
from ingest_bench.reference import check as comparing
from ingest_bench.reference.check import check_output
from ingest_bench.reference.manifest import manifest_of
from ingest_bench.reference.run import Options, run_reference
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.store import GeneratedStore

STANDIN = (sys.executable, mirror_standin.__file__)


@pytest.mark.slow
def test_a_whole_run_and_one_that_goes_on(tmp_path, monkeypatch):
    """Each epoch's run is killed and run again, the output is the truth, and a second call does nothing twice."""
    monkeypatch.setenv("STANDIN_HOLD_S", "0.5")
    options = Options(tmp_path / "run", items=300, seed=4, page_items=100, epochs=1, program=STANDIN)
    record = run_reference(options)
    assert record.ok
    assert [epoch.number for epoch in record.epochs] == [0, 1]
    for epoch in record.epochs:
        assert epoch.killed.killed
        assert epoch.killed.exit_code == -9
        assert not epoch.finished.killed
        assert epoch.finished.traffic.items.requests == -(-epoch.check.expected // 100)
        assert epoch.finished.traffic.items.items == epoch.check.expected == epoch.check.items
        assert epoch.finished.peak_mib >= epoch.finished.peak_process_mib / 2 > 10
        assert epoch.months > 20
        assert epoch.journal is not None
        assert epoch.journal.ok
    assert [epoch.journal.lines for epoch in record.epochs if epoch.journal] == [300, 12]
    assert [epoch.touched for epoch in record.epochs] == [300, 9]
    assert record.idle.traffic.requests == 3
    page = (tmp_path / "run" / "reference.md").read_text()
    assert "The output was equal to the truth after each epoch" in page
    assert len(set(re.findall(r"^\| epoch \d.*SIGKILL", page, re.MULTILINE))) == 2
    said = (tmp_path / "run" / "said.log").read_bytes()

    before = (tmp_path / "run" / "reference.json").read_bytes()
    (tmp_path / "run" / "steps" / "audit.json").unlink()
    again = run_reference(options)
    assert again.audit.starts == 2
    assert again.epochs == record.epochs
    assert (tmp_path / "run" / "said.log").read_bytes() == said
    assert json.loads(before)["epochs"] == json.loads(again.model_dump_json())["epochs"]

    with pytest.raises(SettingsError, match=r"--folder: .* was begun with --items 300 --seed 4 --limit 100"):
        run_reference(replace(options, items=301))


@pytest.mark.slow
def test_a_command_that_fails_is_told_and_tried_again(tmp_path):
    """A command that fails is an error with its last words and run again; an audit that finds something is a result."""
    failing = (sys.executable, "-c", "print('first'); print('no such option'); raise SystemExit(2)")
    options = Options(tmp_path / "run", items=50, epochs=0, program=failing)
    with pytest.raises(MeasurementError, match=r"sync ended with exit code 2: no such option \(its output is in"):
        run_reference(options)
    record = run_reference(replace(options, program=STANDIN))
    assert record.epochs[0].killed.starts == 2
    assert record.ok

    (options.folder / "steps" / "audit.json").unlink()
    record = run_reference(replace(options, program=(sys.executable, "-c", "raise SystemExit(1)")))
    assert record.audit.exit_code == 1
    assert record.epochs[0].check.ok
    assert not record.ok
    with pytest.raises(MeasurementError, match="nowhere can't be started"):
        run_reference(Options(tmp_path / "other", items=50, program=("nowhere",)))


@pytest.fixture
def store():
    return GeneratedStore(Description(items=400, seed=9), epoch=1)


def test_an_output_that_is_right_is_found_right(tmp_path, store):
    """An output of all items, once each and in their months, is equal to the truth."""
    mirror_standin.write(tmp_path, [store.item(index) for index in range(len(store))])
    check = check_output(tmp_path, store)
    assert check.ok
    assert check.items == check.expected == len(store)
    assert not check.examples


def test_each_fault_of_an_output_is_found(tmp_path, store):
    """A missing, a repeated, a changed, a foreign and a misplaced item are counted as that, and named."""
    items = [store.item(index) for index in range(len(store))]
    missing, repeated, changed, foreign = items[3], items[50], items[100], store.item(7)
    changed["properties"]["eo:cloud_cover"] = 0.5
    foreign["id"] = "S2_L2A_00000000"
    mirror_standin.write(tmp_path, [*(item for item in items if item is not missing), repeated, foreign])
    check = check_output(tmp_path, store)
    assert (check.missing, check.repeated, check.different, check.extra, check.misplaced) == (1, 1, 1, 1, 0)
    assert not check.ok
    named = "\n".join(check.examples)
    assert f"{missing['id']}: missing" in named
    assert f"{repeated['id']}: 2 times" in named
    assert f"{changed['id']}: its content is another" in named
    assert "S2_L2A_00000000: not there at this epoch" in named


def test_several_processes_find_what_one_finds(tmp_path, store):
    """A missing, a repeated, a changed and a foreign item, and a damaged part, are counted alike by two processes."""
    items = [store.item(index) for index in range(len(store))]
    repeated, changed, foreign = items[50], items[100], store.item(7)
    changed["properties"]["eo:cloud_cover"] = 0.5
    foreign["id"] = "S2_L2A_00000000"
    mirror_standin.write(tmp_path, [*items[4:], repeated, foreign])
    with (tmp_path / manifest_of(tmp_path).partitions[0].parts[0].path).open("ab") as stream:
        stream.write(b"more")
    one, two = check_output(tmp_path, store), check_output(tmp_path, store, processes=2)
    assert one == two
    assert two.missing > 4, "a damaged part can't be read"
    assert (two.repeated, two.different, two.extra, two.damaged_parts) == (1, 1, 1, 1)


def killed(*_given):
    """Stand in for what begins a process that compares: the process is killed, as by a kernel out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_told_in_words(tmp_path, store, monkeypatch):
    """Where a process that compares is killed there is no verdict, and the error says what to do."""
    mirror_standin.write(tmp_path, [store.item(index) for index in range(len(store))])
    monkeypatch.setattr(comparing, "_begin", killed)
    with pytest.raises(MeasurementError, match=r"a process that compared .* was killed; .* run it again to resume"):
        check_output(tmp_path, store, processes=2)


def test_an_output_of_another_epoch_is_not_the_truth(tmp_path, store):
    """What was right an epoch ago is not: what has changed since, what is new and what is gone are counted."""
    mirror_standin.write(tmp_path, [store.item(index) for index in range(len(store))])
    delta = store.history.delta(2)
    store.switch(2)
    check = check_output(tmp_path, store)
    assert (check.missing, check.extra, check.different) == (len(delta.added), len(delta.removed), len(delta.changed))
    assert check.misplaced == len(delta.moved)


def test_damaged_and_missing_parts_are_found(tmp_path, store):
    """A part that isn't there, and one whose bytes aren't those that the manifest names, are counted."""
    mirror_standin.write(tmp_path, [store.item(index) for index in range(len(store))])
    parts = [tmp_path / part.path for partition in manifest_of(tmp_path).partitions for part in partition.parts]
    parts[0].unlink()
    with parts[1].open("ab") as stream:
        stream.write(b"more")
    check = check_output(tmp_path, store)
    assert check.damaged_parts == 2
    assert check.missing > 0
    assert not check.ok


def test_an_output_without_a_manifest_is_none(tmp_path, store):
    """Files alone say nothing: readers go by the manifest."""
    with pytest.raises(MeasurementError, match=r"manifest.json can't be read"):
        check_output(Path(tmp_path), store)
