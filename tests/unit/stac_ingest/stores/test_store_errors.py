"""What is said of an error of a store."""

from __future__ import annotations

import pytest

pytest.importorskip("obstore")

from stac_ingest.stores.object_store import _beginning

ASKED = (
    "Generic S3 error: Error performing list request: Error performing GET http://127.0.0.1:1/b?prefix=secret in 1ms"
)
STATUS = f"{ASKED} - Server returned non-2xx status code: 404 Not Found"
SAID = (
    "Error performing list request: Error performing GET http://127.0.0.1:1/b in 1ms - "
    "Server returned non-2xx status code: "
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            f'{STATUS}: <?xml version="1.0" encoding="utf-8"?>\n<Error><Code>NoSuchBucket</Code></Error>',
            f"{SAID}404 Not Found (NoSuchBucket)",
        ),
        (f"{STATUS}: <html>gone?</html>", f"{SAID}404 Not Found"),
        (f"{STATUS}: <Error><Code>no word</Code></Error>", f"{SAID}404 Not Found"),
        (STATUS, f"{SAID}404 Not Found"),
    ],
    ids=["xml", "html", "strange-code", "no-document"],
)
def test_a_servers_document_is_its_code_alone(error: str, said: str) -> None:
    """The code of an error is said, and neither the rest of its document nor the query of the URL."""
    assert _beginning(RuntimeError(error)) == said
