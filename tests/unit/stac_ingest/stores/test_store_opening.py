"""URLs of stores, and what the environment and profiles say of servers and credentials."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError
from stac_ingest.stores.aws_profile import profile
from stac_ingest.stores.urls import StoreUrl, endpoint_of, read_url, server_of

SECRET = "a-secret-of-forty-characters-or-so"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin without variables of stores, in a home of the test's own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "STORAGE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def configured(folder: Path, config: str, credentials: str = "") -> None:
    """Write the files of `aws configure`."""
    (folder / ".aws").mkdir()
    (folder / ".aws/config").write_text(config)
    (folder / ".aws/credentials").write_text(credentials)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("s3://bucket", StoreUrl("s3", "bucket", "", True, "", "s3://bucket")),
        ("S3://bucket/a b/ü#?.json", StoreUrl("s3", "bucket", "a b/ü#?.json", False, "", "s3://bucket")),
        ("gs://bucket/in/", StoreUrl("gs", "bucket", "in", True, "", "gs://bucket")),
        ("az://container/x", StoreUrl("az", "container", "x", False, "", "az://container")),
        (
            "abfss://container@account.dfs.core.windows.net/x/",
            StoreUrl("az", "container", "x", True, "account", "abfss://container@account.dfs.core.windows.net"),
        ),
    ],
)
def test_a_url_is_read(url: str, found: StoreUrl) -> None:
    """A URL tells the bucket, the key as it is written, and whether it is a prefix."""
    assert read_url(url) == found


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///key", "s3://key:word@bucket/a", "s3://b/a//b", "s3://b/../c", "s3://b/a\nb", "s3://b?x=1"]
)
def test_a_url_that_names_nothing_is_refused(url: str) -> None:
    """What can't be asked for is told, and credentials in a URL aren't repeated."""
    with pytest.raises(ConfigurationError, match="source") as caught:
        read_url(url)
    assert "word" not in str(caught.value)


def test_the_server_is_the_one_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variable it is the provider's; an address with credentials, or none, is refused unseen."""
    assert server_of("s3://b/x") == "https://s3.amazonaws.com"
    assert server_of("https://host/a.parquet") == "https://host/a.parquet"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "localhost:4443")
    assert (server_of("s3://b/x"), endpoint_of("gs")) == ("http://127.0.0.1:9000", "http://localhost:4443")
    for wrong in ("http://", f"http://u:{SECRET}@host", "ftp://host", "http://host:x"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", wrong)
        with pytest.raises(ConfigurationError, match="AWS_ENDPOINT_URL: give the address") as caught:
            endpoint_of("s3")
        assert SECRET not in str(caught.value)


def test_a_profile_gives_keys_region_and_endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the environment says goes before the profile; keys aren't read for a public bucket."""
    configured(
        tmp_path,
        "[default]\nregion = eu-1\n[profile mine]\nregion = eu-2\nendpoint_url = http://127.0.0.1:1\n",
        f"[default]\naws_access_key_id = a\naws_secret_access_key = {SECRET}\n"
        f"[mine]\naws_access_key_id = m\naws_secret_access_key = {SECRET}\naws_session_token = t\n",
    )
    assert profile(with_keys=True) == {"region": "eu-1", "access_key_id": "a", "secret_access_key": SECRET}
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert profile(with_keys=False) == {"region": "eu-2", "endpoint": "http://127.0.0.1:1"}
    assert profile(with_keys=True)["session_token"] == "t"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_REGION", "us-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    assert profile(with_keys=True) == {}


def test_a_profile_without_keys_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing profile, one of a role, and a broken file are told without a line of the files."""
    configured(tmp_path, "[profile role]\nrole_arn = x\n", f"{SECRET}\n")
    monkeypatch.setenv("AWS_PROFILE", "role")
    with pytest.raises(ConfigurationError, match="can't be read") as caught:
        profile(with_keys=True)
    assert SECRET not in str(caught.value)
    (tmp_path / ".aws/credentials").write_text("")
    with pytest.raises(ConfigurationError, match="no keys of its own"):
        profile(with_keys=True)
    monkeypatch.setenv("AWS_PROFILE", "none")
    with pytest.raises(ConfigurationError, match="no profile 'none'"):
        profile(with_keys=True)


def test_what_a_store_needs_is_told_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that is missing, and tokens that would cross a network in the clear, are refused."""
    pytest.importorskip("obstore")
    from stac_ingest.stores.opening import open_object_store  # noqa: PLC0415 - needs the extra

    config = IngestConfig(mode="file", source="az://c/x")
    with pytest.raises(ConfigurationError, match="says no account"):
        open_object_store(read_url("az://c/x"), config)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "account")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", f"sv=1&sig={SECRET}")
    assert open_object_store(read_url("az://c/x"), config).url == "az://c"
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://192.0.2.1/account")
    with pytest.raises(ConfigurationError, match="plain http") as caught:
        open_object_store(read_url("az://c/x"), config)
    assert SECRET not in str(caught.value)
