"""Policy documents: which are refused, and the form the others are kept in (FACTS 5.16)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.errors import ValidationException
from ddbengine.schema.policies import kept_policy, shown_policy

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/Music"
INVALID = "One or more parameter values were invalid: "


def statement(**members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "dynamodb:GetItem", "Resource": TABLE, **members}


def document(*statements: dict[str, Any], **members: Any) -> str:
    return orjson.dumps({"Version": "2012-10-17", "Statement": list(statements), **members}).decode()


def shown(text: str) -> dict[str, Any]:
    policy: dict[str, Any] = orjson.loads(shown_policy(kept_policy(text)))
    return policy


def refusal(text: str, of_stream: bool = False) -> str | None:
    with pytest.raises(ValidationException) as refused:
        kept_policy(text, of_stream)
    return refused.value.message


def test_a_policy_is_kept_without_spaces_and_in_a_fixed_order() -> None:
    text = """{ "Statement": [ {"Resource": "*", "Action": "dynamodb:*", "Principal": {"AWS": "x"}, "Sid": "a",
                "Condition": {"StringEquals": {"k": "v"}}, "Effect": "Deny"} ], "Version": "2012-10-17" }"""
    assert kept_policy(text) == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","Principal":{"AWS":"x"},'
        '"Action":"dynamodb:*","Resource":"*","Condition":{"StringEquals":{"k":"v"}}}]}'
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"Action": ["dynamodb:GetItem"]}, {"Action": "dynamodb:GetItem"}),
        ({"Action": ["dynamodb:Query", "dynamodb:GetItem"]}, {"Action": ["dynamodb:Query", "dynamodb:GetItem"]}),
        ({"Action": ["dynamodb:Scan", "dynamodb:Scan"]}, {"Action": ["dynamodb:Scan", "dynamodb:Scan"]}),
        ({"Action": "dynamodb:getitem"}, {"Action": "dynamodb:getitem"}),
        ({"Resource": [TABLE]}, {"Resource": TABLE}),
        ({"Effect": "allow"}, {"Effect": "Allow"}),
        ({"Principal": {"AWS": ACCOUNT}}, {"Principal": {"AWS": ROOT}}),
        ({"Principal": {"AWS": [ACCOUNT, ROOT]}}, {"Principal": {"AWS": ROOT}}),
        ({"Condition": {"Bool": {"k": ["true"]}}}, {"Condition": {"Bool": {"k": "true"}}}),
    ],
)
def test_a_statement_is_kept_as_the_service_shows_it(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert shown(document(statement(**sent)))["Statement"] == [statement(**kept)]


def test_a_single_statement_becomes_a_list() -> None:
    assert shown(orjson.dumps({"Statement": statement()}).decode())["Statement"] == [statement()]


def test_a_policy_without_version_is_shown_with_the_old_one_and_is_still_another_policy() -> None:
    bare = orjson.dumps({"Statement": [statement()]}).decode()
    assert shown(bare)["Version"] == "2008-10-17"
    assert kept_policy(shown_policy(kept_policy(bare))) != kept_policy(bare)


@given(st.permutations(["Sid", "Effect", "Principal", "Action", "Resource"]), st.booleans())
def test_the_kept_form_of_a_policy_is_its_own_kept_form(order: list[str], listed: bool) -> None:
    members = {"Sid": "s", **statement()}
    sent = {name: [members[name]] if listed and name in ("Action", "Resource") else members[name] for name in order}
    kept = kept_policy(document(sent))
    assert kept_policy(kept) == kept == kept_policy(document({name: members[name] for name in sorted(order)}))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "This policy contains invalid Json"),
        ("{not json", "This policy contains invalid Json"),
        ("{}", "Syntax error at position (1,3)"),
        (document(), "Could not parse the policy: Statement is empty!"),
        (document({"Effect": "Allow", "Principal": {"AWS": "x"}, "Action": "a"}), "Missing required field Resource"),
        (document(statement(Sid="a"), statement(Sid="a")), "The Statement Ids in the policy are not unique"),
        (
            document(statement(Action=["dynamodb:DescribeStream", "dynamodb:GetRecords"])),
            'The following action names are invalid: "dynamodb:GetRecords", "dynamodb:DescribeStream"',
        ),
    ],
)
def test_a_document_that_is_no_policy_is_refused(text: str, problem: str) -> None:
    assert refusal(text) == f"{INVALID}Invalid policy document: {problem}"


def nested(depth: int) -> str:
    text = document(statement(Condition={"StringEquals": {"key": "deep"}}))
    return text.replace('"deep"', "[1," * depth + "1" + "]" * depth)


def test_a_document_may_be_deep() -> None:
    assert kept_policy(kept_policy(nested(200))) == kept_policy(nested(200))


@pytest.mark.parametrize("depth", [300, 900, 3_000])
def test_a_document_that_is_too_deep_is_refused(depth: int) -> None:
    assert refusal(nested(depth)) == f"{INVALID}Invalid policy document: This policy contains invalid Json"


def test_an_account_as_a_bare_text_is_a_syntax_error() -> None:
    message = refusal(document(statement(Principal=ACCOUNT)))
    assert message is not None
    assert message.startswith(f"{INVALID}Invalid policy document: Syntax error at position (1,")


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
def test_nobody_may_allow_everybody_everything(principal: Any) -> None:
    assert refusal(document(statement(Principal=principal))) == (
        "Resource-based policy grants unbounded access in one or more elements. "
        "Please revise the policy to ensure least-privilege form of access"
    )
    assert shown(document(statement(Principal=principal, Effect="Deny")))["Statement"][0]["Effect"] == "Deny"


def test_a_policy_is_as_large_as_20480_bytes_spaces_included() -> None:
    text = document(statement())
    assert shown(text.ljust(20_480))["Statement"] == [statement()]
    assert refusal(text.ljust(20_481)) == f"{INVALID}Maximum policy size of 20480 bytes exceeded"


def test_the_policy_of_a_stream_may_speak_of_its_records() -> None:
    assert kept_policy(document(statement(Action="dynamodb:GetRecords")), of_stream=True)
