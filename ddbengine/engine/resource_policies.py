"""PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy: policies of tables and streams (FACTS 5.16).

A policy is kept in its table's schema and goes with the table.  It is never evaluated: whoever has keys may do
everything.  A change is seen at once, and another one may follow at once; the service takes seconds to show a change
and lets a policy be changed once in 15 seconds.

| ResourceArn | answer |
| --- | --- |
| does not start with ``arn:`` | ValidationException ``... ARNs must start with 'arn:': <as sent>`` |
| of another kind of resource | ValidationException ``... Provided Arn is not a DynamoDB resource arn: <as sent>`` |
| of an index | ValidationException ``... only table or stream is accepted ...`` |
| of another account | ValidationException ``This action is only supported by accounts that match ...`` |
| of another region or partition | ValidationException ``... Invalid resource Arn: <as sent>`` |
| of what is not there | ResourceNotFoundException |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.errors import PolicyNotFoundException, ResourceNotFoundException
from ddbengine.schema import arns
from ddbengine.schema.policies import kept_policy, shown_policy
from ddbengine.schema.refusals import in_use, invalid, not_our_account
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import DELETING, running_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes
from ddbengine.streams.rows import find_stream

_NO_POLICY = "NO_POLICY"
"""An ExpectedRevisionId that says there is to be none."""
_SETTING = "ResourcePolicies"


@dataclass(frozen=True, slots=True)
class PolicyHolder:
    """A table, or one of its streams, that a request names by ARN."""

    surroundings: Surroundings
    namespace: str
    arn: str
    table_name: str
    label: str
    """Of the stream; empty for the table itself."""

    def find(self, txn: ReadTxn) -> TableSchema | None:
        """The table; None for a stream whose table is gone.  Raise ResourceNotFoundException."""
        if not self.label:
            return self.surroundings.catalog.established_table(txn, self.namespace, self.table_name)
        stream = find_stream(txn, self.namespace, self.table_name, self.label)
        if stream is None:
            raise ResourceNotFoundException(
                f"Requested resource not found: Stream: {self.label} not found for Table: {self.table_name}"
            )
        schema = self.surroundings.catalog.find(txn, self.namespace, self.table_name)
        return schema if schema is not None and schema.number == stream.table_number else None

    def to_change(self, txn: ReadTxn) -> TableSchema:
        schema = self.find(txn)
        if schema is None:
            raise ResourceNotFoundException(f"Requested resource not found: Table: {self.table_name} not found")
        running = running_transition(schema, self.surroundings.clock())
        if running is not None and running.status == DELETING:
            raise in_use(f"Table is being deleted: {schema.name}")
        return schema

    def check_revision(self, current: Mapping[str, str], expected: str | None) -> None:
        """Raise PolicyNotFoundException when the policy is not the one a request expects."""
        if expected is None:
            return
        revision = current["RevisionId"] if "Policy" in current else None
        if expected == _NO_POLICY:
            if revision is not None:
                raise _not_found(
                    f"Requested policy update expecting none to be present for table {self.table_name}, "
                    f"but a policy exists with revision id {revision}."
                )
        elif revision is None:
            raise _not_found(
                f"Requested update for policy with revision id {expected}, "
                f"but table {self.table_name} has no associated policy."
            )
        elif revision != expected:
            raise _not_found(
                f"Requested update for policy with revision id {expected}, but the policy associated to "
                f"target table {self.table_name} has revision id {revision}."
            )

    def current(self, schema: TableSchema | None) -> Mapping[str, str]:
        """Policy and RevisionId; only the RevisionId of the deletion where one was deleted, nothing if none was."""
        policies: Mapping[str, Mapping[str, str]] = {} if schema is None else schema.settings.get(_SETTING, {})
        return policies.get(self.label, {})

    def saved(self, schema: TableSchema, policy: Mapping[str, str]) -> Writes:
        policies = {**schema.settings.get(_SETTING, {}), self.label: policy}
        return catalogs.save(replace(schema, settings={**schema.settings, _SETTING: policies}))

    def next_revision(self, current: Mapping[str, str]) -> str:
        """The time of the change in milliseconds; greater than the one before."""
        return str(max(int(self.surroundings.clock() * 1000), int(current.get("RevisionId", "0")) + 1))


def _not_found(detail: str) -> PolicyNotFoundException:
    return PolicyNotFoundException(f"Resource-based policy not found for the provided ResourceArn: {detail}")


def _holder(surroundings: Surroundings, caller: Caller, request: Mapping[str, Any]) -> PolicyHolder:
    text = request["ResourceArn"]
    if not text.startswith(arns.ARN_START):
        raise invalid(f"ARNs must start with 'arn:': {text}")
    arn = arns.parse(text)
    kind, _, rest = ("" if arn is None else arn.resource).partition("/")
    name, *below = rest.split("/")
    if arn is None or arn.service != "dynamodb" or kind != "table" or not name:
        raise invalid(f"Provided Arn is not a DynamoDB resource arn: {text}")
    if below[:1] == ["index"]:
        raise invalid(f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {text}")
    if below and (below[0] != "stream" or len(below) != 2):
        raise invalid(f"Provided Arn is not a DynamoDB resource arn: {text}")
    if arn.account_id != surroundings.account_id:
        raise not_our_account()
    if arn.partition != "aws" or (arn.region != caller.region and not surroundings.shared):
        raise invalid(f"Invalid resource Arn: {text}")
    return PolicyHolder(surroundings, surroundings.namespace(caller), text, name, below[1] if below else "")


@dataclass(frozen=True, slots=True)
class PutResourcePolicy:
    holder: PolicyHolder
    policy: str
    """In its kept form."""
    expected: str | None
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.holder.to_change(txn)
        current = self.holder.current(schema)
        self.holder.check_revision(current, self.expected)
        if current.get("Policy") == self.policy:
            return Outcome(orjson.dumps({"RevisionId": current["RevisionId"]}))
        revision = self.holder.next_revision(current)
        saved = self.holder.saved(schema, {"Policy": self.policy, "RevisionId": revision})
        return Outcome(orjson.dumps({"RevisionId": revision}), [saved])


def put_resource_policy(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    holder = _holder(surroundings, caller, request)
    policy = kept_policy(request["Policy"], of_stream=bool(holder.label))
    return PutResourcePolicy(holder, policy, request.get("ExpectedRevisionId"))


@dataclass(frozen=True, slots=True)
class GetResourcePolicy:
    holder: PolicyHolder
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        current = self.holder.current(self.holder.find(txn))
        if "Policy" not in current:
            raise _not_found(self.holder.arn)
        return Outcome(orjson.dumps({"Policy": shown_policy(current["Policy"]), "RevisionId": current["RevisionId"]}))


def get_resource_policy(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return GetResourcePolicy(_holder(surroundings, caller, request))


@dataclass(frozen=True, slots=True)
class DeleteResourcePolicy:
    """Answers with the revision that was deleted; where there is none, with that of its deletion, if there was one."""

    holder: PolicyHolder
    expected: str | None
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.holder.to_change(txn)
        current = self.holder.current(schema)
        self.holder.check_revision(current, self.expected)
        revision = {member: current[member] for member in ("RevisionId",) if member in current}
        if "Policy" not in current:
            return Outcome(orjson.dumps(revision))
        saved = self.holder.saved(schema, {"RevisionId": self.holder.next_revision(current)})
        return Outcome(orjson.dumps(revision), [saved])


def delete_resource_policy(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DeleteResourcePolicy(_holder(surroundings, caller, request), request.get("ExpectedRevisionId"))
