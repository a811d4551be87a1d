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

__all__ = ["note", "run"]

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def run(command: Callable[[Namespace], int | None], given: Namespace) -> int:
    """Run a command, which returns its exit code or None, and return the code.  A signal to stop is a KeyboardInterrupt
    in it, be it Ctrl+C or SIGTERM."""
    try:
        with _signals(), _logged(given):
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


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


@contextmanager
def _logged(given: Namespace) -> Iterator[None]:
    """What the consumer's modules log, said as a note: warnings, and more where the command has a ``log_level``."""
    log = logging.getLogger("ddbengine.consumer")
    before, handler = log.level, _Notes()
    log.setLevel(getattr(given, "log_level", logging.WARNING))
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
