"""Shard iterators come back as they were sealed, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.streams.iterators import ShardIterator, parse, sealed

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table/stream/2026-01-02T03:04:05.678"
SHARD = "shardId-00000001795425376237-717ade2e"
SECRET = "7f1a3a0e-52a4-5f0b-9a3d-6f0c6ad3a1c5"
PLACE = ShardIterator(ARN, SHARD, 42, 1_800_000_000.5)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(0, 10**18), st.integers(0, 2**32 - 1))
def test_an_iterator_comes_back_as_it_was(after: int, millis: int, number: int, low: int) -> None:
    place = ShardIterator(ARN, f"shardId-{number:020}-{low:08x}", after, millis / 1000)
    text = sealed(place, SECRET)
    assert text.startswith(f"{ARN}|1|")
    found = parse(text)
    assert found is not None
    assert found.opened(SECRET) == place


@given(st.integers(0, len(sealed(PLACE, SECRET)) - 1), st.sampled_from("A9/+x|="))
def test_an_iterator_with_another_character_anywhere_is_refused(place: int, character: str) -> None:
    text = sealed(PLACE, SECRET)
    changed = text[:place] + character + text[place + 1 :]
    found = parse(changed)
    assert changed == text or found is None or found.opened(SECRET) is None


def test_an_iterator_of_another_table_is_refused() -> None:
    found = parse(sealed(PLACE, SECRET))
    assert found is not None
    assert found.opened(SECRET[::-1]) is None


@pytest.mark.parametrize("text", ["", "x", "a|1|", "a|2|AAAA", f"{ARN}|1|####", f"{ARN}|1|AAAA", "|||", "é|1|é"])
def test_what_is_no_iterator_is_refused(text: str) -> None:
    assert parse(text) is None


def test_an_iterator_too_long_is_refused() -> None:
    assert parse("a" * 2048 + sealed(PLACE, SECRET)) is None


@given(st.text())
def test_any_text_is_an_iterator_or_none(text: str) -> None:
    found = parse(text)
    assert found is None or found.opened(SECRET) is None


@pytest.mark.parametrize(("seconds", "is_expired"), [(0, False), (900, False), (900.5, True)])
def test_an_iterator_is_good_for_a_quarter_of_an_hour(seconds: float, is_expired: bool) -> None:
    assert PLACE.is_expired(PLACE.issued + seconds) is is_expired
