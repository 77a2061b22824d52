"""A pgstac where it can't be used, told before any database is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stac_ingest.errors import ConfigurationError
from stac_ingest.sharding import ShardedIngest, plan_ingest

WITHOUT = (
    "import sys; sys.modules['psycopg'] = None; from stac_ingest.cli.main import main; sys.exit(main(sys.argv[1:]))"
)
MODULE = """
import sys
sys.modules['psycopg'] = None
from stac_ingest import IngestModule
IngestModule({"mode": "file", "source": "postgresql://x/y"})
"""


@pytest.mark.parametrize("source", ["postgresql://127.0.0.1/x", "{items}"])
def test_the_extra_that_is_missing_is_named(tmp_path, source):
    """Without psycopg, the command says what to install, for the source as for the output."""
    items = tmp_path / "items.ndjson"
    items.write_text("")
    words = [source.format(items=items), "--to", "pgstac" if "items" in source else "ndjson"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words, "--output", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert 'pip install "stac-ingest-bench[pgstac]"' in done.stderr


def test_the_module_names_it_too():
    """Without psycopg, the module raises a `ConfigurationError` that names the extra."""
    done = subprocess.run([sys.executable, "-c", MODULE], capture_output=True, text=True, check=False)
    assert "ConfigurationError" in done.stderr
    assert "stac-ingest-bench[pgstac]" in done.stderr


def test_shards_of_a_database_are_refused(tmp_path):
    """`snakemake ingest` says that it can't cut a database, and asks none."""
    with pytest.raises(ConfigurationError, match="pgstac"):
        plan_ingest(ShardedIngest.parse({"source": "postgresql://127.0.0.1:1/x", "output": str(tmp_path / "out")}))
