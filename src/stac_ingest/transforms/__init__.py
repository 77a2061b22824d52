"""Modifiers of a pipeline that say by settings what becomes of each item, so that batches of items stay together."""

from stac_ingest.transforms.filter import FilterItems
from stac_ingest.transforms.settings import TransformSettings
from stac_ingest.transforms.update import UpdateItems

__all__ = ["FilterItems", "TransformSettings", "UpdateItems"]
