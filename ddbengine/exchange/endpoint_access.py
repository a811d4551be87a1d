"""The tables of an endpoint: this engine's server, DynamoDB Local, or the service itself, reached with boto3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread, local
from typing import Any
from urllib.parse import urlsplit

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ddbengine.engine.bulk_load import Loaded, OnRefused
from ddbengine.exchange.access import AccessError
from ddbengine.exchange.boto_values import boto_item, wire_text
from ddbengine.exchange.endpoint_load import BatchWriter, GivenUp, load_in_parallel
from ddbengine.exchange.schemas import TableToCreate

__all__ = ["EndpointAccess"]

DEFAULT_REGION = "us-east-1"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ATTEMPTS = 10
_QUEUED_PAGES = 2
_READY_ATTEMPTS = 600
_READY_PAUSE_SECONDS = 1

Page = list[bytes]


class EndpointAccess:
    """See ``access.TableAccess``."""

    def __init__(self, url: str, region: str | None, access_key_id: str | None, threads: int) -> None:
        """Credentials and region are found as boto3 finds them; a server on this machine takes any.  Raise
        AccessError."""
        self.name = url
        self._threads = threads
        with _worded(url):
            self._client = _client(url, region, access_key_id, threads)
        self._batches = _BatchRequests(self._client)

    def describe(self, table_name: str) -> dict[str, Any] | None:
        with _worded(self.name):
            try:
                answer = self._client.describe_table(TableName=table_name)
            except self._client.exceptions.ResourceNotFoundException:
                return None
            expiry = self._client.describe_time_to_live(TableName=table_name)
        return {"Table": answer["Table"], "TimeToLiveDescription": expiry["TimeToLiveDescription"]}

    def create(self, table: TableToCreate) -> None:
        name = table.request["TableName"]
        with _worded(self.name):
            self._client.create_table(**table.request)
            waiter = self._client.get_waiter("table_exists")
            waiter.wait(TableName=name, WaiterConfig={"Delay": _READY_PAUSE_SECONDS, "MaxAttempts": _READY_ATTEMPTS})
            if table.expiry_attribute is not None:
                setting = {"Enabled": True, "AttributeName": table.expiry_attribute}
                self._client.update_time_to_live(TableName=name, TimeToLiveSpecification=setting)

    def load(self, table_name: str, items: Iterable[dict[str, Any]], on_refused: OnRefused) -> Iterator[Loaded]:
        def write(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
            requests = [{"PutRequest": {"Item": item}} for item in batch]
            answer = self._batches.send({"RequestItems": {table_name: requests}})
            left = answer.get("UnprocessedItems", {}).get(table_name, ())
            return [orjson.loads(wire_text(request["PutRequest"]["Item"])) for request in left]

        def put(item: dict[str, Any]) -> None:
            self._client.put_item(TableName=table_name, Item=boto_item(item))

        with _worded(self.name):
            description = self._client.describe_table(TableName=table_name)["Table"]
            key_names = [element["AttributeName"] for element in description["KeySchema"]]
            yield from load_in_parallel(BatchWriter(write, put, _code_of), key_names, items, on_refused, self._threads)

    def scan(self, table_name: str) -> Iterator[list[bytes]]:
        """Every thread scans a segment; pages come in whatever order they are ready."""
        pages: Queue[Page | Exception | None] = Queue(self._threads * _QUEUED_PAGES)
        stopping = Event()
        segments = range(self._threads)
        threads = [
            Thread(target=self._scan_segment, args=(table_name, number, pages, stopping), daemon=True)
            for number in segments
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        try:
            while running:
                page = pages.get()
                if isinstance(page, Exception):
                    with _worded(self.name):
                        raise page
                if page is None:
                    running -= 1
                else:
                    yield page
        finally:
            stopping.set()
            while running:
                running -= not isinstance(pages.get(), list)
            for thread in threads:
                thread.join()

    def _scan_segment(
        self, table_name: str, number: int, pages: Queue[Page | Exception | None], stopping: Event
    ) -> None:
        try:
            for page in self._client.get_paginator("scan").paginate(
                TableName=table_name, ConsistentRead=True, Segment=number, TotalSegments=self._threads
            ):
                if stopping.is_set():
                    break
                pages.put(list(map(wire_text, page["Items"])))
        except Exception as error:
            pages.put(error)
        else:
            pages.put(None)

    def __enter__(self) -> EndpointAccess:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class _BatchRequests:
    """BatchWriteItem with bodies that are made here: the items are DynamoDB JSON already, and what botocore does to
    turn arguments into a body costs as much as the rest of a request.  Everything else of the request is botocore's."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._of_thread = local()
        client.meta.events.register("before-call.dynamodb.BatchWriteItem", self._replace)

    def send(self, request: dict[str, Any]) -> dict[str, Any]:
        self._of_thread.body = orjson.dumps(request)
        answer: dict[str, Any] = self._client.batch_write_item(RequestItems={})
        return answer

    def _replace(self, params: dict[str, Any], **_: object) -> None:
        params["body"] = self._of_thread.body


def _client(url: str, region: str | None, access_key_id: str | None, threads: int) -> Any:
    session = boto3.Session()
    known = {}
    if access_key_id is not None:
        known = {"aws_access_key_id": access_key_id, "aws_secret_access_key": "local"}
    elif urlsplit(url).hostname in _LOOPBACK and session.get_credentials() is None:
        known = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return session.client(
        "dynamodb",
        endpoint_url=url,
        region_name=region or session.region_name or DEFAULT_REGION,
        # Items are checked where they are taken over, and refused in the service's words by the endpoint.
        config=Config(
            max_pool_connections=threads,
            parameter_validation=False,
            retries={"mode": "standard", "max_attempts": _ATTEMPTS},
        ),
        **known,
    )


def _code_of(error: Exception) -> tuple[str, str]:
    if not isinstance(error, ClientError):
        return "", ""
    said = error.response.get("Error", {})
    return str(said.get("Code", "")), str(said.get("Message", ""))


@contextmanager
def _worded(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code, message = _code_of(error)
        raise AccessError(f"{name}: {code}: {message}") from error
    except (BotoCoreError, GivenUp, ValueError) as error:
        raise AccessError(f"{name}: {error}") from error
