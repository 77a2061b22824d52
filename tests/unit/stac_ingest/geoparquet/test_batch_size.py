"""Rows read at once take a bounded size, whatever a file makes of few bytes."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest import DataProcessingError, IngestModule, WorkflowContext
from stac_ingest.geoparquet import batch_size, metadata_check
from stac_ingest.geoparquet.batch_size import Open
from stac_ingest.geoparquet.metadata_check import check_columns
from stac_ingest.geoparquet.page_headers import first_page_size

UNIT = 1 << 12
"""Bytes that stand for a mebibyte: with bounds that are as much smaller, no file need be large when it is read."""
LARGE = "x" * UNIT
MOST = 192
"""Rows of a unit at once: 128 units of them, and half as many again where that makes batches of like size."""


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every bound of bytes so many times smaller as a unit is than a mebibyte."""
    for name in ("BATCH_BYTES", "SHARED_BYTES", "LIST_BYTES", "DICTIONARY_BYTES", "INSPECTED_BYTES", "ROW_BYTES"):
        monkeypatch.setattr(batch_size, name, getattr(batch_size, name) * UNIT >> 20)


def file_of(path: Path, columns: dict[str, pa.Array], **how: Any) -> Open:
    """Write a file whose dictionaries may be large, and give what opens it."""
    pq.write_table(pa.table(columns), path, compression="zstd", dictionary_pagesize_limit=4 * UNIT, **how)

    return opener(path)


def opener(path: Path) -> Open:
    """Open a file as the source does."""

    def open_file(dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
        return pq.ParquetFile(path, read_dictionary=list(dictionaries), arrow_extensions_enabled=not dictionaries)

    return open_file


def batch_rows(open_file: Open, number: int, path: Path | None = None) -> int:
    """Ask for a row group of the file."""
    with open_file(()) as file:
        return batch_size.batch_rows(open_file, file.metadata, number, path)


def shared(values: Sequence[str], indices: Sequence[int]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), list(values))


def lists(lengths: Sequence[int], values: pa.Array) -> pa.ListArray:
    offsets = [sum(lengths[:count]) for count in range(len(lengths) + 1)]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def test_rows_that_are_large_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large rows are not taken a thousand at a time."""
    monkeypatch.setattr(batch_size, "BATCH_BYTES", 3 * UNIT)
    texts = pa.array([LARGE + str(number) for number in range(5)])
    assert batch_rows(file_of(tmp_path / "a.parquet", {"a": texts}), 0) == 3  # two batches, of three and two rows


def test_a_row_group_without_rows(tmp_path: Path) -> None:
    """A row group without rows is no division by zero."""
    with pq.ParquetWriter(tmp_path / "none.parquet", pa.schema([("a", pa.string())])) as writer:
        writer.write_batch(pa.record_batch({"a": pa.array([], pa.string())}))
    groups = pq.read_metadata(tmp_path / "none.parquet").num_row_groups
    assert groups
    assert all(batch_rows(opener(tmp_path / "none.parquet"), number) > 0 for number in range(groups))


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("depth", ["column", "JSON", "member", "list", "map"])
def test_a_large_value_that_rows_share(tmp_path: Path, depth: str) -> None:
    """A large value that is in the file once, for all rows, wherever it is: few are taken at once."""
    text = shared(["small", LARGE], [1] * 300)
    column = {
        "column": text,
        "JSON": pa.ExtensionArray.from_storage(pa.json_(), text.dictionary_decode()),
        "member": pa.StructArray.from_arrays([text], ["href"]),
        "list": lists([1] * 300, text),
        "map": pa.MapArray.from_arrays(pa.array(range(301), pa.int32()), pa.array(["key"] * 300), text),
    }[depth]
    open_file = file_of(tmp_path / "a.parquet", {"id": pa.array(["i"] * 300), "a": column})
    assert (tmp_path / "a.parquet").stat().st_size < 5 * UNIT
    assert batch_rows(open_file, 0) <= MOST


@pytest.mark.usefixtures("small_bounds")
def test_ordinary_columns_are_not_read_twice(tmp_path: Path) -> None:
    """Where dictionaries are much against the rows, only one that is strikingly small for its size is looked at."""
    chance = random.Random(20260210)
    columns: dict[str, pa.Array] = {
        f"c{number}": pa.array([chance.randbytes(2).hex() for _ in range(300)]) for number in range(20)
    }
    looked_at: list[str] = []

    def counted(open_file: Open) -> Open:
        return lambda paths: (looked_at.extend(paths), open_file(paths))[1]

    assert batch_rows(counted(file_of(tmp_path / "a.parquet", columns)), 0) == 300
    assert looked_at == []
    open_file = file_of(tmp_path / "b.parquet", columns | {"long": shared([LARGE], [0] * 300)})
    assert batch_rows(counted(open_file), 0) <= MOST
    assert looked_at == ["long"]


def test_a_small_row_group_is_seen_to_be_harmless(tmp_path: Path) -> None:
    """Where the pages' own headers say that nothing can be large, no dictionary is looked at, however many columns."""
    columns = {f"c{number}": pa.array([f"{number} {row}" for row in range(100)]) for number in range(50)}
    open_file = file_of(tmp_path / "a.parquet", columns)
    looked_at: list[str] = []

    def counted(paths: Sequence[str]) -> pq.ParquetFile:
        looked_at.extend(paths)
        return open_file(paths)

    assert batch_rows(counted, 0, tmp_path / "a.parquet") == 100
    assert looked_at == []
    assert batch_rows(counted, 0) == 100
    assert sorted(looked_at) == sorted(columns)


@pytest.mark.usefixtures("small_bounds")
def test_a_footer_that_lies_of_a_size(tmp_path: Path) -> None:
    """A footer that calls a column of long values a hundred bytes long is not believed: its pages say what they are."""
    path = tmp_path / "a.parquet"
    open_file = file_of(path, {"a": shared([LARGE], [0] * 300)})
    true = varint(2 * pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size)
    lie = varint(2 * 100)
    padded = bytes([*(byte | 0x80 for byte in lie), *[0x80] * (len(true) - len(lie) - 1), 0])
    path.write_bytes(path.read_bytes().replace(true, padded))
    assert pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size == 100
    assert batch_rows(open_file, 0, path) <= MOST


@given(st.integers(0, 2**31 - 1), st.integers(0, 3), st.binary(max_size=30))
def test_a_page_header_tells_its_size(size: int, kind: int, rest: bytes) -> None:
    """The size is that which the header was written with, and anything else is no header or some size."""
    path = io.BytesIO(b"PAR1" + b"\x15" + varint(2 * kind) + b"\x15" + varint(2 * size) + rest)
    assert first_page_size(path, Chunk(4)) == size
    found = first_page_size(io.BytesIO(b"PAR1" + rest), Chunk(4))
    assert found is None or found >= 0


class Chunk(NamedTuple):
    """Where a column begins."""

    data_page_offset: int
    has_dictionary_page: bool = False


def varint(number: int) -> bytes:
    """Write a number as Thrift does."""
    found = []
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


@pytest.mark.usefixtures("small_bounds")
def test_values_that_begin_like_the_one_before(tmp_path: Path) -> None:
    """Texts of which the file has only what differs count as long as all of it; other columns don't."""
    texts = pa.array([LARGE + str(number) for number in range(1_000)])
    short = pa.array([f"s{number}" for number in range(1_000)])
    how = {"use_dictionary": ["b"], "column_encoding": {"a": "DELTA_BYTE_ARRAY"}}
    assert batch_rows(file_of(tmp_path / "a.parquet", {"a": texts, "b": short}, **how), 0) <= MOST


def test_short_values_that_begin_like_the_one_before(tmp_path: Path) -> None:
    """Where such texts are short, a thousand rows are taken."""
    short = pa.array([f"s{number}" for number in range(1_000)])
    how = {"use_dictionary": ["b"], "column_encoding": {"a": "DELTA_BYTE_ARRAY"}}
    assert batch_rows(file_of(tmp_path / "b.parquet", {"a": short, "b": short}, **how), 0) == 1_000


@pytest.mark.usefixtures("small_bounds")
def test_a_list_that_repeats_a_large_value(tmp_path: Path) -> None:
    """A list of one row that would be too large is refused; as many values in rows of their own are read."""
    text = shared([LARGE], [0] * 2_000)
    with pytest.raises(DataProcessingError, match=rf"2,000 values of up to {UNIT:,} bytes to read at once, expected"):
        batch_rows(file_of(tmp_path / "one.parquet", {"a": lists([2_000, 0], text)}), 0)
    assert batch_rows(file_of(tmp_path / "many.parquet", {"a": lists([1] * 2_000, text)}), 0) <= MOST


def test_more_values_than_a_row_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column with more values than one row may have is refused by name before any is read."""
    monkeypatch.setattr(batch_size, "VALUES", 999)
    with pytest.raises(DataProcessingError, match=r"column 'a\.list\.element' has 1,000 values, expected at most 999"):
        batch_rows(file_of(tmp_path / "a.parquet", {"a": lists([1_000], pa.array([1] * 1_000))}), 0)


@pytest.mark.usefixtures("small_bounds")
async def test_a_refused_row_group_costs_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A row group that would be too large is a failure that names it, and the next one's items come."""
    schema = pa.schema([("id", pa.string()), ("a", pa.list_(pa.dictionary(pa.int32(), pa.string())))])
    path = tmp_path / "a.parquet"
    with pq.ParquetWriter(path, schema, dictionary_pagesize_limit=4 * UNIT) as writer:
        for name, values in (("bad", [0] * 2_000), ("good", [0])):
            column = lists([len(values)], shared([LARGE], values))
            writer.write_table(pa.table({"id": [name], "a": column}, schema))
    module = IngestModule({"mode": "file", "source": str(path)})
    assert [item["id"] async for item in module.fetch(WorkflowContext())] == ["good"]
    assert module.summary.failures == 1
    assert "row group 0: lists of column 'a.list.element'" in caplog.text


class Unreadable:
    """Stands for a reader of metadata that don't hold."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Open as any other."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def iter_batches(self, *_: Any, **__: Any) -> Iterator[pa.RecordBatch]:
        raise pa.ArrowInvalid("the metadata don't hold")


class Unseen:
    """Stands for metadata that are not to be looked at."""

    def row_group(self, number: int) -> None:
        raise AssertionError(f"row group {number} was looked at")


def test_metadata_that_do_not_hold_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row group is refused as soon as no reader can be made of its metadata, before anything else looks at them."""
    monkeypatch.setattr(metadata_check.pq, "ParquetFile", Unreadable)
    with pytest.raises(DataProcessingError, match="the metadata don't hold"):
        batch_size.batch_rows(lambda _: pytest.fail("opened"), Unseen(), 0)  # type: ignore[arg-type]


async def test_metadata_that_do_not_hold_cost_their_row_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What the check refuses is a failure that is named."""
    pq.write_table(pa.table({"id": ["a", "b"]}), tmp_path / "a.parquet", row_group_size=1)
    checked: list[int] = []

    def check(metadata: pq.FileMetaData, number: int) -> None:
        checked.append(number)
        if number == 0:
            raise DataProcessingError("the metadata don't hold")
        check_columns(metadata, number)

    monkeypatch.setattr(batch_size, "check_columns", check)
    module = IngestModule({"mode": "file", "source": str(tmp_path / "a.parquet")})
    assert [item["id"] async for item in module.fetch(WorkflowContext())] == ["b"]
    assert checked == [0, 1]
    assert "row group 0: the metadata don't hold" in caplog.text
