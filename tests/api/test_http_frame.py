"""The frame of an answer, and which answer comes first (FACTS 1.1 and 1.2)."""

from __future__ import annotations

import gzip
import logging
from concurrent.futures import Future
from typing import Any
from zlib import crc32

import pytest

from ddbengine.errors import ResourceNotFoundException
from ddbengine.storage.errors import StoreError
from tests.api.conftest import Door
from tests.api.door import Body, Client, Reply, request

SERVICE = "com.amazon.coral.service#"


def error_of(reply: Reply) -> tuple[int, Any]:
    return reply.status, reply.json


def test_an_answer_has_the_headers_of_the_service(client: Client) -> None:
    reply = client.ask(request(b'{"TableName":"t"}'))
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/x-amz-json-1.0"
    assert reply.headers["connection"] == "keep-alive"
    assert "date" in reply.headers
    assert reply.json == {"Echo": {"TableName": "t"}, "Key": "key", "Region": "eu-west-1"}


def test_request_ids_differ(client: Client) -> None:
    ids = {client.ask(request()).headers["x-amzn-requestid"] for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("application/x-amz-json-1.0", "application/x-amz-json-1.0"),
        ("application/x-amz-json-1.0; charset=utf-8", "application/x-amz-json-1.0"),
        ("application/json", "application/json"),
        ("Application/JSON;charset=UTF-8", "application/json"),
    ],
)
def test_the_content_type_answers_the_one_sent(client: Client, sent: str, answered: str) -> None:
    reply = client.ask(request(Content_Type=sent))
    assert (reply.status, reply.headers["content-type"]) == (200, answered)


def test_get_is_the_health_text(client: Client) -> None:
    reply = client.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (reply.status, reply.body) == (200, b"healthy: dynamodb.us-east-1.amazonaws.com ")
    assert reply.headers["x-amz-crc32"] == "3128867991"


@pytest.mark.parametrize(
    "sent",
    [
        b"PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        b"DELETE / HTTP/1.1\r\n\r\n",
        b"OPTIONS / HTTP/1.1\r\n\r\n",
        request(Content_Type="application/x-amz-json-1.1"),
        request(Content_Type="text/plain"),
        request(Content_Type=None),
    ],
)
def test_other_methods_and_content_types_are_not_found(client: Client, sent: bytes) -> None:
    reply = client.ask(sent)
    assert (reply.status, reply.body) == (404, b"<UnknownOperationException/>\n")
    assert reply.headers["x-amz-crc32"] == "3552371480"
    assert client.ask(request()).status == 200


def test_head_is_not_found_and_has_no_body(client: Client) -> None:
    client.send(b"HEAD / HTTP/1.1\r\n\r\n")
    reply = client.reply(bodiless=True)
    assert (reply.status, reply.headers["content-length"]) == (404, "29")
    assert client.ask(request()).status == 200


# --- the order of checks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b'{"a":1}}',
        b"\xff\xfe",
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"a":NaN}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":"\n"}',
        b"\x00",
    ],
    ids=range(13),
)
def test_a_body_that_is_not_json_is_refused_before_target_and_authentication(client: Client, body: bytes) -> None:
    refused = (400, {"__type": SERVICE + "SerializationException"})
    assert error_of(client.ask(request(body, X_Amz_Target=None, Authorization=None))) == refused
    assert error_of(client.ask(request(body))) == refused


@pytest.mark.parametrize(
    "target",
    [
        None,
        "GetItem",
        "DynamoDB_20120810",
        "DynamoDB_20120810.Nope",
        "DynamoDB_20111205.GetItem",
        "DynamoDBStreams_20120810.GetItem",
        "DynamoDB_20120810.ListStreams",
        "dynamodb_20120810.GetItem",
        "DynamoDB_20120810.GetItem.x",
        "\xff",
    ],
)
def test_an_unknown_target_is_refused_before_authentication(client: Client, target: str | None) -> None:
    reply = client.ask(request(X_Amz_Target=target, Authorization=None))
    assert error_of(reply) == (400, {"__type": SERVICE + "UnknownOperationException"})


def test_operations_of_streams_have_a_target_of_their_own(client: Client) -> None:
    reply = client.ask(request(b'{"Limit": 1}', X_Amz_Target="DynamoDBStreams_20120810.ListStreams"))
    assert (reply.status, reply.json["Echo"]) == (200, {"Limit": 1})


def test_an_unknown_target_is_refused_before_an_empty_body(client: Client) -> None:
    reply = client.ask(request(b"", "Nope"))
    assert error_of(reply) == (400, {"__type": SERVICE + "UnknownOperationException"})


def test_missing_authentication_is_refused_before_an_empty_body(client: Client) -> None:
    reply = client.ask(request(b"", Authorization=None))
    assert error_of(reply) == (
        400,
        {
            "__type": SERVICE + "MissingAuthenticationTokenException",
            "Message": "Request is missing Authentication Token",
        },
    )


def test_an_empty_body_is_refused_whatever_its_content_type(client: Client) -> None:
    for content_type in ("application/x-amz-json-1.0", "text/plain", None):
        reply = client.ask(request(b"", Content_Type=content_type))
        assert error_of(reply) == (400, {"__type": SERVICE + "SerializationException"})


def test_a_presigned_query_string_is_authentication(client: Client) -> None:
    target = (
        "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F1%2Fap-east-1%2Fdynamodb%2Faws4_request"
        "&X-Amz-Date=1&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    )
    reply = client.ask(request(target=target, Authorization=None))
    assert (reply.json["Key"], reply.json["Region"]) == ("AK", "ap-east-1")


def test_header_names_are_read_in_any_case(client: Client) -> None:
    sent = request()
    head, _, body = sent.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    fields = [name.lower() + b":" + value for name, _, value in (field.partition(b":") for field in fields)]
    assert client.ask(b"\r\n".join([line, *fields, b"", body])).status == 200


def test_a_call_is_taken_on_any_path(client: Client) -> None:
    assert client.ask(request(target="/some/path")).status == 200
    assert client.ask(request(target="http://localhost/")).status == 200


# --- errors and faults -----------------------------------------------------------------------------------------------


def test_an_error_of_an_operation_is_its_envelope(door: Door, client: Client) -> None:
    def scan(request: dict[str, Any]) -> bytes:
        raise ResourceNotFoundException("Requested resource not found")

    door.engine.scan = scan
    assert error_of(client.ask(request(b"{}", "Scan"))) == (
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
            "message": "Requested resource not found",
        },
    )


@pytest.mark.parametrize("fault", [ZeroDivisionError(), MemoryError(), RecursionError(), KeyError("secret")])
@pytest.mark.parametrize("later", [False, True])
def test_a_fault_is_logged_and_the_server_lives_on(
    door: Door, client: Client, caplog: pytest.LogCaptureFixture, fault: Exception, later: bool
) -> None:
    def scan(request: dict[str, Any]) -> bytes | Future[Body]:
        if not later:
            raise fault
        future: Future[Body] = Future()
        future.set_exception(fault)
        return future

    door.engine.scan = scan
    reply = client.ask(request(b"{}", "Scan"))
    assert reply.status == 500
    assert reply.json["__type"] == "com.amazonaws.dynamodb.v20120810#InternalServerError"
    assert b"secret" not in reply.body
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [fault]
    assert client.ask(request()).status == 200


def test_a_write_that_the_disk_does_not_take_is_one_line_in_the_log(
    door: Door, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    future: Future[Body] = Future()
    future.set_exception(StoreError("writes need 2 replicas and there is 1"))
    door.engine.scan = lambda request: future
    assert client.ask(request(b"{}", "Scan")).status == 500
    assert caplog.messages == ["the store failed: writes need 2 replicas and there is 1"]
    assert caplog.records[0].exc_info is None


def test_a_refusal_is_logged_for_who_wants_to_know(
    door: Door, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ddbengine"):
        client.ask(request(b"{}", "Nope"))
    assert caplog.messages == ["DynamoDB_20120810.Nope refused: UnknownOperationException: None"]


# --- content codings -------------------------------------------------------------------------------------------------


def test_a_gzip_request_is_unpacked(client: Client) -> None:
    reply = client.ask(request(gzip.compress(b'{"TableName":"t"}'), Content_Encoding="gzip"))
    assert reply.json["Echo"] == {"TableName": "t"}


@pytest.mark.parametrize(
    ("body", "coding"), [(b"{}", "gzip"), (gzip.compress(b"{}")[:-3], "gzip"), (b"{}", "br"), (b"{}", "gzip, gzip")]
)
def test_a_coding_that_cannot_be_undone_is_not_json(client: Client, body: bytes, coding: str) -> None:
    reply = client.ask(request(body, Content_Encoding=coding))
    assert error_of(reply) == (400, {"__type": SERVICE + "SerializationException"})


def test_the_identity_coding_is_none(client: Client) -> None:
    assert client.ask(request(Content_Encoding="identity")).status == 200


@pytest.mark.door(limits={"body_bytes": 1000})
def test_a_gzip_request_may_not_unpack_to_more_than_a_body_may_have(client: Client) -> None:
    packed = gzip.compress(b'{"a":"%b"}' % (b"x" * 1000))
    assert len(packed) < 1000
    reply = client.ask(request(packed, Content_Encoding="gzip"))
    assert (reply.status, reply.body) == (413, b"")
    assert client.ask(request()).status == 200


def test_a_large_answer_is_packed_for_who_asks_and_the_checksum_is_of_what_is_sent(door: Door, client: Client) -> None:
    body = b'{"Items":[%b]}' % b",".join([b"{}"] * 5000)
    door.engine.scan = lambda request: body
    packed = client.ask(request(b"{}", "Scan", Accept_Encoding="gzip, deflate"))
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == body
    assert int(packed.headers["x-amz-crc32"]) == crc32(packed.body)
    plain = client.ask(request(b"{}", "Scan", Accept_Encoding="identity"))
    assert (plain.body, "content-encoding" in plain.headers) == (body, False)


def test_a_small_answer_is_not_packed(client: Client) -> None:
    assert "content-encoding" not in client.ask(request(Accept_Encoding="gzip")).headers


def test_a_body_larger_than_a_socket_buffer_arrives_whole(door: Door, client: Client) -> None:
    body = b'{"Items":"%b"}' % (b"x" * 3_000_000)
    door.engine.scan = lambda request: body
    assert client.ask(request(b"{}", "Scan")).body == body


# --- CORS ------------------------------------------------------------------------------------------------------------


def test_any_origin_may_read_any_answer(client: Client) -> None:
    for sent in (request(Origin="http://a"), request(b"{", Origin="http://a"), request(Content_Type="x", Origin="a")):
        assert client.ask(sent).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.ask(request()).headers


PREFLIGHT = (
    b"OPTIONS / HTTP/1.1\r\nOrigin: %b\r\nAccess-Control-Request-Method: POST\r\n"
    b"Access-Control-Request-Headers: x-amz-target, authorization\r\n\r\n"
)


def test_a_preflight_is_granted_what_it_asks(client: Client) -> None:
    reply = client.ask(PREFLIGHT % b"http://a")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "POST"
    assert reply.headers["access-control-allow-headers"] == "x-amz-target, authorization"
    assert reply.headers["access-control-max-age"] == "172800"
    assert "access-control-allow-headers" not in client.ask(b"OPTIONS / HTTP/1.1\r\nOrigin: a\r\n\r\n").headers


@pytest.mark.door(cors="http://a, https://b:8080")
def test_only_listed_origins_may_read(client: Client) -> None:
    assert client.ask(request(Origin="http://a")).headers["access-control-allow-origin"] == "http://a"
    assert client.ask(PREFLIGHT % b"https://b:8080").headers["access-control-allow-origin"] == "https://b:8080"
    other = client.ask(request(Origin="http://c"))
    assert (other.status, "access-control-allow-origin" in other.headers) == (200, False)
    assert client.ask(PREFLIGHT % b"http://c").status == 404
