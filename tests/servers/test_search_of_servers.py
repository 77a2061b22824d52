"""The terms of a search, asked of real servers: the same items as files with the same terms give."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AREA = '{"type": "Polygon", "coordinates": [[[-60, -40], [60, -40], [0, 60], [-60, -40]]]}'
TERMS = {
    "text": ["--filter", '"eo:cloud_cover" < 20 AND "proj:code" LIKE \'EPSG:326%\''],
    "json": ["--filter", '{"op": "between", "args": [{"property": "eo:cloud_cover"}, 10, 15]}'],
    "place": ["--filter", "S_INTERSECTS(geometry, POLYGON((-60 -40, 60 -40, 0 60, -60 -40)))"],
    "intersects": ["--intersects", AREA],
    "ids": ["--ids", "@{ids}"],
    "fields": ["--fields", "properties.eo:cloud_cover,-links", "--filter", '"eo:cloud_cover" < 5'],
}


@pytest.mark.slow
@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("server", ["rustac", "counting_pgstac"])
@pytest.mark.parametrize("concurrency", ["1", "auto"])
def test_terms_find_the_same_as_in_files(  # noqa: PLR0917 - pytest gives arguments by name
    server: str, term: str, concurrency: str, corpus: Path, tmp_path: Path, request: pytest.FixtureRequest, told: Any
) -> None:
    """Whatever a server declares, its items are those that the file of them has, and the verdict isn't worse."""
    lines = (corpus / "items.ndjson").read_text().splitlines()
    (tmp_path / "ids").write_text("\n".join(json.loads(line)["id"] for line in lines[::9]))
    options = [one.replace("{ids}", str(tmp_path / "ids")) for one in TERMS[term]]
    expected, _ = ingest(str(corpus / "items.ndjson"), tmp_path / "files", *options)
    found, certificate = ingest(
        request.getfixturevalue(server), tmp_path / "api", "--limit", "300", "--concurrency", concurrency, *options
    )
    assert expected
    assert {one["id"] for one in found} == {one["id"] for one in expected}
    assert certificate["verdict"] in ("complete", "unknown")
    told(f"{server}, {term}, {len(found)} items: {certificate['requests']} requests; {certificate['notes']}")


@pytest.mark.parametrize("order", ["-datetime", "+datetime,-id"])
def test_an_order_is_the_servers(order: str, counting_pgstac: str, corpus: Path, tmp_path: Path) -> None:
    """Items come sorted by a server that declares it, page after page; numbers it may sort as texts."""
    found, _ = ingest(counting_pgstac, tmp_path, "--sortby", order, "--limit", "700")
    name = order.split(",", maxsplit=1)[0][1:]
    values = [one["properties"][name] for one in found]
    assert values == sorted(values, reverse=order[0] == "-")
    assert len(values) == len((corpus / "items.ndjson").read_text().splitlines())


def ingest(source: str, output: Path, *options: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run the command; give the items and the certificate."""
    command = [sys.executable, "-m", "stac_ingest", source, "--to", "ndjson", "--output", str(output), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = (output / "items.ndjson").read_text().splitlines()
    return [json.loads(line) for line in written], json.loads((output / "certificate.json").read_text())
