"""PutItem: replaces a whole item.  Order of checks: FACTS 3.5."""

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
from ddbengine.engine.keys import check_index_keys, key_of_new_item
from ddbengine.engine.values import SINGLE_WRITE
from ddbengine.errors import ValidationException
from ddbengine.expressions import check_mixing
from ddbengine.limits import ITEM_MAX_BYTES
from ddbengine.storage.store import Outcome, ReadTxn

_LEGACY = frozenset(LEGACY)
_ITEM_TOO_LARGE = "Item size has exceeded the maximum allowed size"


def check_item_size(size: int) -> None:
    """Refuse an item that is put and has more bytes than an item may have."""
    if size > ITEM_MAX_BYTES:
        raise ValidationException(_ITEM_TOO_LARGE)


@dataclass(slots=True)  # not frozen: each request makes one
class PutItem:
    write: WriteRequest
    item: bytes
    size: int
    """Of the item, in bytes (FACTS 2.6)."""
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        write, item = self.write, self.item
        schema = write.table(txn)
        check_item_size(self.size)
        key = key_of_new_item(schema, item)
        check_index_keys(schema, item)
        check_condition_paths(write, schema)
        old = stored_item(txn, key)
        check_condition(write, old)
        change = ItemChange(schema, key, old, item)
        attributes = old if write.return_values == "ALL_OLD" else None
        return outcome_of_write(write, schema, change, None, txn, attributes)


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> PutItem:
    if not _LEGACY.isdisjoint(request):
        SINGLE_WRITE.checked(check_mixing, request, LEGACY, EXPRESSIONS)
    check_return_values_if_deep(request)
    item, size = SINGLE_WRITE.item(request["Item"])
    check_return_values(request)
    condition = SINGLE_WRITE.checked(read_condition_of_write, request)
    return PutItem(read_write_request(surroundings, caller, request, condition), item, size)


def plain_put(surroundings: Surroundings, namespace: str, table_name: str, item: bytes, size: int) -> PutItem:
    """The plan of a request for nothing else than to put this encoded item, of this size."""
    return PutItem(WriteRequest(surroundings, namespace, table_name, None, "NONE", False, None, False), item, size)
