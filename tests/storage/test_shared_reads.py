"""Reading a store that another process writes to: here the writer and the reader are this process and a child."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import pytest

from ddbengine.storage.errors import StoreError
from ddbengine.storage.lmdb_store import places_of
from ddbengine.storage.shared_reads import SharedReads
from ddbengine.storage.shared_state import SharedState
from tests.storage.plans import open_store

WRITER = """
import sys
from pathlib import Path
from ddbengine.storage.shared_state import SharedState
from ddbengine.storage.store import Writes
from tests.storage.plans import change, open_store
path, kind, state = Path(sys.argv[1]), sys.argv[2], SharedState(Path(sys.argv[3]))
store = open_store(None, memory=path, shared=state) if kind == "memory" else open_store(path, shared=state)
print("open", flush=True)
for line in sys.stdin:
    first, last, size = map(int, line.split())
    puts = [(b"I%06d" % number, bytes(size)) for number in range(first, last)]
    store.submit(change(Writes(puts=puts))).result()
    print("done", flush=True)
store.close()
"""


class Writer:
    """A process with the store open."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert self._line() == "open"

    def write(self, first: int, last: int, size: int = 10) -> None:
        """Put items; returns when they are acknowledged."""
        assert self.process.stdin is not None
        print(first, last, size, file=self.process.stdin, flush=True)
        assert self._line() == "done"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def writer(path: Path, kind: str, state: Path) -> Iterator[Writer]:
    command = [sys.executable, "-c", WRITER, str(path), kind, str(state)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Writer(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(30)


@pytest.fixture
def state(tmp_path: Path) -> SharedState:
    return SharedState.create(tmp_path / "state")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    path.mkdir()
    return path


def places(path: Path, kind: str) -> list[Path]:
    return [path] if kind == "memory" else list(places_of(path, 3).values())


def count(reads: SharedReads) -> int:
    with reads.snapshot() as txn:
        return sum(1 for _ in txn.scan(b"I", b"J"))


KINDS = pytest.mark.parametrize("kind", ["memory", "disk"])


@KINDS
def test_a_reader_sees_everything_acknowledged(kind: str, directory: Path, state: SharedState, tmp_path: Path) -> None:
    reads = SharedReads(places(directory, kind), state)
    with writer(directory, kind, tmp_path / "state") as store:
        for number in range(20):
            store.write(number, number + 1)
            assert count(reads) == number + 1
        reads.close()


@KINDS
def test_a_reader_follows_a_map_that_grows(
    kind: str, directory: Path, state: SharedState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddbengine.storage.shared_reads.MAP_START_BYTES", 1 << 20)
    reads = SharedReads(places(directory, kind), state)
    with writer(directory, kind, tmp_path / "state") as store:
        for number in range(10):
            store.write(number * 100, number * 100 + 100, 10_000)
            assert count(reads) == number * 100 + 100
        reads.close()


@KINDS
def test_a_snapshot_keeps_its_pages_while_another_process_writes(
    kind: str, directory: Path, state: SharedState, tmp_path: Path
) -> None:
    reads = SharedReads(places(directory, kind), state)
    with writer(directory, kind, tmp_path / "state") as store:
        store.write(0, 100, 500)
        with reads.snapshot() as txn:
            rows = txn.scan(b"I", b"J")
            first = next(rows)[0]
            for _ in range(20):
                store.write(0, 100, 600)
            assert bytes(first) == b"I000000"
            assert all(bytes(value) == bytes(500) for _, value in rows)
        reads.close()


@KINDS
def test_a_snapshot_reads_no_more_when_its_files_are_closed(
    kind: str, directory: Path, state: SharedState, tmp_path: Path
) -> None:
    reads = SharedReads(places(directory, kind), state)
    with writer(directory, kind, tmp_path / "state") as store:
        store.write(0, 100)
        assert count(reads) == 100
        later = reads.snapshot()
        with reads.snapshot() as txn:
            rows = txn.scan(b"I", b"J")
            next(rows)
            reads.close()
            with pytest.raises((lmdb.Error, RuntimeError)):
                next(rows)
            with pytest.raises((lmdb.Error, RuntimeError)):
                txn.get(b"I000001")
        assert count(reads) == 100
        with later as txn:
            assert sum(1 for _ in txn.scan(b"I", b"J")) == 100
        reads.close()


@KINDS
def test_a_reader_goes_on_with_the_next_writer(kind: str, directory: Path, state: SharedState, tmp_path: Path) -> None:
    reads = SharedReads(places(directory, kind), state)
    with writer(directory, kind, tmp_path / "state") as store:
        store.write(0, 10)
        assert count(reads) == 10
        store.process.kill()
    assert count(reads) == 10
    with writer(directory, kind, tmp_path / "state") as store:
        store.write(10, 20)
        assert count(reads) == 20
        reads.close()


def test_without_a_store_there_is_nothing_to_read(directory: Path, state: SharedState) -> None:
    reads = SharedReads([directory], state)
    state.lead(0)
    with pytest.raises(StoreError, match="cannot be read"):
        reads.snapshot()


def test_who_leads_is_told_before_anything_is_acknowledged(directory: Path, state: SharedState) -> None:
    with open_store(directory, shared=state):
        assert (state.generation, state.leader) == (1, 0)


def test_the_numbers_are_seen_by_every_opener(tmp_path: Path, state: SharedState) -> None:
    other = SharedState(tmp_path / "state")
    assert other.generation == 0
    assert other.is_log_passed
    state.lead(2)
    state.tell_logged(7)
    state.tell_passed(5)
    state.put_ahead(1.5)
    assert (other.generation, other.leader, other.is_log_passed, other.ahead_seconds) == (1, 2, False, 1.5)
    state.tell_passed(7)
    assert other.is_log_passed
