"""The whole-database check that ends the tests of this room: the engine's invariants, and the storage below."""

from __future__ import annotations

from ddbengine.engine.changes import COLLECTIONS, COUNTERS
from ddbengine.engine.engine import Engine
from ddbengine.engine.invariants import broken_invariants
from ddbengine.engine.keys import after
from ddbengine.storage.check import check_layers
from ddbengine.storage.store import ReadTxn
from ddbengine.storage.transactions import Snapshot


def check_database(engine: Engine) -> None:
    """Raise AssertionError with everything found."""
    with engine.store.snapshot() as txn:
        problems = [f"{finding.place}: {finding.key}: {finding.detail}" for finding in broken_invariants(txn)]
        assert isinstance(txn, Snapshot)
        problems += check_layers(txn.txn)
        problems += _idle_counters(txn)
    assert not problems, "\n".join(problems)


def _idle_counters(txn: ReadTxn) -> list[str]:
    """A counter that has come back to zero leaves no row."""
    rows = (entry for keyspace in (COUNTERS, COLLECTIONS) for entry in txn.scan(keyspace, after(keyspace)))
    return [f"counter {bytes(key)!r} is kept though it is zero" for key, row in rows if not any(row)]
