"""The structure of the code: floors, circles, rings, and what may lie loose in a package."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import grimp
import pytest

FLOORS = {
    "stac_ingest": (
        ("errors",),
        ("core",),
        ("changes", "failures", "summary"),
        ("strategies", "checkpoints"),
        ("config", "context", "pipeline", "failure_reporter"),
        ("http", "geoparquet"),
        ("lakes",),
        ("api", "outputs", "completeness", "filters", "stores"),
        ("cql2",),
        ("sources", "transforms"),
        ("ingest_loop", "table_check"),
        ("module", "sharding"),
        ("sync",),
        ("audit",),
        ("cli",),
        ("__main__",),
    ),
    "ingest_bench": (
        ("errors", "results"),
        ("system",),
        ("arms",),
        ("config",),
        ("corpora", "analysis", "survey"),
        ("simulator",),
        ("harness", "client_matrix", "writer_table"),
        ("calibration",),
        ("report",),
        ("comparison",),
        ("docgen", "workflow"),
        ("agreement", "builds", "receipt", "reference"),
        ("history",),
        ("commands",),
        ("__main__",),
    ),
}
"""From the ground up: a room imports what is on its own floor or below."""

LOOSE = {
    "stac_ingest": {
        "__main__",
        "changes",
        "completeness",
        "config",
        "context",
        "errors",
        "failure_reporter",
        "failures",
        "ingest_loop",
        "module",
        "summary",
    },
    "ingest_bench": {"__main__", "errors"},
}
"""Modules that may lie beside a package's folders."""

Arrows = Mapping[str, set[str]]


@pytest.fixture(scope="module")
def arrows() -> Arrows:
    """Give each module's imports of our own modules; imports for types and inside functions count."""
    graph = grimp.build_graph("stac_ingest", "ingest_bench", cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_has_a_floor(arrows: Arrows, package: str):
    """A new room is put on a floor, and a floor names no room that is gone."""
    rooms = {module.split(".")[1] for module in arrows if module.startswith(f"{package}.")}
    assert rooms == {room for floor in FLOORS[package] for room in floor}


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_down(arrows: Arrows, package: str):
    """No module imports one of a higher floor."""
    height = {f"{package}.{room}": number for number, floor in enumerate(FLOORS[package]) for room in floor}
    upward = [
        f"{module} -> {imported}"
        for module in arrows
        for imported in arrows[module]
        if module.startswith(f"{package}.") and imported.startswith(f"{package}.")
        if height[room_of(imported)] > height[room_of(module)]
    ]
    assert not upward


def test_the_library_knows_nothing_of_the_benchmark(arrows: Arrows):
    """`stac_ingest` never imports `ingest_bench`."""
    assert not [
        f"{module} -> {imported}"
        for module in arrows
        for imported in arrows[module]
        if module.startswith("stac_ingest") and imported.startswith("ingest_bench")
    ]


def test_the_library_does_not_import_its_command_line(arrows: Arrows):
    """Only the command line imports the command line, and what takes its options by their names."""
    own = ("stac_ingest.cli", "stac_ingest.__main__")
    by_name = "ingest_bench.workflow.sync_settings"
    assert not [
        f"{module} -> {imported}"
        for module in arrows
        for imported in arrows[module]
        if imported.startswith(own) and not module.startswith(own) and module != by_name
    ]


def test_no_circle_of_files(arrows: Arrows):
    """No module imports itself through others."""
    assert not circles(arrows)


def test_no_ring_of_packages(arrows: Arrows):
    """Inside every package, its folders and files import each other in one direction."""
    packages = {module.rpartition(".")[0] for module in arrows}
    rings = {package: circles(inside(package, arrows)) for package in packages}
    assert not {package: ring for package, ring in rings.items() if ring}


@pytest.mark.parametrize("package", LOOSE)
def test_no_other_loose_modules(arrows: Arrows, package: str):
    """Modules lie in folders that say what they are about; those beside the folders are listed here."""
    packages = {module.rpartition(".")[0] for module in arrows}
    loose = {module for module in arrows if module.count(".") == 1 and module not in packages}
    assert {module.partition(".")[2] for module in loose if module.startswith(f"{package}.")} == LOOSE[package]


def room_of(module: str) -> str:
    """Give a package's folder, or the module beside its folders."""
    return ".".join(module.split(".")[:2])


def inside(package: str, arrows: Arrows) -> Arrows:
    """Give the imports between the folders and files that lie directly in a package; its face is none of them."""
    depth = package.count(".") + 2 if package else 1
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, imported in arrows.items():
        if module.startswith(f"{package}.") or not package:
            room = ".".join(module.split(".")[:depth])
            others = {".".join(other.split(".")[:depth]) for other in imported if other.startswith(f"{package}.")}
            rooms[room] |= others - {room}
    return rooms


def circles(arrows: Arrows) -> list[list[str]]:
    """List the strongly connected components of more than one member (R. Tarjan, SIAM J. Comput. 1, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in arrows.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            component = sorted(stack[at:])
            del stack[at:]
            if len(component) > 1:
                found.append(component)

    for node in arrows:
        if node not in index:
            visit(node)
    return found
