"""Loading and scanning whole tables, with the errors that a Python program catches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ddbengine.embedded.answers import exception_of
from ddbengine.embedded.requests import checked
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.errors import ApiError

if TYPE_CHECKING:
    from ddbengine.engine.bulk_load import Loaded, OnRefused

__all__ = ["load", "scan_all"]


def load(
    engine: Engine, caller: Caller, table: str, items: Iterable[Mapping[str, Any]], on_refused: OnRefused | None
) -> Loaded:
    """Raise ServiceError for the table, ItemRefused for an item."""
    from ddbengine.engine.bulk_load import load

    try:
        return load(engine, caller, table, items, on_refused)
    except ApiError as error:
        raise exception_of(error, "PutItem") from None


def scan_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Raise ServiceError or ParamValidationError for the request."""
    from ddbengine.engine.bulk_scan import scan_all

    try:
        yield from scan_all(engine, caller, checked("Scan", request))
    except ApiError as error:
        raise exception_of(error, "Scan") from None
