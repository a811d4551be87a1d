"""What Query and Scan share: the table or index they read, pages, Select, and the response.

A page ends at ``Limit`` items read or past 1 MB of items read, before the filter (FACTS 5.6).  Rows are what the walked
tree holds: items of a table, projected entries of an index.  A local index serves attributes it does not hold from the
table, for the price of a read each; a global index refuses them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.bodies import body
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.index_waits import IndexesBehind
from ddbengine.engine.keys import check_scalar_keys, empty_key_message, item_key, partition_prefix
from ddbengine.engine.values import Surface
from ddbengine.errors import ValidationException
from ddbengine.expressions import Condition, Projection
from ddbengine.indexes.entries import entry_key, index_prefix
from ddbengine.limits import PAGE_MAX_BYTES
from ddbengine.schema.table import IndexSchema, KeyAttribute, KeyLayout, TableSchema
from ddbengine.schema.transition import CREATING, running_transition
from ddbengine.storage.store import Outcome, ReadTxn

Buffer = bytes | memoryview

_INVALID = "One or more parameter values were invalid: "
NO_SCAN_OF_VECTORS = "Scan operation not supported on this index type"
BAD_START_KEY = "The provided starting key is invalid"


@dataclass(slots=True)  # not frozen: each request makes one
class ReadRequest:
    """The members that Query and Scan have in common, checked."""

    surroundings: Surroundings
    namespace: str
    table_name: str
    index_name: str | None
    select: str | None
    projection: Projection | None
    condition: Condition | None
    """The filter."""
    start_key: dict[str, bytes] | None
    limit: int | None
    consistent: bool
    capacity_detail: str | None
    pending_lsn: int
    """What global indexes had yet to be told of when the request came in, see ``Surroundings``."""

    def shown(self, rows: list[Buffer]) -> list[Buffer]:
        """Rows cut down to the projection."""
        projection = self.projection
        return rows if projection is None else [projection.of(row) for row in rows]


def read_common(
    surroundings: Surroundings,
    caller: Caller,
    request: Mapping[str, Any],
    projection: Projection | None,
    condition: Condition | None,
    start_key: dict[str, bytes] | None,
) -> ReadRequest:
    return ReadRequest(
        surroundings,
        surroundings.namespace(caller),
        request["TableName"],
        request.get("IndexName"),
        request.get("Select"),
        projection,
        condition,
        start_key,
        request.get("Limit"),
        request.get("ConsistentRead", False),
        capacity.wanted(request),
        surroundings.pending_lsn() if "IndexName" in request else 0,
    )


def check_select(request: Mapping[str, Any], worded: Callable[[str], ValidationException]) -> None:
    """Refuse a Select that does not go with the projection or the lack of an index; ``worded`` makes the error."""
    select = request.get("Select")
    if select is None:
        return
    member = next((name for name in ("AttributesToGet", "ProjectionExpression") if name in request), None)
    if select == "SPECIFIC_ATTRIBUTES":
        if member is None:
            raise worded(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
    elif member is not None:
        what = "only the Count" if select == "COUNT" else select
        raise worded(f"Cannot specify the {member} when choosing to get {what}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and "IndexName" not in request:
        raise ValidationException("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def read_start_key(request: Mapping[str, Any], surface: Surface) -> dict[str, bytes] | None:
    """Encode ExclusiveStartKey; raise ValidationException."""
    wire = request.get("ExclusiveStartKey")
    return None if wire is None else surface.start_key(wire)


@dataclass(slots=True)  # not frozen: each request makes one
class Target:
    """A table, or one of its indexes."""

    schema: TableSchema
    index: IndexSchema | None

    @property
    def partition(self) -> tuple[KeyAttribute, ...]:
        return self.layout[1]

    @property
    def sort(self) -> tuple[KeyAttribute, ...]:
        return self.layout[2]

    @property
    def prefix(self) -> bytes:
        return self.layout[0]

    @property
    def layout(self) -> KeyLayout:
        index = self.index
        return self.schema.layout if index is None else (index_prefix(index), index.partition, index.sort)

    @property
    def key_types(self) -> dict[str, str]:
        """The attributes of a LastEvaluatedKey: the table's key, and the index's."""
        if self.index is None:
            return self.schema.key_types
        return {attribute.name: attribute.type for attribute in self.schema.key + self.index.key}

    def row_key(self, attributes: Mapping[str, bytes]) -> bytes:
        """The stored key of the row with these key attributes."""
        if self.index is None:
            return item_key(self.schema, attributes)
        return entry_key(self.schema, self.index, attributes)


def target_of(read: ReadRequest, txn: ReadTxn, of_vectors: str) -> Target:
    """The table and index a request names; raise ResourceNotFoundException or ValidationException, which says
    ``of_vectors`` for a vector index."""
    schema = read.surroundings.catalog.table(txn, read.namespace, read.table_name)
    if read.index_name is None:
        return Target(schema, None)
    index = schema.index(read.index_name)
    if index is None:
        if schema.vector_index(read.index_name) is not None:
            raise ValidationException(of_vectors)
        raise ValidationException(f"The table does not have the specified index: {read.index_name}")
    if index.is_global:
        if read.consistent:
            raise ValidationException("Consistent reads are not supported on global secondary indexes")
        check_is_current(read, schema, index)
    return Target(schema, index)


def check_is_current(read: ReadRequest, schema: TableSchema, index: IndexSchema) -> None:
    """Refuse to read a global index that is shown as being created (the service's words in reports of its users); raise
    IndexesBehind when it may lack changes that this read is to show."""
    running = running_transition(schema, read.surroundings.clock())
    shown = {} if running is None else running.indexes.get(index.name, {})
    if index.is_filling or shown.get("IndexStatus") == CREATING:
        raise ValidationException(f"Cannot read from backfilling global secondary index: {index.name}")
    if read.pending_lsn:
        raise IndexesBehind(read.pending_lsn)


def start_key_fits(target: Target, start_key: Mapping[str, bytes]) -> bool:
    """Whether a start key has exactly the key attributes of the target, each of its type."""
    types = target.key_types
    return len(start_key) == len(types) and all(
        name in start_key and _core.type_of(start_key[name]) == key_type for name, key_type in types.items()
    )


def check_start_key_has_no_empty_value(target: Target, start_key: Mapping[str, bytes]) -> None:
    """Refuse a fitting start key with an empty value, which no stored key has."""
    schema, index = target.schema, target.index
    for attribute in schema.key:
        if not _core.key_bytes(start_key[attribute.name]):
            raise ValidationException(f"{BAD_START_KEY}: {empty_key_message(attribute, None)}")
    for attribute in () if index is None else index.key:
        if not _core.key_bytes(start_key[attribute.name]):
            raise ValidationException(f"{BAD_START_KEY}: {empty_key_message(attribute, index)}")


def needs_table(read: ReadRequest, target: Target) -> bool:
    """Whether rows must be completed from the table; raise ValidationException where an index cannot be."""
    index = target.index
    if index is None:
        return False
    held = target.schema.projected[index.number]
    if held is None:
        return False
    if read.select == "ALL_ATTRIBUTES":
        if index.is_global:
            raise ValidationException(
                f"{_INVALID}Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} "
                "because its projection type is not ALL"
            )
        return True
    if read.projection is None:
        return False
    missing = list(dict.fromkeys(str(path[0]) for path in read.projection.paths if path[0] not in held))
    if missing and index.is_global:
        raise ValidationException(
            f"{_INVALID}Global secondary index {index.name} does not project [{', '.join(missing)}]"
        )
    return bool(missing)


def check_filter_is_projected(read: ReadRequest, target: Target) -> None:
    """A Query cannot filter on what the index, of either kind, does not hold."""
    if read.condition is None or target.index is None:
        return
    held = target.schema.projected[target.index.number]
    if held is None:
        return
    missing = sorted({str(path[0]) for path in read.condition.paths} - held)
    if missing:
        raise ValidationException(
            f"{_INVALID}Secondary index {target.index.name} does not project one or more filter attributes: "
            f"[{', '.join(missing)}]"
        )


def check_projection_paths(read: ReadRequest, target: Target) -> None:
    """Refuse a projection that leads below a key attribute."""
    if read.projection is not None:
        check_scalar_keys(target.schema, read.projection.paths)


def check_filter_paths(read: ReadRequest, target: Target) -> None:
    """Refuse a filter that leads below a key attribute."""
    if read.condition is not None:
        check_scalar_keys(target.schema, read.condition.paths)


@dataclass(slots=True)
class Page:
    """Rows read in order.  Rows are buffers of the transaction, or bytes of items fetched from the table."""

    rows: list[Buffer]
    """Those the filter kept."""
    scanned: int = 0
    size: int = 0
    """Bytes of all rows read, by DynamoDB's accounting."""
    last: Buffer | None = None
    """The last row read, if more may follow."""
    fetched_units: float = 0.0
    """Read capacity of the items fetched from the table."""


def read_page(txn: ReadTxn, read: ReadRequest, target: Target, low: bytes, high: bytes, reverse: bool) -> Page:
    """Read rows with low <= key < high until Limit or 1 MB."""
    return page_of(txn.scan(low, high, reverse), txn, read, target)


def page_of(
    entries: Iterable[tuple[Buffer, Buffer]],
    txn: ReadTxn,
    read: ReadRequest,
    target: Target,
    filters_entries: bool = False,
) -> Page:
    """Read rows from entries of the target until Limit or 1 MB.

    ``filters_entries``: the filter sees what an index holds, even where rows are completed from the table.
    """
    matches = None if read.condition is None else read.condition.predicate
    limit = read.limit or 0
    if not needs_table(read, target):
        return Page(*_core.take_page(entries, limit, PAGE_MAX_BYTES, matches))
    page = Page([])
    rows, item_size = page.rows, _core.item_size
    complete = _completion(txn, read, target, page)
    scanned = size = 0
    for _, row in entries:
        scanned += 1
        size += item_size(row)
        found = complete(row)
        if matches is None or matches(row if filters_entries else found):
            rows.append(found)
        if scanned == limit or size >= PAGE_MAX_BYTES:
            page.last = row
            break
    page.scanned, page.size = scanned, size
    return page


def _completion(txn: ReadTxn, read: ReadRequest, target: Target, page: Page) -> Callable[[Buffer], Buffer]:
    """The function from an entry of a local index to its whole item, which counts what it costs."""
    schema = target.schema
    assert schema.sort is not None, "a table with a local index has a sort key"
    partition_name, sort_name = schema.partition.name, schema.sort.name
    partition, prefix = None, b""
    charges = read.capacity_detail is not None

    def complete(entry: Buffer) -> Buffer:
        nonlocal partition, prefix
        in_partition = _core.get_attribute(entry, partition_name)
        sort = _core.get_attribute(entry, sort_name)
        assert in_partition is not None, "an entry has the key of its item"
        assert sort is not None, "an entry has the key of its item"
        if in_partition != partition:
            partition, prefix = in_partition, partition_prefix(schema, in_partition)
        item = txn.get(prefix + _core.key_part(sort))
        assert item is not None, "an entry of a local index has its item"
        if charges:
            page.fetched_units += capacity.read_units(_core.item_size(item), read.consistent)
        return item

    return complete


def outcome_of_read(read: ReadRequest, target: Target, page: Page) -> Outcome:
    """The response of Query or Scan."""
    counts = b'"Count":%d,"ScannedCount":%d' % (len(page.rows), page.scanned)
    last = None if page.last is None else _core.pick(page.last, target.key_types)
    rows = page.rows if read.projection is None else read.shown(page.rows)
    more = b""
    if read.capacity_detail is not None:
        more = b',"ConsumedCapacity":' + body(consumed_by_page(read, target, page))
    return Outcome(_core.page_to_wire(None if read.select == "COUNT" else rows, counts, last, more))


def consumed_by_page(read: ReadRequest, target: Target, page: Page) -> dict[str, Any]:
    """The ConsumedCapacity of a page."""
    page_units = capacity.read_units(page.size, read.consistent)
    consumed = capacity.Consumed()
    if target.index is None:
        consumed.table = page_units
    else:
        consumed.table = page.fetched_units
        consumed.add_index(target.index, page_units)
    return consumed.report(read.table_name, read.capacity_detail or "TOTAL")


def bounds_after(low: bytes, high: bytes, start: bytes | None, reverse: bool) -> tuple[bytes, bytes]:
    """The range that is left when everything up to and including the start key has been read."""
    if start is None:
        return low, high
    return (low, min(high, start)) if reverse else (max(low, start + b"\0"), high)
