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

from tests.differential.known import explanation, plain
from tests.differential.peers import Answer, Peer, Request
from tests.differential.tables import REFUSALS, TABLES, Index

MOST_PAGES = 200

_UNCOMPARED = frozenset(
    ("CreationDateTime", "TableArn", "IndexArn", "TableId", "TableStatus", "IndexStatus", "LastIncreaseDateTime",
     "LastDecreaseDateTime", "LastUpdateToPayPerRequestDateTime", "TableThroughputModeSummary")
)  # fmt: skip
"""Members of a table's description that FACTS 7.2 says the emulator has otherwise, or that a clock decides."""

_BY_NAME = {table.name: table for table in (*TABLES, REFUSALS)}


@dataclass(frozen=True, slots=True)
class Difference:
    """A request that the two sides answered differently."""

    request: Request
    what: str
    emulator: Answer
    ours: Answer

    def __str__(self) -> str:
        return f"{self.what}\n  request  {self.request}\n  emulator {self.emulator}\n  ours     {self.ours}"


def compare(request: Request, emulator: Peer, ours: Peer) -> Difference | None:
    """Send the request to both sides, following the pages of a read, and say how the answers differ."""
    if request.operation in ("Query", "Scan"):
        return judge_walks(request, _walk(emulator, request), _walk(ours, request))
    return judge(request, emulator.send(request), ours.send(request))


def judge(request: Request, emulator: Answer, ours: Answer) -> Difference | None:
    """How two answers to one request differ."""
    if _same(emulator, ours) or explanation(request, emulator, ours):
        return None
    return Difference(request, "different answers", emulator, ours)


def judge_walks(request: Request, emulator: list[Answer], ours: list[Answer]) -> Difference | None:
    """How two walks through all pages of a read differ."""
    for theirs, our in zip(emulator, ours, strict=False):
        if theirs.error or our.error:
            return judge(request, theirs, our)
    what = _walks_differ(request, emulator, ours)
    return Difference(request, what, emulator[0], ours[0]) if what else None


def _same(emulator: Answer, ours: Answer) -> bool:
    if emulator.error or ours.error:
        return _error(emulator) == _error(ours)
    return emulator.status == ours.status and _comparable(emulator.body) == _comparable(ours.body)


def _error(answer: Answer) -> tuple[Any, ...]:
    item = answer.body.get("Item") if isinstance(answer.body, dict) else None
    return answer.status, answer.error, plain(answer.message), _comparable(item)


def _comparable(value: Any) -> Any:
    """The value without what is not compared, and with the members of sets in one order."""
    if isinstance(value, list):
        return [_comparable(element) for element in value]
    if not isinstance(value, dict):
        return value
    made = {name: _comparable(member) for name, member in value.items() if name not in _UNCOMPARED}
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
    if [page.body["ScannedCount"] for page in emulator] != [page.body["ScannedCount"] for page in ours]:
        return f"pages of other lengths: {_lengths(emulator)} and {_lengths(ours)}"
    if sum(page.body["Count"] for page in emulator) != sum(page.body["Count"] for page in ours):
        return "other counts"
    theirs, our = _items(emulator), _items(ours)
    if sorted(map(_text, theirs)) != sorted(map(_text, our)):
        return f"other items: only one side has {_unmatched(theirs, our)}"
    if request.operation == "Query" and _order(request, theirs) != _order(request, our):
        return f"another order: {theirs} and {our}"
    if len(emulator) == 1:
        kept = [{name: page.body[name] for name in page.body if name != "Items"} for page in (emulator[0], ours[0])]
        if _comparable(kept[0]) != _comparable(kept[1]):
            return "other members"
    return ""


def _lengths(pages: Iterable[Answer]) -> list[int]:
    return [page.body["ScannedCount"] for page in pages]


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
