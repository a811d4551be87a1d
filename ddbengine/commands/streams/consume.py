"""``ddbengine streams consume``: hand the records of a stream to a function, a command or an endpoint, as one worker of
as many as are started."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from types import FrameType

from ddbengine.commands.streams.choice import accept_of, start_of
from ddbengine.commands.streams.connection import connect
from ddbengine.commands.streams.failures import USAGE, Failure
from ddbengine.commands.streams.moments import age_text
from ddbengine.commands.streams.status import LiveStatus, LoggedStatus
from ddbengine.consumer import handlers
from ddbengine.consumer.consumer import Consumer
from ddbengine.consumer.handlers import Handler
from ddbengine.consumer.metrics import MetricsServer
from ddbengine.consumer.options import Options
from ddbengine.consumer.progress import Progress

__all__ = ["consume"]

_SIGNAL_EXIT_BASE = 128


def consume(given: Namespace) -> None:
    """Consume until a signal, or until a stream that is switched off is read to its end."""
    options = _options(given)
    handler = _handler(given)
    consumer = Consumer(given.table, handler, options=options, session=connect(given).endpoint)
    with ExitStack() as stack:
        status = _status(consumer, given)
        stack.enter_context(status)
        if given.metrics_port is not None:
            metrics = stack.enter_context(MetricsServer(given.metrics_port, consumer.progress))
            status.say(f"metrics at http://127.0.0.1:{metrics.port}/metrics")
        stack.enter_context(_stopped_by_signals(consumer, status))
        consumer.run()
        status.say(_summary(consumer.progress()))


def _status(consumer: Consumer, given: Namespace) -> LiveStatus | LoggedStatus:
    # What a command prints goes to the terminal past us, and would be torn by a line that is drawn over.
    if sys.stderr.isatty() and not (given.exec and sys.stdout.isatty()):
        return LiveStatus(consumer.progress, verbose=given.verbose)
    return LoggedStatus(consumer.progress, verbose=given.verbose)


def _options(given: Namespace) -> Options:
    accept_of(given.filter)
    named = {name: getattr(given, name) for name in _SAME_NAMES if getattr(given, name) is not None}
    return Options(start=start_of(given.start, datetime.now().astimezone()), filters=given.filter, **named)


_SAME_NAMES = (
    "application",
    "worker",
    "batch_size",
    "batch_window_seconds",
    "attempts_max",
    "bisect",
    "dead_letter_file",
    "dead_letter_table",
    "discard_dead_letters",
    "retry_seconds_max",
    "lease_seconds",
    "poll_seconds",
    "shards_max",
)
"""Options of the consumer whose arguments are called the same; those not given stay what they are by default."""


def _handler(given: Namespace) -> Handler:
    if given.handler is not None:
        # A program of our own has its directory in the path, and a person expects theirs to be.
        sys.path.insert(0, os.getcwd())
        return handlers.function(given.handler)
    if given.exec is not None:
        return handlers.command(_words(given.exec), given.timeout)
    timeout = handlers.DEFAULT_TIMEOUT_SECONDS if given.timeout is None else given.timeout
    return handlers.http(given.http, timeout, dict(map(_header, given.header)))


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise Failure(f"--exec: {error} in {command!r}", USAGE) from None


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise Failure(f'--header: write "Name: value", not {text!r}', USAGE)
    return name.strip(), value.strip()


@contextmanager
def _stopped_by_signals(consumer: Consumer, status: LiveStatus | LoggedStatus) -> Iterator[None]:
    """Let the first signal end the consumer gracefully, and the second end the process."""
    is_stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if is_stopping.is_set():
            status.abandon()
            os._exit(_SIGNAL_EXIT_BASE + number)
        is_stopping.set()
        # Not said here: the signal may have come while the same thread was printing.
        threading.Thread(target=status.say, args=(_STOPPING,), daemon=True).start()
        consumer.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_STOPPING = "stopping: finishing the batches under way and releasing the leases; once more to stop at once"


def _summary(progress: Progress) -> str:
    counters = progress.counters
    return f"done after {age_text(progress.uptime_seconds)}: {counters.records_handled:,} records handled" + (
        f", {counters.records_dead:,} given up" if counters.records_dead else ""
    )
