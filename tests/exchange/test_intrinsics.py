"""Functions of templates, worked out without an account."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.exchange.intrinsics import NO_VALUE, Template, UnknownValue

DOCUMENT = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Bare": {"Type": "String"},
    },
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Endless": {"Fn::Not": [{"Condition": "Endless"}]},
    },
    "Mappings": {"Units": {"dev": {"Read": 5}}},
    "Resources": {"Users": {"Type": "AWS::DynamoDB::Table"}},
}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Zones"}, ["a", "b", "c"]),
        ({"Ref": "Users"}, "Users"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Fn::Sub": "${Stage}-${AWS::Region}-${!Literal}"}, "dev-us-east-1-${Literal}"),
        ({"Fn::Sub": ["${Own}-${Stage}", {"Own": {"Ref": "Users"}}]}, "Users-dev"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 3]]}, "a-dev-3"),
        ({"Fn::Join": ["", {"Ref": "Zones"}]}, "abc"),
        ({"Fn::Split": ["|", "a|b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Fn::Split": ["|", "a|b"]}]}, "b"),
        ({"Fn::Select": [0, ["a"]]}, "a"),
        ({"Fn::FindInMap": ["Units", {"Ref": "Stage"}, "Read"]}, 5),
        ({"Fn::If": ["IsProd", 1, 2]}, 2),
        ({"Fn::If": ["Either", "yes", {"Ref": "Bare"}]}, "yes"),
        ({"Fn::If": ["Both", 1, {"Ref": "AWS::NoValue"}]}, NO_VALUE),
        ({"kept": 1, "gone": {"Ref": "AWS::NoValue"}}, {"kept": 1}),
        (["kept", {"Ref": "AWS::NoValue"}], ["kept"]),
    ],
)
def test_a_function_comes_to_its_value(raw: Any, value: Any) -> None:
    assert Template(DOCUMENT, {}).value(raw) == value


def test_a_given_value_goes_before_a_default_and_decides_conditions() -> None:
    template = Template(DOCUMENT, {"Stage": "prod", "AWS::StackName": "shop", "Zones": "x,y"})
    assert template.value({"Fn::If": ["IsProd", {"Fn::Sub": "${AWS::StackName}"}, "other"]}) == "shop"
    assert template.value({"Ref": "Zones"}) == ["x", "y"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"Ref": "Bare"}, "parameter 'Bare' has no default, and was not given a value"),
        ({"Ref": "AWS::StackName"}, "AWS::StackName is not known here, and was not given a value"),
        ({"Ref": "Nobody"}, "there is no parameter or resource 'Nobody'"),
        ({"Ref": ["x"]}, "Ref takes a name, not ['x']"),
        ({"Fn::GetAtt": ["Users", "Arn"]}, "Fn::GetAtt cannot be worked out here; put a plain value in its place"),
        ({"Fn::Sub": "${Users.Arn}"}, "${Users.Arn} is an attribute of a resource that is not deployed"),
        ({"Fn::Sub": 3}, "Fn::Sub takes a text, or a text and a map, not 3"),
        ({"Fn::Sub": "${Zones}"}, "text is needed, not {'Ref': 'Zones'}"),
        ({"Fn::Join": ["-"]}, "Fn::Join takes a list of 2, not ['-']"),
        ({"Fn::Join": ["-", "ab"]}, "Fn::Join takes a list, not 'ab'"),
        ({"Fn::Split": ["", "ab"]}, "Fn::Split has nothing to split at"),
        ({"Fn::Select": [2, ["a"]]}, "Fn::Select has no element 2"),
        ({"Fn::Select": ["\u00b2", ["a"]]}, "Fn::Select has no element \u00b2"),
        ({"Fn::Select": ["9" * 5000, ["a"]]}, f"Fn::Select has no element {'9' * 5000}"),
        ({"Fn::FindInMap": ["Units", "prod", "Read"]}, "Fn::FindInMap finds no 'prod'"),
        ({"Fn::If": ["Nothing", 1, 2]}, "there is no condition 'Nothing'"),
        ({"Fn::If": ["Endless", 1, 2]}, "its values refer to each other without end"),
        ({"Fn::Not": ["text"]}, "a condition is needed, not 'text'"),
    ],
)
def test_what_cannot_be_known_is_said(raw: Any, message: str) -> None:
    with pytest.raises(UnknownValue) as raised:
        Template(DOCUMENT, {}).value(raw)
    assert str(raised.value) == message
