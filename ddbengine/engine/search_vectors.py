"""SearchVectors: the items of a vector index whose vectors are nearest to one given (FACTS 5.15).

The search is exact: every vector of the index, or of one of its partitions, is looked at.  What is returned is what the
index holds; its vectors, as 32-bit floats, only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar

import orjson

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.index_waits import IndexesBehind
from ddbengine.engine.keys import after, empty_key_message, is_empty_key
from ddbengine.engine.long_reads import Pause, ReadIsLong
from ddbengine.engine.request_expressions import read_placeholders, read_projection
from ddbengine.engine.values import CURRENT_READ
from ddbengine.errors import ValidationException
from ddbengine.expressions import Projection, SearchCondition, compile_search_condition
from ddbengine.indexes.entries import index_prefix, partition_prefix
from ddbengine.limits import SEARCH_MAX_RESULTS, SEARCH_MIN_BYTES
from ddbengine.schema.table import IndexSchema, TableSchema, VectorSpace
from ddbengine.schema.transition import CREATING, running_transition
from ddbengine.storage.store import Outcome, ReadTxn

EXPRESSIONS = ("SearchConditionExpression", "ProjectionExpression")

QUICK_MAX_ENTRIES = 500
"""A search of so few is done with at once: in about a millisecond."""
STEP_ENTRIES = 100
"""Looked at between two pauses."""

# How the service charges a search, as measured on an index without partitions (FACTS 6.5).
_BYTES_PER_DIMENSION = 30.6875
_BYTES_PER_RESULT = 65
_BYTES_PER_RETURNED_ELEMENT = 4

Filters = list[tuple[str, bytes]]
Buffer = bytes | memoryview


@dataclass(frozen=True, slots=True)
class SearchVectors:
    surroundings: Surroundings
    namespace: str
    table_name: str
    index_name: str
    vector: bytes
    """See ``_core.vector_of``."""
    dimensions: int
    most: int
    condition: SearchCondition | None
    projection: Projection | None
    capacity_detail: str | None
    pending_lsn: int
    """See ``Surroundings``."""
    pause: Pause | None = None
    """Called now and then; None to raise ReadIsLong when the search takes long."""
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.table(txn, self.namespace, self.table_name)
        index, space = self._searchable(schema)
        if self.dimensions != space.dimensions:
            raise ValidationException(
                f"Input search vector dimension {self.dimensions} does not match vector index dimension "
                f"{space.dimensions}"
            )
        prefix, filters = scope_of(index, space, self.condition)
        if self.pending_lsn:
            raise IndexesBehind(self.pending_lsn)
        entries = self._paced(txn.scan(prefix, after(prefix)))
        found, _ = _core.nearest(entries, space.attribute, self.vector, space.distance, self.most, filters)
        return self._outcome(space, found)

    def pausing(self, pause: Pause) -> SearchVectors:
        """The same search, with pauses."""
        return replace(self, pause=pause)

    def _paced(self, entries: Iterator[tuple[Buffer, Buffer]]) -> Iterator[tuple[Buffer, Buffer]]:
        """The entries; raise ReadIsLong where they are many and there are no pauses."""
        yield from islice(entries, QUICK_MAX_ENTRIES)
        for entry in entries:
            if self.pause is None:
                raise ReadIsLong
            yield entry
            self.pause()
            yield from islice(entries, STEP_ENTRIES - 1)

    def _searchable(self, schema: TableSchema) -> tuple[IndexSchema, VectorSpace]:
        """The index, as long as it is served; raise ValidationException."""
        index = schema.vector_index(self.index_name)
        running = running_transition(schema, self.surroundings.clock())
        shown = {} if running is None else running.indexes.get(self.index_name, {})
        is_filling = shown.get("Backfilling") or (index is not None and index.is_filling)
        if index is None or index.vector is None or (shown.get("IndexStatus") == CREATING and not is_filling):
            raise ValidationException(f"The table does not have the specified index: {self.index_name}")
        if is_filling:
            raise ValidationException(f"Cannot search backfilling vector index: {self.index_name}")
        return index, index.vector

    def _outcome(self, space: VectorSpace, found: Sequence[tuple[float, Buffer]]) -> Outcome:
        size = 0
        shown = _ShownVectors(space, self.projection)
        results = []
        for score, entry in found:
            attributes = _core.split_map(entry)
            vector = attributes.pop(space.attribute)
            item = _core.join_map(attributes)
            size += _core.item_size(item)
            members = _core.item_to_wire(item if self.projection is None else self.projection.of(item))[1:-1]
            wire = b",".join(filter(None, (members, shown.member(vector))))
            results.append(b'{"Item":{' + wire + b'},"Score":' + orjson.dumps(score) + b"}")
        body = b'{"SearchResults":[' + b",".join(results) + b"]"
        if self.capacity_detail is not None:
            charged = _charged(space, size, len(found), shown.is_asked_for)
            body += b',"ConsumedCapacity":' + orjson.dumps({"VectorSearchRequestBytes": charged})
        return Outcome(body + b"}")


class _ShownVectors:
    """How results show their vectors: not at all, unless a projection has a path to them."""

    def __init__(self, space: VectorSpace, projection: Projection | None) -> None:
        paths = () if projection is None else [path for path in projection.paths if path[0] == space.attribute]
        self.is_asked_for = bool(paths)
        self._name = orjson.dumps(space.attribute)
        self._is_whole = any(len(path) == 1 for path in paths)
        self._places = sorted(
            path[1] for path in paths if len(path) == 2 and isinstance(path[1], int) and path[1] < space.dimensions
        )

    def member(self, vector: bytes) -> bytes:
        """The member of an item, empty for none."""
        if not self._is_whole and not self._places:
            return b""
        return self._name + b":" + _core.vector_to_wire(vector, None if self._is_whole else self._places)


def scope_of(index: IndexSchema, space: VectorSpace, condition: SearchCondition | None) -> tuple[bytes, Filters]:
    """Where the entries lie that a condition may be true of, and what else they have to have.

    Raise ValidationException for a condition that does not go with the search schema.
    """
    if condition is None:
        if index.partition:
            raise ValidationException("SearchConditionExpression must be provided when SearchSchema has a HASH key")
        return index_prefix(index), []
    elements = {element.attribute.name: element for element in space.search_schema}
    for equality in condition.equalities:
        if equality.path[0] not in elements:
            raise ValidationException(
                "SearchConditionExpression must not contain any attributes that is not in SearchSchema. "
                f"Invalid attribute: {equality.path[0]}"
            )
    values = condition.values()
    if any(attribute.name not in values for attribute in index.partition):
        raise ValidationException("SearchConditionExpression must have all HASH attributes in configured SearchSchema")
    for name, value in values.items():
        attribute, actual = elements[name].attribute, _core.type_of(value)
        if actual != attribute.type:
            raise ValidationException(
                f"Type of '{name}' attribute in SearchConditionExpression ({actual}) does not match type in search "
                f"schema ({attribute.type})"
            )
        if elements[name].is_partition and is_empty_key(attribute, value):
            raise ValidationException(empty_key_message(attribute, None))
    filters = [(name, value) for name, value in values.items() if not elements[name].is_partition]
    if not index.partition:
        return index_prefix(index), filters
    return partition_prefix(index, tuple(values[attribute.name] for attribute in index.partition)), filters


def _charged(space: VectorSpace, size: int, results: int, shows_vectors: bool) -> float:
    """What a search is charged: by the length of its vector, and by what it returns."""
    charged = _BYTES_PER_DIMENSION * space.dimensions + _BYTES_PER_RESULT * results + size
    if shows_vectors:
        charged += _BYTES_PER_RETURNED_ELEMENT * space.dimensions * results
    return max(float(SEARCH_MIN_BYTES), charged)


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> SearchVectors:
    most = request["TopK"]
    if most > SEARCH_MAX_RESULTS:
        raise ValidationException(
            f"Provided TopK value '{most}' is out of valid range. "
            f"The value must be between 1 and {SEARCH_MAX_RESULTS} inclusive"
        )
    vector = _read_vector(request["SearchVector"])
    condition, projection = _read_expressions(request)
    return SearchVectors(
        surroundings,
        surroundings.namespace(caller),
        request["TableName"],
        request["IndexName"],
        vector,
        len(request["SearchVector"]),
        most,
        condition,
        projection,
        capacity.wanted(request),
        surroundings.pending_lsn(),
    )


def _read_vector(elements: Sequence[Mapping[str, Any]]) -> bytes:
    """The vector searched for; raise ValidationException."""
    vector = None
    if all("N" in element for element in elements):
        vector = _core.vector_of(CURRENT_READ.value({"L": list(elements)}), len(elements))
    if vector is None:
        raise ValidationException(
            "Search vector contains invalid values. "
            "All values in the search vector must be a 32-bit floating-point number attribute"
        )
    return vector


def _read_expressions(request: Mapping[str, Any]) -> tuple[SearchCondition | None, Projection | None]:
    placeholders = read_placeholders(request, EXPRESSIONS, CURRENT_READ)
    text = request.get("SearchConditionExpression")
    condition = None if text is None else compile_search_condition(text, placeholders)
    projection = read_projection(request, placeholders)
    placeholders.check_unused()
    return condition, projection
