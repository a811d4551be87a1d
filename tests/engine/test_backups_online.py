"""Backups and restores of tables too large for one part: the chores at work, writers beside them, and restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ddbengine.engine import backup_copying
from ddbengine.engine import restoring as restoring_module
from ddbengine.engine.backup_copying import BackupCopy
from ddbengine.engine.opening import open_engine
from ddbengine.engine.restoring import Restoration
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.tables import global_index, table
from tests.wire import N, S

ITEMS = 90
WAIT_SECONDS = 30
INDEXES = [global_index("by-n", "n:N")]


class Brake:
    """Holds a chore back until it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, chore: type[BackupCopy] | type[Restoration]) -> None:
        self._free = threading.Event()
        work: Any = chore.__call__

        def held(self_: Any) -> float | None:
            self._free.wait(WAIT_SECONDS)
            again: float | None = work(self_)
            return again

        monkeypatch.setattr(chore, "__call__", held)

    def release(self) -> None:
        self._free.set()


@pytest.fixture
def copying(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brake]:
    monkeypatch.setattr(backup_copying, "FIRST_MAX_ITEMS", 10)
    brake = Brake(monkeypatch, BackupCopy)
    yield brake
    brake.release()


@pytest.fixture
def restoring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brake]:
    monkeypatch.setattr(restoring_module, "FIRST_MAX_ITEMS", 10)
    brake = Brake(monkeypatch, Restoration)
    yield brake
    brake.release()


@pytest.fixture(params=["memory", "memory, without an index", "disk"])
def calls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Calls]:
    engine = open_engine(tmp_path / "store" if request.param == "disk" else None)
    calls = Calls(engine)
    fill(calls, [] if "without" in request.param else INDEXES)
    try:
        yield calls
        check_database(engine)
    finally:
        engine.close()


def fill(calls: Calls, indexes: Sequence[dict[str, Any]] = INDEXES) -> None:
    calls.create(table(global_=indexes))
    calls.put("table", *({"pk": S(f"{number:03}"), "n": N(number)} for number in range(ITEMS)))


def back_up(calls: Calls) -> str:
    arn: str = calls.call("CreateBackup", TableName="table", BackupName="kept")["BackupDetails"]["BackupArn"]
    return arn


def status(calls: Calls, arn: str) -> str:
    described: str = calls.call("DescribeBackup", BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"]
    return described


def wait_until_available(calls: Calls, arn: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while status(calls, arn) != "AVAILABLE":
        assert time.monotonic() < deadline, "the backup is never complete"
        time.sleep(0.005)


def wait_until_active(calls: Calls, name: str = "restored") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while calls.call("DescribeTable", TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        assert time.monotonic() < deadline, "the table is never restored"
        time.sleep(0.005)


def numbers(calls: Calls, name: str) -> list[int]:
    return sorted(int(item["n"]["N"]) for item in calls.items("Scan", TableName=name))


def test_a_large_table_is_copied_while_it_is_written_to(calls: Calls, copying: Brake) -> None:
    arn = back_up(calls)
    assert status(calls, arn) == "CREATING"
    for number in range(0, ITEMS, 3):
        calls.put("table", {"pk": S(f"{number:03}"), "n": N(-1)})
        calls.call("DeleteItem", TableName="table", Key={"pk": S(f"{number + 1:03}")})
        calls.put("table", {"pk": S(f"new-{number}"), "n": N(-2)})
    copying.release()
    wait_until_available(calls, arn)
    calls.call("RestoreTableFromBackup", TargetTableName="restored", BackupArn=arn)
    wait_until_active(calls)
    assert numbers(calls, "restored") == list(range(ITEMS))


def test_a_table_may_be_deleted_and_made_anew_while_it_is_copied(calls: Calls, copying: Brake) -> None:
    arn = back_up(calls)
    calls.call("DeleteTable", TableName="table")
    calls.create(table())
    calls.put("table", {"pk": S("000"), "n": N(-1)})
    copying.release()
    wait_until_available(calls, arn)
    calls.call("RestoreTableFromBackup", TargetTableName="restored", BackupArn=arn)
    wait_until_active(calls)
    assert numbers(calls, "restored") == list(range(ITEMS))
    assert numbers(calls, "table") == [-1]


def test_a_backup_under_way_can_neither_be_deleted_nor_restored(calls: Calls, copying: Brake) -> None:
    arn = back_up(calls)
    for operation, members in (("DeleteBackup", {}), ("RestoreTableFromBackup", {"TargetTableName": "restored"})):
        assert calls.refusal(operation, BackupArn=arn, **members).code == "BackupInUseException"


def test_a_table_being_restored_is_being_created_and_its_backup_in_use(calls: Calls, restoring: Brake) -> None:
    arn = back_up(calls)
    wait_until_available(calls, arn)
    calls.call("RestoreTableFromBackup", TargetTableName="restored", BackupArn=arn)
    shown = calls.call("DescribeTable", TableName="restored")["Table"]
    assert (shown["TableStatus"], shown["RestoreSummary"]["RestoreInProgress"]) == ("CREATING", True)
    assert calls.refusal("Scan", TableName="restored").code == "ResourceNotFoundException"
    assert calls.refusal("DeleteTable", TableName="restored").code == "ResourceInUseException"
    assert calls.refusal("CreateBackup", TableName="restored", BackupName="kept").code == "TableNotFoundException"
    assert calls.refusal("DescribeContributorInsights", TableName="restored").code == "ResourceNotFoundException"
    again = {"BackupArn": arn, "TargetTableName": "restored"}
    refused = calls.refusal("RestoreTableFromBackup", **again)
    assert (refused.code, refused.message) == (
        "TableInUseException",
        f"Table: restored is already being restored from backup: {arn}",
    )
    refused = calls.refusal("RestoreTableFromBackup", **(again | {"TargetTableName": "another"}))
    assert (refused.code, refused.message) == (
        "BackupInUseException",
        f"Backup is being used to restore another table: {arn}",
    )
    refused = calls.refusal("DeleteBackup", BackupArn=arn)
    assert (refused.code, refused.message) == (
        "BackupInUseException",
        f"Backup is being used to restore table: {arn}",
    )
    restoring.release()
    wait_until_active(calls)
    assert numbers(calls, "restored") == list(range(ITEMS))


def test_copying_and_restoring_go_on_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copying: Brake
) -> None:
    monkeypatch.setattr(restoring_module, "FIRST_MAX_ITEMS", 10)
    engine = open_engine(tmp_path / "store")
    calls = Calls(engine)
    fill(calls)
    with monkeypatch.context() as idle:
        idle.setattr(BackupCopy, "__call__", lambda chore: None)
        idle.setattr(Restoration, "__call__", lambda chore: None)
        arn = back_up(calls)
        calls.put("table", {"pk": S("089"), "n": N(-1)})
        engine.close()
    copying.release()
    calls = Calls(open_engine(tmp_path / "store"))
    wait_until_available(calls, arn)
    with monkeypatch.context() as idle:
        idle.setattr(Restoration, "__call__", lambda chore: None)
        calls.call("RestoreTableFromBackup", TargetTableName="restored", BackupArn=arn)
        assert calls.call("DescribeTable", TableName="restored")["Table"]["TableStatus"] == "CREATING"
        calls.engine.close()
    calls = Calls(open_engine(tmp_path / "store"))
    wait_until_active(calls)
    assert numbers(calls, "restored") == list(range(ITEMS))
    check_database(calls.engine)
    calls.engine.close()


def test_the_items_of_a_deleted_backup_are_removed(calls: Calls) -> None:
    arn = back_up(calls)
    wait_until_available(calls, arn)
    calls.call("DeleteBackup", BackupArn=arn)
    deadline = time.monotonic() + WAIT_SECONDS
    while rows(calls):
        assert time.monotonic() < deadline, "the items are never removed"
        time.sleep(0.005)


def rows(calls: Calls) -> bool:
    with calls.engine.store.snapshot() as txn:
        return any(True for _ in txn.scan(b"B", b"C"))
