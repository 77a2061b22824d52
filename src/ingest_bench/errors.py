"""Every error that `ingest_bench` raises on purpose.

::

    BenchError
    ├── SettingsError       `config.yaml` can't be used; one line that names the key
    ├── MeasurementError    a sample, a server or a corpus failed; the cell has no result
    ├── AggregationError    cells that don't belong together
    ├── ComparisonError     two runs can't be compared: a file is unusable, or they have nothing in common
    ├── ReceiptError        an archive is no receipt, or nothing can be made of it
    └── RegressionError     a run is worse than an earlier one
"""


class BenchError(Exception):
    """The root of all errors of this package."""


class SettingsError(BenchError):
    """A setting is missing, misspelt or not allowed. The message is one line that begins with the key."""


class MeasurementError(BenchError):
    """A sample, a server or a corpus failed, so that a cell has no result."""


class SampleTimeoutError(MeasurementError):
    """A sample took longer than it may."""


class SampleStoppedError(MeasurementError):
    """A sample has ended early: it has sent all that it may, or the server asks for no more.

    Attributes:
        requests: what it has sent; None where that isn't counted.
        refused: whether the server has asked for fewer.

    """

    def __init__(self, message: str, *, requests: int | None, refused: bool) -> None:
        super().__init__(message)
        self.requests = requests
        self.refused = refused


class AggregationError(BenchError):
    """Cells can't be brought together: another matrix's, another machine's, or damaged."""


class ComparisonError(BenchError):
    """Two runs can't be compared: a file can't be read or written, or they have nothing in common."""


class ReceiptError(BenchError):
    """An archive is no receipt of a run, is damaged, or nothing can be made of its samples."""


class RegressionError(BenchError):
    """A run is worse than an earlier one, beyond noise. The message names the cells."""
