"""The check of backups must name each kind of damage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ddbengine.engine import backup_copying, restoring
from ddbengine.engine.backup_copying import BackupCopy
from ddbengine.engine.backup_rows import BACKUP_ITEMS, BACKUPS, COPYING, RESTORING, read_backup
from ddbengine.engine.catalog import TABLES
from ddbengine.engine.opening import open_engine
from ddbengine.engine.restoring import Restoration
from ddbengine.storage.store import Writes
from tests import tables
from tests.engine.calls import Calls
from tests.engine.damage import damage, keys, names
from tests.wire import S


@pytest.fixture
def calls() -> Iterator[Calls]:
    """A table of two items."""
    engine = open_engine(None)
    calls = Calls(engine)
    calls.create(tables.table("music"))
    calls.put("music", {"pk": S("a")}, {"pk": S("b")})
    yield calls
    engine.close()


@pytest.fixture
def complete(calls: Calls) -> Calls:
    back_up(calls)
    assert names(calls) == []
    return calls


@pytest.fixture
def copied(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """A backup that is being made, and gets no further."""
    monkeypatch.setattr(backup_copying, "FIRST_MAX_ITEMS", 1)
    monkeypatch.setattr(BackupCopy, "__call__", lambda chore: None)
    back_up(calls)
    assert names(calls) == []
    return calls


@pytest.fixture
def restored(complete: Calls, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """A table that is being restored, and gets no further."""
    monkeypatch.setattr(restoring, "FIRST_MAX_ITEMS", 1)
    monkeypatch.setattr(Restoration, "__call__", lambda chore: None)
    (summary,) = complete.call("ListBackups")["BackupSummaries"]
    complete.call("RestoreTableFromBackup", TargetTableName="restored", BackupArn=summary["BackupArn"])
    assert names(complete) == []
    return complete


def back_up(calls: Calls) -> None:
    calls.call("CreateBackup", TableName="music", BackupName="kept")


def row(calls: Calls, key: bytes) -> bytes:
    with calls.engine.store.snapshot() as txn:
        found = txn.get(key)
        assert found is not None
        return bytes(found)


def test_an_item_missing_from_a_backup_is_found(complete: Calls) -> None:
    damage(complete, Writes(deletes=keys(complete, BACKUP_ITEMS)[:1]))
    assert names(complete) == ["counter-wrong"]


def test_an_item_of_a_backup_under_another_key_is_found(complete: Calls) -> None:
    first, second = keys(complete, BACKUP_ITEMS)
    damage(complete, Writes(puts=[(first, row(complete, second))]))
    assert names(complete) == ["item-misplaced"]


def test_an_item_of_a_backup_that_cannot_be_read_is_found(complete: Calls) -> None:
    damage(complete, Writes(puts=[(keys(complete, BACKUP_ITEMS)[0], b"\xff\xff")]))
    assert names(complete) == ["item-unreadable", "counter-wrong"]


def test_items_of_no_backup_and_a_backup_that_cannot_be_read_are_found(complete: Calls) -> None:
    (backup,) = keys(complete, BACKUPS)
    damage(complete, Writes(deletes=[backup]))
    assert names(complete) == ["rows-of-no-table"]
    damage(complete, Writes(puts=[(backup, b"\xc1")]))
    assert "catalog-row-unreadable" in names(complete)


def test_a_backup_with_the_number_of_a_table_is_found(complete: Calls) -> None:
    (key,) = keys(complete, BACKUPS)
    backup = read_backup(key, row(complete, key))
    damage(complete, Writes(puts=[backup._replace(number=1).put()]))
    assert "number-used-twice" in names(complete)


def test_a_backup_that_nobody_goes_on_with_is_found(copied: Calls) -> None:
    damage(copied, Writes(deletes=keys(copied, COPYING)))
    assert names(copied) == ["backup-row-wrong", "backup-row-wrong"]


def test_a_copy_that_its_table_does_not_know_of_is_found(copied: Calls) -> None:
    (key,) = keys(copied, TABLES)
    damage(copied, Writes(puts=[(key, row(copied, key).replace(b"Copies", b"Copied"))]))
    assert names(copied) == ["backup-row-wrong"]


def test_what_is_copied_or_restored_and_cannot_be_read_is_found(copied: Calls) -> None:
    damage(copied, Writes(puts=[(keys(copied, COPYING)[0], b"\xc1")]))
    assert "catalog-row-unreadable" in names(copied)


def test_a_restore_without_its_table_or_backup_is_found(restored: Calls) -> None:
    (key,) = keys(restored, RESTORING)
    value = row(restored, key)
    damage(restored, Writes(deletes=[key], puts=[(RESTORING + b"\x00\x00\xff\xff", value)]))
    assert names(restored) == ["backup-row-wrong", "job-row-wrong"]  # nobody fills the table any more
    damage(restored, Writes(deletes=keys(restored, BACKUPS)))
    assert names(restored).count("backup-row-wrong") == 2
