"""Settings that are checked by their annotations, with pydantic for what has to be converted or explained."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from stac_ingest.config import MAX_CONCURRENCY, IngestConfig, RequestBudget
from stac_ingest.core.conversion import adapter
from stac_ingest.core.settings import Settings
from stac_ingest.errors import ConfigurationError
from stac_ingest.transforms import TransformSettings
from stac_ingest.transforms.update import UpdateSettings

LEAST: dict[type[Settings], dict[str, Any]] = {
    IngestConfig: {"mode": "file", "source": "x"},
    RequestBudget: {},
    TransformSettings: {},
    UpdateSettings: {},
}
WORDS = (
    "",
    "auto",
    "file",
    "api",
    "json",
    "semaphore",
    "time_chunks",
    "wait",
    "5",
    "true",
    "file:///a",
    "datetime",
    "é",
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((-1, 0, 1, 5, 50, MAX_CONCURRENCY + 1, 10_000, 10_001, 2**53 + 1, 2**70)),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=3),
    st.binary(max_size=2),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner),
        st.dictionaries(st.sampled_from(("max_requests", "requests_per_second", "a", "datetime")), inner, max_size=2),
    ),
    max_leaves=4,
)
TEXTS = st.sampled_from(("\ud800", "a\udcff"))
"""No Unicode, as names of files may be."""


def outcome(read: Any) -> Any:
    """Return what reading gives, or None where it refuses."""
    try:
        return asdict(read())
    except (ConfigurationError, ValidationError):
        return None


@how(deadline=None)  # the first example has pydantic read all annotations
@given(data=st.data())
@pytest.mark.parametrize("kind", LEAST)
def test_what_is_taken_as_it_is_is_what_pydantic_makes_of_it(kind: type[Settings], data: st.DataObject) -> None:
    """Whatever stands in a setting, the quick way refuses, or finds the values and types that pydantic finds."""
    name = data.draw(st.sampled_from(kind.names()))
    settings = LEAST[kind] | {name: data.draw(VALUES | TEXTS)}
    slow = outcome(lambda: adapter(kind).validate_python(settings))
    try:
        quick: Any = asdict(kind.plain(settings))
    except ValueError:
        quick = slow
    assert repr(quick) == repr(slow)
    assert repr(outcome(lambda: kind.parse(settings))) == repr(slow)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"limit": 10, "bbox": [1, 2.5, 3, 4], "datetime": 2024, "concurrency": "auto"},
        {"query": {"a": {"lt": 1}}, "hrefs": "absolute", "budget": {"max_requests": 5, "requests_per_second": 2}},
    ],
)
def test_usual_settings_are_read_without_pydantic(settings: dict[str, Any]) -> None:
    """Numbers, texts, lists and a block of settings, of the types that YAML has, need no library."""
    code = (
        "import sys; from stac_ingest.config import IngestConfig; "
        f"IngestConfig.parse({LEAST[IngestConfig] | settings!r}); sys.exit('pydantic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_needs_a_conversion_gets_one() -> None:
    """A number in quotes is one, here and in a block; whole numbers of a box are floats."""
    made = IngestConfig.parse(
        LEAST[IngestConfig] | {"limit": "5", "budget": {"max_in_flight": "2"}, "bbox": [1, 2, 3, 4]}
    )
    assert (made.limit, made.budget.max_in_flight) == (5, 2)
    assert repr(made.bbox) == "[1.0, 2.0, 3.0, 4.0]"


def test_mappings_other_than_dictionaries_are_read() -> None:
    """Settings, and a block of them, may be any mapping, and what is wrong with one is told by its key."""
    made = IngestConfig.parse(
        MappingProxyType(LEAST[IngestConfig] | {"budget": MappingProxyType({"max_requests": 3}), "limit": "5"})
    )
    assert made == IngestConfig(**LEAST[IngestConfig], budget={"max_requests": 3}, limit=5)
    assert not made.is_given("retry")
    with pytest.raises(ConfigurationError, match=r"^budget\.max_reqests: unknown key; did you mean max_requests\?$"):
        IngestConfig(**LEAST[IngestConfig], budget=MappingProxyType({"max_reqests": 3}))


def test_a_subclass_has_its_own_defaults() -> None:
    """Defaults and settings of a subclass count without a decorator, whichever way the settings are read."""

    class Slow(IngestConfig):
        limit: int = 7
        pause: float = 1.5

    for timeout in (3, "3"):
        made = Slow(**LEAST[IngestConfig], timeout=timeout)
        assert (made.limit, made.pause, made.timeout, made.retry) == (7, 1.5, 3.0, "wait")
        assert Slow.parse(LEAST[IngestConfig] | {"timeout": timeout}) == made
    assert Slow(**LEAST[IngestConfig], pause="2").pause == 2.0

    class Unread(IngestConfig):
        limit: int = 8

    assert TypeAdapter(Unread).validate_python(LEAST[IngestConfig]).limit == 8
    assert IngestConfig(**LEAST[IngestConfig]).limit == 100


@pytest.mark.parametrize("name", ["self", "settings", "cls"])
def test_no_name_is_taken_for_an_argument_of_ours(name: str) -> None:
    """A setting that isn't one is told as such, though the constructor has a parameter of its name."""
    with pytest.raises(ConfigurationError, match=f"{name}: unknown key"):
        IngestConfig(**LEAST[IngestConfig] | {name: 1})


def test_all_that_is_wrong_is_told() -> None:
    """Each setting is named, those of a block by their path; the constructor checks as `parse` does."""
    wrong = {"mode": "fil", "limit": 0, "concurrency": 99, "budget": {"max_reqests": 1}}
    with pytest.raises(ConfigurationError) as told:
        IngestConfig(**wrong)
    said = str(told.value).split("; ")
    assert "budget.max_reqests: unknown key" in said
    assert "did you mean max_requests?" in said
    assert "source: missing" in said
    assert "concurrency: use 1 to 50, or 'auto' (found 99)" in said
    assert "limit: 0 is not allowed" in said
    assert "mode: 'fil' is not allowed" in said


def test_settings_know_what_was_given() -> None:
    """A default that is written down is given, and isn't changed; a copy with other values knows it as well."""
    made = IngestConfig.parse(LEAST[IngestConfig] | {"concurrency": "auto", "worker_strategy": "semaphore", "limit": 5})
    assert made.is_given("worker_strategy")
    assert not made.is_given("retry")
    assert made.changed() == LEAST[IngestConfig] | {"limit": 5, "concurrency": "auto"}
    copy = made.replace(limit="7", format="json")
    assert (copy.limit, copy.format, made.limit) == (7, "json", 5)
    assert copy.is_given("worker_strategy")
    assert not copy.is_given("retry")


@pytest.mark.parametrize("limit", [5, "5"])
def test_the_quick_way_and_pydantic_note_what_was_given(limit: Any) -> None:
    """`auto` picks the strategy unless one was named, whichever way the settings were read."""
    settings = {"mode": "api", "source": "http://localhost", "concurrency": "auto", "limit": limit}
    assert IngestConfig.parse(settings).strategy == "time_chunks"
    assert IngestConfig.parse(settings | {"worker_strategy": "semaphore"}).strategy == "semaphore"


def test_checked_settings_stay_as_they_are() -> None:
    """They are returned when they are read again, share nothing with what was given, and can't be changed."""
    query = {"a": {"lt": 1}}
    made = IngestConfig(mode="file", source="x", query=query)
    assert IngestConfig.parse(made) is made
    assert made.query == query
    assert made.query is not query
    with pytest.raises(FrozenInstanceError):
        made.limit = 5  # type: ignore[misc]


def test_the_schema_has_limits_and_descriptions() -> None:
    """Tools that know pydantic learn from the annotations and docstrings what a setting can be."""
    schema = TypeAdapter(IngestConfig).json_schema()
    assert schema["properties"]["limit"] == {
        "default": 100,
        "description": "items a page (api mode)",
        "maximum": 10_000,
        "minimum": 1,
        "title": "Limit",
        "type": "integer",
    }
    assert schema["required"] == ["mode", "source"]
    assert all(each["description"] for each in schema["properties"].values())
