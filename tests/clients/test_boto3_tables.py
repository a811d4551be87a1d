"""boto3 makes, describes, lists, changes, tags and deletes tables; its waiters and paginators end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import NewTable, definition, index

pytestmark = pytest.mark.clients


def test_a_table_is_created_waited_for_described_and_deleted(client: Any) -> None:
    created = client.create_table(**definition("life-of-a-table", "N"))["TableDescription"]
    assert created["TableStatus"] == "CREATING"
    assert created["TableArn"].startswith("arn:aws:dynamodb:us-east-1:")

    client.get_waiter("table_exists").wait(TableName="life-of-a-table", WaiterConfig={"Delay": 1})
    described = client.describe_table(TableName="life-of-a-table")["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["TableId"] == created["TableId"]
    assert described["KeySchema"] == created["KeySchema"]
    assert described["CreationDateTime"] == created["CreationDateTime"]

    deleted = client.delete_table(TableName="life-of-a-table")["TableDescription"]
    assert deleted["TableStatus"] == "DELETING"
    client.get_waiter("table_not_exists").wait(TableName="life-of-a-table", WaiterConfig={"Delay": 1})
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_table(TableName="life-of-a-table")


def test_a_table_arn_stands_for_the_name(client: Any, new_table: NewTable) -> None:
    name = new_table()
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    client.put_item(TableName=arn, Item={"pk": {"S": "a"}})
    assert client.get_item(TableName=name, Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}


def test_a_second_table_of_one_name_is_refused(client: Any, new_table: NewTable) -> None:
    name = new_table()
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.create_table(**definition(name))


def test_list_tables_pages_through_all_names_in_order(client: Any, new_table: NewTable) -> None:
    made = {new_table() for _ in range(5)}
    pages = list(client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2}))
    names = [name for page in pages for name in page["TableNames"]]
    assert made <= set(names)
    assert names == sorted(names)
    assert all(len(page["TableNames"]) <= 2 for page in pages)


def test_update_table_changes_the_billing_mode_and_the_throughput(client: Any, new_table: NewTable) -> None:
    name = new_table()
    throughput = {"ReadCapacityUnits": 4, "WriteCapacityUnits": 3}
    client.update_table(TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    described = client.describe_table(TableName=name)["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 4
    assert described["ProvisionedThroughput"]["WriteCapacityUnits"] == 3

    client.update_table(TableName=name, BillingMode="PAY_PER_REQUEST")
    described = client.describe_table(TableName=name)["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_protected_table_cannot_be_deleted(client: Any, new_table: NewTable) -> None:
    name = new_table(DeletionProtectionEnabled=True)
    with pytest.raises(client.exceptions.ClientError, match="protected against deletion") as refused:
        client.delete_table(TableName=name)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=name)


def test_an_index_may_be_added_to_a_table_with_items_and_removed(client: Any, new_table: NewTable) -> None:
    name = new_table()
    client.put_item(TableName=name, Item={"pk": {"S": "a"}, "colour": {"S": "red"}})
    client.update_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "colour", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-colour", "colour")}],
    )
    found = client.query(
        TableName=name,
        IndexName="by-colour",
        KeyConditionExpression="colour = :c",
        ExpressionAttributeValues={":c": {"S": "red"}},
    )
    assert found["Items"] == [{"pk": {"S": "a"}, "colour": {"S": "red"}}]
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-colour"}}])
    assert "GlobalSecondaryIndexes" not in client.describe_table(TableName=name)["Table"]


def test_tags_are_added_listed_and_removed(client: Any, new_table: NewTable) -> None:
    name = new_table(Tags=[{"Key": "made", "Value": "with it"}])
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_of_resource(ResourceArn=arn)["Tags"]}
    assert tags == {"made": "with it", "b": "2"}


def test_limits_and_endpoints_are_described(client: Any) -> None:
    limits = client.describe_limits()
    assert limits["AccountMaxReadCapacityUnits"] >= limits["TableMaxReadCapacityUnits"] > 0
    assert limits["AccountMaxWriteCapacityUnits"] >= limits["TableMaxWriteCapacityUnits"] > 0
    assert client.describe_endpoints()["Endpoints"][0]["CachePeriodInMinutes"] > 0


def test_counts_and_sizes_of_a_table_and_its_indexes_are_exact(client: Any, new_table: NewTable) -> None:
    name = new_table(attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g", projection="KEYS_ONLY")])
    client.put_item(TableName=name, Item={"pk": {"S": "a"}, "g": {"S": "x"}, "rest": {"S": "12345"}})
    client.put_item(TableName=name, Item={"pk": {"S": "b"}})
    described = client.describe_table(TableName=name)["Table"]
    assert (described["ItemCount"], described["TableSizeBytes"]) == (2, (2 + 1) + (1 + 1) + (4 + 5) + (2 + 1))
    assert described["GlobalSecondaryIndexes"][0]["ItemCount"] == 1
