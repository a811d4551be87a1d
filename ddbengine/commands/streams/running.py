"""What every command of ``ddbengine streams`` runs in: signals, a reader that went away, one line for a failure.

Exit codes: 0 done, which a person's Ctrl+C is too; the others are in ``failures``.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from ddbengine.commands.streams.failures import DONE, Failure, failure_of
from ddbengine.commands.streams.patience import Stopped
from ddbengine.consumer.errors import ConsumerError

__all__ = ["Notes", "logged", "note", "run"]

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def run(command: Callable[[Namespace], int | None], given: Namespace) -> int:
    """Run a command, which returns its exit code or None, and return the code.  A signal to stop is a KeyboardInterrupt
    in it, be it Ctrl+C or SIGTERM."""
    try:
        with _signals():
            return command(given) or DONE
    except (KeyboardInterrupt, Stopped):
        return DONE
    except BrokenPipeError:
        # Whoever read us has seen enough, as `head` does.  What is left in the buffer must not fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (Failure, ConsumerError, BotoCoreError, ClientError) as error:
        failure = failure_of(error)
        note(str(failure))
        return failure.code


def note(line: str) -> None:
    """Say something that is no part of the output."""
    print(f"ddbengine: {line}", file=sys.stderr, flush=True)


class Notes(logging.Handler):
    """Says as a note what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


@contextmanager
def logged(handler: logging.Handler, level: int) -> Iterator[None]:
    """What the consumer's modules log, from a level on, goes to a handler."""
    log = logging.getLogger("ddbengine.consumer")
    before = log.level
    log.setLevel(level)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


@contextmanager
def _signals() -> Iterator[None]:
    before = {number: signal.signal(number, signal.default_int_handler) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
