"""DeleteItem: removes an item; removing a missing one succeeds.  Order of checks: FACTS 3.5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine.engine.changes import ItemChange
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.item_write import (
    EXPRESSIONS,
    LEGACY,
    WriteRequest,
    check_condition,
    check_condition_paths,
    check_return_values,
    check_return_values_if_deep,
    outcome_of_write,
    read_condition_of_write,
    read_write_request,
    stored_item,
)
from ddbengine.engine.keys import lookup_key
from ddbengine.engine.values import SINGLE_WRITE
from ddbengine.expressions import check_mixing
from ddbengine.storage.store import Outcome, ReadTxn


@dataclass(slots=True)  # not frozen: each request makes one
class DeleteItem:
    write: WriteRequest
    key: dict[str, bytes]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        write = self.write
        schema = write.table(txn)
        key = lookup_key(schema, self.key)
        check_condition_paths(write, schema)
        old = stored_item(txn, key)
        check_condition(write, old)
        attributes = old if write.return_values == "ALL_OLD" else None
        partition = self.key[schema.partition.name]
        return outcome_of_write(write, schema, ItemChange(schema, key, old, None), partition, txn, attributes)


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> DeleteItem:
    if not request.keys().isdisjoint(LEGACY):
        SINGLE_WRITE.checked(check_mixing, request, LEGACY, EXPRESSIONS)
    check_return_values_if_deep(request)
    key = SINGLE_WRITE.attributes(request["Key"])
    check_return_values(request)
    condition = SINGLE_WRITE.checked(read_condition_of_write, request)
    return DeleteItem(read_write_request(surroundings, caller, request, condition), key)
