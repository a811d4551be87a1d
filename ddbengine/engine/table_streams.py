"""What happens to a table's stream when the table is created, updated or deleted.

Each is part of the plan that changes the table, so a stream has exactly the changes made while it was on.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ddbengine.schema.arns import stream_arn
from ddbengine.schema.settings import stream_label
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import ReadTxn, Writes, position_of, position_put
from ddbengine.streams import lineage
from ddbengine.streams.reading import FOLLOWER
from ddbengine.streams.rows import Stream, find_stream, newest_shard

__all__ = ["current_stream", "stream_changes", "with_new_label"]

_MILLISECOND = 0.001


def current_stream(schema: TableSchema, txn: ReadTxn) -> Stream | None:
    """The stream of a table that is switched on."""
    if not schema.is_streamed:
        return None
    stream = find_stream(txn, schema.namespace, schema.name, schema.settings["LatestStreamLabel"])
    assert stream is not None, "the rows of streams are kept with the schemas"
    return stream


def with_new_label(old: TableSchema | None, new: TableSchema, txn: ReadTxn, now: float) -> TableSchema:
    """The new schema, its stream labelled as no other one of a table of this name, if it is one just switched on.

    A label is a time; of two streams of the same millisecond the later one is dated ahead.
    """
    if not new.is_streamed or (old is not None and old.is_streamed):
        return new
    label, time = new.settings["LatestStreamLabel"], now
    while find_stream(txn, new.namespace, new.name, label) is not None:
        time += _MILLISECOND
        label = stream_label(time)
    return replace(new, settings={**new.settings, "LatestStreamLabel": label})


def stream_changes(old: TableSchema | None, new: TableSchema | None, txn: ReadTxn, now: float) -> list[Writes]:
    """The changes of a table's stream that go with a change of the table; None before it exists, and after."""
    was_on, is_on = old is not None and old.is_streamed, new is not None and new.is_streamed
    if was_on and not is_on:
        assert old is not None
        stream = current_stream(old, txn)
        assert stream is not None
        return [lineage.closed(stream, txn, now)]
    if is_on and not was_on:
        assert new is not None
        return _started(new, txn, now)
    return []


def _started(schema: TableSchema, txn: ReadTxn, now: float) -> list[Writes]:
    label = schema.settings["LatestStreamLabel"]
    stream = Stream(
        namespace=schema.namespace,
        table_name=schema.name,
        label=label,
        arn=stream_arn(schema.arn, label),
        table_number=schema.number,
        table_id=schema.id,
        view_type=schema.settings["StreamSpecification"]["StreamViewType"],
        key=tuple(attribute.name for attribute in schema.key),
        created=math.floor(now * 1000) / 1000,  # the time that its label tells
        disabled=None,
        open_shards=(),
        newest_shard=newest_shard(txn),
    )
    started = lineage.opened(stream, schema.partition_cuts, txn.lsn())
    if position_of(txn, FOLLOWER) is None:
        started.puts.append(position_put(FOLLOWER, txn.lsn()))
    return [started]
