"""JSON types of attribute values as the service's deserialiser takes them (FACTS 1.5), row by row."""

from __future__ import annotations

import base64
import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import JsonTypeFault, check_item, check_value, encode_value, value_to_wire
from tests.strategies import Wire, wire_items, wire_values

ATTRIBUTE = "com.amazonaws.dynamodb.v20120810.AttributeValue"
STRUCTURE = "Start of structure or map found where not expected"


def message_of(value: Any) -> str:
    with pytest.raises(JsonTypeFault) as caught:
        check_value(value)
    (message,) = caught.value.args
    assert isinstance(message, str)
    return message


@given(wire_values)
def test_a_well_typed_value_is_returned_itself(value: Wire) -> None:
    before = copy.deepcopy(value)
    assert check_value(value) is value
    assert value == before


@given(wire_items)
def test_a_well_typed_item_is_returned_itself(item: dict[str, Wire]) -> None:
    assert check_item(item) is item


STRING_ROWS = [
    (1, "NUMBER_VALUE cannot be converted to String"),
    (1.5, "DECIMAL_VALUE cannot be converted to String"),
    (True, "TRUE_VALUE cannot be converted to String"),
    (False, "FALSE_VALUE cannot be converted to String"),
    ([], "Unrecognized collection type class java.lang.String"),
    ({}, STRUCTURE),
]
BOOLEAN_ROWS = [
    (1, "NUMBER_VALUE cannot be converted to Boolean"),
    (0.5, "DECIMAL_VALUE cannot be converted to Boolean"),
    ("maybe", "Unexpected token received from parser"),
    ("", "Unexpected token received from parser"),
    ([], "Unrecognized collection type class java.lang.Boolean"),
    ({}, STRUCTURE),
]
BLOB_ROWS = [
    (1, "only base-64-encoded strings are convertible to bytes"),
    (1.5, "only base-64-encoded strings are convertible to bytes"),
    (True, "only base-64-encoded strings are convertible to bytes"),
    ([], "Unrecognized collection type class java.nio.ByteBuffer"),
    ({}, STRUCTURE),
    ("AAA", "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
    ("AAAAA", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
    ("AB==", "Invalid last non-pad Base64 character dectected"),
    ("AAB=", "Invalid last non-pad Base64 character dectected"),
    ("AA A", "Invalid base 64 character: ' '"),
    ("A===", "Invalid base 64 character: '='"),
    ("====", "Invalid base 64 character: '='"),
    ("AA==AAAA", "Invalid base 64 character: '='"),
    ("AA-_", "Invalid base 64 character: '-'"),
    ("AAAé", "Invalid base 64 character: 'é'"),
]
LIST_ROWS = [
    (1, "Unexpected field type"),
    (1.5, "Unexpected field type"),
    (True, "Unexpected field type"),
    ("a", "Unexpected field type"),
    ({}, STRUCTURE),
]
MAP_ROWS = [
    (1, "Unexpected field type"),
    (False, "Unexpected field type"),
    ("a", "Unexpected field type"),
    ([], f"Unrecognized collection type java.util.Map<java.lang.String, {ATTRIBUTE}>"),
]
ELEMENT_ROWS = [
    (1, "Unexpected value type in payload"),
    (1.5, "Unexpected value type in payload"),
    (True, "Unexpected value type in payload"),
    ("a", "Unexpected value type in payload"),
    ([], f"Unrecognized collection type class {ATTRIBUTE}"),
]


@pytest.mark.parametrize("member", ["S", "N"])
@pytest.mark.parametrize(("sent", "message"), STRING_ROWS)
def test_string_members_take_strings(member: str, sent: Any, message: str) -> None:
    assert message_of({member: sent}) == message


@pytest.mark.parametrize("member", ["SS", "NS"])
@pytest.mark.parametrize(("sent", "message"), STRING_ROWS)
def test_members_of_string_and_number_sets_are_strings(member: str, sent: Any, message: str) -> None:
    assert message_of({member: ["a", sent]}) == message


@pytest.mark.parametrize("member", ["BOOL", "NULL"])
@pytest.mark.parametrize(("sent", "message"), BOOLEAN_ROWS)
def test_boolean_members_take_booleans_and_some_words(member: str, sent: Any, message: str) -> None:
    assert message_of({member: sent}) == message


@pytest.mark.parametrize(("sent", "message"), BLOB_ROWS)
def test_binary_is_base64_text(sent: Any, message: str) -> None:
    assert message_of({"B": sent}) == message
    assert message_of({"BS": ["AA==", sent]}) == message


@pytest.mark.parametrize("member", ["L", "SS", "NS", "BS"])
@pytest.mark.parametrize(("sent", "message"), LIST_ROWS)
def test_lists_and_sets_are_arrays(member: str, sent: Any, message: str) -> None:
    assert message_of({member: sent}) == message


@pytest.mark.parametrize(("sent", "message"), MAP_ROWS)
def test_a_map_is_an_object(sent: Any, message: str) -> None:
    assert message_of({"M": sent}) == message
    with pytest.raises(JsonTypeFault) as caught:
        check_item(sent)
    assert caught.value.args == (message,)


@pytest.mark.parametrize(("sent", "message"), ELEMENT_ROWS)
def test_an_attribute_value_in_a_container_is_an_object(sent: Any, message: str) -> None:
    assert message_of(sent) == message
    assert message_of({"L": [sent]}) == message
    assert message_of({"M": {"a": sent}}) == message
    with pytest.raises(JsonTypeFault) as caught:
        check_item({"a": sent})
    assert caught.value.args == (message,)


def test_the_first_fault_as_sent_is_the_one_reported() -> None:
    assert message_of({"S": 1, "B": 1}) == "NUMBER_VALUE cannot be converted to String"
    assert message_of({"B": 1, "S": 1}) == "only base-64-encoded strings are convertible to bytes"


@pytest.mark.parametrize("member", ["BOOL", "NULL"])
@pytest.mark.parametrize("yes", ["true", "TRUE", "True", "1", "yes", "YES"])
@pytest.mark.parametrize("no", ["false", "FALSE", "0", "no", "No"])
def test_words_for_true_and_false_become_booleans(member: str, yes: str, no: str) -> None:
    sent = {"L": [{member: yes}, {member: no}, {member: True}]}
    before = copy.deepcopy(sent)
    assert check_value(sent) == {"L": [{member: True}, {member: False}, {member: True}]}
    assert sent == before


def test_null_and_unknown_members_are_dropped_wherever_they_are() -> None:
    sent = {
        "a": {"S": "x", "N": None, "Nope": [1, {}]},
        "b": {"M": {"c": {"L": [{"SS": ["a", "b"], "BOOL": None}]}}},
        "d": {"S": None},
    }
    before = copy.deepcopy(sent)
    assert check_item(sent) == {
        "a": {"S": "x"},
        "b": {"M": {"c": {"L": [{"SS": ["a", "b"]}]}}},
        "d": {},
    }
    assert sent == before


def test_null_in_a_set_stays_for_encoding_to_refuse() -> None:
    sent = {"L": [{"SS": ["a", None]}, {"BS": [None]}]}
    assert check_value(sent) is sent


def test_null_for_a_whole_value_is_an_empty_one() -> None:
    assert check_value(None) == {}
    assert check_value({"L": [None, {"S": "a"}]}) == {"L": [{}, {"S": "a"}]}
    assert check_item({"a": None}) == {"a": {}}


def test_unchanged_parts_of_a_changed_value_are_shared() -> None:
    kept = {"M": {"x": {"S": "y"}}}
    assert check_item({"a": kept, "b": {"BOOL": "yes"}})["a"] is kept


def test_the_deepest_json_orjson_reads_is_checked() -> None:
    deepest = orjson.loads(b'{"L":[' * 500 + b'{"BOOL":"yes"}' + b"]}" * 500)
    value = check_value(deepest)
    for _ in range(500):
        (value,) = value["L"]
    assert value == {"BOOL": True}


def test_nesting_beyond_any_json_is_refused_without_overrunning_the_stack() -> None:
    value: Wire = {"S": "x"}
    for _ in range(100_000):
        value = {"L": [value]}
    with pytest.raises(RecursionError):
        check_value(value)
    while "L" in value:  # taken apart from the outside: dropping it whole would recurse
        (value,) = value["L"]


@given(st.binary(max_size=70))
def test_base64_is_the_standard_one(raw: bytes) -> None:
    text = base64.b64encode(raw).decode()
    assert check_value({"B": text}) == {"B": text}
    stored = encode_value({"B": text})
    assert stored.endswith(raw)
    assert value_to_wire(stored) == orjson.dumps({"B": text})


@given(st.text("ABab01+/=", max_size=12) | st.text(st.characters(codec="utf-8"), max_size=12))
def test_base64_is_accepted_exactly_when_it_is_canonical(text: str) -> None:
    try:
        canonical = base64.b64encode(base64.b64decode(text.encode(), validate=True)).decode() == text
    except ValueError:
        canonical = False
    if canonical:
        check_value({"B": text})
    else:
        assert message_of({"B": text})
