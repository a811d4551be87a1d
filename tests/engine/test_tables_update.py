"""UpdateTable: what changes of a table, what the answer shows meanwhile, and what is refused (FACTS 5.10)."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import (
    ResourceNotFoundException,
    ValidationException,
)
from tests.engine.control_plane import START, ControlPlane, definitions, index, on_demand, provisioned, units
from tests.engine.table_updates import (
    INVALID,
    NEW_IMAGE,
    change_index,
    create_index,
    delete_index,
    invalid,
    update,
)

DAY = 86_400


@pytest.fixture
def plane() -> ControlPlane:
    """An on-demand table with a local and a global index."""
    plane = ControlPlane()
    plane.call(
        "CreateTable",
        on_demand(
            LocalSecondaryIndexes=[index("local", "Artist", "Song")],
            GlobalSecondaryIndexes=[index("idx", "Song")],
        ),
    )
    return plane


@pytest.fixture
def metered() -> ControlPlane:
    """A provisioned table, 5/5, with a global index, 2/2."""
    plane = ControlPlane()
    plane.call(
        "CreateTable", provisioned(GlobalSecondaryIndexes=[index("idx", "Song", ProvisionedThroughput=units(2, 2))])
    )
    return plane


# --- what the request alone decides ---


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"AttributeDefinitions": definitions(x="S")},
        {"GlobalSecondaryIndexUpdates": []},
        {"WarmThroughput": {}},
        {"OnDemandThroughput": {}},
    ],
)
def test_a_request_without_a_change_is_refused(plane: ControlPlane, members: dict[str, Any]) -> None:
    assert invalid(plane, **members) == (
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
        "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
        "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
    )


def test_requests_are_checked_before_the_table_is_looked_up(plane: ControlPlane) -> None:
    with pytest.raises(ValidationException):
        plane.call("UpdateTable", TableName="Films")
    with pytest.raises(ResourceNotFoundException, match=r"^Requested resource not found: Table: Films not found$"):
        plane.call("UpdateTable", TableName="Films", DeletionProtectionEnabled=True)


def test_an_empty_list_of_index_updates_beside_a_change_is_refused(plane: ControlPlane) -> None:
    message = invalid(plane, GlobalSecondaryIndexUpdates=[], DeletionProtectionEnabled=True)
    assert message == f"{INVALID}List of GlobalSecondaryIndexUpdates is empty"


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        (["SSESpecification", "TableClass", "DeletionProtectionEnabled"], "Server-Side Encryption modification"),
        (["TableClass", "DeletionProtectionEnabled", "WarmThroughput"], "TableClass modification"),
        (["DeletionProtectionEnabled", "WarmThroughput", "BillingMode"], "DeletionProtection modification"),
        (["WarmThroughput", "StreamSpecification"], "WarmThroughput"),
    ],
)
def test_some_changes_stand_alone(plane: ControlPlane, members: list[str], problem: str) -> None:
    request = {
        "SSESpecification": {"Enabled": True},
        "TableClass": "STANDARD",
        "DeletionProtectionEnabled": True,
        "WarmThroughput": {"ReadUnitsPerSecond": 12_001},
        "StreamSpecification": NEW_IMAGE,
        "BillingMode": "PAY_PER_REQUEST",
    }
    message = invalid(plane, **{member: request[member] for member in members})
    assert message == f"{INVALID}{problem} must be the only operation in the request"


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 5}, "StreamSpecification": NEW_IMAGE},
            "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (
            {"ProvisionedThroughput": units(1, 1), "StreamSpecification": NEW_IMAGE},
            "You cannot modify stream status while updating table IOPS",
        ),
        (
            {"ProvisionedThroughput": units(1, 1), "GlobalSecondaryIndexUpdates": delete_index()},
            "You cannot create or delete index while updating table IOPS",
        ),
        (
            {"StreamSpecification": NEW_IMAGE, "GlobalSecondaryIndexUpdates": delete_index()},
            "You cannot create or delete index while changing stream status",
        ),
        (
            {
                "WarmThroughput": {"ReadUnitsPerSecond": 12_001},
                "GlobalSecondaryIndexUpdates": create_index("new", "Song"),
            },
            "Create global secondary index cannot be specified when updating WarmThroughput",
        ),
    ],
)
def test_some_changes_do_not_go_together(plane: ControlPlane, members: dict[str, Any], problem: str) -> None:
    assert invalid(plane, **members) == INVALID + problem


@pytest.mark.parametrize(
    ("updates", "problem"),
    [
        (
            [{}],
            "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
            "GlobalSecondaryIndexUpdate.Delete must not be null",
        ),
        (
            [{**delete_index()[0], **change_index()[0]}],
            "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object",
        ),
        (
            [*delete_index(), *create_index("idx", "Song")],
            "Only one global secondary index update per index is allowed simultaneously. Index: idx",
        ),
        (
            change_index("ghost", WarmThroughput={}),
            "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for "
            "index: ghost",
        ),
    ],
)
def test_index_updates_are_one_action_each_and_one_an_index(
    plane: ControlPlane, updates: list[dict[str, Any]], problem: str
) -> None:
    assert invalid(plane, GlobalSecondaryIndexUpdates=updates) == INVALID + problem


def replica(kind: str, region: str = "eu-west-1", **members: Any) -> list[dict[str, Any]]:
    return [{kind: {"RegionName": region, **members}}]


NO_ACTION = "There are no actions specified in the Replica Update Action of the request."
LOCAL = (
    "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as "
    "required."
)
NOT_PART = (
    "Update global table operation failed because one or more replicas were not part of the global table. Please retry "
    "the request without these replicas: [eu-west-1]."
)


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ([{}], NO_ACTION),
        (replica("Update"), NO_ACTION),
        (
            [replica("Create")[0] | replica("Delete")[0]],
            "Update table operation with more than one type of replica actions not allowed.",
        ),
        (replica("Create", "us-east-1"), LOCAL),
        (replica("Delete", "us-east-1"), LOCAL),
        (replica("Delete"), NOT_PART),
        (replica("Update", TableClassOverride="STANDARD"), NOT_PART),
        (
            replica("Create"),
            "Failed to access the region: \u2018eu-west-1\u2019. User is missing the permissions since the region is "
            "disabled.",
        ),
    ],
)
def test_a_table_has_no_replicas_and_gets_none(
    plane: ControlPlane, updates: list[dict[str, Any]], message: str
) -> None:
    before = plane.describe()
    assert invalid(plane, ReplicaUpdates=updates) == message
    assert plane.describe() == before


def test_replicas_are_changed_alone(plane: ControlPlane) -> None:
    assert invalid(plane, ReplicaUpdates=replica("Create"), DeletionProtectionEnabled=True) == (
        "Requests that modify replicas or witnesses must not also modify other fields"
    )


@pytest.mark.parametrize("consistency", [{}, {"MultiRegionConsistency": "EVENTUAL"}])
def test_witnesses_need_strong_consistency(plane: ControlPlane, consistency: dict[str, str]) -> None:
    request = {"ReplicaUpdates": replica("Create"), "GlobalTableWitnessUpdates": replica("Create", "eu-west-2")}
    assert invalid(plane, **request, **consistency) == (
        "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present."
    )


def test_witnesses_alone_are_no_change(plane: ControlPlane) -> None:
    message = invalid(plane, GlobalTableWitnessUpdates=replica("Create"), MultiRegionConsistency="STRONG")
    assert message.startswith("At least one of ProvisionedThroughput, BillingMode, ")


def test_settings_of_a_regional_table_are_not_overridden(plane: ControlPlane) -> None:
    assert invalid(plane, GlobalTableSettingsReplicationMode="ENABLED_WITH_OVERRIDES").startswith(
        "1 validation error detected: Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode'"
    )
    update(plane, GlobalTableSettingsReplicationMode="ENABLED")
    assert plane.describe()["GlobalTableSettingsReplicationMode"] == "ENABLED"


# --- provisioned throughput ---


def test_the_answer_shows_the_old_units_and_the_next_one_the_new(metered: ControlPlane) -> None:
    metered.now += 60
    answered = update(metered, ProvisionedThroughput=units(7, 5))
    assert answered["TableStatus"] == "UPDATING"
    increased = {"NumberOfDecreasesToday": 0, "LastIncreaseDateTime": round(START + 60, 3)}
    assert answered["ProvisionedThroughput"] == {**units(5, 5), **increased}
    described = metered.describe()
    assert described["TableStatus"] == "ACTIVE"
    assert described["ProvisionedThroughput"] == {**units(7, 5), **increased}


def test_decreases_are_counted_by_the_day(metered: ControlPlane) -> None:
    answered = update(metered, ProvisionedThroughput=units(4, 4))
    assert answered["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
    update(metered, ProvisionedThroughput=units(3, 4))
    described = metered.describe()["ProvisionedThroughput"]
    assert described["NumberOfDecreasesToday"] == 2
    assert described["LastDecreaseDateTime"] == round(START, 3)
    metered.now += DAY
    assert metered.describe()["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
    update(metered, ProvisionedThroughput=units(2, 4))
    assert metered.describe()["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 1


def test_one_up_and_one_down_is_an_increase_and_a_decrease(metered: ControlPlane) -> None:
    update(metered, ProvisionedThroughput=units(6, 4))
    described = metered.describe()["ProvisionedThroughput"]
    assert described["NumberOfDecreasesToday"] == 1
    assert described["LastDecreaseDateTime"] == described["LastIncreaseDateTime"] == round(START, 3)


@pytest.mark.parametrize("members", [{}, {"BillingMode": "PROVISIONED"}])
def test_units_that_are_the_same_are_refused(metered: ControlPlane, members: dict[str, str]) -> None:
    assert invalid(metered, ProvisionedThroughput=units(5, 5), **members) == (
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for the table: 5. Requested ReadCapacityUnits: 5. "
        "Current WriteCapacityUnits provisioned for the table: 5. Requested WriteCapacityUnits: 5. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )


def test_units_out_of_bounds_are_refused(metered: ControlPlane) -> None:
    assert invalid(metered, ProvisionedThroughput=units(10**12 + 1, 1)) == (
        "Given value 1000000000001 for ReadCapacityUnits is out of bounds"
    )


def test_an_on_demand_table_takes_no_units(plane: ControlPlane) -> None:
    assert invalid(plane, ProvisionedThroughput=units(1, 1)) == (
        f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST"
    )


def test_no_units_go_with_the_way_to_on_demand(metered: ControlPlane) -> None:
    assert invalid(metered, ProvisionedThroughput=units(1, 1), BillingMode="PAY_PER_REQUEST") == (
        f"{INVALID}ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST"
    )


# --- billing mode ---


def test_a_switch_under_way_shows_when_the_table_went_on_demand_before() -> None:
    plane = ControlPlane(transient_seconds=10)
    plane.call("CreateTable", on_demand())
    plane.now += 20
    switches: list[dict[str, Any]] = [
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)},
        {"BillingMode": "PAY_PER_REQUEST"},
    ]
    for switch in switches:
        mode = {"BillingMode": switch["BillingMode"]}
        before = {"LastUpdateToPayPerRequestDateTime": round(START, 3)}
        assert update(plane, **switch)["BillingModeSummary"] == mode
        assert plane.describe()["BillingModeSummary"] == mode | before
        plane.now += 20
    switched = {"LastUpdateToPayPerRequestDateTime": round(START + 40, 3)}
    assert plane.describe()["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"} | switched


def test_a_first_switch_under_way_shows_no_time() -> None:
    plane = ControlPlane(transient_seconds=10)
    plane.call("CreateTable", provisioned())
    plane.now += 20
    update(plane, BillingMode="PAY_PER_REQUEST")
    assert plane.describe()["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}


def test_a_table_goes_on_demand_with_its_indexes(metered: ControlPlane) -> None:
    warm_before = metered.describe()["WarmThroughput"]
    answered = update(metered, BillingMode="PAY_PER_REQUEST")
    assert answered["TableStatus"] == "UPDATING"
    assert answered["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    lowered = {"NumberOfDecreasesToday": 0, **units(0, 0)}
    assert answered["ProvisionedThroughput"] == {**lowered, "LastDecreaseDateTime": round(START, 3)}
    assert answered["WarmThroughput"] == warm_before
    described = metered.describe()
    assert described["ProvisionedThroughput"] == lowered
    assert described["BillingModeSummary"] == {
        "BillingMode": "PAY_PER_REQUEST",
        "LastUpdateToPayPerRequestDateTime": round(START, 3),
    }
    assert described["WarmThroughput"]["ReadUnitsPerSecond"] == 12_000
    of_index = described["GlobalSecondaryIndexes"][0]
    assert of_index["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 1,
        "LastDecreaseDateTime": round(START, 3),
        **units(0, 0),
    }
    assert of_index["WarmThroughput"]["WriteUnitsPerSecond"] == 4_000


def test_a_switch_to_on_demand_is_no_decrease_of_the_table(metered: ControlPlane) -> None:
    update(metered, ProvisionedThroughput=units(4, 4))
    lowered = {"NumberOfDecreasesToday": 1, "LastDecreaseDateTime": round(START, 3), **units(0, 0)}
    metered.now += 60
    answered = update(metered, BillingMode="PAY_PER_REQUEST")
    assert answered["ProvisionedThroughput"] == {**lowered, "LastDecreaseDateTime": round(metered.now, 3)}
    assert metered.describe()["ProvisionedThroughput"] == lowered


def test_a_table_is_provisioned_with_all_its_indexes(plane: ControlPlane) -> None:
    assert invalid(plane, BillingMode="PROVISIONED") == (
        f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
    )
    request = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(3, 3)}
    assert invalid(plane, **request) == f"{INVALID}ProvisionedThroughput must be specified for index: idx"
    update(plane, **request, GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(1, 1)))
    described = plane.describe()
    assert described["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert described["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **units(3, 3)}
    assert described["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 0,
        **units(1, 1),
    }


def test_provisioning_takes_on_demand_maxima_away_and_keeps_the_warmth(plane: ControlPlane) -> None:
    update(plane, OnDemandThroughput={"MaxReadRequestUnits": 50})
    update(plane, GlobalSecondaryIndexUpdates=change_index(OnDemandThroughput={"MaxReadRequestUnits": 50}))
    update(
        plane,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units(3, 3),
        GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(1, 1)),
    )
    described = plane.describe()
    assert "OnDemandThroughput" not in described
    assert "OnDemandThroughput" not in described["GlobalSecondaryIndexes"][0]
    assert described["WarmThroughput"]["ReadUnitsPerSecond"] == 12_000


def test_asking_an_on_demand_table_to_go_on_demand_changes_nothing(plane: ControlPlane) -> None:
    before = plane.describe()
    assert update(plane, BillingMode="PAY_PER_REQUEST")["TableStatus"] == "UPDATING"
    plane.now += 60
    assert plane.describe() == before


# --- on-demand maxima and warm throughput ---


def test_on_demand_maxima_are_merged_and_minus_one_takes_one_away(plane: ControlPlane) -> None:
    def maxima(**members: int) -> tuple[Any, Any]:
        answered = update(plane, OnDemandThroughput=members)
        assert answered["TableStatus"] == "ACTIVE"
        return answered["OnDemandThroughput"], plane.describe().get("OnDemandThroughput")

    both = {"MaxReadRequestUnits": 1000, "MaxWriteRequestUnits": 500}
    assert maxima(**both) == (both, both)
    assert maxima(MaxReadRequestUnits=-1) == (
        {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 500},
        {"MaxWriteRequestUnits": 500},
    )
    assert maxima(MaxWriteRequestUnits=-1) == ({"MaxWriteRequestUnits": -1}, None)


@pytest.mark.parametrize("value", [0, -2])
def test_on_demand_maxima_have_a_range(plane: ControlPlane, value: int) -> None:
    assert invalid(plane, OnDemandThroughput={"MaxWriteRequestUnits": value}) == (
        f"{INVALID}Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"
    )


def test_a_provisioned_table_has_no_on_demand_maxima(metered: ControlPlane) -> None:
    maxima = {"MaxReadRequestUnits": 100}
    assert invalid(metered, OnDemandThroughput=maxima) == (
        f"{INVALID}MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is "
        "PROVISIONED"
    )
    assert invalid(metered, GlobalSecondaryIndexUpdates=change_index(OnDemandThroughput=maxima)) == (
        f"{INVALID}MaxReadRequestUnits for OnDemandThroughput for index : idx cannot be specified when the table "
        "BillingMode is PROVISIONED"
    )


def test_maxima_may_be_set_by_the_request_that_goes_on_demand(metered: ControlPlane) -> None:
    update(metered, BillingMode="PAY_PER_REQUEST", OnDemandThroughput={"MaxReadRequestUnits": 100})
    assert metered.describe()["OnDemandThroughput"] == {"MaxReadRequestUnits": 100}


def test_warm_throughput_rises_member_by_member(plane: ControlPlane) -> None:
    answered = update(plane, WarmThroughput={"ReadUnitsPerSecond": 13_000})
    assert answered["TableStatus"] == "ACTIVE"
    warm = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
    assert answered["WarmThroughput"] == {**warm, "Status": "UPDATING"}
    assert plane.describe()["WarmThroughput"] == {**warm, "ReadUnitsPerSecond": 13_000, "Status": "ACTIVE"}


def test_warm_throughput_never_falls(plane: ControlPlane, metered: ControlPlane) -> None:
    assert invalid(plane, WarmThroughput={"WriteUnitsPerSecond": 3_999}) == (
        f"{INVALID}Requested WriteUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, "
        "decreasing WarmThroughput is not supported"
    )
    update(metered, ProvisionedThroughput=units(9, 9))
    update(metered, ProvisionedThroughput=units(1, 1))
    assert metered.describe()["WarmThroughput"]["ReadUnitsPerSecond"] == 9


# --- stream, encryption, class, protection ---


def test_a_stream_is_switched_on_and_off_and_each_has_its_own_arn(plane: ControlPlane) -> None:
    on = update(plane, StreamSpecification=NEW_IMAGE)
    assert on["TableStatus"] == "UPDATING"
    assert on["StreamSpecification"] == NEW_IMAGE
    first = plane.describe()["LatestStreamArn"]
    assert first == on["LatestStreamArn"]

    off = update(plane, StreamSpecification={"StreamEnabled": False})
    assert "StreamSpecification" not in off
    described = plane.describe()
    assert "StreamSpecification" not in described
    assert described["LatestStreamArn"] == first

    plane.now += 1
    update(plane, StreamSpecification=NEW_IMAGE)
    assert plane.describe()["LatestStreamArn"] != first


def test_a_stream_is_switched_once(plane: ControlPlane) -> None:
    off = {"StreamEnabled": False}
    assert invalid(plane, StreamSpecification=off) == "Table has no stream to disable: TableName: Music"
    update(plane, StreamSpecification=NEW_IMAGE)
    other = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    for again in (NEW_IMAGE, other):
        assert invalid(plane, StreamSpecification=again) == "Table already has an enabled stream: TableName: Music"


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        ({"StreamEnabled": True}, "If stream is being enabled then UpdateViewType is required"),
        (
            {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"},
            "If stream is being disabled, then UpdateViewType must not be specified",
        ),
    ],
)
def test_a_stream_has_a_view_type_exactly_when_it_is_on(
    plane: ControlPlane, stream: dict[str, Any], problem: str
) -> None:
    assert invalid(plane, StreamSpecification=stream) == INVALID + problem


def test_a_stream_may_be_switched_by_the_request_that_goes_on_demand(metered: ControlPlane) -> None:
    update(metered, BillingMode="PAY_PER_REQUEST", StreamSpecification=NEW_IMAGE)
    described = metered.describe()
    assert described["StreamSpecification"] == NEW_IMAGE
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_encryption_is_changed_while_the_table_stays_active(plane: ControlPlane) -> None:
    assert invalid(plane, SSESpecification={"Enabled": False}) == f"{INVALID}Table is already encrypted by default"
    assert invalid(plane, SSESpecification={}) == f"{INVALID}Table is already encrypted by default"
    answered = update(plane, SSESpecification={"Enabled": True})
    assert (answered["TableStatus"], answered["SSEDescription"]) == ("ACTIVE", {"Status": "UPDATING"})
    described = plane.describe()["SSEDescription"]
    assert described["Status"] == "ENABLED"
    again = {"SSEType": "KMS", "KMSMasterKeyId": described["KMSMasterKeyArn"]}
    assert invalid(plane, SSESpecification=again).startswith(
        f"{INVALID}Table is already encrypted with given KMSMasterKeyId."
    )
    other = update(plane, SSESpecification={"SSEType": "KMS", "KMSMasterKeyId": "k2"})
    assert other["SSEDescription"]["KMSMasterKeyArn"] == described["KMSMasterKeyArn"]
    assert plane.describe()["SSEDescription"]["KMSMasterKeyArn"].endswith(":key/k2")
    update(plane, SSESpecification={"Enabled": False})
    assert "SSEDescription" not in plane.describe()


def test_the_table_class_is_shown_when_it_has_changed(plane: ControlPlane) -> None:
    assert update(plane, TableClass="STANDARD")["TableStatus"] == "UPDATING"
    assert "TableClassSummary" not in plane.describe()
    assert "TableClassSummary" not in update(plane, TableClass="STANDARD_INFREQUENT_ACCESS")
    changed = {"TableClass": "STANDARD_INFREQUENT_ACCESS", "LastUpdateDateTime": round(START, 3)}
    assert plane.describe()["TableClassSummary"] == changed
    assert update(plane, TableClass="STANDARD")["TableClassSummary"] == changed
    assert plane.describe()["TableClassSummary"]["TableClass"] == "STANDARD"


def test_deletion_protection_is_switched_at_once(plane: ControlPlane) -> None:
    answered = update(plane, DeletionProtectionEnabled=True)
    assert (answered["TableStatus"], answered["DeletionProtectionEnabled"]) == ("ACTIVE", True)
    update(plane, DeletionProtectionEnabled=False)
    assert plane.describe()["DeletionProtectionEnabled"] is False


def test_disassociation_protection_is_kept(plane: ControlPlane) -> None:
    update(plane, DisassociationProtectionEnabled=True)
    assert plane.describe()["DisassociationProtectionEnabled"] is True
