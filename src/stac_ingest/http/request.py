"""A request as a link or a search describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import orjson


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a STAC API. A POST has a JSON body."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    search: Mapping[str, Any] | None = None
    """What it searches for, where this client wrote it: then it may be written otherwise, see `api.search_forms`."""

    @property
    def key(self) -> bytes:
        """Sixteen bytes that tell this request from others."""
        plain = [self.method, self.url, dict(self.headers), self.body]
        return blake2b(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()

    def parameter(self, name: str) -> Any:
        """Look up a parameter of the body (POST) or of the query (GET, as text); None without it."""
        if self.body is not None:
            return self.body.get(name)
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True)).get(name)

    def with_parameter(self, name: str, value: str | int) -> Request:
        """Return the same request with one parameter set; the others stay byte for byte as they are."""
        search = None if self.search is None else {**self.search, name: value}
        if self.body is not None:
            return replace(self, body={**self.body, name: value}, search=search)
        parts = urlsplit(self.url)
        kept = [p for p in parts.query.split("&") if p and p.partition("=")[0] != name]
        query = "&".join([*kept, f"{name}={quote(str(value), safe='')}"])
        return replace(self, url=urlunsplit(parts._replace(query=query)), search=search)
