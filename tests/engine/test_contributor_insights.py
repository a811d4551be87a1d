"""Update-, Describe- and ListContributorInsights: states, shapes and errors (FACTS 5.16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.engine.clock import Clock
from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.tables import global_index, local_index, table

MODE = "ACCESSED_AND_THROTTLED_KEYS"


def update(engine: Calls, action: str, name: str = "table", **members: str) -> dict[str, Any]:
    return engine.call("UpdateContributorInsights", TableName=name, ContributorInsightsAction=action, **members)


def described(engine: Calls, name: str = "table", **members: str) -> dict[str, Any]:
    return engine.call("DescribeContributorInsights", TableName=name, **members)


def listed(engine: Calls, **members: Any) -> list[dict[str, Any]]:
    summaries: list[dict[str, Any]] = engine.call("ListContributorInsights", **members)["ContributorInsightsSummaries"]
    return summaries


@pytest.fixture
def slow() -> Iterator[Calls]:
    """An engine in which a change takes ten seconds."""
    engine = open_engine(None, clock=lambda: 1_790_000_000.0, transient_seconds=10)
    yield Calls(engine)
    engine.close()


def test_a_table_that_was_never_asked_is_disabled_and_not_listed(engine: Calls) -> None:
    engine.create(table())
    assert described(engine) == {"TableName": "table", "ContributorInsightsStatus": "DISABLED"}
    assert update(engine, "DISABLE") == {"TableName": "table", "ContributorInsightsStatus": "DISABLED"}
    assert listed(engine) == listed(engine, TableName="table") == []


def test_enabling_is_answered_as_under_way_and_lists_the_table(engine: Calls) -> None:
    engine.create(table(sort="S"))
    enabling = {"TableName": "table", "ContributorInsightsStatus": "ENABLING", "ContributorInsightsMode": MODE}
    assert update(engine, "ENABLE") == enabling
    enabled = {**enabling, "ContributorInsightsStatus": "ENABLED"}
    assert listed(engine) == listed(engine, TableName="table") == [enabled]
    description = described(engine)
    rules = description.pop("ContributorInsightsRuleList")
    assert [rule.rpartition("-")[0].removeprefix("DynamoDBContributorInsights-") for rule in rules] == [
        "PKC-table",
        "SKC-table",
        "PKT-table",
        "SKT-table",
    ]
    assert description.pop("LastUpdateDateTime") > 0
    assert description == enabled


def test_enabling_what_is_enabled_changes_nothing(engine: Calls) -> None:
    engine.create(table())
    update(engine, "ENABLE")
    before = described(engine)
    assert update(engine, "ENABLE")["ContributorInsightsStatus"] == "ENABLED"
    assert described(engine) == before


def test_throttled_keys_alone_have_two_rules_fewer_of_the_same_time(engine: Calls) -> None:
    engine.create(table())
    update(engine, "ENABLE")
    _, throttled = described(engine)["ContributorInsightsRuleList"]
    narrowed = update(engine, "ENABLE", ContributorInsightsMode="THROTTLED_KEYS")
    assert narrowed["ContributorInsightsStatus"] == "ENABLING"
    assert described(engine)["ContributorInsightsRuleList"] == [throttled]


def test_a_disabled_table_is_no_longer_listed_and_still_tells_its_mode_and_when(engine: Calls) -> None:
    engine.create(table())
    update(engine, "ENABLE")
    assert update(engine, "DISABLE")["ContributorInsightsStatus"] == "DISABLING"
    assert listed(engine) == []
    assert described(engine).keys() == {
        "TableName",
        "ContributorInsightsStatus",
        "ContributorInsightsMode",
        "LastUpdateDateTime",
    }


def test_a_change_is_shown_as_under_way_while_it_takes(slow: Calls) -> None:
    clock = slow.engine.clock
    assert isinstance(clock, Clock)
    slow.create(table())
    clock.advance(11)
    update(slow, "ENABLE")
    assert described(slow)["ContributorInsightsStatus"] == "ENABLING"
    clock.advance(11)
    assert described(slow)["ContributorInsightsStatus"] == "ENABLED"
    update(slow, "DISABLE")
    assert listed(slow)[0]["ContributorInsightsStatus"] == "DISABLING"
    slow.call("DeleteTable", TableName="table")
    assert described(slow)["ContributorInsightsStatus"] == "DISABLING"


def test_a_table_being_created_is_not_there_yet(slow: Calls) -> None:
    slow.create(table())
    assert slow.refusal("DescribeContributorInsights", TableName="table").code == "ResourceNotFoundException"


def test_a_global_index_has_a_setting_of_its_own_and_pages_come_table_first(engine: Calls) -> None:
    engine.create(table(global_=[global_index("byName", "name")]))
    for index in ({}, {"IndexName": "byName"}):
        update(engine, "ENABLE", **index)
    first = engine.call("ListContributorInsights", TableName="table", MaxResults=1)
    assert first["ContributorInsightsSummaries"][0].keys().isdisjoint({"IndexName"})
    second = engine.call("ListContributorInsights", TableName="table", MaxResults=1, NextToken=first["NextToken"])
    assert second.keys() == {"ContributorInsightsSummaries"}
    assert second["ContributorInsightsSummaries"][0]["IndexName"] == "byName"


@pytest.mark.parametrize("token", ["x", "", "-1", "\u0661", "7" * 5000])
def test_a_token_that_no_answer_had_is_invalid(engine: Calls, token: str) -> None:
    assert engine.invalid("ListContributorInsights", NextToken=token) == "Invalid NextToken"


def test_an_index_made_anew_under_an_old_name_starts_disabled(engine: Calls) -> None:
    index = global_index("byName", "name")
    create = {member: value for member, value in index.items() if member != "types"}
    engine.create(table(global_=[index]))
    update(engine, "ENABLE", IndexName="byName")
    engine.call("UpdateTable", TableName="table", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byName"}}])
    definitions = [{"AttributeName": "name", "AttributeType": "S"}]
    updates = [{"Create": create}]
    engine.call("UpdateTable", TableName="table", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=updates)
    assert described(engine, IndexName="byName")["ContributorInsightsStatus"] == "DISABLED"


@pytest.mark.parametrize("index", ["local", "none"])
def test_other_indexes_are_not_found(engine: Calls, index: str) -> None:
    engine.create(table(sort="S", local=[local_index("local", "score:N")]))
    refused = engine.refusal(
        "UpdateContributorInsights", TableName="table", IndexName=index, ContributorInsightsAction="ENABLE"
    )
    assert (refused.code, refused.message) == (
        "ResourceNotFoundException",
        f"Requested resource not found: Index: {index} not found for table: table",
    )


@pytest.mark.parametrize(
    "operation", ["UpdateContributorInsights", "DescribeContributorInsights", "ListContributorInsights"]
)
def test_a_table_that_is_not_there_is_not_found(engine: Calls, operation: str) -> None:
    action = {"ContributorInsightsAction": "ENABLE"} if operation.startswith("Update") else {}
    refused = engine.refusal(operation, TableName="none", **action)
    assert (refused.code, refused.message) == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: none not found",
    )
