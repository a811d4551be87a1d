"""Tags of tables, and which resource ARNs are taken (FACTS 5.12)."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import AccessDeniedException, ApiError, ResourceNotFoundException, ValidationException
from tests.engine.control_plane import BOB, ControlPlane, on_demand

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Music"
MEMBERS: dict[str, dict[str, Any]] = {
    "TagResource": {"Tags": [{"Key": "k", "Value": "v"}]},
    "UntagResource": {"TagKeys": ["k"]},
    "ListTagsOfResource": {},
}
OPERATIONS = list(MEMBERS)


@pytest.fixture
def plane() -> ControlPlane:
    plane = ControlPlane()
    plane.call("CreateTable", on_demand())
    return plane


def tags(plane: ControlPlane) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in plane.call("ListTagsOfResource", ResourceArn=ARN)["Tags"]}


def tag(plane: ControlPlane, **values: str) -> Any:
    return plane.call(
        "TagResource", ResourceArn=ARN, Tags=[{"Key": key, "Value": value} for key, value in values.items()]
    )


def refusal(plane: ControlPlane, operation: str, arn: str | None) -> ApiError:
    members = dict(MEMBERS[operation])
    if arn is not None:
        members["ResourceArn"] = arn
    with pytest.raises(ApiError) as refused:
        plane.call(operation, **members)
    return refused.value


def test_a_table_without_tags_lists_none(plane: ControlPlane) -> None:
    assert plane.call("ListTagsOfResource", ResourceArn=ARN) == {"Tags": []}


def test_tagging_adds_and_overwrites_and_answers_with_an_empty_body(plane: ControlPlane) -> None:
    assert tag(plane, a="1", b="2") is None
    tag(plane, b="3", c="4")
    assert tags(plane) == {"a": "1", "b": "3", "c": "4"}


def test_untagging_takes_away_what_is_there_and_ignores_the_rest(plane: ControlPlane) -> None:
    tag(plane, a="1", b="2")
    assert plane.call("UntagResource", ResourceArn=ARN, TagKeys=["a", "x"]) is None
    assert tags(plane) == {"b": "2"}


def test_a_table_has_at_most_fifty_tags(plane: ControlPlane) -> None:
    tag(plane, **{f"k{number}": "" for number in range(49)})
    tag(plane, k0="again", last="")
    with pytest.raises(ValidationException, match=r"^Number of Tags exceed the current limit"):
        tag(plane, more="")
    assert len(tags(plane)) == 50


def test_a_request_with_one_bad_tag_changes_nothing(plane: ControlPlane) -> None:
    request = {"ResourceArn": ARN, "Tags": [{"Key": "good", "Value": ""}, {"Key": "aws:x", "Value": ""}]}
    with pytest.raises(ValidationException, match=r"cannot be prefixed with aws:"):
        plane.call("TagResource", request)
    assert tags(plane) == {}


def test_empty_lists_are_refused(plane: ControlPlane) -> None:
    with pytest.raises(ValidationException, match=r"^Atleast one Tag needs to be provided as Input\.$"):
        plane.call("TagResource", ResourceArn=ARN, Tags=[])
    with pytest.raises(ValidationException, match=r"^Atleast one Tag Key needs to be provided as Input\.$"):
        plane.call("UntagResource", ResourceArn=ARN, TagKeys=[])


def test_the_arn_is_looked_at_before_the_list_is(plane: ControlPlane) -> None:
    with pytest.raises(ValidationException, match=r"ARNs must start with"):
        plane.call("TagResource", ResourceArn="Music", Tags=[])


def test_tags_go_with_their_table(plane: ControlPlane) -> None:
    tag(plane, a="1")
    plane.call("DeleteTable", TableName="Music")
    plane.call("CreateTable", on_demand())
    assert tags(plane) == {}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("arn", "message"),
    [
        (None, "Invalid TableArn"),
        ("Music", "One or more parameter values were invalid: ARNs must start with 'arn:': {arn}"),
        (
            "arn:aws:s3:::bucket",
            "One or more parameter values were invalid: Provided Arn is not a DynamoDB resource arn: {arn}",
        ),
        (
            f"{ARN}/backup/01790000000000-12345678",
            "One or more parameter values were invalid: Provided Arn is not a DynamoDB resource arn: {arn}",
        ),
        (
            f"{ARN}/index/idx",
            "One or more parameter values were invalid: Invalid resource arn provided, only table or stream is "
            "accepted. Provided resource arn: {arn}",
        ),
        (
            ARN.replace("us-east-1", "eu-west-1"),
            "Invalid TableArn: Invalid ResourceArn provided as input {arn}",
        ),
    ],
)
def test_what_is_no_table_of_this_region_is_refused(
    plane: ControlPlane, operation: str, arn: str | None, message: str
) -> None:
    refused = refusal(plane, operation, arn)
    assert isinstance(refused, ValidationException)
    assert refused.message == message.format(arn=arn)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_table_of_another_account_is_denied(plane: ControlPlane, operation: str) -> None:
    refused = refusal(plane, operation, ARN.replace("000000000000", "111111111111"))
    assert isinstance(refused, AccessDeniedException)
    assert refused.message == "Access is denied"


@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
@pytest.mark.parametrize("arn", [ARN.replace("Music", "Films"), f"{ARN}/stream/2026-10-08T23:07:31.275"])
def test_changing_tags_of_what_is_not_there_says_so(plane: ControlPlane, operation: str, arn: str) -> None:
    refused = refusal(plane, operation, arn)
    assert isinstance(refused, ResourceNotFoundException)
    assert refused.message == f"Requested resource not found: ResourceArn: {arn} not found"


def test_listing_tags_of_a_table_that_is_not_there_is_denied(plane: ControlPlane) -> None:
    refused = refusal(plane, "ListTagsOfResource", ARN.replace("Music", "Films"))
    assert isinstance(refused, AccessDeniedException)
    assert str(refused.message).endswith(
        "is not authorized to perform: dynamodb:ListTagsOfResource on resource: " + ARN.replace("Music", "Films")
    )


def test_tags_of_other_callers_tables_are_out_of_reach(plane: ControlPlane) -> None:
    with pytest.raises(AccessDeniedException):
        plane.call("ListTagsOfResource", caller=BOB, ResourceArn=ARN)
