"""The part of the test of everything that makes backups of its table and restores others from them, part by part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ddbengine.engine import backup_copying, restoring
from ddbengine.engine.backup_copying import CopyingPart
from ddbengine.engine.backup_rows import copyings, restorings
from ddbengine.engine.restoring import RestoringPart
from ddbengine.errors import BackupInUseException
from tests.engine.streaming import Streaming
from tests.wire import Item

PARTS = st.integers(1, 3)
PLACES = st.integers(0, 3)
MOST_RESTORED = 3

Table = tuple[list[Item], frozenset[str]]
"""The items of a table, and the names of its global and vector indexes."""


class BackedUp(RuleBasedStateMachine):
    """Of the table in ``calls``, whose content ``as_it_is`` tells."""

    calls: Streaming
    as_it_is: Callable[[], Table]

    def begin_backups(self) -> None:
        self.first_parts = backup_copying.FIRST_MAX_ITEMS, restoring.FIRST_MAX_ITEMS
        backup_copying.FIRST_MAX_ITEMS = restoring.FIRST_MAX_ITEMS = 1
        self.forget_backups()

    def end_backups(self) -> None:
        backup_copying.FIRST_MAX_ITEMS, restoring.FIRST_MAX_ITEMS = self.first_parts

    def forget_backups(self) -> None:
        self.kept: dict[str, Table] = {}
        """By ARN of a backup."""
        self.restored: dict[str, Table] = {}
        """By name of a table."""

    @rule()
    def back_up(self) -> None:
        answer = self.calls.call("CreateBackup", TableName="table", BackupName="kept")
        self.kept[answer["BackupDetails"]["BackupArn"]] = self.as_it_is()

    @rule(most=PARTS)
    def copy(self, most: int) -> None:
        engine = self.calls.engine
        for number in self._under_way()[0]:
            engine.submit(CopyingPart(engine.surroundings.catalog, number, most)).result()

    @precondition(lambda self: bool(getattr(self, "kept", None)) and len(self.restored) < MOST_RESTORED)
    @rule(place=PLACES)
    def restore(self, place: int) -> None:
        arn, name = self._backup_at(place), f"restored-{len(self.restored)}"
        error = self.calls.error("RestoreTableFromBackup", TargetTableName=name, BackupArn=arn)
        if error is None:
            self.restored[name] = self.kept[arn]
        else:
            assert isinstance(error, BackupInUseException)
            assert any(self._under_way())

    @rule(most=PARTS)
    def restore_further(self, most: int) -> None:
        engine = self.calls.engine
        for number in self._under_way()[1]:
            engine.submit(RestoringPart(engine.surroundings.catalog, engine.clock, number, most)).result()

    @precondition(lambda self: bool(getattr(self, "kept", None)))
    @rule(place=PLACES)
    def delete_backup(self, place: int) -> None:
        arn = self._backup_at(place)
        error = self.calls.error("DeleteBackup", BackupArn=arn)
        if error is None:
            del self.kept[arn]
        else:
            assert isinstance(error, BackupInUseException)
            assert any(self._under_way())

    def _backup_at(self, place: int) -> str:
        return list(self.kept)[place % len(self.kept)]

    def _under_way(self) -> tuple[list[int], list[int]]:
        with self.calls.engine.store.snapshot() as txn:
            return list(copyings(txn)), list(restorings(txn))

    def finish_backups(self) -> None:
        while any(self._under_way()):
            self.copy(3)
            self.restore_further(3)

    def compare_restored(self, compare_indexes: Callable[[str, Table], None]) -> None:
        """When everything has come to rest; ``compare_indexes`` is given each table restored, and what it should be."""
        listed = self.calls.call("ListBackups")["BackupSummaries"]
        assert {summary["BackupArn"] for summary in listed} == set(self.kept)
        for name, (items, indexes) in self.restored.items():
            found = self.calls.items("Scan", TableName=name, ConsistentRead=True)
            assert ordered(found) == ordered(items)
            compare_indexes(name, (items, indexes))


def ordered(items: list[Any]) -> list[str]:
    return sorted(orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode() for item in items)
