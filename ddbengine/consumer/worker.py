"""One worker on one stream: it finds the shards, shares them with the other workers, and runs a thread for each of its
own.

Two threads besides: the caller's, which looks at the leases and at new shards, and one that does nothing but renew, so
that a slow listing or a throttled table does not cost the leases.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from ddbengine.consumer.assignment import workable
from ddbengine.consumer.backoff import Backoff
from ddbengine.consumer.discovery import begin_with, first_leases, forgettable, missing_leases, start_iterators
from ddbengine.consumer.errors import StreamMissing
from ddbengine.consumer.failures import is_throttling, is_transient
from ddbengine.consumer.holdings import Held, Holdings
from ddbengine.consumer.leases import Beginning, Lease, LeaseStore
from ddbengine.consumer.options import Options
from ddbengine.consumer.positions import Start
from ddbengine.consumer.progress import Tally
from ddbengine.consumer.reader import ShardReader
from ddbengine.consumer.shard_work import Clocks, Processing, ShardWork
from ddbengine.consumer.shards import Stream
from ddbengine.consumer.stream_api import Streams

__all__ = ["Worker"]

log = logging.getLogger("ddbengine.consumer")

RENEWALS_PER_LEASE = 4
"""Renewals within the life of a lease; all but one may fail."""
LOOKS_PER_LEASE = 3


class Worker:
    """Reads a stream until it is stopped, or until the stream is switched off and read to its end by all workers."""

    def __init__(
        self,
        streams: Streams,
        store: LeaseStore,
        processing: Processing,
        options: Options,
        tally: Tally,
        clocks: Clocks | None = None,
    ) -> None:
        self._streams = streams
        self._store = store
        self._processing = processing
        self._options = options
        self._tally = tally
        self._clocks = clocks or Clocks()
        self._holdings = Holdings(
            store, options.worker, self._clocks.monotonic, options.lease_seconds, options.shards_max
        )
        self._threads: dict[str, threading.Thread] = {}
        self._wake = threading.Event()
        self._done = threading.Event()
        """Nothing is held any more."""
        self._is_stopping = False
        self._discovery_due = 0.0
        self._failure: BaseException | None = None
        """What ended a thread that should not have ended."""

    def stop(self) -> None:
        """Let the batches under way finish, keep the checkpoints, release the leases.  Safe from any thread, and from a
        signal handler."""
        self._is_stopping = True
        for held in self._holdings.held():
            held.interrupt.set()
        self._wake.set()

    def run(self, start: Start) -> bool:
        """Work; True when the stream has ended, False when stopped.  ``start`` counts if the application has never
        begun with this stream.  Raise what has no remedy."""
        beginning = self._begin(start)
        renewing = threading.Thread(target=self._renew_until_stopped, name="lease-renewal", daemon=True)
        renewing.start()
        try:
            return self._look_until_stopped(beginning)
        finally:
            self.stop()
            while threads := list(self._threads.values()):
                for thread in threads:
                    thread.join()
            self._done.set()
            renewing.join()
            self._leave()
            if self._failure is not None:
                raise self._failure

    def _leave(self) -> None:
        try:
            self._holdings.leave()
        except (BotoCoreError, ClientError) as error:
            log.warning("leases handed to this worker could not be given back and have to run out: %s", error)

    # --- beginning ---------------------------------------------------------------------------------------------------

    def _begin(self, start: Start) -> Beginning:
        known = self._store.beginning()
        if known is not None:
            return known
        stream = self._streams.describe()
        wanted = begin_with(stream, start, self._clocks.wall())
        iterators = start_iterators(self._streams, wanted)
        beginning = self._store.begin(wanted)
        if beginning == wanted:
            for lease in first_leases(missing_leases(stream, beginning, ()), iterators):
                self._store.add(lease)
        return beginning

    # --- looking -----------------------------------------------------------------------------------------------------

    def _look_until_stopped(self, beginning: Beginning) -> bool:
        backoff = Backoff()
        while not self._is_stopping:
            self._wake.clear()
            wait = self._options.lease_seconds / LOOKS_PER_LEASE
            try:
                if self._look(beginning):
                    return True
                backoff.reset()
            except (BotoCoreError, ClientError) as error:
                if not is_transient(error):
                    raise
                self._discovery_due = 0.0
                self._tally.count(retried_requests=1, throttled=int(is_throttling(error)))
                log.warning("looking at the leases failed, which is repeated: %s", error)
                wait = backoff.next()
            if not self._is_stopping:
                self._wake.wait(wait)
        return False

    def _look(self, beginning: Beginning) -> bool:
        """One round: shards, leases, threads.  True when there is nothing left to do for anybody, ever."""
        now = self._clocks.monotonic()
        is_discovery_due = now >= self._discovery_due
        if is_discovery_due:
            # Before anything is read: a shard that ends meanwhile asks for the next look.
            self._discovery_due = now + self._options.discovery_seconds
        leases = self._store.leases()
        if is_discovery_due:
            if self._discover(beginning, leases):
                return True
            leases = self._store.leases()
        taken = self._holdings.rebalance(leases)
        may_be_read = workable(leases)
        self._tally.leases = len(may_be_read)
        owners = {lease.owner for lease in may_be_read if lease.owner is not None}
        self._tally.workers = len(owners | {self._options.worker})
        for held in taken:
            self._work_on(held)
        return False

    def _discover(self, beginning: Beginning, leases: Sequence[Lease]) -> bool:
        """Add leases for new shards, forget old ones.  True if the stream has ended."""
        has_unfinished = any(not lease.is_ended for lease in leases)
        try:
            stream = self._streams.describe()
        except StreamMissing:
            if has_unfinished or not leases:
                raise
            return True
        missing = missing_leases(stream, beginning, {lease.shard_id for lease in leases})
        for lease in missing:
            if self._store.add(lease):
                log.info("found shard %s%s", lease.shard_id, f", child of {lease.parent}" if lease.parent else "")
        for lease in forgettable(stream, leases, self._clocks.wall()):
            self._store.remove(lease)
        return _is_over(stream) and not missing and not has_unfinished

    def _work_on(self, held: Held) -> None:
        reader = ShardReader(self._streams, held.shard_id, held.lease.where)
        work = ShardWork(held, reader, self._store, self._processing, self._tally, self._clocks)
        name = f"shard-{held.shard_id}"
        thread = threading.Thread(target=self._run_shard, args=(held, work), name=name, daemon=True)
        self._threads[held.shard_id] = thread
        if self._is_stopping:
            held.interrupt.set()
        thread.start()

    # --- the threads -------------------------------------------------------------------------------------------------

    def _run_shard(self, held: Held, work: ShardWork) -> None:
        try:
            is_finished = work.run()
        except Exception as error:
            is_finished = False
            self._fail(error)
        if is_finished:
            self._discovery_due = 0.0
        try:
            self._holdings.let_go(held, release=not is_finished)
        except (BotoCoreError, ClientError) as error:
            log.warning("the lease of shard %s could not be released and has to run out: %s", held.shard_id, error)
        # The shard may have been taken again by now, and have a new thread.
        if self._threads.get(held.shard_id) is threading.current_thread():
            del self._threads[held.shard_id]
        self._wake.set()

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self.stop()

    def _renew_until_stopped(self) -> None:
        while not self._done.wait(self._options.lease_seconds / RENEWALS_PER_LEASE):
            lost = self._holdings.lost
            try:
                self._holdings.renew()
            except (BotoCoreError, ClientError) as error:
                if not is_transient(error):
                    self._fail(error)
                    return
                self._tally.count(retried_requests=1, throttled=int(is_throttling(error)))
                log.warning("renewing the leases failed, which is repeated: %s", error)
            except Exception as error:
                self._fail(error)
                return
            self._tally.count(leases_lost=self._holdings.lost - lost)


def _is_over(stream: Stream) -> bool:
    return stream.status == "DISABLED" and not any(shard.is_open for shard in stream.shards.values())
