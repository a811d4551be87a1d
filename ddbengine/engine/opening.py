"""Opening an engine on a path or in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ddbengine.engine.clock import Clock
from ddbengine.engine.context import StreamSettings
from ddbengine.engine.engine import TTL_INTERVAL_SECONDS, Engine
from ddbengine.engine.fault_rules import FaultRules
from ddbengine.engine.faults import Faults
from ddbengine.engine.job_running import Buckets
from ddbengine.limits import ITEM_COLLECTION_MAX_BYTES
from ddbengine.storage.errors import StoreError
from ddbengine.storage.lmdb_store import LmdbStore, places_of
from ddbengine.storage.shared_state import EVERYTHING, SharedState
from ddbengine.storage.store import Store, WritesOf

__all__ = ["CannotOpen", "directories_of", "open_engine"]

REPLICAS_ON_DISK = 3


def directories_of(path: Path, replicas: int | None, replica_paths: Sequence[Path]) -> list[Path]:
    """Where the replicas of a store are, given what ``open_engine`` is given."""
    return list(places_of(path, REPLICAS_ON_DISK if replicas is None else replicas, replica_paths).values())


class CannotOpen(Exception):
    """The store could not be opened; args[0] tells a person why."""


def open_engine(
    path: Path | None,
    *,
    shared: bool = False,
    transient_seconds: float = 0.0,
    ttl_interval: float = TTL_INTERVAL_SECONDS,
    gsi_lag_ms: int | None = None,
    item_collection_limit: int = ITEM_COLLECTION_MAX_BYTES,
    clock: Callable[[], float] = time.time,
    streams: StreamSettings | None = None,
    faults: FaultRules | None = None,
    replicas: int | None = None,
    replica_paths: Sequence[Path] = (),
    durability: str = "quorum",
    eventual_reads: str = "leader",
    replica_lag_ms: int = 0,
    min_replicas: int | None = None,
    memory: Path | None = None,
    shared_state: SharedState | None = None,
    buckets: Buckets | None = None,
) -> Engine:
    """Open the store at a directory, made if absent, or a new one in memory; raise CannotOpen.

    ``memory`` and ``shared_state`` let other processes read, see LmdbStore.  ``buckets`` are what exports go to and
    imports come from.
    From ``replicas`` on, what LmdbStore says of it holds; None are three replicas.  In memory these say nothing.
    """

    time_of_engine = Clock(clock)

    def open_store(writes_of: WritesOf) -> Store:
        return LmdbStore(
            writes_of,
            path,
            replicas=REPLICAS_ON_DISK if replicas is None else replicas,
            replica_paths=replica_paths,
            durability=durability,
            eventual_reads=eventual_reads,
            replica_lag_ms=replica_lag_ms,
            min_replicas=min_replicas,
            clock=time_of_engine,
            memory=memory,
            shared=shared_state,
        )

    try:
        engine = Engine(
            open_store,
            clock=time_of_engine,
            shared=shared,
            transient_seconds=transient_seconds,
            ttl_interval=ttl_interval,
            streams=streams,
            gsi_lag_ms=gsi_lag_ms,
            item_collection_limit=item_collection_limit,
            buckets=buckets,
            tell_passed=None if shared_state is None or gsi_lag_ms is not None else shared_state.tell_passed,
        )
    except StoreError as error:
        raise CannotOpen(str(error)) from error
    if shared_state is not None and gsi_lag_ms is not None:
        shared_state.tell_passed(EVERYTHING)
    if faults is not None:
        engine.faults = Faults(faults)
    return engine
