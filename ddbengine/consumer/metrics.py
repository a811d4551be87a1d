"""A consumer's progress as Prometheus reads it, and a small HTTP server that shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from ddbengine.consumer.errors import BadOption
from ddbengine.consumer.progress import Counters, Progress

__all__ = ["CONTENT_TYPE", "MetricsServer", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Samples = Iterable[tuple[Mapping[str, str], float]]

_HELP = {
    "records_read": "Records read from the stream.",
    "records_filtered": "Records read that no filter pattern wants.",
    "records_handled": "Records that the handler took.",
    "batches_handled": "Batches that the handler took.",
    "batches_failed": "Attempts that the handler did not take, or not wholly.",
    "records_dead": "Records given up.",
    "bisections": "Batches cut in half.",
    "checkpoints": "Checkpoints kept.",
    "throttled": "Requests that the service throttled.",
    "retried_requests": "Requests that failed and were repeated.",
    "iterators_expired": "Iterators that had expired and were opened anew.",
    "trimmed": "Times that records were deleted before they were read: data lost to this application.",
    "leases_lost": "Leases lost to another worker, or for want of renewal.",
    "shards_finished": "Shards read to their end.",
}


def exposition(progress: Progress) -> str:
    """The page that is scraped: the text format, version 0.0.4."""
    return "".join(_lines(progress))


def _lines(progress: Progress) -> Iterator[str]:
    about = {"worker": progress.worker, "application": progress.application, "stream": progress.stream_arn or ""}
    yield from _family("info", "gauge", "What is consumed here.", [(about, 1)])
    yield from _family("uptime_seconds", "gauge", "Time since the consumer began.", [({}, progress.uptime_seconds)])
    for field in fields(Counters):
        value = getattr(progress.counters, field.name)
        yield from _family(f"{field.name}_total", "counter", _HELP[field.name], [({}, value)])
    yield from _family("shards", "gauge", "Shards that this worker reads.", [({}, len(progress.shards))])
    yield from _family("leases", "gauge", "Shards that may be read, by all workers.", [({}, progress.leases)])
    yield from _family("workers", "gauge", "Workers that hold a lease, and this one.", [({}, progress.workers)])
    of_shard = [({"shard": shard.shard_id}, shard) for shard in progress.shards]
    behind = [(labels, shard.millis_behind / 1000) for labels, shard in of_shard if shard.millis_behind is not None]
    yield from _family("shard_behind_seconds", "gauge", "Age of the oldest record that is not done with.", behind)
    waiting = [(labels, shard.waiting) for labels, shard in of_shard]
    yield from _family("shard_waiting_records", "gauge", "Records read and not yet handed over.", waiting)
    failing = [(labels, shard.failing is not None) for labels, shard in of_shard]
    yield from _family("shard_failing", "gauge", "1 while a batch is being tried again.", failing)


def _family(name: str, kind: str, help_text: str, samples: Samples) -> Iterator[str]:
    name = f"ddbengine_consumer_{name}"
    yield f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        members = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{f'{{{members}}}' if members else ''} {float(value):.16g}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class MetricsServer:
    """Serves ``/metrics`` in a thread of its own, as a context manager."""

    def __init__(self, port: int, progress: Callable[[], Progress], host: str = "127.0.0.1") -> None:
        """Port 0 lets the system choose one.  Raise BadOption if the port cannot be had."""

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.split("?")[0] not in ("/", "/metrics"):
                    self.send_error(404)
                    return
                body = exposition(progress()).encode()
                self.send_response(200)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return None

        try:
            self._server = ThreadingHTTPServer((host, port), Page)
        except OSError as error:
            raise BadOption(f"cannot serve metrics on port {port}: {error.strerror}") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> MetricsServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
