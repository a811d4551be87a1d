"""Walking over entries within a bound, and reading a page of items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import CorruptBytes, Within, encode_item, item_size, take_page

KEYS = st.lists(st.binary(min_size=1, max_size=6), unique=True).map(sorted)


def entries(keys: list[bytes]) -> Iterator[tuple[memoryview, memoryview]]:
    return ((memoryview(key), memoryview(b"value of " + key)) for key in keys)


def nothing_inside(key: bytes, value: object) -> NoReturn:
    raise AssertionError(f"{key!r} is not of full size")


@given(keys=KEYS, bound=st.binary(max_size=6))
def test_a_walk_ends_before_the_first_key_that_is_not_below_the_bound(keys: list[bytes], bound: bytes) -> None:
    walk = Within(entries(keys), bound, 10, nothing_inside)
    found = [(key, bytes(value)) for key, value in walk]
    assert found == [(key, b"value of " + key) for key in keys if key < bound]
    assert next(walk, None) is None


@given(keys=KEYS, bound=st.binary(max_size=6))
def test_a_walk_back_ends_before_the_first_key_below_the_bound(keys: list[bytes], bound: bytes) -> None:
    walk = Within(entries(keys[::-1]), bound, 10, nothing_inside, reverse=True)
    assert [key for key, _ in walk] == [key for key in reversed(keys) if key >= bound]


@given(keys=KEYS, bound=st.binary(max_size=6))
def test_in_place_of_each_key_of_full_size_comes_what_is_inside_it(keys: list[bytes], bound: bytes) -> None:
    def inside(key: bytes, value: memoryview) -> list[tuple[bytes, memoryview]]:
        assert len(key) >= 4
        assert bytes(value) == b"value of " + key
        return [(key + more, value) for more in (b"1", b"2")]

    walk = Within(entries(keys), bound, 4, inside)
    expected = [[key] if len(key) < 4 else [key + b"1", key + b"2"] for key in keys if key < bound]
    assert [key for key, _ in walk] == [key for each in expected for key in each]


def test_a_walk_is_made_of_something() -> None:
    with pytest.raises(TypeError):
        Within.__new__(Within)


def test_a_walk_over_entries_that_fail_fails() -> None:
    def failing() -> Iterator[tuple[bytes, bytes]]:
        yield b"a", b""
        raise OSError("the disk")

    walk = Within(failing(), b"z", 10, nothing_inside)
    assert next(walk) == (b"a", b"")
    with pytest.raises(OSError, match="the disk"):
        next(walk)


ITEMS = [encode_item({"n": {"N": str(number)}, "text": {"S": "x" * number}})[0] for number in range(20)]
ROWS = [(b"", memoryview(item)) for item in ITEMS]


def test_a_page_holds_everything_when_nothing_ends_it() -> None:
    rows, scanned, size, last = take_page(ROWS, 0, 1 << 20)
    assert [bytes(row) for row in rows] == ITEMS
    assert (scanned, size, last) == (20, sum(map(item_size, ITEMS)), None)


@pytest.mark.parametrize("limit", [1, 7, 20])
def test_a_page_ends_at_its_limit_with_the_last_row_read(limit: int) -> None:
    rows, scanned, _, last = take_page(ROWS, limit, 1 << 20)
    assert (len(rows), scanned) == (limit, limit)
    assert last is ROWS[limit - 1][1]


def test_a_page_ends_with_the_row_that_reaches_its_size() -> None:
    most = item_size(ITEMS[0]) + item_size(ITEMS[1])
    assert take_page(ROWS, 0, most)[1] == 2
    assert take_page(ROWS, 0, most + 1)[1] == 3


def test_rows_that_do_not_match_are_read_and_not_kept() -> None:
    rows, scanned, size, last = take_page(ROWS, 10, 1 << 20, lambda row: len(row) % 2 == 0)
    assert [bytes(row) for row in rows] == [item for item in ITEMS[:10] if len(item) % 2 == 0]
    assert (scanned, size) == (10, sum(map(item_size, ITEMS[:10])))
    assert last is ROWS[9][1]


def test_a_page_of_damaged_rows_is_an_error() -> None:
    with pytest.raises(CorruptBytes):
        take_page([(b"", b"\x81")], 0, 100)
    with pytest.raises(TypeError):
        take_page([b"not a pair"], 0, 100)  # type: ignore[arg-type]
