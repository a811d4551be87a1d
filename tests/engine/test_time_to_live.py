"""UpdateTimeToLive and DescribeTimeToLive: what they accept, refuse and show (FACTS 5.11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls, Refusal
from tests.tables import table


def switch(engine: Calls, enabled: bool, attribute: str = "ttl", name: str = "table") -> dict[str, Any]:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    return engine.call("UpdateTimeToLive", TableName=name, TimeToLiveSpecification=specification)


def refused(engine: Calls, enabled: bool, attribute: str = "ttl", name: str = "table") -> Refusal:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    return engine.refusal("UpdateTimeToLive", TableName=name, TimeToLiveSpecification=specification)


def described(engine: Calls, name: str = "table") -> dict[str, Any]:
    description: dict[str, Any] = engine.call("DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
    return description


def test_time_to_live_of_a_new_table_is_disabled(engine: Calls) -> None:
    engine.create(table())
    assert described(engine) == {"TimeToLiveStatus": "DISABLED"}


def test_an_update_answers_with_its_specification(engine: Calls) -> None:
    engine.create(table())
    for enabled in (True, False):
        assert switch(engine, enabled) == {"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": "ttl"}}


def test_an_empty_table_has_it_enabled_at_once(engine: Calls) -> None:
    engine.create(table())
    switch(engine, True)
    assert described(engine) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_a_table_with_few_items_has_it_enabled_at_once(engine: Calls) -> None:
    engine.create(table())
    engine.put("table", {"pk": {"S": "a"}, "ttl": {"N": "9999999999"}})
    switch(engine, True)
    assert described(engine) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_a_disabled_table_does_not_tell_the_attribute_it_had(engine: Calls) -> None:
    engine.create(table())
    switch(engine, True)
    switch(engine, False)
    assert described(engine) == {"TimeToLiveStatus": "DISABLED"}


def test_enabling_what_is_enabled_is_refused(engine: Calls) -> None:
    engine.create(table())
    switch(engine, True)
    assert refused(engine, True) == Refusal("ValidationException", "TimeToLive is already enabled")


def test_disabling_what_is_disabled_is_refused(engine: Calls) -> None:
    engine.create(table())
    assert refused(engine, False) == Refusal("ValidationException", "TimeToLive is already disabled")


@pytest.mark.parametrize("enabled", [True, False])
def test_another_attribute_than_the_active_one_is_refused(engine: Calls, enabled: bool) -> None:
    engine.create(table())
    switch(engine, True, "first")
    assert refused(engine, enabled, "second") == Refusal(
        "ValidationException",
        "TimeToLive is active on a different AttributeName: current AttributeName is first",
    )


def test_the_attribute_can_be_changed_by_way_of_disabling(engine: Calls) -> None:
    engine.create(table())
    switch(engine, True, "first")
    switch(engine, False, "first")
    switch(engine, True, "second")
    assert described(engine)["AttributeName"] == "second"


def test_a_key_attribute_may_be_the_one(engine: Calls) -> None:
    engine.create(table(partition="N"))
    switch(engine, True, "pk")
    assert described(engine) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "pk"}


@pytest.mark.parametrize("attribute", ["", "a" * 256])
def test_the_length_of_the_attribute_name_is_bounded(engine: Calls, attribute: str) -> None:
    engine.create(table())
    refusal = refused(engine, True, attribute)
    assert refusal.code == "ValidationException"
    assert "at 'timeToLiveSpecification.attributeName' failed to satisfy constraint" in str(refusal.message)


@pytest.mark.parametrize("missing", ["Enabled", "AttributeName"])
def test_both_members_are_required_also_for_disabling(engine: Calls, missing: str) -> None:
    engine.create(table())
    specification = {"Enabled": False, "AttributeName": "ttl"}
    del specification[missing]
    message = engine.invalid("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=specification)
    member = missing[0].lower() + missing[1:]
    assert f"Value null at 'timeToLiveSpecification.{member}' failed to satisfy constraint" in str(message)


def test_a_missing_table_is_named(engine: Calls) -> None:
    expected = Refusal("ResourceNotFoundException", "Requested resource not found: Table: nope not found")
    assert refused(engine, True, name="nope") == expected
    assert engine.refusal("DescribeTimeToLive", TableName="nope") == expected


def test_an_arn_may_stand_for_the_name(engine: Calls) -> None:
    engine.create(table())
    arn = engine.call("DescribeTable", TableName="table")["Table"]["TableArn"]
    switch(engine, True, name=arn)
    assert described(engine, arn) == described(engine) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_an_update_of_the_table_leaves_it_on(engine: Calls) -> None:
    engine.create(table())
    switch(engine, True)
    engine.call("UpdateTable", TableName="table", DeletionProtectionEnabled=True)
    assert described(engine)["TimeToLiveStatus"] == "ENABLED"


def test_a_table_of_the_same_name_starts_without_it(engine: Calls) -> None:
    engine.create(table())
    switch(engine, True)
    engine.call("DeleteTable", TableName="table")
    engine.create(table())
    assert described(engine) == {"TimeToLiveStatus": "DISABLED"}


def test_the_description_of_the_table_does_not_show_it(engine: Calls) -> None:
    engine.create(table())
    before = engine.call("DescribeTable", TableName="table")
    switch(engine, True)
    assert engine.call("DescribeTable", TableName="table") == before


@pytest.fixture
def slow() -> Iterator[tuple[Calls, list[float]]]:
    """An engine that shows transient statuses for ten seconds of a clock that the test turns."""
    now = [1_790_000_000.0]
    engine = open_engine(None, transient_seconds=10, clock=lambda: now[0])
    yield Calls(engine), now
    engine.close()


def test_a_table_that_is_being_created_has_none_yet(slow: tuple[Calls, list[float]]) -> None:
    engine, now = slow
    engine.create(table())
    assert refused(engine, True) == Refusal(
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table table is being created",
    )
    assert engine.refusal("DescribeTimeToLive", TableName="table") == Refusal(
        "ValidationException",
        "Cannot describe time to live while table is in CREATING state: Current table state is CREATING",
    )
    now[0] += 11
    switch(engine, True)
    assert described(engine)["TimeToLiveStatus"] == "ENABLED"


def test_a_table_that_is_being_deleted_has_none_anymore(slow: tuple[Calls, list[float]]) -> None:
    engine, now = slow
    engine.create(table())
    now[0] += 11
    engine.call("DeleteTable", TableName="table")
    assert refused(engine, True).code == "ResourceInUseException"
    assert "in DELETING state" in str(engine.invalid("DescribeTimeToLive", TableName="table"))
