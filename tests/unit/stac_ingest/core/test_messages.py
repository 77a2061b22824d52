"""Wrong settings in words: the key, what was found, what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stac_ingest.core import messages
from stac_ingest.core.messages import all_in_one_line, keys_of, one_line


class Inner(BaseModel):
    """A block."""

    model_config = ConfigDict(extra="forbid")

    pairs: int = 1


class Model(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    needed: str = Field(min_length=1)
    level: int = Field(default=1, ge=1)
    way: Literal["queue", "semaphore"] = "queue"
    inner: Inner | None = None

    @field_validator("level")
    @classmethod
    def _even(cls, level: int) -> int:
        if level % 2 == 0:
            raise ValueError("use an odd number")
        return level


def fault(settings: dict[str, Any]) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(settings)
    return caught.value


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "needed: missing; it has to be given"),
        ({"needed": ""}, "needed: '' is not allowed; string should have at least 1 character"),
        ({"needed": "x", "level": 0}, "level: 0 is not allowed; use greater than or equal to 1"),
        ({"needed": "x", "level": 2}, "level: use an odd number (found 2)"),
        ({"needed": "x", "way": "queu"}, "way: 'queu' is not allowed; use 'queue' or 'semaphore'; did you mean queue?"),
        ({"needed": "x", "inner": {"pair": 1}}, "inner.pair: unknown key; did you mean pairs?"),
    ],
)
def test_each_kind_of_fault_is_one_line(settings: dict[str, Any], said: str) -> None:
    """A message names the key and what is allowed; both forms agree where there is one fault."""
    error = fault(settings)
    assert one_line(error, Model) == all_in_one_line(error, Model) == said
    assert one_line(error, Model, "block").startswith("block.")


def test_a_misspelt_key_comes_first_and_the_others_are_counted_or_told() -> None:
    """The misspelling explains what is missing, so it leads; the short form counts the rest, the long one has all."""
    error = fault({"neded": "x", "level": 0})
    assert one_line(error, Model) == "neded: unknown key; did you mean needed? (and 2 more)"
    assert all_in_one_line(error, Model).split("; ")[0] == "neded: unknown key"
    assert all_in_one_line(error, Model).count("needed: missing") == 1


def test_a_dataclass_is_looked_into_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the keys of a dataclass are asked for, its annotations are evaluated once."""
    looked: list[type] = []
    monkeypatch.setattr(messages, "get_type_hints", lambda place: looked.append(place) or get_type_hints(place))

    @dataclass
    class Own:
        level: int = 1

    assert [keys_of(Own) for _ in range(3)] == [{"level": int}] * 3
    assert looked == [Own]
