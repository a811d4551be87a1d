"""``ddbengine streams tail``: print the records of a stream as they come."""

from __future__ import annotations

import re
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from ddbengine.commands.streams.connection import connect
from ddbengine.commands.streams.follow import Follower
from ddbengine.commands.streams.formats import writer_for
from ddbengine.commands.streams.moments import NotAMoment, moment
from ddbengine.commands.streams.patience import Patience
from ddbengine.commands.streams.running import note
from ddbengine.consumer.errors import BadPattern, BadStart
from ddbengine.consumer.events import Record
from ddbengine.consumer.filters import Accept, compile_filters
from ddbengine.consumer.positions import LATEST, TRIM_HORIZON, Start, start_from
from ddbengine.consumer.stream_api import StreamApi, find_stream

__all__ = ["start_of", "tail"]

_DIGITS = re.compile(r"\d+\Z", re.ASCII)
_NUMBER_MIN_DIGITS, _NUMBER_MAX_DIGITS = 21, 40


def tail(given: Namespace) -> None:
    """Print until the limit, the idle time, the end of a stream that is switched off, or a signal."""
    accept = _filters(given.filter)
    start = start_of(given.start, datetime.now().astimezone())
    connection = connect(given)
    patience = Patience(note)
    arn = patience(lambda: find_stream(connection.tables, given.table))
    follower = Follower(StreamApi(connection.streams, arn), start, patience)
    writer = writer_for(given.format, sys.stdout, given.color)
    rounds = _until_idle(follower.rounds(), given.until_idle) if given.until_idle else follower.rounds()
    for records in _limited(_announced(rounds, given.table, given.start), accept, given.limit):
        writer.write(records)


def _filters(patterns: Sequence[str]) -> Accept:
    try:
        return compile_filters(patterns)
    except BadPattern as error:
        raise BadPattern(f"--filter: {error}") from None


def start_of(text: str, now: datetime) -> Start:
    """What --from says: latest, trim-horizon, a sequence number, or a moment.  Raise BadStart."""
    words = text.strip()
    if words.upper().replace("-", "_") in (LATEST, TRIM_HORIZON):
        return start_from(words)
    if _DIGITS.match(words):
        if not _NUMBER_MIN_DIGITS <= len(words) <= _NUMBER_MAX_DIGITS:
            digits = f"{_NUMBER_MIN_DIGITS} to {_NUMBER_MAX_DIGITS} digits"
            raise BadStart(f"--from: a sequence number has {digits}, not {len(words)}")
        return start_from(words)
    try:
        return start_from(moment(words, now))
    except NotAMoment as error:
        raise BadStart(f"--from: {error}, or latest, trim-horizon or a sequence number") from None


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
