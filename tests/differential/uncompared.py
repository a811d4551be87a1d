"""Members of successful answers that cannot be compared: a clock decides them, or the emulator has them wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.differential.peers import Request

Body = dict[str, Any]

ANYWHERE = frozenset(
    (
        *("CreationDateTime", "LastIncreaseDateTime", "LastDecreaseDateTime", "LastUpdateToPayPerRequestDateTime"),
        *("TableArn", "IndexArn"),  # another account and region
        *("TableStatus", "IndexStatus"),  # the emulator says ACTIVE from the first
        *("TableId", "TableThroughputModeSummary", "WarmThroughput", "NumberOfDecreasesToday"),  # not known to it
        "IndexSizeBytes",  # the emulator counts what the index does not hold
    )
)
"""Members of a table's description (FACTS 7.2), wherever they stand."""


@dataclass(frozen=True, slots=True)
class Uncompared:
    """A member of the body that is left out where ``applies`` says so of the request and the emulator's body."""

    section: str
    reason: str
    member: str
    applies: Callable[[Request, Body], bool]


def without_uncompared(request: Request, emulator: Body, ours: Body) -> tuple[Body, Body]:
    """Both bodies without what cannot be compared in answers to this request."""
    members = {entry.member for entry in UNCOMPARED if entry.applies(request, emulator)}
    kept = [{name: value for name, value in body.items() if name not in members} for body in (emulator, ours)]
    return kept[0], kept[1]


def _deletes_unasked(request: Request, _: Body) -> bool:
    return request.operation == "DeleteItem" and request.input.get("ReturnConsumedCapacity", "NONE") == "NONE"


def _deletes_in_a_batch(request: Request, _: Body) -> bool:
    tables = request.input.get("RequestItems", {}).values()
    return request.operation == "BatchWriteItem" and any("DeleteRequest" in entry for rows in tables for entry in rows)


def _reads_nothing(request: Request, emulator: Body) -> bool:
    return request.operation in ("Query", "Scan") and emulator.get("ScannedCount") == 0


def _gets_less_than_all(request: Request, emulator: Body) -> bool:
    wanted = sum(len(entry["Keys"]) for entry in request.input.get("RequestItems", {}).values() if "Keys" in entry)
    return request.operation == "BatchGetItem" and wanted != sum(map(len, emulator.get("Responses", {}).values()))


def _reads_a_local_index(request: Request, _: Body) -> bool:
    return str(request.input.get("IndexName")).startswith("local-")


UNCOMPARED = (
    Uncompared("6.1", "capacity of deleting a missing item is told unasked", "ConsumedCapacity", _deletes_unasked),
    Uncompared("6.2", "deleting a missing item costs two in a batch", "ConsumedCapacity", _deletes_in_a_batch),
    Uncompared("6.2", "a missing item costs nothing in a batch", "ConsumedCapacity", _gets_less_than_all),
    Uncompared("6.2", "reading nothing costs nothing, not the least unit", "ConsumedCapacity", _reads_nothing),
    Uncompared(
        "6.2", "what a local index fetches from its table costs nothing", "ConsumedCapacity", _reads_a_local_index
    ),
)
