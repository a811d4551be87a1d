"""Opening, growing and closing the LMDB environment of a store, on disk or in memory.

On disk it is a directory with LMDB's two files and a lock of ours; the map is a large reach of address space, and
LMDB writes with pwrite, so that a full disk is an error.  In memory it is a ``MemoryFile`` that LMDB writes in place,
with all of its map reserved; so the map starts small and grows by steps.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from ddbengine.storage.binding import open_environment
from ddbengine.storage.errors import StoreBusy, StoreClosed, StoreError, StoreFormat, StoreFull, StoreUnusable
from ddbengine.storage.gate import Gate
from ddbengine.storage.journal_files import JournalOnDisk
from ddbengine.storage.locks import DirectoryLock
from ddbengine.storage.mapped_trees import MappedTrees
from ddbengine.storage.memory_file import RESERVES, MemoryFile
from ddbengine.storage.migration import FORMAT_KEY, FORMAT_VERSION, bring_up_to_date, is_current
from ddbengine.storage.seal import DATA_FILE, seal, sync_directory, unseal
from ddbengine.storage.transactions import Snapshot

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

_log = logging.getLogger(__name__)

__all__ = ["FORMAT_KEY", "FORMAT_VERSION", "Environment"]

GIB = 1 << 30
MAP_START_BYTES = (64 if sys.maxsize > 1 << 32 and sys.platform != "win32" else 1) * GIB
"""Address space only: the file has the size of its contents.  Windows allocates the whole map, so it starts small."""
MEMORY_MAP_START_BYTES = GIB // 256
MEMORY_GROWTH_MAX_BYTES = GIB // 4
"""What is reserved but unused stays below this, or below a half."""
MAP_SMALLEST_BYTES = GIB // 4
"""Tried before giving up where address space is limited."""
MAP_LIMIT_BYTES = (1 << 46) if sys.maxsize > 1 << 32 else GIB
READERS_MAX = 4096
SPARE_READS_MAX = 64
"""Read transactions kept for reuse: renewing one is several times cheaper than making one."""
READERS_TIMEOUT_SECONDS = 30.0
"""How long a growth or a close waits for open reads; they last milliseconds unless something is wrong."""
ABANDON_TIMEOUT_SECONDS = 1.0

assert MAP_SMALLEST_BYTES <= MAP_START_BYTES <= MAP_LIMIT_BYTES
assert MEMORY_MAP_START_BYTES <= MEMORY_GROWTH_MAX_BYTES


class Environment:
    """An open LMDB environment: ``begin`` for reads behind ``gate``, ``begin_write`` for the committer."""

    def __init__(
        self,
        path: Path | None,
        durable: bool,
        map_bytes: int | None,
        map_limit_bytes: int,
        sealed: bool = False,
        contents: Environment | None = None,
        memory: Path | None = None,
    ) -> None:
        """``sealed``: the seal beside the file was found to fit, so the file needs no examination while it stays.
        ``contents``: what one in memory begins with a copy of.  ``memory``: the directory of one in memory that other
        processes read; what it holds already is kept."""
        self.path = path
        self.gate = Gate()
        self._durable = durable
        self._memory: MemoryFile | None = None
        self._in_place = path is None and RESERVES
        self._map_bytes = map_bytes or (MEMORY_MAP_START_BYTES if self._in_place else MAP_START_BYTES)
        self._map_limit_bytes = map_limit_bytes
        self._lock: DirectoryLock | None = None
        self._sealed = sealed
        self._trusted = True
        """A seal vouches for the file as it is, so it has to go before a write."""
        self._identity: tuple[int, int] | None = None
        """Device and number of the data file that is open."""
        self._journal = None if path is None else JournalOnDisk(path, durable)
        self._lmdb = self._open_in_memory(contents, memory) if path is None else self._open_on_disk(path)
        self.begin = self._lmdb.begin
        self.trees = MappedTrees(on_disk=path is not None)
        self.trees.open(self._lmdb)

    def begin_write(self) -> Transaction:
        """The only write transaction at a time, bound to the calling thread.  lmdb.Error when LMDB cannot go on."""
        if self._sealed and self.path is not None:
            unseal(self.path)
            self._sealed = False
        return self._lmdb.begin(None, None, True, True)

    def commit(self, txn: Transaction) -> None:
        """Durably, if the environment is; lmdb.Error when it failed, and then only ``abandon`` is left."""
        txn.commit()

    def abandon(self, txn: Transaction) -> None:
        """Abort a write transaction.

        The package's binding waits for a moment in which no other thread is inside LMDB, which threads that read
        without a pause may never leave by themselves; the gate makes one.
        """
        try:
            with self.gate.closed(ABANDON_TIMEOUT_SECONDS):
                txn.abort()
        except TimeoutError:
            txn.abort()

    def grow(self) -> None:
        """Enlarge the map, when no read is open and no write transaction either; StoreFull when it cannot be."""
        step = min(self._map_bytes, MEMORY_GROWTH_MAX_BYTES) if self._in_place else self._map_bytes
        larger = min(self._map_bytes + step, self._map_limit_bytes)
        if larger <= self._map_bytes:
            raise StoreFull(f"the store has reached its limit of {self._map_limit_bytes} bytes")
        try:
            with self.gate.closed(READERS_TIMEOUT_SECONDS):
                self._reserve(larger)
                self.trees.moved()
                self._lmdb.set_mapsize(larger)
        except (TimeoutError, OSError, lmdb.Error) as error:
            raise StoreFull(f"the store cannot grow to {larger} bytes: {error}") from error
        self._map_bytes = larger

    def write_journal(self, half: int, offset: int, data: bytes) -> None:
        """See ``journal.JournalFiles``."""
        assert self._journal is not None, "what is in memory has no journal"
        self._journal.write_journal(half, offset, data)

    def read_journal(self, half: int) -> bytes:
        return b"" if self._journal is None else self._journal.read_journal(half)

    def remove_journal(self) -> None:
        if self._journal is not None:
            self._journal.remove_journal()

    def copy_to(self, file: Path) -> None:
        """Write a consistent copy of everything into a file, synced.  lmdb.Error or OSError.

        A compacting one, since LMDB's other kind keeps the writer out at one point.
        """
        with open(file, "wb") as copy, Snapshot(self.begin, self.gate) as snapshot:
            self._lmdb.copyfd(copy.fileno(), compact=True, txn=snapshot.txn)
            os.fsync(copy.fileno())

    def fault(self) -> str | None:
        """What is wrong with the files as the file system shows them; None when they are those that are open."""
        if self.path is None:
            return None
        try:
            found = _identity_of(self.path)
        except OSError as error:
            return f"{self.path / DATA_FILE} is gone: {error.strerror}"
        return None if found == self._identity else f"{self.path / DATA_FILE} is not the file that was opened"

    def sizes(self) -> tuple[int, int]:
        """Bytes of the map, and how many of them are used."""
        known = self._lmdb.info()
        return known["map_size"], (known["last_pgno"] + 1) * self._lmdb.stat()["psize"]

    def commits(self) -> int:
        """How many transactions that changed something were ever committed to it."""
        return self._lmdb.info()["last_txnid"]

    def distrust(self) -> None:
        """Take its seal away, and do not seal it again when it is closed."""
        self._trusted = False
        if self._sealed and self.path is not None:
            try:
                unseal(self.path)
            except OSError as error:
                _log.warning("the seal of %s cannot be taken away: %s", self.path, error)

    def close(self, timeout_seconds: float) -> None:
        """Wait for open reads, sync, seal, release everything.  StoreBusy when a read stays open; then try again."""
        try:
            self.gate.refuse(CLOSED, timeout_seconds)
        except TimeoutError as error:
            raise StoreBusy(f"the store cannot be closed: {error}") from error
        try:
            if self.path is not None and not self._durable:
                self._lmdb.sync(True)
        except lmdb.Error as error:
            raise store_error(error) from error
        finally:
            self._lmdb.close()
            if self._journal is not None:
                self._journal.close()
            if self.path is not None and not self._sealed and self._trusted and self.fault() is None:
                _seal_if_possible(self.path)
            if self._lock is not None:
                self._lock.release()
            if self._memory is not None:
                self._memory.close()

    def forsake(self) -> None:
        """In a forked child: touch nothing that is shared with the parent, and refuse to be used."""
        self.gate.forsake(FORKED)
        _never_release(self._lmdb)
        if self._lock is not None:
            self._lock.release()

    def _open_on_disk(self, path: Path) -> lmdb.Environment:
        created = make_directory(path)
        with ExitStack() as undo:
            lock = DirectoryLock(path)
            undo.callback(lock.release)
            if not self._sealed:
                unseal(path)
            environment = self._open(path, self._durable)
            undo.callback(environment.close)
            self._bring_up_to_date(environment, path)
            self._identity = _identity_of(path)
            if self._durable:
                sync_directory(path)
                if created:
                    sync_directory(path.parent)
            undo.pop_all()
        self._lock = lock
        return environment

    def _bring_up_to_date(self, environment: lmdb.Environment, path: Path) -> None:
        with environment.begin(buffers=True) as txn:
            if is_current(txn):
                return
        if self._sealed:
            unseal(path)
            self._sealed = False
        with environment.begin(write=True, buffers=True) as txn:
            bring_up_to_date(txn, path)

    def forget_dead_readers(self) -> None:
        """Give back what reads hold whose processes are gone."""
        self._lmdb.reader_check()

    def _open_in_memory(self, contents: Environment | None, directory: Path | None) -> lmdb.Environment:
        with ExitStack() as undo:
            self._memory = MemoryFile(directory)
            undo.callback(self._memory.close)
            if contents is not None:
                contents.copy_to(self._memory.directory / DATA_FILE)
            # Of a file that was reserved before, all the room counts, be it used or not.
            size = _size_of(self._memory.directory / DATA_FILE)
            self._map_bytes = min(max(self._map_bytes, size if contents is None else 2 * size), self._map_limit_bytes)
            environment = self._open(self._memory.directory, durable=False)
            undo.callback(environment.close)
            self._memory.opened()
            try:
                self._reserve(self._map_bytes)
            except OSError as error:
                raise StoreUnusable(f"no memory for a store of {self._map_bytes} bytes: {error.strerror}") from error
            undo.pop_all()
        return environment

    def _reserve(self, size_bytes: int) -> None:
        if self._in_place and self._memory is not None:
            self._memory.reserve(size_bytes)

    def _open(self, directory: Path, durable: bool) -> lmdb.Environment:
        grown = 0 if self._memory is not None else 2 * _size_of(directory / DATA_FILE)
        map_bytes = max(self._map_bytes, min(grown, self._map_limit_bytes))
        while True:
            try:
                environment = open_environment(
                    os.fspath(directory),
                    map_size=map_bytes,
                    sync=durable,
                    metasync=durable,
                    writemap=self._in_place,
                    meminit=self.path is not None,
                    max_readers=READERS_MAX,
                    max_spare_txns=SPARE_READS_MAX,
                )
            except (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError) as error:
                raise StoreFormat(f"{directory} does not hold a store this version can read: {error}") from error
            except (lmdb.Error, OSError) as error:
                if "Cannot allocate memory" in str(error) and map_bytes // 2 >= MAP_SMALLEST_BYTES:
                    map_bytes //= 2
                    continue
                raise StoreUnusable(f"cannot open the store in {directory}: {error}") from error
            self._map_bytes = environment.info()["map_size"]
            return environment


def _never_release(environment: lmdb.Environment) -> None:
    """Keep the package's binding from giving back, at the end of a forked child, the reader slots of its parent: the
    table of them is shared memory.  The core's knows a child by itself."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(environment))


CLOSED = "the store is closed"
FORKED = "the store was opened before this process was forked off; open it in the child"


def store_error(error: Exception) -> Exception:
    """What LMDB says, in terms of a store.  Anything else is returned as it is."""
    if isinstance(error, (lmdb.DiskError, lmdb.MapFullError)):
        return StoreFull(f"no room for the write: {error}")
    if isinstance(error, lmdb.TxnFullError):
        return StoreFull(f"the write is too large for one transaction: {error}")
    if isinstance(error, lmdb.Error):
        return StoreError(f"the write failed: {error}")
    return error


def refuse_when_closed(reason: str | None) -> None:
    if reason is not None:
        raise StoreClosed(reason)


def _identity_of(directory: Path) -> tuple[int, int]:
    found = (directory / DATA_FILE).stat()
    return found.st_dev, found.st_ino


def _seal_if_possible(directory: Path) -> None:
    try:
        seal(directory)
    except OSError as error:
        _log.warning("%s is not sealed and will be examined when it is opened: %s", directory, error)


def make_directory(path: Path) -> bool:
    """True when it was made now.  Parents are not: a mistyped path should not start an empty store somewhere."""
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise StoreUnusable(f"{path} is not a directory") from None
        return False
    except FileNotFoundError:
        raise StoreUnusable(f"cannot create {path}: {path.parent} does not exist") from None
    except OSError as error:
        raise StoreUnusable(f"cannot create {path}: {error.strerror}") from error
    return True


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
