"""A worker's own rounds: when it looks for shards."""

from __future__ import annotations

import threading
from typing import Any

from ddbengine.consumer.dead_letters import Discard
from ddbengine.consumer.delivery import Policy
from ddbengine.consumer.filters import accept_all
from ddbengine.consumer.options import Options
from ddbengine.consumer.positions import TRIM_HORIZON, Start
from ddbengine.consumer.progress import Tally
from ddbengine.consumer.shard_work import Clocks, Processing
from ddbengine.consumer.shards import Stream
from ddbengine.consumer.worker import Worker
from tests.commands.streams.stream_model import ModelStream
from tests.consumer.memory_leases import MemoryLeases

LIMIT_SECONDS = 30


class SlowListing(ModelStream):
    """A stream whose listing takes until the last of three shards is read, once the other two are."""

    worker: Worker

    def __init__(self, store: MemoryLeases) -> None:
        super().__init__(keys=2)
        self._store = store
        self.is_listed = threading.Event()

    def describe(self) -> Stream:
        stream = super().describe()
        if sum(lease.is_ended for lease in self._store.leases()) == 2:
            self.is_listed.set()
            for thread in list(self.worker._threads.values()):
                thread.join()
        return stream

    def handle(self, event: dict[str, Any]) -> None:
        if event["Records"] == self.written[-1:]:
            self.is_listed.wait(LIMIT_SECONDS)


def test_a_shard_that_ends_while_shards_are_listed_is_looked_after_at_once() -> None:
    store = MemoryLeases()
    stream = SlowListing(store)
    stream.write(0)
    stream.split(0)
    for key in (0, 1):
        stream.write(key)
    stream.switch_off()
    processing = Processing(
        application="app",
        handler=stream.handle,
        accept=accept_all,
        policy=Policy(),
        dead_letters=Discard(),
        batch_size=100,
        batch_window_seconds=0.0,
        poll_seconds=0.01,
        retry_seconds=0.01,
        retry_seconds_max=0.01,
    )
    # Time stands still, so that nothing is due but what is asked for.
    clocks = Clocks(monotonic=lambda: 0.0)
    stream.worker = Worker(stream, store, processing, Options(worker="me"), Tally("me", "app"), clocks)
    ended: list[bool] = []
    running = threading.Thread(target=lambda: ended.append(stream.worker.run(Start(TRIM_HORIZON))))
    running.start()
    running.join(LIMIT_SECONDS)
    stream.worker.stop()
    running.join()
    assert ended == [True]
