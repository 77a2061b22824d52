"""Settings of a sync by their names: each option of the command means the same there as here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest_bench.workflow.sync_settings import in_words_of_config, sync_by_jobs
from stac_ingest.cli.options import join_negative
from stac_ingest.cli.sync import build_parser, settings_of
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import digest_of

FILES = {"source": "items", "output": "out"}
API = {"source": "http://127.0.0.1:1", "output": "out"}

SAME: list[tuple[dict[str, str], str, Any, list[str]]] = [
    (FILES, "partition", "year", ["--partition", "year"]),
    (FILES, "gone", "mark", ["--gone", "mark"]),
    (API, "look_back", "2.5", ["--look-back", "2.5"]),
    (FILES, "grace", "0", ["--grace", "0"]),
    (API, "ids_only", "true", ["--ids-only"]),
    (API, "ids_only", "false", []),
    (FILES, "allow_empty", "yes", ["--allow-empty"]),
    (FILES, "copy_to", "s3://bucket/m/", ["--copy-to", "s3://bucket/m/"]),
    (FILES, "verify", True, ["--verify"]),
    (FILES, "format", "ndjson", ["--format", "ndjson"]),
    (FILES, "hrefs", "absolute", ["--hrefs", "absolute"]),
    (FILES, "exact_numbers", "true", ["--exact-numbers"]),
    (FILES, "exact_numbers", "false", ["--no-exact-numbers"]),
    (FILES, "collection", "007", ["--collection", "007"]),
    (FILES, "collection", ["a", "b"], ["--collection", "a", "--collection", "b"]),
    (FILES, "collections", "a,b", ["--collection", "a", "--collection", "b"]),
    (FILES, "ids", ["a", "b"], ["--ids", "a,b"]),
    (FILES, "bbox", "-10,0,2,2", ["--bbox", "-10,0,2,2"]),
    (FILES, "bbox", ["-10", "0", "2", "2"], ["--bbox", "-10,0,2,2"]),
    (FILES, "intersects", '{"type": "Point", "coordinates": [1, 2]}', None),
    (FILES, "datetime", "2024", ["--datetime", "2024"]),
    (FILES, "filter", "a < 1", ["--filter", "a < 1"]),
    (API, "sortby", "-datetime", ["--sortby", "-datetime"]),
    (FILES, "fields", "-assets", ["--fields", "-assets"]),
    (API, "limit", "50", ["--limit", "50"]),
    (FILES, "where", "a < 1", ["--where", "a < 1"]),
    (FILES, "rename_property", ["a=b", "c=d"], ["--rename-property", "a=b", "--rename-property", "c=d"]),
    (FILES, "rename_property", {"a": "b"}, ["--rename-property", "a=b"]),
    (FILES, "drop_property", "a", ["--drop-property", "a"]),
    (FILES, "set_property", 'a="x"', ["--set-property", 'a="x"']),
    (API, "concurrency", "auto", ["--concurrency", "auto"]),
    (API, "concurrency", "4", ["--concurrency", "4"]),
    (API, "strategy", "queue", ["--strategy", "queue"]),
    (API, "worker_strategy", "queue", ["--strategy", "queue"]),
    (API, "retry", "none", ["--retry", "none"]),
    (API, "headers_file", "1", ["--headers-file", "1"]),
    (API, "allow_remote", "true", ["--allow-remote"]),
    (API, "max_requests", "9", ["--max-requests", "9"]),
    (API, "requests_per_second", "1.5", ["--requests-per-second", "1.5"]),
    (API, "max_in_flight", "3", ["--max-in-flight", "3"]),
]
"""A setting, its value, and the options of the command that say the same; None for the same name and text."""


def by_command(base: dict[str, str], options: list[str]) -> SyncSettings:
    """Return the settings of the command."""
    parsed = build_parser().parse_args(join_negative([base["source"], "--output", base["output"], *options]))
    parsed.source = "\n".join(parsed.source)
    return settings_of(parsed)


@pytest.fixture(autouse=True)
def _local_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have stores be on this machine, which may be asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


@pytest.mark.parametrize(("base", "name", "value", "options"), SAME)
def test_a_setting_is_the_option_of_its_name(
    base: dict[str, str], name: str, value: Any, options: list[str] | None
) -> None:
    """Settings come out as the command has them, so that either goes on with the other's run."""
    same = by_command(base, [f"--{name}", value] if options is None else options)
    found = sync_by_jobs({**base, name: value}).settings
    assert found == same
    assert digest_of(found) == digest_of(same)


def test_every_option_is_a_setting(tmp_path) -> None:
    """No option of the command is without its setting, but for the one that writes nothing."""
    (tmp_path / "settings.yaml").write_text("limit: 7\n")
    tried = {name.replace("_", "-") for _, name, _, _ in SAME}
    parser = build_parser()
    options = {one[2:] for action in parser._actions for one in action.option_strings if one.startswith("--")}
    assert options - tried == {"help", "output", "config", "no-exact-numbers", "max-items", "dry-run"}
    assert sync_by_jobs({**API, "config": str(tmp_path / "settings.yaml")}).settings.config.limit == 7


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**FILES, "gome": "x"}, "gome: unknown key; did you mean gone?"),
        ({**FILES, "help": "x"}, "help: unknown key"),
        ({**FILES, "gone": "kept"}, "gone: 'kept' is not allowed; use remove, keep, mark; did you mean keep?"),
        ({**FILES, "verify": "perhaps"}, "verify: 'perhaps' is not allowed; use true or false"),
        ({**FILES, "bbox": "1,2"}, "bbox: '1,2' has 2 numbers, not 4 or 6"),
        ({**API, "limit": "ten"}, "limit: 'ten' is not allowed; use a number"),
        ({**FILES, "look_back": "-1"}, "look_back: "),
        ({**FILES, "dry_run": "true"}, "dry_run: give --dry-run to snakemake"),
        ({**FILES, "jobs": "0"}, "jobs: '0' is not allowed; use a whole number from 1 on"),
        ({**FILES, "items_per_job": "1e3"}, "items_per_job: '1e3' is not allowed"),
        ({**API, "jobs": "3", "max_in_flight": "2"}, "jobs=3 can't share max_in_flight=2; use at most 2 jobs"),
        ({"source": "items"}, "output: missing; it has to be given"),
        ({"output": "out"}, "source is missing: give a path or the URL of an API"),
        ({**FILES, "output": "s3://bucket/x"}, "a sync needs a folder of this machine"),
        ({**FILES, "source": "https://example.com"}, "allow_remote=true allows requests to it"),
    ],
)
def test_a_wrong_setting_is_named_as_it_was_given(given: dict[str, Any], said: str) -> None:
    """The message has the key, what was found and what to do, in the words of `--config`."""
    with pytest.raises(ConfigurationError) as raised:
        sync_by_jobs(given)
    assert said in str(raised.value)


def test_what_nobody_set_is_left_to_the_defaults() -> None:
    """A setting without a value isn't given; files are read by as many jobs as there may be, an API by two."""
    assert sync_by_jobs({**FILES, "gone": None}).settings == by_command(FILES, [])
    assert sync_by_jobs(FILES).jobs is None
    assert sync_by_jobs(API).jobs == 2
    assert sync_by_jobs({**API, "max_in_flight": "1"}).jobs == 1
    assert sync_by_jobs({**FILES, "items_per_job": "10"}).settings.task_items == 10
    assert sync_by_jobs({**FILES, "source": ["a", "b"]}).settings.source["source"] == "a\nb"


@pytest.mark.parametrize("kind", [ConfigurationError, DataProcessingError])
def test_errors_speak_of_settings(kind: type[Exception]) -> None:
    """Options in a message become settings; those of other commands stay."""
    with pytest.raises(kind) as raised, in_words_of_config():
        raise kind("give --allow-empty, or another folder by --output; repair it by `audit --against --repair`")
    said = "give allow_empty=true, or another folder by output=...; repair it by `audit --against --repair`"
    assert str(raised.value) == said


def test_objects_are_as_good_as_their_texts() -> None:
    """What is an object in a file of settings asks for the same items as its text does on a command line."""
    point = {"type": "Point", "coordinates": [1, 2]}
    found = sync_by_jobs({**FILES, "intersects": point}).settings
    assert found.config.intersects == by_command(FILES, ["--intersects", json.dumps(point)]).config.intersects
