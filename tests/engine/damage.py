"""Rows written behind the engine's back, and what its check of invariants says of them."""

from __future__ import annotations

from dataclasses import dataclass

from ddbengine.engine.invariants import broken_invariants
from ddbengine.engine.keys import after
from ddbengine.storage.store import Outcome, ReadTxn, Writes
from tests.engine.calls import Calls


@dataclass(frozen=True)
class Damage:
    """A plan that writes rows behind the engine's back."""

    damage: Writes
    writes: bool = True
    consistent: bool = True

    def run(self, txn: ReadTxn) -> Outcome:
        return Outcome(b"", [self.damage])


def damage(calls: Calls, writes: Writes) -> None:
    calls.engine.store.submit(Damage(writes)).result()


def names(calls: Calls) -> list[str]:
    """What is found, in the order in which it is."""
    with calls.engine.store.snapshot() as txn:
        return [finding.name for finding in broken_invariants(txn)]


def keys(calls: Calls, keyspace: bytes) -> list[bytes]:
    with calls.engine.store.snapshot() as txn:
        return [bytes(key) for key, _ in txn.scan(keyspace, after(keyspace))]
