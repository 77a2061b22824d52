"""What every command shares: its exit codes, the parsers it adds to, and the settings that it reads."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ingest_bench.config.models import Settings

OK, FAILED, BAD_SETTINGS = 0, 1, 2
REGRESSION, BAD_INPUT = FAILED, BAD_SETTINGS

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - see below
"""Where a command adds its parser; argparse has no public name for it."""


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings of `--config`, with the folder of `--results` where it is given.

    Raises:
        SettingsError: the configuration can't be used.

    """
    from ingest_bench.config.matrix import load_settings  # noqa: PLC0415 - `--help` does without

    settings = load_settings(options.config)
    return settings.model_copy(update={"results": options.results}) if options.results else settings
