"""What CreateTable refuses, in the words and the order of the service (FACTS 5.9)."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import ValidationException
from ddbengine.schema.create import TableDefinition, TableIdentity, table_definition
from ddbengine.schema.table import TableSchema
from tests.engine.control_plane import definitions, index, key, on_demand, provisioned, units

INVALID = "One or more parameter values were invalid: "
SAME_NAME = "Both the Hash Key and the Range Key element in the KeySchema have the same name"
NOT_HASH = "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
NOT_RANGE = "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
IDENTITY = TableIdentity(
    "Music", "", "arn:aws:dynamodb:us-east-1:0:table/Music", "id", "us-east-1", "0", 1_790_000_000.5
)


def refusal(request: dict[str, Any]) -> str:
    with pytest.raises(ValidationException) as refused:
        table_definition(request)
    return str(refused.value.message)


def schema_of(definition: TableDefinition, first_number: int = 1) -> TableSchema:
    return definition.schema(IDENTITY, first_number)


def hashed(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "HASH"} for name in names]


def ranged(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "RANGE"} for name in names]


# --- billing ----------------------------------------------------------------------------------------------------------


def test_units_on_an_on_demand_table_are_refused() -> None:
    assert refusal(on_demand(ProvisionedThroughput=units(1, 1))) == (
        f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST"
    )


@pytest.mark.parametrize("members", [{"BillingMode": "PROVISIONED"}, {}])
def test_a_provisioned_table_needs_units(members: dict[str, str]) -> None:
    request = on_demand()
    del request["BillingMode"]
    assert refusal({**request, **members}) == (
        f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
    )


@pytest.mark.parametrize(
    ("read", "write", "named"),
    [(10**12 + 1, 1, "ReadCapacityUnits"), (1, 10**12 + 1, "WriteCapacityUnits")],
)
def test_more_than_a_million_million_units_are_out_of_bounds(read: int, write: int, named: str) -> None:
    assert refusal(provisioned(read=read, write=write)) == f"Given value 1000000000001 for {named} is out of bounds"


def test_read_units_out_of_bounds_are_named_before_write_units() -> None:
    assert "ReadCapacityUnits" in refusal(provisioned(read=10**13, write=10**13))


def test_a_million_million_units_are_accepted() -> None:
    assert table_definition(provisioned(read=10**12, write=10**12)).billing_mode == "PROVISIONED"


@pytest.mark.parametrize("value", [0, -1, -2])
def test_on_demand_maxima_start_at_one(value: int) -> None:
    assert refusal(on_demand(OnDemandThroughput={"MaxWriteRequestUnits": value})) == (
        f"{INVALID}Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"
    )


def test_on_demand_maxima_need_an_on_demand_table() -> None:
    assert refusal(provisioned(OnDemandThroughput={"MaxReadRequestUnits": 5})) == (
        f"{INVALID}MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is "
        "PROVISIONED."
    )


def test_warm_throughput_starts_where_on_demand_starts() -> None:
    message = refusal(on_demand(WarmThroughput={"ReadUnitsPerSecond": 11_999}))
    assert message.startswith(
        f"{INVALID}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for "
        "OnDemand. See: https://docs.aws.amazon.com/"
    )


def test_warm_throughput_is_at_least_what_is_provisioned() -> None:
    assert refusal(provisioned(WarmThroughput={"ReadUnitsPerSecond": 10, "WriteUnitsPerSecond": 4})) == (
        f"{INVALID}Requested WriteUnitsPerSecond for WarmThroughput for table is lower than WriteCapacityUnits of "
        "ProvisionedThroughput"
    )


# --- the table's key --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["AttributeDefinitions", "KeySchema"])
def test_definitions_and_key_are_needed(member: str) -> None:
    request = on_demand()
    del request[member]
    path = member[0].lower() + member[1:]
    assert refusal(request) == (
        f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
    )


def test_three_key_elements_are_too_many_for_a_table() -> None:
    request = on_demand(
        AttributeDefinitions=definitions(a="S", b="S", c="S"), KeySchema=[*hashed("a"), *ranged("b", "c")]
    )
    assert refusal(request) == (
        "1 validation error detected: Value '[KeySchemaElement(attributeName=a, keyType=HASH), "
        "KeySchemaElement(attributeName=b, keyType=RANGE), KeySchemaElement(attributeName=c, keyType=RANGE)]' "
        "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2"
    )


def test_an_attribute_defined_twice_is_refused() -> None:
    request = on_demand(AttributeDefinitions=[*definitions(Artist="S", Song="S"), *definitions(Song="N")])
    assert refusal(request) == "Attribute Name is duplicated: Song"


@pytest.mark.parametrize("elements", [key("a", "b"), key("a", "a")])
def test_more_key_elements_than_definitions_are_refused(elements: list[dict[str, str]]) -> None:
    request = on_demand(AttributeDefinitions=definitions(a="S"), KeySchema=elements)
    assert refusal(request) == "Invalid KeySchema: Some index key attribute have no definition"


def test_an_undefined_key_attribute_is_listed_beside_the_definitions() -> None:
    request = on_demand(AttributeDefinitions=definitions(a="S", b="S"), KeySchema=key("a", "c"))
    assert refusal(request) == (
        f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [a, c], AttributeDefinitions: [a, b]"
    )


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (key("a", "a"), SAME_NAME),
        (hashed("a", "a"), SAME_NAME),
        (ranged("a", "b"), NOT_HASH),
        ([*ranged("a"), *hashed("b")], NOT_HASH),
        (hashed("a", "b"), NOT_RANGE),
    ],
)
def test_a_table_key_is_a_hash_and_then_a_range(elements: list[dict[str, str]], message: str) -> None:
    assert refusal(on_demand(AttributeDefinitions=definitions(a="S", b="S"), KeySchema=elements)) == message


def test_a_definition_no_key_uses_is_refused() -> None:
    request = on_demand(AttributeDefinitions=definitions(Artist="S", Song="S", Year="N"))
    assert refusal(request) == (
        f"{INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions"
    )


def test_a_definition_neither_table_nor_index_uses_is_refused_before_other_index_rules() -> None:
    request = on_demand(
        AttributeDefinitions=definitions(Artist="S", Song="S", Year="N"),
        GlobalSecondaryIndexes=[index("bySong", "Song", ProvisionedThroughput=units(1, 1))],
    )
    assert refusal(request) == (
        f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [Artist, Year, Song], "
        "keys used: [Artist, Song]"
    )


@pytest.mark.parametrize(
    ("defined", "keys", "shown", "used"),
    [
        ("pk sk a b c", "pk sk a", "sk, a, b, pk, c", "a, sk, pk"),
        ("key assignedTo roles tt", "key assignedTo tt", "tt, key, assignedTo, roles", "tt, key, assignedTo"),
        (
            "requestId from to date message",
            "requestId from to",
            "date, from, to, message, requestId",
            "requestId, from, to",
        ),
        (
            "ProductId ProductName CreatedTime ProductDescription",
            "ProductId CreatedTime ProductName",
            "ProductId, CreatedTime, ProductDescription, ProductName",
            "CreatedTime, ProductName, ProductId",
        ),
    ],
)
def test_names_in_a_refusal_come_in_the_order_of_the_services_sets(
    defined: str, keys: str, shown: str, used: str
) -> None:
    partition, sort, indexed = keys.split()
    request = on_demand(
        AttributeDefinitions=definitions(**dict.fromkeys(defined.split(), "S")),
        KeySchema=key(partition, sort),
        GlobalSecondaryIndexes=[index("idx", indexed)],
    )
    assert refusal(request) == (
        f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [{shown}], keys used: [{used}]"
    )


# --- local indexes ----------------------------------------------------------------------------------------------------


def local(*indexes: dict[str, Any], **types: str) -> dict[str, Any]:
    defined = definitions(Artist="S", Song="S", **types)
    return on_demand(AttributeDefinitions=defined, LocalSecondaryIndexes=list(indexes))


def test_an_empty_list_of_local_indexes_is_refused() -> None:
    assert refusal(local()) == f"{INVALID}List of LocalSecondaryIndexes is empty"


def test_a_local_index_needs_a_table_with_a_sort_key() -> None:
    request = on_demand(
        AttributeDefinitions=definitions(Artist="S", Year="N"),
        KeySchema=key("Artist"),
        LocalSecondaryIndexes=[index("byYear", "Artist", "Year")],
    )
    assert refusal(request) == (
        f"{INVALID}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
    )


def test_a_local_index_needs_a_sort_key_of_its_own() -> None:
    request = local(index("byYear", "Artist"))
    assert refusal(request) == f"{INVALID}Index KeySchema does not have a range key for index: byYear"


def test_a_local_index_shares_the_partition_key_of_its_table() -> None:
    assert refusal(local(index("byYear", "Year", "Song"), Year="N")) == (
        f"{INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: byYear. "
        "index hash key: Year, table hash key: Artist"
    )


def test_a_local_index_has_at_most_two_key_elements() -> None:
    assert "'localSecondaryIndexes.1.member.keySchema'" in refusal(local(index("byYear", "Artist", "Year", "Song")))


def test_the_sort_key_of_a_local_index_may_be_that_of_the_table() -> None:
    assert len(table_definition(local(index("again", "Artist", "Song"))).local_indexes) == 1


def test_five_local_indexes_are_the_most() -> None:
    names = ["a", "b", "c", "d", "e", "f"]
    types = dict.fromkeys(names, "S")
    request = local(*(index(f"by-{name}", "Artist", name) for name in names), **types)
    assert refusal(request) == f"{INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of 5"


# --- projections, of both kinds of index ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["LocalSecondaryIndexes", "GlobalSecondaryIndexes"])
@pytest.mark.parametrize(
    ("projection", "problem"),
    [
        ({}, "Unknown ProjectionType: null"),
        (
            {"ProjectionType": "ALL", "NonKeyAttributes": ["x"]},
            "ProjectionType is ALL, but NonKeyAttributes is specified",
        ),
        (
            {"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["x"]},
            "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
        ),
        ({"ProjectionType": "INCLUDE"}, "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"),
        (
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y", "x"]},
            "Duplicate element in NonKeyAttributes: x",
        ),
    ],
)
def test_a_projection_says_what_it_holds(kind: str, projection: dict[str, Any], problem: str) -> None:
    request = {**on_demand(), kind: [{**index("idx", "Artist", "Song"), "Projection": projection}]}
    assert refusal(request) == INVALID + problem


@pytest.mark.parametrize(
    ("local_names", "global_names"), [(["same", "same"], []), ([], ["same", "same"]), (["same"], ["same"])]
)
def test_indexes_of_one_table_have_different_names(local_names: list[str], global_names: list[str]) -> None:
    request = on_demand()
    if local_names:
        request["LocalSecondaryIndexes"] = [index(name, "Artist", "Song") for name in local_names]
    if global_names:
        request["GlobalSecondaryIndexes"] = [index(name, "Song") for name in global_names]
    assert refusal(request) == f"{INVALID}Duplicate index name: same"


def test_an_index_may_be_named_as_its_table() -> None:
    assert table_definition(on_demand(GlobalSecondaryIndexes=[index("Music", "Song")])).numbers_needed() == 2


# --- global indexes ---------------------------------------------------------------------------------------------------


def with_key(*elements: dict[str, str]) -> dict[str, Any]:
    """A table whose one global index has this key; every attribute is defined."""
    types = dict.fromkeys(["Artist", "Song", *(element["AttributeName"] for element in elements)], "S")
    return on_demand(
        AttributeDefinitions=definitions(**types),
        GlobalSecondaryIndexes=[{**index("idx", "Song"), "KeySchema": list(elements)}],
    )


def test_an_empty_list_of_global_indexes_is_refused() -> None:
    assert refusal(on_demand(GlobalSecondaryIndexes=[])) == f"{INVALID}List of GlobalSecondaryIndexes is empty"


def test_a_global_index_key_may_have_four_attributes_a_side() -> None:
    partition, sort = ["h1", "h2", "h3", "h4"], ["r1", "r2", "r3", "r4"]
    schema = schema_of(table_definition(with_key(*hashed(*partition), *ranged(*sort))))
    assert [attribute.name for attribute in schema.global_indexes[0].partition] == partition
    assert [attribute.name for attribute in schema.global_indexes[0].sort] == sort


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (
            hashed("a", "b", "c", "d", "e"),
            f"{INVALID}The KeySchema exceeds the maximum allowed number of HASH key attributes",
        ),
        (
            [*hashed("h"), *ranged("a", "b", "c", "d", "e")],
            f"{INVALID}The KeySchema exceeds the maximum allowed number of RANGE key attributes",
        ),
        (
            [*hashed("a"), *ranged("b"), *hashed("c")],
            f"{INVALID}All HASH key attributes must precede RANGE key attributes in the KeySchema",
        ),
        ([*hashed("a", "b"), *ranged("a")], "The KeySchema contains multiple key attributes with the same name"),
        (key("a", "a"), SAME_NAME),
        (ranged("a"), NOT_HASH),
        ([*ranged("a"), *hashed("b")], NOT_HASH),
    ],
)
def test_a_global_index_key_is_hashes_and_then_ranges(elements: list[dict[str, str]], message: str) -> None:
    assert refusal(with_key(*elements)) == message


def test_an_index_key_of_more_elements_than_definitions_is_refused_like_a_tables() -> None:
    request = on_demand(
        AttributeDefinitions=definitions(Artist="S", Song="S"),
        GlobalSecondaryIndexes=[{**index("idx", "Artist"), "KeySchema": [*hashed("Artist", "Year"), *ranged("Song")]}],
    )
    assert refusal(request) == "Invalid KeySchema: Some index key attribute have no definition"


def test_definitions_beside_an_undefined_key_come_in_the_order_of_the_services_sets() -> None:
    request = on_demand(AttributeDefinitions=definitions(pk="S", sk="S"), KeySchema=key("pk", "sk"))
    assert refusal({**request, "GlobalSecondaryIndexes": [index("idx", "q")]}) == (
        f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [q], AttributeDefinitions: [sk, pk]"
    )


def test_an_index_key_must_be_defined() -> None:
    assert refusal(on_demand(GlobalSecondaryIndexes=[index("idx", "Genre")])) == (
        f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [Genre], AttributeDefinitions: [Artist, Song]"
    )


def test_units_of_an_index_are_refused_on_demand_and_needed_when_provisioned() -> None:
    with_units, without = index("idx", "Song", ProvisionedThroughput=units(1, 1)), index("idx", "Song")
    assert refusal(on_demand(GlobalSecondaryIndexes=[with_units])) == (
        f"{INVALID}ProvisionedThroughput should not be specified for index: idx when BillingMode is PAY_PER_REQUEST"
    )
    assert refusal(provisioned(GlobalSecondaryIndexes=[without])) == (
        f"{INVALID}ProvisionedThroughput is not specified for index: idx"
    )


def test_maxima_and_warm_throughput_of_an_index_name_the_index() -> None:
    maxima = index("idx", "Song", OnDemandThroughput={"MaxReadRequestUnits": 0})
    assert refusal(on_demand(GlobalSecondaryIndexes=[maxima])) == (
        f"{INVALID}Requested MaxReadRequestUnits for OnDemandThroughput for index : idx is outside of valid range"
    )
    warm = index("idx", "Song", WarmThroughput={"WriteUnitsPerSecond": 3_999})
    assert refusal(on_demand(GlobalSecondaryIndexes=[warm])).startswith(
        f"{INVALID}Requested WriteUnitsPerSecond for WarmThroughput for index idx is lower than initial throughput"
    )


def test_twenty_global_indexes_are_the_most() -> None:
    indexes = [index(f"idx{number}", "Song") for number in range(21)]
    assert table_definition(on_demand(GlobalSecondaryIndexes=indexes[:20])).numbers_needed() == 21
    assert refusal(on_demand(GlobalSecondaryIndexes=indexes)) == (
        f"{INVALID}GlobalSecondaryIndex count exceeds the per-table limit of 20"
    )


def test_a_hundred_projected_names_over_all_indexes_are_the_most() -> None:
    names = [f"a{number}" for number in range(20)]
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": names}
    indexes = [{**index(f"idx{number}", "Song"), "Projection": projection} for number in range(6)]
    assert table_definition(on_demand(GlobalSecondaryIndexes=indexes[:5])).numbers_needed() == 6
    assert "per-table limit of 100" in refusal(on_demand(GlobalSecondaryIndexes=indexes))


# --- what comes after the keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        ({"StreamEnabled": True}, "Table is being created with a stream enabled, UpdateViewType is required"),
        (
            {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"},
            "Table is being created with a stream disabled, UpdateViewType should not be specified",
        ),
    ],
)
def test_a_stream_has_a_view_type_exactly_when_it_is_on(stream: dict[str, Any], problem: str) -> None:
    assert refusal(on_demand(StreamSpecification=stream)) == INVALID + problem


@pytest.mark.parametrize(
    ("encryption", "problem"),
    [
        ({"Enabled": False, "SSEType": "KMS"}, "SSEType can not be specified if Enabled is false"),
        ({"Enabled": False, "KMSMasterKeyId": "k"}, "KMSMasterKeyId can not be specified if Enabled is false"),
        ({"Enabled": True, "SSEType": "AES256"}, "SSEType AES256 is not supported"),
        ({"Enabled": True, "KMSMasterKeyId": "k"}, "SSEType KMS is required if KMSMasterKeyId is specified"),
    ],
)
def test_encryption_members_fit_together(encryption: dict[str, Any], problem: str) -> None:
    assert refusal(on_demand(SSESpecification=encryption)) == INVALID + problem


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("", "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        ("null", "This text appears not to be a policy"),
        ("{}", "Syntax error at position (1,3)"),
    ],
)
def test_a_resource_policy_is_a_json_object(policy: str, problem: str) -> None:
    assert refusal(on_demand(ResourcePolicy=policy)) == f"{INVALID}Invalid policy document: {problem}"


def test_tags_are_checked_as_tag_resource_checks_them() -> None:
    assert refusal(on_demand(Tags=[{"Key": "aws:x", "Value": ""}])) == (
        "Tag Key cannot be prefixed with aws:, Key: aws:x"
    )
    assert table_definition(on_demand(Tags=[])).tags == {}


@pytest.mark.parametrize("members", [{"GlobalTableSourceArn": "arn:aws:dynamodb:x:0:table/t"}])
def test_what_is_not_built_yet_is_refused_and_named(members: dict[str, Any]) -> None:
    assert refusal(on_demand(**members)) == f"{INVALID}{next(iter(members))} is not supported yet"


def test_table_and_indexes_take_numbers_in_order() -> None:
    request = on_demand(
        LocalSecondaryIndexes=[index("local", "Artist", "Song")],
        GlobalSecondaryIndexes=[index("global", "Song")],
    )
    definition = table_definition(request)
    schema = schema_of(definition, 7)
    assert definition.numbers_needed() == 3
    assert [schema.number, *(each.number for each in schema.indexes)] == [7, 8, 9]


# --- which problem wins -----------------------------------------------------------------------------------------------

IN_ORDER: list[dict[str, Any]] = [
    {"ProvisionedThroughput": units(1, 1)},
    {"AttributeDefinitions": [*definitions(Artist="S"), *definitions(Artist="S")]},
    {"AttributeDefinitions": definitions(Artist="S")},
    {"KeySchema": key("Artist", "Artist")},
    {"LocalSecondaryIndexes": [index("same", "Artist")]},
    {"GlobalSecondaryIndexes": [index("same", "Song", ProvisionedThroughput=units(1, 1))]},
    {"StreamSpecification": {"StreamEnabled": True}},
    {"SSESpecification": {"SSEType": "AES256"}},
    {"ResourcePolicy": "x"},
    {"Tags": [{"Key": "#", "Value": ""}]},
]


@pytest.mark.parametrize("position", range(len(IN_ORDER) - 1))
def test_the_first_problem_in_the_services_order_wins(position: int) -> None:
    later = {member: value for problem in reversed(IN_ORDER[position:]) for member, value in problem.items()}
    assert refusal(on_demand(**later)) == refusal(on_demand(**IN_ORDER[position]))
