"""The engine: operations by name, run as plans over a store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ddbengine._core import Shortcut
from ddbengine.engine.backfill import Backfill, unfilled
from ddbengine.engine.backup_copying import BackupCopy, copying_pending
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import writes_of
from ddbengine.engine.clock import Clock
from ddbengine.engine.context import Caller, Prepare, StreamSettings, Surroundings
from ddbengine.engine.expiration import Expiration, is_anything_registered
from ddbengine.engine.faults import Faults, Strike
from ddbengine.engine.history_upkeep import HistoryUpkeep
from ddbengine.engine.history_upkeep import upkeep_pending as history_pending
from ddbengine.engine.housekeeping import Housekeeper
from ddbengine.engine.index_status import IndexesStatus
from ddbengine.engine.index_waits import IndexesBehind, waited
from ddbengine.engine.job_rows import jobs_under_way
from ddbengine.engine.job_running import Buckets, JobRunner, jobs_pending
from ddbengine.engine.long_reads import LongReads, ReadIsLong
from ddbengine.engine.operations import OPERATIONS
from ddbengine.engine.partitions import PartitionWatch, SplitPartition, Thresholds, namespace_of
from ddbengine.engine.plain_lookups import plain_lookups
from ddbengine.engine.plain_puts import plain_puts
from ddbengine.engine.plain_queries import plain_queries
from ddbengine.engine.propagator import Propagator
from ddbengine.engine.purge import purge_chore, purge_pending
from ddbengine.engine.request_tokens import sweep_chore, sweep_pending
from ddbengine.engine.reset import Reset
from ddbengine.engine.restoring import Restoration, restoring_pending
from ddbengine.engine.stream_upkeep import StreamUpkeep, upkeep_pending
from ddbengine.engine.struck import prepare_struck
from ddbengine.engine.tables import CreateTable, names_following_indexes
from ddbengine.limits import CLIENT_TOKEN_VALID_SECONDS, ITEM_COLLECTION_MAX_BYTES
from ddbengine.storage.status import StoreStatus
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Store, WritesOf
from ddbengine.streams.rows import Stream

if TYPE_CHECKING:
    from ddbengine.engine.get_item import GetItem

__all__ = ["Engine"]


COPY = "copying tables into backups"
FILL = "filling new indexes"
PURGE = "removing what deleted tables left behind"
EXPIRE = "deleting expired items"
HISTORY = "forgetting old history and backups"
FORGET = "forgetting client request tokens"
STREAMS = "rolling over shards and dropping old ones"
SPLIT = "splitting partitions"
RESTORE = "restoring tables from backups"
JOBS = "starting exports and imports"
TTL_INTERVAL_SECONDS = 1.0

_CHORES_AFTER = {
    "CreateBackup": (COPY,),
    "CreateTable": (STREAMS, SPLIT),
    "DeleteBackup": (PURGE,),
    "DeleteTable": (PURGE, COPY, HISTORY),
    "ExportTableToPointInTime": (COPY, JOBS),
    "ImportTable": (JOBS,),
    "RestoreTableFromBackup": (RESTORE,),
    "RestoreTableToPointInTime": (COPY, RESTORE),
    "UpdateContinuousBackups": (HISTORY,),
    "UpdateTable": (PURGE, FILL, STREAMS, SPLIT),
    "UpdateTimeToLive": (EXPIRE, PURGE),
}
"""What there may be to do after an operation, by its name."""
_MAKE_INDEXES = frozenset({"CreateTable", "RestoreTableFromBackup", "RestoreTableToPointInTime", "UpdateTable"})
"""Operations after which a table may have its first global index."""
_LEAVE_TOKENS = frozenset({"ExecuteTransaction", "TransactWriteItems"})
"""Operations after which a client request token may have to be forgotten, when it is no longer good."""
_LEAVE_CHORES = _MAKE_INDEXES.union(_LEAVE_TOKENS, _CHORES_AFTER)


class Engine:
    """Answers checked requests from one store.  Safe from many threads."""

    operations: Mapping[str, Prepare] = OPERATIONS

    def __init__(
        self,
        open_store: Callable[[WritesOf], Store],
        *,
        clock: Callable[[], float] = time.time,
        shared: bool = False,
        transient_seconds: float = 0.0,
        ttl_interval: float = TTL_INTERVAL_SECONDS,
        item_collection_limit: int = ITEM_COLLECTION_MAX_BYTES,
        gsi_lag_ms: int | None = None,
        streams: StreamSettings | None = None,
        thresholds: Thresholds | None = None,
        tell_passed: Callable[[int], None] | None = None,
        buckets: Buckets | None = None,
        is_fork: bool = False,
    ) -> None:
        """``open_store`` is given the function that turns changes into writes.  ``clock`` gives seconds since the
        epoch; ``shared`` puts all callers into one namespace; see ``Surroundings`` for transient_seconds.  Every
        ``ttl_interval`` seconds it is seen whether items have expired; ``item_collection_limit`` is in bytes.  Global
        indexes show a change ``gsi_lag_ms`` late; without that, reads of them wait for all that was written before.
        ``thresholds`` say when a partition is split.  ``tell_passed`` is told up to which LSN global indexes have
        everything.  Exports go to ``buckets`` and imports come from there; without any, they fail.  With ``is_fork``
        the exports under way are another engine's."""
        self.store = open_store(writes_of)
        self._commits_at_once = self.store.commits_at_once
        self.faults: Faults | None = None
        """Faults on demand; may be set and taken away at any time."""
        self.clock = clock if isinstance(clock, Clock) else Clock(clock)
        self._process = os.getpid()
        self._ttl_interval = ttl_interval
        catalog = Catalog(self.clock)
        self._thresholds = thresholds or Thresholds()
        self._gsi_lag_ms = gsi_lag_ms
        self.propagator = Propagator(self.store, catalog, self.clock, gsi_lag_ms, tell_passed=tell_passed)
        self._surroundings = Surroundings(
            catalog,
            self.clock,
            shared,
            transient_seconds,
            streams=streams or StreamSettings(),
            item_collection_limit=item_collection_limit,
            pending_lsn=self.propagator.pending_lsn,
        )
        self._shortcuts = {
            "GetItem": plain_lookups(catalog, self._snapshot_without_faults),
            "PutItem": plain_puts(self._surroundings, self._submit_without_faults),
            "Query": plain_queries(self._surroundings, self._snapshot_without_faults),
        }
        self._long_reads = LongReads(self.store)
        self._buckets = buckets
        self._jobs = JobRunner(self, buckets, lambda: self._housekeeper.ask(PURGE), self._exports_of_others(is_fork))
        self._housekeeper = Housekeeper(
            {
                PURGE: purge_chore(self.store, self.clock),
                EXPIRE: Expiration(self.store, catalog, self.clock, ttl_interval, self.submit),
                FORGET: sweep_chore(self.store, self.clock),
                FILL: Backfill(self.store, catalog),
                COPY: BackupCopy(self.store, catalog),
                RESTORE: Restoration(self.store, catalog, self.clock, self.submit, self._ask_for_purge),
                JOBS: self._jobs.ask,
                HISTORY: HistoryUpkeep(self.store, self.clock, self._ask_for_purge),
                STREAMS: StreamUpkeep(self.store, self.clock, self._surroundings.streams),
                SPLIT: PartitionWatch(
                    self.store, self._cut_partition, time.monotonic, self._thresholds, self._wanted_partitions
                ),
            }
        )
        self._take_up_chores()

    def _exports_of_others(self, is_fork: bool) -> frozenset[bytes]:
        if not is_fork:
            return frozenset()
        with self.store.snapshot() as txn:
            return frozenset(job.key for job in jobs_under_way(txn))

    def _take_up_chores(self) -> None:
        """See what the last engine on this store left to do."""
        with self.store.snapshot() as txn:
            pending = {
                PURGE: purge_pending(txn),
                EXPIRE: is_anything_registered(txn),
                FORGET: sweep_pending(txn),
                FILL: bool(unfilled(txn)),
                COPY: copying_pending(txn),
                RESTORE: restoring_pending(txn),
                JOBS: jobs_pending(txn),
                HISTORY: history_pending(txn),
                STREAMS: upkeep_pending(txn),
                SPLIT: upkeep_pending(txn),
            }
        for name, is_pending in pending.items():
            if is_pending:
                self._housekeeper.ask(name)

    @property
    def surroundings(self) -> Surroundings:
        """For plans that are no operation's."""
        return self._surroundings

    def advance_clock(self, seconds: float) -> float:
        """Put the engine's time forward, delete what has expired by then, and roll over the shards that are due; return
        the time it now is.

        What is done then is done in the background.  ValueError for a negative number of seconds.
        """
        now = self.clock.advance(seconds)
        self._housekeeper.ask(EXPIRE)
        self._housekeeper.ask(FORGET)
        self.propagator.ask()
        self._housekeeper.ask(STREAMS)
        self._housekeeper.ask(HISTORY)
        return now

    def split_partition(self, table_name: str, at: int | None = None) -> bytes:
        """Cut the partition of a table that holds a partition hash in two at that hash; without one, the widest in the
        middle.  Its shard is closed and followed by two children.

        Returns JSON: ``TableName``, and ``Partitions`` with FromHash, ToHash (exclusive) and ShardId of each.  Raise
        ResourceNotFoundException, or ValidationException when callers have several such tables, or for no place to cut.
        """
        with self.store.snapshot() as txn:
            namespace = namespace_of(txn, table_name)
        return self._cut_partition(namespace, table_name, at)

    def _wanted_partitions(self, txn: ReadTxn, stream: Stream) -> int:
        schema = self._surroundings.catalog.find(txn, stream.namespace, stream.table_name)
        return 1 if schema is None else self._surroundings.streams.wanted_partitions(schema)

    def _cut_partition(self, namespace: str, table_name: str, at: int | None) -> bytes:
        plan = SplitPartition(self._surroundings.catalog, self.clock, namespace, table_name, at)
        return self.store.submit(plan).result().body

    def prepare(self, operation: str, request: dict[str, Any], caller: Caller) -> Plan:
        """Make the plan of a checked request; raise ApiError for what is wrong whatever the store holds."""
        return self.operations[operation](self._surroundings, caller, request)

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Outcome]:
        """The response body of a read at once, and of a write that waits for no disk; of any other write the future of
        its outcome, and of a read that takes long or has to wait for global indexes.  Raise ApiError, StoreError.

        Of the faults on demand, those happen here that need no connection: errors, and parts of batches left undone.
        """
        if self.faults is not None:
            return self.answer_struck(operation, request, caller, self.faults.strike(operation, request))
        return self._run(operation, self.operations[operation](self._surroundings, caller, request))

    def shortcut(self, operation: str, caller: Caller) -> Shortcut | None:
        """What answers some of a caller's requests, be it by raising what an operation does.  There is one for
        GetItem, PutItem and Query."""
        find = self._shortcuts.get(operation)
        return None if find is None else find(self._surroundings.namespace(caller))

    def _snapshot_without_faults(self, consistent: bool) -> AbstractContextManager[ReadTxn] | None:
        """None when there are faults on demand, which a shortcut would pass by."""
        return self.store.snapshot(consistent) if self.faults is None else None

    def _submit_without_faults(self, plan: Plan) -> bytes | Future[Outcome] | None:
        if self.faults is not None:
            return None
        future = self.submit(plan)
        return future.result().body if self._commits_at_once else future

    def get_item(self, request: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """The answer to a checked GetItem as Python values, for a program in this process; faults on demand are not
        asked.  Raise ApiError."""
        plan = cast("GetItem", self.operations["GetItem"](self._surroundings, caller, request))
        with self.store.snapshot(plan.consistent) as txn:
            return plan.answer(txn)

    def answer_struck(
        self, operation: str, request: dict[str, Any], caller: Caller, strike: Strike | None
    ) -> bytes | Future[Outcome]:
        """As ``answer``, of a request for which the faults have been asked already."""
        prepare = self.operations[operation]
        if strike is None:
            return self._run(operation, prepare(self._surroundings, caller, request))
        return self._run(operation, prepare_struck(prepare, operation, self._surroundings, caller, request, strike))

    def _run(self, operation: str, plan: Plan) -> bytes | Future[Outcome]:
        if plan.writes:
            future = self._submit_with_chores(operation, plan) if operation in _LEAVE_CHORES else self.submit(plan)
            return future.result().body if self._commits_at_once else future
        if operation == "GetRecords" and self._long_reads.takes(plan):
            return self._long_reads.submit(plan)
        try:
            with self.store.snapshot(plan.consistent) as txn:  # as _read_or_later; each read would pay for the call
                return plan.run(txn).body
        except ReadIsLong:
            return self._long_reads.submit(plan)
        except IndexesBehind as behind:
            return self._read_when_passed(behind.lsn, waited(plan))

    def _submit_with_chores(self, operation: str, plan: Plan) -> Future[Outcome]:
        future = self._submit_expecting(plan) if operation in _MAKE_INDEXES else self.submit(plan)
        if operation in _CHORES_AFTER:
            future.add_done_callback(partial(self._ask_for, _CHORES_AFTER[operation]))
        if operation in _LEAVE_TOKENS:
            self._housekeeper.ask(FORGET, CLIENT_TOKEN_VALID_SECONDS)
        return future

    def create_table(self, plan: CreateTable) -> None:
        """Have a table made that was asked for otherwise than by its operation; raise ApiError."""
        self._submit_expecting(plan).result()
        self._housekeeper.ask(STREAMS)
        self._housekeeper.ask(SPLIT)

    def _submit_expecting(self, plan: Plan) -> Future[Outcome]:
        """As ``submit``, of a plan that may bring the first global index."""
        if not names_following_indexes(plan):
            return self.submit(plan)
        self.propagator.expect_indexes()
        future = self.submit(plan)
        future.add_done_callback(self._look_for_indexes)
        return future

    def submit(self, plan: Plan) -> Future[Outcome]:
        """Have a plan that writes items carried out, and its changes brought to the global indexes."""
        future = self.store.submit(plan)
        if self.propagator.is_needed:
            self.propagator.notice()
        return future

    def _read_or_later(self, plan: Plan) -> bytes | Future[Outcome]:
        try:
            return self._read(plan).body
        except ReadIsLong:
            return self._long_reads.submit(plan)

    def _read(self, plan: Plan) -> Outcome:
        with self.store.snapshot(plan.consistent) as txn:
            return plan.run(txn)

    def _read_when_passed(self, lsn: int, plan: Plan) -> bytes | Future[Outcome]:
        """The answer of a read that has to wait for global indexes: at once where that can be done here and now."""
        if self.propagator.answers_at_once:
            self.propagator.catch_up(lsn)
            return self._read_or_later(plan)
        future: Future[Outcome] = Future()
        self.propagator.when_passed(lsn, partial(self._resolve, future, plan))
        return future

    def _resolve(self, future: Future[Outcome], plan: Plan, failure: Exception | None) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            if failure is not None:
                raise failure
            future.set_result(self._read(plan))
        except ReadIsLong:
            self._long_reads.submit(plan).add_done_callback(partial(_pass_on, future))
        except Exception as error:
            future.set_exception(error)

    def execute(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes:
        """As ``answer``, waiting for what is to come."""
        answer = self.answer(operation, request, caller)
        return answer if isinstance(answer, bytes) else answer.result().body

    def fork(self, path: Path | None = None) -> Engine:
        """An engine of its own over a copy of everything there is now: in memory, or in a directory that is empty or
        not there yet.  Others may write meanwhile.  Raise StoreError when there is no room, or something in the way."""
        surroundings = self._surroundings
        clock = Clock(self.clock)
        return Engine(
            lambda _: self.store.fork(path, clock),
            clock=clock,
            shared=surroundings.shared,
            transient_seconds=surroundings.transient_seconds,
            ttl_interval=self._ttl_interval,
            gsi_lag_ms=self._gsi_lag_ms,
            item_collection_limit=surroundings.item_collection_limit,
            streams=surroundings.streams,
            thresholds=self._thresholds,
            buckets=self._buckets,
            is_fork=True,
        )

    def reset(self) -> None:
        """Delete all tables of all callers and everything in them, in order with other writes; numbers start anew."""
        self.store.submit(Reset()).result()

    def status(self) -> StoreStatus:
        """How the store and its replicas are at this moment."""
        return self.store.status()

    def index_status(self) -> IndexesStatus:
        """How far the global indexes are at this moment."""
        return self.propagator.status()

    def close(self) -> None:
        """Finish what was submitted and release the store; in a process that was forked off, nothing."""
        if os.getpid() != self._process:
            return  # whose threads are not here, and may have held any lock
        self._jobs.close()
        self.propagator.close()
        self._housekeeper.close()
        self._long_reads.close()
        self.store.close()

    def _look_for_indexes(self, _: Future[Outcome]) -> None:
        self.propagator.expect_indexes()
        self.propagator.ask()  # of writes meanwhile it may not have been told

    def _ask_for_purge(self) -> None:
        self._housekeeper.ask(PURGE)

    def _ask_for(self, chores: tuple[str, ...], done: Future[Outcome]) -> None:
        if done.exception() is None:
            for name in chores:
                self._housekeeper.ask(name, self._surroundings.transient_seconds)


def _pass_on(to: Future[Outcome], done: Future[Outcome]) -> None:
    failure = done.exception()
    if failure is None:
        to.set_result(done.result())
    else:
        to.set_exception(failure)
