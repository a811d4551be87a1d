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

from ddbengine import __version__
from ddbengine.storage.status import FAILED, REBUILDING, StoreStatus

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["Pages", "health"]

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
  <dt>Options</dt><dd><code>ddbengine serve --help</code></dd>
  <dt>The API</dt><dd><a href="https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/">Amazon DynamoDB API
    reference</a></dd>
</dl>
</body>
</html>
"""


class Pages:
    """The application, opened at the first call of ``protocol``."""

    def __init__(self, status: Callable[[], StoreStatus], *, tls: bool) -> None:
        """``status`` tells of the store; it is called from another thread than the loop's."""
        self._status = status
        self._scheme = "https" if tls else "http"
        self._started = time.monotonic()
        self._opening = asyncio.Lock()
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
                web.get("/_ddbengine/metrics", self._metrics),
            ]
        )
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

        text = metrics.exposition(await self._store_status(), self._uptime_seconds())
        return web.Response(body=text.encode(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _store_status(self) -> StoreStatus:
        return await asyncio.get_running_loop().run_in_executor(None, self._status)

    def _uptime_seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)


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


def _import_aiohttp() -> None:
    import aiohttp.web  # noqa: F401


async def _close_after(request: web.Request, response: web.StreamResponse) -> None:
    """A handed-over connection cannot come back, and its client's next request may be one for the service."""
    response.force_close()
    response.headers["Connection"] = "close"
