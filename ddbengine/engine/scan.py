"""Scan: a whole table or index in the order of the partition hash, or one slice of it.  FACTS 5.7.

A parallel scan cuts the first three hexadecimal digits of the hash, 0 to 4095: segment s of n owns
ceil(4096 s / n) to ceil(4096 (s + 1) / n) - 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine.engine import keys
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.reading import (
    BAD_START_KEY,
    NO_SCAN_OF_VECTORS,
    Page,
    ReadRequest,
    Target,
    bounds_after,
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
    read_attributes_to_get,
    read_filter,
    read_legacy_condition,
    read_placeholders,
    read_projection,
)
from ddbengine.engine.values import OLDER
from ddbengine.errors import ValidationException
from ddbengine.expressions import check_mixing
from ddbengine.limits import SCAN_HASH_SLICES, SCAN_MAX_SEGMENTS
from ddbengine.storage.store import Outcome, ReadTxn

LEGACY = ("AttributesToGet", "ScanFilter", "ConditionalOperator")
EXPRESSIONS = ("ProjectionExpression", "FilterExpression")


@dataclass(frozen=True, slots=True)
class Segment:
    number: int
    of: int


@dataclass(slots=True)  # not frozen: each request makes one
class Scan:
    read: ReadRequest
    segment: Segment | None
    consistent: bool
    writes: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        return outcome_of_read(self.read, *self.page(txn))

    def page(self, txn: ReadTxn) -> tuple[Target, Page]:
        """What is scanned, and the page that follows the start key."""
        read = self.read
        target = target_of(read, txn, NO_SCAN_OF_VECTORS)
        low, high = _bounds(target, self.segment)
        start = None if read.start_key is None else self._start(target, read.start_key, low, high)
        check_projection_paths(read, target)
        check_filter_paths(read, target)
        low, high = bounds_after(low, high, start, reverse=False)
        return target, read_page(txn, read, target, low, high, reverse=False)

    def _start(self, target: Target, start_key: dict[str, bytes], low: bytes, high: bytes) -> bytes:
        if not start_key_fits(target, start_key):
            detail = "" if target.index is not None else f": {keys.KEY_MISMATCH}"
            raise ValidationException(BAD_START_KEY + detail)
        check_start_key_has_no_empty_value(target, start_key)
        start = target.row_key(start_key)
        if self.segment is not None and not low <= start < high:
            raise ValidationException(
                f"{BAD_START_KEY}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
                f"TotalSegments: {self.segment.of} Segment: {self.segment.number}"
            )
        return start


def _bounds(target: Target, segment: Segment | None) -> tuple[bytes, bytes]:
    prefix = target.prefix
    if segment is None:
        return prefix, keys.after(prefix)
    return _slice_start(prefix, segment.number, segment.of), _slice_start(prefix, segment.number + 1, segment.of)


def _slice_start(prefix: bytes, number: int, of: int) -> bytes:
    """Where a segment starts: at the least hash it owns, whose first twelve bits decide."""
    first = -(-SCAN_HASH_SLICES * number // of)
    return keys.after(prefix) if first >= SCAN_HASH_SLICES else prefix + (first << 4).to_bytes(2, "big")


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Scan:
    check_mixing(request, LEGACY, EXPRESSIONS)
    legacy_projection = read_attributes_to_get(request)
    legacy_filter = read_legacy_condition(request, "ScanFilter", OLDER)
    start_key = read_start_key(request, OLDER)
    segment = _read_segment(request)
    placeholders = read_placeholders(request, EXPRESSIONS, OLDER)
    condition = read_filter(request, placeholders)
    projection = read_projection(request, placeholders)
    placeholders.check_unused()
    check_select(request, ValidationException)
    read = read_common(
        surroundings, caller, request, legacy_projection or projection, legacy_filter or condition, start_key
    )
    return Scan(read, segment, read.consistent)


def _read_segment(request: dict[str, Any]) -> Segment | None:
    number, of = request.get("Segment"), request.get("TotalSegments")
    if number is None and of is None:
        return None
    if of is None:
        raise ValidationException(
            "The TotalSegments parameter is required but was not present in the request "
            "when Segment parameter is present"
        )
    if number is None:
        raise ValidationException(
            "The Segment parameter is required but was not present in the request "
            "when parameter TotalSegments is present"
        )
    if of > SCAN_MAX_SEGMENTS:
        raise ValidationException(
            f"1 validation error detected: Value '{of}' at 'totalSegments' failed to satisfy constraint: "
            f"Member must have value less than or equal to {SCAN_MAX_SEGMENTS}"
        )
    if number >= of:
        raise ValidationException(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {number} is not less than TotalSegments: {of}"
        )
    return Segment(number, of)
