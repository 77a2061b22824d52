"""Arrow without pandas, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

_OWN = "import sys, pyarrow as pa; from stac_ingest.geoparquet.pandas_import import leave_pandas_out as out; out(); "
_SERIES = "import pandas as pd; assert pa.array(pd.Series([1.0, float('nan')])).null_count == 1; "
_THREAD = "import threading; t = threading.Thread(target=lambda: exec('import pandas')); t.start(); t.join();"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_columns_are_made_without_pandas() -> None:
    """Lists become columns and rows without an import of pandas."""
    run(f"{_OWN} assert pa.array([{{'a': 1}}]).to_pylist() == [{{'a': 1}}]; assert 'pandas' not in sys.modules")


@pytest.mark.parametrize(
    "code",
    [
        f"{_OWN} pa.array([1]); {_SERIES}",
        f"import pandas; {_OWN} {_SERIES}",
        f"{_OWN} {_THREAD} {_SERIES}",
    ],
    ids=["later", "before", "in a thread"],
)
def test_whoever_imports_pandas_has_its_series_understood(code: str) -> None:
    """A missing number of a series is a null for Arrow, whenever pandas was imported."""
    run(code)


def test_what_needs_pandas_imports_it() -> None:
    """A table becomes a data frame where nobody has imported pandas before, and series are understood from then on."""
    run(f"{_OWN} assert len(pa.table([[1]], names=['a']).to_pandas()) == 1; {_SERIES}")


def test_pandas_has_its_own_loader() -> None:
    """Who asks pandas for its loader or its files has what was there without us."""
    names = "print(type(pandas.__loader__).__name__, type(pandas.__spec__.loader).__name__)"
    assert run(f"{_OWN} import pandas; {names}") == run(f"import pandas; {names}")
