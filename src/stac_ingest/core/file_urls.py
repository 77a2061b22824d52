"""`file:` URLs, from and to paths."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOCAL = ("", "localhost")


def path_of_file_url(source: str) -> str:
    """Return the path that a `file:` URL names. Whatever else is given comes back as it is.

    Raises:
        ValueError: it is on another machine, or not a whole path.

    """
    if not source.lower().startswith("file:/"):
        return source
    parts = urlsplit(source)
    if parts.netloc.lower() not in _LOCAL:
        raise ValueError(f"{source} names a file of another machine; give a path, or file:///path")
    return unquote(parts.path)


def file_url(path: Path) -> str:
    """Return the URL of an absolute path, be its name UTF-8 or not."""
    return path.as_uri()
