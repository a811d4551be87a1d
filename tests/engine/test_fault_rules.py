"""Fault rules as a person writes them: what they come to, and the sentences that refuse them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from ddbengine.engine.fault_rules import ERRORS, BadFaultRules, FaultRules, Rule, fault_rules, read_fault_rules

DROP = {"drop": "before"}


def rule(**members: Any) -> Rule:
    [read] = fault_rules({"rules": [members]}).rules
    return read


def refusal(members: object) -> str:
    with pytest.raises(BadFaultRules) as refused:
        fault_rules(members)
    return str(refused.value)


def test_a_rule_applies_to_everything_unless_it_says_otherwise() -> None:
    assert rule(drop="before") == Rule(None, None, 1.0, 1, None, (0.0, 0.0), None, None, None, "before")


def test_all_members_are_read() -> None:
    members = {
        "operation": ["PutItem", "GetItem"],
        "table": "music",
        "probability": 0.5,
        "every": 3,
        "first": 7,
        "latency": [0.1, 0.2],
        "error": "ThrottlingException",
        "message": "slow down",
    }
    assert rule(**members) == Rule(
        operations=frozenset({"PutItem", "GetItem"}),
        tables=frozenset({"music"}),
        probability=0.5,
        every=3,
        first=7,
        latency=(0.1, 0.2),
        error="ThrottlingException",
        message="slow down",
    )


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_can_be_asked_for(error: str) -> None:
    assert rule(error=error).error == error


def test_one_latency_is_the_least_and_the_most() -> None:
    assert rule(latency=1).latency == (1.0, 1.0)


def test_what_is_left_unprocessed_is_of_batches() -> None:
    assert rule(unprocessed=0.5).operations == frozenset({"BatchGetItem", "BatchWriteItem"})
    assert rule(unprocessed=1, operation="BatchGetItem").operations == frozenset({"BatchGetItem"})


def test_rules_may_come_without_their_object() -> None:
    assert fault_rules([DROP]) == fault_rules({"seed": 0, "rules": [DROP]})


@pytest.mark.parametrize("seed", [0, -1, 2**70, "nightly"])
def test_a_seed_is_a_number_or_a_text(seed: int | str) -> None:
    assert fault_rules({"seed": seed, "rules": [DROP]}).seed == seed


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (1, "faults: an object with rules, or a list of rules, is needed"),
        ({}, "faults: rules is a list of at least one rule"),
        ([], "faults: rules is a list of at least one rule"),
        ({"rules": DROP}, "faults: rules is a list of at least one rule"),
        ({"rules": [DROP], "sede": 1}, "faults: no such member as sede; there are rules and seed"),
        ({"rules": [DROP], "seed": 1.5}, "faults: seed is a whole number or a text, not 1.5"),
        ({"rules": [DROP], "seed": True}, "faults: seed is a whole number or a text, not true"),
        ([DROP, "x"], 'faults: rule 2: an object is needed, not "x"'),
        ([{}], "faults: rule 1: says no effect: error, unprocessed, drop or latency"),
        (
            [DROP | {"evry": 1}],
            "faults: rule 1: no such member as evry; there are drop, error, every, first, ",
        ),
        ([DROP | {"error": "X"}], "rule 1: error and drop cannot both happen; make two rules of it"),
        ([DROP | {"message": "x"}], "rule 1: a message needs an error that carries it"),
        ([{"error": "Nope"}], "rule 1: error is one of ProvisionedThroughputExceededException, Throttl"),
        ([{"error": ["ThrottlingException"]}], "rule 1: error is one of "),
        ([{"error": ERRORS[0], "message": 1}], "rule 1: message is a text, not 1"),
        ([{"drop": "during"}], 'rule 1: drop is one of before and after, not "during"'),
        ([DROP | {"operation": "PutItems"}], "rule 1: there is no operation PutItems"),
        ([DROP | {"operation": []}], "rule 1: operation is a name or a list of names, not []"),
        ([DROP | {"table": 1}], "rule 1: table is a name or a list of names, not 1"),
        ([DROP | {"table": ""}], 'rule 1: table is a name or a list of names, not ""'),
        ([DROP | {"every": 0}], "rule 1: every is a whole number from 1, not 0"),
        ([DROP | {"every": True}], "rule 1: every is a whole number from 1, not true"),
        ([DROP | {"first": 1.0}], "rule 1: first is a whole number from 1, not 1.0"),
        ([DROP | {"probability": 0}], "rule 1: probability is a number over 0 and up to 1, not 0"),
        ([DROP | {"probability": 1.1}], "rule 1: probability is a number over 0 and up to 1, not 1.1"),
        ([DROP | {"probability": "often"}], 'rule 1: probability is a number over 0 and up to 1, not "often"'),
        ([{"latency": "1"}], "rule 1: latency is seconds or a list of the least and the most"),
        ([{"latency": [1, 2, 3]}], "rule 1: latency is seconds or a list of the least and the most"),
        ([{"latency": -1}], "rule 1: latency goes up from 0 to at most 3600 seconds, not -1"),
        ([{"latency": [2, 1]}], "rule 1: latency goes up from 0 to at most 3600 seconds, not [2,1]"),
        ([{"latency": 3601}], "rule 1: latency goes up from 0 to at most 3600 seconds"),
        ([{"unprocessed": 2}], "rule 1: unprocessed is a number over 0 and up to 1, not 2"),
        (
            [{"unprocessed": 1, "operation": "PutItem"}],
            "rule 1: PutItem leaves nothing unprocessed, only BatchGetItem and BatchWriteItem do",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_and_where(members: object, said: str) -> None:
    assert said in refusal(members)


def test_rules_are_read_from_text_or_from_a_file(tmp_path: Path) -> None:
    text = orjson.dumps({"seed": 3, "rules": [DROP]}).decode()
    file = tmp_path / "faults.json"
    file.write_text(text, encoding="utf-8")
    expected = FaultRules(3, (Rule(drop="before"),))
    assert read_fault_rules(text) == read_fault_rules(f" \n{text}") == read_fault_rules(str(file)) == expected


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFaultRules, match=r"cannot read the faults in .*nope.json: No such file"):
        read_fault_rules(str(tmp_path / "nope.json"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(BadFaultRules, match="not UTF-8 text"):
        read_fault_rules(str(tmp_path / "binary"))


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(BadFaultRules, match="faults: not JSON: "):
        read_fault_rules("{rules")
