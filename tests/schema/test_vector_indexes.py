"""What CreateTable and UpdateTable refuse of vector indexes, in the words of the service (FACTS 5.15)."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import ApiError, LimitExceededException, ValidationException
from ddbengine.schema.create import table_definition
from ddbengine.schema.table import KeyAttribute, SearchElement, VectorSpace
from ddbengine.schema.update import apply_table_changes, draft_of
from ddbengine.schema.update_indexes import apply_index_actions
from ddbengine.schema.update_request import check_update
from tests import tables
from tests.schema.test_create import INVALID, schema_of
from tests.tables import vector_index

PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
ON_DEMAND_ONLY = f"{INVALID}Vector indexes are only supported for PAY_PER_REQUEST tables"


def refusal(*vector: dict[str, Any], **members: Any) -> str:
    with pytest.raises(ValidationException) as refused:
        table_definition(tables.table(vector=vector, **members))
    return str(refused.value.message)


def update(*existing: dict[str, Any], **request: Any) -> Any:
    """The draft of an UpdateTable request for a table with these vector indexes; raise ApiError."""
    schema = schema_of(table_definition(tables.table(vector=existing, global_=[tables.global_index("idx", "song")])))
    check_update(request)
    draft = draft_of(schema, 1e9)
    apply_table_changes(draft, request)
    apply_index_actions(draft, request, None, 50, switched=False)
    return draft


def update_refusal(*existing: dict[str, Any], **request: Any) -> ApiError:
    with pytest.raises(ApiError) as refused:
        update(*existing, **request)
    return refused.value


def undeclared(index: dict[str, Any]) -> dict[str, Any]:
    return {**index, "types": {}}


# --- CreateTable ------------------------------------------------------------------------------------------------------


def test_a_vector_index_is_what_was_asked_for() -> None:
    request = tables.table(vector=[vector_index("near", "v", 4, "EUCLIDEAN", partition="tenant", filters=["year:N"])])
    (index,) = schema_of(table_definition(request)).vector_indexes
    tenant, year = KeyAttribute("tenant", "S"), KeyAttribute("year", "N")
    elements = (SearchElement(tenant, True), SearchElement(year, False))
    assert index.vector == VectorSpace("v", 4, "EUCLIDEAN", elements)
    assert (index.partition, index.sort, index.filters) == ((tenant,), (), (year,))
    assert index.number == 2


def test_a_vector_index_of_a_provisioned_table_is_refused() -> None:
    assert refusal(vector_index("near"), **PROVISIONED) == ON_DEMAND_ONLY


def test_an_undefined_attribute_in_a_search_schema_is_refused() -> None:
    message = f"{INVALID}One element in SearchSchema is not defined in attribute definitions"
    assert refusal(undeclared(vector_index("near", partition="tenant"))) == message
    assert refusal(undeclared(vector_index("near", filters=["year"]))) == message


def test_an_attribute_in_a_search_schema_is_used() -> None:
    table_definition(tables.table(vector=[vector_index("near", filters=["year:N"])]))


def test_a_definition_that_neither_key_nor_search_schema_uses_is_refused() -> None:
    request = tables.table(vector=[vector_index("near", partition="tenant")])
    request["AttributeDefinitions"].append({"AttributeName": "other", "AttributeType": "S"})
    with pytest.raises(ValidationException, match="keys used: \\[pk, tenant\\]"):
        table_definition(request)


def test_more_than_4096_dimensions_are_refused() -> None:
    assert refusal(vector_index("near", dimensions=4097)) == (
        f"{INVALID}Number of dimensions must be between 1 and 4096 inclusive."
    )
    table_definition(tables.table(vector=[vector_index("near", dimensions=4096)]))


def test_more_than_five_vector_indexes_are_refused() -> None:
    six = [vector_index(f"near-{number}") for number in range(6)]
    assert refusal(*six) == f"{INVALID}VectorIndex count exceeds the per-table limit of 5"
    table_definition(tables.table(vector=six[:5]))


def test_indexes_on_one_attribute_have_as_many_dimensions() -> None:
    assert refusal(vector_index("one"), vector_index("two", dimensions=4)) == (
        f"{INVALID}Conflicting attribute definition for 'v'. "
        "All VectorIndexes on the same vector attribute must use the same dimensions."
    )
    table_definition(tables.table(vector=[vector_index("one"), vector_index("two", "w", dimensions=4)]))


def test_a_vector_attribute_with_a_definition_is_refused() -> None:
    assert refusal(vector_index("near", "pk")) == (
        f"{INVALID}Conflicting attribute definition for 'pk'. "
        "An attribute cannot be defined in AttributeDefinitions when used as a VectorAttribute."
    )


def test_an_index_name_is_there_once_among_indexes_of_all_kinds() -> None:
    assert refusal(vector_index("same"), vector_index("same")) == f"{INVALID}Duplicate index name: same"
    assert refusal(vector_index("same"), global_=[tables.global_index("same", "g")]) == (
        f"{INVALID}Duplicate index name: same"
    )


def test_an_empty_list_of_vector_indexes_is_refused() -> None:
    assert refusal(VectorIndexes=[]) == f"{INVALID}List of VectorIndexes is empty"


def test_a_projection_that_does_not_say_what_it_includes_is_refused() -> None:
    assert refusal(vector_index("near", projection={"ProjectionType": "INCLUDE"})) == (
        f"{INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified"
    )


# --- UpdateTable ------------------------------------------------------------------------------------------------------


def test_an_added_index_brings_the_definitions_of_its_search_schema() -> None:
    added = update(**tables.creation(vector_index("near", partition="tenant", filters=["year:N"])))
    assert added.created.number == 50
    assert added.finished().attribute_types == {"pk": "S", "song": "S", "tenant": "S", "year": "N"}


def test_a_deleted_index_takes_along_the_definitions_that_nothing_else_uses() -> None:
    existing = [vector_index("one", partition="tenant", filters=["song"]), vector_index("two", filters=["year:N"])]
    deleted = update(*existing, VectorIndexUpdates=[{"Delete": {"IndexName": "one"}}])
    assert deleted.finished().attribute_types == {"pk": "S", "song": "S", "year": "N"}
    assert [index.name for index in deleted.finished().vector_indexes] == ["two"]


def test_the_request_itself_has_to_define_the_search_schema() -> None:
    request = tables.creation(vector_index("near", partition="song"))
    del request["AttributeDefinitions"]
    assert update_refusal(**request).message == (
        f"{INVALID}One element in SearchSchema is not defined in attribute definitions"
    )


def test_a_sixth_vector_index_is_above_the_limit() -> None:
    five = [vector_index(f"near-{number}") for number in range(5)]
    error = update_refusal(*five, **tables.creation(vector_index("more")))
    assert isinstance(error, LimitExceededException)
    assert error.message == "Subscriber limit exceeded: Number of vector secondary indexes exceeds per-table limit of 5"


def test_two_vector_indexes_at_a_time_are_refused() -> None:
    updates = [
        *tables.creation(vector_index("one"))["VectorIndexUpdates"],
        *tables.creation(vector_index("two"))["VectorIndexUpdates"],
    ]
    error = update_refusal(VectorIndexUpdates=updates)
    assert isinstance(error, LimitExceededException)
    assert error.message == (
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    )


def test_a_vector_index_and_a_global_one_are_two() -> None:
    request = tables.creation(vector_index("one"))
    error = update_refusal(**request, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "idx"}}])
    assert isinstance(error, LimitExceededException)


def test_the_vector_attribute_cannot_be_a_key_of_the_table() -> None:
    assert update_refusal(**tables.creation(vector_index("near", "pk", 4))).message == (
        f"{INVALID}Attributes cannot be redefined. Please check that your attribute has the same type as previously "
        "defined. Existing schema: Schema:[SchemaElement: key{pk:S:HASH}] "
        "New schema: VectorIndexSchema:[VectorAttribute: key{pk:L:4}]"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("near", "Attempting to create an index which already exists"),
        ("idx", "Attempting to create an index which already exists"),
    ],
)
def test_a_name_that_is_taken_is_refused(name: str, message: str) -> None:
    assert update_refusal(vector_index("near"), **tables.creation(vector_index(name))).message == message


def test_other_dimensions_than_an_existing_index_are_refused() -> None:
    error = update_refusal(vector_index("near"), **tables.creation(vector_index("other", dimensions=5)))
    assert "All VectorIndexes on the same vector attribute must use the same dimensions." in str(error.message)


def test_a_table_with_vector_indexes_stays_on_demand() -> None:
    assert update_refusal(vector_index("near"), **PROVISIONED).message == ON_DEMAND_ONLY


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ([{}], "One of VectorIndexUpdate.Create, VectorIndexUpdate.Delete must not be null"),
        (
            [{**tables.creation(vector_index("one"))["VectorIndexUpdates"][0], "Delete": {"IndexName": "one"}}],
            "Only one vector index action is allowed per VectorIndexUpdate object",
        ),
        ([], "List of VectorIndexUpdates is empty"),
    ],
)
def test_updates_without_one_action_are_refused(updates: list[dict[str, Any]], message: str) -> None:
    error = update_refusal(VectorIndexUpdates=updates, DeletionProtectionEnabled=True)
    assert error.message == f"{INVALID}{message}"


def test_an_unknown_vector_index_cannot_be_deleted() -> None:
    error = update_refusal(VectorIndexUpdates=[{"Delete": {"IndexName": "idx"}}])
    assert (error.code, error.message) == (
        "ResourceNotFoundException",
        "Requested resource not found: Index idx for table Music",
    )
