from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.file_names import NameRegister, hashed_name, safe_name

NASTY = [
    "../../etc/passwd",
    "..",
    ".",
    "",
    "a/b",
    "a\\b",
    "a\x00b",
    "a\nb",
    "x" * 300,
    "Zürich",
    "Zu\u0308rich",
    "\ud800",
    "CON",
    "nul.txt",
    "com1",
    "name.",
    "name ",
    " name",
    ".hidden",
    "-rf",
    "a:b",
    "a~b",
    "~" * 5,
]
identifiers = st.one_of(st.text(), st.sampled_from(NASTY), st.text("aAbB._-~/", max_size=6), st.text("x", min_size=170))


@pytest.mark.parametrize(
    "plain", ["item-001", "S2A_MSIL2A_20240101T000000_R001", "MOD13Q1.A2020001.h09v05.061", "a b", "_x", "x" * 180]
)
def test_plain_identifiers_stay_as_they_are(plain):
    """Ordinary ids are their own file names, so that users find `<id>.json`."""
    assert safe_name(plain) == plain


@pytest.mark.parametrize("nasty", NASTY)
def test_nasty_identifiers_become_one_harmless_path_component(nasty):
    """Whatever a stranger calls an item, its name can't leave the folder or trip a file system."""
    name = safe_name(nasty)
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set('/\\:*?"<>|')
    assert 0 < len(name) <= 180
    assert not name.startswith((".", "-", " "))
    assert not name.endswith((".", " "))
    assert name.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1"}


@given(st.lists(identifiers, unique=True, max_size=30))
def test_different_identifiers_never_share_a_name(ids):
    """Names are distinct, also where upper and lower case are the same."""
    register = NameRegister()
    names = [register.name(item_id) for item_id in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert names == [register.name(item_id) for item_id in ids]


@given(st.lists(identifiers, unique=True, max_size=20))
def test_a_later_run_gives_the_same_names(ids):
    """Names that a folder holds already lead to the same names again, in whatever order the ids come."""
    register = NameRegister()
    names = {item_id: register.name(item_id) for item_id in ids}
    later = NameRegister(names.values())
    assert {item_id: later.name(item_id) for item_id in reversed(ids)} == names


def test_an_identifier_that_looks_like_an_encoded_one_is_encoded_itself():
    """Nobody can choose an id that takes another id's encoded name."""
    encoded = safe_name("a/b")
    assert safe_name(encoded) != encoded
    assert hashed_name("A") != hashed_name("a")
