"""The consumer of change streams: shards shared by workers through leases in a DynamoDB table, each record handled at
least once and in order per key.

This room imports boto3 and the standard library only, and knows nothing of the engine: it consumes the streams of AWS
just as well.  In the order to read it: ``shards`` and ``stream_api`` (what a stream is), ``positions``, ``leases`` and
``assignment`` (who reads what, from where), ``holdings`` (keeping a lease), ``reader``, ``batches``, ``delivery`` and
``shard_work`` (one shard), ``worker`` and ``consumer`` (all of it).
"""

from __future__ import annotations

from ddbengine.consumer.consumer import Consumer
from ddbengine.consumer.errors import ConsumerError
from ddbengine.consumer.options import Options
from ddbengine.consumer.positions import Start, start_from
from ddbengine.consumer.progress import Progress

__all__ = ["Consumer", "ConsumerError", "Options", "Progress", "Start", "start_from"]
