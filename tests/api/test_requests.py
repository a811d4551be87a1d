"""``check`` as a whole: whatever is sent is checked or refused, and what is valid passes untouched."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddbengine.api import requests
from ddbengine.api.model import load
from ddbengine.api.requests import check
from ddbengine.errors import SerializationException, ValidationException
from tests.api.from_model import json_values, typed, valid_requests

OPERATIONS = sorted(load().operations)


def with_noise(request: Any, noise: Any, places: list[int]) -> Any:
    """The request with one value, found by walking down by position, replaced."""
    if not places or not isinstance(request, (dict, list)) or not request:
        return noise
    keys: Any = list(request) if isinstance(request, dict) else range(len(request))
    key = keys[places[0] % len(keys)]
    changed = copy.copy(request)
    changed[key] = with_noise(request[key], noise, places[1:])
    return changed


def answers(operation: str, members: Any) -> None:
    try:
        checked, message = check(operation, members), "none"
    except (SerializationException, ValidationException) as refusal:
        checked, message = {}, refusal.message or ""
    assert isinstance(checked, dict)
    assert message


@given(st.data())
@settings(max_examples=300)
def test_any_json_is_checked_or_refused(data: st.DataObject) -> None:
    """Strategy: free JSON, and requests of the right types with free JSON somewhere inside.
    Invariant: only the two refusals, always with a message."""
    operation = data.draw(st.sampled_from(OPERATIONS))
    answers(operation, data.draw(json_values))
    request = data.draw(typed(load().operations[operation]))
    answers(operation, request)
    places = data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=6))
    answers(operation, with_noise(request, data.draw(json_values), places))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_valid_requests_pass_unchanged(operation: str) -> None:
    """Strategy: requests made from the model's own limits, patterns and enums.  Invariant: the same object comes
    back, as it was."""

    @given(valid_requests(operation))
    @settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    def passes(request: dict[str, Any]) -> None:
        before = copy.deepcopy(request)
        assert check(operation, request) is request
        assert request == before

    passes()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_taken_at_once_the_long_way_takes_unchanged(operation: str) -> None:
    @given(valid_requests(operation), st.none() | json_values, st.lists(st.integers(0, 9), max_size=4))
    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    def agree(request: dict[str, Any], noise: Any, places: list[int]) -> None:
        checks = requests._CHECKS[operation]
        for sent in (request, with_noise(request, noise, places)):
            if checks.fits(sent):
                assert requests._looked_at(checks, sent) == sent

    agree()


def test_an_unknown_operation_is_the_callers_mistake() -> None:
    with pytest.raises(KeyError):
        check("DropTable", {})


@pytest.mark.parametrize("brackets", [200, 480])
def test_the_deepest_json_is_refused_not_crashed_upon(brackets: int) -> None:
    value: Any = {"S": "x"}
    for _ in range(brackets):
        value = {"M": {"a": value}}
    key = {"pk": value}
    answers("BatchGetItem", {"RequestItems": {"bad!name": {"Keys": [key]}}})
    answers("BatchWriteItem", {"RequestItems": {"bad!name": [{"DeleteRequest": {"Key": key}}]}})
    answers("PutItem", {"TableName": "abc", "Item": key, "ReturnValues": "BOGUS"})


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateTable", {"TableName": "abc", "AttributeDefinitions": [], "KeySchema": [{}] * 200_000}),
        ("BatchWriteItem", {"RequestItems": {"abc": [{"PutRequest": {}}] * 100_000}}),
        ("ExportTableToPointInTime", {"TableArn": "arn:x", "S3Bucket": "a" * 10**6}),
    ],
)
def test_the_refusal_of_a_vast_request_is_not_vast(operation: str, request_: dict[str, Any]) -> None:
    with pytest.raises(ValidationException) as caught:
        check(operation, request_)
    assert len(caught.value.message or "") < 2**20 + 2000
