"""One copy of a store on its disk, and the two things that write to it: a leader's groups, and a follower's appending.

One thread at a time writes to a replica, whoever holds its ``lock``.
"""

from __future__ import annotations

import errno
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import lmdb

from ddbengine._core import CorruptBytes, DamagedPage
from ddbengine.storage import change_log
from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.committer import TargetFault
from ddbengine.storage.digest import digest_of
from ddbengine.storage.errors import StoreError, StoreFormat, StoreFull
from ddbengine.storage.journal import Journal, waiting
from ddbengine.storage.position import ReplicaRow, read_row, write_row
from ddbengine.storage.quorum import Position
from ddbengine.storage.store import Writes
from ddbengine.storage.transactions import HashedTransaction, RecordedTransaction, Snapshot, WriteTransaction

if TYPE_CHECKING:
    from ddbengine.storage.disk import Disk

    Transaction = lmdb.Transaction[memoryview]

READ_MAX_ENTRIES = 64
READ_MAX_BYTES = 16 << 20
"""What a follower takes into one transaction."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

OF_THE_WRITE = (lmdb.MapFullError, lmdb.TxnFullError, lmdb.DiskError, lmdb.BadValsizeError)
"""What LMDB raises for want of room or for a write that cannot be; any other error is the replica's own."""


class ReplicaFault(StoreError):
    """A replica cannot be relied on any more: its disk failed, or its contents are not what they should be."""


def is_fault(error: BaseException) -> bool:
    """Whether an error says that the replica it came from is to be given up."""
    faults = (OSError, lmdb.Error, DamagedPage, ReplicaFault, TargetFault)
    return isinstance(error, faults) and not isinstance(error, OF_THE_WRITE)


SUSPICIOUS = (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.PanicError, lmdb.CursorFullError, CorruptBytes)
"""What somebody who only reads meets in a damaged replica."""


class Replica:
    """A sound copy, open."""

    def __init__(self, name: str, disk: Disk) -> None:
        self.name = name
        self.disk = disk
        self.lock = threading.Lock()
        self.row: ReplicaRow
        """As of its last commit."""
        self.last_micros = 0
        """When the last group it applied was committed by its leader; 0 when that is not known."""
        self.suspicion: Exception | None = None
        """What a read met that should not be there."""
        self.received: deque[LogEntry] = deque()
        """Durable in the journal, and not all of them in the tree."""
        self._received_bytes = self._taken_bytes = 0
        self._in_doubt = True
        self.know_row()
        self._journal = Journal(disk, self.row.store)

    @property
    def position(self) -> Position:
        """How far it goes durably, in its tree or in its journal."""
        try:
            return max(self.received[-1].position, self.row.position)
        except IndexError:  # the tree has everything
            return self.row.position

    def know_row(self) -> None:
        """Read the row again if the last commit failed: what it wrote may be there all the same."""
        if self._in_doubt:
            with Snapshot(self.disk.begin, self.disk.gate) as snapshot:
                self.row = read_row(snapshot.txn)
            self._in_doubt = False

    def fault(self) -> Exception | None:
        """What is wrong with the files, or with what a read has met in them.

        Bytes that nobody can decode may also be what was written, by a bug that all replicas share, and then it
        would be wrong to lose one after the other.  So the digest decides; that reads everything.
        """
        gone = self.disk.fault()
        if gone is not None:
            return ReplicaFault(gone)
        if isinstance(self.suspicion, CorruptBytes) and not isinstance(self.suspicion, DamagedPage):
            met, self.suspicion = self.suspicion, None
            if not self._adds_up():
                self.suspicion = ReplicaFault(f"what it holds is damaged: {met}")
        return self.suspicion

    def _adds_up(self) -> bool:
        try:
            with Snapshot(self.disk.begin, self.disk.gate) as snapshot:
                return digest_of(snapshot.txn) == read_row(snapshot.txn).digest
        except (lmdb.Error, ValueError, StoreFormat):
            return False

    def end(self, txn: Transaction) -> None:
        """Commit a transaction of this replica; the row is in doubt until that has succeeded."""
        self._in_doubt = True
        self.disk.commit(txn)
        self._in_doubt = False

    def read_log(self, lsn: int) -> list[LogEntry]:
        """Some entries from the one behind ``lsn``; none when the log ends there or begins later.  ReplicaFault when
        they are not as written."""
        with Snapshot(self.disk.begin, self.disk.gate) as snapshot:
            try:
                return change_log.read_after(snapshot.txn, lsn, READ_MAX_ENTRIES, READ_MAX_BYTES)
            except ValueError as error:
                raise ReplicaFault(f"the log of {self.name} is damaged behind change {lsn}: {error}") from error

    @property
    def received_bytes(self) -> int:
        """Of the entries in the journal that the tree has not."""
        return self._received_bytes - self._taken_bytes  # each is counted by one thread

    def can_receive(self) -> bool:
        return self._journal.has_room(self.row.lsn)

    def receive(self, entries: Sequence[LogEntry]) -> None:
        """Keep entries that follow on its position in the journal, durably, until ``append`` is given them.

        Who calls it need not hold the lock, but is the only one to; what the tree has been given meanwhile is left out.
        StoreFull without room for the journal, and then it is as it was; ReplicaFault when they do not follow.
        """
        position = self.position
        fresh = [entry for entry in entries if entry.first > position.lsn]
        if not fresh:
            return
        self._need_in_order(fresh, position)
        try:
            self._journal.append(fresh, self.row.lsn)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StoreFull(f"no room for the journal: {error}") from error
            raise
        self.received.extend(fresh)
        self._received_bytes += sum(len(entry.packed) for entry in fresh)

    def received_after(self, position: Position) -> list[LogEntry]:
        """What the journal has that goes on from a position of the tree."""
        return [entry for entry in list(self.received) if entry.first > position.lsn]

    def take_up(self) -> None:
        """After an opening: let the tree have what is in the journal, and show all of the log."""
        entries = waiting(self.disk, self.row)
        if entries:
            self.append(entries)
        self.apply_received(None)

    def forget_journal(self) -> None:
        """Before a clean close: the tree alone is the replica."""
        if self.received:
            assert self.received[-1].last <= self.row.lsn
            self.received.clear()
        self.disk.remove_journal()

    def append(self, entries: Sequence[LogEntry], apply: bool = True) -> None:
        """Commit entries of the leader's log, and what they change unless ``apply`` is False; all of it or nothing.

        ReplicaFault when they do not follow on what is here, or do not lead to the digest they should.
        """
        if apply and self.row.applied < self.row.lsn:
            self.apply_received(None)
        self.commit(lambda view: self._append(view, entries, apply))
        if apply:
            self.last_micros = entries[-1].micros
        while self.received and self.received[0].last <= self.row.lsn:
            self._taken_bytes += len(self.received.popleft().packed)

    def apply_received(self, until_micros: int | None) -> bool:
        """Apply what was appended without, as far as it was committed by then; whether there was anything."""
        entries = self.read_log(self.row.applied)
        if until_micros is not None:
            entries = [entry for entry in entries if entry.micros <= until_micros]
        if not entries:
            return False
        self.commit(lambda view: self._apply(view, entries))
        self.last_micros = entries[-1].micros
        if until_micros is None and self.row.applied < self.row.lsn:
            self.apply_received(None)
        return True

    def _append(self, view: HashedTransaction, entries: Sequence[LogEntry], apply: bool) -> ReplicaRow:
        self._need_in_order(entries, self.row.position)
        position = entries[-1].position
        for entry in entries:
            change_log.append(view.txn, entry)
        applied = self._apply(view, entries).applied if apply else self.row.applied
        log_from = min(entries[-1].log_from, applied + 1)
        change_log.trim(view.txn, log_from)
        return ReplicaRow(self.row.store, position.term, position.lsn, applied, view.digest, log_from, self.row.members)

    def _need_in_order(self, entries: Sequence[LogEntry], position: Position) -> None:
        for entry in entries:
            if entry.before != position:
                raise ReplicaFault(f"{self.name} is at {position}, and the log goes on from {entry.before}")
            position = entry.position

    def _apply(self, view: HashedTransaction, entries: Sequence[LogEntry]) -> ReplicaRow:
        for entry in entries:
            view.apply_all(entry.writes)
            view.flush()
            if view.digest != entry.digest:
                raise ReplicaFault(f"{self.name} holds something else than its leader after change {entry.last}")
        return replace(self.row, applied=entries[-1].last, digest=view.digest)

    def commit(self, work: Callable[[HashedTransaction], ReplicaRow]) -> None:
        """Let ``work`` write and say what the row becomes; again in a larger map when it was full."""
        while True:
            try:
                self._commit_once(work)
            except lmdb.MapFullError:
                self.disk.grow()
            else:
                return

    def _commit_once(self, work: Callable[[HashedTransaction], ReplicaRow]) -> None:
        self.know_row()
        txn = self.disk.begin_write()
        try:
            row = work(HashedTransaction(txn, self.row.digest))
            write_row(txn, row)
            self.end(txn)
        except BaseException:
            self.disk.abandon(txn)
            raise
        self.row = row


class Leader:
    """A replica as the committer's target: groups of plans run in it, and each becomes a log entry."""

    def __init__(
        self, replica: Replica, followed: bool, micros: Callable[[], int], keep_after: Callable[[], int]
    ) -> None:
        """``followed``: whether other replicas need every change in the log.  ``keep_after``
        tells the LSN up to which no replica needs it."""
        self.replica = replica
        self.entries: list[LogEntry] = []
        """Committed and not yet taken by whoever passes them on."""
        self.last_logged = replica.row.lsn
        """See ``store.Store``."""
        self._followed = followed
        self._micros = micros
        self._keep_after = keep_after

    def begin_group(self) -> RecordedTransaction:
        self.replica.know_row()
        row = self.replica.row
        return RecordedTransaction(self.replica.disk.begin_write(), row.digest, row.lsn)

    def commit_group(self, view: WriteTransaction) -> None:
        assert isinstance(view, RecordedTransaction)
        replica = self.replica
        if not view.logged:
            replica.end(view.txn)
            return
        view.flush()
        row, entry = self._logged(view, replica.row.term)
        write_row(view.txn, row)
        replica.end(view.txn)
        self._committed(row, entry)
        self.last_logged = view.last_marked() or self.last_logged

    def abandon_group(self, view: WriteTransaction) -> None:
        self.replica.disk.abandon(view.txn)

    def grow(self) -> None:
        self.replica.disk.grow()

    def is_fault(self, error: Exception) -> bool:
        return is_fault(error)

    def plan_failed(self, error: Exception) -> None:
        if isinstance(error, SUSPICIOUS) and self.replica.disk.gate.on_error is not None:
            self.replica.disk.gate.on_error(error)

    def begin_term(self, term: int, lost: int = 0) -> None:
        """Commit the entry that a term begins with: changes that write nothing, one at least.

        They take the LSNs up to ``lost``, which changes had that are lost with the leader before and that somebody may
        have read.  So an LSN means one change for ever, and whoever follows the log misses nothing that is to come.
        """
        begun: list[LogEntry | None] = []

        def write(view: HashedTransaction) -> ReplicaRow:
            found = self.replica.row.lsn
            recorded = RecordedTransaction(view.txn, view.digest, found)
            for _ in range(max(found, lost) + 1 - found):
                recorded.apply(Writes())
            row, entry = self._logged(recorded, term)
            begun[:] = [entry]
            return row

        self.replica.commit(write)
        self._committed(self.replica.row, *begun)
        self.last_logged = self.replica.row.lsn

    def _logged(self, view: RecordedTransaction, term: int) -> tuple[ReplicaRow, LogEntry | None]:
        """Write the log entry; the row that belongs to it."""
        row, txn, micros = self.replica.row, view.txn, self._micros()
        last = view.lsn()
        positions = change_log.positions(txn).values()
        if not self._followed and not positions and change_log.end(txn):
            return ReplicaRow(row.store, term, last, last, view.digest, last + 1, row.members), None
        keep_after = min([self._keep_after(), *positions])
        log_from = max(row.log_from, change_log.trim_point(txn, keep_after))
        entry = change_log.pack(view.logged, row.position, term, micros, log_from, view.digest, self._followed)
        change_log.append(txn, entry)
        change_log.trim(txn, log_from)
        return ReplicaRow(row.store, term, last, last, view.digest, log_from, row.members), entry

    def _committed(self, row: ReplicaRow, entry: LogEntry | None) -> None:
        self.replica.row = row
        if entry is not None:
            self.entries.append(entry)
            self.replica.last_micros = entry.micros
