"""Which endpoint is meant, and as whom."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from ddbengine.commands.streams.connection import DEFAULT_ENDPOINT, Connection, connect
from ddbengine.consumer.stream_api import clients

AWS_TABLES = "https://dynamodb.eu-west-1.amazonaws.com"
AWS_STREAMS = "https://streams.dynamodb.eu-west-1.amazonaws.com"


def connected(
    endpoint_url: str | None = None, aws: bool = False, region: str | None = None, profile: str | None = None
) -> Connection:
    return connect(Namespace(endpoint_url=endpoint_url, aws=aws, region=region, profile=profile))


def urls(connection: Connection) -> tuple[str, str]:
    return connection.tables.meta.endpoint_url, connection.streams.meta.endpoint_url


def key_of(connection: Connection) -> str:
    credentials = connection.streams._request_signer._credentials
    return str(credentials.access_key)


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and a region, as one has who works with AWS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


def test_without_anything_a_server_on_this_machine_is_meant() -> None:
    connection = connected()
    assert urls(connection) == (DEFAULT_ENDPOINT, DEFAULT_ENDPOINT)
    assert (key_of(connection), connection.streams.meta.region_name) == ("local", "us-east-1")


@pytest.mark.usefixtures("somebody")
def test_credentials_for_aws_do_not_mean_aws() -> None:
    connection = connected()
    assert connection.where == DEFAULT_ENDPOINT
    assert (key_of(connection), connection.streams.meta.region_name) == ("AKIAEXAMPLE", "eu-west-1")


@pytest.mark.usefixtures("somebody")
def test_aws_is_meant_when_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9999")
    connection = connected(aws=True)
    assert urls(connection) == (AWS_TABLES, AWS_STREAMS)
    assert key_of(connection) == "AKIAEXAMPLE"


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_ENDPOINT_URL": "http://a:1"}, ("http://a:1", "http://a:1")),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://a:1"}, ("http://a:1", "http://a:1")),
        ({"AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "http://a:1"}, ("http://a:1", "http://a:1")),
        (
            {"AWS_ENDPOINT_URL_DYNAMODB": "http://a:1", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "http://b:1"},
            ("http://a:1", "http://b:1"),
        ),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "https://x.vpce.amazonaws.com"}, ("https://x.vpce.amazonaws.com", AWS_STREAMS)),
        (
            {"AWS_ENDPOINT_URL": "http://a:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            (DEFAULT_ENDPOINT, DEFAULT_ENDPOINT),
        ),
    ],
)
def test_an_endpoint_that_the_environment_names_is_meant(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: tuple[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert urls(connected()) == expected


@pytest.mark.usefixtures("somebody")
def test_an_endpoint_of_a_profile_is_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile shop]\nendpoint_url = http://a:1\nregion = us-west-2\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_REGION")
    connection = connected(profile="shop")
    assert urls(connection) == ("http://a:1", "http://a:1")
    assert connection.streams.meta.region_name == "us-west-2"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "shop.localhost"])
def test_a_server_on_this_machine_needs_no_credentials(host: str) -> None:
    connection = connected(f"http://{host}:8000")
    assert key_of(connection) == "local"


@pytest.mark.usefixtures("somebody")
def test_a_consumer_makes_its_clients_for_the_same_endpoint() -> None:
    endpoint = connected("http://a:1", region="us-west-2").endpoint
    tables, streams = clients(endpoint)
    assert [client.meta.endpoint_url for client in (tables, streams)] == ["http://a:1"] * 2
    assert streams.meta.region_name == "us-west-2"
