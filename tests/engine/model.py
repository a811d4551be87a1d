"""A table as a plain dictionary that is sorted for every read: what the engine is compared with.

Items are in wire form.  A model knows one table with partition key pk (S) and sort key sk (N), and indexes over it;
it knows no pages, no capacity and no errors but a condition that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.engine.scan_order import scan_hash
from tests.wire import Item, Value

Key = tuple[str, Decimal]
TABLE_KEY = ("pk", "sk")


def scalar(value: Value) -> Any:
    """A value that sorts as the service does: Decimal, or the UTF-8 bytes of a string."""
    if "N" in value:
        return Decimal(value["N"])
    text: str = value["S"]
    return text.encode()


def key_of(item: Item) -> Key:
    return item["pk"]["S"], Decimal(item["sk"]["N"])


@dataclass(frozen=True)
class View:
    """The table itself, or one of its indexes."""

    name: str | None
    partition: str
    sort: str
    held: tuple[str, ...] | None = None
    """The attributes an index projects, its keys included; None for all."""

    @property
    def key_names(self) -> set[str]:
        return {*TABLE_KEY, self.partition, self.sort}

    def row(self, item: Item) -> Item | None:
        """What of an item is here."""
        if self.partition not in item or self.sort not in item:
            return None
        return {name: value for name, value in item.items() if self.held is None or name in self.held}

    def order(self, item: Item) -> tuple[Any, ...]:
        """By partition hash, sort key, then the hash of the table's key."""
        return scan_hash(item[self.partition]), scalar(item[self.sort]), scan_hash(item["pk"], item["sk"])


TABLE = View(None, "pk", "sk")


@dataclass
class Model:
    items: dict[Key, Item] = field(default_factory=dict)

    def put(self, item: Item) -> None:
        self.items[key_of(item)] = item

    def delete(self, key: Key) -> None:
        self.items.pop(key, None)

    def scan(self, view: View) -> list[Item]:
        rows = [row for item in self.items.values() if (row := view.row(item)) is not None]
        return sorted(rows, key=view.order)

    def query(self, view: View, partition: Value, wanted: Callable[[Any], bool], forward: bool) -> list[Item]:
        """The rows of one partition whose sort key, as a scalar, is wanted."""
        rows = [row for row in self.scan(view) if row[view.partition] == partition and wanted(scalar(row[view.sort]))]
        return rows if forward else rows[::-1]
