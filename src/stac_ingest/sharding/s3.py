"""Buckets of S3 and of what speaks like it, by way of Arrow's file system."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.fs as pafs

from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding.settings import ShardedIngest

KEY, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
ENDPOINT, REGION = "AWS_ENDPOINT_URL", "AWS_REGION"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CONNECT_S, _REQUEST_S = 10.0, 60.0
_BLOCK = 8 << 20


class S3Storage:
    """A prefix in a bucket."""

    def __init__(self, url: str, settings: ShardedIngest) -> None:
        self.filesystem, self.root = open_bucket(url, settings, "output")

    def move_in(self, file: Path, name: str) -> None:
        """Upload a file, and remove it here. What was sent in part is in no certificate, and is replaced."""
        target = f"{self.root}/{name}"
        try:
            with file.open("rb") as content, self.filesystem.open_output_stream(target) as upload:
                shutil.copyfileobj(content, upload, _BLOCK)
            (sent,) = self.filesystem.get_file_info([target])
        except OSError as error:
            raise DataProcessingError(f"can't write s3://{target}: {error}") from error
        if sent.size != file.stat().st_size:
            raise DataProcessingError(f"s3://{target} has {sent.size} bytes, though {file.stat().st_size} were sent")
        file.unlink()

    def sizes(self, folder: str) -> dict[str, int]:
        """List a folder."""
        within = pafs.FileSelector(f"{self.root}/{folder}", allow_not_found=True)
        try:
            return {file.base_name: file.size for file in self.filesystem.get_file_info(within) if file.is_file}
        except OSError as error:
            raise ConfigurationError(f"output: can't look into s3://{self.root}: {error}") from None

    def remove(self, name: str) -> None:
        """Remove an object."""
        target = f"{self.root}/{name}"
        (info,) = self.filesystem.get_file_info([target])
        if info.is_file:
            self.filesystem.delete_file(target)


def open_bucket(url: str, settings: ShardedIngest, key: str) -> tuple[pafs.FileSystem, str]:
    """Give the file system of a bucket, and the path of a prefix in it.

    Credentials come from the environment alone: there is no setting that a plan or a log could repeat.

    Args:
        url: `s3://bucket/prefix`.
        settings: of the ingest, for the endpoint.
        key: which setting the URL is, for messages.

    Raises:
        ConfigurationError: the URL can't be read, or credentials are missing.

    """
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    if not _BUCKET.fullmatch(parts.netloc) or parts.query or parts.fragment:
        raise ConfigurationError(f"{key}: {url.partition('@')[2] or url} is not of the form s3://bucket/prefix")
    names = prefix.split("/") if prefix else []
    if any(name in ("", ".", "..") for name in names):
        raise ConfigurationError(f"{key}: {url} has a part of its path that is empty or made of dots")
    endpoint = settings.s3_endpoint or os.environ.get(ENDPOINT) or ""
    options = {"region": os.environ.get(REGION, "us-east-1"), **_endpoint(endpoint), **_credentials(settings)}
    bucket = pafs.S3FileSystem(**options, connect_timeout=_CONNECT_S, request_timeout=_REQUEST_S)
    return bucket, "/".join([parts.netloc, *names])


def _credentials(settings: ShardedIngest) -> dict[str, object]:
    if settings.s3_anonymous:
        return {"anonymous": True}
    values = {name: os.environ.get(name) for name in (KEY, SECRET, TOKEN)}
    missing = [name for name in (KEY, SECRET) if not values[name]]
    if missing:
        raise ConfigurationError(
            f"object storage: the environment lacks {' and '.join(missing)} (for a public bucket: s3_anonymous=true)"
        )
    return {"access_key": values[KEY], "secret_key": values[SECRET], "session_token": values[TOKEN]}


def _endpoint(endpoint: str) -> dict[str, object]:
    if not endpoint:
        return {}
    parts = urlsplit(endpoint if "//" in endpoint else f"https://{endpoint}")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ConfigurationError("s3_endpoint: give the address of a server (http://host:port), without credentials")
    return {"endpoint_override": parts.netloc, "scheme": parts.scheme}
