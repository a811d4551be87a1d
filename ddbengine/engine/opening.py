"""Opening an engine on a path or in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ddbengine.engine.engine import TTL_INTERVAL_SECONDS, Engine
from ddbengine.engine.fault_rules import FaultRules
from ddbengine.engine.faults import Faults
from ddbengine.storage.errors import StoreError
from ddbengine.storage.lmdb_store import LmdbStore


class CannotOpen(Exception):
    """The store could not be opened; args[0] tells a person why."""


def open_engine(
    path: Path | None,
    *,
    shared: bool = False,
    transient_seconds: float = 0.0,
    ttl_interval: float = TTL_INTERVAL_SECONDS,
    clock: Callable[[], float] = time.time,
    faults: FaultRules | None = None,
) -> Engine:
    """Open the store at a directory, made if absent, or a new one in memory; raise CannotOpen."""
    try:
        engine = Engine(
            lambda writes_of: LmdbStore(writes_of, path),
            clock=clock,
            shared=shared,
            transient_seconds=transient_seconds,
            ttl_interval=ttl_interval,
        )
    except StoreError as error:
        raise CannotOpen(str(error)) from error
    if faults is not None:
        engine.faults = Faults(faults)
    return engine
