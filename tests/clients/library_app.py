"""A lending library on boto3: the kind of program that people write against DynamoDB.

| item | pk | sk | index ``by-kind``: kind, name | index ``by-due``: pk, due |
| --- | --- | --- | --- | --- |
| book | ``BOOK#<isbn>`` | ``BOOK`` | ``BOOK``, title | |
| copy | ``BOOK#<isbn>`` | ``COPY#<number>`` | | |
| member | ``MEMBER#<id>`` | ``MEMBER`` | ``MEMBER``, name | |
| loan | ``MEMBER#<id>`` | ``LOAN#<isbn>#<number>`` | ``LOAN``, ``<isbn>#<number>`` | the day it is due |
| hold | ``BOOK#<isbn>`` | ``HOLD#<time>#<member>`` | | |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

LOANS_MAX = 3
PAGE = 4

SCHEMA: dict[str, Any] = {
    "TableName": "library",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in {"pk": "S", "sk": "S", "kind": "S", "name": "S", "due": "N"}.items()
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-kind",
            "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-due",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "due", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["isbn", "copy"]},
        }
    ],
}


class Refused(Exception):
    """The library says no; args[0] says why."""


class Library:
    """Over a boto3 resource; its table is made by ``create``."""

    def __init__(self, resource: Any) -> None:
        self.client = resource.meta.client
        self.table = resource.Table("library")
        self._resource = resource

    def create(self) -> None:
        self._resource.create_table(**SCHEMA).wait_until_exists()
        self.client.update_time_to_live(
            TableName="library", TimeToLiveSpecification={"Enabled": True, "AttributeName": "gone"}
        )

    # --- stock -----------------------------------------------------------------------------------

    def add_books(self, books: Iterable[tuple[str, str, int]]) -> None:
        """(ISBN, title, number of copies) of each."""
        with self.table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
            for isbn, title, copies in books:
                book = {"pk": f"BOOK#{isbn}", "sk": "BOOK", "kind": "BOOK", "name": title, "isbn": isbn, "free": copies}
                batch.put_item(Item=book | {"tags": {"new"}, "scan": bytes([copies]), "price": Decimal("9.90")})
                for number in range(copies):
                    batch.put_item(Item={"pk": f"BOOK#{isbn}", "sk": f"COPY#{number:02}", "lent": False})

    def titles(self, start: str = "") -> list[str]:
        """All titles that start so, in order, over pages."""
        condition = Key("kind").eq("BOOK")
        if start:
            condition &= Key("name").begins_with(start)
        return [book["name"] for book in self._query(IndexName="by-kind", KeyConditionExpression=condition)]

    def _query(self, **request: Any) -> Iterator[dict[str, Any]]:
        while True:
            answer = self.table.query(Limit=PAGE, **request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def retag(self, isbn: str, add: set[str], remove: set[str]) -> set[str]:
        answer = self.table.update_item(
            Key={"pk": f"BOOK#{isbn}", "sk": "BOOK"},
            UpdateExpression="ADD tags :add",
            ExpressionAttributeValues={":add": add},
        )
        answer = self.table.update_item(
            Key={"pk": f"BOOK#{isbn}", "sk": "BOOK"},
            UpdateExpression="DELETE tags :remove SET price = price - :less, history = list_append("
            "if_not_exists(history, :none), :entry)",
            ExpressionAttributeValues={
                ":remove": remove,
                ":less": Decimal("0.45"),
                ":none": [],
                ":entry": [{"removed": sorted(remove)}],
            },
            ReturnValues="ALL_NEW",
        )
        tags: set[str] = answer["Attributes"].get("tags", set())
        return tags

    # --- members and loans -----------------------------------------------------------------------

    def join(self, id: str, name: str) -> None:
        try:
            self.table.put_item(
                Item={"pk": f"MEMBER#{id}", "sk": "MEMBER", "kind": "MEMBER", "name": name, "loans": 0},
                ConditionExpression=Attr("pk").not_exists(),
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise Refused(f"{id} is a member already") from error

    def lend(self, member: str, isbn: str, due: int) -> str:
        """Lend a free copy; everything that changes changes together.  Return the copy."""
        copies = self.table.query(
            KeyConditionExpression=Key("pk").eq(f"BOOK#{isbn}") & Key("sk").begins_with("COPY#"),
            FilterExpression=Attr("lent").eq(False),
            ConsistentRead=True,
        )["Items"]
        if not copies:
            raise Refused(f"no copy of {isbn} is free")
        copy = str(copies[0]["sk"])
        try:
            self.client.transact_write_items(TransactItems=self._lending(member, isbn, copy, due))
        except self.client.exceptions.TransactionCanceledException as error:
            codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
            raise Refused(f"cannot lend: {', '.join(codes)}") from error
        return copy

    def _lending(self, member: str, isbn: str, copy: str, due: int) -> list[dict[str, Any]]:
        loan = {
            "pk": f"MEMBER#{member}",
            "sk": f"LOAN#{isbn}#{copy}",
            "kind": "LOAN",
            "name": f"{isbn}#{copy}",
            "isbn": isbn,
            "copy": copy,
            "due": due,
        }
        return [
            {
                "Update": {
                    "TableName": "library",
                    "Key": {"pk": f"MEMBER#{member}", "sk": "MEMBER"},
                    "UpdateExpression": "ADD loans :one",
                    "ConditionExpression": "attribute_exists(pk) AND loans < :max",
                    "ExpressionAttributeValues": {":one": 1, ":max": LOANS_MAX},
                }
            },
            {
                "Update": {
                    "TableName": "library",
                    "Key": {"pk": f"BOOK#{isbn}", "sk": copy},
                    "UpdateExpression": "SET lent = :yes",
                    "ConditionExpression": "lent = :no",
                    "ExpressionAttributeValues": {":yes": True, ":no": False},
                }
            },
            {
                "Update": {
                    "TableName": "library",
                    "Key": {"pk": f"BOOK#{isbn}", "sk": "BOOK"},
                    "UpdateExpression": "SET #free = #free - :one",
                    "ExpressionAttributeNames": {"#free": "free"},
                    "ExpressionAttributeValues": {":one": 1},
                }
            },
            {"Put": {"TableName": "library", "Item": loan, "ConditionExpression": "attribute_not_exists(pk)"}},
        ]

    def bring_back(self, member: str, isbn: str, copy: str) -> None:
        loan = {"pk": f"MEMBER#{member}", "sk": f"LOAN#{isbn}#{copy}"}
        answer = self.table.delete_item(Key=loan, ReturnValues="ALL_OLD")
        if "Attributes" not in answer:
            raise Refused(f"{member} has not borrowed {isbn}")
        self.table.update_item(
            Key={"pk": loan["pk"], "sk": "MEMBER"},
            UpdateExpression="ADD loans :less",
            ExpressionAttributeValues={":less": -1},
        )
        self.table.update_item(
            Key={"pk": f"BOOK#{isbn}", "sk": copy},
            UpdateExpression="SET lent = :no",
            ExpressionAttributeValues={":no": False},
        )

    def due_before(self, member: str, day: int) -> list[tuple[str, int]]:
        """(ISBN, day) of a member's loans due before a day, soonest first."""
        condition = Key("pk").eq(f"MEMBER#{member}") & Key("due").lt(day)
        return [
            (loan["isbn"], int(loan["due"]))
            for loan in self._query(IndexName="by-due", KeyConditionExpression=condition, ConsistentRead=True)
        ]

    # --- looking at everything -------------------------------------------------------------------

    def books(self, isbns: list[str]) -> dict[str, Any]:
        """Books by ISBN, read in batches."""
        found: dict[str, Any] = {}
        for begin in range(0, len(isbns), 100):
            wanted = [{"pk": f"BOOK#{isbn}", "sk": "BOOK"} for isbn in isbns[begin : begin + 100]]
            request: Any = {
                "library": {
                    "Keys": wanted,
                    "ProjectionExpression": "isbn, #n, price, tags, history",
                    "ExpressionAttributeNames": {"#n": "name"},
                }
            }
            while request:
                answer = self._resource.batch_get_item(RequestItems=request)
                found |= {book["isbn"]: book for book in answer["Responses"]["library"]}
                request = answer["UnprocessedKeys"]
        return dict(sorted(found.items()))

    def overdue(self, day: int) -> list[Any]:
        """Loans of all members due before a day, by a PartiQL statement."""
        answer = self.client.execute_statement(
            Statement='SELECT pk, isbn, due FROM "library"."by-kind" WHERE kind = ? AND due < ?',
            Parameters=["LOAN", day],
        )
        return sorted(answer["Items"], key=lambda loan: (loan["due"], loan["pk"]))

    def stock(self) -> dict[str, int]:
        """Counts of everything, by parallel scans."""
        counts = {"items": 0, "scanned": 0}
        for segment in range(3):
            pages = self.client.get_paginator("scan").paginate(
                TableName="library",
                Segment=segment,
                TotalSegments=3,
                FilterExpression=Attr("sk").ne("MEMBER"),
                PaginationConfig={"PageSize": 7},
            )
            for page in pages:
                counts["items"] += page["Count"]
                counts["scanned"] += page["ScannedCount"]
        return counts
