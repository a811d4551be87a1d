"""Global and vector indexes follow the change log: a batch reads what was committed after their position and applies
it.

A batch is a plan.  What it writes to the indexes and the new position are one transaction, so after a crash it is as if
it had never run, or it is done.  Several changes of one item count as one, from the first old item to the last new one.
Changes of tables and indexes that are gone are passed over.

What was passed under a leader that is lost may be lost with it, and what was written to the indexes as well, except as
far as the position says: it is in the same log.  So the entry that a term begins with takes a batch back there.

An index that is being filled (``engine.backfill``) gets a change only if the filling did not see it: not if the item's
key is still to be looked at, and not if the item was looked at after the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import msgpack

from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import add_entry_change, added_up
from ddbengine.engine.index_register import FILLINGS, FOLLOWER, Filling, fillings, indexed_table
from ddbengine.schema.table import TableSchema
from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.store import Outcome, ReadTxn, Writes, position_of, position_put

BATCH_MAX_BYTES = 2 << 20
"""Of the log.  A batch reads at least one entry, which is a commit group, so it keeps up with whatever is committed."""
POSITION_STEP = 256
"""Changes that concern no global index are passed over without a commit; so many at most, for the log keeps them."""


class ItemVersion(NamedTuple):
    """A change of an item as the log has it."""

    lsn: int
    old: bytes | None
    new: bytes | None


class Propagated(Outcome):
    """What a batch came to."""

    def __init__(
        self,
        changes: Sequence[Writes],
        passed: int,
        entries: int = 0,
        applied: bool = False,
        *,
        is_needed: bool = True,
        is_more: bool = False,
        wait_micros: int | None = None,
    ) -> None:
        super().__init__(b"", changes)
        self.passed = passed
        """Every change up to this LSN is in the indexes, or concerns none."""
        self.entries = entries
        """How many log entries it read and was allowed to apply."""
        self.applied = applied
        """Whether it wrote anything."""
        self.is_needed = is_needed
        """False when there is no global index at all."""
        self.is_more = is_more
        """Whether there are later changes: in the log, or made earlier in the batch's own commit group."""
        self.wait_micros = wait_micros
        """How long until the next entry is old enough to be applied; None when that is not what there is to wait
        for."""


@dataclass(frozen=True, slots=True)
class PropagationBatch:
    """Applies the next log entries to all global indexes."""

    catalog: Catalog
    passed: int
    """An LSN up to which nothing is left to do, if that is later than the position."""
    until_micros: int | None = None
    """Entries committed later stay for another time; None for no such limit."""
    most_bytes: int = BATCH_MAX_BYTES
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        position = position_of(txn, FOLLOWER)
        if position is None:
            return Propagated((), txn.lsn(), is_needed=False)
        start = max(position, self.passed)
        logged = txn.log_after(start, self.most_bytes)
        steps_back = start > position and any(entry.begins_term for entry in logged)
        if steps_back:
            start, logged = position, txn.log_after(position, self.most_bytes)
        entries, wait = self._due(logged)
        last = max(start, entries[-1].last) if entries else start
        writes = index_writes(changes_after(start, entries), self.catalog, txn)
        self._clear_fillings(writes, last, txn)
        applied = bool(writes.puts or writes.deletes)
        if applied or last - position >= POSITION_STEP or (steps_back and last > position):
            writes.puts.append(position_put(FOLLOWER, last))
        changes = (writes,) if writes.puts else ()
        is_more = wait is None and txn.lsn() > last
        return Propagated(changes, last, len(entries), applied, is_more=is_more, wait_micros=wait)

    def _due(self, entries: Sequence[LogEntry]) -> tuple[Sequence[LogEntry], int | None]:
        """Entries that are old enough, and how long the next one has to wait, if there is one."""
        if self.until_micros is None:
            return entries, None
        for place, entry in enumerate(entries):
            if entry.micros > self.until_micros:
                return entries[:place], entry.micros - self.until_micros
        return entries, None

    @staticmethod
    def _clear_fillings(writes: Writes, last: int, txn: ReadTxn) -> None:
        for number, filling in fillings(txn).items():
            if filling.is_over(last):
                writes.deletes.append(FILLINGS + number.to_bytes(4, "big"))


def changes_after(lsn: int, entries: Iterable[LogEntry]) -> dict[bytes, list[ItemVersion]]:
    """The changes of items after an LSN, by the item's key, in order.  ValueError for a record that cannot be read."""
    changes: dict[bytes, list[ItemVersion]] = {}
    for entry in entries:
        for number, record in enumerate(entry.logical, entry.first):
            if record is not None and number > lsn:
                _, _, key, old, new, _ = _unpacked(record)
                changes.setdefault(key, []).append(ItemVersion(number, old, new))
    return changes


def _unpacked(record: bytes) -> Sequence[Any]:
    """See ItemChange.record."""
    try:
        members: Sequence[Any] = msgpack.unpackb(record)
        if len(members) == 6:
            return members
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise ValueError(f"a record of the change log cannot be read: {error}") from error
    raise ValueError("a record of the change log does not have its six members")


def index_writes(changes: dict[bytes, list[ItemVersion]], catalog: Catalog, txn: ReadTxn) -> Writes:
    """The writes that take the global indexes from before these changes to after them, counters included."""
    writes = Writes()
    under_way = fillings(txn)
    schema_of = _schemas(catalog, txn)
    for key, versions in changes.items():
        schema = schema_of(int.from_bytes(key[1:5], "big"))
        if schema is None:
            continue
        for index in schema.following_indexes:
            due = unseen(under_way.get(index.number), key, versions)
            if due:
                add_entry_change(writes, schema, index, due[0].old, due[-1].new)
    writes.counters = added_up(writes.counters)
    return writes


def unseen(filling: Filling | None, key: bytes, versions: list[ItemVersion]) -> list[ItemVersion]:
    """Those changes of an item that an index is to be told of, which has all items when ``filling`` is None."""
    if filling is None:
        return versions
    seen = filling.seen_until(key)
    return [] if seen is None else [version for version in versions if version.lsn > seen]


def _schemas(catalog: Catalog, txn: ReadTxn) -> Callable[[int], TableSchema | None]:
    """The schemas of tables with global indexes by number, each looked up once."""
    known: dict[int, TableSchema | None] = {}

    def schema_of(number: int) -> TableSchema | None:
        if number not in known:
            name = indexed_table(txn, number)
            known[number] = None if name is None else catalog.find(txn, *name)
        return known[number]

    return schema_of
