"""``Engine.serve``: the same engine for other processes too, on a port of this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType

from ddbengine.api.server import RunningServer, start_server
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine

__all__ = ["LocalServer", "serve"]


class LocalServer:
    """A server in a thread of this process; close it, or use it in a ``with`` statement."""

    def __init__(self, running: RunningServer, host: str, caller: Caller, on_close: Callable[[], None]) -> None:
        self._running = running
        self._on_close = on_close
        self._caller = caller
        self.host = host
        self.port = running.port
        self.endpoint_url = f"http://{f'[{host}]' if ':' in host else host}:{running.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which AWS SDKs of another process, or of this one, find the server and the engine's tables."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint_url,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self._caller.access_key_id,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": self._caller.region,
            "AWS_REGION": self._caller.region,
        }

    def close(self) -> None:
        """Answer what is under way, and stop; the engine stays open.  Again is no harm."""
        self._on_close()
        self._running.close()

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(engine: Engine, caller: Caller, host: str, port: int, servers: set[LocalServer]) -> LocalServer:
    """Listen; the server is in ``servers`` until it is closed.  Raise CannotServe."""
    running = start_server(engine, host, port)
    made = LocalServer(running, host, caller, lambda: servers.discard(made))
    servers.add(made)
    return made
