"""What a consumer may be told, with what it does if it is told nothing."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddbengine.consumer.delivery import Policy
from ddbengine.consumer.errors import BadOption
from ddbengine.consumer.filters import Accept, compile_filters
from ddbengine.consumer.positions import TRIM_HORIZON, Start

__all__ = ["Options"]

FROM_THE_OLDEST = Start(TRIM_HORIZON)
BATCH_RECORDS_MAX = 10_000
BATCH_WINDOW_SECONDS_MAX = 300.0


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of a consumer.  Building one raises BadOption, or BadPattern for a filter."""

    application: str | None = None
    """The name of the lease table, shared by the workers that are to share the shards; ``<table>-consumer`` if not
    given.  Another name reads the whole stream anew, independently."""
    start: Start = FROM_THE_OLDEST
    """Where an application begins that has no checkpoints yet."""
    filters: Sequence[str | Mapping[str, Any]] = ()
    """Lambda event filter patterns; a record is handled if one of them matches, every record is if there are none."""
    batch_size: int = 100
    """The most records in one event, 1 to 10,000."""
    batch_window_seconds: float = 0.0
    """How long to wait for a batch to fill, 0 to 300."""
    attempts_max: int | None = None
    """How often the same records are tried before they become dead letters; None is without end, and one record that
    always fails then holds up its shard.  With a number, say where dead letters go."""
    bisect: bool = False
    """Cut a failing batch in half until the record at fault is alone."""
    dead_letter_file: Path | None = None
    dead_letter_table: str | None = None
    """A table, which is made if it is not there."""
    discard_dead_letters: bool = False
    """Give records up without keeping them."""
    retry_seconds: float = 0.2
    """The wait before a failed batch is tried again, doubled each time."""
    retry_seconds_max: float = 30.0
    lease_seconds: float = 10.0
    """How long a worker may be silent before others take its shards."""
    poll_seconds: float = 0.25
    """How often a shard is read in which nothing happens."""
    discovery_seconds: float = 30.0
    """How often new shards are looked for besides when one ends."""
    shards_max: int = 100
    """The most shards this worker reads at a time; each has a thread."""
    worker: str = field(default_factory=_worker_name)
    """The name of this worker; no other may have it."""

    def __post_init__(self) -> None:
        self.accept()
        _check(1 <= self.batch_size <= BATCH_RECORDS_MAX, "the batch size is from 1 to 10,000 records")
        _check(0 <= self.batch_window_seconds <= BATCH_WINDOW_SECONDS_MAX, "the batch window is from 0 to 300 seconds")
        _check(self.attempts_max is None or self.attempts_max >= 1, "there is at least one attempt")
        _check(self.lease_seconds > 0, "a lease lasts longer than 0 seconds")
        _check(self.poll_seconds > 0, "the time between two polls is more than 0 seconds")
        _check(self.discovery_seconds > 0, "the time between two looks for shards is more than 0 seconds")
        _check(0 < self.retry_seconds <= self.retry_seconds_max, "0 < retry_seconds <= retry_seconds_max")
        _check(self.shards_max >= 1, "a worker reads at least one shard")
        _check(bool(self.worker), "a worker has a name")
        destinations = [self.dead_letter_file, self.dead_letter_table, self.discard_dead_letters or None]
        given = sum(destination is not None for destination in destinations)
        _check(given <= 1, "dead letters go to one place: a file, a table, or nowhere")
        _check(
            self.attempts_max is None or given == 1,
            "with a limit of attempts records are given up: say where dead letters go, to a file or a table, or that"
            " they may be discarded",
        )
        _check(given == 0 or self.attempts_max is not None, "there are no dead letters without a limit of attempts")

    def accept(self) -> Accept:
        return compile_filters(self.filters)

    def policy(self) -> Policy:
        return Policy(self.attempts_max, self.bisect)


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise BadOption(message)
