"""What a fault does to a request inside the engine: an error in its place, or a part of a batch left undone.

A request is made ready as ever first, so that what is wrong with it is what it is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from ddbengine.engine.context import Caller, Prepare, Surroundings
from ddbengine.engine.faults import Strike
from ddbengine.engine.shard_reads import EXPIRED, TRIMMED
from ddbengine.engine.transactions import Reason, cancelled
from ddbengine.errors import (
    ApiError,
    ExpiredIteratorException,
    InternalServerError,
    LimitExceededException,
    ProvisionedThroughputExceededException,
    RequestLimitExceeded,
    ThrottlingException,
    TransactionConflictException,
    TrimmedDataAccessException,
)
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_HOT_KEY_HELP = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
_ERRORS: dict[str, tuple[type[ApiError], str]] = {
    "ProvisionedThroughputExceededException": (
        ProvisionedThroughputExceededException,
        "The level of configured provisioned throughput for the table was exceeded. "
        "Consider increasing your provisioning level with the UpdateTable API.",
    ),
    "ThrottlingException": (
        ThrottlingException,
        "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table "
        f"or index so please try again shortly. If exceptions persist, check if you have a hot key: {_HOT_KEY_HELP}",
    ),
    "RequestLimitExceeded": (
        RequestLimitExceeded,
        "Throughput exceeds the current throughput limit for your account. "
        "Please contact AWS Support at https://aws.amazon.com/support to request a limit increase",
    ),
    "TransactionConflictException": (TransactionConflictException, "Transaction is ongoing for the item"),
    "InternalServerError": (
        InternalServerError,
        "The server encountered an internal error trying to fulfill the request.",
    ),
    "ExpiredIteratorException": (ExpiredIteratorException, EXPIRED),
    "TrimmedDataAccessException": (TrimmedDataAccessException, TRIMMED),
    "LimitExceededException": (LimitExceededException, "Too many operations for a given subscriber."),
}
_CONFLICT = Reason("TransactionConflict", "Transaction is ongoing for the item")


def prepare_struck(
    prepare: Prepare,
    operation: str,
    surroundings: Surroundings,
    caller: Caller,
    request: dict[str, Any],
    strike: Strike,
) -> Plan:
    """The plan of a request that a fault befalls; raise the fault's error, or what is wrong with the request."""
    plan = prepare(surroundings, caller, request)
    if strike.error is not None:
        raise fault_error(strike.error, strike.message, request)
    if strike.unprocessed is None:
        return plan
    member, lists = _BATCH_FORMS[operation]
    processed, left = _divided(request["RequestItems"], strike.unprocessed, lists)
    if not left:
        return plan
    if not processed:
        raise fault_error("ProvisionedThroughputExceededException", None, request)
    return PartOfBatch(prepare(surroundings, caller, {**request, "RequestItems": processed}), member, left, lists)


def fault_error(name: str, message: str | None, request: Mapping[str, Any]) -> ApiError:
    """The error of this name as the service says it; a conflict cancels a transaction, for its first action."""
    kind, own = _ERRORS[name]
    if kind is TransactionConflictException:
        actions = request.get("TransactItems") or request.get("TransactStatements")
        if actions:
            return cancelled([_CONFLICT, *[None] * (len(actions) - 1)])
    return kind(own if message is None else message)


_BATCH_FORMS = {
    "BatchGetItem": ("UnprocessedKeys", "Keys"),
    "BatchWriteItem": ("UnprocessedItems", None),
}
"""By operation, where its answer says what was left, and the member of each table's value that is the list."""

Batch = Mapping[str, Any]
"""RequestItems, whole or in part: by table, what is asked of it."""


def _divided(batch: Batch, share: float, lists: str | None) -> tuple[Batch, Batch]:
    """The first part of a batch and the rest, which is that share of it, rounded down."""
    total = sum(len(_entries(asked, lists)) for asked in batch.values())
    processed_left = total - int(total * share)
    processed: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for table, asked in batch.items():
        entries = iter(_entries(asked, lists))
        for part, of_table in ((processed, [*islice(entries, processed_left)]), (rest, [*entries])):
            if of_table:
                part[table] = of_table if lists is None else {**asked, lists: of_table}
        processed_left -= len(_entries(processed[table], lists)) if table in processed else 0
    return processed, rest


def _entries(asked: Any, lists: str | None) -> list[Any]:
    entries: list[Any] = asked if lists is None else asked[lists]
    return entries


@dataclass(frozen=True, slots=True)
class PartOfBatch:
    """The plan of the part of a batch that is done, whose answer names the rest."""

    plan: Plan
    member: str
    left: Batch
    lists: str | None

    @property
    def writes(self) -> bool:
        return self.plan.writes

    @property
    def consistent(self) -> bool:
        return self.plan.consistent

    def run(self, txn: ReadTxn) -> Outcome:
        outcome = self.plan.run(txn)
        members = orjson.loads(outcome.body)
        unprocessed = members[self.member]
        for table, asked in self.left.items():
            known = _entries(unprocessed[table], self.lists) if table in unprocessed else []
            entries = [*known, *_entries(asked, self.lists)]
            unprocessed[table] = entries if self.lists is None else {**asked, self.lists: entries}
        return Outcome(orjson.dumps(members), outcome.changes)
