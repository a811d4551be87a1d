"""RestoreTableToPointInTime and system backups: shapes, errors, times (FACTS 5.16).

``test_point_in_time_stateful`` has what is restored, whatever happens meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ddbengine.engine import undoing
from ddbengine.engine.clock import Clock
from ddbengine.engine.history import FOLLOWER
from ddbengine.engine.history_upkeep import HistoryUpkeep
from ddbengine.engine.opening import open_engine
from ddbengine.storage.store import position_of
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.tables import global_index, local_index, table, vector_index
from tests.wire import L, N, S

NOW = 1_790_000_000.0
TABLE_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table"
WAIT_SECONDS = 30
DAY = 86_400


@pytest.fixture(params=["memory", "disk"])
def timed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Calls]:
    """An engine whose clock the test turns, with a table whose history is kept."""
    engine = open_engine(None if request.param == "memory" else tmp_path / "store", clock=lambda: NOW)
    calls = Calls(engine)
    calls.create(table())
    switch(calls)
    yield calls
    check_database(engine)
    engine.close()


def switch(engine: Calls, enabled: bool = True, **members: Any) -> None:
    specification = {"PointInTimeRecoveryEnabled": enabled, **members}
    engine.call("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=specification)


def passed(engine: Calls, seconds: float) -> None:
    clock = engine.engine.clock
    assert isinstance(clock, Clock)
    clock.advance(seconds)


def request(at: float | None = None, **members: Any) -> dict[str, Any]:
    when = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
    source = {} if "SourceTableArn" in members else {"SourceTableName": "table"}
    return {**source, "TargetTableName": "restored", **when, **members}


def restore(engine: Calls, at: float | None = None, **members: Any) -> dict[str, Any]:
    asked = request(at, **members)
    description: dict[str, Any] = engine.call("RestoreTableToPointInTime", **asked)["TableDescription"]
    wait_until_active(engine, asked["TargetTableName"])
    return description


def wait_until_active(engine: Calls, name: str = "restored") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while engine.call("DescribeTable", TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        assert time.monotonic() < deadline, "the table is never restored"
        time.sleep(0.002)


def refused(engine: Calls, asked: dict[str, Any]) -> tuple[str, str | None]:
    refusal = engine.refusal("RestoreTableToPointInTime", **asked)
    return refusal.code, refusal.message


def values(engine: Calls, name: str = "restored") -> dict[str, int]:
    return {item["pk"]["S"]: int(item["n"]["N"]) for item in engine.items("Scan", TableName=name)}


def put(engine: Calls, name: str, value: int) -> None:
    engine.put("table", {"pk": S(name), "n": N(value)})


# --- what is restored -------------------------------------------------------------------------------------------------


def test_a_table_is_restored_as_it_was_at_the_end_of_a_second(timed: Calls) -> None:
    put(timed, "a", 1)
    put(timed, "b", 1)
    put(timed, "a", 2)
    passed(timed, 1)
    put(timed, "a", 3)
    timed.call("DeleteItem", TableName="table", Key={"pk": S("b")})
    put(timed, "c", 3)
    passed(timed, 5)
    for number, (at, expected) in enumerate(
        [
            (NOW, {"a": 2, "b": 1}),
            (NOW + 0.9, {"a": 2, "b": 1}),
            (NOW + 1, {"a": 3, "c": 3}),
            (NOW + 6, {"a": 3, "c": 3}),
        ]
    ):
        restore(timed, at, TargetTableName=f"restored-{number}")
        assert values(timed, f"restored-{number}") == expected


def test_the_latest_restorable_time_is_what_is_shown_of_it(timed: Calls) -> None:
    put(timed, "a", 1)
    passed(timed, 100)
    put(timed, "a", 2)
    assert restore(timed)["RestoreSummary"]["RestoreDateTime"] == NOW
    assert values(timed) == {"a": 1}
    passed(timed, 300)
    summary = restore(timed, TargetTableName="another")["RestoreSummary"]
    assert summary == {"SourceTableArn": TABLE_ARN, "RestoreDateTime": NOW + 100, "RestoreInProgress": True}
    assert values(timed, "another") == {"a": 2}


def test_what_a_table_had_before_its_history_began_is_restored_too(timed: Calls) -> None:
    switch(timed, False)
    put(timed, "a", 1)
    passed(timed, 10)
    switch(timed)
    passed(timed, 10)
    put(timed, "a", 2)
    restore(timed, NOW + 10)
    assert values(timed) == {"a": 1}


def test_indexes_and_settings_are_those_of_the_table_now_and_the_rest_does_not_come_back(engine: Calls) -> None:
    indexed = table(
        sort="N",
        local=[local_index("by-x", "x")],
        global_=[global_index("by-n", "n:N")],
        vectors=[vector_index("by-v", dimensions=2)],
    )
    engine.create({**indexed, "Tags": [{"Key": "k", "Value": "v"}]})
    switch(engine)
    engine.put("table", {"pk": S("a"), "sk": N(1), "x": S("x"), "n": N(1), "v": L(N(1), N(0))})
    description = restore(engine, time.time())
    assert (description["TableStatus"], description["ItemCount"]) == ("CREATING", 0)
    for index in ("by-x", "by-n"):
        assert engine.call("Scan", TableName="restored", IndexName=index)["Count"] == 1
    restored = engine.call("DescribeTable", TableName="restored")["Table"]
    assert "RestoreSummary" not in restored
    assert restored["ItemCount"] == 1
    assert engine.call("ListTagsOfResource", ResourceArn=restored["TableArn"])["Tags"] == []
    recovery = engine.call("DescribeContinuousBackups", TableName="restored")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    check_database(engine.engine)


def test_overrides_go_for_it_as_for_backups(timed: Calls) -> None:
    units = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    assert refused(timed, request(ProvisionedThroughputOverride=units)) == (
        "ValidationException",
        "Invalid Request: Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED",
    )
    description = restore(timed, BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=units)
    assert description["ProvisionedThroughput"]["WriteCapacityUnits"] == 4


def test_the_source_may_be_named_by_arn_also_from_another_region(timed: Calls) -> None:
    put(timed, "a", 1)
    restore(timed, NOW, SourceTableArn=TABLE_ARN)
    assert values(timed) == {"a": 1}
    elsewhere = request(SourceTableArn=TABLE_ARN.replace("us-east-1", "eu-west-1"), TargetTableName="another")
    assert refused(timed, elsewhere) == (
        "ValidationException",
        "Invalid Request: sseSpecificationOverride must be provided for cross-region restores",
    )
    encrypted = {**elsewhere, "SSESpecificationOverride": {"Enabled": True, "SSEType": "KMS"}}
    assert refused(timed, encrypted) == ("TableNotFoundException", "Table not found: table")


def test_a_large_history_is_undone_in_parts_beside_writes_and_across_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "LOOK_MAX_BYTES", 400)
    now = [NOW]
    calls = Calls(open_engine(tmp_path / "store", clock=lambda: now[0]))
    calls.create(table(global_=[global_index("by-n", "n:N")]))
    for number in range(60):
        put(calls, f"{number:02}", 1)
    switch(calls)
    now[0] += 2
    for number in range(0, 90, 3):
        put(calls, f"{number:02}", 2)
    calls.call("RestoreTableToPointInTime", **request(NOW))
    put(calls, "01", 3)
    calls.call("DeleteTable", TableName="table")
    calls.engine.close()
    calls = Calls(open_engine(tmp_path / "store", clock=lambda: now[0]))
    try:
        wait_until_active(calls)
        assert values(calls) == {f"{number:02}": 1 for number in range(60)}
        check_database(calls.engine)
    finally:
        calls.engine.close()


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_exactly_one_time_and_one_source_are_to_be_given(timed: Calls) -> None:
    source, target = {"SourceTableName": "none"}, {"TargetTableName": "restored"}
    both = {"RestoreDateTime": 1, "UseLatestRestorableTime": True}
    assert refused(timed, {**source, **target, **both}) == (
        "ValidationException",
        "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore "
        "request. Please specify either RestoreDateTime time or UseLatestRestorableTime",
    )
    for when in ({}, {"UseLatestRestorableTime": False}):
        assert refused(timed, {**source, **target, **when}) == (
            "ValidationException",
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both",
        )
    assert refused(timed, {**target, "RestoreDateTime": 1}) == (
        "ValidationException",
        "The parameter 'TableName' is required but was not present in the request",
    )
    assert refused(timed, {**source, **target, "SourceTableArn": TABLE_ARN, "RestoreDateTime": 1}) == (
        "ValidationException",
        "Must provide exactly one of: sourceTableArn, sourceTableName",
    )


@pytest.mark.parametrize("arn", ["table", "arn:aws:s3:us-east-1:000000000000:table/table", f"{TABLE_ARN}/index/i"])
def test_what_is_no_arn_of_a_table_is_refused(timed: Calls, arn: str) -> None:
    assert refused(timed, request(SourceTableArn=arn)) == ("ValidationException", "sourceTableArn is not a valid ARN")


def test_a_source_of_another_account_is_refused(timed: Calls) -> None:
    asked = request(SourceTableArn=TABLE_ARN.replace("000000000000", "000000000001"))
    assert refused(timed, asked)[1] == (
        "This action is only supported by accounts that match the resource "
        "owner\N{RIGHT SINGLE QUOTATION MARK}s account."
    )


def test_the_source_comes_before_its_recovery_before_the_time_before_the_target(timed: Calls) -> None:
    wrong = request(1, TargetTableName="table")
    assert refused(timed, {**wrong, "SourceTableName": "none"}) == ("TableNotFoundException", "Table not found: none")
    assert refused(timed, wrong)[0] == "InvalidRestoreTimeException"
    assert refused(timed, request(NOW, TargetTableName="table")) == (
        "TableAlreadyExistsException",
        "Table already exists: table",
    )
    switch(timed, False)
    assert refused(timed, wrong) == (
        "PointInTimeRecoveryUnavailableException",
        "Point in time recovery is not enabled for table 'table'",
    )


def test_a_time_outside_of_the_history_is_refused_with_its_bounds(timed: Calls) -> None:
    passed(timed, 400)
    bounds = (
        "must be within EarliestRestorableDateTime '2026-09-21T14:13:20Z' and LatestRestorableDateTime "
        "'2026-09-21T14:15:00Z'"
    )
    for at, shown in (
        (NOW - 1, "2026-09-21T14:13:19Z"),
        (NOW + 401, "2026-09-21T14:20:01Z"),
        (0, "1970-01-01T00:00:00Z"),
        (1e15, "9999-12-31T23:59:59Z"),
    ):
        message = f"RestoreDateTime '{shown}' {bounds}"
        assert refused(timed, request(at)) == ("InvalidRestoreTimeException", message)
    restore(timed, NOW + 400)


def test_a_table_made_anew_has_none_of_the_history_of_the_old_one(timed: Calls) -> None:
    put(timed, "a", 1)
    passed(timed, 10)
    timed.call("DeleteTable", TableName="table")
    timed.create(table())
    assert refused(timed, request(NOW))[0] == "PointInTimeRecoveryUnavailableException"
    switch(timed)
    assert refused(timed, request(NOW))[0] == "InvalidRestoreTimeException"
    restore(timed, NOW + 10)
    assert values(timed) == {}


# --- what is kept -----------------------------------------------------------------------------------------------------


def upkeep(engine: Calls) -> None:
    store = engine.engine.store
    chore = HistoryUpkeep(store, engine.engine.clock, lambda: None)
    while chore() == 0.0:
        pass


def position(engine: Calls) -> int | None:
    with engine.engine.store.snapshot() as txn:
        return position_of(txn, FOLLOWER)


def test_history_is_kept_for_the_recovery_period_and_not_without_recovery(timed: Calls) -> None:
    switch(timed, True, RecoveryPeriodInDays=1)
    put(timed, "a", 1)
    before = position(timed)
    assert before is not None
    passed(timed, DAY + 10)
    put(timed, "a", 2)
    upkeep(timed)
    after = position(timed)
    assert after is not None
    assert after > before
    assert refused(timed, request(NOW + 5))[0] == "InvalidRestoreTimeException"
    restore(timed, NOW + 11)
    assert values(timed) == {"a": 1}
    switch(timed, False)
    upkeep(timed)
    assert position(timed) is None


def test_history_that_a_restore_asks_for_is_kept_though_its_table_is_gone(
    timed: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddbengine.engine.backup_copying.BackupCopy.__call__", lambda chore: None)
    put(timed, "a", 1)
    passed(timed, 5)
    put(timed, "a", 2)
    timed.call("RestoreTableToPointInTime", **request(NOW))
    timed.call("DeleteTable", TableName="table")
    upkeep(timed)
    assert position(timed) is not None
    monkeypatch.undo()
    timed.engine._housekeeper.ask("copying tables into backups")
    wait_until_active(timed)
    assert values(timed) == {"a": 1}
    upkeep(timed)
    assert position(timed) is None


# --- system backups ---------------------------------------------------------------------------------------------------


def listed(engine: Calls, **members: Any) -> list[dict[str, Any]]:
    summaries: list[dict[str, Any]] = engine.call("ListBackups", **members)["BackupSummaries"]
    return summaries


def test_a_table_deleted_with_recovery_on_leaves_a_backup_for_35_days(timed: Calls) -> None:
    put(timed, "a", 1)
    timed.call("DeleteTable", TableName="table")
    assert listed(timed) == []
    (summary,) = listed(timed, BackupType="SYSTEM")
    assert listed(timed, BackupType="ALL") == [summary]
    assert (summary["BackupName"], summary["BackupType"]) == ("table$DeletedTableBackup", "SYSTEM")
    assert summary["BackupArn"] == f"{TABLE_ARN}/backup/01790000000000-00000000"
    assert summary["BackupExpiryDateTime"] == NOW + 35 * DAY
    described = timed.call("DescribeBackup", BackupArn=summary["BackupArn"])["BackupDescription"]
    assert described["SourceTableFeatureDetails"] == {}
    timed.call("RestoreTableFromBackup", TargetTableName="restored", BackupArn=summary["BackupArn"])
    wait_until_active(timed)
    assert values(timed) == {"a": 1}
    assert timed.invalid("DeleteBackup", BackupArn=summary["BackupArn"]) == (
        "Invalid Request: User is not allowed to delete the system backup with arn "
        f"{summary['BackupArn']}. It will automatically expire on 2026-10-26T14:13:20Z"
    )
    passed(timed, 35 * DAY + 1)
    upkeep(timed)
    assert listed(timed, BackupType="ALL") == []


def test_a_table_deleted_without_recovery_leaves_none(timed: Calls) -> None:
    switch(timed, False)
    timed.call("DeleteTable", TableName="table")
    assert listed(timed, BackupType="ALL") == []


def test_two_tables_deleted_in_one_millisecond_leave_two_backups(timed: Calls) -> None:
    timed.call("DeleteTable", TableName="table")
    timed.create(table())
    switch(timed)
    timed.call("DeleteTable", TableName="table")
    assert len(listed(timed, BackupType="SYSTEM")) == 2


def test_nobody_sees_the_copy_that_a_restore_makes(timed: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddbengine.engine.backup_copying.BackupCopy.__call__", lambda chore: None)
    timed.call("RestoreTableToPointInTime", **request())
    assert listed(timed, BackupType="ALL") == []
    again = refused(timed, request())
    assert again == ("TableInUseException", "Table: restored is already being restored")
    monkeypatch.undo()
    timed.engine._housekeeper.ask("copying tables into backups")
    wait_until_active(timed)


def test_a_table_shown_as_deleting_has_no_history_any_more() -> None:
    engine = open_engine(None, clock=lambda: NOW, transient_seconds=5)
    timed = Calls(engine)
    try:
        timed.create(table())
        passed(timed, 6)
        switch(timed)
        timed.call("DeleteTable", TableName="table")
        assert timed.call("DescribeTable", TableName="table")["Table"]["TableStatus"] == "DELETING"
        assert refused(timed, request()) == ("TableNotFoundException", "Table not found: table")
        on = {"PointInTimeRecoveryEnabled": True}
        again = timed.refusal("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=on)
        assert (again.code, again.message) == ("TableNotFoundException", "Table not found: table")
        assert len(listed(timed, BackupType="SYSTEM")) == 1
        upkeep(timed)
        assert position(timed) is None
        check_database(engine)
    finally:
        engine.close()
