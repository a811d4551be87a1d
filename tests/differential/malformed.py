"""Requests the service refuses, kept as tables: what is wrong, put on every surface where it can be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from random import Random
from typing import Any

from tests.differential.peers import Request
from tests.differential.tables import REFUSALS, key_schema, throughput

Body = dict[str, Any]

_KEY: Body = {"pk": {"S": "p"}, "sk": {"N": "1"}}
_TABLE: Body = {"TableName": REFUSALS.name}

_BAD_VALUES: tuple[Body, ...] = (
    {"N": "abc"}, {"N": ""}, {"N": " 1"}, {"N": "1e126"}, {"N": "-1e126"}, {"N": "1e-131"}, {"N": "0e126"},
    {"N": "1" * 39}, {"N": "NaN"}, {"N": "0x10"}, {"SS": []}, {"NS": []}, {"BS": []}, {"SS": ["b", "a", "b"]},
    {"NS": ["1", "1.0"]}, {"NS": ["1", "x"]}, {"BS": ["/w==", "AA==", "AA=="]}, {}, {"S": "a", "N": "1"},
    {"NULL": False}, {"M": {"x": {"N": "abc"}}}, {"L": [{"S": "a"}, {}]}, {"M": {"x": {"SS": []}}},
)  # fmt: skip

_BAD_KEYS: tuple[Body, ...] = (
    {"pk": {"S": "p"}},
    {"sk": {"N": "1"}},
    {},
    {"pk": {"S": "p"}, "sk": {"N": "1"}, "a": {"S": "x"}},
    {"pk": {"N": "1"}, "sk": {"N": "1"}},
    {"pk": {"S": "p"}, "sk": {"S": "1"}},
    {"pk": {"S": ""}, "sk": {"N": "1"}},
    {"pk": {"S": "p"}, "sk": {"N": "x"}},
    {"pk": {"S": "p" * 2049}, "sk": {"N": "1"}},
    {"pk": {"SS": ["p"]}, "sk": {"N": "1"}},
    {"pk": {"M": {}}, "sk": {"NULL": True}},
)

_BAD_CONDITIONS: tuple[tuple[str, Body, Body], ...] = (
    ("", {}, {}),
    ("a = ", {}, {":v": {"S": "x"}}),
    ("a = = :v", {}, {":v": {"S": "x"}}),
    ("attribute_not_exists(", {}, {}),
    ("((a = :v))", {}, {":v": {"S": "x"}}),
    ("a = :v AND ((b = :v))", {}, {":v": {"S": "x"}}),
    ("#x = :v", {}, {":v": {"S": "x"}}),
    ("a = :w", {}, {":v": {"S": "x"}}),
    ("a = :v", {"#u": "b"}, {":v": {"S": "x"}}),
    ("a = :v", {}, {":v": {"S": "x"}, ":u": {"S": "y"}}),
    ("name = :v", {}, {":v": {"S": "x"}}),
    ("a.Status = :v", {}, {":v": {"S": "x"}}),
    ("foo(a)", {}, {}),
    ("foo(a, :v)", {}, {":v": {"S": "x"}}),
    ("contains(a)", {}, {}),
    ("contains(a, :v) = :v", {}, {":v": {"S": "x"}}),
    ("size(a)", {}, {}),
    ("begins_with(a, :v)", {}, {":v": {"N": "1"}}),
    ("begins_with(a)", {}, {}),
    ("attribute_exists(:v)", {}, {":v": {"S": "x"}}),
    ("attribute_type(a, :v)", {}, {":v": {"S": "x"}}),
    ("attribute_type(a, :v)", {}, {":v": {"N": "1"}}),
    ("a < :v", {}, {":v": {"BOOL": True}}),
    ("a >= :v", {}, {":v": {"L": []}}),
    ("a = a", {}, {}),
    ("contains(a, a)", {}, {}),
    ("a BETWEEN :v AND :w", {}, {":v": {"N": "1"}, ":w": {"S": "a"}}),
    ("a BETWEEN :v AND :w", {}, {":v": {"S": "z"}, ":w": {"S": "a"}}),
    ("a BETWEEN :v AND :v", {}, {":v": {"BOOL": True}}),
    ("a IN ()", {}, {":v": {"S": "x"}}),
    ("a = :v", {"x": "b"}, {":v": {"S": "x"}}),
    ("a = :v", {}, {"v": {"S": "x"}}),
    ("a = :v", {}, {":v": {"N": "abc"}}),
    ("a = :v", {}, {":v": {}}),
    ("size(:v) > :w", {}, {":v": {"N": "1"}, ":w": {"N": "1"}}),
    ("NOT", {}, {}),
    ("a = :v AND", {}, {":v": {"S": "x"}}),
    ("a[x] = :v", {}, {":v": {"S": "x"}}),
    ("a[-1] = :v", {}, {":v": {"S": "x"}}),
    ("a..b = :v", {}, {":v": {"S": "x"}}),
    ("a == :v", {}, {":v": {"S": "x"}}),
    ("a != :v", {}, {":v": {"S": "x"}}),
    ("a = :v OR b", {}, {":v": {"S": "x"}}),
    ("!!! INVALID !!!", {}, {}),
    ("INVALID SYNTAX HERE", {}, {}),
    ("a = 'x'", {}, {}),
    ("a = 5", {}, {}),
    ("a = :v" + " " * 4100, {}, {":v": {"S": "x"}}),
)

_BAD_UPDATES: tuple[tuple[str, Body, Body], ...] = (
    ("", {}, {}),
    ("a = :v", {}, {":v": {"S": "x"}}),
    ("SET", {}, {}),
    ("SET a = :v SET b = :v", {}, {":v": {"S": "x"}}),
    ("REMOVE a REMOVE b", {}, {}),
    ("SET a = :v, a = :v", {}, {":v": {"S": "x"}}),
    ("SET a.b = :v REMOVE a", {}, {":v": {"S": "x"}}),
    ("SET a.b = :v, a[0] = :v", {}, {":v": {"S": "x"}}),
    ("SET pk = :v", {}, {":v": {"S": "x"}}),
    ("REMOVE sk", {}, {}),
    ("SET a = :v + :w", {}, {":v": {"S": "x"}, ":w": {"N": "1"}}),
    ("SET a = list_append(:v, :w)", {}, {":v": {"S": "x"}, ":w": {"L": []}}),
    ("SET a = if_not_exists(:v, :v)", {}, {":v": {"S": "x"}}),
    ("SET a = if_not_exists(b)", {}, {}),
    ("SET a = foo(:v)", {}, {":v": {"S": "x"}}),
    ("SET a = attribute_exists(b)", {}, {}),
    ("SET a = size(b)", {}, {}),
    ("ADD a :v", {}, {":v": {"S": "x"}}),
    ("ADD a :v", {}, {":v": {"L": []}}),
    ("DELETE a :v", {}, {":v": {"N": "1"}}),
    ("DELETE a :v", {}, {":v": {"BOOL": True}}),
    ("ADD a b", {}, {}),
    ("SET a = :w", {}, {":v": {"S": "x"}}),
    ("SET #x = :v", {}, {":v": {"S": "x"}}),
    ("SET a = :v", {"#u": "x"}, {":v": {"S": "x"}}),
    ("SET a = :v", {}, {":v": {"S": "x"}, ":u": {"S": "x"}}),
    ("SET count = :v", {}, {":v": {"S": "x"}}),
    ("SET a = :v, ", {}, {":v": {"S": "x"}}),
    ("REMOVE a b", {}, {}),
    ("SET nowhere.x = :v", {}, {":v": {"S": "x"}}),
    ("SET nowhere[1] = :v", {}, {":v": {"S": "x"}}),
    ("SET a = nowhere", {}, {}),
    ("SET a = nowhere + :v", {}, {":v": {"N": "1"}}),
    ("SET pk.x = :v", {}, {":v": {"S": "x"}}),
    ("SET g1 = :v", {}, {":v": {"S": ""}}),
    ("SET a = :v + :w", {}, {":v": {"N": "1e125"}, ":w": {"N": "5"}}),
    ("REMOVE nowhere.x", {}, {}),
    ("REMOVE nowhere.x SET #b = gone", {"#b": "größe"}, {}),
)

_BAD_PROJECTIONS: tuple[tuple[str, Body], ...] = (
    ("", {}), ("a,", {}), ("a, a", {}), ("a, #a", {"#a": "a"}), ("a.b, a", {}), ("l, l[0]", {}), ("a.b, a[0]", {}),
    ("#x", {}), ("a", {"#x": "b"}), ("name", {}), ("a b", {}), ("a[", {}), (":v", {}), ("size(a)", {}),
)  # fmt: skip

_BAD_KEY_CONDITIONS: tuple[tuple[str, Body], ...] = (
    ("", {}),
    ("pk = :n", {":n": {"N": "1"}}),
    ("pk > :v", {":v": {"S": "p"}}),
    ("begins_with(pk, :v)", {":v": {"S": "p"}}),
    ("sk = :n", {":n": {"N": "1"}}),
    ("a = :v", {":v": {"S": "p"}}),
    ("pk = :v AND a = :v", {":v": {"S": "p"}}),
    ("pk = :v AND pk = :v", {":v": {"S": "p"}}),
    ("pk = :v AND sk > :n AND sk < :n", {":v": {"S": "p"}, ":n": {"N": "1"}}),
    ("pk = :v AND sk = :n AND a = :v", {":v": {"S": "p"}, ":n": {"N": "1"}}),
    ("pk = :v OR sk = :n", {":v": {"S": "p"}, ":n": {"N": "1"}}),
    ("NOT pk = :v", {":v": {"S": "p"}}),
    ("pk <> :v", {":v": {"S": "p"}}),
    ("pk IN (:v)", {":v": {"S": "p"}}),
    ("pk = :v AND attribute_exists(sk)", {":v": {"S": "p"}}),
    ("pk = :v AND contains(sk, :v)", {":v": {"S": "p"}}),
    ("pk = :v AND size(sk) = :n", {":v": {"S": "p"}, ":n": {"N": "1"}}),
    ("pk.a = :v", {":v": {"S": "p"}}),
    ("pk = :v AND sk = :b", {":v": {"S": "p"}, ":b": {"BOOL": True}}),
    ("pk = :v AND sk < :b", {":v": {"S": "p"}, ":b": {"BOOL": True}}),
    ("pk = :v AND begins_with(sk, :n)", {":v": {"S": "p"}, ":n": {"N": "1"}}),
    ("pk = :v AND begins_with(sk, :v)", {":v": {"S": "p"}}),
    ("pk = :v AND sk BETWEEN :m AND :n", {":v": {"S": "p"}, ":m": {"N": "2"}, ":n": {"N": "1"}}),
    ("((pk = :v))", {":v": {"S": "p"}}),
    ("pk = :v AND", {":v": {"S": "p"}}),
    ("pk = :v", {":v": {"S": ""}}),
    ("pk = :v", {":v": {"S": "p"}, ":u": {"S": "p"}}),
    ("pk = sk", {}),
    (":v = :v", {":v": {"S": "p"}}),
)

_BAD_EXPECTED: tuple[Body, ...] = (
    {"Exists": True},
    {},
    {"Exists": False, "Value": {"S": "x"}},
    {"Value": {"S": "x"}, "AttributeValueList": [{"S": "x"}]},
    {"Exists": True, "ComparisonOperator": "EQ"},
    {"ComparisonOperator": "EQ"},
    {"AttributeValueList": [{"S": "x"}]},
    {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"S": "x"}]},
    {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}, {"S": "y"}]},
    {"ComparisonOperator": "NULL", "AttributeValueList": [{"S": "x"}]},
    {"ComparisonOperator": "IN", "AttributeValueList": [{"S": "x"}, {"N": "1"}]},
    {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"N": "1"}]},
    {"ComparisonOperator": "LT", "AttributeValueList": [{"BOOL": True}]},
    {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "2"}, {"N": "1"}]},
    {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "abc"}]},
)

_BAD_ATTRIBUTE_UPDATES: tuple[Body, ...] = (
    {"Action": "PUT"},
    {},
    {"Action": "ADD", "Value": {"S": "x"}},
    {"Action": "DELETE", "Value": {"S": "x"}},
    {"Action": "PUT", "Value": {}},
    {"Action": "PUT", "Value": {"N": "abc"}},
)


def _item_requests() -> list[Request]:
    requests = [Request("PutItem", _TABLE | {"Item": _KEY | {"a": bad}}) for bad in _BAD_VALUES]
    requests += [Request("PutItem", _TABLE | {"Item": key}) for key in _BAD_KEYS if "a" not in key]
    for operation in ("GetItem", "DeleteItem", "UpdateItem"):
        requests += [Request(operation, _TABLE | {"Key": key}) for key in _BAD_KEYS]
    for bad in _BAD_VALUES:
        requests.append(Request("UpdateItem", _updating("SET a = :v", {}, {":v": bad})))
        requests.append(Request("DeleteItem", _conditional("a = :v", {}, {":v": bad})))
        requests.append(_batch_write({"PutRequest": {"Item": _KEY | {"a": bad}}}))
    for index_key in ({"g1": {"N": "1"}}, {"g2": {"S": "x"}}, {"l1": {"S": ""}}, {"g3": {"BOOL": True}}):
        requests.append(Request("PutItem", _TABLE | {"Item": _KEY | index_key}))
        requests.append(_batch_write({"PutRequest": {"Item": _KEY | index_key}}))
    return requests


def _expression_requests() -> list[Request]:
    requests = []
    for text, names, operands in _BAD_CONDITIONS:
        conditional = _conditional(text, names, operands)
        requests += [Request("DeleteItem", conditional), Request("PutItem", _putting(conditional))]
        filtering = _TABLE | _with("FilterExpression", text, names, operands)
        requests.append(Request("Scan", filtering))
    requests += [Request("UpdateItem", _updating(*bad)) for bad in _BAD_UPDATES]
    for text, names in _BAD_PROJECTIONS:
        projecting = _with("ProjectionExpression", text, names, {})
        requests.append(Request("GetItem", _TABLE | {"Key": _KEY} | projecting))
        requests.append(Request("Scan", _TABLE | projecting))
        requests.append(_batch_get({"Keys": [_KEY]} | projecting))
    for text, operands in _BAD_KEY_CONDITIONS:
        requests.append(Request("Query", _TABLE | _with("KeyConditionExpression", text, {}, operands)))
    return requests


def _legacy_requests() -> list[Request]:
    requests = []
    for bad in _BAD_EXPECTED:
        requests.append(Request("DeleteItem", _TABLE | {"Key": _KEY, "Expected": {"a": bad}}))
        requests.append(Request("PutItem", _TABLE | {"Item": _KEY, "Expected": {"a": bad}}))
    requests += [
        Request("UpdateItem", _TABLE | {"Key": _KEY, "AttributeUpdates": {"a": bad}}) for bad in _BAD_ATTRIBUTE_UPDATES
    ]
    refused: Body = {"AttributeUpdates": {"b": {"Action": "ADD", "Value": {"S": "x"}}}}
    for unmet in ({"Value": {"S": "never"}}, {"ComparisonOperator": "GT", "AttributeValueList": [{"NS": ["1"]}]}):
        requests.append(Request("UpdateItem", _TABLE | {"Key": _KEY, "Expected": {"a": unmet}} | refused))
    equal = {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p"}]}
    mixed = _conditional("attribute_exists(a)", {}, {}) | {"Expected": {"a": {"Exists": False}}}
    requests += [
        Request("DeleteItem", mixed),
        Request("PutItem", _putting(mixed)),
        Request(
            "DeleteItem", _TABLE | {"Key": _KEY, "ConditionalOperator": "AND", "Expected": {"a": {"Exists": False}}}
        ),
        Request("GetItem", _TABLE | {"Key": _KEY, "AttributesToGet": ["a", "a"]}),
        Request("GetItem", _TABLE | {"Key": _KEY, "AttributesToGet": ["a"], "ProjectionExpression": "a"}),
        Request("Query", _TABLE | {"KeyConditions": {"pk": equal}, "KeyConditionExpression": "pk = :v"}),
        Request("Query", _TABLE | {"KeyConditions": {"a": equal}}),
        Request("Query", _TABLE | {"KeyConditions": {"pk": equal | {"ComparisonOperator": "NE"}}}),
        Request("Query", _TABLE | {"KeyConditions": {"pk": equal}, "QueryFilter": {"pk": equal}}),
        Request("Query", _TABLE),
        Request("Scan", _TABLE | {"ScanFilter": {"a": equal}, "FilterExpression": "a = :v"}),
        Request("Scan", _TABLE | {"ScanFilter": {"a": equal}, "ConditionalOperator": "OR"}),
    ]
    return requests


def _read_requests() -> list[Request]:
    query = _TABLE | {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "p"}}}
    on_index = {"IndexName": "global-keys"}
    by_index = (
        _TABLE | on_index | {"KeyConditionExpression": "g2 = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    )
    return [
        Request("Query", query | {"IndexName": "nowhere"}),
        Request("Query", query | {"Limit": 0}),
        Request("Query", query | {"Select": "SPECIFIC_ATTRIBUTES"}),
        Request("Query", query | {"Select": "EVERYTHING"}),
        Request("Query", query | {"Select": "COUNT", "ProjectionExpression": "a"}),
        Request("Query", query | {"Select": "ALL_PROJECTED_ATTRIBUTES"}),
        Request("Query", query | {"ExclusiveStartKey": {"pk": {"S": "p"}}}),
        Request("Query", query | {"ExclusiveStartKey": {"pk": {"S": "q"}, "sk": {"N": "1"}}}),
        Request("Query", query | {"ExclusiveStartKey": {"pk": {"N": "1"}, "sk": {"N": "1"}}}),
        Request("Query", query | {"FilterExpression": "pk = :v"}),
        Request("Query", by_index | {"ConsistentRead": True}),
        Request("Query", by_index | {"Select": "ALL_ATTRIBUTES"}),
        Request("Query", by_index | {"ProjectionExpression": "a"}),
        Request("Query", by_index | {"ExclusiveStartKey": _KEY}),
        Request("Query", query | on_index),
        Request("Scan", _TABLE | {"IndexName": "nowhere"}),
        Request("Scan", _TABLE | {"Limit": 0}),
        Request("Scan", _TABLE | {"Segment": 1}),
        Request("Scan", _TABLE | {"TotalSegments": 2}),
        Request("Scan", _TABLE | {"Segment": 5, "TotalSegments": 5}),
        Request("Scan", _TABLE | {"Segment": -1, "TotalSegments": 5}),
        Request("Scan", _TABLE | {"Select": "SPECIFIC_ATTRIBUTES"}),
        Request("Scan", _TABLE | on_index | {"ConsistentRead": True}),
        Request("Scan", _TABLE | {"ExclusiveStartKey": {"pk": {"S": "p"}}}),
    ]


def _batch_requests() -> list[Request]:
    put = {"PutRequest": {"Item": _KEY}}
    delete = {"DeleteRequest": {"Key": _KEY}}
    numbered = [{"pk": {"S": "p"}, "sk": {"N": str(number)}} for number in range(101)]
    requests = [
        Request("BatchGetItem", {"RequestItems": {}}),
        Request("BatchWriteItem", {"RequestItems": {}}),
        Request("BatchGetItem", {}),
        Request("BatchWriteItem", {}),
        _batch_get({"Keys": []}),
        _batch_get({"Keys": [_KEY, _KEY]}),
        _batch_get({"Keys": numbered}),
        _batch_get({"Keys": [_KEY], "AttributesToGet": ["a"], "ProjectionExpression": "a"}),
        Request("BatchWriteItem", {"RequestItems": {REFUSALS.name: []}}),
        _batch_write(put, delete),
        _batch_write(put, put),
        _batch_write({}),
        _batch_write(*({"DeleteRequest": {"Key": key}} for key in numbered[:26])),
        _batch_write({"PutRequest": {"Item": {"pk": {"S": "p"}}}}),
    ]
    requests += [_batch_get({"Keys": [key]}) for key in _BAD_KEYS]
    requests += [_batch_write({"DeleteRequest": {"Key": key}}) for key in _BAD_KEYS]
    return requests


def _transaction_requests() -> list[Request]:
    requests = [_transact(_action("Put", Item=_KEY | {"a": bad})) for bad in _BAD_VALUES]
    requests += [_transact(_action("Put", Item=key)) for key in _BAD_KEYS]
    for key in _BAD_KEYS:
        requests.append(_transact(_action("Delete", Key=key)))
        requests.append(_transact(_action("Update", Key=key, UpdateExpression="REMOVE a")))
        requests.append(_transact(_action("ConditionCheck", Key=key, ConditionExpression="attribute_not_exists(pk)")))
        requests.append(_transact_get(_action("Get", Key=key)))
    for text, names, operands in _BAD_CONDITIONS:
        condition = _with("ConditionExpression", text, names, operands)
        requests.append(_transact(_action("ConditionCheck", Key=_KEY, **condition)))
        requests.append(_transact(_action("Put", Item=_KEY, **condition)))
    for bad in _BAD_VALUES:
        condition = _with("ConditionExpression", "a = :v", {}, {":v": bad})
        requests.append(_transact(_action("Delete", Key=_KEY, **condition)))
    for update in _BAD_UPDATES:
        requests.append(_transact(_action("Update", Key=_KEY, **_with("UpdateExpression", *update))))
    for text, names in _BAD_PROJECTIONS:
        requests.append(_transact_get(_action("Get", Key=_KEY, **_with("ProjectionExpression", text, names, {}))))
    for index_key in ({"g1": {"N": "1"}}, {"l1": {"S": ""}}, {"g3": {"BOOL": True}}):
        requests.append(_transact(_action("Put", Item=_KEY | index_key)))
    return requests + _transactions_as_a_whole()


def _transactions_as_a_whole() -> list[Request]:
    """What is wrong between actions, and with what they come to."""
    never = {"pk": {"S": "never"}, "sk": {"N": "1"}}
    put, delete, get = _action("Put", Item=_KEY), _action("Delete", Key=_KEY), _action("Get", Key=_KEY)
    elsewhere = {"TableName": "nowhere"}
    absent = {"pk": {"S": "absent"}, "sk": {"N": "1"}}
    unmet = _action("ConditionCheck", Key=absent, ConditionExpression="attribute_exists(pk)")
    malformed_condition = _action("Delete", Key=_KEY, ConditionExpression="attribute_not_exists(")
    missing_table = {"Put": put["Put"] | elsewhere}
    updates = (
        _with("UpdateExpression", "SET a = nowhere", {}, {}),
        _with("UpdateExpression", "SET nowhere.b = :v", {}, {":v": {"S": "x"}}),
        _with("UpdateExpression", "SET a = sk + pk", {}, {}),
        _with("UpdateExpression", "SET g1 = :v", {}, {":v": {"N": "1"}}),
        _with("UpdateExpression", "SET g1 = :v", {}, {":v": {"S": ""}}),
        _with("UpdateExpression", "SET a = :v", {}, {":v": {"S": "x" * 409_600}}),
    )
    requests = [_transact(_action("Update", Key=never, **update), put) for update in updates]
    too_many = [_action("Delete", Key={"pk": {"S": "p"}, "sk": {"N": str(number)}}) for number in range(101)]
    return [
        *requests,
        _transact(),
        _transact_get(),
        _transact(*too_many),
        _transact_get(*({"Get": action["Delete"]} for action in too_many)),
        _transact({}),
        _transact_get({}),
        _transact(put | delete),
        _transact(put, delete),
        _transact(put, put),
        _transact_get(get, get),
        _transact(missing_table),
        _transact(missing_table, malformed_condition),
        _transact(missing_table, put, delete),
        _transact(put, delete, _action("Put", Item={"pk": {"N": "1"}, "sk": {"N": "1"}})),
        _transact_get({"Get": get["Get"] | elsewhere}),
        _transact(put, unmet, _action("Put", Item={"pk": {"N": "1"}, "sk": {"N": "1"}})),
        _transact({"ConditionCheck": _TABLE | {"Key": _KEY}}),
        _transact(_action("Put", Item=_KEY | {"a": {"S": "x" * 409_600}})),
        Request("TransactWriteItems", {}),
        Request("TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "x" * 37}),
        Request("TransactWriteItems", {"TransactItems": [put], "ReturnConsumedCapacity": "INVALID"}),
    ]


def _naming_requests() -> list[Request]:
    """Tables that do not exist, names no table can have, members outside their enumerations."""
    requests = []
    query = {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "p"}}}
    inputs: tuple[tuple[str, Body], ...] = (
        ("PutItem", {"Item": _KEY}),
        ("GetItem", {"Key": _KEY}),
        ("UpdateItem", {"Key": _KEY}),
        ("DeleteItem", {"Key": _KEY}),
        ("Query", query),
        ("Scan", {}),
    )
    for operation, members in inputs:
        requests.append(Request(operation, members | {"TableName": "nowhere"}))
        requests.append(Request(operation, members | {"TableName": "bad table!@#"}))
        requests.append(Request(operation, members))
        requests.append(Request(operation, members | _TABLE | {"ReturnConsumedCapacity": "INVALID"}))
    requests += [Request(operation, {"TableName": "nowhere"}) for operation in ("DescribeTable", "DeleteTable")]
    requests += [
        Request("PutItem", _TABLE | {"Item": _KEY, "ReturnValues": "ALL_NEW"}),
        Request("PutItem", _TABLE | {"Item": _KEY, "ReturnValues": "INVALID"}),
        Request("DeleteItem", _TABLE | {"Key": _KEY, "ReturnValues": "UPDATED_NEW"}),
        Request("PutItem", _TABLE),
        Request("GetItem", _TABLE),
        Request("UpdateItem", _TABLE),
        Request("ListTables", {"Limit": 0}),
        Request("ListTables", {"Limit": 101}),
        Request("UpdateTable", {"TableName": "nowhere", "BillingMode": "PAY_PER_REQUEST"}),
        Request("UpdateTable", _TABLE),
        Request("NoSuchOperation", {}),
        Request("PutItem", b"{"),
        Request("PutItem", b"[]"),
        Request("GetItem", b'{"TableName": 1, "Key": {}}'),
    ]
    return requests


def _table_requests() -> list[Request]:
    """CreateTable with one thing wrong."""
    string, number = ({"AttributeName": name, "AttributeType": kind} for name, kind in (("pk", "S"), ("sk", "N")))
    sound: Body = {
        "TableName": "diff-never",
        "KeySchema": key_schema("pk", "sk"),
        "AttributeDefinitions": [string, number],
        "BillingMode": "PAY_PER_REQUEST",
    }
    hash_only = {"KeySchema": key_schema("pk"), "AttributeDefinitions": [string]}
    index = {"IndexName": "by-sk", "KeySchema": key_schema("sk"), "Projection": {"ProjectionType": "ALL"}}
    local = {"IndexName": "local", "KeySchema": key_schema("pk", "sk"), "Projection": {"ProjectionType": "ALL"}}
    projections: tuple[Body, ...] = (
        {"ProjectionType": "INCLUDE"},
        {"ProjectionType": "ALL", "NonKeyAttributes": ["a"]},
        {"ProjectionType": "SOME"},
        {},
    )
    changes: list[Body] = [
        {"TableName": REFUSALS.name},
        {"TableName": "ab"},
        {"TableName": "bad!name"},
        {"KeySchema": []},
        {"KeySchema": key_schema("pk", "pk")},
        {"KeySchema": [*key_schema("pk", "sk"), {"AttributeName": "a", "KeyType": "RANGE"}]},
        {"KeySchema": list(reversed(key_schema("pk", "sk")))},
        {"KeySchema": [{"AttributeName": "pk", "KeyType": "INVALID"}]},
        {"KeySchema": key_schema("pk")},
        {"AttributeDefinitions": [string]},
        {"AttributeDefinitions": [string, {"AttributeName": "sk", "AttributeType": "INVALID"}]},
        {"ProvisionedThroughput": throughput(1, 1)},
        {"BillingMode": "PROVISIONED"},
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": throughput(0, 1)},
        {"BillingMode": "FREE"},
        {"GlobalSecondaryIndexes": []},
        {"LocalSecondaryIndexes": []},
        {"GlobalSecondaryIndexes": [index, index]},
        {"GlobalSecondaryIndexes": [index | {"ProvisionedThroughput": throughput(1, 1)}]},
        {"GlobalSecondaryIndexes": [index | {"KeySchema": key_schema("nowhere")}]},
        {"LocalSecondaryIndexes": [local], **hash_only},
        {"LocalSecondaryIndexes": [local | {"KeySchema": key_schema("sk", "pk")}]},
        {"LocalSecondaryIndexes": [local | {"KeySchema": key_schema("pk")}]},
        {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}},
        *({"GlobalSecondaryIndexes": [index | {"Projection": projection}]} for projection in projections),
        *({"LocalSecondaryIndexes": [local | {"Projection": projection}]} for projection in projections),
    ]
    requests = [Request("CreateTable", sound | change) for change in changes]
    return [*requests, Request("CreateTable", {name: sound[name] for name in sound if name != "TableName"})]


def _with(member: str, text: str, names: Body, operands: Body) -> Body:
    body: Body = {member: text}
    if names:
        body["ExpressionAttributeNames"] = names
    if operands:
        body["ExpressionAttributeValues"] = operands
    return body


def _conditional(text: str, names: Body, operands: Body) -> Body:
    return _TABLE | {"Key": _KEY} | _with("ConditionExpression", text, names, operands)


def _updating(text: str, names: Body, operands: Body) -> Body:
    return _TABLE | {"Key": _KEY} | _with("UpdateExpression", text, names, operands)


def _putting(conditional: Body) -> Body:
    return {("Item" if member == "Key" else member): value for member, value in conditional.items()}


def _batch_get(entry: Body) -> Request:
    return Request("BatchGetItem", {"RequestItems": {REFUSALS.name: entry}})


def _batch_write(*entries: Body) -> Request:
    return Request("BatchWriteItem", {"RequestItems": {REFUSALS.name: list(entries)}})


def _action(kind: str, **members: Any) -> Body:
    return {kind: _TABLE | members}


def _transact(*actions: Body) -> Request:
    return Request("TransactWriteItems", {"TransactItems": list(actions)})


def _transact_get(*actions: Body) -> Request:
    return Request("TransactGetItems", {"TransactItems": list(actions)})


def _statement_requests() -> Iterator[Request]:
    """Whatever these find, the second and the third insert what is there."""
    insert = {"Statement": f"INSERT INTO \"{REFUSALS.name}\" VALUE {{'pk': 'inserted', 'sk': 1}}"}
    yield Request("ExecuteStatement", insert)
    yield Request("ExecuteStatement", insert)
    yield Request("ExecuteTransaction", {"TransactStatements": [insert]})


def _setting_requests() -> Iterator[Request]:
    """What is so already, and what is not there."""
    off, on = {"StreamEnabled": False}, {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    for specification in (off, on, on, off):
        yield Request("UpdateTable", {"TableName": REFUSALS.name, "StreamSpecification": specification})
    yield Request("UpdateTable", {"TableName": "diff-b", "ProvisionedThroughput": throughput(5, 7)})
    yield Request("DescribeTimeToLive", {"TableName": "not-there"})
    never = {"Enabled": False, "AttributeName": "expires"}
    yield Request("UpdateTimeToLive", {"TableName": REFUSALS.name, "TimeToLiveSpecification": never})
    yield Request("UpdateTimeToLive", {"TableName": "not-there", "TimeToLiveSpecification": never})


REQUESTS = tuple(
    chain(
        _item_requests(),
        _expression_requests(),
        _legacy_requests(),
        _read_requests(),
        _batch_requests(),
        _transaction_requests(),
        _statement_requests(),
        _setting_requests(),
        _naming_requests(),
        _table_requests(),
    )
)
"""Every malformed request there is; the comparison sends each once, and the stream repeats some between good ones."""


def draw(random: Random) -> Request:
    return random.choice(REQUESTS)
