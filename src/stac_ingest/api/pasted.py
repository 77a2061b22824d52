"""URLs as they are pasted from a browser or a notebook: a search, a collection or its items in place of an API's root.

What such a URL says becomes settings. What it can't mean here is refused with what to give instead, since a wrong root
looks like an API that holds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from stac_ingest.core.terms import fields_of, sortby_of
from stac_ingest.errors import ConfigurationError
from stac_ingest.http.urls import NO_ADDRESS, display, is_secret, is_web_address

_FORMATS = ("f", "format", "_format")
"""Parameters that say how an answer is shown."""
_PAGES = ("token", "next", "page", "pagenumber", "page_number", "offset", "skip", "startindex", "start_index", "cursor")
"""Parameters that say where a page of a search begins."""
_BESIDE = ("queryables", "conformance", "aggregations", "aggregate", "sortables", "schema")
"""Documents beside the items; whoever pastes one means what they are about."""


class _Place(NamedTuple):
    """What the path of a URL leads to."""

    root: str
    """Path of the API's root."""
    collection: str | None = None
    is_search: bool = False
    """Whether its query is that of a search."""


def with_pasted(settings: Mapping[str, Any], known: Collection[str], collection: str) -> dict[str, Any]:
    """Return settings whose source is the root of an API, with what its URL says of the items.

    Args:
        settings: as given, of an ingest from an API.
        known: the names of all settings there are.
        collection: the name of the setting for the collection.

    Raises:
        ConfigurationError: the URL and another setting say different things, or it can't be used.

    """
    source = settings.get("source")
    if not isinstance(source, str) or not source.strip().lower().startswith(("http://", "https://")):
        return dict(settings)
    if not is_web_address(source.strip()):
        raise ConfigurationError(NO_ADDRESS)
    parts = urlsplit(source.strip())
    shown = display(source, source=True)
    if parts.fragment.startswith(("/", "!")):
        raise ConfigurationError(
            f"source: {shown} is a page for people, by what follows the #; give the URL of the API that it shows"
        )
    place = _place(parts.path, shown)
    said: dict[str, Any] = {} if place.collection is None else {collection: place.collection}
    kept = []
    for raw in filter(None, parts.query.split("&")):
        name, value = next(iter(parse_qsl(raw, keep_blank_values=True)), ("", ""))
        if name.lower() in _FORMATS:
            continue
        if is_secret(name) or not place.is_search:
            kept.append(raw)
            continue
        if name != _LANGUAGE:  # an expression shows which it is in
            _take(said, (name, value), known, collection, shown)
    merged = dict(settings)
    for setting, value in said.items():
        _agree(merged, setting, value, shown)
    merged["source"] = urlunsplit((parts.scheme, parts.netloc, place.root, "&".join(kept), ""))
    return merged


def _take(
    said: dict[str, Any], parameter: tuple[str, str], known: Collection[str], collection: str, shown: str
) -> None:
    """Take a parameter of a search for the setting that it is."""
    name, value = parameter
    if name.lower() in _PAGES:
        raise ConfigurationError(f"source: {shown} is one page of a search; leave out {name}=")
    setting, read = _PARAMETERS.get(name, ("", None))
    if name == "collections" and "," not in value:
        setting, read = collection, str
    if read is None or setting not in known:
        raise ConfigurationError(f"source: {name}= of {shown} can't be used; leave it out, or see the settings")
    _agree(said, setting, _read(read, name, value, shown), shown)


def _place(path: str, shown: str) -> _Place:
    segments = path.rstrip("/").split("/")
    if len(segments) > 1 and segments[-1] in _BESIDE:
        segments = segments[:-1]
    match segments:
        case [*root, "collections", _, "items", _]:
            raise ConfigurationError(f"source: {shown} is one item; give {'/'.join(segments[:-1])} or the API's root")
        case [*root, "collections", name, "items"]:
            return _Place("/".join(root), unquote(name), is_search=True)
        case [*root, "collections", name]:
            return _Place("/".join(root), unquote(name))
        case [*root, "collections"]:
            return _Place("/".join(root))
        case [*root, "search"]:
            return _Place("/".join(root), is_search=True)
    # As it is: some servers want the slash at the end of their root.
    return _Place(path if segments == path.rstrip("/").split("/") else "/".join(segments))


def _agree(settings: dict[str, Any], name: str, value: Any, shown: str) -> None:
    given = settings.get(name)
    if given is not None and given != value and _plain(given) != _plain(value):
        raise ConfigurationError(
            f"{name}: {given!r:.100} is given, and source says {value!r:.100} ({shown}); give one of them"
        )
    settings[name] = value


def _plain(value: Any) -> Any:
    """Give a value as it is compared: Snakemake and YAML may have made a number of a date, or left a box as text."""
    if isinstance(value, str) and "," in value:
        value = value.split(",")
    return [float(part) if _is_number(part) else part for part in value] if isinstance(value, list) else str(value)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _read(read: Callable[[str], Any], name: str, text: str, shown: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise ConfigurationError(f"source: {name}={text:.100} of {shown} can't be read: {error}") from None


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _texts(text: str) -> list[str]:
    return text.split(",")


def _object(text: str) -> Any:
    if not isinstance(parsed := json.loads(text), dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - a value in a text
    return parsed


def _object_or_text(text: str) -> Any:
    return _object(text) if text.lstrip().startswith("{") else text


def _sorting(text: str) -> Any:
    # A plus that isn't encoded is a space.
    return sortby_of(text.replace(" ", "+"))


def _fields(text: str) -> Any:
    return fields_of(text.replace(" ", "+"))


_LANGUAGE = "filter-lang"

_PARAMETERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "collections": ("collections", _texts),
    "bbox": ("bbox", _numbers),
    "datetime": ("datetime", str),
    "limit": ("limit", int),
    "ids": ("ids", _texts),
    "intersects": ("intersects", _object),
    "query": ("query", _object),
    "filter": ("filter", _object_or_text),
    "sortby": ("sortby", _sorting),
    "fields": ("fields", _fields),
}
"""The setting that a parameter of a search becomes, where there is one, and how it is read."""
