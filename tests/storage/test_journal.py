"""The journal of a follower: what is durable in it counts, once, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ddbengine.storage import change_log, journal
from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.journal import Journal, waiting
from ddbengine.storage.position import ReplicaRow
from ddbengine.storage.quorum import Position
from ddbengine.storage.store import Writes

STORE = b"0123456789abcdef"
ROW = ReplicaRow(STORE, term=1, lsn=0, applied=0, digest=0, log_from=1)
SWITCH_BYTES = 400


@pytest.fixture(autouse=True)
def short_halves() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "SWITCH_BYTES", SWITCH_BYTES)
        yield


@dataclass
class Files:
    """Halves in memory."""

    halves: dict[int, bytearray] = field(default_factory=lambda: {0: bytearray(), 1: bytearray()})
    room_bytes: int | None = None
    """What the next write gets to the disk of its data; all with None."""

    def write_journal(self, half: int, offset: int, data: bytes) -> None:
        data = data[: self.room_bytes]
        self.halves[half][offset : offset + len(data)] = data
        if self.room_bytes is not None:
            raise OSError(28, "no space left")

    def read_journal(self, half: int) -> bytes:
        return bytes(self.halves[half])

    def remove_journal(self) -> None:
        self.halves = {0: bytearray(), 1: bytearray()}


def entry_after(before: Position, changes: int = 1, term: int | None = None) -> LogEntry:
    writes = [Writes(puts=[(b"I%d" % number, b"value" * 5)]) for number in range(changes)]
    return change_log.pack(writes, before, term or before.term, 1_000, 1, 0)


def entries_after(before: Position, count: int) -> list[LogEntry]:
    entries: list[LogEntry] = []
    for _ in range(count):
        entries.append(entry_after(entries[-1].position if entries else before))
    return entries


def packed(entries: list[LogEntry]) -> list[bytes]:
    return [entry.packed for entry in entries]


def test_what_was_appended_waits_behind_the_row() -> None:
    files, entries = Files(), entries_after(ROW.position, 3)
    writer = Journal(files, STORE)
    writer.append(entries[:1], applied=0)
    writer.append(entries[1:], applied=0)
    assert packed(waiting(files, ROW)) == packed(entries)


def test_what_the_tree_has_does_not_wait() -> None:
    files, entries = Files(), entries_after(ROW.position, 3)
    Journal(files, STORE).append(entries, applied=0)
    assert packed(waiting(files, replace(ROW, lsn=2))) == packed(entries[2:])
    assert waiting(files, replace(ROW, lsn=3)) == []


def test_an_entry_of_a_later_term_waits_behind_the_one_it_follows() -> None:
    files, first = Files(), entry_after(ROW.position)
    second = entry_after(first.position, term=4)
    Journal(files, STORE).append([first, second], applied=0)
    assert packed(waiting(files, ROW)) == packed([first, second])


def test_entries_that_follow_on_another_history_do_not_wait() -> None:
    files = Files()
    Journal(files, STORE).append(entries_after(Position(2, 0), 3), applied=0)
    assert waiting(files, ROW) == []


def test_the_journal_of_another_store_does_not_count() -> None:
    files = Files()
    Journal(files, b"another store's.").append(entries_after(ROW.position, 3), applied=0)
    assert waiting(files, ROW) == []


def test_without_files_nothing_waits() -> None:
    assert waiting(Files(), ROW) == []


@given(st.integers(0, 3000))
def test_of_a_torn_write_only_whole_entries_wait(room_bytes: int) -> None:
    files, entries = Files(room_bytes=room_bytes), entries_after(ROW.position, 8)
    try:
        Journal(files, STORE).append(entries, applied=0)
    except OSError:
        found = packed(waiting(files, ROW))
    assert found == packed(entries)[: len(found)]
    assert len(found) == sum(
        room_bytes >= sum(len(one) + journal.HEAD_BYTES for one in packed(entries[: place + 1]))
        for place in range(len(entries))
    )


@given(st.data())
def test_a_flipped_bit_costs_the_entry_it_is_in_and_those_behind_it(data: st.DataObject) -> None:
    files, entries = Files(), entries_after(ROW.position, 4)
    Journal(files, STORE).append(entries, applied=0)
    bit = data.draw(st.integers(0, 8 * len(files.halves[0]) - 1))
    files.halves[0][bit // 8] ^= 1 << bit % 8
    size = len(files.halves[0]) // len(entries)
    assert packed(waiting(files, ROW)) == packed(entries)[: bit // 8 // size]


@given(st.binary(max_size=300))
def test_bytes_that_are_no_journal_are_passed_over(junk: bytes) -> None:
    files = Files()
    files.halves[0][:] = junk
    assert waiting(files, ROW) == []


def test_there_is_no_room_when_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "HALF_MAX_BYTES", 1000)
    files, position = Files(), ROW.position
    writer = Journal(files, STORE)
    while writer.has_room(applied=0):
        entry = entry_after(position)
        writer.append([entry], applied=0)
        position = entry.position
    assert 1000 <= len(files.halves[0]) + len(files.halves[1]) < 2500
    assert writer.has_room(applied=position.lsn)


class Follower(RuleBasedStateMachine):
    """Whatever the tree has taken and wherever a process ended: what was appended and the tree has not, waits."""

    def __init__(self) -> None:
        super().__init__()
        self.files = Files()
        self.row = ROW
        self.appended: list[LogEntry] = []
        self.writer = Journal(self.files, STORE)

    @property
    def due(self) -> list[LogEntry]:
        return [entry for entry in self.appended if entry.last > self.row.lsn]

    @property
    def position(self) -> Position:
        return self.appended[-1].position if self.appended else self.row.position

    @rule(count=st.integers(1, 5))
    def append(self, count: int) -> None:
        entries = entries_after(self.position, count)
        self.writer.append(entries, self.row.lsn)
        self.appended += entries

    @rule(data=st.data())
    def let_the_tree_have_some(self, data: st.DataObject) -> None:
        taken = self.due[: data.draw(st.integers(0, len(self.due)))]
        if taken:
            self.row = replace(self.row, term=taken[-1].term, lsn=taken[-1].last, applied=taken[-1].last)

    @rule(count=st.integers(1, 5), room_bytes=st.integers(0, 900))
    def end_in_the_midst_of_an_append(self, count: int, room_bytes: int) -> None:
        entries = entries_after(self.position, count)
        self.files.room_bytes = room_bytes
        with pytest.raises(OSError, match="no space"):
            self.writer.append(entries, self.row.lsn)
        self.files.room_bytes = None
        self.open_again()

    @rule()
    def open_again(self) -> None:
        """The tree is given all that waits; what was being written when the process ended may be of it."""
        found = waiting(self.files, self.row)
        assert packed(found)[: len(self.due)] == packed(self.due)
        if found:
            self.row = replace(self.row, term=found[-1].term, lsn=found[-1].last, applied=found[-1].last)
        self.appended = found
        self.writer = Journal(self.files, STORE)

    @invariant()
    def all_that_is_due_waits(self) -> None:
        assert packed(waiting(self.files, self.row)) == packed(self.due)


TestFollower = Follower.TestCase
TestFollower.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
