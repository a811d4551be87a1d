"""Undoing, in a copy of a table, what has changed since some time: so the copy is the table as it was then.

Before the copy of a table as of an earlier LSN begins, what each item was that has changed since is put into it, out of
the log: the old forms of the log's records, from the newest change back to the oldest, each in the place of the one
before.  What stays of an item is the oldest: its form at that LSN.  From then on the copy goes as any other
(``backup_rows``), and passes over items that it has a form of.

Meanwhile the table is written to, and whoever is the first to change an item puts what it was into the copy as ever: in
vain if an older form is there already, or comes later.  So it does not matter which of the two comes first.

The log is read in snapshots, a bounded part at a time, and not by the plan that puts what was found, which would hold
up others.  Nothing is held in memory but a part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import msgpack

from ddbengine.engine.backup_rows import (
    NOT_THERE,
    TABLE_PREFIX_BYTES,
    Copying,
    copying_put,
    copyings,
    items_prefix,
)
from ddbengine.engine.purge import MORE
from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.store import Outcome, ReadTxn, Writes
from ddbengine.streams.records import record_prefix

PART_MAX_RECORDS = 1000
PART_MAX_BYTES = 1024 * 1024
"""Of old forms."""
LOOK_MAX_BYTES = 256 * 1024
"""Of the log, looked at for a part: a few milliseconds at most, and little of it is decoded in vain."""


@dataclass(slots=True)
class _Part:
    """The old forms of a part of the log, by their key within the copy."""

    prefix: bytes
    as_of: int
    undone_to: int
    most_records: int
    size: int = 0
    old_forms: dict[bytes, bytes] = field(default_factory=dict)

    def take(self, entry: LogEntry) -> bool:
        """Add an entry's changes, the newest first; whether there is room for more."""
        for lsn, record in reversed(list(enumerate(entry.logical, entry.first))):
            if lsn > self.undone_to or record is None or not record.startswith(self.prefix):
                continue
            if lsn <= self.as_of:
                break
            if len(self.old_forms) >= self.most_records or self.size >= PART_MAX_BYTES:
                return False
            _, _, key, old, _, _ = msgpack.unpackb(record)
            self.old_forms[key[TABLE_PREFIX_BYTES:]] = NOT_THERE if old is None else old
            self.size += 0 if old is None else len(old)
            self.undone_to = lsn - 1
        self.undone_to = min(self.undone_to, entry.first - 1)
        return True


@dataclass(frozen=True, slots=True)
class UndoingPart:
    """Puts the old forms of a part of the log into a copy.  The outcome's body is MORE: the copy itself comes next."""

    number: int
    """Of the backup."""
    before: Copying
    after: Copying
    old_forms: dict[bytes, bytes]
    """By key within the copy."""
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        if copyings(txn).get(self.number) != self.before:
            return Outcome(MORE)  # the store was emptied meanwhile
        prefix = items_prefix(self.number)
        puts = [(prefix + within, old) for within, old in self.old_forms.items()]
        return Outcome(MORE, [Writes(puts=[*puts, copying_put(self.number, self.after)])])


def next_undoing(txn: ReadTxn, number: int, copying: Copying, most_records: int = PART_MAX_RECORDS) -> UndoingPart:
    """The plan that undoes the next part of what changed after ``copying.as_of``."""
    prefix = record_prefix(copying.table_number)
    entries, looked_to = txn.log_search_back(copying.undone_to, LOOK_MAX_BYTES, lambda packed: prefix in packed)
    part = _Part(prefix, copying.as_of, copying.undone_to, most_records)
    # With a part that is full, what is older comes next time.
    if all(part.take(entry) for entry in entries):
        part.undone_to = looked_to
    undone_to = max(part.undone_to, copying.as_of)
    return UndoingPart(number, copying, copying._replace(undone_to=undone_to), part.old_forms)
