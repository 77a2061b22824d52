"""Symbolic links in an output: nothing is written through them."""

from __future__ import annotations

import os
from pathlib import Path

from stac_ingest.core.atomic import refuse_link
from stac_ingest.sync.settings import SyncSettings


def refuse_links(settings: SyncSettings) -> None:
    """Refuse links where a sync writes, but for the folders of parts, which are looked at when a part takes its place.

    Raises:
        ConfigurationError: there is one.

    """
    for folder in (settings.output / "changes", settings.state):
        refuse_link(folder)
    for at, folders, files in os.walk(settings.state):
        for name in (*folders, *files):
            refuse_link(Path(at, name))
