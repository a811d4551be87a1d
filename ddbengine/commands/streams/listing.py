"""``ddbengine streams list`` and ``describe``: what streams there are, and of which shards one is made."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from ddbengine.commands.streams.connection import connect
from ddbengine.commands.streams.formats import console_for
from ddbengine.commands.streams.notation import printable
from ddbengine.commands.streams.patience import Patience
from ddbengine.commands.streams.running import note
from ddbengine.consumer.shards import Shard, Stream, children, roots
from ddbengine.consumer.stream_api import StreamApi, find_stream

__all__ = ["describe", "list_streams"]

_STATUS_STYLES = {"ENABLED": "green", "DISABLED": "red"}


def list_streams(given: Namespace) -> None:
    """Print a line for each stream: table, label, ARN."""
    connection = connect(given)
    patience = Patience(note)
    found = list(_listed(connection.streams, patience, {"TableName": given.table} if given.table else {}))
    if not found and given.table:
        # There is no telling a table without streams from none in what ListStreams answers.
        patience(lambda: find_stream(connection.tables, given.table))
    if given.json:
        for stream in found:
            print(json.dumps(stream))
        return
    if not found:
        note(f"no streams at {connection.where}")
    columns = [(stream["TableName"], stream["StreamLabel"], stream["StreamArn"]) for stream in found]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for line in sorted(columns):
        print("  ".join(map(str.ljust, map(printable, line), widths)).rstrip())


def _listed(streams: Any, patience: Patience, members: dict[str, str]) -> Iterator[dict[str, str]]:
    while True:
        request = dict(members)
        page = patience(lambda request=request: streams.list_streams(**request))  # type: ignore[misc]
        yield from page["Streams"]
        if "LastEvaluatedStreamArn" not in page:
            return
        members["ExclusiveStartStreamArn"] = page["LastEvaluatedStreamArn"]


def describe(given: Namespace) -> None:
    """Print a stream's shards, each below its parent, in the order they have to be read."""
    connection = connect(given)
    patience = Patience(note)
    arn = patience(lambda: find_stream(connection.tables, given.table))
    stream = patience(StreamApi(connection.streams, arn).describe)
    if given.json:
        print(json.dumps(_as_json(stream), indent=2))
        return
    console = console_for(sys.stdout)
    for line in (*_heading(stream), *_tree(stream)):
        console.print(line)


def _heading(stream: Stream) -> Iterator[Text]:
    yield Text.assemble(
        (stream.table, "bold"),
        f"  {stream.view_type}  ",
        (stream.status, _STATUS_STYLES.get(stream.status, "yellow")),
        f"  since {stream.label}",
    )
    yield Text(stream.arn, "dim")
    open_shards = sum(shard.is_open for shard in stream.shards.values())
    yield Text(f"{_counted(len(stream.shards), 'shard')}, {open_shards} open")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _tree(stream: Stream) -> Iterator[Text]:
    """Shards that were split have their children indented below them; one that rolled over has its child right below,
    so that a long life is a column and not a staircase."""
    below = children(stream.shards)
    pending = [(root, "", "") for root in reversed(roots(stream.shards))]
    while pending:
        shard, lead, indent = pending.pop()
        yield Text.assemble((lead, "dim"), _shard_line(shard, is_root=not lead))
        own = below.get(shard.id, [])
        if len(own) == 1:
            pending.append((own[0], f"{indent}↓ ", indent))
        for place, child in enumerate(reversed(own if len(own) > 1 else ())):
            branch, further = ("└── ", "    ") if place == 0 else ("├── ", "│   ")
            pending.append((child, indent + branch, indent + further))


def _shard_line(shard: Shard, *, is_root: bool) -> Text:
    state = ("open", "green") if shard.is_open else ("closed", "dim")
    numbers = f"  {shard.first} →" + ("" if shard.last is None else f" {shard.last}")
    orphan = f"  from {shard.parent}, which is gone" if is_root and shard.parent is not None else ""
    return Text.assemble((shard.id, "bold" if shard.is_open else ""), "  ", state, (numbers + orphan, "dim"))


def _as_json(stream: Stream) -> dict[str, Any]:
    return {
        "StreamArn": stream.arn,
        "StreamLabel": stream.label,
        "TableName": stream.table,
        "StreamStatus": stream.status,
        "StreamViewType": stream.view_type,
        "Shards": [
            {
                "ShardId": shard.id,
                "ParentShardId": shard.parent,
                "StartingSequenceNumber": shard.first,
                "EndingSequenceNumber": shard.last,
            }
            for shard in stream.shards.values()
        ],
    }
