"""The JSON of an error (FACTS 1.3)."""

from __future__ import annotations

import json

import pytest

from ddbengine.api.envelope import error_answer, fault_answer
from ddbengine.errors import (
    ApiError,
    ConditionalCheckFailedException,
    ResourceNotFoundException,
    SerializationException,
    UnknownOperationException,
    ValidationException,
)


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (
            ValidationException("no"),
            {"__type": "com.amazon.coral.validate#ValidationException", "message": "no"},
        ),
        (
            SerializationException("no"),
            {"__type": "com.amazon.coral.service#SerializationException", "Message": "no"},
        ),
        (
            ResourceNotFoundException("no"),
            {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no"},
        ),
        (UnknownOperationException(), {"__type": "com.amazon.coral.service#UnknownOperationException"}),
    ],
)
def test_the_prefix_decides_how_the_message_member_is_spelled(error: ApiError, body: dict[str, str]) -> None:
    answer = error_answer(error)
    assert (answer.status, json.loads(answer.body)) == (400, body)
    assert next(iter(json.loads(answer.body))) == "__type"


def test_an_empty_message_is_a_message() -> None:
    assert json.loads(error_answer(ValidationException("")).body)["message"] == ""


def test_further_members_stand_beside_the_message() -> None:
    error = ConditionalCheckFailedException("no", {"Item": {"pk": {"S": "x"}}})
    assert json.loads(error_answer(error).body)["Item"] == {"pk": {"S": "x"}}


def test_members_that_are_rendered_already_are_taken_as_they_are() -> None:
    error = ConditionalCheckFailedException("no", {"Item": b'{"pk":{"S":"\xc3\xa9"}}'})
    assert json.loads(error_answer(error).body)["Item"] == {"pk": {"S": "é"}}


def test_a_fault_of_ours_says_nothing_of_what_it_was() -> None:
    answer = fault_answer()
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "message": "The server encountered an internal error trying to fulfill the request.",
    }
