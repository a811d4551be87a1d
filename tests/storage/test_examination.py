"""Each kind of damage to a replica must be named, and no kind may end the examination."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ddbengine.storage import change_log
from ddbengine.storage.examination import (
    BEHIND,
    DAMAGED,
    EXAMPLES_MAX,
    FOREIGN,
    MISSING,
    SOUND,
    UNREADABLE,
    Examined,
    Findings,
    best_of,
    compared,
    directories,
    examine,
    is_alone,
    reading,
)
from ddbengine.storage.findings import Finding
from ddbengine.storage.journal import Journal
from ddbengine.storage.journal_files import JournalOnDisk
from ddbengine.storage.position import read_row
from ddbengine.storage.seal import seal
from ddbengine.storage.store import position_put
from tests.storage.replica_files import LONG, at_lsn, edit_row, write_replica, written

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def silent(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def replica(tmp_path: Path) -> Path:
    return write_replica(tmp_path / "az1", 10)


def look(directory: Path) -> Examined:
    return examine(directory.name, directory, silent)


def names(examined: Examined) -> list[str]:
    return sorted(examined.findings.counts)


def together(*directories: Path) -> list[Examined]:
    return compared([look(directory) for directory in directories], silent)


# --- one replica -----------------------------------------------------------------------------------------------------


def test_a_sound_replica_has_no_findings(replica: Path) -> None:
    examined = look(replica)
    assert (examined.state, names(examined)) == (SOUND, [])
    assert examined.row is not None
    assert (examined.row.lsn, examined.log_entries) == (20, 10)
    assert examined.size_bytes == (replica / "data.mdb").stat().st_size
    assert examined.entries is not None
    assert examined.readable


def test_an_examination_leaves_no_trace(replica: Path) -> None:
    before = {file.name: file.read_bytes() for file in replica.iterdir()}
    look(replica)
    assert {file.name: file.read_bytes() for file in replica.iterdir()} == before


@pytest.mark.parametrize("left", ["nothing", "directory"])
def test_a_missing_replica_is_found(tmp_path: Path, left: str) -> None:
    if left == "directory":
        (tmp_path / "az1").mkdir()
    examined = look(tmp_path / "az1")
    assert (examined.state, names(examined)) == (MISSING, ["replica-missing"])
    assert str(tmp_path / "az1") in examined.findings.kept[0].detail


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 8192, 20_000])
def test_a_truncated_file_is_found(replica: Path, size: int) -> None:
    os.truncate(replica / "data.mdb", size)
    examined = look(replica)
    assert examined.state == DAMAGED
    assert set(names(examined)) <= {"file-damaged", "page-damaged"}
    assert not examined.readable


def test_a_file_that_is_something_else_is_found(replica: Path) -> None:
    (replica / "data.mdb").write_bytes(b"hello" * 10_000)
    assert names(look(replica)) == ["file-damaged"]


@pytest.mark.parametrize("seed", range(40))
def test_overwritten_bytes_are_found(replica: Path, seed: int) -> None:
    """Strategy: 64 random bytes over a random place.  Invariants: the examination ends and finds it, and where
    only the seal tells, the entries are still those that were written.  Not covered: files without a seal, where
    damage inside a log entry or an unused page stays unseen."""
    sound = contents(replica)
    seal(replica)
    rng = random.Random(seed)
    file = replica / "data.mdb"
    spoilt = bytearray(file.read_bytes())
    place = rng.randrange(len(spoilt) - 64)
    spoilt[place : place + 64] = rng.randbytes(64)
    file.write_bytes(spoilt)
    examined = look(replica)
    assert examined.state in (DAMAGED, UNREADABLE)
    if names(examined) == ["seal-broken"]:
        assert contents(replica) == sound


def contents(directory: Path) -> list[tuple[bytes, bytes]]:
    """The entries, without the log."""
    with reading(directory) as txn:
        return [(key, bytes(value)) for key, value in txn.scan(b"H", b"\xff")]


def test_an_entry_that_changed_is_found_by_the_digest(replica: Path) -> None:
    with written(replica) as txn:
        txn.put(b"I0003", b"another value")
    examined = look(replica)
    assert (examined.state, names(examined)) == (DAMAGED, ["digest-wrong"])
    assert examined.readable


def test_a_replica_that_does_not_say_how_far_it_is_is_found(replica: Path) -> None:
    with written(replica) as txn:
        txn.put(b"R", b"short")
    assert (look(replica).state, names(look(replica))) == (DAMAGED, ["replica-row-missing"])


def test_a_broken_layer_is_found_and_not_walked(replica: Path) -> None:
    with written(replica) as txn:
        txn.put(LONG[:511], b"\xff" * 8)
    assert names(look(replica)) == ["layer-broken"]


def test_layers_in_a_circle_are_found_and_not_walked(replica: Path) -> None:
    with written(replica) as txn:
        number = bytes(txn.get(LONG[:511]) or b"")
        prefix = b"L" + number
        txn.put(prefix + LONG[511 : 511 + 511 - len(prefix)], number)
    assert "layer-broken" in names(look(replica))


def key_of(first: int) -> bytes:
    return change_log.key_of(first)


@pytest.mark.parametrize(
    ("first", "name"), [(1, "log-gap"), (9, "log-gap"), (19, "log-incomplete")], ids=["first", "middle", "last"]
)
def test_a_gap_in_the_log_is_found(replica: Path, first: int, name: str) -> None:
    with written(replica) as txn:
        assert txn.delete(key_of(first))
    assert name in names(look(replica))


def test_a_log_that_was_trimmed_is_sound(tmp_path: Path) -> None:
    examined = look(write_replica(tmp_path / "az1", 10, logged_from=15))
    assert (examined.state, examined.log_entries) == (SOUND, 3)


def test_an_empty_log_is_sound(tmp_path: Path) -> None:
    examined = look(write_replica(tmp_path / "az1", 10, logged_from=21))
    assert (examined.state, examined.log_entries) == (SOUND, 0)


@pytest.mark.parametrize("packed", [b"", b"\xc1", b"\x90", b"\xa1x", b"\x96\x01\x01\x01\x01\x01\x93\x01\x02\x03"])
def test_a_log_entry_that_does_not_decode_is_found(replica: Path, packed: bytes) -> None:
    with written(replica) as txn:
        txn.put(key_of(9), packed)
    assert "log-entry-unreadable" in names(look(replica))


@pytest.mark.parametrize("place", [0, 3, 4, 9, 30, -1])
def test_a_flipped_byte_in_a_log_entry_is_found(replica: Path, place: int) -> None:
    with written(replica) as txn:
        packed = bytearray(txn.get(key_of(9)) or b"")
        packed[place] ^= 0x01
        txn.put(key_of(9), bytes(packed))
    examined = look(replica)
    assert examined.state == DAMAGED
    assert "log-entry-unreadable" in names(examined)


def test_a_log_entry_under_the_number_of_another_is_found(replica: Path) -> None:
    with written(replica) as txn:
        txn.put(key_of(9), bytes(txn.get(key_of(11)) or b""))
    assert "log-entry-unreadable" in names(look(replica))


def test_a_log_entry_of_another_term_is_found(replica: Path) -> None:
    with written(replica) as txn:
        entry = change_log.unpack(9, bytes(txn.get(key_of(9)) or b""))
        other = change_log.pack(entry.writes, entry.before._replace(term=7), 7, 0, 1, entry.digest)
        txn.put(key_of(9), other.packed)
    assert names(look(replica)) == ["log-term-wrong"]


def test_a_log_that_ends_with_another_digest_is_found(replica: Path) -> None:
    with written(replica) as txn:
        entry = change_log.unpack(19, bytes(txn.get(key_of(19)) or b""))
        txn.put(key_of(19), change_log.pack(entry.writes, entry.before, 1, 0, 1, entry.digest ^ 1).packed)
    assert names(look(replica)) == ["log-digest-differs"]


def test_a_replica_that_says_it_is_further_than_its_log_is_found(replica: Path) -> None:
    at_lsn(replica, 22)
    assert names(look(replica)) == ["log-incomplete"]


def test_a_replica_that_applied_more_than_it_has_is_found(replica: Path) -> None:
    edit_row(replica, lambda row: replace(row, applied=row.lsn + 1))
    assert "position-wrong" in names(look(replica))


def test_a_follower_that_is_further_than_the_log_is_found(replica: Path) -> None:
    with written(replica) as txn:
        txn.put(*position_put("streams", 21))
    assert "position-wrong" in names(look(replica))


@pytest.mark.parametrize("version", [b"99", b"x", None])
def test_another_format_is_not_read_further(replica: Path, version: bytes | None) -> None:
    with written(replica) as txn:
        if version is None:
            txn.delete(b"F")
        else:
            txn.put(b"F", version)
    assert (look(replica).state, names(look(replica))) == (UNREADABLE, ["format-unknown"])


def test_a_store_of_the_first_format_is_sound(tmp_path: Path) -> None:
    with written(tmp_path) as txn:
        txn.put(b"F", b"1")
        txn.put(b"I1", b"v")
    assert (look(tmp_path).state, look(tmp_path).row) == (SOUND, None)


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said_so(replica: Path) -> None:
    (replica / "data.mdb").chmod(0)
    assert look(replica).state == UNREADABLE


def test_a_data_file_that_is_a_directory_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "az1" / "data.mdb").mkdir(parents=True)
    assert (look(tmp_path / "az1").state, names(look(tmp_path / "az1"))) == (UNREADABLE, ["replica-unreadable"])


# --- several ---------------------------------------------------------------------------------------------------------


def test_replicas_that_agree_are_sound(tmp_path: Path) -> None:
    replicas = together(*(write_replica(tmp_path / name, 10) for name in ("az1", "az2", "az3")))
    assert [replica.state for replica in replicas] == [SOUND] * 3


def test_the_replica_with_the_greatest_term_and_lsn_is_the_best(tmp_path: Path) -> None:
    older, longer, newer = (
        write_replica(tmp_path / "az1", 3),
        write_replica(tmp_path / "az2", 9),
        write_replica(tmp_path / "az3", 4, term=2),
    )
    replicas = together(older, longer, newer)
    best = best_of(replicas)
    assert best is not None
    assert (best.name, [replica.state for replica in replicas]) == ("az3", [BEHIND, BEHIND, SOUND])


def test_what_a_replica_has_in_its_journal_counts(tmp_path: Path) -> None:
    paths = [write_replica(tmp_path / name, groups) for name, groups in (("az1", 2), ("az2", 1), ("az3", 1))]
    with reading(paths[0]) as txn:
        entries = txn.log_after(2)
        store = read_row(txn.txn).store
    Journal(JournalOnDisk(paths[1], durable=True), store).append(entries, applied=2)
    examined = [look(path) for path in paths]
    assert [replica.position.lsn for replica in examined] == [4, 4, 2]
    assert [replica.state for replica in compared(examined, silent)] == [SOUND, BEHIND, BEHIND]
    best = best_of(examined[1:])
    assert best is examined[1]
    assert [replica.state for replica in compared(examined[1:], silent)] == [SOUND, BEHIND]


def test_a_damaged_replica_is_never_the_best(tmp_path: Path) -> None:
    good, bad = write_replica(tmp_path / "az1", 3), write_replica(tmp_path / "az2", 9)
    with written(bad) as txn:
        txn.put(b"I0000", b"other")
    best = best_of(together(good, bad))
    assert best is not None
    assert best.name == "az1"


def test_where_the_entries_of_a_damaged_replica_differ_is_said(tmp_path: Path) -> None:
    good, bad = write_replica(tmp_path / "az1", 5), write_replica(tmp_path / "az2", 5)
    with written(bad) as txn:
        txn.put(b"I0001", b"other")
        txn.delete(b"I0002")
        txn.put(b"I9", b"more")
    found = [(f.key, f.detail) for f in together(good, bad)[1].findings.kept if f.name == "entry-differs"]
    assert found == [
        ("I0001", "is another than in az1"),
        ("I0002", "is missing, and there in az1"),
        ("I9", "is there, and not in az1"),
    ]


def test_replicas_at_one_place_with_other_entries_are_found_though_each_adds_up(tmp_path: Path) -> None:
    one, other = write_replica(tmp_path / "az1", 5), write_replica(tmp_path / "az2", 6, logged_from=13)
    at_lsn(other, 10)
    edit_row(other, lambda row: replace(row, log_from=11))
    examined = together(one, other)[1]
    assert (examined.state, names(examined)) == (DAMAGED, ["entry-differs"])


def test_a_replica_that_shows_less_than_it_has_received_is_behind(tmp_path: Path) -> None:
    one, other = write_replica(tmp_path / "az1", 5), write_replica(tmp_path / "az2", 4)
    with written(one) as txn:
        last = bytes(txn.get(key_of(9)) or b"")
    with written(other) as txn:
        txn.put(key_of(9), last)
    edit_row(other, lambda row: replace(row, lsn=10))
    assert [replica.state for replica in together(one, other)] == [SOUND, BEHIND]


def test_a_replica_of_another_store_is_found(tmp_path: Path) -> None:
    one, other = write_replica(tmp_path / "az1", 5), write_replica(tmp_path / "az2", 4, store=b"x" * 16)
    examined = together(one, other)[1]
    assert (examined.state, names(examined)) == (FOREIGN, ["other-store"])


def test_without_a_sound_replica_there_is_no_best(tmp_path: Path) -> None:
    write_replica(tmp_path / "az1", 5)
    shutil.rmtree(tmp_path / "az1")
    assert best_of(together(tmp_path / "az1")) is None


# --- where they are --------------------------------------------------------------------------------------------------


def test_replicas_are_below_the_path_or_where_they_were_placed(tmp_path: Path) -> None:
    placed = [tmp_path / name for name in ("x", "y")]
    assert directories(tmp_path, placed) == {"az1": placed[0], "az2": placed[1]}
    assert directories(tmp_path) == {name: tmp_path / name for name in ("az1", "az2", "az3")}


def test_a_store_of_the_first_format_is_its_own_replica(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").touch()
    assert directories(tmp_path) == {tmp_path.name: tmp_path}


@pytest.mark.parametrize(("members", "alone"), [(3, False), (1, True)])
def test_a_replica_may_be_meant_to_be_alone(tmp_path: Path, members: int, alone: bool) -> None:
    write_replica(tmp_path / "az1", 10, members=members)
    assert is_alone([look(directory) for directory in directories(tmp_path).values()]) is alone


def test_a_replica_with_others_beside_it_is_not_alone(tmp_path: Path) -> None:
    write_replica(tmp_path / "az1", 10, members=1)
    (tmp_path / "az3").mkdir()
    assert not is_alone([look(directory) for directory in directories(tmp_path).values()])


# --- in little memory ------------------------------------------------------------------------------------------------


def test_of_many_findings_of_one_name_a_few_are_kept_and_all_counted() -> None:
    findings = Findings(Finding("many", "place", str(number), "") for number in range(10_000))
    findings.add(Finding("one", "place", "", ""))
    assert (len(findings.kept), findings.counts) == (EXAMPLES_MAX + 1, {"many": 10_000, "one": 1})


def test_progress_says_how_much_of_how_much(replica: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddbengine.storage.examination._PROGRESS_ENTRIES", 5)
    said: list[tuple[str, int, int]] = []
    examined = examine("az1", replica, lambda *told: said.append(told))
    counted = [told for told in said if told[1]]
    assert {what for what, _, _ in counted} == {"adding up az1"}
    assert all(0 < done <= total == examined.entries for _, done, total in counted)
