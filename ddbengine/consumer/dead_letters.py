"""Where records go that were given up: a file of JSON lines, a DynamoDB table, or nowhere.

A dead letter has to be as durable as the checkpoint that passes it, so it is written before, and one that cannot be
written stops its shard.  After a crash between the two a record may be there twice.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ddbengine.consumer.errors import DeadLettersUnwritable
from ddbengine.consumer.events import Record, sequence_number

__all__ = ["DeadLetter", "DeadLetterFile", "DeadLetterTable", "DeadLetters", "Discard"]

TABLE_KEY = ("shardId", "sequenceNumber")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record, and why it was given up."""

    record: Record
    application: str
    shard_id: str
    attempts: int
    error: str
    time: float
    """Seconds since the epoch."""

    def members(self) -> dict[str, Any]:
        moment = datetime.fromtimestamp(self.time, timezone.utc).isoformat(timespec="milliseconds")
        return {
            "time": moment.replace("+00:00", "Z"),
            "application": self.application,
            "shardId": self.shard_id,
            "sequenceNumber": sequence_number(self.record),
            "attempts": self.attempts,
            "error": self.error,
            "record": self.record,
        }


class DeadLetters(Protocol):
    """Safe from several threads."""

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """Return when they are durable.  Raise DeadLettersUnwritable."""
        ...


class Discard:
    """Records that are given up are gone, but for the log."""

    def put(self, letters: Sequence[DeadLetter]) -> None:
        return None


class DeadLetterFile:
    """A file to which lines of JSON are added, one per record; ``Records`` of an event can be made of them again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.open("ab").close()
        except OSError as error:
            raise DeadLettersUnwritable(f"cannot write dead letters to {path}: {error.strerror}") from error

    def put(self, letters: Sequence[DeadLetter]) -> None:
        lines = "".join(f"{json.dumps(letter.members())}\n" for letter in letters).encode()
        try:
            with self._lock, self._path.open("ab") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DeadLettersUnwritable(f"cannot write dead letters to {self._path}: {error.strerror}") from error


class DeadLetterTable:
    """A table with the keys of ``TABLE_KEY``, an item per record; the record itself is JSON text."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            members = {**letter.members(), "record": json.dumps(letter.record)}
            item = {
                name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in members.items()
            }
            try:
                self._client.put_item(TableName=self._table, Item=item)
            except (BotoCoreError, ClientError) as error:
                raise DeadLettersUnwritable(f"cannot write dead letters to table {self._table}: {error}") from error
