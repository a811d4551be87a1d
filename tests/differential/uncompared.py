"""Members of successful answers that cannot be compared: a clock decides them, or the emulator has them wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.differential.peers import Request
from tests.differential.tables import TABLES

Body = dict[str, Any]

_HALVES = frozenset(table.name for table in TABLES if any(i.is_global and i.sort for i in table.indexes))
"""Tables with an index of two attributes, either of which an item may lack."""
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")

ANYWHERE = frozenset(
    (
        *("CreationDateTime", "LastIncreaseDateTime", "LastDecreaseDateTime", "LastUpdateToPayPerRequestDateTime"),
        *("TableArn", "IndexArn"),  # another account and region
        *("TableStatus", "IndexStatus"),  # the emulator says ACTIVE from the first
        *("TableId", "TableThroughputModeSummary", "WarmThroughput", "NumberOfDecreasesToday"),  # not known to it
        *("LatestStreamArn", "LatestStreamLabel"),  # a clock and the region
        "Backfilling",  # how far an index that was just made has got
        "IndexSizeBytes",  # the emulator counts what the index does not hold
    )
)
"""Members of a table's description (FACTS 7.2), wherever they stand."""


@dataclass(frozen=True, slots=True)
class Uncompared:
    """A member of the body that is left out where ``applies`` says so of the request, the emulator's body and ours."""

    section: str
    reason: str
    member: str
    applies: Callable[[Request, Body, Body], bool]


def without_uncompared(request: Request, emulator: Body, ours: Body) -> tuple[Body, Body]:
    """Both bodies without what cannot be compared in answers to this request."""
    members = {entry.member for entry in UNCOMPARED if entry.applies(request, emulator, ours)}
    kept = [{name: value for name, value in body.items() if name not in members} for body in (emulator, ours)]
    if request.operation == "TransactGetItems" and "Responses" in emulator:
        # The emulator shows an item of which the projection takes nothing, the service leaves it out (FACTS 5.8).
        kept[0]["Responses"] = [{} if got == {"Item": {}} else got for got in emulator["Responses"]]
    return kept[0], kept[1]


def _deletes_unasked(request: Request, _emulator: Body, _ours: Body) -> bool:
    return request.operation == "DeleteItem" and request.input.get("ReturnConsumedCapacity", "NONE") == "NONE"


def _deletes_in_a_batch(request: Request, _emulator: Body, _ours: Body) -> bool:
    tables = request.input.get("RequestItems", {}).values()
    return request.operation == "BatchWriteItem" and any("DeleteRequest" in entry for rows in tables for entry in rows)


def _reads_nothing(request: Request, emulator: Body, _ours: Body) -> bool:
    return request.operation in ("Query", "Scan") and emulator.get("ScannedCount") == 0


def _gets_less_than_all(request: Request, emulator: Body, _ours: Body) -> bool:
    wanted = sum(len(entry["Keys"]) for entry in request.input.get("RequestItems", {}).values() if "Keys" in entry)
    return request.operation == "BatchGetItem" and wanted != sum(map(len, emulator.get("Responses", {}).values()))


def _updates_below_an_attribute(request: Request, _emulator: Body, _ours: Body) -> bool:
    parts_asked = str(request.input.get("ReturnValues")).startswith("UPDATED")
    return parts_asked and any(mark in request.input.get("UpdateExpression", "") for mark in ".[")


_ADDING = re.compile(r"\b(SET|ADD)\b", re.IGNORECASE)


def only_takes_away(request: Request) -> bool:
    """An update that the service does not create a missing item for, and the emulator does."""
    if request.operation != "UpdateItem":
        return False
    actions = request.input.get("AttributeUpdates") or {}
    expression = str(request.input.get("UpdateExpression", ""))
    taking = bool(actions) and all(action.get("Action") == "DELETE" for action in actions.values())
    return taking or (bool(expression) and not _ADDING.search(expression))


def _writes_in_a_transaction(request: Request, _emulator: Body, _ours: Body) -> bool:
    return request.operation == "TransactWriteItems"


def _reads_in_a_transaction(request: Request, _emulator: Body, _ours: Body) -> bool:
    return request.operation == "TransactGetItems"


def _takes_away_from_nothing(request: Request, _emulator: Body, ours: Body) -> bool:
    return only_takes_away(request) and "Attributes" not in ours


def _writes_half_a_key(request: Request, emulator: Body, ours: Body) -> bool:
    names = [request.input.get("TableName"), *request.input.get("RequestItems", ())]
    return request.operation in _WRITES and _units(emulator) > _units(ours) and any(name in _HALVES for name in names)


def _units(body: Body) -> float:
    consumed = body.get("ConsumedCapacity", [])
    return sum(float(entry["CapacityUnits"]) for entry in (consumed if isinstance(consumed, list) else [consumed]))


def _asks_for_metrics(request: Request, emulator: Body, _ours: Body) -> bool:
    return request.input.get("ReturnItemCollectionMetrics") == "SIZE" and "ItemCollectionMetrics" not in emulator


def _is_a_statement(request: Request, _emulator: Body, _ours: Body) -> bool:
    return request.operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")


def _updates_a_table(request: Request, _emulator: Body, _ours: Body) -> bool:
    return request.operation == "UpdateTable"


def _reads_a_local_index(request: Request, _emulator: Body, _ours: Body) -> bool:
    return str(request.input.get("IndexName")).startswith("local-")


UNCOMPARED = (
    Uncompared("6.1", "capacity of deleting a missing item is told unasked", "ConsumedCapacity", _deletes_unasked),
    Uncompared("6.2", "deleting a missing item costs two in a batch", "ConsumedCapacity", _deletes_in_a_batch),
    Uncompared("6.2", "a missing item costs nothing in a batch", "ConsumedCapacity", _gets_less_than_all),
    Uncompared("6.2", "reading nothing costs nothing, not the least unit", "ConsumedCapacity", _reads_nothing),
    Uncompared("6.2", "what a local index fetches from its table is free", "ConsumedCapacity", _reads_a_local_index),
    Uncompared("6.3", "an item with half of an index key costs as if in it", "ConsumedCapacity", _writes_half_a_key),
    Uncompared("6.4", "writes in a transaction cost too much", "ConsumedCapacity", _writes_in_a_transaction),
    Uncompared("6.1", "arms of reads in a transaction are not split", "ConsumedCapacity", _reads_in_a_transaction),
    Uncompared("5.10", "what an update has not done yet is shown as done", "TableDescription", _updates_a_table),
    Uncompared("7.1", "item collection metrics are never told", "ItemCollectionMetrics", _asks_for_metrics),
    Uncompared("5.14", "the capacity of statements is not told", "ConsumedCapacity", _is_a_statement),
    Uncompared("5.5", "taking away from a missing item creates it", "Attributes", _takes_away_from_nothing),
    Uncompared("5.5", "taking away from a missing item creates it", "ConsumedCapacity", _takes_away_from_nothing),
    Uncompared("5.5", "UPDATED_OLD and UPDATED_NEW give whole attributes", "Attributes", _updates_below_an_attribute),
)
"""Where the emulator is known to be wrong, with the section of the fact sheet that says what the service does."""
