"""The settings of transforms as the modifiers of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.transforms.filter import FilterItems
from stac_ingest.transforms.settings import TransformSettings
from stac_ingest.transforms.update import UpdateItems

if TYPE_CHECKING:
    from stac_ingest.pipeline import Modifier


def modifiers_of(settings: TransformSettings) -> tuple[FilterItems | None, list[Modifier]]:
    """Make the modifiers of a run; the first of the two is the one of `where`, which is among the others.

    Raises:
        ConfigurationError: a setting can't be used.

    """
    wanted = None if settings.where is None else FilterItems(settings.where)
    changes = {
        "rename": settings.rename_properties,
        "remove": settings.drop_properties,
        "set": settings.set_properties,
    }
    updates = [UpdateItems(changes)] if any(changes.values()) else []
    return wanted, [*([] if wanted is None else [wanted]), *updates]
