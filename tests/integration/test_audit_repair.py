"""Repairs of each output: what was tampered with is as the source has it, and a run can go on from there."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from audited import COUNT, REPAIRED, Item, audit, item, items, write_output, write_source

from stac_ingest.audit.repair import repairer_of
from stac_ingest.cli.main import main
from stac_ingest.core.atomic import sha256_of
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs import read_output
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard

if TYPE_CHECKING:
    from ingest_bench.simulator.pytest_plugin import StartServer

TAMPERED = [
    *(item(number, **({"n": 0} if number in {7, 20} else {})) for number in range(COUNT) if number not in {4, 11}),
    item(100),
]
"""Two items are missing, two are different and one is extra."""


def held(name: str, folder: Path) -> list[Key]:
    """List what an output holds, as often as it is there."""
    return sorted(key_of(one) for one in read_output(name, folder))


def keys(some: list[Item]) -> list[Key]:
    return sorted(map(key_of, some))


def test_whole_items_are_not_replaced_by_parts(tmp_path: Path) -> None:
    """Some fields may be compared, and a repair by them is refused before anything is written."""
    source = write_source(tmp_path / "source", items())
    out = write_output("ndjson", tmp_path / "out", TAMPERED)
    before = (out / "items.ndjson").read_bytes()
    with pytest.raises(ConfigurationError, match="--fields: a repair would put"):
        audit(out, "--against", source, "--fields", "properties.n", "--repair")
    assert (out / "items.ndjson").read_bytes() == before
    assert audit(out, "--against", source, "--fields", "properties.n").code == 1


@pytest.mark.parametrize("name", REPAIRED)
@pytest.mark.parametrize("remove_extra", [False, True])
def test_it_is_repaired(name: str, remove_extra: bool, tmp_path: Path) -> None:
    """What is missing comes, what is different is replaced; what is extra stays, or goes where that is asked."""
    source = write_source(tmp_path / "source", items())
    out = write_output(name, tmp_path / "out", TAMPERED)
    said = audit(out, "--against", source, "--repair", *(["--remove-extra"] if remove_extra else []))
    assert said.code == (0 if remove_extra else 1)
    assert f"repaired: 2 added, 2 replaced, {int(remove_extra)} removed" in said.words
    assert held(name, out) == keys([*items(), *([] if remove_extra else [item(100)])])
    assert audit(out, "--against", source).found == ([] if remove_extra else [("extra", "d", "i050")])
    assert not (out / ".audit").exists()


@pytest.mark.parametrize("name", REPAIRED)
def test_a_run_goes_on_from_a_repaired_output(name: str, tmp_path: Path) -> None:
    """After a repair the records of earlier runs are right: a resumed run adds what is new, and nothing twice."""
    source, out = write_source(tmp_path / "source", items()), tmp_path / "out"
    assert main([str(source), "--to", name, "--output", str(out)]) == 0
    write_source(tmp_path / "source", [*items()[2:], item(200)])
    assert audit(out, "--against", source, "--repair", "--remove-extra").code == 0
    write_source(tmp_path / "source", [*items(), item(200)])
    assert main([str(source), "--to", name, "--output", str(out), "--resume"]) == 0
    assert held(name, out) == keys([*items(), item(200)])
    assert audit(out, "--against", source).code == 0


@pytest.mark.parametrize("name", ["ndjson", "geoparquet"])
def test_copies_are_removed(name: str, tmp_path: Path) -> None:
    """Of an item that is there several times, in one part or in two, one stays."""
    source = write_source(tmp_path / "source", items())
    out = write_output(name, tmp_path / "out", [*items()[:3], item(1), *items()[3:], item(2), item(2)])
    assert audit(out, "--against", source).code == 1
    assert audit(out, "--against", source, "--repair").code == 0
    assert held(name, out) == keys(items())


def test_a_copy_under_another_name_is_removed(tmp_path: Path) -> None:
    """A file that holds an item under a name that isn't its own doesn't stay beside the one that was written."""
    source = write_source(tmp_path / "source", items())
    out = write_output("items", tmp_path / "out", items())
    own = out / "items" / "i003.json"
    other = own.with_name("a copy.json")
    other.write_text(json.dumps(item(7, n=0)))
    own.unlink()
    assert audit(out, "--against", source).found == [("different", *key_of(item(7)))]
    assert audit(out, "--against", source, "--repair").code == 0
    assert held("items", out) == keys(items())
    assert not other.exists()


def _cut_lines(out: Path) -> None:
    path = out / "items.ndjson"
    path.write_bytes(path.read_bytes()[:-40])


def _cut_gzip(out: Path) -> None:
    path = out / "items.ndjson.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()))[:-30])


def _cut_part(out: Path) -> None:
    path = out / "part-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def _cut_items(out: Path) -> None:
    for path in sorted((out / "items").iterdir())[:2]:
        path.write_bytes(path.read_bytes()[:50])
    (out / "items" / "another.json").write_text("{")


@pytest.mark.parametrize(
    ("name", "damage", "kept"),
    [
        ("ndjson", _cut_lines, 1),
        ("ndjson.gz", _cut_gzip, 1),
        ("geoparquet", _cut_part, 1),
        ("items", _cut_items, 1),
    ],
)
def test_what_is_damaged_is_kept_aside(name: str, damage: Callable[[Path], None], kept: int, tmp_path: Path) -> None:
    """Where a file can't be read whole, its items come from the source, and the file stays under a hidden name."""
    source = write_source(tmp_path / "source", items())
    out = write_output(name, tmp_path / "out", items())
    damage(out)
    assert audit(out, "--against", source).code == 1
    said = audit(out, "--against", source, "--repair")
    assert said.code == 0, said.words
    assert held(name, out) == keys(items())
    assert audit(out, "--against", source).code == 0
    assert len(list(out.rglob(".*.damaged"))) == kept


def test_an_ingest_in_shards_is_repaired_with_its_manifest(tmp_path: Path) -> None:
    """What `snakemake ingest` writes is audited and repaired by its folder; the manifest names each part as it is."""
    source, out = write_source(tmp_path / "source", TAMPERED), tmp_path / "out"
    settings = {"source": str(source), "output": str(out), "shards": 2}
    plan = plan_ingest(ShardedIngest.parse(settings))
    for shard in plan.shards:
        run_shard(plan, shard.number)
    finalize_ingest(plan)
    assert audit(out, "--against", source).code == 0
    write_source(tmp_path / "source", items())
    assert audit(out, "--against", source, "--repair", "--remove-extra").code == 0
    assert held("geoparquet", out / "items") == keys(items())
    assert audit(out, "--against", source).code == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["items"] == COUNT
    parts = {part["path"]: part["sha256"] for part in manifest["parts"]}
    assert parts == {f"items/{path.name}": sha256_of(path) for path in (out / "items").iterdir()}
    # Killed before the manifest was written, a repair writes it the next time.
    (out / "manifest.json").write_text(json.dumps({**manifest, "parts": manifest["parts"][:1]}))
    assert audit(out, "--against", source, "--repair").code == 0
    assert json.loads((out / "manifest.json").read_text()) == manifest


@pytest.mark.parametrize("name", ["ndjson", "geoparquet", "items"])
def test_ids_alone_tell_no_collections_apart(name: str, tmp_path: Path) -> None:
    """By a list of ids alone, two items of one id in two collections both stay, and both come where it is missing."""
    source = write_source(tmp_path / "source", items())
    (tmp_path / "ids.txt").write_text("".join(f"{item_id}\n" for item_id in {item_id for _, item_id in keys(items())}))
    out = write_output(name, tmp_path / "out", [*items()[4:], item(100), item(101)])
    asked = ["--against", tmp_path / "ids.txt", "--repair", "--source", source, "--remove-extra"]
    said = audit(out, *asked)
    assert said.found == [
        ("extra", "c", "i050"),
        ("extra", "d", "i050"),
        *(("missing", "", f"i00{number}") for number in range(2)),
    ]
    assert said.code == 0
    assert held(name, out) == keys(items())


@pytest.mark.parametrize("against", ["api", "inventory"])
def test_an_api_is_asked_for_what_is_missing_alone(against: str, stac_server: StartServer, tmp_path: Path) -> None:
    """By ids alone, or by an inventory, what is missing is found, and a search or two bring just these items."""
    server, out = stac_server(items=60), tmp_path / "out"
    asked = [server.url, "--collection", "sentinel-2-l2a", "--limit", "10"]
    assert main([*asked, "--to", "ndjson", "--output", str(out)]) == 0
    lines = (out / "items.ndjson").read_bytes().splitlines(keepends=True)
    (tmp_path / "ids.txt").write_text("".join(f"{json.loads(line)['id']}\n" for line in lines))
    (out / "items.ndjson").write_bytes(b"".join(lines[3:-9]))
    server.reset()
    if against == "api":
        asked = ["--against", *asked, "--ids-only"]
    else:
        asked = ["--against", tmp_path / "ids.txt", "--source", *asked]
    said = audit(out, *asked, "--repair")
    assert (said.code, len(said.found)) == (0, 12), said.words
    assert sorted((out / "items.ndjson").read_bytes().splitlines(keepends=True)) == sorted(lines)
    pages = 6 if against == "api" else 0
    assert server.stats().requests <= 3 + pages + 3 + 2


def test_an_interrupted_run_is_not_repaired(tmp_path: Path) -> None:
    """Where a run is unfinished, the message says to go on with it; nor is a folder repaired that is no output."""
    source = write_source(tmp_path / "source", items())
    out = write_output("ndjson", tmp_path / "out", items())
    (out / "items.ndjson").rename(out / "items.ndjson.part")
    with pytest.raises(ConfigurationError, match="--resume"):
        audit(out, "--against", source, "--repair")
    write_output("catalog", tmp_path / "catalog", items())
    with pytest.raises(ConfigurationError, match="a static catalog isn't repaired"):
        audit(tmp_path / "catalog", "--against", source, "--repair")
    with pytest.raises(ConfigurationError, match="is not an output"):
        audit(tmp_path / "source", "--against", source, "--repair")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A link in the place of the folder of items, or of the hidden one, is refused."""
    source = write_source(tmp_path / "source", items())
    out = write_output("items", tmp_path / "out", items()[1:])
    (tmp_path / "elsewhere").mkdir()
    (out / ".audit").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="symbolic link"):
        audit(out, "--against", source, "--repair")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_missing_items_of_an_inventory_come_from_a_source(tmp_path: Path) -> None:
    """With a list of ids, a repair fetches what the list has and the output lacks, and nothing else."""
    source = write_source(tmp_path / "source", [*items(), item(200)])
    ids = tmp_path / "ids.csv"
    ids.write_text("collection,id\n" + "".join(f"{collection},{name}\n" for collection, name in keys(items())))
    out = write_output("geoparquet", tmp_path / "out", items()[3:])
    with pytest.raises(ConfigurationError, match="has no items"):
        audit(out, "--against", ids, "--repair")
    assert len(audit(out, "--against", ids).found) == 3
    assert audit(out, "--against", ids, "--repair", "--source", source).code == 0
    assert held("geoparquet", out) == keys(items())


PROGRAM = """
import os, signal, sys, threading

import pyarrow.parquet, shapely
from stac_ingest.audit.inventories import tables
from stac_ingest.audit.repair import geoparquet, item_files, whole_file
from stac_ingest.cli.audit import run_audit_command

lock, steps = threading.Lock(), 0


def dying(function, die_at):
    def step(*arguments, **options):
        global steps
        with lock:
            steps += 1
            if steps == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return step


def repair(out, source, die_at):
    for name in ("fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "link"):
        setattr(os, name, dying(getattr(os, name), die_at))
    words = os.dup(1)
    os.dup2(2, 1)
    code = run_audit_command([out, "--against", source, "--repair", "--remove-extra"])
    sys.stdout.flush()
    os.write(words, f"{steps} ".encode())
    os._exit(code)


for line in sys.stdin:
    out, source, die_at = line.split()
    child = os.fork()
    if not child:
        repair(out, source, int(die_at))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Repairs in a process of its own for each line that it is given: those are forked, since to start costs most."""


class Repairs:
    """Repairs that can be killed."""

    def __init__(self, source: Path) -> None:
        command = [sys.executable, "-c", PROGRAM]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._source = source

    def run(self, out: Path, die_at: int = 0) -> list[int]:
        """Run one; return how many steps it had, where it came to its end, and its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(out, self._source, die_at, file=self._process.stdin, flush=True)
        return [int(word) for word in self._process.stdout.readline().split()]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _values(name: str, out: Path) -> dict[Key, Any]:
    found = list(read_output(name, out))
    assert len({key_of(one) for one in found}) == len(found), "an item is there twice"
    return {key_of(one): one["properties"]["n"] for one in found}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ndjson", "items", "geoparquet", "sorted-geoparquet"])
def test_killed_at_any_step_nothing_is_lost_or_doubled(name: str, tmp_path: Path) -> None:
    """Killed at one step after another, repairs lose no item, double none, and the last of them ends as if unharmed."""
    source = write_source(tmp_path / "source", items())
    right = {key_of(one): one["properties"]["n"] for one in items()}
    old = {key_of(one): one["properties"]["n"] for one in TAMPERED}
    out = write_output(name, tmp_path / "out", TAMPERED)
    with closing(Repairs(source)) as repairs:
        steps, code = repairs.run(write_output(name, tmp_path / "whole", TAMPERED))
        assert (code, _values(name, tmp_path / "whole")) == (0, right)
        for die_at in range(1, steps + 1, 1 if "TEST_LONG" in os.environ else steps // 3):
            assert repairs.run(out, die_at)[-1] in {-signal.SIGKILL, 0}
            repairer_of(out)  # files of a sorted table may have to take their places yet
            values = _values(name, out)
            assert values.keys() >= right.keys() & old.keys()
            assert all(value in {right.get(key), old.get(key)} for key, value in values.items())
        assert repairs.run(out)[-1] == 0
    assert _values(name, out) == right
    assert not [path for path in out.iterdir() if path.name.startswith(".audit")]
