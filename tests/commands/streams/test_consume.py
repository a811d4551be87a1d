"""``ddbengine streams consume``: handlers of three kinds, and how it stops."""

from __future__ import annotations

import json
import re
import signal
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.commands.streams.conftest import Streams, Table
from tests.commands.streams.processes import running
from tests.servers import Server

HANDLERS = """\
import pathlib, signal

def keep(event):
    with open("handled", "a") as file:
        for record in event["Records"]:
            file.write(record["dynamodb"]["Keys"]["pk"]["S"] + "\\n")

def refuse_b(event):
    records = event["Records"]
    failed = [record for record in records if record["dynamodb"]["Keys"]["pk"]["S"] == "b"]
    keep({"Records": records[: records.index(failed[0])] if failed else records})
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in failed]}

def say(event):
    print(len(event["Records"]), flush=True)

def hang(event):
    print("hanging", flush=True)
    signal.sigwait([signal.SIGUSR1])
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a module of handlers that no other test has imported."""
    (tmp_path / f"handlers_{tmp_path.name.replace('-', '_')}.py").write_text(HANDLERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def handler(directory: Path, name: str) -> str:
    return f"handlers_{directory.name.replace('-', '_')}:{name}"


def handled(directory: Path) -> list[str]:
    return (directory / "handled").read_text().split()


def leases(table: Table, application: str) -> list[Any]:
    items: list[Any] = table.client.scan(TableName=application)["Items"]
    return items


def test_a_function_gets_everything_until_a_stream_that_is_switched_off_ends(
    streams: Streams, table: Table, directory: Path
) -> None:
    for key in "abc":
        table.put(key)
    table.switch_off()
    code, _, err = streams("consume", table.name, "--handler", handler(directory, "keep"))
    assert (code, sorted(handled(directory))) == (0, ["a", "b", "c"])
    assert re.search(r"INFO done after .*: 3 records handled\n\Z", err)


def test_what_was_handled_is_not_handled_again(streams: Streams, table: Table, directory: Path) -> None:
    table.put("a")
    table.switch_off()
    for _ in range(2):
        streams("consume", table.name, "--handler", handler(directory, "keep"))
    assert handled(directory) == ["a"]
    streams("consume", table.name, "--handler", handler(directory, "keep"), "--application", f"{table.name}-other")
    assert handled(directory) == ["a", "a"]


def test_a_command_gets_lines_of_json(streams: Streams, table: Table, directory: Path) -> None:
    table.put("a", bytes={"B": b"\0"})
    table.switch_off()
    code, _, _ = streams("consume", table.name, "--exec", "tee -a 'handled lines'")
    (record,) = map(json.loads, (directory / "handled lines").read_text().splitlines())
    assert (code, record["dynamodb"]["NewImage"]["bytes"]) == (0, {"B": "AA=="})


@pytest.fixture
def posted() -> Iterator[tuple[str, list[Any]]]:
    """An endpoint, and what was posted to it: the header that a test sends along, and the body."""
    bodies: list[Any] = []

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append((self.headers["X-Shop"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/events", bodies
        server.shutdown()
        thread.join()


def test_an_endpoint_gets_events(streams: Streams, table: Table, posted: tuple[str, list[Any]]) -> None:
    table.put("a")
    table.switch_off()
    url, bodies = posted
    code, _, _ = streams("consume", table.name, "--http", url, "--header", "X-Shop: 7")
    ((header, event),) = bodies
    assert (code, header) == (0, "7")
    assert event["Records"][0]["dynamodb"]["Keys"] == {"pk": {"S": "a"}}


def test_a_record_that_always_fails_becomes_a_dead_letter(streams: Streams, new_table: Any, directory: Path) -> None:
    table = new_table()
    for key in "abc":
        table.put(key)
    table.switch_off()
    options = ("--attempts", "2", "--bisect", "--dead-letter-file", "dead", "--retry-max", "0.2s")
    code, _, err = streams("consume", table.name, "--handler", handler(directory, "refuse_b"), *options)
    (letter,) = map(json.loads, Path("dead").read_text().splitlines())
    assert (code, letter["record"]["dynamodb"]["Keys"]) == (0, {"pk": {"S": "b"}})
    assert sorted(set(handled(directory))) == ["a", "c"]
    assert "2 records handled, 1 given up" in err


def test_filters_and_batches_are_as_told(streams: Streams, table: Table, directory: Path) -> None:
    table.count_up(keys=1, times=5)
    table.switch_off()
    pattern = json.dumps({"eventName": ["MODIFY"]})
    _, out, _ = streams(
        "consume", table.name, "--handler", handler(directory, "say"), "--filter", pattern, "--batch-size", "3"
    )
    assert out.split() == ["3", "1"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--handler", "no_such_module:f"], "cannot import no_such_module: ModuleNotFoundError"),
        (["--handler", "json:nothing"], "json has no nothing"),
        (["--handler", "json:__name__"], "is not a function"),
        (["--handler", "json"], "write package.module:function"),
        (["--exec", "'"], "--exec: No closing quotation"),
        (["--exec", ""], "the command to run is empty"),
        (["--http", "ftp://x"], "is no URL"),
        (["--http", "http://x", "--header", "nothing"], "--header: write"),
        (["--exec", "true", "--attempts", "3"], "say where dead letters go"),
        (["--exec", "true", "--batch-size", "10001"], "the batch size is from 1 to 10,000"),
    ],
)
def test_a_handler_or_an_option_that_is_wrong_is_refused(
    streams: Streams, table: Table, options: list[str], words: str
) -> None:
    code, out, err = streams("consume", table.name, *options)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_port_for_metrics_that_is_taken_is_told(streams: Streams, stream_server: Server, table: Table) -> None:
    code, _, err = streams("consume", table.name, "--exec", "true", "--metrics-port", str(stream_server.port))
    assert (code, err) == (2, f"ddbengine: cannot serve metrics on port {stream_server.port}: Address already in use\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_checkpoints_kept_and_leases_released(
    stream_server: Server, table: Table, directory: Path, number: signal.Signals
) -> None:
    arguments = ("consume", table.name, "--handler", handler(directory, "say"), "--worker", "me")
    with running(*arguments, endpoint=stream_server.url, directory=directory) as consumer:
        table.put("a")
        assert consumer.out.readline() == "1\n"
        consumer.process.send_signal(number)
        code, errors = consumer.end()
    assert code == 0
    assert "released shard" in errors
    assert "done after" in errors
    assert "Traceback" not in errors
    assert '"me"' not in json.dumps([lease.get("leaseOwner") for lease in leases(table, f"{table.name}-consumer")])


def test_a_second_signal_ends_it_at_once(stream_server: Server, table: Table, directory: Path) -> None:
    table.put("a")
    arguments = ("consume", table.name, "--handler", handler(directory, "hang"))
    with running(*arguments, endpoint=stream_server.url, directory=directory) as consumer:
        assert consumer.out.readline() == "hanging\n"
        consumer.process.send_signal(signal.SIGTERM)
        consumer.wait_for("stopping: finishing the batches under way")
        consumer.process.send_signal(signal.SIGTERM)
        assert consumer.process.wait(30) == 128 + signal.SIGTERM


def test_metrics_are_served(stream_server: Server, table: Table, directory: Path) -> None:
    arguments = ("consume", table.name, "--handler", handler(directory, "say"), "--metrics-port", "0")
    with running(*arguments, endpoint=stream_server.url, directory=directory) as consumer:
        url = consumer.wait_for("metrics at").split()[-1]
        with urllib.request.urlopen(url) as page:
            assert "ddbengine_consumer_records_handled_total 0\n" in page.read().decode()
