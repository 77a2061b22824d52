"""How a sorted table is cut into files and row groups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.outputs.sorted_geoparquet.plan import NO_MONTH, Section, folder_of, plan_files, rows_of_group
from stac_ingest.outputs.sorted_geoparquet.settings import MOST_ROWS, LayoutSettings


@given(
    st.lists(st.tuples(st.integers(1, 300_000), st.booleans()), max_size=3),
    st.floats(1, 1e5),
    st.integers(500, MOST_ROWS),
)
def test_every_item_is_in_one_row_group(sections: list[tuple[int, bool]], item_bytes: float, least: int) -> None:
    """Files and row groups follow each other without a gap, no group is beyond the bound, and no name comes twice."""
    given_sections = [Section(f"year={n}/", uncovered, items) for n, (items, uncovered) in enumerate(sections)]
    settings = LayoutSettings(row_group_items=least, target_file_mib=16)
    files = plan_files(given_sections, item_bytes, settings, 60_000)
    groups = [group for file in files for group in file.groups()]
    assert [start for start, _ in groups] == [0, *(stop for _, stop in groups)][: len(groups)]
    assert sum(stop - start for start, stop in groups) == sum(items for items, _ in sections)
    assert all(0 < stop - start <= MOST_ROWS for start, stop in groups)
    assert len({file.name for file in files}) == len(files)


@given(st.integers(1, 2_000_000))
def test_row_groups_have_the_rows_that_readers_like(items: int) -> None:
    """A file of more than one row group has 10,000 to 50,000 rows in each on average, and never just two of them."""
    group = rows_of_group(items, 10_000, 1 << 30)
    groups = -(-items // group)
    assert groups == 1 or (groups > 2 and 10_000 <= items / groups <= 50_000)


def test_a_group_that_does_not_fit_in_memory_is_smaller() -> None:
    """The bound of memory goes before the wish."""
    assert rows_of_group(100_000, 10_000, 3_000) <= 3_000


def test_folders_are_named_by_year_and_month() -> None:
    """Months have two digits, and items without a time a folder of their own."""
    assert folder_of((2024 - 1970) * 12 + 4, "month") == "year=2024/month=05/"
    assert folder_of(-1, "year") == "year=1969/"
    assert folder_of(0, "none") == ""
    assert folder_of(NO_MONTH, "month") == "year=__HIVE_DEFAULT_PARTITION__/month=__HIVE_DEFAULT_PARTITION__/"
