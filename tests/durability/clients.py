"""Clients that write to a server from several connections, as fast as they are answered, until it is gone.

Each connection has keys of its own (see ``ledger``), and adds to one number that is shared by all.  The table has a
local and a global index, and updates move items about in both.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ddbengine.engine.operations import STREAM_OPERATIONS
from tests.durability.ledger import Item, Key, Ledger, Tally
from tests.tables import global_index, including, local_index, table

TABLE = "kept"
BY_SCORE = "by-score"
BY_COLOUR = "by-colour"
DEFINITION = table(
    TABLE,
    sort="S",
    local=[local_index(BY_SCORE, "score:N")],
    global_=[global_index(BY_COLOUR, "colour", "score:N", including("written"))],
)
SUM_KEY: Key = ("sum", "of all")

CONNECTIONS = 5
PARTITIONS = 3
ITEMS_OF_A_PARTITION = 12
BATCH_MAX_ITEMS = 12
COLOURS = ("red", "green", "blue")
PADDING_MAX_CHARACTERS = 400
TIMEOUT_SECONDS = 30

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=durability/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=00",
}


class Gone(Exception):
    """The server does not answer any more."""


class Refused(Exception):
    """An answer that is an error: args are the status, the error's name and the message."""

    @property
    def promises_nothing(self) -> bool:
        """Whether the write may have happened all the same."""
        return bool(self.args[0] >= 500)


class Client:
    """One connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request; raises Refused or Gone."""
        service = "DynamoDBStreams" if operation in STREAM_OPERATIONS else "DynamoDB"
        headers = HEADERS | {"X-Amz-Target": f"{service}_20120810.{operation}"}
        try:
            self._http.request("POST", "/", json.dumps(request), headers)
            response = self._http.getresponse()
            body = response.read()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise Gone(operation) from error
        answer: dict[str, Any] = json.loads(body)
        if response.status != 200:
            raise Refused(response.status, answer["__type"].rpartition("#")[2], answer.get("message"))
        return answer

    def scan(self, **members: Any) -> list[Item]:
        """All items of the table, or of one of its indexes."""
        items: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            page = self.call("Scan", {"TableName": TABLE, **members, **start})
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def close(self) -> None:
        self._http.close()


@contextmanager
def connected(port: int) -> Iterator[Client]:
    client = Client(port)
    try:
        yield client
    finally:
        client.close()


@dataclass
class Load:
    """Writers at work.  ``wait`` for a number of acknowledgements; ``finish`` when the server is gone."""

    ledger: Ledger
    tally: Tally
    begun: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    problems: list[str] = field(default_factory=list)
    acknowledged: int = 0
    doubtful: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, port: int, seed: int) -> None:
        for number in range(CONNECTIONS):
            writer = Writer(self, number, random.Random(f"{seed}/{number}"))
            self.threads.append(threading.Thread(target=writer.run, args=(port,)))
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        """Let every writer end; raise AssertionError when one has seen an answer that it should not have had."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.ledger.sync()
        assert not self.problems, "\n".join(self.problems)

    def await_acknowledgement(self, timeout_seconds: float) -> bool:
        """Whether a write is acknowledged within the time."""
        return self.begun.wait(timeout_seconds)

    def count(self, acknowledged: int = 0, doubtful: int = 0) -> None:
        with self.lock:
            self.acknowledged += acknowledged
            self.doubtful += doubtful
        if acknowledged:
            self.begun.set()


class Writer:
    """One connection's worth of random writes."""

    def __init__(self, load: Load, number: int, chance: random.Random) -> None:
        self._load = load
        self._ledger = load.ledger
        self._chance = chance
        self._number = number
        self._keys: list[Key] = [
            (f"{number}.{partition}", f"{place:02}")
            for partition in range(PARTITIONS)
            for place in range(ITEMS_OF_A_PARTITION)
        ]
        self._steps = (
            (self._put, 8),
            (self._update, 8),
            (self._delete, 3),
            (self._batch, 4),
            (self._put_if_absent, 3),
            (self._add_to_the_sum, 3),
        )

    def run(self, port: int) -> None:
        steps, weights = zip(*self._steps, strict=True)
        with connected(port) as client:
            try:
                while not self._load.stopping.is_set():
                    [step] = self._chance.choices(steps, weights)
                    step(client)
            except Gone:
                return
            except Exception as error:
                self._load.problems.append(f"writer {self._number}: {error!r}")

    def _put(self, client: Client) -> None:
        key = self._any_key()
        if key is not None:
            item = self._new_item(key)
            self._write(client, "PutItem", {"Item": item}, key, item)

    def _update(self, client: Client) -> None:
        key = self._any_key()
        if key is None:
            return
        item = dict(self._ledger.item(key) or _key_attributes(key))
        item |= {"written": self._mark(), "score": self._score()}
        expression, values = "SET written = :w, score = :s", {":w": item["written"], ":s": item["score"]}
        if self._chance.random() < 0.3:
            item.pop("colour", None)
            expression += " REMOVE colour"
        else:
            item["colour"] = values[":c"] = {"S": self._chance.choice(COLOURS)}
            expression += ", colour = :c"
        request = {"Key": _key_attributes(key), "UpdateExpression": expression, "ExpressionAttributeValues": values}
        self._write(client, "UpdateItem", request, key, item)

    def _delete(self, client: Client) -> None:
        key = self._any_key()
        if key is not None:
            self._write(client, "DeleteItem", {"Key": _key_attributes(key)}, key, None)

    def _put_if_absent(self, client: Client) -> None:
        """Of an item that exists; refused, it must not leave a trace."""
        key = self._any_key()
        if key is not None:
            item = self._new_item(key)
            request = {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
            self._write(client, "PutItem", request, key, item, may_be_refused=self._ledger.item(key) is not None)

    def _batch(self, client: Client) -> None:
        keys = self._chance.sample(self._keys, self._chance.randint(1, BATCH_MAX_ITEMS))
        written: dict[Key, Item | None] = {
            key: self._new_item(key) if self._chance.random() < 0.7 else None
            for key in keys
            if self._ledger.certain(key)
        }
        requests = [
            {"DeleteRequest": {"Key": _key_attributes(key)}} if item is None else {"PutRequest": {"Item": item}}
            for key, item in written.items()
        ]
        if not requests:
            return
        for key, item in written.items():
            self._ledger.sent(key, item)
        try:
            answer = client.call("BatchWriteItem", {"RequestItems": {TABLE: requests}})
        except Refused as refused:
            self._expect(refused.promises_nothing, refused)
            for key, item in written.items():
                self._ledger.doubtful(key, item)
            self._load.count(doubtful=len(written))
            return
        self._expect(answer["UnprocessedItems"] == {}, answer)
        for key, item in written.items():
            self._ledger.acknowledged(key, item)
        self._load.count(acknowledged=len(written))

    def _add_to_the_sum(self, client: Client) -> None:
        tally = self._load.tally
        with self._load.lock:
            tally.sent += 1
        request = {
            "TableName": TABLE,
            "Key": _key_attributes(SUM_KEY),
            "UpdateExpression": "ADD amount :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            "ReturnValues": "UPDATED_NEW",
        }
        try:
            answer = client.call("UpdateItem", request)
        except Refused as refused:
            self._expect(refused.promises_nothing, refused)
            self._load.count(doubtful=1)
            return
        tally.sums.append(int(answer["Attributes"]["amount"]["N"]))
        self._ledger.note("added", tally.sums[-1])
        self._load.count(acknowledged=1)

    def _write(
        self,
        client: Client,
        operation: str,
        request: dict[str, Any],
        key: Key,
        item: Item | None,
        may_be_refused: bool = False,
    ) -> None:
        """One write of one key, and what came of it."""
        self._ledger.sent(key, item)
        try:
            client.call(operation, {"TableName": TABLE, **request})
        except Refused as refused:
            if refused.promises_nothing:
                self._ledger.doubtful(key, item)
                self._load.count(doubtful=1)
            else:
                self._expect(may_be_refused and refused.args[1] == "ConditionalCheckFailedException", refused)
                self._ledger.refused(key, item)
            return
        self._expect(not may_be_refused, f"{operation} of {key} should have been refused")
        self._ledger.acknowledged(key, item)
        self._load.count(acknowledged=1)

    def _any_key(self) -> Key | None:
        key = self._chance.choice(self._keys)
        return key if self._ledger.certain(key) else None

    def _new_item(self, key: Key) -> Item:
        item = _key_attributes(key) | {"written": self._mark()}
        if self._chance.random() < 0.8:
            item["score"] = self._score()
        if self._chance.random() < 0.7:
            item["colour"] = {"S": self._chance.choice(COLOURS)}
        item["padding"] = {"S": "x" * self._chance.randint(0, PADDING_MAX_CHARACTERS)}
        return item

    def _mark(self) -> dict[str, str]:
        """A value that no other write has."""
        return {"S": f"{self._number}.{self._chance.getrandbits(64):016x}"}

    def _score(self) -> dict[str, str]:
        return {"N": str(self._chance.randint(-50, 50))}

    def _expect(self, holds: bool, what: object) -> None:
        if not holds:
            raise AssertionError(f"unexpected: {what!r}")


def key_of(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _key_attributes(key: Key) -> Item:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
