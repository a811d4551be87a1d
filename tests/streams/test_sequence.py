"""Sequence numbers are LSNs in other words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.streams.sequence import lsn_of, sequence_number

LSNS = st.integers(0, 2**64 - 1)


@given(LSNS)
def test_a_sequence_number_leads_back_to_its_lsn(lsn: int) -> None:
    number = sequence_number(lsn)
    assert lsn_of(number) == lsn
    assert len(number) == 21


@given(LSNS, LSNS)
def test_sequence_numbers_are_in_order_as_numbers_and_as_text(one: int, other: int) -> None:
    first, second = sequence_number(one), sequence_number(other)
    assert (int(first) < int(second)) is (first < second) is (one < other)


@pytest.mark.parametrize(
    "text", ["", "0" * 21, "9" * 40, "1" * 20, "-100000000000000000001", "\u0661" * 21, "a" * 21, "1" * 5000]
)
def test_what_is_no_sequence_number_of_ours_has_no_lsn(text: str) -> None:
    assert lsn_of(text) is None


def test_text_that_is_a_number_beyond_all_lsns_has_none() -> None:
    assert lsn_of(str(10**20 + 2**64)) is None
