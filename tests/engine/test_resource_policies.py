"""PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy (FACTS 5.16)."""

from __future__ import annotations

import orjson
import pytest

from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.tables import global_index, table

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table"
NONE_FOUND = "Resource-based policy not found for the provided ResourceArn: "
INVALID = "One or more parameter values were invalid: "


def policy(action: str = "dynamodb:GetItem") -> str:
    principal = {"AWS": "arn:aws:iam::111122223333:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": ARN}
    return orjson.dumps({"Version": "2012-10-17", "Statement": [statement]}).decode()


def put(engine: Calls, action: str = "dynamodb:GetItem", arn: str = ARN, **members: str) -> str:
    revision: str = engine.call("PutResourcePolicy", ResourceArn=arn, Policy=policy(action), **members)["RevisionId"]
    return revision


def test_a_policy_is_read_back_with_its_revision(engine: Calls) -> None:
    engine.create(table())
    revision = put(engine)
    assert engine.call("GetResourcePolicy", ResourceArn=ARN) == {"Policy": policy(), "RevisionId": revision}


def test_the_same_policy_again_changes_nothing_and_another_one_has_a_later_revision(engine: Calls) -> None:
    engine.create(table())
    first = put(engine)
    assert put(engine) == first
    assert int(put(engine, "dynamodb:PutItem")) > int(first)


def test_a_table_created_with_a_policy_has_it(engine: Calls) -> None:
    engine.create(table(ResourcePolicy=policy()))
    assert engine.call("GetResourcePolicy", ResourceArn=ARN)["Policy"] == policy()
    assert "ResourcePolicy" not in engine.call("DescribeTable", TableName="table")["Table"]


def test_a_table_without_policy_has_none_to_show(engine: Calls) -> None:
    engine.create(table())
    refused = engine.refusal("GetResourcePolicy", ResourceArn=ARN)
    assert (refused.code, refused.message) == ("PolicyNotFoundException", NONE_FOUND + ARN)


def test_deleting_a_policy_answers_with_its_revision_and_again_with_that_of_the_deletion(engine: Calls) -> None:
    engine.create(table())
    assert engine.call("DeleteResourcePolicy", ResourceArn=ARN) == {}
    revision = put(engine)
    assert engine.call("DeleteResourcePolicy", ResourceArn=ARN) == {"RevisionId": revision}
    assert engine.refusal("GetResourcePolicy", ResourceArn=ARN).code == "PolicyNotFoundException"
    later = engine.call("DeleteResourcePolicy", ResourceArn=ARN)["RevisionId"]
    assert int(revision) < int(later) < int(put(engine))


@pytest.mark.parametrize("operation", ["PutResourcePolicy", "DeleteResourcePolicy"])
def test_a_change_of_another_revision_than_expected_is_refused(engine: Calls, operation: str) -> None:
    engine.create(table())
    request = {"ResourceArn": ARN, **({"Policy": policy("dynamodb:Scan")} if operation.startswith("Put") else {})}
    refused = engine.refusal(operation, **request, ExpectedRevisionId="1")
    assert (refused.code, refused.message) == (
        "PolicyNotFoundException",
        f"{NONE_FOUND}Requested update for policy with revision id 1, but table table has no associated policy.",
    )
    revision = put(engine)
    refused = engine.refusal(operation, **request, ExpectedRevisionId="1")
    assert refused.message == (
        f"{NONE_FOUND}Requested update for policy with revision id 1, "
        f"but the policy associated to target table table has revision id {revision}."
    )
    engine.call(operation, **request, ExpectedRevisionId=revision)


def test_a_policy_may_be_put_where_none_is_expected(engine: Calls) -> None:
    engine.create(table())
    revision = put(engine, ExpectedRevisionId="NO_POLICY")
    refused = engine.refusal("PutResourcePolicy", ResourceArn=ARN, Policy=policy(), ExpectedRevisionId="NO_POLICY")
    assert refused.message == (
        f"{NONE_FOUND}Requested policy update expecting none to be present for table table, "
        f"but a policy exists with revision id {revision}."
    )


@pytest.mark.parametrize(
    ("arn", "code", "message"),
    [
        ("table", "ValidationException", f"{INVALID}ARNs must start with 'arn:': table"),
        (f"{ARN}-none", "ResourceNotFoundException", "Requested resource not found: Table: table-none not found"),
        (
            f"{ARN}/index/idx",
            "ValidationException",
            f"{INVALID}Invalid resource arn provided, only table or stream is "
            f"accepted. Provided resource arn: {ARN}/index/idx",
        ),
        (
            f"{ARN}/backup/0170",
            "ValidationException",
            f"{INVALID}Provided Arn is not a DynamoDB resource arn: {ARN}/backup/0170",
        ),
        (
            ARN.replace("000000000000", "999999999999"),
            "ValidationException",
            "This action is only supported by accounts that match the resource owner\u2019s account.",
        ),
        (
            ARN.replace("aws:", "aws-cn:", 1),
            "ValidationException",
            f"{INVALID}Invalid resource Arn: {ARN.replace('aws:', 'aws-cn:', 1)}",
        ),
        (
            ARN.replace("us-east-1", "eu-west-1"),
            "ValidationException",
            f"{INVALID}Invalid resource Arn: {ARN.replace('us-east-1', 'eu-west-1')}",
        ),
        (
            f"{ARN}/stream/2000-01-01T00:00:00.000",
            "ResourceNotFoundException",
            "Requested resource not found: Stream: 2000-01-01T00:00:00.000 not found for Table: table",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"])
def test_a_policy_belongs_to_a_table_or_stream_of_the_caller(
    engine: Calls, operation: str, arn: str, code: str, message: str
) -> None:
    engine.create(table(global_=[global_index("idx", "a")]))
    request = {"ResourceArn": arn, **({"Policy": policy()} if operation.startswith("Put") else {})}
    refused = engine.refusal(operation, **request)
    assert (refused.code, refused.message) == (code, message)


def test_a_stream_has_a_policy_of_its_own(engine: Calls) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    engine.create(table(StreamSpecification=stream))
    arn = engine.call("DescribeTable", TableName="table")["Table"]["LatestStreamArn"]
    put(engine, "dynamodb:GetRecords", arn)
    assert engine.refusal("GetResourcePolicy", ResourceArn=ARN).code == "PolicyNotFoundException"
    assert engine.call("GetResourcePolicy", ResourceArn=arn)["Policy"] == policy("dynamodb:GetRecords")
    engine.call("DeleteTable", TableName="table")
    assert engine.refusal("GetResourcePolicy", ResourceArn=arn).code == "PolicyNotFoundException"


def test_the_policy_of_a_table_goes_with_it(engine: Calls) -> None:
    engine.create(table())
    put(engine)
    engine.call("DeleteTable", TableName="table")
    assert engine.refusal("GetResourcePolicy", ResourceArn=ARN).code == "ResourceNotFoundException"
    engine.create(table())
    assert engine.refusal("GetResourcePolicy", ResourceArn=ARN).code == "PolicyNotFoundException"


def test_a_table_that_is_being_created_has_no_policies_and_one_being_deleted_keeps_its_own() -> None:
    now = 1_790_000_000.0
    engine = Calls(open_engine(None, clock=lambda: now, transient_seconds=5))
    engine.create(table(ResourcePolicy=policy()))
    assert engine.refusal("GetResourcePolicy", ResourceArn=ARN).code == "ResourceNotFoundException"
    now += 6
    engine.call("DeleteTable", TableName="table")
    assert engine.call("GetResourcePolicy", ResourceArn=ARN)["Policy"] == policy()
    refused = engine.refusal("DeleteResourcePolicy", ResourceArn=ARN)
    assert (refused.code, refused.message) == (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being deleted: table",
    )
    engine.engine.close()
