"""Writing many items to an endpoint: BatchWriteItem from several threads, whatever is left unprocessed again.

Items of one key go to one thread, so that the last of them wins however the threads run.  The items of a batch that is
refused are put one by one, to know which of them it was and why.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Any

from ddbengine import _core
from ddbengine.engine.bulk_load import Loaded, OnRefused
from ddbengine.errors import ApiError, SerializationException, ValidationException
from ddbengine.limits import BATCH_WRITE_MAX_REQUESTS

__all__ = ["REFUSALS", "BatchWriter", "GivenUp", "load_in_parallel"]

QUEUED_BATCHES = 4
"""Waiting for each thread."""
BATCH_MAX_ENTRIES = 4 * BATCH_WRITE_MAX_REQUESTS
"""That a batch stands for, when many of them have the same keys."""
OLDEST_ITEMS_BEHIND = 5_000
"""A batch is sent though it is not full when its first item is so far behind."""
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0
ATTEMPTS_WITHOUT_PROGRESS = 20
REFUSALS = frozenset({"ValidationException", "SerializationException", "ItemCollectionSizeLimitExceededException"})
"""Codes that say something of the items; any other ends the load."""

Item = dict[str, Any]
Key = tuple[bytes | str, ...]
Refusal = tuple[int, ApiError]


class GivenUp(Exception):
    """The endpoint leaves items unprocessed for longer than anybody should wait."""


@dataclass(slots=True)
class _Batch:
    first: int
    """The ordinal of its first item."""
    last: dict[Key, Item] = field(default_factory=dict)
    """The last one of each key: a request must not have one twice."""
    entries: list[tuple[int, Item]] = field(default_factory=list)
    """All items in order, with their ordinals: when the last one of a key is refused, the one before it stays."""


@dataclass(frozen=True, slots=True)
class _Done:
    batch: _Batch
    refusals: list[Refusal]
    failure: Exception | None = None


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """Carries out requests; the functions may be called from any thread."""

    write: Callable[[list[Item]], list[Item]]
    """Puts checked items and returns those left unprocessed.  Raises what boto3 raises."""
    put: Callable[[Item], None]
    """Puts one item, in the same way."""
    code_of: Callable[[Exception], tuple[str, str]]
    """The code and the message of what the others raised; empty for what is no answer."""


def load_in_parallel(
    writer: BatchWriter, key_names: list[str], items: Iterable[Item], on_refused: OnRefused, threads: int
) -> Iterator[Loaded]:
    """Put items and say how far it is; runs as it is iterated.  ``on_refused`` is called in the caller's thread.

    Raise GivenUp, or what ``writer`` raised that says nothing of the items.
    """
    work = _Work(writer, key_names, threads)
    try:
        failure: Exception | None = None
        numbered = enumerate(items, 1)
        while failure is None:
            try:
                ordinal, item = next(numbered)
            except StopIteration:
                break
            except Exception as error:  # of the items: what came before is written all the same
                failure = error
                break
            try:
                work.add(ordinal, _core.check_item(item))
            except _core.JsonTypeFault as fault:
                on_refused(ordinal, SerializationException(fault.args[0]))
            yield from work.progress(on_refused)
        work.flush()
        while work.unfinished:
            yield from work.progress(on_refused, wait=True)
        yield Loaded(work.ordinal, work.items)
        if failure is not None:
            raise failure
    finally:
        work.stop()


def _part_of_key(value: Any) -> bytes | str:
    """The same for every way to write a value: the numbers 1 and 1.0 are one key."""
    try:
        return _core.type_of(encoded := _core.encode_value(value)).encode() + _core.key_part(encoded)
    except (ValueError, TypeError, _core.ValueFault):
        return repr(value)  # no key, and the endpoint will say so


class _Work:
    """The threads, and what is on its way to them and back."""

    def __init__(self, writer: BatchWriter, key_names: list[str], threads: int) -> None:
        self._writer = writer
        self._key_names = key_names
        self._open: list[_Batch | None] = [None] * threads
        self._queues: list[Queue[_Batch | None]] = [Queue(QUEUED_BATCHES) for _ in range(threads)]
        self._results: Queue[_Done] = Queue()
        self._stopping = threading.Event()
        self.unfinished: dict[int, _Batch] = {}
        """Batches by the ordinal of their first item."""
        self.ordinal = self.items = 0
        self._threads = [threading.Thread(target=self._run, args=(queue,), daemon=True) for queue in self._queues]
        for thread in self._threads:
            thread.start()

    def add(self, ordinal: int, item: Item) -> None:
        self.ordinal = ordinal
        key = tuple(_part_of_key(item.get(name)) for name in self._key_names)
        number = hash(key) % len(self._queues)
        batch = self._open[number]
        if batch is None:
            batch = self._open[number] = self.unfinished[ordinal] = _Batch(ordinal)
        batch.last[key] = item
        batch.entries.append((ordinal, item))
        if len(batch.last) == BATCH_WRITE_MAX_REQUESTS or len(batch.entries) == BATCH_MAX_ENTRIES:
            self._send(number)
            self._send_old(ordinal - OLDEST_ITEMS_BEHIND)

    def _send(self, number: int) -> None:
        self._queues[number].put(self._open[number])
        self._open[number] = None

    def _send_old(self, before: int) -> None:
        for number, batch in enumerate(self._open):
            if batch is not None and batch.first <= before:
                self._send(number)

    def flush(self) -> None:
        for number, batch in enumerate(self._open):
            if batch is not None:
                self._send(number)

    def progress(self, on_refused: OnRefused, wait: bool = False) -> Iterator[Loaded]:
        """Take in what the threads have done; with ``wait``, something at least."""
        low, took = min(self.unfinished, default=0), False
        while True:
            try:
                done = self._results.get(block=wait and not took)
            except Empty:
                break
            took = True
            self._settle(done, on_refused)
        if took and min(self.unfinished, default=self.ordinal + 1) > low:
            yield Loaded(min(self.unfinished, default=self.ordinal + 1) - 1, self.items)

    def _settle(self, done: _Done, on_refused: OnRefused) -> None:
        if done.failure is not None:
            raise done.failure
        del self.unfinished[done.batch.first]
        self.items += len(done.batch.entries) - len(done.refusals)
        for ordinal, error in done.refusals:
            on_refused(ordinal, error)

    def stop(self) -> None:
        """End the threads: at once, unless all is done."""
        self._stopping.set()
        for queue in self._queues:
            while True:
                try:
                    queue.get_nowait()
                except Empty:
                    break
            queue.put(None)
        for thread in self._threads:
            thread.join()

    # --- in the threads -----------------------------------------------------------------------------------------------

    def _run(self, queue: Queue[_Batch | None]) -> None:
        while (batch := queue.get()) is not None:
            if self._stopping.is_set():
                continue
            try:
                self._results.put(self._write(batch))
            except Exception as error:
                self._results.put(_Done(batch, [], error))

    def _write(self, batch: _Batch) -> _Done:
        try:
            self._write_all(list(batch.last.values()))
            return _Done(batch, [])
        except Exception as error:
            if self._writer.code_of(error)[0] not in REFUSALS:
                raise
        refusals: list[Refusal] = []
        for ordinal, item in batch.entries:
            try:
                self._writer.put(item)
            except Exception as error:
                code, message = self._writer.code_of(error)
                if code not in REFUSALS:
                    raise
                refusals.append((ordinal, ValidationException(message)))
        return _Done(batch, refusals)

    def _write_all(self, items: list[Item]) -> None:
        """Put items until none is left unprocessed, with growing pauses while none gets through."""
        left = items
        attempts = 0
        while True:
            unprocessed = self._writer.write(left)
            if not unprocessed or self._stopping.is_set():
                return
            attempts = 0 if len(unprocessed) < len(left) else attempts + 1
            if attempts == ATTEMPTS_WITHOUT_PROGRESS:
                raise GivenUp(f"{len(unprocessed)} items were left unprocessed {attempts} times")
            left = unprocessed
            pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempts)
            self._stopping.wait(pause * random.uniform(0.5, 1.0))
