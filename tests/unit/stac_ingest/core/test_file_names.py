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


keys = st.lists(st.tuples(st.sampled_from(["", "lst", "ndvi", "NDVI"]), identifiers), unique=True, max_size=20)


def files_of(register, keys):
    """Return which item is in which file, once they were written in this order, and what was moved meanwhile."""
    files = {}
    for key in keys:
        claim = register.claim(*key)
        if claim.moved is not None:
            assert files[claim.name] == claim.moved[0]
            files[claim.moved[1]] = files.pop(claim.name)
        files[claim.name] = key
    return files


@given(keys, st.randoms())
def test_items_that_share_an_id_have_names_of_their_own_in_any_order(keys, chance):
    """No item takes another's file; where ids differ by more than case, the order in which they come is no matter."""
    files = files_of(NameRegister(), keys)
    assert sorted(files.values()) == sorted(keys)
    assert len({name.lower() for name in files}) == len(keys)
    shuffled = list(keys)
    chance.shuffle(shuffled)
    ids = {item_id for _, item_id in keys}
    if len({safe_name(item_id).lower() for item_id in ids}) == len(ids):
        assert files_of(NameRegister(), shuffled) == files
    for item_id in ids:
        first = min(collection for collection, one in keys if one == item_id)
        if safe_name(item_id) in files:
            assert files[safe_name(item_id)][0] == first or files[safe_name(item_id)][1] != item_id


@given(keys, st.data())
def test_a_resumed_run_gives_items_the_names_that_they_have(keys, data):
    """Whatever part of the items comes again, to a folder whose files say which items they hold, no name changes."""
    files = files_of(NameRegister(), keys)
    later = NameRegister(files, lambda name: files[name][0])
    names = {key: name for name, key in files.items()}
    for key in data.draw(st.lists(st.sampled_from(keys), unique=True) if keys else st.just([])):
        assert later.claim(*key) == (names[key], None)


def test_one_collection_has_its_ids_as_names():
    """Ordinary ids stay as they are, and only the item that shares one says its collection."""
    files = files_of(NameRegister(), [("ndvi", "2024-01"), ("ndvi", "2024-02"), ("lst", "2024-02")])
    assert files["2024-01"] == ("ndvi", "2024-01")
    assert files["2024-02"] == ("lst", "2024-02")
    assert [name.partition("~")[0] for name, key in files.items() if key == ("ndvi", "2024-02")] == ["ndvi_2024-02"]


def test_an_identifier_that_looks_like_an_encoded_one_is_encoded_itself():
    """Nobody can choose an id that takes another id's encoded name."""
    encoded = safe_name("a/b")
    assert safe_name(encoded) != encoded
    assert hashed_name("A") != hashed_name("a")
