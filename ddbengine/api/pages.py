"""What a browser or an operator opens: an aiohttp application on the service's own port, under ``/_ddbengine/``.

aiohttp takes longer to import than all the rest to start, so it is imported when the first page is asked for.
"""

from __future__ import annotations

import asyncio
import dataclasses
import html
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from ddbengine import __version__
from ddbengine.engine.index_status import IndexesStatus
from ddbengine.errors import ApiError
from ddbengine.storage.status import FAILED, REBUILDING, StoreStatus

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["AdvanceClock", "Pages", "SplitPartition", "health"]

AdvanceClock = Callable[[float], float]
"""Puts the engine's time forward by some seconds and returns what it then is; ValueError for seconds it cannot."""

SplitPartition = Callable[[str, int | None], bytes]
"""Splits the partition of a table that holds a hash, or the widest one; returns what to answer, or raises ApiError."""

_LANDING = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ddbengine</title>
<style>
  :root {{ color-scheme: light dark; --line: #8884; --soft: #8882; }}
  body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 4rem auto; padding: 0 1.25rem; }}
  h1 {{ font-size: 2rem; margin: 0; letter-spacing: -0.02em; }}
  h1 small {{ font-size: 0.9rem; font-weight: normal; opacity: 0.6; letter-spacing: 0; margin-left: 0.5rem; }}
  h2 {{ font-size: 1.05rem; margin: 2.25rem 0 0.5rem; }}
  pre {{ background: var(--soft); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto; }}
  code {{ font: 0.9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
  dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; }}
  dt {{ opacity: 0.7; }}
  dd {{ margin: 0; }}
</style>
</head>
<body>
<h1>ddbengine<small>{version}</small></h1>
<p>A DynamoDB-compatible storage engine. It is running, and takes DynamoDB requests at</p>
<pre><code>{endpoint}</code></pre>

<h2>From Python</h2>
<pre><code>import boto3

dynamodb = boto3.resource(
    "dynamodb",
    endpoint_url="{endpoint}",
    region_name="us-east-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
)
table = dynamodb.create_table(
    TableName="Music",
    AttributeDefinitions=[{{"AttributeName": "Artist", "AttributeType": "S"}}],
    KeySchema=[{{"AttributeName": "Artist", "KeyType": "HASH"}}],
    BillingMode="PAY_PER_REQUEST",
)
table.put_item(Item={{"Artist": "Acme Band", "Albums": 3}})
print(table.get_item(Key={{"Artist": "Acme Band"}})["Item"])</code></pre>

<h2>From the command line</h2>
<pre><code>aws dynamodb list-tables --endpoint-url {endpoint}</code></pre>

<h2>Good to know</h2>
<dl>
  <dt>Credentials</dt><dd>Any will do. Tables are separate by access key id and region, unless the server was
    started with <code>--shared-db</code>.</dd>
  <dt>Health</dt><dd><a href="health"><code>/_ddbengine/health</code></a></dd>
  <dt>Metrics</dt><dd><a href="metrics"><code>/_ddbengine/metrics</code></a>, for Prometheus</dd>
  <dt>Indexes</dt><dd><a href="indexes"><code>/_ddbengine/indexes</code></a>: how far global indexes are</dd>
  <dt>Options</dt><dd><code>ddbengine serve --help</code></dd>
  <dt>The API</dt><dd><a href="https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/">Amazon DynamoDB API
    reference</a></dd>
</dl>
</body>
</html>
"""


class Pages:
    """The application, opened at the first call of ``protocol``."""

    def __init__(
        self,
        status: Callable[[], StoreStatus],
        index_status: Callable[[], IndexesStatus],
        *,
        tls: bool,
        advance_clock: AdvanceClock | None = None,
        split_partition: SplitPartition | None = None,
    ) -> None:
        """``status`` tells of the store, ``index_status`` of the global indexes; they are called from another thread
        than the loop's."""
        self._status = status
        self._index_status = index_status
        self._scheme = "https" if tls else "http"
        self._started = time.monotonic()
        self._opening = asyncio.Lock()
        self._advance_clock = advance_clock
        self._split_partition = split_partition
        self._runner: web.AppRunner | None = None

    async def protocol(self) -> asyncio.Protocol:
        """A protocol of the application for one connection."""
        async with self._opening:
            if self._runner is None:
                self._runner = await self._open()
        make = self._runner.server
        if make is None:
            raise RuntimeError("the pages are closed")
        return make()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _open(self) -> web.AppRunner:
        await asyncio.get_running_loop().run_in_executor(None, _import_aiohttp)
        from aiohttp import web

        application = web.Application()
        application.add_routes(
            [
                web.get("/_ddbengine", self._redirect),
                web.get("/_ddbengine/", self._landing),
                web.get("/_ddbengine/health", self._health),
                web.get("/_ddbengine/indexes", self._indexes),
                web.get("/_ddbengine/metrics", self._metrics),
            ]
        )
        if self._advance_clock is not None:
            application.add_routes([web.post("/_ddbengine/clock", self._clock)])
        if self._split_partition is not None:
            application.add_routes([web.post("/_ddbengine/partitions", self._partitions)])
        application.on_response_prepare.append(_close_after)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        return runner

    async def _redirect(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        raise web.HTTPMovedPermanently("/_ddbengine/")

    async def _landing(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        endpoint = html.escape(f"{self._scheme}://{request.headers.get('Host', 'localhost:8000')}")
        return web.Response(text=_LANDING.format(version=__version__, endpoint=endpoint), content_type="text/html")

    async def _health(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        body = health(await self._store_status(), self._uptime_seconds())
        return web.json_response(body, status=200 if body["store"]["writable"] else 503)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        from ddbengine.api import metrics

        text = metrics.exposition(await self._store_status(), self._uptime_seconds(), await self._indexes_status())
        return web.Response(body=text.encode(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _indexes(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        return web.json_response(dataclasses.asdict(await self._indexes_status()))

    async def _indexes_status(self) -> IndexesStatus:
        return await asyncio.get_running_loop().run_in_executor(None, self._index_status)

    async def _store_status(self) -> StoreStatus:
        return await asyncio.get_running_loop().run_in_executor(None, self._status)

    def _uptime_seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        """``{"advance": seconds}`` is answered with ``{"now": seconds since the epoch}``.

        Nothing but JSON is taken, which no page of elsewhere can have a browser send without asking first.
        """
        from aiohttp import web

        assert self._advance_clock is not None, "there is a route only with a clock"
        try:
            now = self._advance_clock(_advance_of(_members(request.content_type, await request.read())))
        except ValueError as error:
            return web.json_response({"message": str(error)}, status=400)
        return web.json_response({"now": now})

    async def _partitions(self, request: web.Request) -> web.StreamResponse:
        """``{"TableName": name}`` splits the widest partition of a table in the middle, with ``"At": hash`` beside it
        the one that holds this partition hash, there.  Answered with ``Engine.split_partition``'s account."""
        from aiohttp import web

        assert self._split_partition is not None, "there is a route only with a way to split"
        loop = asyncio.get_running_loop()
        try:
            table_name, at = _split_of(_members(request.content_type, await request.read()))
            body = await loop.run_in_executor(None, self._split_partition, table_name, at)
        except (ValueError, ApiError) as error:
            return web.json_response({"message": str(error)}, status=400)
        return web.Response(body=body, content_type="application/json")


def health(status: StoreStatus, uptime_seconds: float) -> dict[str, Any]:
    """The health page: ``ok``, ``degraded`` while a replica is failed, damaged or being rebuilt, ``read-only`` when
    there are too few for writes."""
    complete = not any(replica.fault or replica.state in (FAILED, REBUILDING) for replica in status.replicas)
    word = "read-only" if not status.writable else "ok" if complete else "degraded"
    return {
        "status": word,
        "version": __version__,
        "uptime_seconds": uptime_seconds,
        "store": dataclasses.asdict(status),
    }


def _members(content_type: str, body: bytes) -> object:
    if content_type != "application/json":
        raise ValueError(f"the content type is to be application/json, not {content_type}")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error


def _split_of(members: object) -> tuple[str, int | None]:
    if not isinstance(members, dict) or not {"TableName"} <= members.keys() <= {"TableName", "At"}:
        raise ValueError('an object like {"TableName": name} or {"TableName": name, "At": partition hash} is needed')
    table_name, at = members["TableName"], members.get("At")
    if not isinstance(table_name, str):
        raise ValueError("TableName is a string")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int)):
        raise ValueError("At is a whole number")
    return table_name, at


def _advance_of(members: object) -> float:
    if not isinstance(members, dict) or members.keys() != {"advance"}:
        raise ValueError('an object with one member is needed: {"advance": seconds}')
    seconds = members["advance"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError("advance is a number of seconds")
    return float(seconds)


def _import_aiohttp() -> None:
    import aiohttp.web  # noqa: F401


async def _close_after(request: web.Request, response: web.StreamResponse) -> None:
    """A handed-over connection cannot come back, and its client's next request may be one for the service."""
    response.force_close()
    response.headers["Connection"] = "close"
