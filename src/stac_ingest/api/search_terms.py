"""The terms of a search in the forms in which they are sent: in the body of a POST, and in the query of a GET."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

_LONGEST = 1_500
"""Characters that ids may take in a URL: with all else it stays within the 2,000 that every server takes."""


class FilterTerm(NamedTuple):
    """An expression in both languages, and in which a server takes it."""

    json: Any
    text: str
    languages: tuple[str, ...] = ("cql2-text", "cql2-json")

    def written(self, method: str) -> dict[str, Any]:
        """Return the parameters that it becomes: text in a URL and JSON in a body, where the server takes these."""
        usual = _usual(method)
        language = usual if usual in self.languages else self.languages[0]
        return {"filter": self.text if language == "cql2-text" else self.json, "filter-lang": language}

    def other_language(self, method: str) -> str:
        """Return the language that isn't the usual one of a method."""
        return next(one for one in self.languages if one != _usual(method))


def written_terms(search: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Return a search as the parameters that are sent; the values are those of a POST, or texts for a GET."""
    sent: dict[str, Any] = {}
    for name, value in search.items():
        sent |= value.written(method) if isinstance(value, FilterTerm) else {name: value}
    return sent if method == "POST" else {name: _as_text(name, value) for name, value in sent.items()}


def parts_of_ids(ids: Sequence[str], method: str, limit: int) -> list[list[str]]:
    """Cut ids into lists that are asked for in one request each: those of a page, and of a URL that isn't too long."""
    parts: list[list[str]] = [[]]
    length = 0
    for one in ids:
        size = len(quote(one, safe="")) + 1
        if parts[-1] and (len(parts[-1]) == limit or (method == "GET" and length + size > _LONGEST)):
            parts.append([])
            length = 0
        parts[-1].append(one)
        length += size
    return parts


def _usual(method: str) -> str:
    return "cql2-text" if method == "GET" else "cql2-json"


def _as_text(name: str, value: Any) -> str:
    if (special := _TEXTS.get(name)) is not None:
        return special(value)
    if isinstance(value, list):
        return ",".join(str(int(v) if isinstance(v, float) and v.is_integer() else v) for v in value)
    if isinstance(value, dict | bool):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def _fields_text(value: Mapping[str, list[str]]) -> str:
    return ",".join([*value.get("include", []), *(f"-{name}" for name in value.get("exclude", []))])


_TEXTS: dict[str, Callable[[Any], str]] = {
    "fields": _fields_text,
    "sortby": lambda value: ",".join(("-" if one["direction"] == "desc" else "+") + one["field"] for one in value),
}
