"""ARNs: built, and taken in place of table names."""

from __future__ import annotations

import pytest

from ddbengine.errors import AccessDeniedException, ValidationException
from ddbengine.schema import arns

ACCOUNT = "000000000000"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/Music"


def resolve(text: str, region: str | None = "us-east-1") -> str:
    return arns.table_name(text, region, ACCOUNT)


def test_a_table_arn_names_region_account_and_table() -> None:
    assert arns.table_arn("us-east-1", ACCOUNT, "Music") == TABLE


def test_index_and_stream_arns_extend_the_table_arn() -> None:
    assert arns.index_arn(TABLE, "bySong") == f"{TABLE}/index/bySong"
    assert arns.stream_arn(TABLE, "2026-10-08T23:07:31.275") == f"{TABLE}/stream/2026-10-08T23:07:31.275"


def test_a_plain_name_stands_for_itself() -> None:
    assert resolve("Music") == "Music"


def test_a_table_arn_stands_for_its_table() -> None:
    assert resolve(TABLE) == "Music"


def test_any_region_will_do_where_all_regions_share_their_tables() -> None:
    assert resolve(TABLE.replace("us-east-1", "eu-west-1"), region=None) == "Music"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLE.replace("us-east-1", "eu-west-1"), "Invalid AWS region in '{text}'"),
        (TABLE.replace("arn:aws:", "arn:aws-cn:"), "Invalid AWS partition in '{text}'"),
        (f"{TABLE}/index/bySong", "Invalid resource type in '{text}'"),
        (f"{TABLE}/stream/2026-10-08T23:07:31.275", "Invalid resource type in '{text}'"),
    ],
)
def test_an_arn_of_something_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValidationException) as refused:
        resolve(text)
    assert refused.value.message == "1 validation error detected: " + message.format(text=text)


@pytest.mark.parametrize(
    "text",
    [
        "arn:",
        "arn:aws:dynamodb",
        "arn:aws:s3:::bucket",
        "arn:aws:dynamodb:us-east-1:000000000000:table/ab",
        f"{TABLE}!",
    ],
)
def test_a_malformed_arn_is_told_the_format(text: str) -> None:
    with pytest.raises(ValidationException, match=r"Valid ARN format is 'arn:<awsPartition>") as refused:
        resolve(text)
    assert str(refused.value.message).startswith(f"1 validation error detected: Value '{text}' at 'tableName'")


def test_a_table_of_another_account_is_denied() -> None:
    with pytest.raises(AccessDeniedException, match=r"^Access is denied$"):
        resolve(TABLE.replace(ACCOUNT, "123456789012"))


@pytest.mark.parametrize("text", ["", "Music", "arn:aws:dynamodb", "urn:a:b:c:d:e"])
def test_what_is_not_an_arn_has_no_fields(text: str) -> None:
    assert arns.parse(text) is None


def test_the_resource_keeps_its_colons() -> None:
    arn = arns.parse("arn:aws:dynamodb:us-east-1:000000000000:table/a/stream/2026-10-08T23:07:31.275")
    assert arn is not None
    assert arn.resource == "table/a/stream/2026-10-08T23:07:31.275"
