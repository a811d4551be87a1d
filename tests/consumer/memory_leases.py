"""A lease store in memory, with the rules of the table; test_lease_store.py holds both to the same contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ddbengine.consumer.leases import Beginning, Lease
from ddbengine.consumer.positions import Where


class MemoryLeases:
    def __init__(self) -> None:
        self.rows: dict[str, Lease] = {}
        self._beginning: Beginning | None = None

    def begin(self, beginning: Beginning) -> Beginning:
        self._beginning = self._beginning or beginning
        return self._beginning

    def beginning(self) -> Beginning | None:
        return self._beginning

    def leases(self) -> Sequence[Lease]:
        return list(self.rows.values())

    def add(self, lease: Lease) -> bool:
        if lease.shard_id in self.rows:
            return False
        self.rows[lease.shard_id] = lease
        return True

    def take(self, lease: Lease, worker: str) -> Lease | None:
        row = self.rows.get(lease.shard_id)
        if row is None or (row.takes, row.counter) != (lease.takes, lease.counter) or row.is_ended:
            return None
        return self._put(replace(row, owner=worker, counter=row.counter + 1, takes=row.takes + 1, wanted_by=None))

    def renew(self, lease: Lease) -> Lease | None:
        row = self._owned(lease)
        return self._put(replace(row, counter=row.counter + 1)) if row else None

    def advance(self, lease: Lease, where: Where, ended: float | None = None) -> bool:
        row = self._owned(lease)
        if row is None:
            return False
        moved = replace(row, where=Where(where.checkpoint, where.time, row.where.number))
        self._put(moved if ended is None else replace(moved, owner=None, wanted_by=None, ended=ended))
        return True

    def release(self, lease: Lease, to: str | None = None) -> bool:
        row = self._owned(lease)
        if row is None or (to is not None and row.wanted_by != to):
            return False
        counter = row.counter + (to is not None)
        self._put(replace(row, owner=to, wanted_by=None, counter=counter))
        return True

    def ask_for(self, lease: Lease, worker: str) -> bool:
        row = self.rows.get(lease.shard_id)
        if row is None or (row.owner, row.takes) != (lease.owner, lease.takes) or row.wanted_by is not None:
            return False
        self._put(replace(row, wanted_by=worker))
        return True

    def withdraw(self, lease: Lease, worker: str) -> bool:
        row = self.rows.get(lease.shard_id)
        if row is None or row.takes != lease.takes or row.wanted_by != worker:
            return False
        self._put(replace(row, wanted_by=None))
        return True

    def remove(self, lease: Lease) -> bool:
        row = self.rows.get(lease.shard_id)
        if row is None or row.takes != lease.takes or not row.is_ended:
            return False
        del self.rows[lease.shard_id]
        return True

    def _owned(self, lease: Lease) -> Lease | None:
        row = self.rows.get(lease.shard_id)
        return row if row is not None and (row.owner, row.takes) == (lease.owner, lease.takes) else None

    def _put(self, row: Lease) -> Lease:
        self.rows[row.shard_id] = row
        return row
