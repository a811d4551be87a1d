"""Guards: what is declared about requests stays true of the model it is declared about."""

from __future__ import annotations

import pytest

from ddbengine.api.constraint_tables import ADJUSTMENTS, TABLES
from ddbengine.api.constraints import compile_constraints
from ddbengine.api.model import SERVICE, STREAMS_SERVICE, Model, load
from ddbengine.api.shapes import compile_shape
from ddbengine.engine.operations import STREAM_OPERATIONS

EXACT = [
    "CreateTable",
    "DescribeTable",
    "ListTables",
    "UpdateTable",
    "DeleteTable",
    "DescribeLimits",
    "DescribeEndpoints",
    "TagResource",
    "UntagResource",
    "ListTagsOfResource",
    "PutItem",
    "GetItem",
    "UpdateItem",
    "DeleteItem",
    "BatchGetItem",
    "BatchWriteItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    *sorted(STREAM_OPERATIONS),
]


def model_of(operation: str) -> Model:
    return load(STREAMS_SERVICE if operation in STREAM_OPERATIONS else SERVICE)


@pytest.mark.parametrize("operation", EXACT)
def test_every_operation_the_facts_speak_of_has_a_table(operation: str) -> None:
    assert operation in TABLES


@pytest.mark.parametrize("operation", sorted(TABLES))
def test_a_table_names_only_members_of_its_operation(operation: str) -> None:
    table, members = TABLES[operation], model_of(operation).input(operation).members
    assert set(table.order) <= members.keys()
    assert len(set(table.order)) == len(table.order)
    assert table.departures.keys() <= members.keys()
    assert set(table.required) <= members.keys()


@pytest.mark.parametrize("operation", sorted(TABLES))
def test_a_table_bounds_only_lengths_that_exist(operation: str) -> None:
    model = model_of(operation)
    for route in TABLES[operation].lengths:
        shape = model.input(operation)
        for member in route.split("."):
            shape = model.shapes[shape.members[member]]
            while shape.type == "list" and member != route.rpartition(".")[2]:
                shape = model.shapes[shape.element]
        assert shape.type in ("list", "map", "string")


def test_the_order_of_an_enum_changes_none_of_its_members() -> None:
    shapes = load().shapes
    for name, members in ADJUSTMENTS.enums.items():
        assert sorted(members) == sorted(shapes[name].enum), name


def test_adjusted_orders_and_lengths_are_of_shapes_in_the_model_and_differ_from_it() -> None:
    shapes = load().shapes
    for name, order in ADJUSTMENTS.orders.items():
        assert set(order) <= shapes[name].members.keys(), name
        assert order != tuple(shapes[name].members)[: len(order)], name
    for name, members in ADJUSTMENTS.enums.items():
        assert members != shapes[name].enum, name
    assert ADJUSTMENTS.lengths.keys() <= shapes.keys()


@pytest.mark.parametrize("service", [SERVICE, STREAMS_SERVICE])
def test_every_operation_of_the_model_compiles(service: str) -> None:
    model = load(service)
    for operation in model.operations:
        compile_shape(model, model.input(operation))
        compile_constraints(model, operation, TABLES.get(operation, TABLES["DescribeLimits"]), ADJUSTMENTS)
