"""Consumed capacity: the arithmetic of units, and the ConsumedCapacity member of a response (FACTS 6.1 to 6.4).

A report has a Table arm and one arm per index that cost something; the top figure is their sum.  TOTAL shows the sum
only, INDEXES the arms too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ddbengine import _core
from ddbengine.indexes.entries import billed_size, entry_of, vector_write_bytes, write_units
from ddbengine.limits import READ_UNIT_BYTES, WRITE_UNIT_BYTES
from ddbengine.schema.table import IndexSchema, TableSchema

TRANSACTION_RATE = 2
"""How many times the units of a single operation a transaction is charged on a table (FACTS 6.4)."""
WRITE_UNITS = "WriteCapacityUnits"
READ_UNITS = "ReadCapacityUnits"


def units(size: int, unit_bytes: int) -> int:
    """Whole units that a size in bytes takes, at least one."""
    return max(1, -(-size // unit_bytes))


def read_units(size: int, consistent: bool) -> float:
    """Units of reading one item, or a page whose sizes were added up; a missing item counts as 0 bytes."""
    whole = units(size, READ_UNIT_BYTES)
    return float(whole) if consistent else whole / 2


@dataclass(slots=True)
class Consumed:
    """Units consumed on one table and its indexes."""

    table: float = 0.0
    local: dict[str, float] = field(default_factory=dict)
    global_: dict[str, float] = field(default_factory=dict)
    vector: dict[str, float] = field(default_factory=dict)
    """Bytes written to vector indexes: they are no units, and in no sum (FACTS 6.5)."""

    def add_index(self, index: IndexSchema, index_units: float) -> None:
        if index_units:
            arm = self.global_ if index.is_global else self.local
            arm[index.name] = arm.get(index.name, 0.0) + index_units

    def add_write(self, schema: TableSchema, old: bytes | None, new: bytes | None, table_rate: int = 1) -> None:
        """Charge one write: the larger of both sizes on the table, the ladder of FACTS 6.3 on each index.

        ``table_rate`` is TRANSACTION_RATE in a transaction: it holds for the table only (FACTS 6.4).
        """
        if schema.vector_indexes:
            size = max(billed_size(schema, old), billed_size(schema, new))
        else:
            size = max(0 if old is None else _core.item_size(old), 0 if new is None else _core.item_size(new))
        self.table += table_rate * units(size, WRITE_UNIT_BYTES)
        if old == new:
            return
        for index in schema.indexes:
            self.add_index(index, write_units(entry_of(schema, index, old), entry_of(schema, index, new)))
        for index in schema.vector_indexes:
            written = vector_write_bytes(entry_of(schema, index, old), entry_of(schema, index, new))
            if written:
                self.vector[index.name] = self.vector.get(index.name, 0.0) + written

    def report(self, table_name: str, detail: str, split: str | None = None) -> dict[str, Any]:
        """The ConsumedCapacity structure; detail is TOTAL or INDEXES, the name as the request gave it.

        ``split`` is WRITE_UNITS or READ_UNITS in a transaction, the member in which every figure is told once more.
        """
        total = self.table + sum(self.local.values()) + sum(self.global_.values())
        report: dict[str, Any] = {"TableName": table_name, **_figure(total, split)}
        if detail == "INDEXES":
            report["Table"] = _figure(self.table, split)
            if self.local:
                report["LocalSecondaryIndexes"] = _arms(self.local, split)
            if self.global_:
                report["GlobalSecondaryIndexes"] = _arms(self.global_, split)
            if self.vector:
                report["VectorIndexes"] = {
                    name: {"VectorWriteRequestBytes": written} for name, written in self.vector.items()
                }
        return report


def _arms(arms: Mapping[str, float], split: str | None) -> dict[str, dict[str, float]]:
    return {name: _figure(consumed, split) for name, consumed in arms.items()}


def _figure(consumed: float, split: str | None) -> dict[str, float]:
    figure = {"CapacityUnits": float(consumed)}
    if split is not None:
        figure[split] = float(consumed)
    return figure


def wanted(request: Mapping[str, Any]) -> str | None:
    """TOTAL or INDEXES when the request asks for a report, else None."""
    detail = request.get("ReturnConsumedCapacity")
    return None if detail == "NONE" else detail
