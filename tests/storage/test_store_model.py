"""The whole store against a dictionary and ``sorted``.

Strategy: plans (puts, deletes, counters, plans that fail, plans that only read) are submitted without waiting, so that
they come to share commits; between them snapshots, scans, reopening.  Keys are short and long, the first map is tiny.
Both bindings of LMDB have their turn.

Invariants: each plan sees what those before it did, in its group too; failing plans leave no trace; scans answer as
the sorted dictionary; after every step the layers are sound.  Not covered: threads (test_lmdb_store) and crashes.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ddbengine.storage.binding import PACKAGE_ONLY
from ddbengine.storage.check import check_layers
from ddbengine.storage.digest import COVERED
from ddbengine.storage.store import Outcome, ReadTxn, Writes
from tests.storage.plans import Scripted, open_store

STEMS = [b"Ia", b"Ib\x00", b"I" * 509, b"I" * 510, b"I" * 511, b"I" * 512, b"I" * 1013, b"I" * 3000]
KEYS = st.builds(bytes.__add__, st.sampled_from(STEMS), st.sampled_from([b"", b"\x00", b"1", b"\xff", b"x" * 502]))
COUNTERS = st.sampled_from([b"N1", b"N2"])
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, st.binary(max_size=40)),
    st.tuples(st.just("delete"), KEYS, st.just(b"")),
    st.tuples(st.just("count"), COUNTERS, st.integers(-5, 5)),
    st.tuples(st.just("drop"), COUNTERS, st.just(b"")),
    st.tuples(st.just("read"), KEYS | COUNTERS, st.just(b"")),
    st.tuples(st.just("fail"), KEYS, st.just(b"")),
)


class Refused(Exception):
    pass


def as_writes(step: tuple[str, bytes, bytes | int]) -> Writes:
    kind, key, argument = step
    if isinstance(argument, int):
        return Writes(counters=[(key, (argument,))])
    return Writes(puts=[(key, argument)]) if kind == "put" else Writes(deletes=[key])


def script(step: tuple[str, bytes, bytes | int]) -> Callable[[ReadTxn], Outcome]:
    kind, key, _ = step

    def run(txn: ReadTxn) -> Outcome:
        value = txn.get(key)
        if kind == "fail":
            raise Refused(key)
        return Outcome(b"-" if value is None else b"+" + bytes(value), () if kind == "read" else (as_writes(step),))

    return run


def apply(model: dict[bytes, bytes], step: tuple[str, bytes, bytes | int]) -> bytes | None:
    """What the plan's body must be, None when it fails; and its effect on the model."""
    kind, key, argument = step
    body = b"+" + model[key] if key in model else b"-"
    if kind == "fail":
        return None
    if isinstance(argument, int):
        before = struct.unpack("<q", model[key])[0] if key in model else 0
        model[key] = struct.pack("<q", before + argument)
        if before + argument == 0:
            del model[key]
    elif kind == "put":
        model[key] = argument
    elif kind in ("delete", "drop"):
        model.pop(key, None)
    return body


class StoreMachine(RuleBasedStateMachine):
    @initialize(on_disk=st.booleans(), durable=st.booleans(), of_package=st.booleans())
    def open(self, on_disk: bool, durable: bool, of_package: bool) -> None:
        self.binding = pytest.MonkeyPatch()
        if of_package:
            self.binding.setenv(PACKAGE_ONLY, "1")
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "store" if on_disk else None
        self.durable = durable
        self.model: dict[bytes, bytes] = {}
        # A small map, so that growth and running again are part of the game.
        self.store = open_store(self.path, durability="quorum" if durable else "none", map_bytes=1 << 16)

    @rule(steps=st.lists(STEPS, min_size=1, max_size=12))
    def commit_group(self, steps: list[tuple[str, bytes, bytes | int]]) -> None:
        futures: list[Future[Outcome]] = [self.store.submit(Scripted(script(step))) for step in steps]
        for step, future in zip(steps, futures, strict=True):
            expected = apply(self.model, step)
            if expected is None:
                assert isinstance(future.exception(timeout=10), Refused)
            else:
                assert future.result(timeout=10).body == expected

    @rule(steps=st.lists(STEPS, min_size=1, max_size=6))
    def commit_one_plan_of_many_changes(self, steps: list[tuple[str, bytes, bytes | int]]) -> None:
        steps = [step for step in steps if step[0] not in ("read", "fail")]
        writes = [as_writes(step) for step in steps]
        assert self.store.submit(Scripted(lambda txn: Outcome(b"", writes))).result(timeout=10).body == b""
        for step in steps:
            apply(self.model, step)

    @rule(low=KEYS, high=KEYS, reverse=st.booleans())
    def scan(self, low: bytes, high: bytes, reverse: bool) -> None:
        expected = sorted((item for item in self.model.items() if low <= item[0] < high), reverse=reverse)
        with self.store.snapshot() as txn:
            assert [(key, bytes(value)) for key, value in txn.scan(low, high, reverse)] == expected

    @rule()
    def reopen(self) -> None:
        if self.path is not None:
            self.store.close()
            self.store = open_store(self.path, durability="quorum" if self.durable else "none", map_bytes=1 << 16)

    @invariant()
    def everything_is_there_and_sound(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.snapshot() as txn:
            entries = [entry for low, high in COVERED for entry in txn.scan(low, high)]
            assert {key: bytes(value) for key, value in entries} == self.model
            assert check_layers(txn.txn) == []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.directory.cleanup()
            self.binding.undo()


StoreMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestStore = StoreMachine.TestCase
