"""How far each global index is: what metrics and operators see.  Taken at one moment, never live."""

from __future__ import annotations

from dataclasses import dataclass

from ddbengine.engine.catalog import Catalog
from ddbengine.engine.index_register import FILLINGS, FOLLOWER, indexed_tables, read_filling
from ddbengine.storage.store import ReadTxn, position_of

__all__ = ["IndexStatus", "IndexesStatus", "index_statuses"]

ACTIVE = "active"
FILLING = "filling"


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """One global index."""

    namespace: str
    table: str
    index: str
    state: str
    """ACTIVE or FILLING."""
    filled_items: int
    """Items of the table that the filling has looked at; 0 when there is none."""
    items_to_fill: int
    """How many there were when it began."""


@dataclass(frozen=True, slots=True)
class IndexesStatus:
    """The propagator, and the indexes it keeps: all follow one position in the change log."""

    state: str
    """``running``, ``paused`` or ``failing``."""
    fault: str | None
    """Why it is failing."""
    passed_lsn: int
    """The last change that all indexes show."""
    lag_lsns: int
    """LSNs of logged changes after that."""
    lag_seconds: float
    """The age of the first of them; 0 without any."""
    indexes: tuple[IndexStatus, ...]


def index_statuses(txn: ReadTxn, catalog: Catalog) -> tuple[IndexStatus, ...]:
    """Every global index of every namespace."""
    found = []
    for namespace, name in indexed_tables(txn):
        schema = catalog.find(txn, namespace, name)
        for index in () if schema is None else schema.following_indexes:
            row = txn.get(FILLINGS + index.number.to_bytes(4, "big")) if index.is_filling else None
            done, items = (0, 0) if row is None else read_filling(row)[-2:]
            state = FILLING if index.is_filling else ACTIVE
            found.append(IndexStatus(namespace, name, index.name, state, done, items))
    return tuple(found)


def first_after(txn: ReadTxn, passed: int) -> int | None:
    """When the first log entry after an LSN and the position was committed, in microseconds; None without any."""
    entries = txn.log_after(max(passed, position_of(txn, FOLLOWER) or 0), 1)
    return entries[0].micros if entries else None
