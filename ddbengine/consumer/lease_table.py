"""Leases as rows of a DynamoDB table, with the names that the Kinesis Client Library gives its attributes.

One row per shard, under ``leaseKey``, and one per stream, under its ARN, which says how the application began.  Streams
may share a table; a row names its stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from ddbengine.consumer.errors import LeaseTableUnusable
from ddbengine.consumer.failures import code_of
from ddbengine.consumer.leases import Beginning, Lease
from ddbengine.consumer.positions import SHARD_END, Start, Where

__all__ = ["LeaseTable", "create_table"]

KEY = "leaseKey"
_OWNED = "leaseOwner = :worker AND leaseTakes = :takes"
_UNCHANGED = "leaseTakes = :takes AND leaseCounter = :counter AND checkpoint <> :end"
CREATE_TIMEOUT_SECONDS = 60.0
CREATE_POLL_SECONDS = 0.5

Row = dict[str, dict[str, Any]]


def create_table(
    client: Any,
    name: str,
    key: Sequence[str],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Have a table with these string keys and on-demand capacity; one that is there must have this key.

    Raise LeaseTableUnusable, or what botocore raises.
    """
    wanted = [
        {"AttributeName": attribute, "KeyType": kind} for attribute, kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]
    types = [{"AttributeName": attribute, "AttributeType": "S"} for attribute in key]
    waited = 0.0
    while waited < CREATE_TIMEOUT_SECONDS:
        table = _described(client, name)
        if table is None:
            _create(client, name, wanted, types)
            continue
        if table["KeySchema"] != wanted:
            raise LeaseTableUnusable(
                f"table {name!r} is there, but its key is not {' and '.join(key)}; choose another name or another table"
            )
        if table["TableStatus"] in ("ACTIVE", "UPDATING"):
            return
        sleep(CREATE_POLL_SECONDS)
        waited += CREATE_POLL_SECONDS
    raise LeaseTableUnusable(f"table {name!r} has not become ACTIVE within {CREATE_TIMEOUT_SECONDS:.0f} seconds")


def _described(client: Any, name: str) -> Mapping[str, Any] | None:
    try:
        table: Mapping[str, Any] = client.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return None
    return table


def _create(client: Any, name: str, key: list[dict[str, str]], types: list[dict[str, str]]) -> None:
    try:
        client.create_table(TableName=name, KeySchema=key, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    except ClientError as error:
        if code_of(error) != "ResourceInUseException":
            raise


class LeaseTable:
    """The rows of one stream in a lease table that is there; see ``LeaseStore`` for what each method answers."""

    def __init__(self, client: Any, table: str, stream_arn: str) -> None:
        self._client = client
        self._table = table
        self._arn = stream_arn

    def begin(self, beginning: Beginning) -> Beginning:
        row: Row = {
            KEY: {"S": self._arn},
            **_where_attributes(Where(beginning.start.type, beginning.start.time, beginning.start.number)),
            "initialShards": {"L": [{"S": shard} for shard in beginning.initial]},
            "olderShards": {"L": [{"S": shard} for shard in beginning.older]},
        }
        if self._put_new(row):
            return beginning
        kept = self.beginning()
        if kept is None:
            raise LeaseTableUnusable(f"the row of {self._arn} in {self._table!r} has just been deleted by somebody")
        return kept

    def beginning(self) -> Beginning | None:
        row = self._client.get_item(TableName=self._table, Key={KEY: {"S": self._arn}}, ConsistentRead=True).get("Item")
        if row is None:
            return None
        return Beginning(
            _start(row),
            tuple(shard["S"] for shard in row["initialShards"]["L"]),
            tuple(shard["S"] for shard in row["olderShards"]["L"]),
        )

    def leases(self) -> list[Lease]:
        found: list[Lease] = []
        start: dict[str, Any] = {}
        while True:
            page = self._client.scan(
                TableName=self._table,
                ConsistentRead=True,
                FilterExpression="streamArn = :arn",
                ExpressionAttributeValues={":arn": {"S": self._arn}},
                **start,
            )
            found.extend(_lease(row) for row in page["Items"])
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def add(self, lease: Lease) -> bool:
        row: Row = {
            KEY: {"S": lease.shard_id},
            "streamArn": {"S": self._arn},
            "leaseCounter": {"N": str(lease.counter)},
            "leaseTakes": {"N": str(lease.takes)},
            **_where_attributes(lease.where),
        }
        if lease.parent is not None:
            row["parentShardId"] = {"SS": [lease.parent]}
        if self._put_new(row):
            return True
        self._refuse_another_streams(lease.shard_id)
        return False

    def take(self, lease: Lease, worker: str) -> Lease | None:
        return self._update(
            lease,
            "SET leaseOwner = :worker, leaseCounter = leaseCounter + :one, leaseTakes = leaseTakes + :one"
            " REMOVE leaseWantedBy",
            _UNCHANGED,
            {
                ":worker": {"S": worker},
                ":one": {"N": "1"},
                ":counter": {"N": str(lease.counter)},
                ":end": {"S": SHARD_END},
            },
        )

    def renew(self, lease: Lease) -> Lease | None:
        return self._update_owned(lease, "SET leaseCounter = leaseCounter + :one", {":one": {"N": "1"}})

    def advance(self, lease: Lease, where: Where, ended: float | None = None) -> bool:
        values = {":checkpoint": {"S": where.checkpoint}}
        edits = "SET checkpoint = :checkpoint"
        if ended is not None:
            edits += ", endTime = :ended"
            values[":ended"] = {"N": repr(ended)}
        removed = ["startIterator"]
        if where.time is None:
            removed.append("startTime")
        if ended is not None:
            removed += ["leaseOwner", "leaseWantedBy"]
        return self._update_owned(lease, f"{edits} REMOVE {', '.join(removed)}", values) is not None

    def release(self, lease: Lease, to: str | None = None) -> bool:
        if to is None:
            return self._update_owned(lease, "REMOVE leaseOwner, leaseWantedBy", {}) is not None
        edits = "SET leaseOwner = :to, leaseCounter = leaseCounter + :one REMOVE leaseWantedBy"
        values = {":worker": {"S": lease.owner}, ":to": {"S": to}, ":one": {"N": "1"}}
        return self._update(lease, edits, f"{_OWNED} AND leaseWantedBy = :to", values) is not None

    def withdraw(self, lease: Lease, worker: str) -> bool:
        condition = "leaseTakes = :takes AND leaseWantedBy = :wanter"
        return self._update(lease, "REMOVE leaseWantedBy", condition, {":wanter": {"S": worker}}) is not None

    def ask_for(self, lease: Lease, worker: str) -> bool:
        condition = "leaseOwner = :owner AND leaseTakes = :takes AND attribute_not_exists(leaseWantedBy)"
        values = {":wanter": {"S": worker}, ":owner": {"S": lease.owner}}
        return self._update(lease, "SET leaseWantedBy = :wanter", condition, values) is not None

    def remove(self, lease: Lease) -> bool:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key={KEY: {"S": lease.shard_id}},
                ConditionExpression="leaseTakes = :takes AND checkpoint = :end",
                ExpressionAttributeValues={":takes": {"N": str(lease.takes)}, ":end": {"S": SHARD_END}},
            )
        except ClientError as error:
            return _is_refused(error)
        return True

    def _put_new(self, row: Row) -> bool:
        try:
            self._client.put_item(TableName=self._table, Item=row, ConditionExpression=f"attribute_not_exists({KEY})")
        except ClientError as error:
            return _is_refused(error)
        return True

    def _refuse_another_streams(self, shard_id: str) -> None:
        row = self._client.get_item(TableName=self._table, Key={KEY: {"S": shard_id}}, ConsistentRead=True).get("Item")
        arn = row.get("streamArn", {}).get("S") if row else self._arn
        if arn != self._arn:
            raise LeaseTableUnusable(
                f"lease table {self._table!r} holds shard {shard_id} of another stream, {arn}; delete the table, or"
                " give this consumer an application name of its own"
            )

    def _update_owned(self, lease: Lease, edits: str, values: Mapping[str, Any]) -> Lease | None:
        return self._update(lease, edits, _OWNED, {":worker": {"S": lease.owner}, **values})

    def _update(self, lease: Lease, edits: str, condition: str, values: Mapping[str, Any]) -> Lease | None:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={KEY: {"S": lease.shard_id}},
                UpdateExpression=edits,
                ConditionExpression=condition,
                ExpressionAttributeValues={":takes": {"N": str(lease.takes)}, **values},
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            _is_refused(error)
            return None
        return _lease(answer["Attributes"])


def _is_refused(error: ClientError) -> bool:
    """False for a condition that does not hold, which is an answer; anything else is raised."""
    if code_of(error) != "ConditionalCheckFailedException":
        raise error
    return False


def _where_attributes(where: Where) -> Row:
    row: Row = {"checkpoint": {"S": where.checkpoint}}
    if where.time is not None:
        row["startTime"] = {"N": repr(where.time)}
    if where.number is not None:
        row["startNumber"] = {"S": where.number}
    if where.iterator is not None:
        row["startIterator"] = {"S": where.iterator}
    return row


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value: str | None = row.get(name, {}).get("S")
    return value


def _number(row: Mapping[str, Any], name: str) -> float | None:
    return float(row[name]["N"]) if name in row else None


def _where(row: Mapping[str, Any]) -> Where:
    return Where(
        row["checkpoint"]["S"], _number(row, "startTime"), _text(row, "startNumber"), _text(row, "startIterator")
    )


def _start(row: Mapping[str, Any]) -> Start:
    where = _where(row)
    return Start(where.checkpoint, where.time, where.number)


def _lease(row: Mapping[str, Any]) -> Lease:
    parents = row.get("parentShardId", {}).get("SS", [None])
    return Lease(
        shard_id=row[KEY]["S"],
        parent=parents[0],
        where=_where(row),
        owner=_text(row, "leaseOwner"),
        counter=int(row["leaseCounter"]["N"]),
        takes=int(row["leaseTakes"]["N"]),
        wanted_by=_text(row, "leaseWantedBy"),
        ended=_number(row, "endTime"),
    )
