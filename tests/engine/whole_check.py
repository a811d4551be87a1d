"""The whole-database check that ends the tests of this room: the engine's invariants, and the storage below."""

from __future__ import annotations

from ddbengine.engine.engine import Engine
from ddbengine.engine.invariants import broken_invariants
from ddbengine.storage.check import check_layers
from ddbengine.storage.transactions import Snapshot


def check_database(engine: Engine) -> None:
    """Raise AssertionError with everything found."""
    with engine.store.snapshot() as txn:
        problems = [f"{finding.place}: {finding.key}: {finding.detail}" for finding in broken_invariants(txn)]
        assert isinstance(txn, Snapshot)
        problems += check_layers(txn.txn)
    assert not problems, "\n".join(problems)
