"""The operations of global tables, as the service answers them where there is none (FACTS 5.16).

A table here is in one region.  The old kind of global tables (2017.11.29) cannot be made at the service any more
either: its operations find nothing, and what would make one is refused.  DescribeTableReplicaAutoScaling and
UpdateTableReplicaAutoScaling speak of the new kind, and find none.
"""

from __future__ import annotations

from typing import Any, NoReturn

import orjson

from ddbengine.engine.account import FixedAnswer
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.errors import GlobalTableNotFoundException, ResourceNotFoundException, ValidationException
from ddbengine.schema.refusals import invalid
from ddbengine.storage.store import Plan

_NONE = FixedAnswer(orjson.dumps({"GlobalTables": []}))


def list_global_tables(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return _NONE


def create_global_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> NoReturn:
    raise _unsupported()


def update_global_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> NoReturn:
    if not request["ReplicaUpdates"]:
        raise ValidationException("One or more parameter values were invalid")
    if any("Create" in update for update in request["ReplicaUpdates"]):
        raise _unsupported()
    raise GlobalTableNotFoundException(_missing(request["GlobalTableName"]))


def describe_global_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> NoReturn:
    raise GlobalTableNotFoundException(f"Global table not found: {_missing(request['GlobalTableName'])}")


def describe_global_table_settings(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> NoReturn:
    raise GlobalTableNotFoundException(_missing(request["GlobalTableName"]))


def update_global_table_settings(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> NoReturn:
    raise GlobalTableNotFoundException(_missing(request["GlobalTableName"]))


def describe_table_replica_auto_scaling(
    surroundings: Surroundings, caller: Caller, request: dict[str, Any]
) -> NoReturn:
    raise _no_replicas(surroundings, caller, request)


def update_table_replica_auto_scaling(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> NoReturn:
    raise _no_replicas(surroundings, caller, request)


def _no_replicas(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> ResourceNotFoundException:
    name = surroundings.catalog.plain_name(surroundings.namespace(caller), request["TableName"])
    return ResourceNotFoundException(_missing(name))


def _missing(name: str) -> str:
    return f"Global table with name: '{name}' does not exist."


def _unsupported() -> ValidationException:
    return invalid(
        "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
        "2019.11.21, instead of version 2017.11.29 (Legacy)."
    )
