"""`file:` URLs and paths."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.file_urls import file_url, local_path, path_of_file_url

NAMES = st.lists(
    st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1).filter(
        lambda name: name not in {".", ".."}
    ),
    min_size=1,
    max_size=3,
)


@given(NAMES)
def test_a_path_comes_back_from_its_url(names: list[str]) -> None:
    """Whatever is in a name, the URL of a path names that path."""
    path = Path("/", *names)
    assert path_of_file_url(file_url(path)) == str(path)


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("file:///a/b.json", "/a/b.json"),
        ("FILE://localhost/a%20b", "/a b"),
        ("file:/a", "/a"),
        ("a/b.json", "a/b.json"),
        ("file:b", "file:b"),
        ("https://host/a", "https://host/a"),
    ],
)
def test_what_names_a_path(source: str, path: str) -> None:
    """URLs of this machine's files are paths; whatever else is given stays as it is."""
    assert path_of_file_url(source) == path


def test_another_machine_is_told() -> None:
    """A file of another machine is refused."""
    with pytest.raises(ValueError, match="another machine"):
        path_of_file_url("file://host/a")


@given(NAMES)
def test_a_local_path_is_given_either_way(names: list[str]) -> None:
    """A path, and its URL, name the same path."""
    path = Path("/", *names)
    assert local_path(str(path)) == local_path(file_url(path)) == path


@pytest.mark.parametrize("url", ["s3://bucket/key", "S3://bucket", "https://host/a", "git+ssh://host/a"])
def test_a_url_is_no_local_path(url: str) -> None:
    """A URL of something else is refused, rather than taken for a folder that is called like its scheme."""
    with pytest.raises(ValueError, match=url.partition("//")[0].lower().replace("+", r"\+") + "// is a URL"):
        local_path(url)


def test_a_folder_may_be_called_like_a_scheme() -> None:
    """With a dot before it, a name with a colon is a path."""
    assert local_path("./s3://bucket") == Path("s3:/bucket")
