"""The order of time in which pages come, read off their bytes."""

from __future__ import annotations

import orjson
import pytest

from stac_ingest.api.intervals import DAY, parse_instant
from stac_ingest.api.pages import Page, read_page
from stac_ingest.api.time_chunks.page_order import INSTANTS, Marks, Order, instants_of, lasting, marks

FIRST = parse_instant("2020-01-01")


def page(*days, links='[{"rel":"next","body":{"datetime":"2019-01-01T00:00:00Z/.."}}]'):
    features = ",".join(f'{{"properties":{{"datetime": "2020-01-{day:02}T00:00:00Z"}}}}' for day in days)
    return read_page(f'{{"features":[{features}],"links":{links}}}'.encode(), "http://127.0.0.1/search")


def test_marks_are_instants_of_items():
    """The interval of an echoed search, behind the items, is not mistaken for an item's time."""
    assert marks(page(1, 2, 3)) == Marks(FIRST, FIRST + 2 * DAY, FIRST + 2 * DAY)
    assert instants_of(page(1, 2)) == [FIRST, FIRST + DAY]


def test_a_page_without_instants_has_no_marks():
    """Where no item has a `datetime`, nothing is made up."""
    assert marks(read_page(b'{"features":[{"properties":{"datetime":null}}],"links":[]}', "u")) is None


@pytest.mark.parametrize(("days", "sign"), [((1, 2, 2, 5), 1), ((9, 7, 7, 1), -1), ((4, 4, 4), 0)])
def test_an_order_is_seen(days, sign):
    """Oldest first, newest first, or not to be seen yet where all items share one instant."""
    order, shown = Order(), page(*days)
    order.observe(shown, marks(shown))
    assert order.sign == sign
    assert order.known == (sign != 0)


@pytest.mark.parametrize("pages", [[(1, 5, 2, 6, 3, 7)], [(1, 2, 3), (6, 5, 4)]])
def test_one_page_out_of_order_breaks_it(pages):
    """An order that one page contradicts, within itself or against those before it, is trusted no more."""
    order = Order()
    for days in pages:
        shown = page(*days)
        order.observe(shown, marks(shown))
    assert not order.known


def test_how_long_items_last_is_read_off_a_page():
    """The mean of all items, instants among them, and the time from one start to the next; instants alone last none."""
    day = 86_400_000_000
    times = [
        {"datetime": None, "start_datetime": f"2020-01-0{n}T00:00:00Z", "end_datetime": f"2020-01-0{n + 2}T00:00:00Z"}
        for n in (1, 2, 3)
    ]
    members = [
        {"id": str(n), "properties": one} for n, one in enumerate([*times, {"datetime": "2020-01-05T00:00:00Z"}])
    ]
    found = lasting(Page(orjson.dumps({"features": members, "numberReturned": 4}), "http://h/", [], empty=False))
    assert found == (2 * day * 3 / 4, 2 * day / 4)
    assert found.reach == 3
    assert lasting(Page(orjson.dumps({"features": members[3:]}), "http://h/", [], empty=False)) == INSTANTS
