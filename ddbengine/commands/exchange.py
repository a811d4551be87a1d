"""What ``ddbengine import`` and ``ddbengine export`` share: where the tables are, the bar, and how errors are told."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from ddbengine.engine.context import Caller
from ddbengine.exchange.access import AccessError, TableAccess
from ddbengine.exchange.import_state import BadState
from ddbengine.exchange.records import SourceError
from ddbengine.exchange.schemas import SchemaFileError
from ddbengine.exchange.store_access import DEFAULT_CALLER, StoreAccess

__all__ = ["CANNOT", "DONE", "FOUND", "Progress", "access_of", "carry_out", "progress", "say"]

DONE, FOUND, CANNOT, INTERRUPTED = 0, 1, 2, 130
PATIENCE_SECONDS = 0.5
"""What is over sooner needs no bar."""


def carry_out(command: Callable[[argparse.Namespace], int], given: argparse.Namespace) -> int:
    """Run a command; what it cannot do is told in a line."""
    try:
        return command(given)
    except (AccessError, BadState, SchemaFileError, SourceError) as error:
        say(f"ddbengine: {error}")
    except BrokenPipeError:
        say("ddbengine: nobody reads the output any more")
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        say(f"ddbengine: {where}{error.strerror or error}")
    except KeyboardInterrupt:
        say("ddbengine: interrupted")
        return INTERRUPTED
    return CANNOT


def say(text: str) -> None:
    """Print a line for people, above the bar if there is one."""
    tqdm.write(text, file=sys.stderr)


def access_of(given: argparse.Namespace, table_name: str, may_create: bool) -> TableAccess:
    """The tables that --path or --endpoint-url name; raise AccessError.  ``may_create``: a store that is not there."""
    if given.endpoint_url is not None:
        # boto3 takes longer to import than a small import takes.
        from ddbengine.exchange.endpoint_access import EndpointAccess

        return EndpointAccess(given.endpoint_url, given.region, given.access_key_id, given.threads)
    if not may_create and not given.path.is_dir():
        raise AccessError(f"{given.path}: there is no store")
    caller = None
    if given.access_key_id is not None or given.region is not None:
        caller = Caller(given.access_key_id or DEFAULT_CALLER.access_key_id, given.region or DEFAULT_CALLER.region)
    return StoreAccess(given.path, table_name, caller, given.shared_db, given.replica_path)


class Progress:
    """A bar on a terminal, with the rate of items; nothing elsewhere."""

    def __init__(self, bar: tqdm[Any], clock: Callable[[], float]) -> None:
        self._bar = bar
        self._clock = clock
        self._started = clock()
        self._items = 0

    def __call__(self, done: int, items: int) -> None:
        """How much of the bar's total is done, and how many items have been written."""
        self._items = items
        self._bar.set_postfix_str(f"{items:,} items, {self.rate():,.0f} items/s", refresh=False)
        self._bar.update(done - self._bar.n)

    def add(self, items: int) -> None:
        """So many items more, where items are what the total counts."""
        self(self._items + items, self._items + items)

    def rate(self) -> float:
        """Items a second since the start."""
        return self._items / max(self.seconds(), 1e-9)

    def seconds(self) -> float:
        return self._clock() - self._started


@contextmanager
def progress(quiet: bool, total: int, unit: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """A bar that is gone when the block ends.  ``unit`` is B for bytes; 0 is a total that nobody knows."""
    shown = not quiet and sys.stderr.isatty()
    tqdm.monitor_interval = 0  # no thread for it: updates come all the time
    bar: tqdm[Any]
    with tqdm(
        total=total or None,
        unit=unit,
        unit_scale=True,
        disable=not shown,
        delay=PATIENCE_SECONDS,
        leave=False,
        file=sys.stderr,
    ) as bar:
        yield Progress(bar, clock)
