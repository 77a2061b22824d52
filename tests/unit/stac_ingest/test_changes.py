"""Values that were altered or left out: counted once each, and kept by a kill."""

import orjson

from stac_ingest.changes import KEPT_IN_MEMORY, ChangeCollector
from stac_ingest.completeness import verdict_of


def test_the_same_change_counts_once() -> None:
    """An item that is read again after a kill is named once, and an id in two collections is two items."""
    lines: list[bytes] = []
    changes = ChangeCollector(lines.append)
    for collection in ("ndvi", "lst", "ndvi"):
        changes.add({"id": "2024-01", "collection": collection}, "properties.x", "cut")
    changes.add({"id": "2024-01", "collection": "lst"}, "properties.y", "cut")
    changes.flush()
    changes.flush()
    assert (changes.items, changes.changes) == (2, 3)
    assert [orjson.loads(line)["member"] for line in b"".join(lines).splitlines()] == ["properties.x"] * 2 + [
        "properties.y"
    ]


def test_a_later_run_goes_on_behind_the_last_whole_line() -> None:
    """What a killed run has written counts, its half line doesn't, and nothing is written twice."""
    lines: list[bytes] = []
    changes = ChangeCollector(lines.append)
    changes.add({"id": "a"}, "x", "cut")
    changes.add({"id": "b"}, "x", "cut")
    changes.flush()
    (written,) = lines
    later = ChangeCollector(lines.append)
    assert later.resume(written[:-3]) == written.index(b"\n") + 1
    later.add({"id": "a"}, "x", "cut")
    later.add({"id": "b"}, "x", "cut")
    later.flush()
    assert later.items == 2
    assert orjson.loads(lines[1])["item_id"] == "b"


def test_memory_is_bounded() -> None:
    """However many changes there are, a fixed number of them is kept as objects."""
    changes = ChangeCollector()
    for number in range(KEPT_IN_MEMORY + 5):
        changes.add({"id": f"{number}"}, "x", "cut")
    assert changes.items == KEPT_IN_MEMORY + 5
    assert len(changes.get_all()) == KEPT_IN_MEMORY


def test_the_verdict_names_changes() -> None:
    """An altered value is told by the verdict, but for one that says more: missing items, or no count at all."""
    assert verdict_of(2, 2, 0, 1)[0] == "complete with changes"
    verdict, reason = verdict_of(2, 2, 3, 1)
    assert verdict == "complete with changes"
    assert "3 of them again" in reason
    assert verdict_of(1, 2, 0, 1)[0] == "truncated"
    verdict, reason = verdict_of(2, None, 0, 1)
    assert verdict == "unknown"
    assert "values of 1 item were changed" in reason


def test_a_later_run_knows_which_copies_were_left_out() -> None:
    """The newest copy that was left out is read from the notes, and one that doesn't say when it was made is none."""
    lines: list[bytes] = []
    changes = ChangeCollector(lines.append)
    for item_id, properties in (("a", {}), ("b", {"updated": "2025-01-01T00:00:00Z"})):
        changes.add_repeated({"id": item_id, "properties": properties})
    changes.flush()
    later = ChangeCollector(lines.append)
    later.resume(b"".join(lines))
    assert later.repeated == changes.repeated == {("", "a"): None, ("", "b"): "2025-01-01T00:00:00Z"}
    assert b"it has no `updated`" in lines[0]
