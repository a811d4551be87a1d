"""FilterSpecification of an export: which items it has, and how much of them.

It is what a Query says, or without KeyConditionExpression what a Scan does; so are its errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ddbengine import _core
from ddbengine.engine.backup_rows import TABLE_PREFIX_BYTES
from ddbengine.engine.keys import after, check_scalar_keys
from ddbengine.engine.query import bounds_of, check_key_values
from ddbengine.engine.reading import Target
from ddbengine.engine.request_expressions import read_filter, read_placeholders, read_projection
from ddbengine.engine.values import CURRENT_READ
from ddbengine.errors import ValidationException
from ddbengine.expressions.condition import Condition
from ddbengine.expressions.key_condition import KeyCondition, compile_key_condition
from ddbengine.expressions.projection import Projection
from ddbengine.schema.table import TableSchema

_EXPRESSIONS = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")


@dataclass(frozen=True, slots=True)
class ExportFilter:
    key_condition: KeyCondition | None
    condition: Condition | None
    projection: Projection | None

    def check(self, schema: TableSchema) -> None:
        """Raise ValidationException for what does not fit the table's keys."""
        target = Target(schema, None)
        if self.key_condition is not None:
            check_key_values(target, self.key_condition.bind(target.partition, target.sort))
        if self.condition is None:
            return
        check_scalar_keys(schema, self.condition.paths)
        for path in self.condition.paths:
            if self.key_condition is not None and path[0] in schema.key_types:
                raise ValidationException(
                    "Filter Expression can only contain non-primary key attributes: Primary key attribute: " + path[0]
                )

    def bounds(self, schema: TableSchema, prefix: bytes) -> tuple[bytes, bytes]:
        """The range low <= key < high of a backup's items, whose keys begin with a prefix, that may be wanted."""
        if self.key_condition is None:
            return prefix, after(prefix)
        target = Target(schema, None)
        low, high = bounds_of(target, self.key_condition.bind(target.partition, target.sort))
        is_within = high.startswith(target.prefix)
        end = prefix + high[TABLE_PREFIX_BYTES:] if is_within else after(prefix)
        return prefix + low[TABLE_PREFIX_BYTES:], end

    def shown(self, item: _core.Buffer) -> _core.Buffer | None:
        """What is exported of an item, None for nothing."""
        if self.condition is not None and not self.condition.predicate(item):
            return None
        return item if self.projection is None else self.projection.of(item)


ALL = ExportFilter(None, None, None)


def export_filter(request: Mapping[str, Any]) -> ExportFilter:
    """The filter of an export's request; raise ValidationException."""
    specification = request.get("FilterSpecification")
    if specification is None:
        return ALL
    if not specification:
        raise ValidationException("Invalid Request: Invalid FilterSpecification: The specification can not be empty")
    placeholders = read_placeholders(specification, _EXPRESSIONS, CURRENT_READ)
    text = specification.get("KeyConditionExpression")
    key_condition = None if text is None else compile_key_condition(text, placeholders)
    condition, projection = read_filter(specification, placeholders), read_projection(specification, placeholders)
    placeholders.check_unused()
    return ExportFilter(key_condition, condition, projection)
