"""Random writes to a table while backups of it are made and tables restored from them, all in parts of a few items.

Strategy: few keys, so that items change, go and come again before and behind the copy; several backups at once, each at
a place of its own; the table deleted, purged and made anew meanwhile; the store closed and opened again.  Steps are
plans run by hand on a store on disk without fsync: nothing happens in the background.

Invariants: after every step the whole-database check holds; a backup that is complete holds exactly the items that its
table had when CreateBackup answered; so does a table restored from it, when that is complete.  Not covered: plans that
share a commit group, which the store runs one after another anyway.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ddbengine import _core
from ddbengine.engine import backup_copying, restoring
from ddbengine.engine.backup_copying import CopyingPart
from ddbengine.engine.backup_rows import Backup, backups_after, copyings, items_prefix, restorings
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import writes_of
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.invariants import broken_invariants
from ddbengine.engine.keys import after
from ddbengine.engine.operations import OPERATIONS
from ddbengine.engine.purge import MORE, purge_plan
from ddbengine.engine.restoring import RestoringPart
from ddbengine.errors import BackupInUseException, BackupNotFoundException
from ddbengine.storage.lmdb_store import LmdbStore
from tests import tables
from tests.wire import Item, N, S

CALLER = Caller("key", "us-east-1")
SORTS = st.integers(0, 9)
WRITES = st.tuples(SORTS, st.sampled_from([None, "a", "b"]), st.sampled_from([0, 1, 700, None]))
"""Sort key, key of the indexes, bytes of filler; None of the latter deletes."""
PARTS = st.integers(1, 3)
PLACES = st.integers(0, 9)
INDEXES: dict[str, Any] = {
    "local": [tables.local_index("by-x", "x")],
    "global_": [tables.global_index("by-g", "x", (), tables.KEYS_ONLY)],
}


class Backups(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.first = backup_copying.FIRST_MAX_ITEMS, restoring.FIRST_MAX_ITEMS
        backup_copying.FIRST_MAX_ITEMS = restoring.FIRST_MAX_ITEMS = 1
        self.items: dict[int, Item] | None = None
        self.kept: dict[str, dict[int, Item]] = {}
        """Of each backup there is, the items at the time."""
        self.restored: dict[str, dict[int, Item]] = {}
        self.open()

    def open(self) -> None:
        self.store = LmdbStore(writes_of, self.path / "store", replicas=1, durability="none")
        self.catalog = Catalog()
        self.surroundings = Surroundings(self.catalog, lambda: 1e9, True, 0.0)

    def teardown(self) -> None:
        try:
            while self.copying() or self.restoring():
                self.copy(3)
                self.restore_further(3)
            self.check()
        finally:
            backup_copying.FIRST_MAX_ITEMS, restoring.FIRST_MAX_ITEMS = self.first
            self.store.close()
            shutil.rmtree(self.path)

    def call(self, operation: str, **request: Any) -> Any:
        plan = OPERATIONS[operation](self.surroundings, CALLER, request)
        if plan.writes:
            body = self.store.submit(plan).result().body
        else:
            with self.store.snapshot() as txn:
                body = plan.run(txn).body
        return orjson.loads(body) if body else None

    def copying(self) -> list[int]:
        with self.store.snapshot() as txn:
            return list(copyings(txn))

    def restoring(self) -> list[int]:
        with self.store.snapshot() as txn:
            return list(restorings(txn))

    # the table

    @initialize(sorts=st.sets(SORTS, min_size=4))
    def fill_the_table(self, sorts: set[int]) -> None:
        self.make_or_delete_table()
        for sort in sorts:
            self.put(sort, "a", 0)

    @rule(steps=st.lists(WRITES, min_size=1, max_size=4))
    def write(self, steps: list[tuple[int, str | None, int | None]]) -> None:
        if self.items is None:
            self.make_or_delete_table()
        for sort, x, size in steps:
            if size is None:
                self.delete(sort)
            else:
                self.put(sort, x, size)

    @rule()
    def make_or_delete_table(self) -> None:
        if self.items is None:
            self.call("CreateTable", **tables.table(sort="N", **INDEXES))
            self.items = {}
        elif not self.filling():
            self.call("DeleteTable", TableName="table")
            self.items = None

    def filling(self) -> bool:
        with self.store.snapshot() as txn:
            schema = self.catalog.find(txn, "", "table")
            return schema is not None and any(index.is_filling for index in schema.global_indexes)

    def put(self, sort: int, x: str | None, size: int) -> None:
        item = {"pk": S("p"), "sk": N(sort), "filler": S("y" * size), **({} if x is None else {"x": S(x)})}
        self.call("PutItem", TableName="table", Item=item)
        assert self.items is not None
        self.items[sort] = item

    def delete(self, sort: int) -> None:
        self.call("DeleteItem", TableName="table", Key={"pk": S("p"), "sk": N(sort)})
        assert self.items is not None
        self.items.pop(sort, None)

    @precondition(lambda self: self.items is not None)
    @rule()
    def change_the_table(self) -> None:
        protected = self.call("DescribeTable", TableName="table")["Table"]["DeletionProtectionEnabled"]
        assert not protected
        for enabled in (True, False):
            self.call("UpdateTable", TableName="table", DeletionProtectionEnabled=enabled)

    @rule(keys=st.integers(1, 5))
    def purge(self, keys: int) -> None:
        self.store.submit(purge_plan(lambda: 1e9, keys)).result()

    @rule()
    def purge_everything(self) -> None:
        while self.store.submit(purge_plan(lambda: 1e9)).result().body == MORE:
            pass

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.open()

    # backups

    @precondition(lambda self: self.items is not None)
    @rule()
    def back_up(self) -> None:
        details = self.call("CreateBackup", TableName="table", BackupName="name")["BackupDetails"]
        arn: str = details["BackupArn"]
        assert self.items is not None
        self.kept[arn] = dict(self.items)

    @rule(most=PARTS)
    def copy(self, most: int) -> None:
        for number in self.copying():
            self.store.submit(CopyingPart(self.catalog, number, most)).result()

    @rule(most=PARTS)
    def restore_further(self, most: int) -> None:
        for number in self.restoring():
            self.store.submit(RestoringPart(self.catalog, lambda: 1e9, number, most)).result()

    @precondition(lambda self: self.kept)
    @rule(place=PLACES)
    def restore(self, place: int) -> None:
        arn = self.backup_at(place)
        name = f"restored-{len(self.restored)}"
        try:
            self.call("RestoreTableFromBackup", TargetTableName=name, BackupArn=arn)
        except BackupInUseException:
            assert self.copying() or self.restoring()
        else:
            self.restored[name] = self.kept[arn]

    @precondition(lambda self: self.kept)
    @rule(place=PLACES)
    def delete_backup(self, place: int) -> None:
        arn = self.backup_at(place)
        try:
            self.call("DeleteBackup", BackupArn=arn)
        except BackupInUseException:
            assert self.copying() or self.restoring()
        else:
            del self.kept[arn]
            with pytest.raises(BackupNotFoundException):
                self.call("DescribeBackup", BackupArn=arn)

    def backup_at(self, place: int) -> str:
        arns = list(self.kept)
        return arns[place % len(arns)]

    # what holds

    @invariant()
    def check(self) -> None:
        with self.store.snapshot() as txn:
            problems = [f"{finding.place}: {finding.key}: {finding.detail}" for finding in broken_invariants(txn)]
            assert not problems, "\n".join(problems)
            stored = list(backups_after(txn, ""))
            assert {backup.id for backup in stored} == {arn.rpartition("/")[2] for arn in self.kept}
            for backup in stored:
                if not backup.is_copying:
                    expected = self.kept[f"{backup.schema.arn}/backup/{backup.id}"]
                    assert self.items_of(backup, txn) == expected
                    assert backup.items == len(expected)
        self.compare_restored()

    @staticmethod
    def items_of(backup: Backup, txn: Any) -> dict[int, Item]:
        prefix = items_prefix(backup.number)
        rows = [orjson.loads(_core.item_to_wire(bytes(row))) for _, row in txn.scan(prefix, after(prefix))]
        return {int(item["sk"]["N"]): item for item in rows}

    def compare_restored(self) -> None:
        for name, expected in self.restored.items():
            description = self.call("DescribeTable", TableName=name)["Table"]
            if description["TableStatus"] == "ACTIVE":
                items = self.call("Scan", TableName=name)["Items"]
                assert {int(item["sk"]["N"]): item for item in items} == expected
                assert "RestoreSummary" not in description
            else:
                assert description["RestoreSummary"]["RestoreInProgress"] is True


TestBackups = Backups.TestCase
TestBackups.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
