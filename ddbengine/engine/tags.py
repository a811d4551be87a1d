"""TagResource, UntagResource and ListTagsOfResource: tags of a table, kept in its schema (FACTS 5.12).

| ResourceArn | answer |
| --- | --- |
| does not start with ``arn:`` | ValidationException ``... ARNs must start with 'arn:': <as sent>`` |
| of another kind of resource | ValidationException ``... Provided Arn is not a DynamoDB resource arn: <as sent>`` |
| of an index | ValidationException ``... only table or stream is accepted ...`` |
| of another region | ValidationException ``Invalid TableArn: Invalid ResourceArn provided as input <as sent>`` |
| of another account | AccessDeniedException ``Access is denied`` |
| of a table that is not there | ListTagsOfResource AccessDeniedException, the others ResourceNotFoundException |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.errors import AccessDeniedException, ResourceNotFoundException, ValidationException
from ddbengine.schema import arns, tag_set
from ddbengine.schema.refusals import in_use, invalid
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import CREATING, DELETING, running_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_NO_BODY = b""


@dataclass(frozen=True, slots=True)
class Resource:
    """A table that a request names by ARN."""

    surroundings: Surroundings
    caller: Caller
    arn: str
    table_name: str

    def find(self, txn: ReadTxn) -> TableSchema | None:
        return self.surroundings.catalog.find(txn, self.surroundings.namespace(self.caller), self.table_name)

    def to_change(self, txn: ReadTxn) -> TableSchema:
        """The table, when its tags may be changed."""
        schema = self.find(txn)
        if schema is None:
            raise ResourceNotFoundException(f"Requested resource not found: ResourceArn: {self.arn} not found")
        running = running_transition(schema, self.surroundings.clock())
        if running is not None and running.status == CREATING:
            raise in_use(f"Table is being created: {schema.name}")
        if running is not None and running.status == DELETING:
            raise in_use(f"Table is being deleted: {schema.name}")
        return schema


def _resource(surroundings: Surroundings, caller: Caller, request: Mapping[str, Any]) -> Resource:
    text = request.get("ResourceArn")
    if text is None:
        raise ValidationException("Invalid TableArn")
    if not text.startswith(arns.ARN_START):
        raise invalid(f"ARNs must start with 'arn:': {text}")
    arn = arns.parse(text)
    if arn is None or arn.service != "dynamodb":
        raise invalid(f"Provided Arn is not a DynamoDB resource arn: {text}")
    kind, _, rest = arn.resource.partition("/")
    name, *below = rest.split("/")
    if kind != "table" or not name or "backup" in below[:1]:
        raise invalid(f"Provided Arn is not a DynamoDB resource arn: {text}")
    if below[:1] == ["index"]:
        raise invalid(f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {text}")
    if arn.account_id != surroundings.account_id:
        raise AccessDeniedException("Access is denied")
    if arn.partition != "aws" or (arn.region != caller.region and not surroundings.shared):
        raise ValidationException(f"Invalid TableArn: Invalid ResourceArn provided as input {text}")
    if below:
        raise ResourceNotFoundException(f"Requested resource not found: ResourceArn: {text} not found")
    return Resource(surroundings, caller, text, name)


@dataclass(frozen=True, slots=True)
class TagResource:
    resource: Resource
    tags: dict[str, str]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.resource.to_change(txn)
        tags = {**schema.tags, **self.tags}
        tag_set.check_count(tags)
        return Outcome(_NO_BODY, [catalogs.save(replace(schema, tags=tags))])


def tag_resource(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    resource = _resource(surroundings, caller, request)
    if not request["Tags"]:
        raise ValidationException("Atleast one Tag needs to be provided as Input.")
    return TagResource(resource, tag_set.checked_tags(request["Tags"]))


@dataclass(frozen=True, slots=True)
class UntagResource:
    resource: Resource
    keys: Sequence[str]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.resource.to_change(txn)
        tags = {key: value for key, value in schema.tags.items() if key not in self.keys}
        return Outcome(_NO_BODY, [catalogs.save(replace(schema, tags=tags))])


def untag_resource(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    resource = _resource(surroundings, caller, request)
    keys = request["TagKeys"]
    if not keys:
        raise ValidationException("Atleast one Tag Key needs to be provided as Input.")
    for key in keys:
        tag_set.check_key(key)
    tag_set.check_count(keys)
    return UntagResource(resource, keys)


@dataclass(frozen=True, slots=True)
class ListTagsOfResource:
    resource: Resource
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.resource.find(txn)
        if schema is None:
            raise _not_authorized(self.resource)
        return Outcome(orjson.dumps({"Tags": [{"Key": key, "Value": value} for key, value in schema.tags.items()]}))


def _not_authorized(resource: Resource) -> AccessDeniedException:
    account_id, user = resource.surroundings.account_id, resource.caller.access_key_id
    return AccessDeniedException(
        f"User: arn:aws:iam::{account_id}:user/{user} is not authorized to perform: "
        f"dynamodb:ListTagsOfResource on resource: {resource.arn}"
    )


def list_tags_of_resource(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return ListTagsOfResource(_resource(surroundings, caller, request))
