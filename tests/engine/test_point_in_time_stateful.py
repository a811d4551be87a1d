"""Random writes to a table with point-in-time recovery, and tables restored from it to random seconds.

Strategy: few keys and a clock that mostly stands still, so that many changes fall into one second, change an item again
and again, and come before and behind whatever a restore has come to; transactions; several plans in one commit group;
expired items; restores begun at any time and carried on a few records at a time beside the writes; recovery switched
off, and the table deleted and made anew, under restores; history cut off at a period of a day; the store closed and
opened again.  Steps are plans run by hand on a store without fsync: nothing happens in the background.

Invariants: after every step the whole-database check holds; a table that is restored has, when it is complete, exactly
the items that the table had at the end of the second asked for, in its index as well; a system backup those that the
table had when it was deleted.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import orjson
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ddbengine import _core
from ddbengine.engine import backup_copying
from ddbengine.engine.backup_copying import CopyingPart
from ddbengine.engine.backup_rows import SYSTEM, backups_after, copyings, items_prefix, restorings
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import writes_of
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.expiration import Expiration
from ddbengine.engine.history_upkeep import HistoryUpkeep
from ddbengine.engine.invariants import broken_invariants
from ddbengine.engine.keys import after
from ddbengine.engine.operations import OPERATIONS
from ddbengine.engine.purge import MORE, purge_plan
from ddbengine.engine.restoring import RestoringPart
from ddbengine.engine.undoing import next_undoing
from ddbengine.errors import InvalidRestoreTimeException
from ddbengine.storage.committer import InlineCommitter
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import ReadTxn
from tests import tables
from tests.wire import Item, N, S

CALLER = Caller("key", "us-east-1")
START = 1_790_000_000
SORTS = st.integers(0, 7)
WRITES = st.tuples(SORTS, st.sampled_from([None, "a", "b"]), st.sampled_from([0, 1, 700, None]))
"""Sort key, key of the indexes, bytes of filler; None of the latter deletes."""
PARTS = st.integers(1, 3)
INDEXES: dict[str, Any] = {"local": [tables.local_index("by-x", "x")]}
DAY = 86_400
Items = dict[int, Item]


class PointInTime(RuleBasedStateMachine):
    replicas = 1

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.first = backup_copying.FIRST_MAX_ITEMS
        backup_copying.FIRST_MAX_ITEMS = 1
        self.now = START + 0.25
        self.items: Items | None = None
        self.since: int | None = None
        self.history: dict[int, Items] = {}
        """The items at the end of each second in which there was a step, since recovery was switched on."""
        self.restored: dict[str, Items] = {}
        self.deleted: list[Items] = []
        self.open()

    def open(self) -> None:
        path = self.path / "store" if self.replicas else None
        self.store = LmdbStore(writes_of, path, replicas=self.replicas or 1, durability="none", clock=lambda: self.now)
        self.catalog = Catalog(lambda: self.now)
        self.surroundings = Surroundings(self.catalog, lambda: self.now, True, 0.0)
        self.upkeep = HistoryUpkeep(self.store, lambda: self.now, lambda: None)
        self.expiration = Expiration(self.store, self.catalog, lambda: self.now, 1.0, self.store.submit)

    def teardown(self) -> None:
        try:
            while self.copying() or self.restoring():
                self.go_on(3)
            self.check()
            assert all(self.status(name) == "ACTIVE" for name in self.restored)
        finally:
            backup_copying.FIRST_MAX_ITEMS = self.first
            self.store.close()
            shutil.rmtree(self.path)

    def plan(self, operation: str, **request: Any) -> Any:
        return OPERATIONS[operation](self.surroundings, CALLER, request)

    def call(self, operation: str, **request: Any) -> Any:
        plan = self.plan(operation, **request)
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

    def status(self, name: str) -> str:
        status: str = self.call("DescribeTable", TableName=name)["Table"]["TableStatus"]
        return status

    # the table

    @initialize(sorts=st.sets(SORTS, min_size=3))
    def fill_the_table(self, sorts: set[int]) -> None:
        self.make_table()
        for sort in sorts:
            self.write_one(sort, "a", 0)
        self.switch_on()

    def make_table(self) -> None:
        self.call("CreateTable", **tables.table(sort="N", **INDEXES))
        ttl = {"Enabled": True, "AttributeName": "expires"}
        self.call("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=ttl)
        self.items = {}

    def known(self) -> Items:
        if self.items is None:
            self.make_table()
        assert self.items is not None
        return self.items

    def remember(self) -> None:
        if self.items is not None and self.since is not None:
            self.history[int(self.now)] = dict(self.items)

    @rule(steps=st.lists(WRITES, min_size=1, max_size=4))
    def write(self, steps: list[tuple[int, str | None, int | None]]) -> None:
        for step in steps:
            self.write_one(*step)

    def write_one(self, sort: int, x: str | None, size: int | None) -> None:
        items = self.known()
        operation, member = self.action(sort, x, size)
        self.call(operation, TableName="table", **member)
        self.apply(items, sort, x, size)
        self.remember()

    @staticmethod
    def action(sort: int, x: str | None, size: int | None) -> tuple[str, dict[str, Any]]:
        if size is None:
            return "DeleteItem", {"Key": {"pk": S("p"), "sk": N(sort)}}
        return "PutItem", {"Item": PointInTime.item(sort, x, size)}

    @staticmethod
    def item(sort: int, x: str | None, size: int) -> Item:
        return {"pk": S("p"), "sk": N(sort), "filler": S("y" * size), **({} if x is None else {"x": S(x)})}

    @staticmethod
    def apply(items: Items, sort: int, x: str | None, size: int | None) -> None:
        if size is None:
            items.pop(sort, None)
        else:
            items[sort] = PointInTime.item(sort, x, size)

    @rule(steps=st.lists(WRITES, min_size=2, max_size=5, unique_by=lambda step: step[0]))
    def transact(self, steps: list[tuple[int, str | None, int | None]]) -> None:
        items = self.known()
        actions = []
        for step in steps:
            operation, member = self.action(*step)
            actions.append({operation.removesuffix("Item"): {"TableName": "table", **member}})
        self.call("TransactWriteItems", TransactItems=actions)
        for step in steps:
            self.apply(items, *step)
        self.remember()

    @rule(steps=st.lists(WRITES, min_size=2, max_size=5), place=st.integers(0, 4), back=st.integers(0, 2))
    def write_in_one_group_with_a_restore(
        self, steps: list[tuple[int, str | None, int | None]], place: int, back: int
    ) -> None:
        """To the second that runs, of which what is before the restore in its group is a part, or to an earlier one."""
        items = self.known()
        plans: list[Any] = []
        name = f"restored-{len(self.restored)}"
        for number, step in enumerate(steps):
            if number == place and self.since is not None:
                self.remember()
                earliest = max(self.since, int(self.now) - DAY)
                second = [at for at in sorted(self.history) if at >= earliest][-1 - back :][0]
                self.restored[name] = dict(self.history[second])
                request = {"SourceTableName": "table", "TargetTableName": name, "RestoreDateTime": second}
                plans.append(self.plan("RestoreTableToPointInTime", **request))
            operation, member = self.action(*step)
            plans.append(self.plan(operation, TableName="table", **member))
            self.apply(items, *step)
        committer = self.store._committer
        assert isinstance(committer, InlineCommitter)
        results = committer._run(plans)  # as if they had all waited for one fsync
        assert not [result for result in results if isinstance(result, Exception)]
        self.remember()

    @precondition(lambda self: self.items is not None)
    @rule(sort=SORTS)
    def expire(self, sort: int) -> None:
        items = self.known()
        item = {**self.item(sort, "a", 1), "expires": N(int(self.now) - 5)}
        self.call("PutItem", TableName="table", Item=item)
        items[sort] = item
        self.remember()
        self.pass_time(1)
        self.expiration()
        del items[sort]
        self.remember()

    @rule(seconds=st.sampled_from([0.3, 1, 7]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.remember()

    @rule()
    def pass_much_time(self) -> None:
        self.pass_time(DAY - 3)

    @precondition(lambda self: self.items is not None)
    @rule()
    def delete_the_table(self) -> None:
        if self.since is not None:
            self.deleted.append(self.known())
        self.call("DeleteTable", TableName="table")
        self.items, self.since = None, None
        self.history.clear()

    @rule()
    def purge_everything(self) -> None:
        while self.store.submit(purge_plan(lambda: self.now)).result().body == MORE:
            pass

    @precondition(lambda self: self.replicas)
    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.open()

    # recovery

    @rule()
    def switch_on(self) -> None:
        self.known()
        specification = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 1}
        self.call("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=specification)
        if self.since is None:
            self.since = int(self.now)
        self.remember()

    @precondition(lambda self: self.since is not None)
    @rule()
    def switch_off(self) -> None:
        specification = {"PointInTimeRecoveryEnabled": False}
        self.call("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=specification)
        self.since = None
        self.history.clear()

    @rule()
    def cut_history(self) -> None:
        while self.upkeep() == 0.0:
            pass

    @precondition(lambda self: self.since is not None)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        assert self.since is not None
        seconds = sorted(self.history)
        second = data.draw(st.sampled_from([*seconds, *(second + 1 for second in seconds), self.since - 1]))
        name = f"restored-{len(self.restored)}"
        earliest = max(self.since, int(self.now) - DAY)
        request = {"SourceTableName": "table", "TargetTableName": name, "RestoreDateTime": second + 0.5}
        try:
            self.call("RestoreTableToPointInTime", **request)
        except InvalidRestoreTimeException:
            assert not earliest <= second <= int(self.now)
        else:
            assert earliest <= second <= int(self.now)
            known = [at for at in seconds if at <= second]
            self.restored[name] = dict(self.history[known[-1]])

    @rule(most=PARTS)
    def go_on(self, most: int) -> None:
        for number in self.copying():
            with self.store.snapshot() as txn:
                copying = copyings(txn)[number]
                plan: Any = CopyingPart(self.catalog, number, most)
                if copying.is_undoing:
                    plan = next_undoing(txn, number, copying, most)
            self.store.submit(plan).result()
        for number in self.restoring():
            self.store.submit(RestoringPart(self.catalog, lambda: self.now, number, most)).result()

    # what holds

    @invariant()
    def check(self) -> None:
        with self.store.snapshot() as txn:
            problems = [f"{finding.place}: {finding.key}: {finding.detail}" for finding in broken_invariants(txn)]
            assert not problems, "\n".join(problems)
            self.compare_system_backups(txn)
        for name, expected in self.restored.items():
            if self.status(name) == "ACTIVE":
                assert self.by_sort(self.call("Scan", TableName=name)["Items"]) == expected
                indexed = self.by_sort(self.call("Scan", TableName=name, IndexName="by-x")["Items"])
                assert indexed.keys() == {sort for sort, item in expected.items() if "x" in item}

    @staticmethod
    def by_sort(items: list[Item]) -> Items:
        return {int(item["sk"]["N"]): item for item in items}

    def compare_system_backups(self, txn: ReadTxn) -> None:
        found = [backup for backup in backups_after(txn, "") if backup.type == SYSTEM]
        kept = self.deleted[len(self.deleted) - len(found) :]
        assert [backup.expires for backup in found] == sorted(backup.expires or 0 for backup in found)
        for backup, expected in zip(found, kept, strict=True):
            if not backup.is_copying:
                prefix = items_prefix(backup.number)
                rows = [orjson.loads(_core.item_to_wire(bytes(row))) for _, row in txn.scan(prefix, after(prefix))]
                assert self.by_sort(rows) == expected


class PointInTimeOfThree(PointInTime):
    """The same with three replicas."""

    replicas = 3


class PointInTimeInMemory(PointInTime):
    """The same in memory, where nothing is opened again."""

    replicas = 0


TestPointInTime = PointInTime.TestCase
TestPointInTime.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)

TestPointInTimeOfThree = PointInTimeOfThree.TestCase
TestPointInTimeOfThree.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)

TestPointInTimeInMemory = PointInTimeInMemory.TestCase
TestPointInTimeInMemory.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
