"""Sources told by their text: URLs of files, of stores, of APIs; and files by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from stac_ingest import ConfigurationError, IngestModule, WorkflowContext
from stac_ingest.cli.main import BAD_SETTINGS, main
from stac_ingest.cli.options import parse_arguments
from stac_ingest.cli.settings import read_settings
from stac_ingest.sharding import ShardedIngest, plan_ingest
from stac_ingest.sources.kind import KINDS, is_stored, kind_of, mode_of, not_read

STORED = [
    "http://127.0.0.1:1/data/items.parquet",
    "http://127.0.0.1:1/a.json",
    "http://127.0.0.1:1/items.ndjson.gz?v=2",
    "gs://bucket/items",
    "abfss://container@account.dfs.core.windows.net/items",
]
"""What the command and the module read, and shards don't."""


def test_the_command_says_what_a_source_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be read is refused before anything is written, with its kind and what to do."""
    out = tmp_path / "out"
    assert main(["ftp://host/items", "--to", "ndjson", "--output", str(out)]) == BAD_SETTINGS
    assert "copy it here" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("source", STORED)
def test_what_shards_do_not_read(source: str, tmp_path: Path) -> None:
    """An ingest in shards refuses files of the web and of some stores, and names what reads them."""
    with pytest.raises(ConfigurationError, match="`stac-ingest` reads it in one run") as caught:
        plan_ingest(ShardedIngest.parse({"source": source, "output": str(tmp_path / "out")}))
    assert "v=2" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="copy it here"):
        plan_ingest(ShardedIngest.parse({"source": "ftp://host/items", "output": str(tmp_path / "out")}))


async def test_the_module_says_the_same() -> None:
    """So does the module, when it is made; a file of the web is no API."""
    with pytest.raises(ConfigurationError, match="copy it here"):
        IngestModule({"mode": "file", "source": "ftp://host/items"})
    for source in STORED[:3]:
        assert is_stored(source)
        with pytest.raises(ConfigurationError, match="use mode 'file'"):
            IngestModule({"mode": "api", "source": source, "collection_id": "c"})


@pytest.mark.parametrize(
    ("source", "only", "mode"),
    [
        ("http://host/v1", None, "api"),
        ("http://host/download?id=1", "parquet", "file"),
        ("https://host/a/items.NDJSON", None, "file"),
        ("https://host/catalog.json", None, "file"),
        ("s3://bucket", None, "file"),
        ("/items.parquet", None, "file"),
    ],
)
def test_the_mode_of_a_source(source: str, only: str | None, mode: str) -> None:
    """A URL is that of an API unless its name, or the setting `format`, tells a file."""
    assert mode_of(source, only) == mode


@pytest.mark.parametrize("source", ["http://host", "https://host/v1/", "http://host/search", "items", "C:/items"])
def test_what_may_be_read(source: str) -> None:
    """APIs and paths have nothing said against them by their text."""
    assert not_read(source) is None


async def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    """A `file:` URL is read by the command, the module and shards, with what is escaped in it."""
    folder = tmp_path / "x y"
    folder.mkdir()
    (folder / "a.json").write_text('{"type": "Feature", "id": "a", "properties": {}, "geometry": null}')
    source = folder.as_uri()
    module = IngestModule({"mode": "file", "source": source})
    assert [item["id"] async for item in module.fetch(WorkflowContext())] == ["a"]
    plan = plan_ingest(ShardedIngest.parse({"source": source, "output": str(tmp_path / "out")}))
    assert plan.total == 1
    with pytest.raises(ConfigurationError, match="another machine"):
        IngestModule({"mode": "file", "source": "file://host/a"})


def test_the_kinds_of_sources() -> None:
    """There are these kinds, in the order in which they are looked for, and no ending is of two of them."""
    kinds = ["json_files", "ndjson", "geoparquet", "delta", "iceberg", "duckdb", "api", "catalog", "stdin", "pgstac"]
    assert list(KINDS) == [*kinds, "several"]
    suffixes = [suffix for kind in KINDS.values() for suffix in kind.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert [kind_of(f"a{suffix}").name for suffix in suffixes] == [
        kind.name for kind in KINDS.values() for _ in kind.suffixes
    ]


@pytest.mark.parametrize("rest", ["[::1", "host:99999/", "host:port/", "user:pass/word@host/", "", "/path"])
def test_a_url_without_a_host_or_a_port_is_told_without_its_text(rest: str) -> None:
    """The command, the module and shards refuse it in words; it isn't repeated, since it may hold a password."""
    source = f"http://{rest}"
    for use in (
        lambda: read_settings(parse_arguments([source, "--to", "ndjson", "--output", "out"])),
        lambda: IngestModule({"mode": "api", "source": source}),
        lambda: ShardedIngest.parse({"source": source, "output": "out", "collection": "a"}),
    ):
        with pytest.raises(ConfigurationError, match="source") as caught:
            use()
        assert "word" not in str(caught.value)
