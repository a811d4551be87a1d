"""SELECT: the keys, ranges or whole table that a statement reads, and its pages.

A WHERE clause that pins the partition key in every alternative reads those partitions and no more: single items where
the whole key is pinned, else ranges in sort order.  Any other clause scans.  The clause is evaluated on every row that
is read unless the ranges say all of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import orjson

from ddbengine import _core
from ddbengine.engine import keys
from ddbengine.engine.bodies import body
from ddbengine.engine.context import Surroundings
from ddbengine.engine.query import bounds_of, check_key_values
from ddbengine.engine.reading import (
    NO_SCAN_OF_VECTORS,
    Page,
    ReadRequest,
    Target,
    bounds_after,
    check_filter_paths,
    check_is_current,
    check_projection_paths,
    consumed_by_page,
    needs_table,
    page_of,
)
from ddbengine.engine.statement_writes import check_key_attribute, check_key_type
from ddbengine.errors import ValidationException
from ddbengine.expressions import KeyRange
from ddbengine.limits import SORT_KEY_MAX_BYTES
from ddbengine.partiql import Select
from ddbengine.partiql.compiler import BoundWhere
from ddbengine.partiql.keys import Branch, KeyNames, SortClause, branches_of, excludes_overlap, undivided_names
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.storage.store import Outcome, ReadTxn

_INVALID = "One or more parameter values were invalid: "
_DIGEST_BYTES = 16
TOKEN_MISMATCH = "NextToken does not match request"


class Range(NamedTuple):
    """Rows with low <= key < high; of a point, the row whose key is ``low``."""

    low: bytes
    high: bytes
    is_point: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """How a statement reaches its rows."""

    ranges: Sequence[Range]
    """In the order in which they are read."""
    is_exact: bool
    """Whether every row in them is wanted."""
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class NextToken:
    """Where a page ended, and which request it was a page of."""

    digest: bytes
    row_key: bytes

    def encode(self) -> str:
        return base64.b64encode(self.digest + self.row_key).decode()


def decode_token(text: str) -> NextToken:
    """Read a NextToken; raise ValidationException for what is none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValidationException("Invalid NextToken") from None
    if len(raw) <= _DIGEST_BYTES:
        raise ValidationException("Invalid NextToken")
    return NextToken(raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:])


def digest_of(text: str, parameters: Any) -> bytes:
    """What ties a NextToken to its request: a digest of the statement and its parameters, in wire form."""
    return hashlib.blake2b(orjson.dumps([text, parameters]), digest_size=_DIGEST_BYTES).digest()


@dataclass(slots=True)  # not frozen: each request makes one
class SelectPlan:
    """ExecuteStatement of a SELECT."""

    read: ReadRequest
    select: Select
    where: BoundWhere | None
    asked: tuple[str, Any]
    """The statement and its parameters as sent, for a NextToken."""
    token: NextToken | None
    consistent: bool
    writes: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        read = self.read
        if self.select.column_refusal is not None:
            _refuse_columns(read, txn, self.select.column_refusal)
        target = target_of_select(read, txn)
        check_projection_paths(read, target)
        check_filter_paths(read, target)
        key = _lookup_key(self.select, self.where, target)
        if key is not None:
            return self._outcome(target, _page_of_one(txn.get(key)), _NOTHING_MORE)
        access = access_of(self.select, self.where, target)
        needs_table(read, target)  # refuses what a global index does not hold, before anything is read
        ranges = access.ranges
        if self.token is not None:
            ranges = _ranges_after(ranges, self.token.row_key, access.reverse)
        if access.is_exact:
            read = replace(read, condition=None)
        page = page_of(_entries(txn, ranges, access.reverse), txn, read, target, filters_entries=True)
        return self._outcome(target, page, access)

    def _outcome(self, target: Target, page: Page, access: Access) -> Outcome:
        columns = self.select.columns
        rows: list[bytes | memoryview] = page.rows if columns is None else [columns.of(row) for row in page.rows]
        parts = [b'{"Items":', _core.items_to_wire(rows)]
        if page.last is not None:
            last = target.row_key(_core.split_map(_core.pick(page.last, target.key_types)))
            final = access.ranges[-1]
            if not (final.is_point and final.low == last):
                parts.append(b',"NextToken":"%b"' % NextToken(digest_of(*self.asked), last).encode().encode())
                parts += (b',"LastEvaluatedKey":', _core.item_to_wire(_core.pick(page.last, target.key_types)))
        if self.read.capacity_detail is not None:
            parts += (b',"ConsumedCapacity":', body(consumed_by_page(self.read, target, page)))
        parts.append(b"}")
        return Outcome(b"".join(parts))


_NOTHING_MORE = Access([], is_exact=True)


@dataclass(slots=True)  # not frozen: each request makes one
class SelectLookup:
    """ExecuteStatement of a SELECT of whole items of a table, by equalities that may turn out to be its key."""

    surroundings: Surroundings
    namespace: str
    table_name: str
    where: BoundWhere
    consistent: bool
    otherwise: Callable[[], SelectPlan]
    """Makes the plan for equalities that are not the key."""
    writes: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.table(txn, self.namespace, self.table_name)
        key = _key_of_equalities(schema, self.where)
        if key is None:
            return self.otherwise().run(txn)
        row = txn.get(key)
        return Outcome(b'{"Items":[]}' if row is None else b'{"Items":[%b]}' % _core.item_to_wire(row))


def is_lookup(select: Select, where: BoundWhere | None) -> bool:
    """Whether a SELECT may be a SelectLookup."""
    return (
        where is not None
        and where.equalities is not None
        and select.index_name is None
        and select.columns is None
        and not select.order
    )


def _lookup_key(select: Select, where: BoundWhere | None, target: Target) -> bytes | None:
    """The stored key where a SELECT is a lookup of one item of a table: the quick way of ``access_of``."""
    if where is None or target.index is not None or select.order:
        return None
    return _key_of_equalities(target.schema, where)


def _key_of_equalities(schema: TableSchema, where: BoundWhere) -> bytes | None:
    """The stored key when a clause is an equality for each key attribute and nothing else; raise ValidationException
    for values that no key can have."""
    aliases, values = where.equalities, where.values
    if aliases is None or len(aliases) != len(schema.key):
        return None
    key = {name: values[alias] for name, alias in aliases.items()}
    plain = _core.item_key(schema.item_prefix, schema.key_types, key, SORT_KEY_MAX_BYTES)
    if plain is not None:
        return plain
    if not schema.key_names.issuperset(key):
        return None
    for attribute in schema.key:
        check_key_attribute(schema, attribute, key[attribute.name])
    return keys.item_key(schema, key)


def _page_of_one(row: bytes | memoryview | None) -> Page:
    return Page([]) if row is None else Page([row], 1, _core.item_size(row))


def target_of_select(read: ReadRequest, txn: ReadTxn) -> Target:
    """The table or index a statement names; raise ResourceNotFoundException or ValidationException."""
    schema = read.surroundings.catalog.table(txn, read.namespace, read.table_name)
    if read.index_name is None:
        return Target(schema, None)
    index = schema.index(read.index_name)
    if index is None:
        if schema.vector_index(read.index_name) is not None:
            raise ValidationException(NO_SCAN_OF_VECTORS)
        raise ValidationException("The table does not have the specified index")
    if index.is_global and read.consistent:
        raise ValidationException("Strongly consistent read is not supported on Global Secondary Indexes")
    refuse_wide_key(index)
    if index.is_global:
        check_is_current(read, schema, index)
    return Target(schema, index)


def _refuse_columns(read: ReadRequest, txn: ReadTxn, refusal: str) -> None:
    """Raise ValidationException for a column that is no path.  The one thing about a table that is told before it is
    that the index cannot be read at all (FACTS 5.14)."""
    schema = read.surroundings.catalog.find(txn, read.namespace, read.table_name)
    index = None if schema is None or read.index_name is None else schema.index(read.index_name)
    if index is not None:
        refuse_wide_key(index)
    raise ValidationException(refusal)


def refuse_wide_key(index: IndexSchema) -> None:
    """No statement reads an index with several partition or several sort attributes."""
    if len(index.partition) > 1 or len(index.sort) > 1:
        raise ValidationException(
            "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or "
            "multi-attribute RANGE keys."
        )


def access_of(select: Select, where: BoundWhere | None, target: Target) -> Access:
    """How a SELECT reaches its rows; raise ValidationException for what no read can be made of."""
    names = KeyNames(target.partition[0].name, target.sort[0].name if target.sort else None)
    for ordered in select.order:
        if ordered.name not in names:
            raise ValidationException(
                f"Variable reference {ordered.name} in ORDER BY clause must be part of the primary key"
            )
    branches = None if where is None else branches_of(where, names)
    if branches is None or any(branch.partition is None for branch in branches):
        if select.order:
            raise ValidationException(
                "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
            )
        return Access([Range(target.prefix, keys.after(target.prefix))], where is None)
    assert where is not None, "it has branches"
    _check_filter_is_projected(where, target)
    partitions = _partitions(branches)
    directions = {ordered.name: ordered.descending for ordered in select.order}
    if names.partition in directions:
        partitions = sorted(partitions, key=lambda group: _core.key_part(group[0]), reverse=directions[names.partition])
    reverse = names.sort is not None and directions.get(names.sort, False)
    ranges: list[Range] = []
    for partition, alternatives in partitions:
        found = _ranges_of(target, partition, alternatives)
        ranges.extend(reversed(found) if reverse else found)
    return Access(ranges, all(branch.is_exact for branch in branches), reverse)


def _check_filter_is_projected(where: BoundWhere, target: Target) -> None:
    """Refuse a keyed read of an index that filters on what the index does not hold; under OR it counts as missing."""
    if target.index is None:
        return
    held = target.schema.projected[target.index.number]
    missing = [] if held is None else sorted(undivided_names(where) - held)
    if missing:
        raise ValidationException(
            f"{_INVALID}Secondary index {target.index.name} does not project one or more filter attributes: "
            f"[{', '.join(missing)}]"
        )


def _partitions(branches: Iterable[Branch]) -> list[tuple[bytes, list[Branch]]]:
    """Branches by partition, in the order in which the partitions are first named."""
    groups: dict[bytes, list[Branch]] = {}
    for branch in branches:
        assert branch.partition is not None, "only a keyed read gets here"
        groups.setdefault(branch.partition, []).append(branch)
    return list(groups.items())


def _ranges_of(target: Target, partition: bytes, branches: Sequence[Branch]) -> list[Range]:
    """The ranges of one partition, in key order and apart; raise ValidationException for branches that overlap."""
    check_key_type(target.partition[0], partition)
    found = [(_range_of(target, partition, branch), branch) for branch in branches]
    kept = sorted(((reach, branch) for reach, branch in found if reach.low < reach.high), key=lambda pair: pair[0].low)
    ranges: list[Range] = []
    together: list[Branch] = []
    for reach, branch in kept:
        if not ranges or reach.low >= ranges[-1].high:
            ranges.append(reach)
            together = [branch]
            continue
        if any(excludes_overlap(branch, other) for other in together):
            raise ValidationException("Overlapping conditions with range keys are not supported in where clause")
        together.append(branch)
        last = ranges[-1]
        ranges[-1] = Range(last.low, max(last.high, reach.high), last.is_point and reach.is_point)
    return ranges


def _range_of(target: Target, partition: bytes, branch: Branch) -> Range:
    """The rows of one branch: where all its conditions on the sort key meet."""
    whole = KeyRange((partition,), (), None, ())
    check_key_values(target, whole)
    low, high = bounds_of(target, whole)
    is_point = target.index is None and not target.sort
    for clause in branch.sort:
        key_range = _key_range(target, partition, clause)
        check_key_values(target, key_range)
        first, end = bounds_of(target, key_range)
        low, high = max(low, first), min(high, end)
        is_point = is_point or (target.index is None and clause.operator == "=")
    return Range(low, high, is_point)


def _key_range(target: Target, partition: bytes, clause: SortClause) -> KeyRange:
    for value in clause.values:
        check_key_type(target.sort[0], value)
    if clause.operator == "=":
        return KeyRange((partition,), clause.values, None, ())
    return KeyRange((partition,), (), clause.operator, clause.values)


def _entries(
    txn: ReadTxn, ranges: Iterable[Range], reverse: bool
) -> Iterator[tuple[bytes | memoryview, bytes | memoryview]]:
    for low, high, is_point in ranges:
        if is_point:
            row = txn.get(low)
            if row is not None:
                yield low, row
        else:
            yield from txn.scan(low, high, reverse)


def _ranges_after(ranges: Sequence[Range], row_key: bytes, reverse: bool) -> list[Range]:
    """What is left to read after the row at this key; raise ValidationException if it cannot have been read."""
    for number, reach in enumerate(ranges):
        if reach.low <= row_key < reach.high:
            rest = list(ranges[number + 1 :])
            low, high = bounds_after(reach.low, reach.high, row_key, reverse)
            return rest if reach.is_point or low >= high else [Range(low, high), *rest]
    raise ValidationException(TOKEN_MISMATCH)
