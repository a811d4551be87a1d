"""Records in Lambda's event shape, and how they get there from the wire."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from ddbengine.consumer.events import event_of, keep_raw_records, lambda_record

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/2026-01-01T00:00:00.000"
WIRE = {
    "eventID": "1",
    "eventName": "REMOVE",
    "eventVersion": "1.1",
    "eventSource": "aws:dynamodb",
    "awsRegion": "eu-west-1",
    "dynamodb": {
        "ApproximateCreationDateTime": 1.7e9,
        "Keys": {"id": {"B": "AAE="}},
        "SequenceNumber": "100000000000000000001",
    },
}


def test_a_record_carries_its_streams_arn_and_everything_of_the_wire() -> None:
    record = lambda_record(WIRE, ARN)
    assert record["eventSourceARN"] == ARN
    assert {name: record[name] for name in WIRE if name != "dynamodb"} == {
        name: value for name, value in WIRE.items() if name != "dynamodb"
    }
    assert record["dynamodb"]["Keys"] == {"id": {"B": "AAE="}}


def test_whole_seconds_are_an_integer_as_lambda_has_them() -> None:
    assert json.dumps(lambda_record(WIRE, ARN)["dynamodb"]["ApproximateCreationDateTime"]) == "1700000000"


def test_the_identity_of_a_deletion_by_time_to_live_is_in_lambdas_spelling() -> None:
    wire = {**WIRE, "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}}
    assert lambda_record(wire, ARN)["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}


def test_the_wires_record_is_left_as_it_was() -> None:
    before = json.dumps(WIRE)
    lambda_record(WIRE, ARN)
    assert json.dumps(WIRE) == before


def test_an_event_is_an_object_with_records() -> None:
    record = lambda_record(WIRE, ARN)
    assert event_of((record,)) == {"Records": [record]}


def taken(response: dict[str, Any]) -> dict[str, Any]:
    """What the client's hook makes of a response."""
    hooks: dict[str, Any] = {}
    events = SimpleNamespace(register=lambda name, hook: hooks.update({name: hook}))
    keep_raw_records(SimpleNamespace(meta=SimpleNamespace(events=events)))
    customized: dict[str, Any] = {}
    hooks["before-parse.dynamodb-streams.GetRecords"](
        response_dict=response, customized_response_dict=customized, operation_model=None
    )
    return customized


def test_records_are_taken_from_a_response_before_the_sdk_reads_them() -> None:
    response: dict[str, Any] = {
        "status_code": 200,
        "body": json.dumps({"Records": [WIRE], "NextShardIterator": "next"}).encode(),
    }
    assert taken(response) == {"Records": [WIRE]}
    assert json.loads(response["body"]) == {"NextShardIterator": "next"}


def test_errors_are_left_to_the_sdk() -> None:
    response = {"status_code": 400, "body": b'{"__type": "x#ExpiredIteratorException"}'}
    assert taken(response) == {}
    assert response["body"] == b'{"__type": "x#ExpiredIteratorException"}'
