"""Clients of the endpoint that is meant.

Nothing goes to AWS unless somebody says so: by ``--aws``, or by an endpoint that the environment or the AWS
configuration names.  Otherwise the endpoint is a server on this machine, where any credentials and region will do.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from ddbengine.commands.streams.failures import USAGE, Failure
from ddbengine.consumer.events import keep_raw_records
from ddbengine.consumer.failures import translated

__all__ = ["DEFAULT_ENDPOINT", "Connection", "Endpoint", "connect"]

DEFAULT_ENDPOINT = "http://127.0.0.1:8000"
_LOCAL_REGION = "us-east-1"
_LOCAL_KEY = "local"
_CONNECT_TIMEOUT_SECONDS = 5
_READ_TIMEOUT_SECONDS = 20
_CONNECTIONS_MAX = 128
_TABLES, _STREAMS = "dynamodb", "dynamodbstreams"
_CONFIG = Config(
    # Requests are repeated by ``patience``, which says so; what is refused at the start is told at once.
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=_CONNECT_TIMEOUT_SECONDS,
    read_timeout=_READ_TIMEOUT_SECONDS,
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Makes clients as a boto3 session does, each of the endpoint, the region and the credentials that are meant."""

    session: Any
    urls: Mapping[str, str | None]
    """By service; None is what boto3 takes by itself."""
    region: str | None
    keys: Mapping[str, str]
    """The credentials, where those that boto3 finds are not to be used."""
    is_aws: bool

    def client(self, name: str, *, config: Config, **_: Any) -> Any:
        """A client of ``dynamodb`` or ``dynamodbstreams``."""
        config = config.merge(
            Config(max_pool_connections=_CONNECTIONS_MAX, ignore_configured_endpoint_urls=self.is_aws or None)
        )
        return self.session.client(
            name, endpoint_url=self.urls[name], region_name=self.region, config=config, **self.keys
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """Clients for one endpoint, and for one account and region there."""

    endpoint: Endpoint
    tables: Any
    """Of DynamoDB."""
    streams: Any
    """Of DynamoDB Streams; it gives records as they came (``consumer.events``)."""

    @property
    def where(self) -> str:
        """The endpoint as it is told to the person."""
        return str(self.streams.meta.endpoint_url)


def connect(given: Namespace) -> Connection:
    """Clients as the options --endpoint-url, --aws, --region and --profile say.  Raise Failure or ConsumerError."""
    try:
        return _connect(given)
    except BotoCoreError as error:
        raise translated(error) from error
    except ValueError as error:
        raise Failure(str(error), USAGE) from error


def _connect(given: Namespace) -> Connection:
    session = boto3.Session(profile_name=given.profile)
    urls = _endpoints(given, session)
    is_local = urls[_TABLES] is not None and _is_loopback(urls[_TABLES])
    keys: dict[str, str] = {}
    if is_local:
        # There is no use in asking the metadata service of a cloud for what any server on this machine takes.
        session._session.get_component("credential_provider").remove("iam-role")
        if session.get_credentials() is None:
            keys = {"aws_access_key_id": _LOCAL_KEY, "aws_secret_access_key": _LOCAL_KEY}
    region = given.region or _configured_region(session) or (_LOCAL_REGION if is_local else None)
    endpoint = Endpoint(session, urls, region, keys, given.aws)
    tables, streams = (endpoint.client(name, config=_CONFIG) for name in (_TABLES, _STREAMS))
    keep_raw_records(streams)
    return Connection(endpoint, tables, streams)


def _configured_region(session: Any) -> str | None:
    """As the AWS CLI finds it; boto3 does not look at AWS_REGION."""
    return os.environ.get("AWS_REGION") or session.region_name


def _endpoints(given: Namespace, session: Any) -> dict[str, str | None]:
    """By service; None is AWS's own."""
    if given.aws:
        return {_TABLES: None, _STREAMS: None}
    if given.endpoint_url:
        return {_TABLES: given.endpoint_url, _STREAMS: given.endpoint_url}
    configured = {name: _configured(session, name) for name in (_TABLES, _STREAMS)}
    if not any(configured.values()):
        return {_TABLES: DEFAULT_ENDPOINT, _STREAMS: DEFAULT_ENDPOINT}
    # A local server has tables and streams on one port, and most people name it for the tables alone.
    tables, streams = configured[_TABLES], configured[_STREAMS]
    return {
        _TABLES: tables or (None if _is_of_aws(streams) else streams),
        _STREAMS: streams or (None if _is_of_aws(tables) else tables),
    }


def _configured(session: Any, name: str) -> str | None:
    """The endpoint that AWS_ENDPOINT_URL, its kin and the AWS configuration name for a service."""
    region = _configured_region(session) or _LOCAL_REGION
    keys = {"aws_access_key_id": _LOCAL_KEY, "aws_secret_access_key": _LOCAL_KEY}
    plain, ignoring = (
        session.client(name, region_name=region, config=Config(ignore_configured_endpoint_urls=ignored), **keys)
        for ignored in (None, True)
    )
    url = str(plain.meta.endpoint_url)
    return None if url == ignoring.meta.endpoint_url else url


def _is_of_aws(url: str | None) -> bool:
    host = (url and urlsplit(url).hostname) or ""
    return ".amazonaws." in f".{host}" or host.endswith(".api.aws")


def _is_loopback(url: str | None) -> bool:
    host = (url and urlsplit(url).hostname) or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return _resolves_to_loopback(host)


def _resolves_to_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback for *_, address in found)
