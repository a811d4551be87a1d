"""CreateTable, DescribeTable, ListTables, DeleteTable and UpdateTable (FACTS 5.9, 5.10).

A table can be used as soon as CreateTable has answered, unless the engine was told to show transient statuses.  An
index that UpdateTable creates is filled from a small table in the same transaction, and so complete when it answers;
``engine.backfill`` has the rest of a large one.
"""

from __future__ import annotations

import math
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backfill import begin_filling
from ddbengine.engine.changes import COUNTERS
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.expiration import register_key
from ddbengine.engine.index_register import reregistered
from ddbengine.engine.index_waits import IndexesBehind
from ddbengine.engine.purge import deadline_of_table, garbage_of_index, garbage_of_table
from ddbengine.engine.system_backups import last_backup
from ddbengine.engine.table_streams import stream_changes, with_new_label
from ddbengine.errors import ResourceInUseException
from ddbengine.limits import LIST_TABLES_MAX_NAMES
from ddbengine.schema.admission import check_admitted, check_deletable
from ddbengine.schema.arns import table_arn
from ddbengine.schema.create import TableDefinition, TableIdentity, table_definition
from ddbengine.schema.describe import (
    Counter,
    billing_members,
    describe,
    describe_global_index,
    describe_vector_index,
    wire_time,
)
from ddbengine.schema.refusals import in_use
from ddbengine.schema.replica_updates import REPLICAS, refusal_of_replicas
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.schema.throughput import ON_DEMAND
from ddbengine.schema.transition import (
    CREATING,
    DELETING,
    UPDATING,
    Transition,
    merged,
    running_transition,
    with_transition,
)
from ddbengine.schema.update import apply_table_changes, draft_of
from ddbengine.schema.update_indexes import apply_index_actions
from ddbengine.schema.update_request import check_update
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes

_COUNTER = struct.Struct("<qq")
FILLING_TIMES = 3
"""How much longer an index added to a table is shown as being filled than its resources are as being allocated: so that
whoever looks every five seconds, as is usual, sees it."""


def counter_of(txn: ReadTxn) -> Counter:
    """Item counts and sizes in bytes as a transaction sees them (``N`` rows, see docs/design.md)."""

    def read(number: int) -> tuple[int, int]:
        row = txn.get(COUNTERS + number.to_bytes(4, "big"))
        if row is None:
            return 0, 0
        items, size = _COUNTER.unpack_from(row)
        return items, size

    return read


def described(
    schema: TableSchema, txn: ReadTxn, now: float, transition: Transition | None, member: str = "TableDescription"
) -> bytes:
    """A response body that holds the table's description."""
    description = describe(schema, counter_of(txn), now, transition)
    if schema.vector_indexes:
        description["TableSizeBytes"] -= saved_by_vectors(schema, txn)
    return orjson.dumps({member: description})


def saved_by_vectors(schema: TableSchema, txn: ReadTxn) -> int:
    """How many bytes less than by its numbers a table counts, since of each indexed vector an element counts as four
    bytes (FACTS 6.5)."""
    # Of the indexes on one attribute that counts which holds the most, as one without partitions does.
    by_coverage = sorted(schema.vector_indexes, key=lambda index: -len(index.partition))
    one_of_each = {index.vector.attribute: index for index in by_coverage if index.vector is not None}
    rows = (txn.get(COUNTERS + index.number.to_bytes(4, "big")) for index in one_of_each.values())
    return sum(struct.unpack("<3q", row)[2] for row in rows if row is not None)


@dataclass(frozen=True, slots=True)
class CreateTable:
    surroundings: Surroundings
    caller: Caller
    name: str
    definition: TableDefinition
    filled_under_id: str | None = None
    """The id of a table that is CREATING until whoever fills it says otherwise."""
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        namespace = surroundings.namespace(self.caller)
        self._check_free(txn, namespace, now)
        first = catalogs.next_number(txn)
        schema = self._partitioned(self.definition.schema(self._identity(namespace, now), first))
        schema = with_new_label(None, schema, txn, now)
        transition = _creation(schema, self.definition, now + surroundings.transient_seconds)
        shown: Transition | None = transition if surroundings.transient_seconds > 0 else None
        if self.filled_under_id is not None:
            shown = replace(transition, until=math.inf)
        stored = with_transition(schema, shown)
        numbers = catalogs.taken_numbers(first, self.definition.numbers_needed())
        changes = [numbers, catalogs.save(stored), *reregistered(None, schema, txn)]
        changes += stream_changes(None, schema, txn, now)
        return Outcome(described(schema, txn, now, transition), changes)

    def _partitioned(self, schema: TableSchema) -> TableSchema:
        cuts = self.surroundings.streams.first_cuts(schema)
        return replace(schema, settings={**schema.settings, "PartitionCuts": cuts}) if cuts else schema

    def _check_free(self, txn: ReadTxn, namespace: str, now: float) -> None:
        existing = self.surroundings.catalog.find(txn, namespace, self.name)
        if existing is None:
            return
        running = running_transition(existing, now)
        if running is not None and running.status == CREATING:
            raise in_use(f"Table is being created: {self.name}")
        raise ResourceInUseException(f"Table already exists: {self.name}")

    def _identity(self, namespace: str, now: float) -> TableIdentity:
        region, account_id = self.caller.region, self.surroundings.account_id
        arn = table_arn(region, account_id, self.name)
        table_id = self.filled_under_id or str(uuid.uuid4())
        return TableIdentity(self.name, namespace, arn, table_id, region, account_id, now)


def _creation(schema: TableSchema, definition: TableDefinition, until: float) -> Transition:
    """What CreateTable shows: no warm throughput that was not asked for, and no time of going on demand yet."""
    table: dict[str, Any] = {"WarmThroughput": None}
    if "WarmThroughput" in definition.request:
        table["WarmThroughput"] = {**schema.settings["WarmThroughput"], "Status": UPDATING}
    if definition.billing_mode == ON_DEMAND:
        table |= billing_members(ON_DEMAND, {})
    indexes = {index.name: {"IndexStatus": CREATING, "WarmThroughput": None} for index in schema.following_indexes}
    return Transition(CREATING, until, table, indexes)


def create_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    name = surroundings.catalog.plain_name(surroundings.namespace(caller), request["TableName"])
    return CreateTable(surroundings, caller, name, table_definition(request))


@dataclass(frozen=True, slots=True)
class DescribeTable:
    surroundings: Surroundings
    namespace: str
    name: str
    pending_lsn: int
    """See ``Surroundings``: the counts of global indexes are to be those of all that was written before."""
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.describe_table(txn, self.namespace, self.name)
        if self.pending_lsn and schema.following_indexes:
            raise IndexesBehind(self.pending_lsn)
        now = self.surroundings.clock()
        return Outcome(described(schema, txn, now, running_transition(schema, now), "Table"))


def describe_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DescribeTable(surroundings, surroundings.namespace(caller), request["TableName"], surroundings.pending_lsn())


@dataclass(frozen=True, slots=True)
class ListTables:
    surroundings: Surroundings
    namespace: str
    after: str
    limit: int
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        names = list(islice(self.surroundings.catalog.names(txn, self.namespace, self.after), self.limit + 1))
        members: dict[str, Any] = {"TableNames": names[: self.limit]}
        if len(names) > self.limit:
            members["LastEvaluatedTableName"] = names[self.limit - 1]
        return Outcome(orjson.dumps(members))


def list_tables(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    limit = request.get("Limit", LIST_TABLES_MAX_NAMES)
    return ListTables(surroundings, surroundings.namespace(caller), request.get("ExclusiveStartTableName", ""), limit)


@dataclass(frozen=True, slots=True)
class DeleteTable:
    """Takes the schema away, or marks it DELETING where that is to be seen; the purge takes the rest."""

    surroundings: Surroundings
    namespace: str
    name: str
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        schema = surroundings.catalog.describe_table(txn, self.namespace, self.name)
        check_deletable(schema, running_transition(schema, now))
        until = now + surroundings.transient_seconds
        indexes = {index.name: {"IndexStatus": DELETING} for index in schema.following_indexes}
        transition = Transition(DELETING, until, {}, indexes)
        gone = Writes(puts=[garbage_of_table(schema)])
        if schema.time_to_live is not None:
            gone.deletes.append(register_key(schema.time_to_live))
        kept, left = last_backup(schema, txn, now, counter_of(txn)(schema.number))
        if surroundings.transient_seconds > 0:
            gone.puts.append(deadline_of_table(schema, until))
            changes = [*kept, gone, catalogs.save(with_transition(left, transition))]
        else:
            changes = [*kept, gone, catalogs.remove(schema)]
        changes += reregistered(schema, None, txn)
        changes += stream_changes(schema, None, txn, now)
        return Outcome(described(schema, txn, now, transition), changes)


def delete_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DeleteTable(surroundings, surroundings.namespace(caller), request["TableName"])


@dataclass(frozen=True, slots=True)
class UpdateTable:
    surroundings: Surroundings
    namespace: str
    request: Mapping[str, Any]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        old = surroundings.catalog.describe_table(txn, self.namespace, self.request["TableName"])
        running = running_transition(old, now)
        check_admitted(old, running, self.request)
        draft = draft_of(old, now)
        if self.request.get(REPLICAS):
            raise refusal_of_replicas(self.request[REPLICAS], draft.region)
        apply_table_changes(draft, self.request)
        number = catalogs.next_number(txn)
        apply_index_actions(draft, self.request, running, number, switched=_switched(old, draft.billing_mode))
        new = with_new_label(old, draft.finished(), txn, now)
        removed = () if draft.removed is None else (_deleting(old, draft.removed, txn, now),)
        until = now + surroundings.transient_seconds
        filling_until = until + FILLING_TIMES * surroundings.transient_seconds
        transition = draft.transition(until, filling_until, removed)
        changes = reregistered(old, new, txn)
        if draft.created is not None:
            new, part = begin_filling(new, draft.created, txn)
            changes += [catalogs.taken_numbers(number, 1), part]
        later = replace(transition, table={**transition.table, **_shown_later(old, draft.billing_mode)})
        changes.append(catalogs.save(with_transition(new, self._kept(later, running))))
        if draft.removed is not None:
            changes.append(Writes(puts=[garbage_of_index(draft.removed)]))
        changes += stream_changes(old, new, txn, now)
        return Outcome(described(new, txn, now, merged(running, transition)), changes)

    def _kept(self, transition: Transition, running: Transition | None) -> Transition | None:
        """What later answers show."""
        if self.surroundings.transient_seconds > 0 and transition.takes_time():
            return merged(running, transition)
        return running


def _switched(old: TableSchema, billing_mode: str) -> bool:
    return bool(old.settings["BillingMode"] != billing_mode)


def _shown_later(old: TableSchema, billing_mode: str) -> dict[str, Any]:
    """What DescribeTable adds to the answer of UpdateTable while the billing mode is being switched: when the table
    was last switched to on demand before."""
    last = old.settings.get("LastUpdateToPayPerRequestDateTime")
    if last is None or not _switched(old, billing_mode):
        return {}
    return billing_members(billing_mode, {"LastUpdateToPayPerRequestDateTime": wire_time(last)})


def _deleting(schema: TableSchema, index: IndexSchema, txn: ReadTxn, now: float) -> dict[str, Any]:
    if index.vector is not None:
        return {**describe_vector_index(schema, index, counter_of(txn)), "IndexStatus": DELETING}
    return {**describe_global_index(schema, index, counter_of(txn), now), "IndexStatus": DELETING}


def update_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    check_update(request)
    return UpdateTable(surroundings, surroundings.namespace(caller), request)


def names_following_indexes(plan: Plan) -> bool:
    """Whether a plan that makes or changes a table may have to do with global or vector indexes."""
    if isinstance(plan, CreateTable):
        return bool({"GlobalSecondaryIndexes", "VectorIndexes"} & plan.definition.request.keys())
    return not isinstance(plan, UpdateTable) or bool(
        {"GlobalSecondaryIndexUpdates", "VectorIndexUpdates"} & plan.request.keys()
    )
