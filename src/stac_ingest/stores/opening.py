"""Opening a store: which server is asked, and with whose credentials, as its users know them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from stac_ingest.errors import ConfigurationError
from stac_ingest.http.urls import hostname, is_loopback, network_scope
from stac_ingest.stores.urls import AZURE, GOOGLE, S3, StoreUrl, endpoint_of

if TYPE_CHECKING:
    from obstore.store import ObjectStore as AnyStore

    from stac_ingest.config import IngestConfig
    from stac_ingest.stores.object_store import ObjectStore
    from stac_ingest.stores.written_store import WrittenStore

EXTRA = 'pip install "stac-ingest-bench[stores]"'
_YES = {"1", "true", "yes", "on"}
_ANONYMOUS = {
    S3: ("AWS_SKIP_SIGNATURE", "AWS_NO_SIGN_REQUEST"),
    GOOGLE: ("GOOGLE_SKIP_SIGNATURE", "GS_NO_SIGN_REQUEST"),
    AZURE: ("AZURE_SKIP_SIGNATURE", "AZURE_NO_SIGN_REQUEST"),
}
"""Variables by which a public bucket is read without credentials: obstore's name, and GDAL's."""
_AZURE_NAMES = {
    "account_name": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"),
    "account_key": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCESS_KEY"),
    "sas_key": ("AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN"),
}
"""Settings of obstore, and the variables that hold them: its own, and those of Azure's command line."""
_CONNECTION_STRING = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "SharedAccessSignature": "sas_key",
    "BlobEndpoint": "endpoint",
}


def open_object_store(url: StoreUrl, config: IngestConfig) -> ObjectStore:
    """Open a bucket or a container to read from it. Sends nothing yet.

    Args:
        url: of the bucket.
        config: the settings, of which those of requests count.

    Raises:
        ConfigurationError: obstore isn't installed, or credentials or the server's address can't be used.

    """
    made, hint = _opened(url, config, "source")
    from stac_ingest.stores.object_store import ObjectStore  # noqa: PLC0415 - needs an extra of the package

    return ObjectStore(made, url.root, hint)


def open_written_store(url: StoreUrl, config: IngestConfig, setting: str) -> WrittenStore:
    """Open a bucket or a container to write to it. Sends nothing yet.

    Args:
        url: of the bucket.
        config: the settings, of which those of requests count.
        setting: what the URL was given by, for messages.

    Raises:
        ConfigurationError: obstore isn't installed, or credentials or the server's address can't be used.

    """
    made, hint = _opened(url, config, setting)
    from stac_ingest.stores.written_store import WrittenStore  # noqa: PLC0415 - needs an extra of the package

    return WrittenStore(made, url.root, hint)


def _opened(url: StoreUrl, config: IngestConfig, setting: str) -> tuple[AnyStore, str]:
    """Return the store of obstore, and what may be missing in the environment."""
    try:
        import obstore  # noqa: F401, PLC0415 - needs an extra of the package
    except ImportError as error:
        raise ConfigurationError(
            f"{setting}: {url.root} needs obstore ({error.name} is missing): install it with `{EXTRA}`"
        ) from None
    anonymous = any(os.environ.get(name, "").lower() in _YES for name in _ANONYMOUS[url.kind])
    given: dict[str, Any] = {"skip_signature": True} if anonymous else {}
    hint = ""
    if url.kind == S3:
        given |= _of_s3(anonymous=anonymous)
    elif url.kind == AZURE:
        given |= _of_azure(url, setting)
    endpoint = endpoint_of(url.kind) or given.pop("endpoint", None)
    if endpoint:
        _refuse_plain(endpoint, url.kind, setting, anonymous=anonymous)
        given["base_url" if url.kind == GOOGLE else "endpoint"] = endpoint
    if (
        url.kind == GOOGLE
        and endpoint
        and is_loopback(endpoint)
        and not os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    ):
        given["skip_signature"] = True  # an emulator has no credentials, as Google's own clients know
    if not anonymous and not _has_credentials(url.kind, given):
        hint = f" (no credentials were found here; {_ANONYMOUS[url.kind][0]}=true reads a public bucket)"
    return _made(url, given, endpoint, config, setting), hint


def _made(url: StoreUrl, given: dict[str, Any], endpoint: str | None, config: IngestConfig, setting: str) -> AnyStore:
    import obstore.store as stores  # noqa: PLC0415 - see above

    waits = config.retry == "wait"
    options: dict[str, Any] = {
        "client_options": {
            "timeout": timedelta(seconds=config.timeout),
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "user_agent": "stac-ingest",
        },
        "retry_config": {
            "max_retries": config.retry_attempts - 1 if waits else 0,
            "retry_timeout": timedelta(seconds=config.retry_seconds),
        },
    }
    make: Any = {S3: stores.S3Store, GOOGLE: stores.GCSStore, AZURE: stores.AzureStore}[url.kind]
    try:
        made: AnyStore = make(url.bucket, config=given, **options)
    except Exception as error:  # noqa: BLE001 - obstore's own errors and ValueError; what it quotes may be a secret
        names = ", ".join(sorted(given)) or "the environment"
        raise ConfigurationError(
            f"{setting}: {url.root} can't be opened ({type(error).__name__}); look at its credentials and addresses "
            f"({names})"
        ) from None
    return made


def _of_s3(*, anonymous: bool) -> dict[str, Any]:
    """Return what the environment and a profile say; obstore reads most variables of AWS by itself."""
    from stac_ingest.stores.aws_profile import profile  # noqa: PLC0415 - the other stores have none

    found = profile(with_keys=not anonymous)
    if not os.environ.get("AWS_REGION") and (region := os.environ.get("AWS_DEFAULT_REGION")):
        found["region"] = region
    return found


def _of_azure(url: StoreUrl, setting: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"):
        name, _, value = part.partition("=")
        if value and name in _CONNECTION_STRING:
            found[_CONNECTION_STRING[name]] = value
    for name, names in _AZURE_NAMES.items():
        if given := next(filter(None, map(os.environ.get, names)), None):
            found[name] = given
    if url.account:
        found["account_name"] = url.account
    if "account_name" not in found:
        raise ConfigurationError(
            f"{setting}: {url.root} says no account; set AZURE_STORAGE_ACCOUNT_NAME, or give "
            "abfss://container@account.dfs.core.windows.net/prefix"
        )
    return found


def _has_credentials(kind: str, given: dict[str, Any]) -> bool:
    prefix = {S3: "AWS_", GOOGLE: "GOOGLE_", AZURE: "AZURE_"}[kind]
    secret = ("KEY", "TOKEN", "SECRET", "CREDENTIALS", "URI", "TOKEN_FILE", "SERVICE_ACCOUNT")
    named = any(name.startswith(prefix) and name.endswith(secret) for name in os.environ)
    return named or bool(given.keys() & {"access_key_id", "account_key", "sas_key", "skip_signature"})


def _refuse_plain(endpoint: str, kind: str, setting: str, *, anonymous: bool) -> None:
    """Refuse plain http across a network where what is sent would be a secret in the clear.

    The keys of S3 sign a request and aren't sent; the tokens of the others are.

    Raises:
        ConfigurationError: it would.

    """
    local = network_scope(hostname(endpoint)) == "this machine"
    if (
        endpoint.startswith("http://")
        and not local
        and not anonymous
        and (kind != S3 or "AWS_SESSION_TOKEN" in os.environ)
    ):
        raise ConfigurationError(
            f"{setting}: the server {endpoint} is asked over plain http, and credentials are set: others on the "
            "network could read them; use https"
        )
