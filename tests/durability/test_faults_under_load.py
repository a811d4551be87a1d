"""The threads of replication among failing disks: what the simulation cannot reach.

Strategy: a store on disk lives several lives.  In each, several threads append to the same few lists while commits of
the replicas fail at random, before or after they have reached the disk, and a replica's directory may be deleted.  Then
the faults end, and the store either comes to itself or is opened again, as it would be by a person.

Invariants: those of ``appends``; every future is resolved; in the end all replicas are sound.  Unlike the simulation it
cannot be repeated exactly: the threads choose the order.  ``DDBENGINE_FAULTS_SEED=n`` repeats the choices.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb
import pytest

from ddbengine.storage.environment import Environment
from ddbengine.storage.errors import StoreError
from ddbengine.storage.examination import SOUND, examine
from ddbengine.storage.lmdb_store import LmdbStore
from tests.durability.appends import History, Refused, decode
from tests.storage.plans import get, writes_as_given

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

SEED = int(os.environ.get("DDBENGINE_FAULTS_SEED") or random.SystemRandom().getrandbits(32))
LIVES = int(os.environ.get("DDBENGINE_FAULTS_LIVES", "8"))

REPLICAS = ("az1", "az2", "az3")
KEYS = (b"a", b"b", b"c")
WRITERS = 4
WRITES_OF_A_WRITER = 60
FAULT_RATE_MAX = 0.02
ANSWER_TIMEOUT_SECONDS = 60
REST_TIMEOUT_SECONDS = 20


@dataclass
class FailingCommits:
    """What happens in place of ``Environment.commit``."""

    chance: random.Random
    rate: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def installed(self) -> Iterator[None]:
        commit = Environment.commit

        def commit_or_fail(environment: Environment, txn: Transaction) -> None:
            with self.lock:
                draw = self.chance.random()
            if draw < self.rate / 2:
                raise lmdb.Error("injected: fsync failed")
            commit(environment, txn)
            if draw < self.rate:
                raise OSError(5, "injected: fsync failed after the write")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Environment, "commit", commit_or_fail)
            yield


def test_no_acknowledged_write_is_lost_among_failing_disks_and_many_threads(tmp_path: Path) -> None:
    print(f"DDBENGINE_FAULTS_SEED={SEED}")
    chance = random.Random(SEED)
    history, failing = History(), FailingCommits(random.Random(chance.random()))
    path = tmp_path / "store"
    with failing.installed():
        for _ in range(LIVES):
            with LmdbStore(writes_as_given, path) as store:
                check_lists(store, history)
                await_rest(store)
                failing.rate = chance.uniform(0, FAULT_RATE_MAX)
                write_from_many_threads(store, history, chance, path)
                failing.rate = 0.0
        with LmdbStore(writes_as_given, path) as store:
            check_lists(store, history)
            await_rest(store)
    for name in REPLICAS:
        examined = examine(name, path / name, lambda *_: None)
        assert examined.state == SOUND, examined.findings.kept


def write_from_many_threads(store: LmdbStore, history: History, chance: random.Random, path: Path) -> None:
    asking = threading.Lock()
    problems: list[BaseException] = []

    def write(chance: random.Random) -> None:
        try:
            for _ in range(WRITES_OF_A_WRITER):
                with asking:
                    append = history.ask(
                        chance.choice(KEYS), appends=chance.random() < 0.8, refuses=chance.random() < 0.05
                    )
                try:
                    history.answer(append, store.submit(append).result(ANSWER_TIMEOUT_SECONDS))
                except (StoreError, Refused) as error:
                    history.answer(append, error)
        except BaseException as error:
            problems.append(error)

    writers = [threading.Thread(target=write, args=[random.Random(chance.random())]) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    if chance.random() < 0.4:
        time.sleep(chance.uniform(0, 0.1))
        shutil.rmtree(path / chance.choice(REPLICAS), ignore_errors=True)
    for writer in writers:
        writer.join()
    if problems:
        raise problems[0]


def check_lists(store: LmdbStore, history: History) -> None:
    problems = [problem for key in KEYS for problem in history.problems(key, decode(get(store, b"I" + key)))]
    assert not problems, f"seed {SEED}:\n" + "\n".join(problems)


def await_rest(store: LmdbStore) -> None:
    """Until all replicas are sound and have everything."""
    deadline = time.monotonic() + REST_TIMEOUT_SECONDS
    while any(replica.fault or replica.lag_lsns for replica in store.status().replicas):
        assert time.monotonic() < deadline, f"seed {SEED}: {store.status()}"
        time.sleep(0.002)
