"""Forks of a store: everything of one moment, and nothing of later ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine
from ddbengine.storage.errors import StoreUnusable
from tests import tables
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.wire import N, S

TABLE = tables.table("music", sort="N", global_=[tables.global_index("by-genre", "genre")])

Fork = Callable[[], Calls]


def item(number: int, partition: str = "Acme") -> dict[str, dict[str, str]]:
    return {"pk": S(partition), "sk": N(number), "genre": S("folk")}


@pytest.fixture(params=["memory", "disk"])
def original(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Calls]:
    engine = open_engine(None if request.param == "memory" else tmp_path / "original")
    calls = Calls(engine)
    calls.create(TABLE)
    calls.put("music", item(1), item(2, "k" * 2000))
    try:
        yield calls
        check_database(engine)
    finally:
        engine.close()


@pytest.fixture(params=["memory", "disk"])
def fork(request: pytest.FixtureRequest, tmp_path: Path, original: Calls) -> Iterator[Fork]:
    """Forks the original, into memory and onto disk."""
    engines: list[Engine] = []

    def make() -> Calls:
        engine = original.engine.fork(None if request.param == "memory" else tmp_path / f"fork{len(engines)}")
        engines.append(engine)
        return Calls(engine)

    yield make
    for engine in engines:
        check_database(engine)
        engine.close()


def music(calls: Calls) -> list[str]:
    """The sort keys in the table, in order."""
    return sorted(read["sk"]["N"] for read in calls.items("Scan", TableName="music"))


def test_a_fork_has_everything(original: Calls, fork: Fork) -> None:
    copy = fork()
    assert copy.items("Scan", TableName="music") == original.items("Scan", TableName="music")
    assert len(copy.items("Scan", TableName="music", IndexName="by-genre")) == 2
    assert copy.call("DescribeTable", TableName="music") == original.call("DescribeTable", TableName="music")


def test_what_one_changes_the_other_does_not_see(original: Calls, fork: Fork) -> None:
    copy = fork()
    original.put("music", item(3))
    copy.put("music", item(4))
    copy.call("DeleteItem", TableName="music", Key={"pk": S("Acme"), "sk": N(1)})
    assert (music(original), music(copy)) == (["1", "2", "3"], ["2", "4"])
    copy.create(tables.table("more"))
    assert original.call("ListTables") == {"TableNames": ["music"]}
    original.engine.reset()
    assert music(copy) == ["2", "4"]


def test_a_fork_outlives_its_original(tmp_path: Path) -> None:
    original = open_engine(None)
    Calls(original).create(TABLE)
    copy = original.fork()
    original.close()
    Calls(copy).put("music", item(1))
    assert music(Calls(copy)) == ["1"]
    copy.close()


def test_numbers_go_on_where_the_original_was(original: Calls, fork: Fork) -> None:
    copy = fork()
    copy.create(tables.table("more"))
    copy.put("more", {"pk": S("a")})
    assert music(copy) == ["1", "2"]
    assert copy.items("Scan", TableName="more") == [{"pk": S("a")}]


def test_a_fork_can_be_forked_and_reset(fork: Fork) -> None:
    copy = fork()
    second = copy.engine.fork()
    copy.engine.reset()
    assert copy.call("ListTables") == {"TableNames": []}
    assert music(Calls(second)) == ["1", "2"]
    check_database(second)
    second.close()


def test_a_fork_of_a_fork_can_go_to_disk(original: Calls, fork: Fork, tmp_path: Path) -> None:
    original.put("music", item(3))
    second = fork().engine.fork(tmp_path / "second")
    assert music(Calls(second)) == ["1", "2", "3"]
    second.close()


def test_a_fork_on_disk_is_a_store_of_its_own(original: Calls, tmp_path: Path) -> None:
    copy = original.engine.fork(tmp_path / "fork")
    assert [replica.name for replica in copy.status().replicas] == ["az1", "az2", "az3"]
    Calls(copy).put("music", item(3))
    copy.close()
    again = open_engine(tmp_path / "fork")
    assert music(Calls(again)) == ["1", "2", "3"]
    again.close()


def test_a_fork_does_not_overwrite_anything(original: Calls, tmp_path: Path) -> None:
    (tmp_path / "taken" / "az1").mkdir(parents=True)
    (tmp_path / "taken" / "az1" / "data.mdb").write_bytes(b"dear")
    with pytest.raises(StoreUnusable, match=r"something in .* already"):
        original.engine.fork(tmp_path / "taken")
    assert (tmp_path / "taken" / "az1" / "data.mdb").read_bytes() == b"dear"


def test_a_fork_taken_while_others_write_is_of_one_moment(original: Calls, fork: Fork) -> None:
    """Each writer counts up, so a fork has of each writer everything up to some number, and no less than what was
    acknowledged when the fork began."""
    acknowledged = [0, 0]
    stop = threading.Event()

    def write(writer: int) -> None:
        while not stop.is_set():
            original.put("music", item(acknowledged[writer] + 1, f"writer {writer}"))
            acknowledged[writer] += 1

    writers = [threading.Thread(target=write, args=[number]) for number in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(5):
            before = list(acknowledged)
            copy = fork()
            for number, least in enumerate(before):
                found = [
                    int(read["sk"]["N"])
                    for read in copy.items("Scan", TableName="music")
                    if read["pk"] == S(f"writer {number}")
                ]
                assert sorted(found) == list(range(1, len(found) + 1))
                assert len(found) >= least
    finally:
        stop.set()
        for writer in writers:
            writer.join()
