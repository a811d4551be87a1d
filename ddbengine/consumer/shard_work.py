"""The work on one shard, in a thread of its own: read, filter, gather, hand over, keep the checkpoint.

The thread works as long as its lease is good and nobody interrupts it, and looks before each thing it does: before a
batch is handed over, and before a checkpoint is kept (where the lease's row looks too).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ddbengine.consumer.backoff import Backoff
from ddbengine.consumer.batches import Batch, Batcher
from ddbengine.consumer.dead_letters import DeadLetter, DeadLetters
from ddbengine.consumer.delivery import FAILED, Delivery, GiveUp, Policy, lowest_failure
from ddbengine.consumer.events import Record, created, event_of, sequence_number
from ddbengine.consumer.failures import is_throttling, is_transient
from ddbengine.consumer.filters import Accept
from ddbengine.consumer.handlers import Handler
from ddbengine.consumer.holdings import Held
from ddbengine.consumer.leases import LeaseStore
from ddbengine.consumer.positions import SHARD_END, Where
from ddbengine.consumer.progress import ShardTally, Tally
from ddbengine.consumer.reader import Reading, ShardReader

__all__ = ["Clocks", "Interrupted", "Processing", "ShardWork"]

log = logging.getLogger("ddbengine.consumer")
T = TypeVar("T")

PASSING_SECONDS = 2.0
"""How often a checkpoint is kept for records that nobody wants."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Times as a test may want them."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Processing:
    """What is the same for all shards of a consumer."""

    application: str
    handler: Handler
    accept: Accept
    policy: Policy
    dead_letters: DeadLetters
    batch_size: int
    batch_window_seconds: float
    poll_seconds: float
    retry_seconds: float
    retry_seconds_max: float

    def backoff(self) -> Backoff:
        return Backoff(self.retry_seconds, self.retry_seconds_max)


class Interrupted(Exception):
    """The lease is lost or wanted by another worker, or this one is to stop."""


class ShardWork:
    """One shard, as long as this worker holds its lease."""

    def __init__(
        self,
        held: Held,
        reader: ShardReader,
        store: LeaseStore,
        processing: Processing,
        tally: Tally,
        clocks: Clocks,
    ) -> None:
        self._held = held
        self._reader = reader
        self._store = store
        self._processing = processing
        self._tally = tally
        self._clocks = clocks
        self._batcher = Batcher(processing.batch_size, processing.batch_window_seconds)
        self._shard: ShardTally = tally.shard(held.shard_id, held.lease.where.checkpoint)
        self._passing_due = 0.0

    def run(self) -> bool:
        """Work until the shard ends (True) or until there is a reason to let go of it (False).

        Raise what has no remedy: an error of the service that will not pass, or DeadLettersUnwritable.
        """
        try:
            while True:
                reading = self._read()
                self._gather(reading)
                while (batch := self._batcher.due(self._clocks.monotonic(), is_end=reading.is_end)) is not None:
                    self._deliver(batch)
                if reading.is_end:
                    self._finish()
                    return True
                self._pass_unwanted()
                if reading.last is None:
                    self._shard.oldest = None if not len(self._batcher) else self._shard.oldest
                    self._pause(self._idle_seconds())
        except Interrupted:
            return False
        finally:
            self._tally.forget(self._shard)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _read(self) -> Reading:
        expired, trimmed = self._reader.expired, self._reader.trimmed
        reading = self._patiently(self._reader.read)
        expired, trimmed = self._reader.expired - expired, self._reader.trimmed - trimmed
        if expired or trimmed:
            self._tally.count(iterators_expired=expired, trimmed=trimmed)
        return reading

    def _gather(self, reading: Reading) -> None:
        records = [record for record in reading.records if self._processing.accept(record)]
        if not len(self._batcher):
            self._shard.oldest = created(records[0]) if records else reading.newest
        self._batcher.add(records, reading.last, self._clocks.monotonic())
        self._shard.is_read = True
        self._shard.waiting = len(self._batcher)
        if reading.records:
            filtered = len(reading.records) - len(records)
            self._tally.count(records_read=len(reading.records), records_filtered=filtered)

    def _idle_seconds(self) -> float:
        waiting = self._batcher.wait_seconds(self._clocks.monotonic())
        poll = self._processing.poll_seconds
        return poll if waiting is None else min(poll, waiting)

    # --- handing over ------------------------------------------------------------------------------------------------

    def _deliver(self, batch: Batch) -> None:
        delivery = Delivery(len(batch.records), self._processing.policy)
        backoff = self._processing.backoff()
        self._shard.oldest = created(batch.records[0])
        while not delivery.is_over:
            done = delivery.done
            step = delivery.next()
            if isinstance(step, GiveUp):
                self._give_up(batch.records[step.first : step.end], step.attempts)
                delivery.given_up()
            else:
                if step.is_again:
                    self._pause(backoff.next())
                self._check()
                delivery.result(self._attempt(batch.records[step.first : step.end]))
                self._count_bisection(delivery, step.end)
            if delivery.done > done:
                backoff.reset()
                self._advance(batch.reached_after(delivery.done))
        self._shard.failing = None
        self._shard.waiting = len(self._batcher)
        self._shard.oldest = created(batch.records[-1])

    def _attempt(self, records: Sequence[Record]) -> int | None:
        """The index of the first record to be sent again; None if there is none."""
        try:
            answer = self._processing.handler(event_of(records))
            failed = lowest_failure(answer, [sequence_number(record) for record in records])
        except Exception as error:
            failed = FAILED
            self._shard.failing = f"{type(error).__name__}: {error}"
            log.warning(
                "a batch of %d records of %s failed: %s", len(records), self._held.shard_id, error, exc_info=True
            )
        else:
            self._shard.failing = None if failed is None else f"the handler reports record {failed + 1} as failed"
        handled = len(records) if failed is None else failed
        self._shard.records_handled += handled
        self._tally.count(
            records_handled=handled, batches_handled=int(failed is None), batches_failed=int(failed is not None)
        )
        return failed

    def _count_bisection(self, delivery: Delivery, end: int) -> None:
        if not delivery.is_over and delivery.done < end and delivery.next().end < end:
            self._tally.count(bisections=1)

    def _give_up(self, records: Sequence[Record], attempts: int) -> None:
        error = self._shard.failing or "unknown"
        numbers = f"{sequence_number(records[0])} to {sequence_number(records[-1])}"
        log.error("giving up %d records of %s, %s: %s", len(records), self._held.shard_id, numbers, error)
        now = self._clocks.wall()
        application, shard_id = self._processing.application, self._held.shard_id
        self._processing.dead_letters.put(
            [DeadLetter(record, application, shard_id, attempts, error, now) for record in records]
        )
        self._tally.count(records_dead=len(records))

    # --- the checkpoint ----------------------------------------------------------------------------------------------

    def _advance(self, number: str | None) -> None:
        if number is not None:
            self._keep(self._reader.where.moved_to(number))

    def _pass_unwanted(self) -> None:
        """Keep a checkpoint behind records that were read and not wanted, now and then."""
        number, now = self._batcher.passed(), self._clocks.monotonic()
        if number is not None and number != self._shard.checkpoint and now >= self._passing_due:
            self._advance(number)
            self._passing_due = now + PASSING_SECONDS

    def _finish(self) -> None:
        self._keep(self._reader.where.moved_to(SHARD_END), ended=self._clocks.wall())
        self._tally.count(shards_finished=1)
        log.info("read shard %s to its end", self._held.shard_id)

    def _keep(self, where: Where, ended: float | None = None) -> None:
        """Keep a checkpoint even when interrupted, as long as the lease is good."""
        if not self._patiently(lambda: self._store.advance(self._held.lease, where, ended), even_when_interrupted=True):
            log.warning("lost the lease of shard %s: its checkpoint was refused", self._held.shard_id)
            self._held.is_lost = True
            raise Interrupted
        self._shard.checkpoint = where.checkpoint
        self._tally.count(checkpoints=1)

    # --- waiting -----------------------------------------------------------------------------------------------------

    def _patiently(self, request: Callable[[], T], *, even_when_interrupted: bool = False) -> T:
        """Make a request again and again while it fails for reasons that pass."""
        backoff = Backoff()
        while True:
            if not self._is_valid() or (self._held.interrupt.is_set() and not even_when_interrupted):
                raise Interrupted
            try:
                return request()
            except (BotoCoreError, ClientError) as error:
                if not is_transient(error):
                    raise
                self._tally.count(retried_requests=1, throttled=int(is_throttling(error)))
                level = logging.INFO if is_throttling(error) else logging.WARNING
                log.log(level, "a request for shard %s failed and is repeated: %s", self._held.shard_id, error)
            seconds = backoff.next()
            if not self._held.interrupt.wait(seconds) or not even_when_interrupted:
                continue
            time.sleep(min(seconds, self._processing.poll_seconds))

    def _pause(self, seconds: float) -> None:
        self._held.interrupt.wait(seconds)
        self._check()

    def _check(self) -> None:
        if self._held.interrupt.is_set() or not self._is_valid():
            raise Interrupted

    def _is_valid(self) -> bool:
        return self._held.is_valid(self._clocks.monotonic())
