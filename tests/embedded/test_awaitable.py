"""Engine.aio: the operations from a coroutine."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest

import ddbengine
from ddbengine import exceptions
from ddbengine.embedded.async_operations import AsyncOperations
from ddbengine.embedded.operations import Operations
from ddbengine.engine.engine import Engine
from ddbengine.storage.store import Outcome
from tests.embedded.conftest import TABLE, definition, key


def methods(kind: type) -> dict[str, Any]:
    return {name: method for name, method in vars(kind).items() if not name.startswith("_")}


def test_every_operation_can_be_awaited() -> None:
    assert methods(Operations).keys() == methods(AsyncOperations).keys()
    assert all(inspect.iscoroutinefunction(method) for method in methods(AsyncOperations).values())


def test_a_coroutine_writes_and_reads(engine: ddbengine.Engine) -> None:
    async def work() -> dict[str, Any]:
        await engine.aio.put_item(TableName=TABLE, Item=key())
        return await engine.aio.get_item(TableName=TABLE, Key=key())

    assert asyncio.run(work()) == {"Item": key()}
    assert asyncio.run(work()) == {"Item": key()}, "another loop"


def test_an_engine_is_closed_at_the_end_of_async_with(tmp_path: Path) -> None:
    async def work() -> ddbengine.Engine:
        async with ddbengine.open(tmp_path / "store", replicas=1) as engine:
            await engine.aio.create_table(**definition())
            await engine.aio.put_item(TableName=TABLE, Item=key())
        return engine

    engine = asyncio.run(work())
    with pytest.raises(exceptions.StoreClosed):
        engine.list_tables()
    with ddbengine.open(tmp_path / "store", replicas=1) as again:
        assert again.scan(TableName=TABLE)["Items"] == [key()]


def test_a_write_on_disk_leaves_the_loop_to_others_until_it_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's answer is held back until another coroutine has run."""
    from concurrent.futures import Future

    with ddbengine.open(tmp_path / "store") as engine:
        engine.create_table(**definition())
        late: Future[Outcome] = Future()
        monkeypatch.setattr(Engine, "answer", lambda *_: late)

        async def work() -> list[str]:
            order = []

            async def write() -> None:
                await engine.aio.put_item(TableName=TABLE, Item=key())
                order.append("written")

            writing = asyncio.create_task(write())
            await asyncio.sleep(0)
            order.append("other work")
            late.set_result(Outcome(b"{}"))
            await writing
            return order

        assert asyncio.run(work()) == ["other work", "written"]
        monkeypatch.undo()


def test_many_coroutines_write_to_disk_at_once(tmp_path: Path) -> None:
    with ddbengine.open(tmp_path / "store", replicas=1) as engine:
        engine.create_table(**definition())

        async def work() -> None:
            await asyncio.gather(
                *(engine.aio.put_item(TableName=TABLE, Item=key("p", number)) for number in range(100))
            )

        asyncio.run(work())
        assert engine.scan(TableName=TABLE)["Count"] == 100


def test_errors_are_the_same_as_without_a_loop(engine: ddbengine.Engine) -> None:
    with pytest.raises(exceptions.ResourceNotFoundException):
        asyncio.run(engine.aio.get_item(TableName="no-such-table", Key=key()))
    with pytest.raises(exceptions.ValidationException, match="The provided key element does not match the schema"):
        asyncio.run(engine.aio.get_item(TableName=TABLE, Key={"pk": {"S": "a"}}))
    with pytest.raises(exceptions.ParamValidationError):
        asyncio.run(engine.aio.get_item(TableName=TABLE))  # type: ignore[call-arg]
    with pytest.raises(exceptions.ParamValidationError):
        asyncio.run(engine.aio.put_item(TableName=TABLE, Item={1: {"S": "a"}}))  # type: ignore[dict-item]
    with pytest.raises(exceptions.SerializationException):
        asyncio.run(engine.aio.put_item(TableName=TABLE, Item=key("\ud800")))
    with pytest.raises(exceptions.ConditionalCheckFailedException):
        asyncio.run(
            engine.aio.put_item(TableName=TABLE, Item=key(), ConditionExpression="attribute_exists(pk)"),
        )


def test_faults_strike_coroutines_too(engine: ddbengine.Engine) -> None:
    engine.faults = [
        {"operation": "PutItem", "error": "ThrottlingException", "first": 1},
        {"operation": "DeleteItem", "drop": "before"},
        {"operation": "UpdateItem", "drop": "after", "latency": 0.001},
    ]
    with pytest.raises(exceptions.ThrottlingException):
        asyncio.run(engine.aio.put_item(TableName=TABLE, Item=key()))
    asyncio.run(engine.aio.put_item(TableName=TABLE, Item=key()))
    with pytest.raises(exceptions.ConnectionClosedError):
        asyncio.run(engine.aio.delete_item(TableName=TABLE, Key=key()))
    with pytest.raises(exceptions.ConnectionClosedError):
        asyncio.run(engine.aio.update_item(TableName=TABLE, Key=key(sk=2)))
    assert asyncio.run(engine.aio.scan(TableName=TABLE))["Count"] == 2


def test_a_late_request_does_not_hold_up_the_loop(engine: ddbengine.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.faults = [{"operation": "ListTables", "latency": 3.0}]
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert asyncio.run(engine.aio.list_tables()) == {"TableNames": [TABLE]}
    assert slept == [3.0]
