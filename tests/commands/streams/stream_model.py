"""A stream in memory, with shards that split and roll over when a test says so, for what reads streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from ddbengine.consumer.events import Record, sequence_number
from ddbengine.consumer.shards import Shard, Stream
from ddbengine.consumer.stream_api import Page, Position

START = 1_000_000_000
FIRST = 10**20


def number(place: int) -> str:
    """The sequence number of the record that was written as the ``place``th, from 0."""
    return str(FIRST + place)


def client_error(code: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "as the test says"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "GetRecords")


@dataclass(slots=True)
class _ModelShard:
    id: str
    parent: str | None
    first: str
    keys: frozenset[int]
    """The item keys whose records it takes."""
    records: list[Record] = field(default_factory=list)
    last: str | None = None


class ModelStream:
    """Implements ``consumer.stream_api.Streams``.  Items are numbered 0 to ``keys`` - 1."""

    def __init__(self, keys: int = 8, page_records: int = 3) -> None:
        self._page_records = page_records
        self._shards: list[_ModelShard] = []
        self.status = "ENABLED"
        self.written: list[Record] = []
        self.failures: list[Exception] = []
        """Raised by the next requests for records, one each."""
        self._open(None, frozenset(range(keys)))

    # --- what writers do ---------------------------------------------------------------------------------------------

    def write(self, key: int) -> Record:
        shard = next(shard for shard in self._shards if shard.last is None and key in shard.keys)
        place = len(self.written)
        record: Record = {
            "eventName": "INSERT",
            "dynamodb": {
                "ApproximateCreationDateTime": START + place,
                "Keys": {"pk": {"N": str(key)}},
                "SequenceNumber": number(place),
            },
        }
        shard.records.append(record)
        self.written.append(record)
        return record

    def split(self, key: int) -> None:
        """Close the shard of a key, and open two; one that has but one key rolls over."""
        parent = self._close(key)
        keys = sorted(parent.keys)
        for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
            if half:
                self._open(parent.id, frozenset(half))

    def roll_over(self, key: int) -> None:
        parent = self._close(key)
        self._open(parent.id, parent.keys)

    def switch_off(self) -> None:
        self.status = "DISABLED"
        for shard in self._shards:
            shard.last = shard.last or number(len(self.written))

    def forget(self, shards: int) -> None:
        """Drop the first shards, as time does."""
        del self._shards[:shards]

    def _open(self, parent: str | None, keys: frozenset[int]) -> None:
        name = f"shardId-{len(self.written):020}-{len(self._shards):08}"
        self._shards.append(_ModelShard(name, parent, number(len(self.written)), keys))

    def _close(self, key: int) -> _ModelShard:
        shard = next(shard for shard in self._shards if shard.last is None and key in shard.keys)
        shard.last = number(len(self.written))
        return shard

    # --- what readers ask --------------------------------------------------------------------------------------------

    def describe(self) -> Stream:
        shards = [Shard(shard.id, shard.parent, shard.first, shard.last) for shard in self._shards]
        return Stream("arn:stream", "label", "table", self.status, "KEYS_ONLY", {shard.id: shard for shard in shards})

    def iterator(self, shard_id: str, position: Position) -> str:
        records = self._records(shard_id)
        numbers = [sequence_number(record) for record in records]
        if position.type == "TRIM_HORIZON":
            return f"{shard_id} 0"
        if position.type == "LATEST":
            return f"{shard_id} {len(records)}"
        if position.number not in numbers:
            raise client_error("ValidationException")
        return f"{shard_id} {numbers.index(position.number) + (position.type != 'AT_SEQUENCE_NUMBER')}"

    def read(self, iterator: str, limit: int = 1_000) -> Page:
        if self.failures:
            raise self.failures.pop(0)
        shard_id, place = iterator.split()
        start, end = int(place), int(place) + min(limit, self._page_records)
        records = self._records(shard_id)
        is_over = end >= len(records) and any(shard.id == shard_id and shard.last for shard in self._shards)
        return Page(records[start:end], None if is_over else f"{shard_id} {min(end, len(records))}")

    def _records(self, shard_id: str) -> list[Record]:
        for shard in self._shards:
            if shard.id == shard_id:
                return shard.records
        raise client_error("ResourceNotFoundException")
