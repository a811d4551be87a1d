"""Schema files of every kind, as CreateTable requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ddbengine.api.requests import check
from ddbengine.engine.context import Caller
from ddbengine.engine.opening import open_engine
from ddbengine.exchange.schemas import (
    SchemaFileError,
    TableToCreate,
    read_tables,
    request_of_description,
    table_definitions,
)

CALLER = Caller("test", "us-east-1")
KEY = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}
ON_DEMAND = {"TableName": "users", **KEY, "BillingMode": "PAY_PER_REQUEST"}
FULL = {
    "TableName": "orders",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("a", "b", "c")],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}],
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-c",
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "c", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "of-c",
            "KeySchema": [{"AttributeName": "c", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
        }
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "TableClass": "STANDARD_INFREQUENT_ACCESS",
    "DeletionProtectionEnabled": True,
}

VECTORS: dict[str, Any] = {
    "TableName": "vectors",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("a", "b")],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "VectorIndexes": [
        {
            "IndexName": "near",
            "VectorAttribute": {"AttributeName": "v"},
            "Dimensions": 3,
            "DistanceFunction": "COSINE",
            "Projection": {"ProjectionType": "KEYS_ONLY"},
            "SearchSchema": [{"AttributeName": "b", "SearchSchemaElementType": "HASH"}],
        }
    ],
}


def described(request: dict[str, Any]) -> dict[str, Any]:
    engine = open_engine(None)
    try:
        engine.execute("CreateTable", check("CreateTable", request), CALLER)
        answer: dict[str, Any] = json.loads(
            engine.execute("DescribeTable", {"TableName": request["TableName"]}, CALLER)
        )
        return answer
    finally:
        engine.close()


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("request_", [ON_DEMAND, FULL, VECTORS], ids=["on demand", "full", "vectors"])
def test_a_description_comes_back_to_the_request_that_made_the_table(request_: dict[str, Any], tmp_path: Path) -> None:
    answer = described(request_)
    assert request_of_description(answer["Table"]) == request_
    for content in (answer, answer["Table"], {"TableDescription": answer["Table"]}):
        assert table_definitions(written(tmp_path / "table.json", content)) == [request_]


def test_a_template_has_vector_indexes(tmp_path: Path) -> None:
    (index,) = VECTORS["VectorIndexes"]
    properties = {**VECTORS, "VectorIndexes": [{**index, "Dimensions": "3"}]}  # numbers may be text in a template
    template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}}
    assert table_definitions(written(tmp_path / "template.json", template)) == [VECTORS]


def test_a_table_made_from_a_description_is_described_alike(tmp_path: Path) -> None:
    first = described(FULL)["Table"]
    [request] = table_definitions(written(tmp_path / "t.json", first))
    second = described(request)["Table"]
    own = {"TableId", "CreationDateTime", "LatestStreamArn", "LatestStreamLabel", "TableClassSummary"}
    assert {name: value for name, value in first.items() if name not in own} == {
        name: value for name, value in second.items() if name not in own
    }


def test_a_file_of_both_descriptions_says_when_items_expire(tmp_path: Path) -> None:
    both = {
        **described(ON_DEMAND),
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"},
    }
    assert read_tables(written(tmp_path / "t.json", both)) == [TableToCreate(ON_DEMAND, "expires")]


def test_maxima_without_a_limit_are_left_out() -> None:
    description = {**described(ON_DEMAND)["Table"], "OnDemandThroughput": {"MaxReadRequestUnits": -1}}
    assert request_of_description(description) == ON_DEMAND
    description["OnDemandThroughput"] = {"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": -1}
    assert request_of_description(description)["OnDemandThroughput"] == {"MaxReadRequestUnits": 7}


def test_a_list_of_requests_and_descriptions_is_read_in_order(tmp_path: Path) -> None:
    path = written(tmp_path / "tables.json", [FULL, described(ON_DEMAND)])
    assert table_definitions(path) == [FULL, ON_DEMAND]


TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: {Type: String, Default: dev}
  Read: {Type: Number, Default: "5"}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Key:
    Type: AWS::KMS::Key
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${Stage}-orders"
      BillingMode: PROVISIONED
      AttributeDefinitions:
        - AttributeName: a
          AttributeType: S
        - AttributeName: c
          AttributeType: S
      KeySchema:
        - AttributeName: a
          KeyType: HASH
      ProvisionedThroughput:
        ReadCapacityUnits: !Ref Read
        WriteCapacityUnits: 6
      GlobalSecondaryIndexes:
        - IndexName: !Join ["-", [of, c]]
          KeySchema: [{AttributeName: c, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ProvisionedThroughput: {ReadCapacityUnits: "1", WriteCapacityUnits: "2"}
      SSESpecification: {SSEEnabled: true, KMSMasterKeyId: !GetAtt Key.Arn}
      StreamSpecification: {StreamViewType: KEYS_ONLY}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: "true"}
      DeletionProtectionEnabled: !If [IsProd, true, false]
      TableClass: STANDARD
      Tags: [{Key: stack, Value: !Ref AWS::StackName}]
  Audit:
    Type: AWS::DynamoDB::Table
    Condition: IsProd
    Properties:
      KeySchema: []
  Users:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      Replicas: [{Region: !ImportValue x}]
  Notes:
    Type: AWS::Serverless::SimpleTable
    Properties:
      PrimaryKey: {Name: number, Type: Number}
"""


def test_a_template_gives_the_tables_whose_conditions_hold(tmp_path: Path) -> None:
    orders, users, notes = read_tables(written(tmp_path / "template.yaml", TEMPLATE))
    assert orders.expiry_attribute == "ttl"
    assert orders.request == {
        "TableName": "dev-orders",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("a", "c")],
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "BillingMode": "PROVISIONED",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "of-c",
                "KeySchema": [{"AttributeName": "c", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
            }
        ],
        "TableClass": "STANDARD",
        "DeletionProtectionEnabled": False,
    }
    assert users == TableToCreate({**ON_DEMAND, "TableName": "Users"})
    assert notes == TableToCreate(
        {
            "TableName": "Notes",
            "AttributeDefinitions": [{"AttributeName": "number", "AttributeType": "N"}],
            "KeySchema": [{"AttributeName": "number", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
    )
    for table in (orders, users, notes):
        described(table.request)


def test_parameters_given_go_before_defaults(tmp_path: Path) -> None:
    path = written(tmp_path / "template.yaml", TEMPLATE)
    names = [table["TableName"] for table in table_definitions(path, {"Stage": "prod"})]
    assert names == ["prod-orders", "Audit", "Users", "Notes"]


def test_a_template_in_json_is_read_alike(tmp_path: Path) -> None:
    template = {"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "Properties": {**KEY, "TableName": {"Ref": "T"}}}}}
    [request] = table_definitions(written(tmp_path / "t.template", template))
    assert request == {**KEY, "TableName": "T", "BillingMode": "PROVISIONED"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{\n  oops", ":2: is not JSON: "),
        ("a: [1\nb: 2", ":2: is not YAML: "),
        ("Resources:\n  A: 1\n  A: 2\n", ":3: is not YAML: 'A' is given twice"),
        ("plain text", ": is neither a template, nor a table's description or CreateTable request"),
        ("{}", ": is neither a template, nor a table's description or CreateTable request"),
        ('{"Resources": {}}', ": names no table"),
        ("[]", ": names no table"),
        (json.dumps([ON_DEMAND, ON_DEMAND]), ": names table 'users' twice"),
        (json.dumps({**ON_DEMAND, "TableName": 3}), ": has a table whose name is no text: 3"),
        (json.dumps({"Table": {"TableName": "t", "KeySchema": []}}), ": has a table that is not as it should be: "),
        (
            TEMPLATE.replace("{Type: String, Default: dev}", "{Type: String}"),
            ": resource Orders: TableName: parameter 'Stage' has no default, and was not given a value",
        ),
        (
            TEMPLATE.replace("ReadCapacityUnits: !Ref Read", "ReadCapacityUnits: !ImportValue x"),
            ": resource Orders: ProvisionedThroughput: Fn::ImportValue cannot be worked out here; "
            "put a plain value in its place",
        ),
        (
            TEMPLATE.replace('Default: "5"', "Default: many"),
            ": resource Orders: ProvisionedThroughput needs two whole numbers, not ",
        ),
        (TEMPLATE.replace("Type: Number}", "Type: List}"), ": resource Notes: PrimaryKey: a Name and a Type of "),
    ],
)
def test_what_is_wrong_with_a_schema_file_is_said_with_its_place(content: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "schema", content)
    with pytest.raises(SchemaFileError) as raised:
        read_tables(path)
    assert str(raised.value).startswith(f"{path}{message}")


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(SchemaFileError, match="No such file"):
        read_tables(tmp_path / "missing.json")
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xe4")
    with pytest.raises(SchemaFileError, match="is not UTF-8 text"):
        read_tables(tmp_path / "latin")
