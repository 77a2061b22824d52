"""Packages that a run may lack."""

from __future__ import annotations

import pytest

from stac_ingest import ConfigurationError
from stac_ingest.core.extras import needed


def test_what_installs_a_package_is_told() -> None:
    """A package that is there is no matter; of one that isn't, the extra is named that installs it."""
    needed("json", "delta")
    with pytest.raises(ConfigurationError, match=r'pip install "stac-ingest-bench\[delta\]"'):
        needed("no_package_of_this_name", "delta")
