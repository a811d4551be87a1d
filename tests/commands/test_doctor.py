"""The doctor as a person at a terminal meets it: stores damaged as disks and people damage them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from ddbengine.__main__ import main
from ddbengine.engine.index_register import FOLLOWER
from ddbengine.engine.opening import open_engine
from ddbengine.storage import change_log
from ddbengine.storage.locks import DirectoryLock
from ddbengine.storage.store import Writes, position_put
from tests import tables
from tests.engine.calls import Calls
from tests.storage.replica_files import edit_row, write_rows, written
from tests.wire import N, S

NAMES = ("az1", "az2", "az3")
Doctor = Callable[..., tuple[int, str]]


@lru_cache
def rows() -> list[tuple[bytes, bytes]]:
    """The rows of a store with a table and both kinds of index, without what storage keeps for itself."""
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        by_year, by_genre = tables.local_index("by-year", "year:N"), tables.global_index("by-genre", "genre")
        calls.create(tables.table("music", sort="N", local=[by_year], global_=[by_genre]))
        for number in range(30):
            calls.put("music", {"pk": S("Acme"), "sk": N(number), "year": N(1990), "genre": S("folk" * 50)})
        engine.propagator.drain()
        with engine.store.snapshot() as txn:
            found = [(bytes(key), bytes(value)) for key, value in txn.scan(b"C", b"\xff")]
            kept = [(key, value) for key, value in found if key[:1] not in (b"F", b"G", b"L", b"P", b"R")]
            return [*kept, position_put(FOLLOWER, 1)]
    finally:
        engine.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The directory of a store with three sound replicas."""
    for name in NAMES:
        write_rows(tmp_path / "data" / name, rows())
    return tmp_path / "data"


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Runs the command; exit code and what it printed."""

    def run(*arguments: object) -> tuple[int, str]:
        code = main(["doctor", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out or err

    return run


def spoil(replica: Path) -> None:
    """Overwrite a page in the middle of the file, as a bad disk does."""
    file = replica / "data.mdb"
    contents = bytearray(file.read_bytes())
    place = len(contents) // 2 // 4096 * 4096
    contents[place : place + 4096] = b"\xa5" * 4096
    file.write_bytes(contents)


def lose_an_entry(replica: Path) -> None:
    with written(replica) as txn:
        cursor = txn.cursor()
        assert cursor.set_range(b"X")
        cursor.delete()


def test_a_sound_store_is_clean(doctor: Doctor, store: Path) -> None:
    code, report = doctor(store)
    assert code == 0
    assert report.splitlines()[0].split() == ["replica", "state", "term", "LSN", "entries", "size", "directory"]
    assert [line.split()[0] for line in report.splitlines()[1:4]] == list(NAMES)
    assert report.endswith("\nVerdict: clean. All 3 replicas are sound and agree.\n")


@pytest.mark.parametrize(
    "damage", [spoil, shutil.rmtree, lose_an_entry, lambda path: os.truncate(path / "data.mdb", 9)]
)
def test_a_damaged_replica_is_found_and_repaired(doctor: Doctor, store: Path, damage: Callable[[Path], None]) -> None:
    damage(store / "az2")
    code, report = doctor(store)
    assert code == 1
    assert "Verdict: 2 of 3 replicas sound. Nothing acknowledged is lost: az1 has it all." in report
    assert "Run again with --repair to rebuild az2 from az1" in report
    code, report = doctor(store, "--repair")
    assert code == 0
    assert "\nRebuilt az2 from az1" in report
    assert report.endswith("Verdict: clean. All 3 replicas are sound and agree.\n")
    assert doctor(store)[0] == 0


def test_without_repair_nothing_is_changed(doctor: Doctor, store: Path) -> None:
    spoil(store / "az1")
    before = {file: file.read_bytes() for file in store.rglob("*.mdb")}
    doctor(store)
    assert {file: file.read_bytes() for file in store.rglob("*.mdb")} == before


def test_the_damaged_files_are_kept_and_named(doctor: Doctor, store: Path) -> None:
    spoil(store / "az3")
    damaged = (store / "az3" / "data.mdb").read_bytes()
    _, report = doctor(store, "--repair")
    assert f"its damaged files are in {store / 'az3.damaged-1'}" in report
    assert (store / "az3.damaged-1" / "data.mdb").read_bytes() == damaged


def test_a_replica_that_is_behind_is_no_finding(doctor: Doctor, store: Path) -> None:
    with written(store / "az1") as txn:
        entry = change_log.unpack(1, bytes(txn.get(change_log.key_of(1)) or b""))
        txn.put(change_log.key_of(2), change_log.pack([Writes()], entry.position, 1, 2_000, 1, entry.digest).packed)
    edit_row(store / "az1", lambda row: replace(row, lsn=2, applied=2))
    code, report = doctor(store)
    assert code == 0
    assert "Verdict: clean. All 3 replicas are sound.\naz2 is behind az1, and catches up" in report
    assert "\naz3 is behind az1" in report


def test_a_replica_that_applied_less_is_no_finding(doctor: Doctor, store: Path) -> None:
    nothing = write_rows(store.parent / "nothing", [])
    with written(store / "az1") as source, written(nothing) as target:
        target.put(change_log.key_of(1), bytes(source.get(change_log.key_of(1)) or b""))
    edit_row(nothing, lambda row: replace(row, applied=0, digest=0))
    shutil.rmtree(store / "az3")
    nothing.rename(store / "az3")
    code, report = doctor(store)
    assert code == 0
    assert "az3 has applied less than az1" in report


def test_the_last_sound_replica_is_said_to_be_the_last(doctor: Doctor, store: Path) -> None:
    spoil(store / "az1")
    spoil(store / "az2")
    code, report = doctor(store)
    assert code == 1
    assert "1 of 3 replicas sound. az3 is all there is" in report
    assert doctor(store, "--repair")[0] == 0


def test_a_damaged_replica_that_went_further_is_mentioned(doctor: Doctor, store: Path) -> None:
    lose_an_entry(store / "az1")
    edit_row(store / "az1", lambda row: replace(row, term=2))
    assert "though damaged, at 1" in doctor(store)[1]


def test_without_a_sound_replica_nothing_is_touched(doctor: Doctor, store: Path) -> None:
    for name in NAMES:
        spoil(store / name)
    before = {file: file.read_bytes() for file in store.rglob("*.mdb")}
    code, report = doctor(store, "--repair")
    assert code == 2
    assert "no replica can be read" in report
    assert {file: file.read_bytes() for file in store.rglob("*.mdb")} == before


def test_damage_that_all_replicas_share_is_not_repaired_by_copying(doctor: Doctor, tmp_path: Path) -> None:
    broken = [(key, value) for key, value in rows() if not key.startswith(b"X\0\0\0\x03")]
    for name in NAMES:
        write_rows(tmp_path / name, broken)
    for arguments in ((tmp_path,), (tmp_path, "--repair")):
        code, report = doctor(*arguments)
        assert code == 1
        assert "entry-missing: index by-genre of table music" in report
        assert '    {"pk":{"S":"Acme"},"sk":{"N":"0"}}\n' in report
        assert "entry-missing: and 20 more" in report
        assert "which copying cannot mend" in report
    assert not list(tmp_path.glob("*.damaged-*"))


def test_a_store_that_a_server_has_open_is_refused(doctor: Doctor, store: Path) -> None:
    lock = DirectoryLock(store / "az2")
    code, report = doctor(store)
    lock.release()
    assert code == 2
    assert (
        report == f"ddbengine: the store in {store / 'az2'} is in use by this process; the doctor needs it for itself\n"
    )


@pytest.mark.parametrize("made", [True, False])
def test_a_path_without_a_store_is_refused(doctor: Doctor, tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "d").mkdir()
    assert doctor(tmp_path / "d") == (2, f"ddbengine: there is no store in {tmp_path / 'd'}\n")
    assert (tmp_path / "d").exists() is made


def test_replicas_elsewhere_are_named_one_by_one(doctor: Doctor, store: Path, tmp_path: Path) -> None:
    places = [tmp_path / f"disk{number}" for number in range(3)]
    for name, place in zip(NAMES, places, strict=True):
        (store / name).rename(place)
    options = [word for place in places for word in ("--replica-path", place)]
    spoil(places[1])
    assert doctor(store, *options)[0] == 1
    assert doctor(store, *options, "--repair")[0] == 0
    assert (tmp_path / "disk1.damaged-1").is_dir()


def test_a_replica_of_another_store_is_left_alone(doctor: Doctor, store: Path) -> None:
    shutil.rmtree(store / "az3")
    write_rows(store / "az3", rows(), store=b"another store id")
    before = (store / "az3" / "data.mdb").read_bytes()
    code, report = doctor(store, "--repair")
    assert code == 1
    assert "az3 is left alone" in report
    assert (store / "az3" / "data.mdb").read_bytes() == before


def test_a_store_of_one_replica_needs_no_other(doctor: Doctor, tmp_path: Path) -> None:
    write_rows(tmp_path / "az1", rows(), members=1)
    code, report = doctor(tmp_path)
    assert (code, report.splitlines()[-1]) == (0, "Verdict: clean. The only replica is sound.")


def members(report: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(report)
    return read


def test_the_report_as_json_has_everything(doctor: Doctor, store: Path) -> None:
    lose_an_entry(store / "az2")
    code, report = doctor(store, "--json")
    read = members(report)
    assert (code, read["clean"], read["best"]) == (1, False, "az1")
    assert [replica["state"] for replica in read["replicas"]] == ["sound", "damaged", "sound"]
    assert read["replicas"][0]["lsn"] == 1
    found = read["replicas"][1]["findings"]
    assert found["counts"] == {"digest-wrong": 1, "entry-differs": 1}
    assert [example["name"] for example in found["examples"]] == ["digest-wrong", "entry-differs"]


def test_a_repair_as_json_says_what_was_done(doctor: Doctor, store: Path) -> None:
    spoil(store / "az2")
    code, report = doctor(store, "--repair", "--json")
    read = members(report)
    assert (code, read["clean"]) == (0, True)
    assert read["rebuilt"] == [{"name": "az2", "source": "az1", "moved_to": str(store / "az2.damaged-1")}]
