"""Folders named `key=value`, as Hive and its successors cut a table."""

from __future__ import annotations

NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""What a folder is called whose rows have no value."""
