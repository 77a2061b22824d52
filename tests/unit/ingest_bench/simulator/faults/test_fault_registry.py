"""Named behaviours: how they are listed, read, combined and shared out."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from ingest_bench.__main__ import main
from ingest_bench.errors import SettingsError
from ingest_bench.simulator.faults.registry import BEHAVIOURS, describe, make, sentence


def test_every_behaviour_is_described_in_a_sentence(capsys):
    """The list names each behaviour once, with one sentence, and the command prints it."""
    text = describe()
    for name, kind in BEHAVIOURS.items():
        shown = name if kind.default is None else f"{name}={kind.default}"
        assert text.count(f"  {shown}\n") == 1
        assert sentence(kind).endswith(".")
        assert sentence(kind) != sentence(kind.__mro__[1])
    with pytest.raises(SystemExit) as end:
        main(["simulate", "--list-behaviours"])
    assert end.value.code == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("next-slef", "did you mean next-self?"),
        ("nonsense", "--list-behaviours"),
        ("next-self=two", "a whole number"),
        ("next-self=-1", "as in next-self=2"),
        ("bad-item=1", "takes no value"),
        ("reset@2", "share from 0 to 1"),
        ("reset@some", "share from 0 to 1"),
    ],
)
def test_what_cannot_be_used_is_refused(text, message):
    """A wrong name, value or share is named, with what would be right."""
    with pytest.raises(SettingsError, match=f"--behaviour {text}: ") as caught:
        make([text])
    assert message in str(caught.value)


def test_values_are_read():
    """A value is of the kind of the default, which stands in for it."""
    assert [fault.value for fault in make(["next-self", "next-self=5", "ignore-filters=bbox"])] == [2, 5, "bbox"]


def test_what_sends_something_else_stands_outside_of_what_changes_pages():
    """However behaviours are ordered by the user, each still finds what it works on."""
    names = [fault.name for fault in make(["bad-item", "json-bom", "html", "next-relative"])]
    assert names == ["html", "json-bom", "bad-item", "next-relative"]


@pytest.mark.slow
async def test_a_share_is_seeded():
    """The same requests are concerned whenever they are asked, with another seed others, and about as many as said."""

    async def concerned(seed):
        fault = BEHAVIOURS["html"](share=0.3, seed=seed)
        requests = [make_mocked_request("GET", f"/search?n={n}", headers={"Host": "h"}) for n in range(400)]
        for request in requests:
            request._read_bytes = b""
        return [await fault.concerns(request) for request in requests]

    first = await concerned(1)
    assert await concerned(1) == first
    assert await concerned(2) != first
    assert 80 <= sum(first) <= 160
