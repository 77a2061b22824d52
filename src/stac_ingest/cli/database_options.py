"""The settings of a database that items are loaded into."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs import OUTPUTS

if TYPE_CHECKING:
    from stac_ingest.pgstac.settings import DatabaseSettings

SETTING = "database"
"""Where a file of settings has them."""


def read_database(settings: dict[str, Any], options: argparse.Namespace) -> DatabaseSettings | None:
    """Take the settings of a database out of those of a file, overlaid by the command line; None without any.

    Raises:
        ConfigurationError: one of them is wrong, or the output takes none.

    """
    found = settings.pop(SETTING, None)
    if found is None and options.database is None:
        return None
    if OUTPUTS[options.to].settings is None:
        raise ConfigurationError(f"{SETTING}: for --to pgstac alone; leave it out")
    from stac_ingest.pgstac.database import has_password  # noqa: PLC0415 - few runs have a database
    from stac_ingest.pgstac.settings import DatabaseSettings  # noqa: PLC0415 - same

    if options.database is not None:
        if has_password(options.database):
            raise ConfigurationError(
                "--database is given with a password, which others here can see; put it into PGPASSWORD, ~/.pgpass or "
                f"a file for --config ({SETTING}: dsn)"
            )
        found = {**(found if isinstance(found, dict) else {}), "dsn": options.database}
    return DatabaseSettings.parse(found)
