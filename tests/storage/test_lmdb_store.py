"""Opening, refusing, forking, crashing: the life of a store."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import lmdb
import pytest

from ddbengine.storage import environment as environments
from ddbengine.storage import memory_file
from ddbengine.storage.binding import open_environment
from ddbengine.storage.check import check_layers
from ddbengine.storage.errors import StoreBusy, StoreClosed, StoreError, StoreFormat, StoreFull, StoreUnusable
from ddbengine.storage.store import Writes
from tests.storage.plans import change, get, open_store, put, scan

ROOT = Path(__file__).parents[2]
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def run_python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


OPEN_AND_PUT = """
import sys
from pathlib import Path
from tests.storage.plans import open_store, put
store = open_store(Path(sys.argv[1]) if sys.argv[1] != "memory" else None)
store.submit(put(b"Ik", b"v")).result()
"""


# --- opening and refusing ------------------------------------------------------------------------


def test_a_store_on_disk_keeps_its_entries(tmp_path: Path) -> None:
    long = b"I" * 2500
    with open_store(tmp_path / "store") as store:
        store.submit(change(Writes(puts=[(b"Ik", b"v"), (long, b"w")]))).result()
    with open_store(tmp_path / "store") as store:
        assert scan(store, b"I", b"J") == [(long, b"w"), (b"Ik", b"v")]


def test_a_store_synced_on_close_only_keeps_its_entries(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", durability="none") as store:
        assert store.submit(put(b"Ik", b"v")).done()
    with open_store(tmp_path / "store") as store:
        assert get(store, b"Ik") == b"v"


def test_a_second_open_in_this_process_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path / "store"), pytest.raises(StoreBusy, match="in use by this process"):
        open_store(tmp_path / "store")
    open_store(tmp_path / "store").close()


def test_an_open_in_another_process_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path / "store"):
        done = run_python(OPEN_AND_PUT, tmp_path / "store")
    assert done.returncode != 0
    assert f"StoreBusy: the store in {tmp_path / 'store'} is in use by process {os.getpid()}" in done.stderr
    assert run_python(OPEN_AND_PUT, tmp_path / "store").returncode == 0


def test_a_missing_parent_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=f"{tmp_path / 'no'} does not exist"):
        open_store(tmp_path / "no" / "store")
    assert not (tmp_path / "no").exists()


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("hello")
    with pytest.raises(StoreUnusable, match="is not a directory"):
        open_store(tmp_path / "store")


def test_a_directory_that_takes_no_lock_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ddbengine.lock").mkdir()
    with pytest.raises(StoreUnusable, match=f"cannot write to {tmp_path}: Is a directory"):
        open_store(tmp_path)


@pytest.mark.skipif(AS_ROOT, reason="root may write anywhere")
@pytest.mark.parametrize("inside", [True, False])
def test_a_directory_without_write_permission_is_named(tmp_path: Path, inside: bool) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(StoreUnusable, match="Permission denied"):
            open_store(tmp_path if inside else tmp_path / "store")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_device_that_takes_no_files_is_named() -> None:
    if not Path("/proc/self").exists():
        pytest.skip("needs a /proc that refuses new files")
    with pytest.raises(StoreUnusable, match="/proc/self"):
        open_store(Path("/proc/self/store"))


def test_files_that_are_not_lmdb_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"not a database " * 1000)
    with pytest.raises(StoreFormat, match=str(tmp_path)):
        open_store(tmp_path)
    (tmp_path / "data.mdb").unlink()
    open_store(tmp_path).close()


def test_somebody_elses_lmdb_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path)) as other, other.begin(write=True) as txn:
        txn.put(b"theirs", b"v")
    with pytest.raises(StoreFormat, match="not a store of ddbengine"):
        open_store(tmp_path)
    with lmdb.open(str(tmp_path)) as other, other.begin() as txn:
        assert txn.stat()["entries"] == 1


def test_a_store_of_a_later_format_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with lmdb.open(str(tmp_path / "az1")) as opened, opened.begin(write=True) as txn:
        txn.put(environments.FORMAT_KEY, b"3")
    with pytest.raises(StoreFormat, match="has format 3, this version of ddbengine reads format 2"):
        open_store(tmp_path)


def test_where_address_space_is_short_the_map_starts_smaller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[int] = []

    def short(path: str, **options: int) -> lmdb.Environment:
        asked.append(options["map_size"])
        if options["map_size"] > environments.GIB:
            raise lmdb.MemoryError("mdb_env_open: Cannot allocate memory")
        return open_environment(path, **options)

    monkeypatch.setattr(environments, "open_environment", short)
    with open_store(tmp_path / "store") as store:
        store.submit(put(b"Ik", b"v")).result()
    assert asked[0] == environments.MAP_START_BYTES
    assert asked[-1] == environments.GIB


def test_a_store_larger_than_the_first_map_opens_with_room_to_write(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", map_bytes=1 << 20) as store:
        store.submit(put(b"Ia", b"x" * (8 << 20))).result()
    with open_store(tmp_path / "store", map_bytes=1 << 20) as store:
        store.submit(put(b"Ib", b"y" * (8 << 20))).result()
        assert [len(value) for _, value in scan(store, b"I", b"J")] == [8 << 20] * 2


# --- closing -------------------------------------------------------------------------------------


def test_a_closed_store_refuses_reads_and_closing_again_is_no_harm(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    store.close()
    store.close()
    with pytest.raises(StoreClosed, match="the store is closed"):
        get(store, b"Ik")


def test_closing_waits_for_open_snapshots(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    store.submit(put(b"Ik", b"value")).result()
    with store.snapshot() as txn:
        value = txn.get(b"Ik")
        with pytest.raises(StoreBusy, match="1 reads are still open"):
            store.close(timeout_seconds=0.05)
        assert value is not None
        assert bytes(value) == b"value"
        with pytest.raises(StoreBusy):
            open_store(tmp_path / "store")
    store.close()
    open_store(tmp_path / "store").close()


def test_a_process_that_forgets_to_close_loses_nothing_and_says_nothing(tmp_path: Path) -> None:
    done = run_python(OPEN_AND_PUT, tmp_path / "store")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with open_store(tmp_path / "store") as store:
        assert get(store, b"Ik") == b"v"


# --- in memory -----------------------------------------------------------------------------------


@pytest.fixture(params=["shared memory", "anonymous file", "temporary directory"])
def memory(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each place a store in memory may live in; the directory that it must leave empty."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(memory_file, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(memory_file, "SHARED_MEMORY_USABLE_BYTES", 0 if request.param == "shared memory" else 1 << 62)
    if request.param == "temporary directory":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not unlink open files; they go at close")
def test_a_store_in_memory_leaves_no_name_behind(memory: Path) -> None:
    with open_store(map_bytes=1 << 16) as store:
        assert list(memory.iterdir()) == []
        for number in range(1000):
            store.submit(put(b"I%04d" % number, b"x" * 500)).result()
        assert len(scan(store, b"I", b"J")) == 1000
        assert list(memory.iterdir()) == []


def test_a_store_in_memory_writes_in_place_only_what_is_reserved(monkeypatch: pytest.MonkeyPatch, memory: Path) -> None:
    reserved: list[int] = []
    reserve = memory_file.MemoryFile.reserve

    def watched(self: memory_file.MemoryFile, size_bytes: int) -> None:
        reserve(self, size_bytes)
        reserved.append(size_bytes)

    monkeypatch.setattr(memory_file.MemoryFile, "reserve", watched)
    with open_store(map_bytes=1 << 20) as store:
        store.submit(put(b"Ik", b"x" * (3 << 20))).result()
        information = store._environment._lmdb.info()
        used = (information["last_pgno"] + 1) * 4096
        assert reserved[0] == 1 << 20
        assert used <= reserved[-1] == information["map_size"]


def test_without_room_to_reserve_a_write_is_refused_and_the_store_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(map_bytes=1 << 20) as store:

        def full(self: memory_file.MemoryFile, size_bytes: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(memory_file.MemoryFile, "reserve", full)
            error = store.submit(put(b"Ia", b"x" * (3 << 20))).exception()
        assert isinstance(error, StoreFull)
        assert "No space left on device" in str(error)
        store.submit(put(b"Ib", b"v")).result()
        assert scan(store, b"I", b"J") == [(b"Ib", b"v")]


def test_without_memory_to_start_with_a_store_says_so(monkeypatch: pytest.MonkeyPatch, memory: Path) -> None:
    def full(self: memory_file.MemoryFile, size_bytes: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(memory_file.MemoryFile, "reserve", full)
    with pytest.raises(StoreUnusable, match="no memory for a store of 4194304 bytes: No space left on device"):
        open_store()
    assert list(memory.iterdir()) == []


@pytest.mark.skipif(memory_file.RESERVES is False, reason="needs a platform that reserves room in files")
def test_where_nothing_can_be_reserved_a_store_in_memory_works_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "RESERVES", False)
    with open_store() as store:
        assert not store._environment._lmdb.flags()["writemap"]
        store.submit(put(b"Ik", b"v")).result()
        assert get(store, b"Ik") == b"v"


def test_two_stores_in_memory_know_nothing_of_each_other() -> None:
    with open_store() as one, open_store() as other:
        one.submit(put(b"Ik", b"v")).result()
        assert get(other, b"Ik") is None


def test_little_shared_memory_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_file, "SHARED_MEMORY_USABLE_BYTES", 1 << 62)
    assert memory_file.roomy_shared_memory() is None
    monkeypatch.setattr(memory_file, "SHARED_MEMORY", Path("/nowhere"))
    assert memory_file.roomy_shared_memory() is None


# --- fork ----------------------------------------------------------------------------------------

FORK = """
import os, sys
from pathlib import Path
from ddbengine.storage.errors import StoreClosed
from tests.storage.plans import get, open_store, put
path = Path(sys.argv[1]) if sys.argv[1] != "memory" else None
store = open_store(path)
store.submit(put(b"Ik", b"v")).result()
assert get(store, b"Ik") == b"v"  # takes a reader slot, which the child must not give back
child = os.fork()
if child == 0:
    for use in (lambda: get(store, b"Ik"), lambda: store.submit(put(b"Ik", b"w"))):
        try:
            use()
        except StoreClosed as error:
            print(error, flush=True)
    store.close()
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert get(store, b"Ik") == b"v"
store.submit(put(b"Ik", b"after")).result()
print(bytes(get(store, b"Ik")).decode())
if path:
    try:
        open_store(path)
    except Exception as error:
        print(type(error).__name__)
store.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("on_disk", [True, False])
def test_a_forked_child_is_refused_and_leaves_the_parent_its_store(tmp_path: Path, on_disk: bool) -> None:
    done = run_python(FORK, tmp_path / "store" if on_disk else "memory")
    assert done.stderr == ""
    assert done.stdout.splitlines() == [environments.FORKED] * 2 + ["after"] + ["StoreBusy"] * on_disk


# --- many threads --------------------------------------------------------------------------------


def test_snapshots_are_whole_and_do_not_change_while_others_write(tmp_path: Path) -> None:
    """Each write sets ten entries to one number; a reader must find them equal, twice, and never go back."""
    keys = [b"I%d" % place for place in range(5)] + [b"I" * 600 + b"%d" % place for place in range(5)]
    stop = threading.Event()
    wrong: list[object] = []

    def read_on() -> None:
        last = -1
        while not stop.wait(0.0005):
            with store.snapshot() as txn:
                first = [int(bytes(value)) for _, value in txn.scan(b"I", b"J")]
                again = [int(bytes(txn.get(key) or b"-1")) for key in keys]
            if len(set(first + again)) != 1 or first[0] < last:
                wrong.append((first, again, last))
            last = first[0]

    with open_store(tmp_path / "store") as store:
        store.submit(change(Writes(puts=[(key, b"0") for key in keys]))).result()
        readers = [threading.Thread(target=read_on) for _ in range(4)]
        for reader in readers:
            reader.start()
        for number in range(1, 200):
            store.submit(change(Writes(puts=[(key, b"%d" % number) for key in keys]))).result()
        stop.set()
        for reader in readers:
            reader.join(10)
    assert wrong == []


def test_many_threads_may_submit_to_a_store_in_memory() -> None:
    with open_store() as store:

        def add(times: int) -> None:
            for _ in range(times):
                store.submit(change(Writes(counters=[(b"N1", (1,))]))).result()

        threads = [threading.Thread(target=add, args=[200]) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        row = get(store, b"N1")
        assert row is not None
        assert int.from_bytes(row, "little", signed=True) == 1000


# --- crashes -------------------------------------------------------------------------------------

WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from tests.storage.plans import change, open_store
from ddbengine.storage.store import Writes
store = open_store(Path(sys.argv[1]))
start = int(sys.argv[2])
window = []
for number in range(start, start + 1_000_000):
    key = b"I%09d" % number + b"x" * (number % 700)
    writes = Writes(puts=[(key, b"%d" % number * 20)], counters=[(b"N1", (1,))])
    window.append((number, store.submit(change(writes))))
    if len(window) == 8:
        acknowledged, future = window.pop(0)
        future.result()
        print(acknowledged, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_every_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    """Five rounds on one store.  Not covered: a power loss, which no process can do to itself."""
    chance = random.Random(20261123)
    start, acknowledged = 0, -1
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_UNTIL_KILLED, str(tmp_path / "store"), str(start)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _ in range(chance.randrange(1, 120)):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().splitlines(keepends=True)
        writer.stdout.close()
        writer.wait(10)
        acknowledged = max([acknowledged, *(int(line) for line in rest if line.endswith("\n"))])
        with open_store(tmp_path / "store") as store:
            entries = scan(store, b"I", b"J")
            numbers = [int(key[1:10]) for key, _ in entries]
            # Nothing acknowledged is missing, and what there is has no gaps: plans commit in order.
            assert numbers == list(range(len(numbers)))
            assert len(numbers) > acknowledged
            assert all(value == b"%d" % number * 20 for number, (_, value) in zip(numbers, entries, strict=True))
            row = get(store, b"N1")
            assert row is not None
            assert int.from_bytes(row, "little", signed=True) == len(numbers)
            with store.snapshot() as txn:
                assert check_layers(txn.txn) == []
        start = len(numbers)
    with pytest.raises(StoreError):
        open_store(tmp_path / "store" / "az1" / "data.mdb")
