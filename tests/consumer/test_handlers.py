"""Who gets the events: functions, commands, endpoints; what counts as having taken a batch."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ddbengine.consumer.errors import BadOption
from ddbengine.consumer.handlers import HandlerFailed, command, function, http
from tests.consumer.fake_stream import record

EVENT = {"Records": [record(1), record(2)]}


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_function_is_found_by_name() -> None:
    assert function("json:dumps") is json.dumps
    assert function("json:JSONDecoder.decode").__qualname__ == "JSONDecoder.decode"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("json", "write package.module:function"),
        (":dumps", "write package.module:function"),
        ("no_such_module:f", "cannot import no_such_module: ModuleNotFoundError"),
        ("json:nothing", "json has no nothing"),
        ("json:__doc__", "is not a function but str"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(BadOption, match=reason):
        function(name)


def test_a_module_that_fails_when_imported_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "breaks_on_import.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadOption, match="cannot import breaks_on_import: ZeroDivisionError"):
        function("breaks_on_import:f")


def test_a_command_gets_a_line_of_json_for_each_record(tmp_path: Path) -> None:
    target = tmp_path / "got"
    code = f"import sys; open({str(target)!r}, 'a').write(sys.stdin.read())"
    assert command(python(code))(EVENT) is None
    assert [json.loads(line) for line in target.read_text().splitlines()] == EVENT["Records"]


def test_a_command_gets_its_environment(tmp_path: Path) -> None:
    code = "import os, sys; sys.exit(os.environ['COLOUR'] != 'blue')"
    command(python(code), environment={"COLOUR": "blue"})(EVENT)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit(3)", "ended with exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was ended by signal 9"),
    ],
)
def test_a_command_that_does_not_end_with_0_has_failed(code: str, reason: str) -> None:
    with pytest.raises(HandlerFailed, match=reason):
        command(python(code))(EVENT)


def test_a_command_that_reads_nothing_may_succeed() -> None:
    large = {"Records": [{**record(1), "padding": "x" * 1_000_000}]}
    command(python("pass"))(large)


def test_a_command_that_takes_too_long_has_failed() -> None:
    with pytest.raises(HandlerFailed, match=r"was stopped after 0\.1 seconds"):
        command(python("import sys, time; sys.stdin.read(); time.sleep(600)"), timeout_seconds=0.1)(EVENT)


def test_a_command_that_is_not_there_has_failed() -> None:
    with pytest.raises(HandlerFailed, match="cannot run no-such-program: No such file"):
        command(["no-such-program"])(EVENT)
    with pytest.raises(BadOption, match="empty"):
        command([])


@contextmanager
def endpoint(status: int, body: bytes) -> Iterator[tuple[str, list[Any]]]:
    """A URL that answers so, and what it is sent."""
    got: list[Any] = []

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers["Content-Type"], self.headers["X-Key"], json.loads(sent)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/events", got
        finally:
            server.shutdown()
            thread.join()


def test_an_endpoint_gets_the_event_as_json() -> None:
    with endpoint(204, b"") as (url, got):
        assert http(url, headers={"X-Key": "k"})(EVENT) is None
    assert got == [("application/json", "k", EVENT)]


def test_an_endpoint_may_name_failures_and_may_say_anything_else() -> None:
    failures = {"batchItemFailures": [{"itemIdentifier": "1"}]}
    with endpoint(200, json.dumps(failures).encode()) as (url, _):
        assert http(url)(EVENT) == failures
    with endpoint(200, b"thank you") as (url, _):
        assert http(url)(EVENT) is None


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_endpoint_that_does_not_answer_2xx_has_failed(status: int) -> None:
    with (
        endpoint(status, b"no room") as (url, _),
        pytest.raises(HandlerFailed, match=rf"answered {status} .*: no room"),
    ):
        http(url)(EVENT)


def test_an_endpoint_that_is_not_there_has_failed() -> None:
    with endpoint(200, b"") as (url, _):
        pass
    with pytest.raises(HandlerFailed, match="cannot reach"):
        http(url)(EVENT)
    with pytest.raises(BadOption, match="is no URL"):
        http("ftp://example.com")
