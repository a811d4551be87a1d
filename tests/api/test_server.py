"""The server's life: starting, stopping in good order, TLS, and what stands in its way."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.server import CannotServe, start_server
from tests import prerequisites, servers
from tests.api.conftest import Door
from tests.api.door import Body, Client, FakeEngine, any_members, eventually, request

# --- stopping --------------------------------------------------------------------------------------------------------


def closing(door: Door) -> threading.Thread:
    """Close the server from another thread, as it waits for what is under way."""
    thread = threading.Thread(target=door.server.close)
    thread.start()
    return thread


def refuses_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def test_a_stopped_server_refuses_connections_and_closes_idle_ones(door: Door, client: Client) -> None:
    assert client.ask(request()).status == 200
    door.server.close()
    assert client.at_end()
    assert refuses_connections(door.server.port)


def test_a_server_can_be_closed_twice(door: Door) -> None:
    door.server.close()
    door.server.close()


def test_a_write_under_way_is_answered_before_the_end(door: Door, client: Client) -> None:
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    thread = closing(door)
    eventually(lambda: refuses_connections(door.server.port))
    door.engine.writes[0].set_result(Body(b'{"done":true}'))
    assert client.reply().json == {"done": True}
    assert client.at_end()
    thread.join()


def test_a_request_that_is_arriving_is_answered_before_the_end(door: Door, client: Client) -> None:
    sent = request(b'{"n":1}')
    client.send(sent[:-3])
    eventually(lambda: door.server.connections == 1)
    assert client.is_silent()
    thread = closing(door)
    eventually(lambda: refuses_connections(door.server.port))
    client.send(sent[-3:])
    reply = client.reply()
    assert (reply.status, reply.json["Echo"], reply.headers["connection"]) == (200, {"n": 1}, "close")
    assert client.at_end()
    thread.join()


@pytest.mark.door(limits={"grace_seconds": 60.0})
def test_a_refused_client_that_lingers_does_not_hold_up_the_end(door: Door, client: Client) -> None:
    assert client.ask(b"nonsense\r\n\r\n").status == 400
    door.server.close()
    assert client.at_end()


@pytest.mark.door(limits={"grace_seconds": 0.1})
def test_a_write_that_does_not_end_is_not_waited_for_longer_than_the_grace(door: Door, client: Client) -> None:
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    door.server.close()
    with pytest.raises((EOFError, ConnectionResetError)):
        client.reply()
    door.engine.writes[0].set_result(Body(b"{}"))


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    cert, key = directory / "cert.pem", directory / "key.pem"
    command = [prerequisites.program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def secure(request: pytest.FixtureRequest, certificate: tuple[Path, Path]) -> Iterator[Door]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    door = Door(request.param, tls=context)
    yield door
    door.server.close()


@pytest.mark.parametrize("secure", ["uvloop", "asyncio"], indirect=True)
def test_calls_and_pages_are_served_over_tls(secure: Door, certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    for sent in (request(Connection="close"), b"GET /_ddbengine/ HTTP/1.1\r\nHost: localhost:1\r\n\r\n"):
        plain = socket.create_connection(("127.0.0.1", secure.server.port), timeout=10)
        with context.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(sent)
            said = client.makefile("rb").read()
        assert said.startswith(b"HTTP/1.1 200 ")
    assert b'endpoint_url="https://localhost:1"' in said


@pytest.mark.parametrize("secure", ["uvloop", "asyncio"], indirect=True)
def test_a_client_that_speaks_plainly_to_tls_is_dropped(secure: Door) -> None:
    with Client(secure.server.port) as client:
        client.send(request())
        assert b"HTTP" not in client.rest()


# --- what stands in the way ------------------------------------------------------------------------------------------


def test_a_busy_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=f"cannot listen on 127.0.0.1 port {port}: another program has it"):
            start_server(FakeEngine(), port=port, check=any_members)


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(CannotServe, match=r"cannot listen on 192\.0\.2\.1 port 0: "):
        start_server(FakeEngine(), host="192.0.2.1", check=any_members, limits=ConnectionLimits())


# --- as a process ----------------------------------------------------------------------------------------------------


def run(*options: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ddbengine", "serve", *map(str, options)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=cwd)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(tmp_path: Path, number: signal.Signals) -> None:
    server = servers.start_ddbengine(tmp_path / "log", "--in-memory")
    with Client(server.port) as idle:
        assert idle.ask(b"GET / HTTP/1.1\r\n\r\n").status == 200
        server.process.send_signal(number)
        assert server.process.wait(servers.STOP_TIMEOUT_SECONDS) == 0
        assert idle.at_end()


def test_it_says_where_it_listens_and_where_the_data_is(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with servers.ddbengine(tmp_path / "log", "--db-path", str(data)) as server:
        assert (tmp_path / "log").read_text() == (
            f"ddbengine serves DynamoDB at http://127.0.0.1:{server.port}  (data in {data}; Ctrl+C stops it)\n"
        )
    assert data.is_dir()


def test_aiohttp_and_botocore_are_not_imported_to_start(tmp_path: Path) -> None:
    program = (
        "import sys, threading, ddbengine.api.server as server, ddbengine.engine.opening as opening\n"
        "engine = opening.open_engine(None)\n"
        "server.start_server(engine).close()\n"
        "engine.close()\n"
        "print(sorted({'aiohttp', 'boto3', 'botocore', 'hypothesis'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_a_busy_port_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--in-memory", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"ddbengine: cannot listen on 127.0.0.1 port {port}: another program has it (choose one with --port)\n"
    )


def test_a_path_that_cannot_be_used_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("--port", "0", "--db-path", tmp_path / "file" / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ddbengine: ")
    assert str(tmp_path / "file") in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows words the missing file otherwise")
def test_a_certificate_that_cannot_be_used_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    missing, broken = tmp_path / "missing.pem", tmp_path / "broken.pem"
    broken.write_text("no certificate")
    done = run("--in-memory", "--port", "0", "--tls-cert", missing)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"ddbengine: cannot serve TLS with {missing}: No such file or directory\n"
    done = run("--in-memory", "--port", "0", "--tls-cert", broken)
    assert (done.returncode, done.stdout) == (1, "")
    assert "not a PEM certificate with its private key" in done.stderr
    assert done.stderr.count("\n") == 1
