"""Are two answers the same?  Equal, once what cannot be equal is out: clocks, account numbers, orders nobody defines.

The two sides hash partition keys differently, so a Scan, or a Query on an index among entries of equal key, walks in
another order on each.  Reads that come in pages are therefore compared as whole walks: the same items, in the same
number of pages, each page having read as many items, and in the same order as far as the sort key decides it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.differential.known import explanation, plain, reasons_of
from tests.differential.peers import Answer, Peer, Request
from tests.differential.tables import REFUSALS, TABLES, Index
from tests.differential.uncompared import ANYWHERE, only_takes_away, without_uncompared

MOST_PAGES = 200
LONGEST_ANSWER = 2_000
"""Characters of an answer that a report shows."""

_BY_NAME = {table.name: table for table in (*TABLES, REFUSALS)}


@dataclass(frozen=True, slots=True)
class Difference:
    """A request that the two sides answered differently."""

    request: Request
    what: str
    emulator: Answer
    ours: Answer

    def __str__(self) -> str:
        answers = (str(answer)[:LONGEST_ANSWER] for answer in (self.emulator, self.ours))
        return "{}\n  request  {}\n  emulator {}\n  ours     {}".format(self.what, self.request, *answers)


def compare(request: Request, emulator: Peer, ours: Peer) -> Difference | None:
    """Send the request to both sides, following the pages of a read, and say how the answers differ."""
    if request.operation in ("Query", "Scan"):
        return judge_walks(request, _walk(emulator, request), _walk(ours, request))
    return judge(*exchange(request, emulator, ours))


def exchange(request: Request, emulator: Peer, ours: Peer) -> tuple[Request, Answer, Answer]:
    """Send the request to both sides.  What only one of them does is put right in the emulator, for what follows."""
    theirs, our = emulator.send(request), ours.send(request)
    if bool(theirs.error) != bool(our.error) or only_takes_away(request):
        _put_right(request, emulator, ours)
    return request, theirs, our


def _put_right(request: Request, emulator: Peer, ours: Peer) -> None:
    """Give the emulator the table or the item that the request has left with us."""
    table = str(request.input.get("TableName"))
    if request.operation == "CreateTable":
        emulator.send(Request("DeleteTable", {"TableName": table}))
    elif request.operation in ("PutItem", "UpdateItem", "DeleteItem") and table != REFUSALS.name:
        key = request.input.get("Key") or {name: request.input["Item"][name] for name in _BY_NAME[table].key}
        _copy_item(table, key, emulator, ours)
    elif request.operation == "TransactWriteItems":
        for action in (content for wrapped in request.input["TransactItems"] for content in wrapped.values()):
            table = action.get("TableName")
            if table in _BY_NAME and table != REFUSALS.name:
                key = action.get("Key") or {name: action["Item"][name] for name in _BY_NAME[table].key}
                _copy_item(table, key, emulator, ours)


def _copy_item(table: str, key: dict[str, Any], emulator: Peer, ours: Peer) -> None:
    """Give the emulator our item at a key, or none."""
    item = ours.send(Request("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})).body.get("Item")
    restored = Request("PutItem", {"TableName": table, "Item": item})
    emulator.send(restored if item else Request("DeleteItem", {"TableName": table, "Key": key}))


def judge(request: Request, emulator: Answer, ours: Answer) -> Difference | None:
    """How two answers to one request differ."""
    if emulator.error or ours.error or emulator.status != ours.status:
        if _error(emulator) == _error(ours) or explanation(request, emulator, ours):
            return None
        return Difference(request, "different answers", emulator, ours)
    where = _where(*map(_comparable, without_uncompared(request, emulator.body, ours.body)))
    return Difference(request, f"different at {where}", emulator, ours) if where else None


def judge_walks(request: Request, emulator: list[Answer], ours: list[Answer]) -> Difference | None:
    """How two walks through all pages of a read differ."""
    for theirs, our in zip(emulator, ours, strict=False):
        if theirs.error or our.error:
            return judge(request, theirs, our)
    what = _walks_differ(request, emulator, ours)
    return Difference(request, what, emulator[0], ours[0]) if what else None


def _error(answer: Answer) -> tuple[Any, ...]:
    item = answer.body.get("Item") if isinstance(answer.body, dict) else None
    reasons = [(code, message, _comparable(found)) for code, message, found in reasons_of(answer)]
    return answer.status, answer.error, plain(answer.message), _comparable(item), reasons


def _comparable(value: Any) -> Any:
    """The value without what is not compared, and with the members of sets in one order."""
    if isinstance(value, list):
        return [_comparable(element) for element in value]
    if not isinstance(value, dict):
        return value
    made = {name: _comparable(member) for name, member in value.items() if name not in ANYWHERE}
    for unordered in (
        "SS",
        "NS",
        "BS",
        "ConsumedCapacity",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "AttributeDefinitions",
    ):
        if isinstance(made.get(unordered), list):
            made[unordered] = sorted(made[unordered], key=_text)
    if isinstance(made.get("Responses"), dict):
        made["Responses"] = {table: sorted(items, key=_text) for table, items in made["Responses"].items()}
    return made


def _where(left: Any, right: Any, path: str = "the body") -> str:
    """The first place where two values differ; nothing where they are equal."""
    if left == right:
        return ""
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        return next(_where(left[name], right[name], f"{path}.{name}") for name in left if left[name] != right[name])
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return next(_where(a, b, f"{path}[{number}]") for number, (a, b) in pairs if a != b)
    return f"{path}: {left!r} and {right!r}"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _walk(peer: Peer, request: Request) -> list[Answer]:
    """All pages of a read, each continued by the side's own key."""
    pages = [peer.send(request)]
    while isinstance(pages[-1].body, dict) and "LastEvaluatedKey" in pages[-1].body and len(pages) < MOST_PAGES:
        start = {"ExclusiveStartKey": pages[-1].body["LastEvaluatedKey"]}
        pages.append(peer.send(Request(request.operation, request.input | start)))
    return pages


def _walks_differ(request: Request, emulator: list[Answer], ours: list[Answer]) -> str:
    """What is different about two walks, or nothing."""
    lengths = _lengths(emulator), _lengths(ours)
    if not _same_lengths(request, *lengths):
        return f"pages of other lengths: {lengths[0]} and {lengths[1]}"
    if sum(page.body["Count"] for page in emulator) != sum(page.body["Count"] for page in ours):
        return "other counts"
    theirs, our = _items(emulator), _items(ours)
    if sorted(map(_text, theirs)) != sorted(map(_text, our)):
        return f"other items: only one side has {_unmatched(theirs, our)}"
    if request.operation == "Query" and _order(request, theirs) != _order(request, our):
        return f"another order: {theirs} and {our}"
    if len(emulator) == 1:
        where = _where(*map(_comparable, without_uncompared(request, _frame(emulator[0]), _frame(ours[0]))))
        return f"different at {where}" if where else ""
    return ""


def _frame(page: Answer) -> dict[str, Any]:
    """A page without its items and its key."""
    return {name: value for name, value in page.body.items() if name not in ("Items", "LastEvaluatedKey")}


def _lengths(pages: Iterable[Answer]) -> list[int]:
    """How many items each page has read."""
    return [page.body["ScannedCount"] for page in pages]


def _same_lengths(request: Request, emulator: list[int], ours: list[int]) -> bool:
    """Equal, but that the emulator may know of a full last page that nothing can follow.

    It gives no key with it then, where the service gives one with every page that reached its Limit (FACTS 5.6).
    """
    return emulator == ours or (ours == [*emulator, 0] and emulator[-1] == request.input.get("Limit"))


def _items(pages: Iterable[Answer]) -> list[Any]:
    return [_comparable(item) for page in pages for item in page.body.get("Items", ())]


def _unmatched(left: list[Any], right: list[Any]) -> list[Any]:
    return [item for item in left if item not in right] + [item for item in right if item not in left]


def _order(request: Request, items: list[Any]) -> list[Any]:
    """As much of the items' order as is defined: all of it on a table, the sort key's on an index."""
    index = _index(request)
    if index is None:
        return items
    return [item.get(index.sort) for item in items]


def _index(request: Request) -> Index | None:
    name = request.input.get("IndexName")
    return next((index for index in _BY_NAME[request.input["TableName"]].indexes if index.name == name), None)
