"""The consumer: a table's stream, a handler, and everything between."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ddbengine.consumer.dead_letters import TABLE_KEY, DeadLetterFile, DeadLetters, DeadLetterTable, Discard
from ddbengine.consumer.errors import ConsumerError, StreamMissing
from ddbengine.consumer.failures import explained, translated
from ddbengine.consumer.handlers import Handler
from ddbengine.consumer.lease_table import KEY, LeaseTable, create_table
from ddbengine.consumer.options import Options
from ddbengine.consumer.positions import TRIM_HORIZON, Start
from ddbengine.consumer.progress import Progress, Tally
from ddbengine.consumer.shard_work import Processing
from ddbengine.consumer.stream_api import StreamApi, clients, find_stream, list_streams
from ddbengine.consumer.worker import Worker

__all__ = ["Consumer"]

log = logging.getLogger("ddbengine.consumer")
_SIGNALS_SEEN_SECONDS = 0.5


class Consumer:
    """One worker that hands the changes of a table to a handler, each at least once and in order per item.

    Workers with the same application name, in any number of processes and machines, share the shards by leases in a
    table of that name.  A batch's checkpoint is kept after the handler has returned; a worker that dies is replaced
    where its checkpoints are, so the last batch of each of its shards may be handled twice.

        def handle(event):
            for record in event["Records"]:
                print(record["eventName"], record["dynamodb"]["Keys"])

        Consumer("orders", handle, endpoint_url="http://127.0.0.1:8000").run()

    The handler gets events in Lambda's shape, from one thread per shard.  If it raises, the batch is tried again; it
    may return ``{"batchItemFailures": [{"itemIdentifier": <sequence number>}]}`` as a Lambda function may.
    """

    def __init__(
        self,
        table: str,
        handler: Handler,
        *,
        options: Options | None = None,
        session: Any = None,
        endpoint_url: str | None = None,
        region: str | None = None,
    ) -> None:
        """``table`` is a table's name or a stream's ARN; ``session`` a boto3 session, the default one if None.

        Nothing is asked of the service before ``run``.  Raise CredentialsMissing if no region or profile is found.
        """
        self.options = options or Options()
        self.table = table
        self.application = self.options.application or f"{_table_name(table)}-consumer"
        self._handler = handler
        self._tally = Tally(self.options.worker, self.application)
        self._stopping = threading.Event()
        self._worker: Worker | None = None
        with explained():
            self._dynamodb, self._streams = clients(session or boto3.Session(), endpoint_url, region)

    def run(self) -> None:
        """Consume until ``stop`` is called from another thread or a signal handler, or the stream is switched off and
        read to its end.  Raise a ConsumerError that says what is wrong."""
        # In a thread of its own, so that a signal handler, which runs inside whatever the main thread is at, finds no
        # lock taken by that very thread.
        with ThreadPoolExecutor(1, "consumer") as thread:
            running = thread.submit(self._run)
            try:
                # A signal that another thread of the program got wakes nobody here, but is seen between two waits.
                while not wait([running], _SIGNALS_SEEN_SECONDS).done:
                    pass
                running.result()
            except BaseException:
                self.stop()
                raise

    def _run(self) -> None:
        with explained():
            arns = self._unfinished_streams()
            processing = self._processing()
        for arn, start in arns:
            if self._stopping.is_set():
                return
            self._consume(arn, start, processing)

    def stop(self) -> None:
        """Finish the batches under way, keep the checkpoints, release the leases; ``run`` then returns."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    def progress(self) -> Progress:
        """How it is doing at this moment."""
        return self._tally.progress()

    def _consume(self, arn: str, start: Start, processing: Processing) -> None:
        store = LeaseTable(self._dynamodb, self.application, arn)
        self._tally.stream_arn = arn
        worker = self._worker = Worker(StreamApi(self._streams, arn), store, processing, self.options, self._tally)
        if self._stopping.is_set():
            return
        log.info("consuming %s as %s of application %s", arn, self.options.worker, self.application)
        try:
            if worker.run(start):
                log.info("%s is switched off and read to its end", arn)
        except (BotoCoreError, ClientError) as error:
            raise translated(error) from error

    def _unfinished_streams(self) -> Sequence[tuple[str, Start]]:
        """The streams to read, one after another, and where to start with each.

        A stream that was switched off and on again is another stream.  What the application had not yet read of the
        old one comes first, and the new one is then read from its beginning.
        """
        latest = find_stream(self._dynamodb, self.table)
        create_table(self._dynamodb, self.application, (KEY,))
        if latest == self.table:
            return [(latest, self.options.start)]
        older = []
        for arn in list_streams(self._streams, self.table):
            store = LeaseTable(self._dynamodb, self.application, arn)
            if arn != latest and store.beginning() is not None:
                older.append(arn)
        start = Start(TRIM_HORIZON) if older else self.options.start
        unfinished = [arn for arn in older if self._has_more(arn)]
        return [*((arn, Start(TRIM_HORIZON)) for arn in unfinished), (latest, start)]

    def _has_more(self, arn: str) -> bool:
        try:
            StreamApi(self._streams, arn).describe()
        except StreamMissing:
            return False
        return any(not lease.is_ended for lease in LeaseTable(self._dynamodb, self.application, arn).leases())

    def _processing(self) -> Processing:
        options = self.options
        return Processing(
            application=self.application,
            handler=self._handler,
            accept=options.accept(),
            policy=options.policy(),
            dead_letters=self._dead_letters(),
            batch_size=options.batch_size,
            batch_window_seconds=options.batch_window_seconds,
            poll_seconds=options.poll_seconds,
            retry_seconds=options.retry_seconds,
            retry_seconds_max=options.retry_seconds_max,
        )

    def _dead_letters(self) -> DeadLetters:
        if self.options.dead_letter_file is not None:
            return DeadLetterFile(self.options.dead_letter_file)
        if self.options.dead_letter_table is not None:
            create_table(self._dynamodb, self.options.dead_letter_table, TABLE_KEY)
            return DeadLetterTable(self._dynamodb, self.options.dead_letter_table)
        return Discard()


def _table_name(table: str) -> str:
    """The name of a table, also out of an ARN of it or of its stream."""
    if not table.startswith("arn:"):
        return table
    parts = table.split(":", 5)[-1].split("/")
    if len(parts) < 2 or parts[0] != "table":
        raise ConsumerError(f"{table!r} is neither a table's name nor the ARN of a table or a stream")
    return parts[1]
