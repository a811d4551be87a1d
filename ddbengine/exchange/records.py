"""What a source file is read as, whatever its format: records, each an item or what is wrong with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

__all__ = ["Reader", "Record", "SourceError"]


class SourceError(Exception):
    """A source cannot be read any further; the message names the file, and the line where there is one."""


class Record(NamedTuple):
    line: int
    """Where it begins, from 1 on."""
    item: dict[str, Any] | None
    """DynamoDB JSON, not checked."""
    problem: str = ""
    """Why there is no item."""
    text: str = ""
    """What the file says there, when there is no item."""


Reader = Callable[[BinaryIO, int], Iterator[Record]]
"""Reads a file's records, without those that begin at or before a line; 0 for all.  What cannot be read is a record
with a problem, or when nothing after it can be read either, UnicodeDecodeError."""
