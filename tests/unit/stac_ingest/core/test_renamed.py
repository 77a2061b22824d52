"""Settings under an earlier name: read as the present one, told of once in a run, in its processes too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stac_ingest.config import IngestConfig
from stac_ingest.core.renamed import TOLD
from stac_ingest.errors import ConfigurationError

SETTINGS = {"mode": "file", "source": "x"}
NOTE = "note: max_response_mb is called max_response_mib now; the old name will be refused by the next release\n"


def test_an_old_setting_is_read_and_told_of_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It means what its present name means; the note comes once, and not again from a process that is started."""
    monkeypatch.setenv(TOLD, "")
    for _ in range(2):
        assert IngestConfig.parse({**SETTINGS, "max_response_mb": 5}) == IngestConfig(**SETTINGS, max_response_mib=5)
    again = f"from stac_ingest.config import IngestConfig; IngestConfig.parse({ {**SETTINGS, 'max_response_mb': 5}!r})"
    child = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True)
    assert (capsys.readouterr().err, child.stderr) == (NOTE, "")


def test_both_names_are_refused() -> None:
    """Of two values none is preferred."""
    with pytest.raises(ConfigurationError, match="max_response_mb: unknown key; did you mean max_response_mib"):
        IngestConfig.parse({**SETTINGS, "max_response_mb": 5, "max_response_mib": 6})
