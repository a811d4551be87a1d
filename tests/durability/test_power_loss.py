"""The power fails at any moment of a recorded run: what is on the disks then has everything that was acknowledged.

Strategy: a store of three replicas takes many small groups of writes while every durable commit of every replica is
recorded with the bytes it changed, and every acknowledgement with its place between them.  For moments of that record
the files are made again as a cut would leave them (see ``power_cut``), each replica at its own last commit with any
part of the next one; in half of the cases one disk is lost as well, which ``--durability leader`` does not promise to
survive.  The store is opened on them, by its own rules.

Invariants: each key has its last acknowledged version or a later one; two keys that a plan writes together agree;
the store takes writes; and once the replicas agree again, an examination finds nothing.  Not covered: disks that say
they have written what they have not, and ``--durability none``, which promises nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ddbengine.storage import journal, replication
from ddbengine.storage.environment import Environment
from ddbengine.storage.examination import SOUND, examine
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, Writes
from tests.durability.power_cut import Acknowledged, Boundary, Recording, files_after_cut
from tests.storage.plans import change, get, put, writes_as_given

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]

SEED = int(os.environ.get("DDBENGINE_POWER_LOSS_SEED") or random.SystemRandom().getrandbits(32))
MOMENTS = int(os.environ.get("DDBENGINE_POWER_LOSS_MOMENTS", "200"))

REPLICAS = ("az1", "az2", "az3")
KEYS = 20
WRITES = 400
BURST_MAX = 12
PARTS = 4
VALUE_MAX_BYTES = 3000
VERSION = struct.Struct(">I")
REST_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Version:
    """The content of one key after a write: versions of a key are numbered in the order of submission."""

    key: int
    number: int


def keys_of(key: int) -> tuple[bytes, bytes]:
    """Two rows that are always written together, one of them under a long key."""
    return b"I%03d" % key, b"X%03d" % key + b"-" * 600


def write_of(version: Version, chance: random.Random) -> Writes:
    value = VERSION.pack(version.number) + chance.randbytes(chance.randrange(VALUE_MAX_BYTES))
    one, other = keys_of(version.key)
    return Writes(puts=[(one, value), (other, value[:50])], counters=[(b"N%03d" % version.key, (1,))])


def await_rest(store: LmdbStore) -> None:
    """Until all replicas are there and have everything."""
    deadline = time.monotonic() + REST_TIMEOUT_SECONDS
    while any(replica.fault or replica.lag_lsns for replica in store.status().replicas):
        assert time.monotonic() < deadline, store.status()
        time.sleep(0.002)


@pytest.fixture(scope="module")
def quorum(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(tmp_path_factory.mktemp("quorum") / "store", "quorum")


@pytest.fixture(scope="module")
def leader(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(tmp_path_factory.mktemp("leader") / "store", "leader")


def record(path: Path, durability: str) -> Recording:
    """A run with several hundred commits."""
    print(f"DDBENGINE_POWER_LOSS_SEED={SEED}")
    recording, chance = Recording(), random.Random(SEED)
    commit, write_journal = Environment.commit, Environment.write_journal

    def commit_and_record(environment: Environment, txn: Transaction) -> None:
        commit(environment, txn)
        recording.committed(environment)

    def write_journal_and_record(environment: Environment, half: int, offset: int, data: bytes) -> None:
        write_journal(environment, half, offset, data)
        recording.journaled(environment, half)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "SWITCH_BYTES", VALUE_MAX_BYTES)
        patch.setattr(replication, "GATHER_MAX_SECONDS", 0.01)
        patch.setattr(Environment, "commit", commit_and_record)
        patch.setattr(Environment, "write_journal", write_journal_and_record)
        with LmdbStore(writes_as_given, path, durability=durability) as store:
            await_rest(store)
            recording.begin([path / name for name in REPLICAS])
            _write(store, recording, chance)
    return recording


def _write(store: LmdbStore, recording: Recording, chance: random.Random) -> None:
    numbers = [0] * KEYS

    def acknowledge(version: Version, future: Future[Outcome]) -> None:
        future.result()
        recording.acknowledged(version)

    futures: list[Future[Outcome]] = []
    while sum(numbers) < WRITES:
        for _ in range(chance.randint(1, BURST_MAX)):
            key = chance.randrange(KEYS)
            numbers[key] += 1
            version = Version(key, numbers[key])
            future = store.submit(change(write_of(version, chance)))
            future.add_done_callback(partial(acknowledge, version))
            futures.append(future)
        futures[-1].result(timeout=30)
    for future in futures:
        future.result(timeout=30)


def acknowledged_before(recording: Recording, moment: int) -> dict[int, int]:
    """The last version of each key."""
    last: dict[int, int] = {}
    for event in recording.events[:moment]:
        if isinstance(event, Acknowledged):
            last[event.what.key] = max(last.get(event.what.key, 0), event.what.number)
    return last


def put_files(files: dict[Path, bytes], path: Path, lost: str | None) -> None:
    for file, content in files.items():
        if file.parent.name != lost:
            directory = path / file.parent.name
            directory.mkdir(parents=True, exist_ok=True)
            (directory / file.name).write_bytes(content)


def lost_versions(store: LmdbStore, acknowledged: dict[int, int]) -> Sequence[str]:
    problems = []
    for key in range(KEYS):
        values = [get(store, name) for name in keys_of(key)]
        found = [0 if value is None else VERSION.unpack_from(value)[0] for value in values]
        if found[0] != found[1]:
            problems.append(f"key {key}: two rows of one write are at versions {found}")
        if found[0] < acknowledged.get(key, 0):
            problems.append(f"key {key}: version {acknowledged[key]} was acknowledged, {found[0]} is there")
    return problems


def cut_and_open(recording: Recording, moment: int, lost: str | None, path: Path, chance: random.Random) -> None:
    """Open what a power cut leaves, compare, write, and examine what the store has made of it."""
    put_files(files_after_cut(recording, moment, chance), path, lost)
    with LmdbStore(writes_as_given, path) as store:
        problems = lost_versions(store, acknowledged_before(recording, moment))
        assert not problems, f"seed {SEED}, moment {moment}, lost {lost}:\n" + "\n".join(problems)
        assert store.submit(put(b"Inew", b"after the cut")).result(timeout=30).body == b"done"
        await_rest(store)
    for name in REPLICAS:
        examined = examine(name, path / name, lambda *_: None)
        assert examined.state == SOUND, f"seed {SEED}, moment {moment}, lost {lost}: {examined.findings.kept}"


def test_no_write_is_acknowledged_before_two_replicas_have_it_on_disk(quorum: Recording) -> None:
    first = next(place for place, event in enumerate(quorum.events) if isinstance(event, Acknowledged))
    assert len({event.replica for event in quorum.events[:first] if isinstance(event, Boundary)}) >= 2


def test_all_replicas_force_to_the_disk_what_they_write(quorum: Recording) -> None:
    written = [event for event in quorum.events if isinstance(event, Boundary)]
    committed = [event.replica.name for event in written if event.is_commit]
    assert committed.count("az1") > 10
    assert min(committed.count(name) for name in REPLICAS) > 0
    assert sum(not event.is_commit for event in written) > 10


@pytest.mark.parametrize("part", range(PARTS))
def test_a_power_cut_with_the_loss_of_a_disk_loses_no_acknowledged_write(
    quorum: Recording, tmp_path: Path, part: int
) -> None:
    chance = random.Random(f"{SEED}/{part}")
    for number in range(MOMENTS // PARTS):
        lost = chance.choice((None, None, None, *REPLICAS))
        path = tmp_path / f"cut-{number}"
        cut_and_open(quorum, chance.randint(0, len(quorum.events)), lost, path, chance)
        shutil.rmtree(path)


def test_a_power_cut_loses_no_write_that_the_leader_acknowledged_alone(leader: Recording, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for number in range(MOMENTS // PARTS):
        path = tmp_path / f"cut-{number}"
        cut_and_open(leader, chance.randint(0, len(leader.events)), None, path, chance)
        shutil.rmtree(path)
