"""Who calls, and what is said to those who do not say it (FACTS 1.4)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.api.authentication import caller_of
from ddbengine.engine.context import Caller
from ddbengine.errors import (
    ApiError,
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
)

DATED = {b"x-amz-date": b"20261001T000000Z"}
PRESIGNED = (
    b"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261001%2Feu-west-1%2Fdynamodb%2Faws4_request"
    b"&X-Amz-Date=20261001T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
)


def caller(header: bytes, headers: dict[bytes, bytes] = DATED) -> Caller:
    return caller_of(b"/", {**headers, b"authorization": header})


def refusal(header: bytes | None, headers: dict[bytes, bytes] = DATED, target: bytes = b"/") -> ApiError:
    with pytest.raises(ApiError) as refused:
        caller_of(target, headers if header is None else {**headers, b"authorization": header})
    return refused.value


@pytest.mark.parametrize(
    "header",
    [
        b"AWS4-HMAC-SHA256 Credential=AKID/20261001/eu-west-1/dynamodb/aws4_request, SignedHeaders=a;b, Signature=00",
        b"AWS4-HMAC-SHA256 Credential=AKID/20261001/eu-west-1/dynamodb/aws4_request,SignedHeaders=a;b,Signature=00",
        b"AWS4-HMAC-SHA256 Signature=00, SignedHeaders=a, Credential=AKID/20261001/eu-west-1/dynamodb/aws4_request",
        b"AWS4-ECDSA-P256-SHA256 Credential=AKID/20261001/eu-west-1/dynamodb/aws4_req, SignedHeaders=a, Signature=0",
    ],
)
def test_the_caller_is_the_key_and_region_of_the_credential_scope(header: bytes) -> None:
    assert caller(header) == Caller("AKID", "eu-west-1")


def test_a_date_header_serves_as_well_as_x_amz_date() -> None:
    header = b"AWS4-HMAC-SHA256 Credential=AKID/1/eu-west-1/dynamodb/aws4_request, SignedHeaders=a, Signature=0"
    assert caller(header, {b"date": b"today"}).region == "eu-west-1"


def test_a_presigned_query_string_names_the_caller() -> None:
    assert caller_of(PRESIGNED, {}) == Caller("AKID", "eu-west-1")


@pytest.mark.parametrize("header", [None, b"", b"Basic dXNlcjpwYXNz", b"AWS3-HTTPS Credential=a", b"aws4-hmac-sha256"])
def test_no_signature_of_version_4_is_a_missing_token(header: bytes | None) -> None:
    refused = refusal(header)
    assert isinstance(refused, MissingAuthenticationTokenException)
    assert refused.message == "Request is missing Authentication Token"


@pytest.mark.parametrize("header", [b"AWS4-HMAC-SHA256 Credential=a", b"Basic dXNlcjpwYXNz"])
def test_header_and_query_string_together_are_refused(header: bytes) -> None:
    refused = refusal(header, target=b"/?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert isinstance(refused, InvalidSignatureException)
    assert refused.message == "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."


def test_every_missing_part_of_the_header_is_named_in_order() -> None:
    refused = refusal(b"AWS4-", {})
    assert isinstance(refused, IncompleteSignatureException)
    assert refused.message == (
        "Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        "Authorization=AWS4-"
    )


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        (b"AWS4-HMAC-SHA256 Signature=b, SignedHeaders=c", "Credential"),
        (b"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=c", "Signature"),
        (b"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=c, Signature=", "Signature"),
        (b"AWS4-HMAC-SHA256 Credential=a Signature=b", "SignedHeaders"),
    ],
)
def test_one_missing_part_of_the_header_is_named(header: bytes, missing: str) -> None:
    assert refusal(header).message == (
        f"Authorization header requires '{missing}' parameter. Authorization={header.decode()}"
    )


def test_a_missing_date_is_named() -> None:
    header = b"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=c, Signature=b"
    assert refusal(header, {}).message == (
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        f"Authorization={header.decode()}"
    )


def test_every_missing_part_of_the_query_string_is_named_in_order() -> None:
    refused = refusal(None, {}, b"/?X-Amz-Algorithm")
    assert isinstance(refused, IncompleteSignatureException)
    assert refused.message == (
        "AWS query-string parameters must include 'X-Amz-Algorithm'. "
        "AWS query-string parameters must include 'X-Amz-Credential'. "
        "AWS query-string parameters must include 'X-Amz-Signature'. "
        "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
        "AWS query-string parameters must include 'X-Amz-Date'. "
        "Re-examine the query-string parameters."
    )


@pytest.mark.parametrize("credential", [b"AKID", b"AKID/20261001/eu-west-1/dynamodb", b"a/b/c/d/e/f", b"/b/c/d/e"])
def test_a_credential_without_five_elements_is_refused(credential: bytes) -> None:
    refused = refusal(b"AWS4-HMAC-SHA256 Credential=%b, SignedHeaders=a, Signature=0" % credential)
    assert isinstance(refused, IncompleteSignatureException)
    assert refused.message is not None
    assert refused.message.endswith(f"got '{credential.decode()}'")


@given(
    header=st.binary(max_size=80).map(lambda tail: b"AWS4-HMAC-SHA256 " + tail) | st.binary(max_size=80),
    target=st.binary(max_size=80).map(lambda tail: b"/?X-Amz-Algorithm=A&" + tail) | st.just(b"/"),
)
def test_any_bytes_give_a_caller_or_a_refusal(header: bytes, target: bytes) -> None:
    """Covers the header and the query string, not their combination with other headers."""
    with contextlib.suppress(ApiError):
        assert caller_of(target, {**DATED, b"authorization": header}).access_key_id
