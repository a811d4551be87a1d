"""UpdateTable: one change of a table's settings or of its global indexes (FACTS 5.10).

An index that is created is filled from the table in the same transaction, and so complete when UpdateTable answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine import _core
from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.purge import garbage_of_index
from ddbengine.engine.tables import counter_of, described
from ddbengine.indexes.entries import entry_of
from ddbengine.schema.describe import describe_global_index
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.schema.transition import DELETING, Transition, merged, running_transition, with_transition
from ddbengine.schema.update import apply_table_changes, check_admitted, draft_of
from ddbengine.schema.update_indexes import apply_index_actions
from ddbengine.schema.update_request import check_update
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes

_ITEMS = b"I"
_COUNTERS = b"N"


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
        apply_table_changes(draft, self.request)
        number = catalogs.next_number(txn)
        apply_index_actions(draft, self.request, running, number, switched=_switched(old, draft.billing_mode))
        new = draft.finished()
        removed = () if draft.removed is None else (_deleting(old, draft.removed, txn, now),)
        transition = draft.transition(now + surroundings.transient_seconds, removed)
        changes = [catalogs.save(with_transition(new, self._kept(transition, running)))]
        if draft.created is not None:
            changes += [catalogs.taken_numbers(number, 1), filling(new, draft.created, txn)]
        if draft.removed is not None:
            changes.append(Writes(puts=[garbage_of_index(draft.removed)]))
        return Outcome(described(new, txn, now, merged(running, transition)), changes)

    def _kept(self, transition: Transition, running: Transition | None) -> Transition | None:
        """What later answers show."""
        if self.surroundings.transient_seconds > 0 and transition.takes_time():
            return merged(running, transition)
        return running


def _switched(old: TableSchema, billing_mode: str) -> bool:
    return bool(old.settings["BillingMode"] != billing_mode)


def _deleting(schema: TableSchema, index: IndexSchema, txn: ReadTxn, now: float) -> dict[str, Any]:
    return {**describe_global_index(schema, index, counter_of(txn), now), "IndexStatus": DELETING}


def filling(schema: TableSchema, index: IndexSchema, txn: ReadTxn) -> Writes:
    """Writes that give a new, empty index the entries of all items of its table."""
    writes, items, size = Writes(), 0, 0
    low, high = (_ITEMS + number.to_bytes(4, "big") for number in (schema.number, schema.number + 1))
    for _, item in txn.scan(low, high):
        entry = entry_of(schema, index, bytes(item))
        if entry is not None:
            writes.puts.append((entry.key, entry.value))
            items += 1
            size += _core.item_size(entry.value)
    writes.counters.append((_COUNTERS + index.number.to_bytes(4, "big"), (items, size)))
    return writes


def update_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    check_update(request)
    return UpdateTable(surroundings, surroundings.namespace(caller), request)
