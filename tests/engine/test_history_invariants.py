"""The check of what point-in-time recovery keeps must name each kind of damage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ddbengine.engine.backup_rows import EXPIRING
from ddbengine.engine.history import FOLLOWER, RECOVERIES
from ddbengine.engine.opening import open_engine
from ddbengine.storage.store import Writes, position_key, position_put
from tests import tables
from tests.engine.calls import Calls
from tests.engine.damage import damage, keys, names
from tests.wire import S


@pytest.fixture
def calls() -> Iterator[Calls]:
    """A table whose history is kept, and the system backup of another one."""
    engine = open_engine(None)
    calls = Calls(engine)
    for name in ("music", "deleted"):
        calls.create(tables.table(name))
        on = {"PointInTimeRecoveryEnabled": True}
        calls.call("UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=on)
        calls.put(name, {"pk": S("a")})
    calls.call("DeleteTable", TableName="deleted")
    assert names(calls) == []
    yield calls
    engine.close()


def test_a_table_with_recovery_and_without_history_is_found(calls: Calls) -> None:
    damage(calls, Writes(deletes=keys(calls, RECOVERIES)))
    assert names(calls) == ["history-row-wrong"]


def test_history_of_no_table_is_found(calls: Calls) -> None:
    (key,) = keys(calls, RECOVERIES)
    with calls.engine.store.snapshot() as txn:
        row = txn.get(key)
        assert row is not None
        value = bytes(row)
    damage(calls, Writes(puts=[(RECOVERIES + b"\x00\x00\xff\xff", value)]))
    assert names(calls) == ["history-row-wrong"]


def test_history_that_cannot_be_read_is_found(calls: Calls) -> None:
    damage(calls, Writes(puts=[(keys(calls, RECOVERIES)[0], b"\xc1")]))
    assert names(calls) == ["catalog-row-unreadable"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_log_that_is_not_kept_is_found(calls: Calls, is_there: bool) -> None:
    further = Writes(puts=[position_put(FOLLOWER, 1 << 40)])
    damage(calls, further if is_there else Writes(deletes=[position_key(FOLLOWER)]))
    assert names(calls) == ["history-row-wrong"]


def test_a_system_backup_that_would_never_expire_is_found(calls: Calls) -> None:
    damage(calls, Writes(deletes=keys(calls, EXPIRING)))
    assert names(calls) == ["history-row-wrong"]


def test_an_expiry_of_no_backup_is_found(calls: Calls) -> None:
    (key,) = keys(calls, EXPIRING)
    damage(calls, Writes(puts=[(key + b"0", b"")]))
    assert names(calls) == ["history-row-wrong"]
