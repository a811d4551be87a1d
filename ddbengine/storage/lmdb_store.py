"""The store over LMDB: as replicas on disk with an fsync for every group of writes, or in memory.

One open at a time has a store on disk.  Any thread may read and submit.  A store stays open until ``close`` or the end
of the process, and is of no use to a process forked off meanwhile.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType

from ddbengine.storage.alone import Alone
from ddbengine.storage.committer import GroupCommitter, InlineCommitter, commit
from ddbengine.storage.disk import Disk
from ddbengine.storage.environment import MAP_LIMIT_BYTES, READERS_TIMEOUT_SECONDS, Environment, make_directory
from ddbengine.storage.errors import StoreBusy
from ddbengine.storage.forking import copy_on_disk, prepare_fork
from ddbengine.storage.locks import DirectoryLock
from ddbengine.storage.recovery import move_into_place, recover, refuse_to_begin_beside, renew
from ddbengine.storage.replica_set import ReplicaSet, Rules
from ddbengine.storage.replication import Replication
from ddbengine.storage.shared_state import SharedState
from ddbengine.storage.status import LEADING, CommitStatus, LogStatus, ReplicaStatus, StoreStatus
from ddbengine.storage.store import Outcome, Plan, WritesOf
from ddbengine.storage.transactions import Snapshot

__all__ = ["LmdbStore", "places_of"]

EXIT_TIMEOUT_SECONDS = 1.0
"""At the end of the process an abandoned read is not worth waiting for: every commit is on disk already."""
FORK_MAP_START_BYTES = 1 << 20
"""Of one in memory, at least: reserving more takes longer than all else, and most forks are written to a little."""
DURABILITIES = ("quorum", "leader", "none")
EVENTUAL_READS = ("leader", "any")
NAMES = ("az1", "az2", "az3")


class LmdbStore:
    """A ``store.Store``, in memory or as replicas on disk.  See docs/durability.md for what each choice can lose."""

    def __init__(
        self,
        writes_of: WritesOf,
        path: Path | None = None,
        *,
        replicas: int = 3,
        replica_paths: Sequence[Path] = (),
        durability: str = "quorum",
        eventual_reads: str = "leader",
        replica_lag_ms: int = 0,
        min_replicas: int | None = None,
        map_bytes: int | None = None,
        map_limit_bytes: int = MAP_LIMIT_BYTES,
        clock: Callable[[], float] = time.time,
        contents: Environment | None = None,
        memory: Path | None = None,
        shared: SharedState | None = None,
    ) -> None:
        """Open the store of a directory, made when its parent exists, or with None a new one in memory, for which the
        rest up to ``min_replicas`` says nothing.

        ``replicas`` is 1 or 3.  They are az1, az2 and az3 in the directory, or the ``replica_paths``.  ``durability``
        says when a write is acknowledged: "quorum", after two fsyncs on two replicas; "leader", after one; "none",
        after no fsync at all.  Reads that need not be consistent go to the leader or with ``eventual_reads`` "any" to
        any replica, of which the followers show a change ``replica_lag_ms`` late.  With fewer live replicas than
        ``min_replicas`` (2 of 3, 1 of 1) nothing is written.

        The map of an environment starts at ``map_bytes``, 64 GiB of address space on disk and 4 MiB in memory unless
        given, and grows up to ``map_limit_bytes`` when it is full.  ``contents`` is what ``fork`` gives to a store in
        memory to begin with.  For other processes that read it, a store in memory is in the directory ``memory``, and
        ``shared`` is told who leads.

        Raise StoreBusy, StoreUnusable or StoreFormat.
        """
        assert replicas in (1, 3) and len(replica_paths) in (0, replicas)  # noqa: PT018 - not a test
        assert durability in DURABILITIES and eventual_reads in EVENTUAL_READS  # noqa: PT018
        self.path = path
        self._durability = durability
        self._fork = partial(
            LmdbStore,
            writes_of,
            replicas=replicas,
            durability=durability,
            eventual_reads=eventual_reads,
            replica_lag_ms=replica_lag_ms,
            min_replicas=min_replicas,
            map_bytes=map_bytes,
            map_limit_bytes=map_limit_bytes,
            clock=clock,
        )
        self._open = partial(_open, durable=durability != "none", map_bytes=map_bytes, map_limit_bytes=map_limit_bytes)
        self._replication: Replication | None = None
        self._lock: DirectoryLock | None = None
        self._committer: InlineCommitter | GroupCommitter
        if path is None:
            self._environment = Environment(None, False, map_bytes, map_limit_bytes, contents=contents, memory=memory)
            if contents is not None:
                _begin_fork(self._environment)
            self._alone = _alone(self._environment, clock, shared)
            self._committer = InlineCommitter(partial(commit, self._alone, writes_of))
            self._commits_before = self._environment.commits()
            self._begin, self._gate = self._environment.begin, self._environment.gate
            self._trees = self._environment.trees
        else:
            places = places_of(path, replicas, replica_paths)
            rules = _rules(replicas, durability, eventual_reads, replica_lag_ms, min_replicas)
            replication = self._replication = self._replicate(path, places, rules, writes_of, clock, shared)
            inline = durability == "none"
            self._committer = InlineCommitter(replication.commit_now) if inline else GroupCommitter(replication.commit)
        _open_stores.add(self)

    def snapshot(self, consistent: bool = True) -> Snapshot:
        """A view of everything acknowledged so far, to be opened with ``with``; of something earlier perhaps if it need
        not be consistent.  StoreClosed after ``close``."""
        replication = self._replication
        if replication is None:
            return Snapshot(self._begin, self._gate, self._trees)
        disk = replication.replicas.readable(consistent)
        return Snapshot(disk.begin, disk.gate, disk.trees)

    def submit(self, plan: Plan) -> Future[Outcome]:
        """See ``store.Store``.  The future fails with what the plan raised, or with StoreFull or StoreError when it
        could not be committed.  StoreClosed at once after ``close``."""
        return self._committer.submit(plan)

    def status(self) -> StoreStatus:
        """What there is to be seen of the replicas and commits.  A store in memory is one replica without a log."""
        if self._replication is not None:
            return self._replication.replicas.status(self._durability)
        assert isinstance(self._committer, InlineCommitter)
        plans = self._committer.plans
        commits = self._environment.commits() - self._commits_before
        sizes = self._environment.sizes()
        alone = ReplicaStatus("memory", None, LEADING, 0, 0, 0, 0, 0.0, None, 0, 0, *sizes)
        tally = CommitStatus(commits, plans, plans, min(plans, 1), 0.0, 0)
        return StoreStatus("none", True, 0, 0, (alone,), LogStatus(1, 0, 0), tally)

    @property
    def commits_at_once(self) -> bool:
        """See ``store.Store``."""
        return isinstance(self._committer, InlineCommitter)

    def last_logged(self) -> int:
        """See ``store.Store``."""
        return self._alone.last_logged if self._replication is None else self._replication.replicas.last_logged

    def forget_dead_readers(self) -> None:
        """See ``store.Store``."""
        disks = [self._environment] if self._replication is None else self._replication.replicas.disks()
        for disk in disks:
            if isinstance(disk, Environment):
                disk.forget_dead_readers()

    def fork(self, path: Path | None = None, clock: Callable[[], float] | None = None) -> LmdbStore:
        """A store of its own with all that this one holds now, in memory or in a directory that is empty or not there.

        Others may read and write meanwhile; the fork has everything that was acknowledged before.  On disk it has its
        replicas below ``path`` and is as durable as this one.  Raise StoreUnusable without room for it.
        """
        own = self._fork if clock is None else partial(self._fork, clock=clock)
        source = self._environment if self._replication is None else self._replication.replicas.readable(True)
        assert isinstance(source, Environment)
        if path is not None:
            copy_on_disk(source, path, path / NAMES[0])
            return own(path)
        return own(None, contents=source, map_bytes=FORK_MAP_START_BYTES)

    def close(self, timeout_seconds: float = READERS_TIMEOUT_SECONDS) -> None:
        """Finish what was submitted, wait for open snapshots, release the files.  Again is no harm.

        StoreBusy when a snapshot stays open longer than the timeout; then the store still holds its files.
        """
        if self not in _open_stores:
            return
        self._committer.close()
        if self._replication is None:
            self._environment.close(timeout_seconds)
        else:
            self._replication.close()
            self._replication.replicas.close_disks(timeout_seconds)
        if self._lock is not None:
            self._lock.release()
        _open_stores.discard(self)

    def _replicate(
        self,
        path: Path,
        places: dict[str, Path],
        rules: Rules,
        writes_of: WritesOf,
        clock: Callable[[], float],
        shared: SharedState | None,
    ) -> Replication:
        make_directory(path)
        with ExitStack() as undo:
            self._lock = DirectoryLock(path)
            undo.callback(self._lock.release)
            move_into_place(path, next(iter(places.values())))
            refuse_to_begin_beside(places, [path / name for name in NAMES if name not in places])
            recovered = recover(places, self._open, rules.min_replicas)
            replicas = ReplicaSet(
                recovered.replicas,
                recovered.leader,
                writes_of,
                rules,
                renew=partial(self._renew, places),
                micros=lambda: int(clock() * 1e6),
                missing=recovered.missing,
                paths={name: os.fspath(place) for name, place in places.items()},
                announce=None if shared is None else lambda name: shared.lead(list(places).index(name)),
                tell_logged=None if shared is None else shared.tell_logged,
            )
            undo.callback(replicas.close_disks, EXIT_TIMEOUT_SECONDS)
            if not recovered.is_even and len(places) > 1:
                replicas.begin_term()
            for name in places:
                while replicas.follow(name):
                    pass
            replicas.rebuild_before_serving()
            undo.pop_all()
        return Replication(replicas)

    def _renew(self, places: dict[str, Path], name: str, source: Disk, advance: Callable[[int], None]) -> Disk:
        return renew(places[name], source, self._open, advance)

    def __enter__(self) -> LmdbStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forsake(self) -> None:
        self._committer.forsake()
        disks = [self._environment] if self._replication is None else self._replication.replicas.disks()
        for disk in disks:
            disk.forsake()
        if self._lock is not None:
            self._lock.release()


def places_of(path: Path, replicas: int, replica_paths: Sequence[Path] = ()) -> dict[str, Path]:
    """The directories of the replicas of a store by name, in order."""
    return dict(zip(NAMES, replica_paths or [path / name for name in NAMES[:replicas]], strict=False))


def _alone(environment: Environment, clock: Callable[[], float], shared: SharedState | None) -> Alone:
    alone = Alone(environment, lambda: int(clock() * 1e6), None if shared is None else shared.tell_logged)
    if shared is not None:
        shared.lead(0)
    return alone


def _open(path: Path, sealed: bool, durable: bool, map_bytes: int | None, map_limit_bytes: int) -> Environment:
    return Environment(path, durable, map_bytes, map_limit_bytes, sealed)


def _begin_fork(environment: Environment) -> None:
    txn = environment.begin_write()
    prepare_fork(txn)
    environment.commit(txn)


def _rules(replicas: int, durability: str, eventual_reads: str, replica_lag_ms: int, min_replicas: int | None) -> Rules:
    """What the options of a store on disk mean for replication."""
    return Rules(
        copies=2 if durability == "quorum" and replicas > 1 else 1,
        min_replicas=min_replicas or replicas // 2 + 1,
        any_for_eventual_reads=eventual_reads == "any",
        lag_micros=replica_lag_ms * 1000,
    )


_open_stores: set[LmdbStore] = set()


def _close_all() -> None:
    for store in list(_open_stores):
        try:
            store.close(EXIT_TIMEOUT_SECONDS)
        except StoreBusy:
            continue


def _forsake_all() -> None:
    for store in _open_stores:
        store._forsake()
    _open_stores.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake_all)
