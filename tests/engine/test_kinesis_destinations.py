"""Kinesis streaming destinations: states, shapes and errors (FACTS 5.16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.engine.clock import Clock
from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.tables import table

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/changes"
OTHER = "arn:aws:kinesis:us-east-1:000000000000:stream/others"
NOT_VALID = "Table is not in a valid state to enable Kinesis Streaming Destination: "
NOT_AT_REST = (
    f"{NOT_VALID}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
)
NOT_ACTIVE = f"{NOT_VALID}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."


def request(arn: str = STREAM, **members: Any) -> dict[str, Any]:
    return {"TableName": "table", "StreamArn": arn, **members}


def enable(engine: Calls, arn: str = STREAM, **members: Any) -> dict[str, Any]:
    return engine.call("EnableKinesisStreamingDestination", **request(arn, **members))


def destinations(engine: Calls) -> list[dict[str, str]]:
    found: list[dict[str, str]] = engine.call("DescribeKinesisStreamingDestination", TableName="table")[
        "KinesisDataStreamDestinations"
    ]
    return found


@pytest.fixture
def slow() -> Iterator[Calls]:
    """An engine in which a change takes ten seconds, with a table."""
    engine = open_engine(None, clock=lambda: 1_790_000_000.0, transient_seconds=10)
    calls = Calls(engine)
    calls.create(table())
    passed(calls)
    yield calls
    engine.close()


def passed(engine: Calls) -> None:
    clock = engine.engine.clock
    assert isinstance(clock, Clock)
    clock.advance(11)


def test_a_new_table_has_no_destination(engine: Calls) -> None:
    engine.create(table())
    answer = engine.call("DescribeKinesisStreamingDestination", TableName="table")
    assert answer == {"TableName": "table", "KinesisDataStreamDestinations": []}


def test_enabling_is_answered_as_under_way_and_then_active(engine: Calls) -> None:
    engine.create(table())
    assert enable(engine) == request(DestinationStatus="ENABLING", EnableKinesisStreamingConfiguration={})
    assert destinations(engine) == [{"StreamArn": STREAM, "DestinationStatus": "ACTIVE"}]
    assert "StreamSpecification" not in engine.call("DescribeTable", TableName="table")["Table"]


def test_a_destination_tells_the_precision_it_was_given(engine: Calls) -> None:
    engine.create(table())
    precision = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    answer = enable(engine, EnableKinesisStreamingConfiguration=precision)
    assert answer["EnableKinesisStreamingConfiguration"] == precision
    assert destinations(engine) == [{"StreamArn": STREAM, "DestinationStatus": "ACTIVE", **precision}]


@pytest.mark.parametrize("arn", [STREAM, OTHER])
def test_a_table_has_one_destination_at_a_time(engine: Calls, arn: str) -> None:
    engine.create(table())
    enable(engine)
    assert engine.invalid("EnableKinesisStreamingDestination", **request(arn)) == NOT_AT_REST


@pytest.mark.parametrize(
    ("arn", "description"),
    [
        (
            "arn:aws:dynamodb:us-east-1:000000000000:table/table",
            "User does not have a permission to use kinesis stream",
        ),
        (
            STREAM.replace("us-east-1", "eu-west-1"),
            "The kinesis Arn used to enable kinesis replication belongs to a stream which is not in the current region",
        ),
    ],
)
def test_an_arn_that_is_no_stream_of_the_region_fails_afterwards(engine: Calls, arn: str, description: str) -> None:
    engine.create(table())
    assert enable(engine, arn)["DestinationStatus"] == "ENABLING"
    failed = {
        "StreamArn": arn,
        "DestinationStatus": "ENABLE_FAILED",
        "DestinationStatusDescription": description,
    }
    assert destinations(engine) == [failed]
    enable(engine)
    assert [each["StreamArn"] for each in destinations(engine)] == [STREAM, arn]


def test_a_disabled_destination_stays_listed_and_can_be_enabled_again(engine: Calls) -> None:
    engine.create(table())
    enable(engine)
    answer = engine.call("DisableKinesisStreamingDestination", **request())
    assert answer == request(DestinationStatus="DISABLING", EnableKinesisStreamingConfiguration={})
    assert destinations(engine) == [{"StreamArn": STREAM, "DestinationStatus": "DISABLED"}]
    assert engine.invalid("DisableKinesisStreamingDestination", **request()) == NOT_ACTIVE
    enable(engine)
    assert destinations(engine) == [{"StreamArn": STREAM, "DestinationStatus": "ACTIVE"}]


def test_only_what_is_active_can_be_disabled(slow: Calls) -> None:
    assert slow.invalid("DisableKinesisStreamingDestination", **request(OTHER)) == NOT_ACTIVE
    enable(slow)
    assert destinations(slow)[0]["DestinationStatus"] == "ENABLING"
    assert slow.invalid("DisableKinesisStreamingDestination", **request()) == NOT_ACTIVE
    passed(slow)
    slow.call("DisableKinesisStreamingDestination", **request())
    again = slow.call("DisableKinesisStreamingDestination", **request())
    assert again["DestinationStatus"] == destinations(slow)[0]["DestinationStatus"] == "DISABLING"


def test_disabling_takes_no_configuration(engine: Calls) -> None:
    engine.create(table())
    enable(engine)
    configuration = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    message = engine.invalid(
        "DisableKinesisStreamingDestination", **request(EnableKinesisStreamingConfiguration=configuration)
    )
    assert message == "Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters"


def test_an_update_shows_the_new_precision_at_once(slow: Calls) -> None:
    enable(slow)
    precision = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    update = request(UpdateKinesisStreamingConfiguration=precision)
    refused = slow.invalid("UpdateKinesisStreamingDestination", **update)
    assert refused == (
        f"{NOT_VALID}Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
        f"TableName: table, kdsArn: {STREAM}"
    )
    passed(slow)
    answer = slow.call("UpdateKinesisStreamingDestination", **update)
    assert answer == request(DestinationStatus="UPDATING", UpdateKinesisStreamingConfiguration=precision)
    assert destinations(slow) == [{"StreamArn": STREAM, "DestinationStatus": "UPDATING", **precision}]
    passed(slow)
    assert destinations(slow)[0]["DestinationStatus"] == "ACTIVE"


@pytest.mark.parametrize(("before", "asked"), [(None, "MILLISECOND"), ("MICROSECOND", "MICROSECOND")])
def test_an_update_has_to_change_the_precision(engine: Calls, before: str | None, asked: str) -> None:
    engine.create(table())
    configuration = {} if before is None else {"ApproximateCreationDateTimePrecision": before}
    enable(engine, EnableKinesisStreamingConfiguration=configuration)
    update = request(UpdateKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": asked})
    table_id = engine.call("DescribeTable", TableName="table")["Table"]["TableId"]
    assert engine.invalid("UpdateKinesisStreamingDestination", **update) == (
        f"Invalid Request: Precision is already set to the desired value of {asked} "
        f"for tableId: {table_id}, kdsArn: {STREAM}"
    )


@pytest.mark.parametrize("members", [{}, {"UpdateKinesisStreamingConfiguration": {}}])
def test_an_update_has_to_say_what(engine: Calls, members: dict[str, Any]) -> None:
    engine.create(table())
    enable(engine)
    assert engine.invalid("UpdateKinesisStreamingDestination", **request(**members)) == (
        "Streaming destination cannot be updated with given parameters: "
        "UpdateKinesisStreamingConfiguration cannot be null or contain only null values"
    )


def test_what_was_never_enabled_cannot_be_updated(engine: Calls) -> None:
    engine.create(table())
    update = request(UpdateKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"})
    assert engine.invalid("UpdateKinesisStreamingDestination", **update) == (
        f"{NOT_VALID}No streaming destination with streamArn: {STREAM} found for table with tableName: table"
    )


def test_a_table_that_is_not_there_is_not_found(engine: Calls) -> None:
    for operation in ("EnableKinesisStreamingDestination", "DisableKinesisStreamingDestination"):
        assert engine.refusal(operation, **request()).code == "ResourceNotFoundException"
    refused = engine.refusal("DescribeKinesisStreamingDestination", TableName="table")
    assert refused.message == "Requested resource not found: Table: table not found"


def test_a_table_being_deleted_shows_its_destination_and_takes_no_other(slow: Calls) -> None:
    enable(slow)
    passed(slow)
    slow.call("DeleteTable", TableName="table")
    assert destinations(slow) == [{"StreamArn": STREAM, "DestinationStatus": "ACTIVE"}]
    assert slow.invalid("EnableKinesisStreamingDestination", **request(OTHER)) == NOT_AT_REST
