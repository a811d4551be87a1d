"""Log entries as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.storage import change_log
from ddbengine.storage.quorum import Position
from ddbengine.storage.store import Writes

BINARY = st.binary(max_size=40)
LSNS = st.integers(0, 2**63 - 2)


@st.composite
def entries(draw: st.DrawFn) -> change_log.LogEntry:
    logical = draw(st.none() | BINARY)
    writes = Writes(
        puts=draw(st.lists(st.tuples(BINARY, BINARY if logical is None else BINARY | st.just(logical)), max_size=3)),
        deletes=draw(st.lists(BINARY, max_size=3)),
        counters=[(b"N1", (draw(st.integers(-9, 9)), 1))],
        record=None if logical is None else (lambda: logical),
    )
    term = draw(st.integers(1, 9))
    return change_log.pack([writes], Position(term, draw(LSNS)), term, 1_000, 1, draw(st.integers(0, 2**64 - 1)))


@given(entries())
def test_an_entry_is_read_as_it_was_written(entry: change_log.LogEntry) -> None:
    read = change_log.unpack(entry.first, entry.packed)
    assert (read.before, read.position, read.digest) == (entry.before, entry.position, entry.digest)
    for found, due in zip(read.writes, entry.writes, strict=True):
        assert list(map(tuple, found.puts)) == due.puts
        assert (found.deletes, found.counters) == (due.deletes, due.counters)


@given(entries(), st.data())
def test_no_flipped_bit_of_an_entry_goes_unnoticed(entry: change_log.LogEntry, data: st.DataObject) -> None:
    packed = bytearray(entry.packed)
    bit = data.draw(st.integers(0, 8 * len(packed) - 1))
    packed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="checksum"):
        change_log.unpack(entry.first, bytes(packed))


@given(entries())
def test_an_entry_does_not_pass_under_another_number(entry: change_log.LogEntry) -> None:
    with pytest.raises(ValueError, match="checksum"):
        change_log.unpack(entry.first + 1, entry.packed)
