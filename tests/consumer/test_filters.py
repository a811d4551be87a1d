"""Event filter patterns: the grammar of EventBridge over stream records, as Lambda applies it.

The cases of DynamoDB records agree with what AWS documents for event source mappings: ``exists`` looks at leaves only,
``numeric`` never matches an attribute of type N.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.consumer.errors import BadPattern
from ddbengine.consumer.filters import compile_filters

RECORD = {
    "eventName": "MODIFY",
    "eventSource": "aws:dynamodb",
    "dynamodb": {
        "ApproximateCreationDateTime": 1_700_000_000,
        "Keys": {"id": {"S": "order-1"}},
        "NewImage": {
            "id": {"S": "order-1"},
            "state": {"S": "shipped"},
            "price": {"N": "120"},
            "empty": {"S": ""},
            "gift": {"BOOL": True},
            "note": {"NULL": True},
            "address": {"M": {"city": {"S": "Paris"}, "zip": {"S": "75001"}}},
            "lines": {"L": [{"M": {"sku": {"S": "a"}, "n": {"N": "1"}}}, {"M": {"sku": {"S": "b"}, "n": {"N": "2"}}}]},
            "tags": {"SS": ["new", "blue"]},
            "none": {"L": []},
        },
        "SizeBytes": 58,
    },
}


def is_wanted(pattern: Any, record: dict[str, Any] = RECORD) -> bool:
    return compile_filters([json.dumps(pattern)])(record)


def of(attribute: str, *alternatives: Any, type_name: str = "S") -> dict[str, Any]:
    return {"dynamodb": {"NewImage": {attribute: {type_name: list(alternatives)}}}}


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ({"eventName": ["MODIFY"]}, True),
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["INSERT"]}, False),
        ({"eventName": ["MODIFY"], "eventSource": ["aws:s3"]}, False),
        ({"dynamodb": {"Keys": {"id": {"S": ["order-1"]}}}}, True),
        ({"dynamodb": {"SizeBytes": [58]}}, True),
        ({"dynamodb": {"SizeBytes": [58.0]}}, True),
        ({"dynamodb": {"SizeBytes": ["58"]}}, False),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 50, "<=", 58]}]}}, True),
        ({"dynamodb": {"SizeBytes": [{"numeric": ["<", 58]}]}}, False),
        ({"dynamodb": {"SizeBytes": [{"numeric": ["=", 5.8e1]}]}}, True),
        (of("state", "shipped"), True),
        (of("state", {"prefix": "ship"}), True),
        (of("state", {"prefix": {"equals-ignore-case": "SHIP"}}), True),
        (of("state", {"suffix": "ped"}), True),
        (of("state", {"suffix": {"equals-ignore-case": "PED"}}), True),
        (of("state", {"suffix": "ship"}), False),
        (of("state", {"equals-ignore-case": "SHIPPED"}), True),
        (of("state", {"exactly": "shipped"}), True),
        (of("state", {"wildcard": "s*p*d"}), True),
        (of("state", {"wildcard": "s*x"}), False),
        (of("state", {"anything-but": "returned"}), True),
        (of("state", {"anything-but": ["returned", "shipped"]}), False),
        (of("state", {"anything-but": {"prefix": "ship"}}), False),
        (of("state", {"anything-but": {"suffix": ["x", "ped"]}}), False),
        (of("state", {"anything-but": {"equals-ignore-case": "SHIPPED"}}), False),
        (of("state", {"anything-but": {"wildcard": "s*d"}}), False),
        (of("state", {"anything-but": {"wildcard": "*x*"}}), True),
        (of("missing", {"anything-but": "x"}), False),
        (of("empty", ""), True),
        (of("state", ""), False),
        (of("state", {"prefix": ""}), True),
        (of("gift", True, type_name="BOOL"), True),
        (of("gift", False, type_name="BOOL"), False),
        (of("gift", 1, type_name="BOOL"), False),
        (of("note", True, type_name="NULL"), True),
        (of("missing", None, type_name="NULL"), False),
        (of("state", {"exists": True}), True),
        (of("state", {"exists": False}), False),
        (of("missing", {"exists": True}), False),
        (of("missing", {"exists": False}), True),
        (of("none", {"exists": True}, type_name="L"), False),
        ({"dynamodb": {"NewImage": {"state": [{"exists": True}]}}}, False),
        ({"dynamodb": {"NewImage": {"state": [{"exists": False}]}}}, True),
        ({"dynamodb": {"OldImage": {"state": {"S": [{"exists": False}]}}}}, True),
        (of("missing", "x", {"exists": False}), True),
        (of("price", {"numeric": [">", 100]}, type_name="N"), False),
        (of("price", "120", type_name="N"), True),
        (of("tags", "blue", type_name="SS"), True),
        (of("tags", "red", type_name="SS"), False),
        (of("tags", {"anything-but": "blue"}, type_name="SS"), True),
        (
            of("address", {}, type_name="M")
            | {"dynamodb": {"NewImage": {"address": {"M": {"city": {"S": ["Paris"]}}}}}},
            True,
        ),
    ],
)
def test_a_pattern_wants_a_record_or_not(pattern: dict[str, Any], wanted: bool) -> None:
    assert is_wanted(pattern) is wanted


def line(**fields: str) -> dict[str, Any]:
    members = {name: {"S" if name == "sku" else "N": [value]} for name, value in fields.items()}
    return {"dynamodb": {"NewImage": {"lines": {"L": {"M": members}}}}}


def test_fields_below_a_list_match_in_one_and_the_same_element() -> None:
    assert is_wanted(line(sku="a", n="1"))
    assert is_wanted(line(sku="b", n="2"))
    assert not is_wanted(line(sku="a", n="2"))


def test_a_field_is_absent_from_a_list_only_if_no_element_has_it() -> None:
    lists = {"a": [{"x": 1}, {"y": 2}]}
    assert not is_wanted({"a": {"x": [{"exists": False}]}}, lists)
    assert is_wanted({"a": {"z": [{"exists": False}]}}, lists)
    assert is_wanted({"a": {"z": [{"exists": False}]}}, {"a": []})


def test_null_is_matched_by_null_and_exists() -> None:
    assert is_wanted({"a": [None]}, {"a": None})
    assert is_wanted({"a": [{"exists": True}]}, {"a": None})
    assert not is_wanted({"a": [None]}, {})
    assert not is_wanted({"a": [False]}, {"a": None})


def test_or_wants_one_branch_and_all_that_is_beside_it() -> None:
    branches = {"$or": [{"eventName": ["INSERT"]}, {"dynamodb": {"SizeBytes": [58]}}]}
    assert is_wanted(branches)
    assert is_wanted({"eventSource": ["aws:dynamodb"], **branches})
    assert not is_wanted({"eventSource": ["aws:s3"], **branches})
    assert not is_wanted({"$or": [{"eventName": ["INSERT"]}, {"eventName": ["REMOVE"]}]})


def test_or_may_be_nested_and_anywhere() -> None:
    assert is_wanted({"dynamodb": {"$or": [{"SizeBytes": [1]}, {"$or": [{"SizeBytes": [2]}, {"SizeBytes": [58]}]}]}})


def test_cidr_matches_addresses_of_both_versions() -> None:
    assert is_wanted({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.33"})
    assert not is_wanted({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.1.33"})
    assert not is_wanted({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "no address"})
    assert is_wanted({"ip": [{"cidr": "2001:db8::/32"}]}, {"ip": "2001:db8::7"})


def test_wildcards_escape_the_asterisk_and_the_backslash() -> None:
    assert is_wanted({"a": [{"wildcard": r"2\*3"}]}, {"a": "2*3"})
    assert not is_wanted({"a": [{"wildcard": r"2\*3"}]}, {"a": "2x3"})
    assert is_wanted({"a": [{"wildcard": r"c:\\*"}]}, {"a": "c:\\x\ny"})
    assert not is_wanted({"a": [{"wildcard": "a.c"}]}, {"a": "abc"})


def test_patterns_are_alternatives_and_none_wants_everything() -> None:
    inserts, modifies = '{"eventName": ["INSERT"]}', '{"eventName": ["MODIFY"]}'
    assert compile_filters([inserts, modifies])(RECORD)
    assert not compile_filters([inserts])(RECORD)
    assert compile_filters([])(RECORD)


def test_a_pattern_may_be_given_as_a_tree() -> None:
    assert compile_filters([{"eventName": ["MODIFY"]}])(RECORD)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "It is not JSON"),
        ("{", "It is not JSON"),
        ('{"a": [NaN]}', "It is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"a": {}}', r"Empty objects are not allowed \(at a\)"),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": "b"}', '"a" must be an object or an array'),
        ('{"a": 1}', '"a" must be an object or an array'),
        ('{"a": [["b"]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [1], "a": [2]}', "Path `a` cannot be allowed multiple times"),
        ('{"a": [{}]}', "Match expression name not found"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key allowed in match expression"),
        ('{"a": [{"begins": "x"}]}', "Unrecognized match type begins"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"prefix": {"wildcard": "x"}}]}', "Unsupported prefix pattern: wildcard"),
        ('{"a": [{"equals-ignore-case": 1}]}', "equals-ignore-case match pattern must be a string"),
        ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character"),
        ('{"a": [{"cidr": "10.0.0.0/99"}]}', "Malformed CIDR"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false"),
        ('{"a": [{"numeric": 5}]}', "Value of numeric must be an array"),
        ('{"a": [{"numeric": []}]}', "Invalid member in numeric match"),
        ('{"a": [{"numeric": [5, 6]}]}', "Invalid member in numeric match: 5"),
        ('{"a": [{"numeric": ["~", 6]}]}', "Unrecognized numeric range operator: ~"),
        ('{"a": [{"numeric": [">"]}]}', "Value of > must be numeric"),
        ('{"a": [{"numeric": ["=", "6"]}]}', "Value of equals must be numeric"),
        ('{"a": [{"numeric": ["=", true]}]}', "Value of equals must be numeric"),
        ('{"a": [{"numeric": ["<", 1, ">", 0]}]}', "Too many elements in numeric expression"),
        ('{"a": [{"numeric": [">", 1, ">", 2]}]}', "Bad numeric range operator: >"),
        ('{"a": [{"numeric": [">", 2, "<", 1]}]}', "Bottom must be less than top"),
        ('{"a": [{"anything-but": true}]}', "Value of anything-but must be an array or single string/number value"),
        ('{"a": [{"anything-but": []}]}', "mixed type is not supported"),
        ('{"a": [{"anything-but": ["x", 1]}]}', "mixed type is not supported"),
        ('{"a": [{"anything-but": [null]}]}', "is not supported"),
        ('{"a": [{"anything-but": {"numeric": 1}}]}', "Unsupported anything-but pattern: numeric"),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"a": [{"anything-but": {"prefix": 1}}]}', "prefix match pattern must be a string"),
        ('{"$or": {"a": [1]}}', "It must be an Array followed with"),
        ('{"$or": [{"a": [1]}]}', "at least 2 Objects"),
        ('{"$or": [{"a": [1]}, 2]}', "Only JSON object is allowed"),
        ('{"$or": [{"prefix": [1]}, {"a": [2]}]}', "prefix is a reserved field name"),
        ('{"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}', "Path `a` cannot be allowed multiple times"),
    ],
)
def test_a_bad_pattern_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(BadPattern, match=rf"^Invalid filter pattern definition\. .*{reason}"):
        compile_filters([pattern])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "$or"]), inner, max_size=3),
    max_leaves=8,
)
comparisons = st.dictionaries(
    st.sampled_from(
        ["prefix", "suffix", "anything-but", "numeric", "exists", "wildcard", "equals-ignore-case", "cidr"]
    ),
    json_values,
    min_size=1,
    max_size=1,
)


@given(
    st.dictionaries(st.sampled_from(["a", "b", "$or"]), json_values | st.lists(comparisons, min_size=1)), json_values
)
def test_any_pattern_is_refused_or_answers_for_any_record(pattern: dict[str, Any], value: Any) -> None:
    try:
        accept = compile_filters([json.dumps(pattern)])
    except BadPattern:
        return
    assert accept({"a": value, "b": [value]}) in (True, False)


@given(st.text(), st.text())
def test_prefix_suffix_and_equality_are_those_of_strings(text: str, value: str) -> None:
    record = {"a": value}
    assert is_wanted({"a": [{"prefix": text}]}, record) is value.startswith(text)
    assert is_wanted({"a": [{"suffix": text}]}, record) is value.endswith(text)
    assert is_wanted({"a": [text]}, record) is (text == value)
    assert is_wanted({"a": [{"anything-but": text}]}, record) is (text != value)
