"""Every error that `stac_ingest` raises on purpose.

::

    IngestError
    ├── ConfigurationError        a setting is missing, misspelt or names something that is not there
    └── DataProcessingError       the data, or the server that sends them, is at fault
        ├── ItemError             one item or one file; collected as a failure, the run goes on
        ├── PaginationLoop        a `next` link leads back to a page already seen
        ├── ResponseError         a server's answer can't be used
        │   ├── RateLimited       429 (or a throttling 403) after the retry budget, or with `retry: none`
        │   │   └── RetryAfterTooLong  the host asks for a longer pause than `retry_seconds`; the run ends
        │   ├── ResponseTooLarge  more bytes than `max_response_mib`
        │   └── LinkRefused       a link or redirect leads where none may go; it was not followed
        ├── OutputClosed          nobody reads standard output any more
        └── BudgetExhausted       the run's own budget of requests is spent
"""

from __future__ import annotations


class IngestError(Exception):
    """The root of all errors of this package."""


class ConfigurationError(IngestError):
    """A setting is missing, misspelt or names something that is not there."""


class DataProcessingError(IngestError):
    """The data, or the server that sends them, is at fault."""


class ItemError(DataProcessingError):
    """One item or one file is at fault; it is collected as a failure and the run goes on."""


class PaginationLoop(DataProcessingError):  # noqa: N818 - named for what happened
    """A `next` link leads back to a page that was already fetched."""


class ResponseError(DataProcessingError):
    """A server's answer can't be used: its status, its type or its content.

    Attributes:
        url: what was asked for, without credentials.
        status: the HTTP status, or None when no answer came.

    """

    def __init__(self, message: str, *, url: str, status: int | None = None) -> None:
        super().__init__(message)
        self.url = url
        self.status = status


class RateLimited(ResponseError):  # noqa: N818 - named for what happened
    """The server asks for fewer requests, and the retry budget (or `retry: none`) says not to wait."""


class RetryAfterTooLong(RateLimited):
    """The host asks for a longer pause than `retry_seconds`. It is not asked again, so the run ends."""


class ResponseTooLarge(ResponseError):  # noqa: N818 - named for what happened
    """A response is larger than `max_response_mib` allows."""


class LinkRefused(ResponseError):  # noqa: N818 - named for what happened
    """A link or a redirect leads where none may go. It was not followed."""


class OutputClosed(DataProcessingError):  # noqa: N818 - named for what happened
    """Whoever read standard output has closed it."""


class BudgetExhausted(DataProcessingError):  # noqa: N818 - named for what happened
    """The run's own budget of requests is spent."""
