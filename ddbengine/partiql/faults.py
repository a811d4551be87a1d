"""What can be wrong with a statement, and where.  Messages: FACTS 5.14; those it lacks observed on DynamoDB Local."""

from __future__ import annotations

from typing import Final, NamedTuple

_MALFORMED: Final = "Statement wasn't well formed, can't be processed: "


class Position(NamedTuple):
    """Where a token stands: line and column from 1, and its length in characters."""

    line: int
    column: int
    length: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}:{self.length}"


class StatementFault(Exception):
    """A refusal of a statement for its text, or for its text with its parameters.

    The engine makes the service's error of it: a transaction says which statement it was.
    """

    def __init__(self, message: str, at: Position | None = None) -> None:
        self.message = message if at is None else f"{message} at {at}"
        super().__init__(self.message)


def malformed(tail: str = "") -> StatementFault:
    """The text is no statement; ``tail`` says why, and is empty where not even its tokens can be read."""
    return StatementFault(_MALFORMED + tail)
