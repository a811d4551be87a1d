"""Query: one item collection of a table or index, in sort order.  Order of checks: FACTS 3.5, 5.6."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ddbengine import _core
from ddbengine.engine import keys
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.reading import (
    BAD_START_KEY,
    ReadRequest,
    Target,
    bounds_after,
    check_filter_is_projected,
    check_filter_paths,
    check_projection_paths,
    check_select,
    check_start_key_has_no_empty_value,
    outcome_of_read,
    read_common,
    read_page,
    read_start_key,
    start_key_fits,
    target_of,
)
from ddbengine.engine.request_expressions import (
    SMALL_VALUES_WITHIN_LIMIT,
    read_attributes_to_get,
    read_filter,
    read_legacy_condition,
    read_placeholders,
    read_projection,
    read_values_again,
)
from ddbengine.engine.values import CURRENT_READ
from ddbengine.errors import ValidationException, enveloped
from ddbengine.expressions import (
    Condition,
    KeyCondition,
    KeyRange,
    Placeholders,
    Projection,
    RepeatableKeyCondition,
    check_mixing,
    compile_key_condition,
    legacy_key_conditions,
    repeatable_key_condition,
)
from ddbengine.indexes import entries
from ddbengine.schema.table import KeyAttribute
from ddbengine.storage.store import Outcome, ReadTxn

LEGACY = ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions")
_LEGACY = frozenset(LEGACY)
_NO_QUERY_OF_VECTORS = "Query operation not supported on this index type."
EXPRESSIONS = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")
_FILTER = "Filter Expression"
_FORMLESS = frozenset((*LEGACY, "FilterExpression", "ExclusiveStartKey", "IndexName"))
"""Members that keep a query from having a form that is remembered."""
_FORMS_MAX = 1024
_MEMORABLE_BYTES = 2048
"""Longer ones are prepared each time, so that a client cannot fill the memory with megabytes."""


@dataclass(slots=True)  # not frozen: each request makes one
class Query:
    read: ReadRequest
    key_condition: KeyCondition
    forward: bool
    filter_member: str
    """What messages call the filter."""
    consistent: bool
    writes: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        read = self.read
        target = target_of(read, txn, _NO_QUERY_OF_VECTORS)
        low, high = self._bounds(target)
        check_projection_paths(read, target)
        if read.condition is not None:
            self._check_filter(target)
        return outcome_of_read(read, target, read_page(txn, read, target, low, high, not self.forward))

    def _bounds(self, target: Target) -> tuple[bytes, bytes]:
        """The range low <= key < high of the rows that are left to read."""
        start_key, condition = self.read.start_key, self.key_condition
        if start_key is None:
            plain = condition.plain_bounds(*target.layout)
            if plain is not None:
                return plain
        elif not start_key_fits(target, start_key):
            raise ValidationException(BAD_START_KEY)
        key_range = condition.bind(target.partition, target.sort)
        check_key_values(target, key_range)
        low, high = bounds_of(target, key_range)
        start = None if start_key is None else _start(target, key_range, start_key, low, high)
        return bounds_after(low, high, start, not self.forward)

    def _check_filter(self, target: Target) -> None:
        check_filter_has_no_key(self.read, target, self.filter_member)
        check_filter_is_projected(self.read, target)
        check_filter_paths(self.read, target)


def bounds_of(target: Target, key_range: KeyRange) -> tuple[bytes, bytes]:
    """The range low <= key < high of the rows that a key condition selects."""
    if target.index is None:
        prefix = keys.partition_prefix(target.schema, key_range.partition[0])
    else:
        prefix = entries.partition_prefix(target.index, key_range.partition)
    prefix += b"".join(map(_core.key_part, key_range.sort_equal))
    low, high = prefix, keys.after(prefix)
    operator, operands = key_range.operator, key_range.operands
    if operator is None:
        return low, high
    first = prefix + _core.key_part(operands[0])
    if operator == "<":
        return low, first
    if operator == "<=":
        return low, keys.after(first)
    if operator == ">":
        return keys.after(first), high
    if operator == ">=":
        return first, high
    if operator == "BETWEEN":
        return first, keys.after(prefix + _core.key_part(operands[1]))
    assert operator == "begins_with", operator
    start = prefix + _core.key_part_prefix(operands[0])
    return start, keys.after(start)


def check_key_values(target: Target, key_range: KeyRange) -> None:
    """Refuse key values that no key can have: empty ones, and too long ones (FACTS 2.4: reads too)."""
    keys.check_key_length(True, _key_bytes(target, target.partition, key_range.partition))
    equal = key_range.sort_equal
    for sort in [(*equal, operand) for operand in key_range.operands] or [equal]:
        keys.check_key_length(False, _key_bytes(target, target.sort, sort))


def _key_bytes(target: Target, attributes: Sequence[KeyAttribute], values: Sequence[bytes]) -> int:
    """The length of the values of the first attributes; raise ValidationException for an empty one."""
    total = 0
    for attribute, value in zip(attributes, values, strict=False):
        length = len(_core.key_bytes(value))
        if length == 0:
            raise ValidationException(keys.empty_key_message(attribute, target.index))
        total += length
    return total


def _start(target: Target, key_range: KeyRange, start_key: dict[str, bytes], low: bytes, high: bytes) -> bytes:
    """The stored key to go on after; raise ValidationException when the conditions cannot have led there."""
    check_start_key_has_no_empty_value(target, start_key)
    start = target.row_key(start_key)
    if low <= start < high:
        return start
    names = (attribute.name for attribute in target.partition)
    in_partition = {**start_key, **dict(zip(names, key_range.partition, strict=True))}
    if not low <= target.row_key(in_partition) < high:
        raise ValidationException("The provided starting key does not match the range key predicate")
    if key_range.operator is None and not key_range.sort_equal:
        raise ValidationException("The provided starting key is outside query boundaries based on provided conditions")
    raise ValidationException("The query can return at most one row and cannot be restarted")


def check_filter_has_no_key(read: ReadRequest, target: Target, member: str) -> None:
    """A Query filter, called ``member`` in the message, may not name a key attribute of what is queried (FACTS 4.6)."""
    if read.condition is None:
        return
    key_names = {attribute.name for attribute in target.partition + target.sort}
    for path in read.condition.paths:
        if path[0] in key_names:
            raise ValidationException(
                f"{member} can only contain non-primary key attributes: Primary key attribute: {path[0]}"
            )


@dataclass(frozen=True, slots=True)
class QueryForm:
    """All of a Query but its ExpressionAttributeValues: what was found good once is good with other values of the same
    aliases and types.  Known by the request's other members as JSON; only of those that read a table, from the
    beginning, without a filter."""

    read: ReadRequest
    condition: RepeatableKeyCondition
    forward: bool
    aliases: tuple[str, ...]

    def with_values(self, values: dict[str, Any]) -> Query | None:
        """The plan of a request of this form; None when it has to be prepared from the beginning."""
        encoded = read_values_again(values, self.aliases, CURRENT_READ)
        condition = None if encoded is None else self.condition.with_values(encoded)
        read = self.read
        return None if condition is None else Query(read, condition, self.forward, _FILTER, read.consistent)


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Query:
    if "ExpressionAttributeValues" not in request or not _FORMLESS.isdisjoint(request):
        return _prepare(surroundings, caller, request)[0]
    others = request.copy()
    values = others.pop("ExpressionAttributeValues")
    try:
        name = surroundings.namespace(caller), orjson.dumps(others)
    except orjson.JSONEncodeError:  # text of a program in this process that is no Unicode
        return _prepare(surroundings, caller, request)[0]
    known = surroundings.query_forms.get(name)
    if known is not None:
        plan = known.with_values(values)
        if plan is not None:
            return plan
    plan, placeholders = _prepare(surroundings, caller, request)
    if len(name[1]) <= _MEMORABLE_BYTES and len(values) <= SMALL_VALUES_WITHIN_LIMIT:
        _remember(surroundings, name, plan, request, placeholders)
    return plan


def _remember(
    surroundings: Surroundings,
    name: tuple[str, bytes],
    plan: Query,
    request: dict[str, Any],
    placeholders: Placeholders,
) -> None:
    condition = repeatable_key_condition(request["KeyConditionExpression"], placeholders)
    if condition is not None:
        if len(surroundings.query_forms) >= _FORMS_MAX:
            surroundings.query_forms.clear()
        aliases = tuple(request["ExpressionAttributeValues"])
        surroundings.query_forms[name] = QueryForm(plan.read, condition, plan.forward, aliases)


def _prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> tuple[Query, Placeholders]:
    legacy_filter = legacy_projection = None
    if not _LEGACY.isdisjoint(request):
        check_mixing(request, LEGACY, EXPRESSIONS)
        legacy_filter = read_legacy_condition(request, "QueryFilter", CURRENT_READ)
        legacy_projection = read_attributes_to_get(request)
    start_key = read_start_key(request, CURRENT_READ) if "ExclusiveStartKey" in request else None
    if "KeyConditions" not in request and "KeyConditionExpression" not in request:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    placeholders = read_placeholders(request, EXPRESSIONS, CURRENT_READ)
    key_condition, condition, projection = _read_expressions(request, placeholders)
    if "Select" in request:
        check_select(request, lambda message: enveloped(ValidationException(message)))
    read = read_common(
        surroundings, caller, request, legacy_projection or projection, legacy_filter or condition, start_key
    )
    filter_member = _FILTER if legacy_filter is None else "QueryFilter"
    return Query(
        read, key_condition, request.get("ScanIndexForward", True), filter_member, read.consistent
    ), placeholders


def _read_expressions(
    request: dict[str, Any], placeholders: Placeholders
) -> tuple[KeyCondition, Condition | None, Projection | None]:
    text = request.get("KeyConditionExpression")
    key_condition = None if text is None else compile_key_condition(text, placeholders)
    condition = read_filter(request, placeholders) if "FilterExpression" in request else None
    projection = read_projection(request, placeholders) if "ProjectionExpression" in request else None
    placeholders.check_unused()
    if key_condition is None:
        key_condition = legacy_key_conditions(request["KeyConditions"], CURRENT_READ.value)
    return key_condition, condition, projection
