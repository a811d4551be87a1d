"""Opening an engine on a path or in memory."""

from __future__ import annotations

from pathlib import Path

from ddbengine.engine.engine import Engine
from ddbengine.storage.errors import StoreError
from ddbengine.storage.lmdb_store import LmdbStore


class CannotOpen(Exception):
    """The store could not be opened; args[0] tells a person why."""


def open_engine(path: Path | None, *, shared: bool = False, transient_seconds: float = 0.0) -> Engine:
    """Open the store at a directory, made if absent, or a new one in memory; raise CannotOpen."""
    try:
        return Engine(lambda writes_of: LmdbStore(writes_of, path), shared=shared, transient_seconds=transient_seconds)
    except StoreError as error:
        raise CannotOpen(str(error)) from error
