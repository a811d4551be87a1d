"""Opening an engine on a path or in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ddbengine.engine.engine import Engine
from ddbengine.storage.errors import StoreError
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Store, WritesOf

__all__ = ["CannotOpen", "open_engine"]

REPLICAS_ON_DISK = 3


class CannotOpen(Exception):
    """The store could not be opened; args[0] tells a person why."""


def open_engine(
    path: Path | None,
    *,
    shared: bool = False,
    transient_seconds: float = 0.0,
    replicas: int | None = None,
    replica_paths: Sequence[Path] = (),
    durability: str = "quorum",
    eventual_reads: str = "leader",
    replica_lag_ms: int = 0,
    min_replicas: int | None = None,
) -> Engine:
    """Open the store at a directory, made if absent, or a new one in memory; raise CannotOpen.

    From ``replicas`` on, what LmdbStore says of it holds; None are three replicas.  In memory these say nothing.
    """

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
        )

    try:
        return Engine(open_store, shared=shared, transient_seconds=transient_seconds)
    except StoreError as error:
        raise CannotOpen(str(error)) from error
