"""`file:` URLs, from and to paths."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOCAL = ("", "localhost")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


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


def local_path(text: str) -> Path:
    """Return the path that is given, be it as a `file:` URL.

    Any other URL would pass for a relative path, of a folder that is called `s3:`. A folder of that name is `./s3:`.

    Raises:
        ValueError: it is a URL of something else than a path of this machine.

    """
    path = path_of_file_url(text)
    if (url := _URL.match(path)) is not None:
        raise ValueError(f"{url[0].lower()} is a URL, not a path of this machine")
    return Path(path)


def file_url(path: Path) -> str:
    """Return the URL of an absolute path, be its name UTF-8 or not."""
    return path.as_uri()
