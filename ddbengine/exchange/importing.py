"""One import: records of a source into a table, with what is refused and how far it is kept track of."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ddbengine.engine.bulk_load import Loaded
from ddbengine.errors import ApiError
from ddbengine.exchange.access import TableAccess
from ddbengine.exchange.import_state import ImportState, StateFile
from ddbengine.exchange.records import Reader
from ddbengine.exchange.sources import START, Cursor, Source, records_of

__all__ = ["Import", "Problem", "TooManyErrors", "Totals", "error_line"]

STATE_INTERVAL_SECONDS = 0.5


class TooManyErrors(Exception):
    """More items were refused than the import was to put up with."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that is not in the table."""

    file: Path
    line: int
    message: str
    content: Any
    """The item, or the text where it could not be read as one."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def error_line(problem: Problem) -> bytes:
    """A line of an errors file."""
    return (
        orjson.dumps(
            {
                "file": str(problem.file),
                "line": problem.line,
                "error": problem.message,
                "item": problem.content,
            }
        )
        + b"\n"
    )


@dataclass(frozen=True, slots=True)
class Totals:
    items: int
    """Put into the table, those of earlier runs of a resumed import included."""
    refused: int


class _Given(NamedTuple):
    """An item on its way."""

    ordinal: int
    cursor: Cursor
    item: dict[str, Any]


class Import:
    """Run it once.  The cursor follows what is durable, not what has been read."""

    def __init__(
        self,
        source: Source,
        reader: Reader,
        access: TableAccess,
        table_name: str,
        *,
        max_errors: int | None = 0,
        state: StateFile | None = None,
        before: ImportState | None = None,
        on_problem: Callable[[Problem], None] = lambda _: None,
        on_progress: Callable[[int, int], None] = lambda bytes_read, items: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """It ends when more than ``max_errors`` items are refused; None for never.  ``state`` is where it is recorded
        how far it is, ``before`` what an earlier run has recorded."""
        self._source, self._reader, self._access, self._table_name = source, reader, access, table_name
        self._max_errors = max_errors
        self._state = state
        self._before = before or ImportState(START)
        self._on_problem, self._on_progress, self._clock = on_problem, on_progress, clock
        self._cursor, self._items, self._refused = self._before.cursor, 0, 0
        self._under_way: deque[_Given] = deque()
        self._bytes_read = 0
        self._state_due = clock()

    @property
    def totals(self) -> Totals:
        return Totals(self._before.items + self._items, self._before.refused + self._refused)

    def run(self) -> Totals:
        """Import everything behind the recorded state.

        Raise TooManyErrors, SourceError, AccessError, or OSError when the state cannot be recorded; what ``totals``
        says is in the table then, and recorded.
        """
        try:
            for loaded in self._access.load(self._table_name, self._given(), self._refuse):
                self._settle(loaded)
        finally:
            self._record()
        if self._state is not None:
            self._state.remove()
        return self.totals

    def _given(self) -> Iterator[dict[str, Any]]:
        ordinal = 0
        for file, record in records_of(self._source, self._reader, self._before.cursor, self._note_read):
            if record.item is None:
                self._add_problem(Problem(self._path(file), record.line, record.problem, record.text))
                continue
            ordinal += 1
            self._under_way.append(_Given(ordinal, Cursor(file, record.line), record.item))
            yield record.item

    def _refuse(self, ordinal: int, error: ApiError) -> None:
        given = self._under_way[ordinal - self._under_way[0].ordinal]
        message = error.message or error.code
        self._add_problem(Problem(self._path(given.cursor.file), given.cursor.line, message, given.item))

    def _add_problem(self, problem: Problem) -> None:
        self._refused += 1
        self._on_problem(problem)
        if self._max_errors is not None and self._refused > self._max_errors:
            raise TooManyErrors

    def _settle(self, loaded: Loaded) -> None:
        self._items = loaded.items
        while self._under_way and self._under_way[0].ordinal <= loaded.ordinal:
            self._cursor = self._under_way.popleft().cursor
        self._on_progress(self._bytes_read, self.totals.items)
        if self._clock() >= self._state_due:
            self._state_due = self._clock() + STATE_INTERVAL_SECONDS
            self._record()

    def _record(self) -> None:
        if self._state is not None:
            self._state.write(ImportState(self._cursor, self.totals.items, self.totals.refused))

    def _path(self, file: int) -> Path:
        return self._source.files[file].path

    def _note_read(self, bytes_read: int) -> None:
        self._bytes_read = bytes_read
