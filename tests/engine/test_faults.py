"""Faults on demand: which requests they befall, that they repeat, and what the engine makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.engine.fault_rules import ERRORS, fault_rules
from ddbengine.engine.faults import Faults, Strike, tables_of
from tests.engine.calls import Calls, Refusal
from tests.tables import table

PUT = {"TableName": "table", "Item": {"pk": {"S": "a"}}}
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table"


def faults(*rules: dict[str, Any], seed: int = 0) -> Faults:
    return Faults(fault_rules({"seed": seed, "rules": list(rules)}))


def struck(at: Faults, requests: int, operation: str = "PutItem") -> list[int]:
    """Which of so many requests something befell, counted from 1."""
    return [number for number in range(1, requests + 1) if at.strike(operation, PUT) is not None]


# --- which requests ---------------------------------------------------------------------------------------------------


def test_a_rule_without_conditions_strikes_always() -> None:
    assert struck(faults({"drop": "before"}), 3) == [1, 2, 3]


def test_every_so_many_th_request_is_struck() -> None:
    assert struck(faults({"drop": "before", "every": 3}), 10) == [3, 6, 9]


def test_only_the_first_requests_are_struck() -> None:
    assert struck(faults({"drop": "before", "first": 2}), 5) == [1, 2]


def test_conditions_hold_together() -> None:
    assert struck(faults({"drop": "before", "first": 5, "every": 2}), 10) == [2, 4]


def test_requests_that_do_not_match_are_not_counted() -> None:
    at = faults({"drop": "before", "operation": "PutItem", "table": "table", "every": 2})
    assert at.strike("GetItem", PUT) is None
    assert at.strike("PutItem", {"TableName": "other"}) is None
    assert struck(at, 4) == [2, 4]


@pytest.mark.parametrize("name", ["table", ARN, f"{ARN}/index/by-colour"])
def test_a_table_is_meant_by_its_name_and_by_its_arn(name: str) -> None:
    at = faults({"drop": "before", "table": "table"})
    assert at.strike("GetItem", {"TableName": name}) == Strike(drop="before")
    assert at.strike("GetItem", {"TableName": "table2"}) is None


def test_tables_are_found_wherever_a_request_names_them() -> None:
    assert tables_of({"RequestItems": {"a": [], ARN: []}}) == {"a", "table"}
    actions = [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": ARN}}, {"Get": {}}]
    assert tables_of({"TransactItems": actions}) == {"a", "table"}
    select, update = 'SELECT * FROM "a"."by-colour"', 'UPDATE "b" SET x = 1 WHERE pk = ?'
    assert tables_of({"Statement": select}) == {"a"}
    assert tables_of({"Statements": [{"Statement": select}, {"Statement": update}]}) == {"a", "b"}
    exists = "EXISTS(SELECT * FROM c WHERE pk = ?)"
    assert tables_of({"TransactStatements": [{"Statement": exists}, {"Statement": update}]}) == {"b", "c"}
    assert tables_of({"Statement": "SELECT FROM WHERE"}) == set()
    assert tables_of({}) == set()


def test_a_request_that_names_no_table_matches_rules_without_one_only() -> None:
    assert faults({"drop": "before"}).strike("ListTables", {}) is not None
    assert faults({"drop": "before", "table": "table"}).strike("ListTables", {}) is None


def test_chance_strikes_about_as_often_as_asked() -> None:
    assert 230 < len(struck(faults({"drop": "before", "probability": 0.25}), 1_000)) < 270


def test_the_same_seed_strikes_the_same_requests_and_another_others() -> None:
    one, two, other = (struck(faults({"drop": "before", "probability": 0.5}, seed=seed), 200) for seed in (1, 1, 2))
    assert one == two != other


def test_rules_do_not_disturb_each_others_chance() -> None:
    rule = {"drop": "before", "probability": 0.5}
    alone = struck(faults(rule), 200)
    beside = faults(rule, {"latency": [0, 1], "probability": 0.5})
    assert [n for n in range(1, 201) if (strike := beside.strike("PutItem", PUT)) and strike.drop] == alone


# --- what befalls them ------------------------------------------------------------------------------------------------


def test_latencies_add_up_and_the_first_decisive_rule_decides() -> None:
    at = faults({"latency": 1}, {"drop": "after"}, {"error": ERRORS[0], "latency": 2})
    assert at.strike("PutItem", PUT) == Strike(latency=3.0, drop="after")


def test_latency_lies_between_its_bounds_and_repeats() -> None:
    first, again = (
        [strike.latency for _ in range(50) if (strike := at.strike("PutItem", PUT))]
        for at in (faults({"latency": [0.1, 0.2]}), faults({"latency": [0.1, 0.2]}))
    )
    assert first == again
    assert len(set(first)) > 1
    assert all(0.1 <= seconds <= 0.2 for seconds in first)


# --- what the engine makes of them ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "wire_type", "words"),
    [
        (
            "ProvisionedThroughputExceededException",
            400,
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
        (
            "ThrottlingException",
            400,
            "com.amazon.coral.availability#ThrottlingException",
            "Throughput exceeds the current capacity of your table or index.",
        ),
        (
            "RequestLimitExceeded",
            400,
            "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded",
            "Throughput exceeds the current throughput limit for your account.",
        ),
        (
            "TransactionConflictException",
            400,
            "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            "Transaction is ongoing for the item",
        ),
        ("InternalServerError", 500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "internal error"),
        ("ExpiredIteratorException", 400, "com.amazonaws.dynamodb.v20120810#ExpiredIteratorException", "maximum age"),
        ("TrimmedDataAccessException", 400, "com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException", "trimmed"),
        ("LimitExceededException", 400, "com.amazonaws.dynamodb.v20120810#LimitExceededException", "Too many"),
    ],
)
def test_an_error_is_raised_in_place_of_the_write(
    engine: Calls, error: str, status: int, wire_type: str, words: str
) -> None:
    engine.create(table())
    engine.engine.faults = faults({"error": error, "operation": "PutItem"})
    raised = engine.error("PutItem", **PUT)
    assert raised is not None
    assert (raised.status, raised.wire_type) == (status, wire_type)
    assert words in str(raised.message)
    assert engine.get("table", pk={"S": "a"}) is None


def test_a_message_may_be_the_tests_own(engine: Calls) -> None:
    engine.engine.faults = faults({"error": "ThrottlingException", "message": "slow down"})
    assert engine.refusal("ListTables") == Refusal("ThrottlingException", "slow down")


def test_a_bad_request_is_told_what_is_wrong_with_it_all_the_same(engine: Calls) -> None:
    engine.engine.faults = faults({"error": "InternalServerError"})
    request = {**PUT, "ReturnValues": "ALL_NEW"}
    assert engine.refusal("PutItem", **request).code == "ValidationException"


def test_a_retry_gets_through(engine: Calls) -> None:
    engine.create(table())
    engine.engine.faults = faults({"error": "ThrottlingException", "first": 2})
    codes = [error and error.code for error in (engine.error("PutItem", **PUT) for _ in range(3))]
    assert codes == ["ThrottlingException", "ThrottlingException", None]


def test_faults_can_be_taken_away(engine: Calls) -> None:
    engine.engine.faults = faults({"error": "ThrottlingException"})
    assert engine.refusal("ListTables").code == "ThrottlingException"
    engine.engine.faults = None
    assert engine.call("ListTables") == {"TableNames": []}


def test_a_conflict_cancels_a_transaction(engine: Calls) -> None:
    engine.create(table())
    engine.engine.faults = faults({"error": "TransactionConflictException"})
    actions = [{"Put": {**PUT, "Item": {"pk": {"S": key}}}} for key in ("a", "b")]
    assert engine.refusal("TransactWriteItems", TransactItems=actions) == Refusal(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict, None]",
        {
            "CancellationReasons": [
                {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
                {"Code": "None"},
            ]
        },
    )
    engine.engine.faults = None
    assert engine.items("Scan", TableName="table") == []


def test_a_conflict_cancels_a_transaction_of_statements(engine: Calls) -> None:
    engine.create(table())
    engine.engine.faults = faults({"error": "TransactionConflictException", "table": "table"})
    statements = [{"Statement": f"INSERT INTO \"table\" VALUE {{'pk': '{key}'}}"} for key in "ab"]
    refusal = engine.refusal("ExecuteTransaction", TransactStatements=statements)
    assert refusal.code == "TransactionCanceledException"
    assert [reason["Code"] for reason in refusal.members["CancellationReasons"]] == ["TransactionConflict", "None"]


# --- parts of batches -------------------------------------------------------------------------------------------------


def put_requests(*keys: str) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": {"pk": {"S": key}}}} for key in keys]


def test_the_last_part_of_a_batch_of_writes_is_left(engine: Calls) -> None:
    engine.create(table())
    engine.engine.faults = faults({"unprocessed": 0.5})
    answer = engine.call("BatchWriteItem", RequestItems={"table": put_requests("a", "b", "c", "d", "e")})
    assert answer == {"UnprocessedItems": {"table": put_requests("d", "e")}}
    assert sorted(item["pk"]["S"] for item in engine.items("Scan", TableName="table")) == ["a", "b", "c"]


def test_a_batch_over_several_tables_is_divided_as_a_whole(engine: Calls) -> None:
    for name in ("one", "two"):
        engine.create(table(name))
    engine.engine.faults = faults({"unprocessed": 0.25})
    batch = {"one": put_requests("a", "b"), "two": put_requests("c", "d")}
    answer = engine.call("BatchWriteItem", RequestItems=batch)
    assert answer == {"UnprocessedItems": {"two": put_requests("d")}}
    engine.engine.faults = faults({"unprocessed": 0.75})
    answer = engine.call("BatchWriteItem", RequestItems=batch)
    assert answer == {"UnprocessedItems": {"one": put_requests("b"), "two": put_requests("c", "d")}}


def test_repeating_what_was_left_comes_to_an_end(engine: Calls) -> None:
    engine.create(table())
    engine.engine.faults = faults({"unprocessed": 0.5})
    left = {"table": put_requests(*map(str, range(25)))}
    calls = 0
    while left:
        left = engine.call("BatchWriteItem", RequestItems=left)["UnprocessedItems"]
        calls += 1
    assert calls == 5
    assert len(engine.items("Scan", TableName="table")) == 25


def test_a_batch_of_which_nothing_can_be_done_is_throttled(engine: Calls) -> None:
    engine.create(table())
    engine.engine.faults = faults({"unprocessed": 1})
    for operation, asked in (("BatchWriteItem", put_requests("a")), ("BatchGetItem", {"Keys": [{"pk": {"S": "a"}}]})):
        refusal = engine.refusal(operation, RequestItems={"table": asked})
        assert refusal.code == "ProvisionedThroughputExceededException"


def test_keys_left_unread_are_returned_with_how_to_read_them(engine: Calls) -> None:
    engine.create(table())
    keys = [{"pk": {"S": key}} for key in "abcd"]
    engine.put("table", *keys)
    engine.engine.faults = faults({"unprocessed": 0.5})
    asked = {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "pk"}
    answer = engine.call("BatchGetItem", RequestItems={"table": asked}, ReturnConsumedCapacity="TOTAL")
    assert answer == {
        "Responses": {"table": keys[:2]},
        "UnprocessedKeys": {"table": {**asked, "Keys": keys[2:]}},
        "ConsumedCapacity": [{"TableName": "table", "CapacityUnits": 2.0}],
    }


def test_keys_left_for_want_of_room_come_before_those_left_by_a_fault(engine: Calls) -> None:
    engine.create(table())
    filler = {"S": "x" * 380_000}
    keys = [{"pk": {"S": str(number)}} for number in range(60)]
    engine.put("table", *({**key, "filler": filler} for key in keys))
    engine.engine.faults = faults({"unprocessed": 0.1})
    answer = engine.call("BatchGetItem", RequestItems={"table": {"Keys": keys}})
    read = len(answer["Responses"]["table"])
    assert read < 54
    assert answer["UnprocessedKeys"] == {"table": {"Keys": keys[read:]}}


def test_the_whole_batch_is_checked_though_a_part_is_left(engine: Calls) -> None:
    engine.create(table())
    engine.engine.faults = faults({"unprocessed": 0.5})
    bad = [*put_requests("a", "b"), {"PutRequest": {"Item": {"pk": {"N": "x"}}}}]
    assert engine.refusal("BatchWriteItem", RequestItems={"table": bad}).code == "ValidationException"
