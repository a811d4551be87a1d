"""A small world for three replicas: disks that fail when the seed says so, a clock that is a number, and no threads.

What survives the process is a ``Medium``, an LMDB environment in memory; what a process sees of it is a
``SimulatedDisk``, the seam that replication is written against, which asks ``Faults`` before every call.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from ddbengine.storage.environment import MAP_LIMIT_BYTES, Environment
from ddbengine.storage.gate import Gate
from ddbengine.storage.journal import waiting
from ddbengine.storage.mapped_trees import MappedTrees
from ddbengine.storage.position import ReplicaRow, read_row, write_row

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

NAMES = ("az1", "az2", "az3")
STORE = b"a simulated one."

COMMIT_FAILS = "commit fails"
COMMIT_FAILS_BUT_IS_KEPT = "commit fails but is kept"
DISK_FULL = "disk full"
MAP_FULL = "map full"
CRASH_BEFORE_COMMIT = "crash before commit"
CRASH_AFTER_COMMIT = "crash after commit"
WRITE_FAILS = "write fails"
READ_FAILS = "read fails"
COPY_FAILS = "copy fails"
JOURNAL_FAILS = "journal fails"
JOURNAL_FULL = "no space for the journal"
CRASH_IN_JOURNAL = "crash in the midst of the journal"
CRASH_AFTER_JOURNAL = "crash after the journal"
AT_CALLS = (
    COMMIT_FAILS,
    COMMIT_FAILS_BUT_IS_KEPT,
    DISK_FULL,
    MAP_FULL,
    CRASH_BEFORE_COMMIT,
    CRASH_AFTER_COMMIT,
    WRITE_FAILS,
    READ_FAILS,
    COPY_FAILS,
    JOURNAL_FAILS,
    JOURNAL_FULL,
    CRASH_IN_JOURNAL,
    CRASH_AFTER_JOURNAL,
)
"""Faults that strike when a disk is called."""
LOSING_NO_DISK = (DISK_FULL, MAP_FULL, CRASH_BEFORE_COMMIT, CRASH_AFTER_COMMIT, COPY_FAILS)
"""Those for which no replica has to be given up that leads."""
LOSING_NO_PROCESS = (
    COMMIT_FAILS,
    DISK_FULL,
    MAP_FULL,
    WRITE_FAILS,
    READ_FAILS,
    COPY_FAILS,
    JOURNAL_FAILS,
    JOURNAL_FULL,
)
"""Those that the process outlives, and after which what failed is not there."""
RATE_MAX = 0.15


class Crash(BaseException):
    """The process ends here; whoever catches it must not go on as if nothing had happened."""


@dataclass
class Faults:
    """Which faults there are in a schedule, and how often each strikes."""

    chance: random.Random
    rates: dict[str, float]
    resting: bool = False
    """While a store is opened by hand and when all is healed, nothing fails."""

    def strikes(self, kind: str) -> bool:
        rate = self.rates.get(kind, 0.0)
        return rate > 0 and not self.resting and self.chance.random() < rate


class Pool:
    """Environments in memory, made once and emptied for each use: making one takes longer than a whole schedule."""

    def __init__(self) -> None:
        self._free: list[Environment] = []
        self._taken: list[Environment] = []

    def take(self) -> Environment:
        environment = self._free.pop() if self._free else Environment(None, False, None, MAP_LIMIT_BYTES)
        self._taken.append(environment)
        txn = environment.begin_write()
        keys = [bytes(key) for key, _ in txn.cursor()]
        for key in keys:
            txn.delete(key)
        txn.commit()
        return environment

    def take_all_back(self) -> None:
        self._free += self._taken
        self._taken = []

    def close(self) -> None:
        for environment in self._free + self._taken:
            environment.close(0)


@dataclass
class Medium:
    """The files of one replica."""

    environment: Environment
    present: bool = True
    """False when they were deleted; a process that has them open does not notice by itself."""
    journal: dict[int, bytearray] = field(default_factory=dict)

    def write(self, half: int, offset: int, data: bytes) -> None:
        file = self.journal.setdefault(half, bytearray())
        file[offset : offset + len(data)] = data

    def durable_lsn(self) -> int:
        """What the replica has when it is opened next."""
        row = self.row()
        entries = waiting(ReadOnlyJournal(self), row)
        return entries[-1].last if entries else row.lsn

    def row(self) -> ReplicaRow:
        with self.environment.begin(buffers=True) as txn:
            return read_row(txn)

    def entries(self) -> dict[bytes, bytes]:
        with self.environment.begin(buffers=True) as txn:
            return {bytes(key): bytes(value) for key, value in txn.cursor()}


@dataclass
class ReadOnlyJournal:
    """The halves of a medium as the next process finds them."""

    medium: Medium

    def read_journal(self, half: int) -> bytes:
        return bytes(self.medium.journal.get(half, b""))


class SimulatedDisk:
    """A ``disk.Disk`` on a medium, for the life of one process."""

    path: Path | None = None

    def __init__(self, medium: Medium, faults: Faults) -> None:
        self.medium = medium
        self.gate = Gate()
        self._faults = faults

    @property
    def trees(self) -> MappedTrees:
        return self.medium.environment.trees

    @property
    def begin(self) -> Callable[..., Transaction]:
        if self._faults.strikes(READ_FAILS):
            raise OSError(5, "simulated: the read failed")
        return self.medium.environment.begin

    def begin_write(self) -> Transaction:
        if self._faults.strikes(WRITE_FAILS):
            raise lmdb.Error("simulated: the write failed")
        return self.medium.environment.begin_write()

    def commit(self, txn: Transaction) -> None:
        strikes = self._faults.strikes
        if strikes(DISK_FULL):
            raise lmdb.DiskError("simulated: no space left")
        if strikes(MAP_FULL):
            raise lmdb.MapFullError("simulated: the map is full")
        if strikes(COMMIT_FAILS):
            raise lmdb.Error("simulated: fsync failed")
        if strikes(CRASH_BEFORE_COMMIT):
            raise Crash
        txn.commit()
        if strikes(COMMIT_FAILS_BUT_IS_KEPT):
            raise OSError(5, "simulated: fsync failed after the write")
        if strikes(CRASH_AFTER_COMMIT):
            raise Crash

    def abandon(self, txn: Transaction) -> None:
        txn.abort()

    def write_journal(self, half: int, offset: int, data: bytes) -> None:
        strikes, part = self._faults.strikes, data[: self._faults.chance.randint(0, len(data))]
        if strikes(JOURNAL_FULL):
            self.medium.write(half, offset, part)
            raise OSError(28, "simulated: no space left for the journal")
        if strikes(JOURNAL_FAILS):
            self.medium.write(half, offset, self._faults.chance.choice((part, data)))
            raise OSError(5, "simulated: the journal cannot be written")
        if strikes(CRASH_IN_JOURNAL):
            self.medium.write(half, offset, part)
            raise Crash
        self.medium.write(half, offset, data)
        if strikes(CRASH_AFTER_JOURNAL):
            raise Crash

    def read_journal(self, half: int) -> bytes:
        return bytes(self.medium.journal.get(half, b""))

    def remove_journal(self) -> None:
        self.medium.journal.clear()

    def grow(self) -> None:
        """The map is larger than any schedule needs."""

    def fault(self) -> str | None:
        return None if self.medium.present else "simulated: the files are gone"

    def sizes(self) -> tuple[int, int]:
        return 0, 0

    def distrust(self) -> None:
        """There are no seals here."""

    def close(self, timeout_seconds: float) -> None:
        """The environment belongs to the pool."""

    def forsake(self) -> None:
        raise AssertionError("nobody forks here")

    def copy_to(self, environment: Environment, meanwhile: Callable[[], None]) -> None:
        """A consistent copy into an empty environment; ``meanwhile`` happens while it is made."""
        with self.begin(None, None, False, True) as source:
            meanwhile()
            target = environment.begin_write()
            for key, value in source.cursor():
                target.put(bytes(key), bytes(value))
            if self._faults.strikes(COPY_FAILS):
                target.abort()
                raise OSError(28, "simulated: no space left for the copy")
            target.commit()


@dataclass
class Media:
    """What is on the disks of the three places, whatever happens to the process."""

    pool: Pool
    places: dict[str, Medium] = field(default_factory=dict)

    def format(self) -> None:
        for name in NAMES:
            self.places[name] = Medium(self.pool.take())
            txn = self.places[name].environment.begin_write()
            write_row(txn, ReplicaRow(STORE, 1, 0, 0, 0, 1))
            txn.commit()

    def present(self) -> dict[str, Medium]:
        return {name: medium for name, medium in self.places.items() if medium.present}

    def wipe(self, name: str) -> None:
        self.places[name].present = False

    def replace(self, name: str, environment: Environment) -> Medium:
        self.places[name] = Medium(environment)
        return self.places[name]


def swarm(chance: random.Random, kinds: tuple[str, ...]) -> dict[str, float]:
    """A schedule's faults: of all kinds some are left out altogether, the others come at rates of their own."""
    kinds = tuple(chance.sample(kinds, chance.randint(0, len(kinds))))
    return {kind: chance.uniform(0.005, RATE_MAX) for kind in kinds}
