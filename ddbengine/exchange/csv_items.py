"""CSV: a header row of attribute names, then an item a row.

As in the service's import, a key attribute has the type the table gives it, and everything else is a string unless a
type is named for it.  An empty field of a string that is no key is an empty string; any other empty field is no
attribute.  Values that are no text are spelled as in DynamoDB JSON: ``{"a":{"N":"1"}}`` for a map, base64 for a binary.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from ddbengine.exchange.records import Record
from ddbengine.limits import MIB

__all__ = ["DELIMITERS", "TYPES", "CsvFormat", "row_of"]

DELIMITERS = (",", ";", ":", "|", "\t", " ")
TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")
FIELD_MAX_CHARACTERS = 4 * MIB
"""Many times what an item can be; the csv module's own limit is less than an item may be."""
_JSON_TYPES = frozenset({"M", "L", "SS", "NS", "BS"})
_BOOLEANS = {"true": True, "false": False}


class _BadField(Exception):
    pass


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How rows become items."""

    key_types: Mapping[str, str] = field(default_factory=dict)
    """Types of the attributes that are keys of the table or its indexes."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Types named for others."""
    delimiter: str = ","
    header: Sequence[str] | None = None
    """Names to use; then the first row is an item."""

    def read(self, stream: BinaryIO, skip: int = 0) -> Iterator[Record]:
        """A ``Reader``.  A header that cannot be one is a record with a problem, and nothing follows."""
        csv.field_size_limit(max(csv.field_size_limit(), FIELD_MAX_CHARACTERS))
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            yield from self._records(text, skip)
        finally:
            text.detach()

    def _records(self, text: io.TextIOWrapper, skip: int) -> Iterator[Record]:
        rows = csv.reader(text, delimiter=self.delimiter, strict=True)
        names = self.header
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, None, f"is not CSV: {error}")
                continue
            if names is None:
                names, problem = row, _problem_of_header(row)
                if problem:
                    yield Record(line, None, problem, self.delimiter.join(row))
                    return
            elif line > skip and row:
                yield self._record(line, names, row)

    def _record(self, line: int, names: Sequence[str], row: Sequence[str]) -> Record:
        try:
            if len(row) != len(names):
                raise _BadField(f"has {len(row)} fields where the header has {len(names)}")
            return Record(line, self._item(names, row))
        except _BadField as error:
            return Record(line, None, str(error), self.delimiter.join(row))

    def _item(self, names: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
        item = {}
        for name, text in zip(names, row, strict=True):
            wanted = self.key_types.get(name) or self.types.get(name, "S")
            if text or (wanted == "S" and name not in self.key_types):
                item[name] = {wanted: _value(name, wanted, text)}
        return item


def _problem_of_header(names: Sequence[str]) -> str:
    if not all(names):
        return "the header has a column without a name"
    repeated = next((name for name in names if names.count(name) > 1), None)
    return "" if repeated is None else f"the header has {repeated!r} twice"


def _value(name: str, wanted: str, text: str) -> Any:
    if wanted in ("S", "B"):
        return text
    if wanted == "N":
        return text.strip()
    if wanted == "NULL":
        return True
    if wanted == "BOOL":
        truth = _BOOLEANS.get(text.strip().lower())
        if truth is None:
            raise _BadField(f"{name}: true or false is needed, not {text!r}")
        return truth
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _BadField(f"{name}: the JSON of a {wanted} is needed, not {text!r}") from None


def row_of(item: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """The fields of an item; an attribute it does not have is empty."""
    return [_field(*next(iter(item[name].items()))) if name in item else "" for name in columns]


def _field(value_type: str, value: Any) -> str:
    if value_type in _JSON_TYPES:
        return orjson.dumps(value).decode()
    if value_type in ("BOOL", "NULL"):
        return "true" if value else "false"
    return str(value)
