"""The settings of the command's transforms."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stac_ingest.errors import ConfigurationError
from stac_ingest.transforms import TransformSettings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"wher": "a = 1"}, "wher: unknown key; did you mean where"),
        ({"drop_properties": "x"}, "drop_properties"),
        ({"drop_properties": ["datetime"]}, "datetime can't be dropped or renamed"),
        ({"rename_properties": {"datetime": "date"}}, "datetime can't be dropped or renamed"),
        ({"set_properties": {"x": float("nan")}}, "the value of 'x' can't be written as JSON"),
        ({"set_properties": {"x": 2**70}}, "the value of 'x' can't be written as JSON"),
        (["where"], "use a valid dictionary"),
    ],
)
def test_wrong_settings_are_named(settings: Any, said: str) -> None:
    """What is misspelt, of the wrong kind, or would make no item is refused in words."""
    with pytest.raises(ConfigurationError, match=f"transforms: .*{said}"):
        TransformSettings.parse(settings)


def test_dates_of_yaml_are_texts() -> None:
    """A date that YAML made an object of is set as the text that it was written as."""
    parsed = TransformSettings.parse({"set_properties": {"x": dt.date(2024, 5, 1)}})
    assert parsed.set_properties == {"x": "2024-05-01"}


def test_the_mark_tells_settings_apart() -> None:
    """Without transforms there is none; others give another one, the same ones give the same."""
    marks = [
        TransformSettings.parse(settings).mark
        for settings in (
            {},
            {"where": "a = 1"},
            {"where": "a = 2"},
            {"drop_properties": ["a"]},
            {"rename_properties": {"a": "b"}},
            {"set_properties": {"a": 1}},
        )
    ]
    assert marks[0] == ""
    assert len({*marks}) == len(marks)
    assert TransformSettings.parse({"where": "a = 1", "drop_properties": []}).mark == marks[1]
