"""rustac's Python functions: `translate SOURCE OUTPUT`, and `search TABLE OUTPUT BBOX DATETIME` with its DuckDB."""

import sys
from importlib.util import find_spec
from pathlib import Path

import rustac


def extension(name: str) -> str:
    """Return the path of an extension of DuckDB, of the package that brings it: nothing is asked of a network."""
    package = Path(find_spec(f"duckdb_extension_{name}").origin).parent
    return str(next(package.rglob(f"{name}.duckdb_extension")))


task, source, output, *searched = sys.argv[1:]
if task == "translate":
    rustac.write_sync(output, rustac.read_sync(source, set_self_link=False))
else:
    box, times = searched
    needed = [extension(name) for name in ("icu", "parquet", "spatial")]
    client = rustac.DuckdbClient(extensions=needed, install_extensions=False)
    found = client.search(source, bbox=[float(side) for side in box.split(",")], datetime=times)
    rustac.write_sync(output, found)
