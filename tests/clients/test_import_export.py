"""Import and export through an endpoint: our server, reached as ``ddbengine import`` reaches the service itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from ddbengine.__main__ import main
from tests import servers, tables
from tests.servers import Server
from tests.wire import BS, B, L, N, S

pytestmark = pytest.mark.clients


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """None, wherever boto3 looks: a server on this machine takes any."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def items(count: int) -> list[dict[str, Any]]:
    return [
        {"pk": S(f"artist {number % 50}"), "sk": N(number), "b": B(bytes([number % 256])), "l": L(BS(b"x"), N(1))}
        for number in range(count)
    ]


def source(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_bytes(b"".join(orjson.dumps({"Item": row}) + b"\n" for row in rows))
    return str(path)


def test_what_is_imported_into_a_server_is_exported_from_it(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "schema").write_text(json.dumps(tables.table("imported", sort="N")))
    at = ["--endpoint-url", server.url, "--quiet"]
    rows = items(1234)
    assert main(["import", source(tmp_path / "in.json", rows), *at, "--schema", str(tmp_path / "schema")]) == 0
    out = tmp_path / "out.json.gz"
    description = tmp_path / "description"
    assert main(["export", str(out), *at, "--table", "imported", "--schema-file", str(description)]) == 0
    again = ["--schema", str(description), "--table", "imported-again"]
    assert main(["import", str(out), *at, *again]) == 0
    assert main(["export", "-", *at, "--table", "imported-again"]) == 0
    exported = [orjson.loads(line)["Item"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(exported, key=lambda item: int(item["sk"]["N"])) == rows


def test_a_store_and_an_endpoint_refuse_items_in_the_same_words(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / "schema"
    schema.write_text(json.dumps(tables.table("refusing", sort="N")))
    rows: list[dict[str, Any]] = [*items(30), {"pk": S("x"), "sk": S("y")}, {"pk": {"S": 1}}, *items(3)]
    path = source(tmp_path / "in.json", rows)
    said = []
    for place in (["--endpoint-url", server.url], ["--path", str(tmp_path / "data")]):
        assert main(["import", path, *place, "--schema", str(schema), "--quiet", "--max-errors", "5"]) == 1
        said.append(sorted(capsys.readouterr().err.splitlines()))
    assert len(said[0]) == 2
    assert said[0] == said[1]


def test_what_an_endpoint_cannot_do_is_said_in_a_line(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = source(tmp_path / "in.json", items(1))
    assert main(["import", path, "--endpoint-url", server.url, "--table", "missing"]) == 2
    assert capsys.readouterr().err == (
        f"ddbengine: {server.url}: there is no table 'missing'; --schema FILE says how to create it\n"
    )
    assert main(["export", "-", "--endpoint-url", server.url, "--table", "missing"]) == 2
    assert capsys.readouterr().err == f"ddbengine: {server.url}: there is no table 'missing'\n"
    assert main(["import", path, "--endpoint-url", "nonsense", "--table", "missing"]) == 2
    assert capsys.readouterr().err == "ddbengine: nonsense: Invalid endpoint: nonsense\n"


def test_what_is_left_unprocessed_and_lost_on_the_way_is_sent_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = [
        {"operation": "BatchWriteItem", "every": 5, "unprocessed": 0.6},
        {"operation": "BatchWriteItem", "every": 7, "error": "ThrottlingException"},
        {"operation": "BatchWriteItem", "every": 11, "drop": "after"},
    ]
    (tmp_path / "schema").write_text(json.dumps(tables.table("shaken", sort="N")))
    rows = items(600)
    with servers.ddbengine(tmp_path / "log", "--in-memory", "--faults", json.dumps(rules)) as server:
        at = ["--endpoint-url", server.url, "--quiet"]
        assert main(["import", source(tmp_path / "in.json", rows), *at, "--schema", str(tmp_path / "schema")]) == 0
        assert main(["export", "-", *at, "--table", "shaken"]) == 0
    exported = [orjson.loads(line)["Item"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(exported, key=lambda item: int(item["sk"]["N"])) == rows
