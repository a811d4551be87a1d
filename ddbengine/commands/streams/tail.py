"""``ddbengine streams tail``: print the records of a stream as they come."""

from __future__ import annotations

import logging
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime

from ddbengine.commands.streams.choice import accept_of, start_of
from ddbengine.commands.streams.connection import connect
from ddbengine.commands.streams.follow import Follower
from ddbengine.commands.streams.formats import writer_for
from ddbengine.commands.streams.patience import Patience
from ddbengine.commands.streams.running import Notes, logged, note
from ddbengine.consumer.events import Record
from ddbengine.consumer.filters import Accept
from ddbengine.consumer.stream_api import StreamApi, find_stream

__all__ = ["tail"]


def tail(given: Namespace) -> None:
    """Print until the limit, the idle time, the end of a stream that is switched off, or a signal."""
    accept = accept_of(given.filter)
    start = start_of(given.start, datetime.now().astimezone())
    connection = connect(given)
    patience = Patience(note)
    arn = patience(lambda: find_stream(connection.tables, given.table))
    follower = Follower(StreamApi(connection.streams, arn), start, patience)
    writer = writer_for(given.format, sys.stdout, given.color)
    with logged(Notes(), logging.WARNING), closing(follower.rounds()) as every_round:
        rounds = every_round if given.until_idle is None else _until_idle(every_round, given.until_idle)
        for records in _limited(_announced(rounds, given.table, given.start), accept, given.limit):
            writer.write(records)


def _announced(rounds: Iterator[list[Record]], table: str, start: str) -> Iterator[list[Record]]:
    """Say when the first round is over: whatever is written from then on will be seen."""
    is_said = False
    for records in rounds:
        if not is_said:
            note(f"following {table} from {start}")
            is_said = True
        yield records


def _until_idle(
    rounds: Iterator[list[Record]], seconds: float, clock: Callable[[], float] = time.monotonic
) -> Iterator[list[Record]]:
    """The rounds, until all have been empty for so long."""
    last = clock()
    for records in rounds:
        if records:
            last = clock()
        elif clock() - last >= seconds:
            return
        yield records


def _limited(rounds: Iterator[Sequence[Record]], accept: Accept, limit: int | None) -> Iterator[Sequence[Record]]:
    """The wanted records of each round that has any, up to a number of them in all."""
    left = limit
    for records in rounds:
        wanted = [record for record in records if accept(record)][:left]
        if wanted:
            yield wanted
        if left is not None:
            left -= len(wanted)
            if left == 0:
                return
