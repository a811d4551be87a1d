"""Reading a whole table or index: the pages of a Scan one after another, each on a snapshot of its own.

Memory holds one page, and no snapshot is open while the caller has the control.  What others write meanwhile is seen
or not, item by item, as in a Scan of several requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from ddbengine import _core
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.index_waits import IndexesBehind
from ddbengine.engine.reading import Buffer, Target
from ddbengine.engine.scan import Scan

__all__ = ["scan_all", "scan_lines"]

T = TypeVar("T")


def scan_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All items of a checked Scan request, as DynamoDB JSON, page after page.

    Filter, projection, index and segment are the request's; ``Limit`` is how many items a snapshot reads at most.
    A global index is read once it has what was written before.  Raise ApiError for what is wrong with the request.
    """
    for page in _pages(engine, caller, request, lambda rows: list(map(_core.item_to_dict, rows))):
        yield from page


def scan_lines(engine: Engine, caller: Caller, request: dict[str, Any]) -> Iterator[list[bytes]]:
    """As ``scan_all``, but items are DynamoDB JSON text, in lists: those that a page kept."""
    return _pages(engine, caller, request, lambda rows: list(map(_core.item_to_wire, rows)))


def _pages(engine: Engine, caller: Caller, request: dict[str, Any], render: Callable[[list[Buffer]], T]) -> Iterator[T]:
    plan = engine.prepare("Scan", request, caller)
    assert isinstance(plan, Scan)
    while True:
        try:
            with engine.store.snapshot(plan.consistent) as txn:
                target, page = plan.page(txn)
                rendered = render(plan.read.shown(page.rows))
                start_key = None if page.last is None else _start_key(target, page.last)
        except IndexesBehind as behind:
            engine.propagator.wait(behind.lsn)
            plan = replace(plan, read=replace(plan.read, pending_lsn=0))
            continue
        yield rendered
        if start_key is None:
            return
        plan = replace(plan, read=replace(plan.read, start_key=start_key))


def _start_key(target: Target, last: Buffer) -> dict[str, bytes]:
    """The key attributes of the last row read, encoded."""
    found = {name: _core.get_attribute(last, name) for name in target.key_types}
    return {name: value for name, value in found.items() if value is not None}
