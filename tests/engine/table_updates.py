"""UpdateTable requests and their refusals, for the tests of what UpdateTable does."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import ApiError, ValidationException
from tests.engine.control_plane import ControlPlane, index

INVALID = "One or more parameter values were invalid: "
NEW_IMAGE = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


def update(plane: ControlPlane, **members: Any) -> dict[str, Any]:
    answered: dict[str, Any] = plane.call("UpdateTable", TableName="Music", **members)["TableDescription"]
    return answered


def change_index(name: str = "idx", **members: Any) -> list[dict[str, Any]]:
    return [{"Update": {"IndexName": name, **members}}]


def create_index(name: str, *names: str, **members: Any) -> list[dict[str, Any]]:
    return [{"Create": index(name, *names, **members)}]


def delete_index(name: str = "idx") -> list[dict[str, Any]]:
    return [{"Delete": {"IndexName": name}}]


def refusal(plane: ControlPlane, **members: Any) -> ApiError:
    """The refusal; and nothing of the request may have been applied."""
    before = plane.store.rows
    with pytest.raises(ApiError) as refused:
        update(plane, **members)
    assert plane.store.rows == before
    return refused.value


def invalid(plane: ControlPlane, **members: Any) -> str:
    refused = refusal(plane, **members)
    assert isinstance(refused, ValidationException)
    return str(refused.message)
