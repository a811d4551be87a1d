"""Resource policies: what a policy document has to be, and the one form it is kept and shown in.

A policy is never evaluated here: there are no users to tell apart.  It is checked and kept as the service does it
(observed on us-west-2, October 2026):

| sent | kept |
| --- | --- |
| spaces, members in any order | compact JSON, members in the order of ``_ORDER`` and ``_STATEMENT_ORDER`` |
| a Statement that is an object | a list of one |
| a list of one Action, Resource or value of a Condition | the element |
| Effect ``allow`` | ``Allow`` |
| an account's number as Principal | the ARN of the account's root; duplicates once |
| no Version | none, but it is shown as 2008-10-17 |

Two documents with the same kept form are the same policy, so that to put one again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ddbengine.errors import ValidationException
from ddbengine.limits import RESOURCE_POLICY_MAX_BYTES
from ddbengine.schema.refusals import invalid

_DEFAULT_VERSION = "2008-10-17"
_ORDER = ("Version", "Id", "Statement")
_STATEMENT_ORDER = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
)
_REQUIRED = (("Effect",), ("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_EFFECTS = {"allow": "Allow", "deny": "Deny"}
_ACCOUNT = re.compile(r"\d{12}")
_OF_STREAMS = frozenset({"dynamodb:describestream", "dynamodb:getrecords", "dynamodb:getsharditerator"})


def kept_policy(text: str, of_stream: bool = False) -> str:
    """The form in which a policy is kept; raise ValidationException for a text that is none."""
    if len(text.encode()) > RESOURCE_POLICY_MAX_BYTES:
        raise invalid(f"Maximum policy size of {RESOURCE_POLICY_MAX_BYTES} bytes exceeded")
    document = _parsed(text)
    statements = document.get("Statement", ())
    statements = [statements] if isinstance(statements, dict) else statements
    if not statements or not isinstance(statements, list):
        raise _bad("Could not parse the policy: Statement is empty!")
    kept = [_kept_statement(statement, text) for statement in statements]
    _check_identities(kept)
    for statement in kept:
        _check_bounded(statement)
        if not of_stream:
            _check_actions(statement)
    return _json(_ordered({**document, "Statement": kept}, _ORDER))


def shown_policy(kept: str) -> str:
    """A kept policy as GetResourcePolicy answers it."""
    document = orjson.loads(kept)
    return kept if "Version" in document else _json({"Version": _DEFAULT_VERSION, **document})


def _bad(problem: str) -> ValidationException:
    return invalid(f"Invalid policy document: {problem}")


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _bad("This policy contains invalid Json") from error
    if isinstance(document, list):
        raise _bad("This policy contains invalid Json")
    if not isinstance(document, dict):
        raise _bad("This text appears not to be a policy")
    if not document:
        raise _syntax_error(text, len(text))
    return document


def _syntax_error(text: str, place: int) -> ValidationException:
    """At a place in the text, behind which the service says it is."""
    line = text.count("\n", 0, place) + 1
    return _bad(f"Syntax error at position ({line},{place - (text.rfind(chr(10), 0, place) + 1) + 1})")


def _kept_statement(statement: Any, text: str) -> dict[str, Any]:
    if not isinstance(statement, dict):
        raise _syntax_error(text, len(text))
    for names in _REQUIRED:
        if not any(name in statement for name in names):
            raise _bad(f"Missing required field {names[0]}")
    effect = _EFFECTS.get(str(statement["Effect"]).lower())
    if effect is None:
        raise _bad(f"Invalid effect: {statement['Effect']}")
    kept = {name: _single(value) for name, value in statement.items()}
    kept["Effect"] = effect
    for name in ("Principal", "NotPrincipal"):
        if name in statement:
            kept[name] = _kept_principal(statement[name], text)
    if "Condition" in statement:
        kept["Condition"] = _kept_condition(statement["Condition"], text)
    return _ordered(kept, _STATEMENT_ORDER)


def _kept_principal(principal: Any, text: str) -> Any:
    if principal == "*":
        return principal
    if not isinstance(principal, dict):
        raise _syntax_error(text, max(text.find(str(principal)), 0) + len(str(principal)) + 1)
    return {kind: _kept_names(names) if kind == "AWS" else _single(names) for kind, names in principal.items()}


def _kept_names(names: Any) -> Any:
    listed = names if isinstance(names, list) else [names]
    return _single(list(dict.fromkeys(_root_of(str(name)) for name in listed)))


def _root_of(name: str) -> str:
    return f"arn:aws:iam::{name}:root" if _ACCOUNT.fullmatch(name) else name


def _kept_condition(condition: Any, text: str) -> Any:
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise _syntax_error(text, len(text))
    return {test: {key: _single(values) for key, values in keys.items()} for test, keys in condition.items()}


def _single(value: Any) -> Any:
    """A list of one as its element."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _check_identities(statements: Sequence[Mapping[str, Any]]) -> None:
    identities = [statement["Sid"] for statement in statements if "Sid" in statement]
    if len({str(identity) for identity in identities}) < len(identities):
        raise _bad("The Statement Ids in the policy are not unique")


def _check_bounded(statement: Mapping[str, Any]) -> None:
    everybody = statement.get("Principal") in ("*", {"AWS": "*"})
    if everybody and statement["Effect"] == "Allow" and not statement.get("Condition"):
        raise ValidationException(
            "Resource-based policy grants unbounded access in one or more elements. "
            "Please revise the policy to ensure least-privilege form of access"
        )


def _check_actions(statement: Mapping[str, Any]) -> None:
    """A table's policy may not speak of its stream, which has one of its own."""
    actions = statement.get("Action", statement.get("NotAction", ()))
    listed = actions if isinstance(actions, list) else [actions]
    foreign = [action for action in listed if str(action).lower() in _OF_STREAMS]
    if foreign:
        quoted = ", ".join(f'"{action}"' for action in reversed(foreign))
        raise _bad(f"The following action names are invalid: {quoted}")


def _ordered(members: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Members in an order; those it does not name come last, as they came."""
    known = {name: members[name] for name in order if name in members}
    return {**known, **members}


def _json(document: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(document).decode()
    except TypeError as error:  # nested more deeply than can be written, though it could be read
        raise _bad("This policy contains invalid Json") from error
