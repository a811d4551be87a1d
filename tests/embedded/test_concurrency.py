"""Threads share an engine; a process that is forked off must open one of its own."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

import ddbengine
from ddbengine import exceptions
from tests.embedded.conftest import TABLE, definition, key

THREADS = 8
INCREMENTS = 50


@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
def test_no_update_of_many_threads_is_lost(tmp_path: Path, on_disk: bool) -> None:
    with ddbengine.open(tmp_path / "store" if on_disk else None, replicas=1) as engine:
        engine.create_table(**definition())
        barrier = threading.Barrier(THREADS)

        def work(_: int) -> None:
            barrier.wait()
            for _ in range(INCREMENTS):
                engine.update_item(
                    TableName=TABLE,
                    Key=key(),
                    UpdateExpression="ADD n :one",
                    ExpressionAttributeValues={":one": {"N": "1"}},
                )
                engine.get_item(TableName=TABLE, Key=key())

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        assert engine.get_item(TableName=TABLE, Key=key())["Item"]["n"] == {"N": str(THREADS * INCREMENTS)}


DEADLINE_SECONDS = 30


def _try_everything(engine: ddbengine.Engine, client: Any, results: Connection) -> None:
    calls: dict[str, Callable[[], object]] = {
        "read": lambda: engine.get_item(TableName=TABLE, Key=key()),
        "write": lambda: engine.put_item(TableName=TABLE, Item=key("child")),
        "client": lambda: client.list_tables(),
        "status": engine.status,
        "serve": engine.serve,
        "fork": engine.fork,
        "own": lambda: ddbengine.open().list_tables()["TableNames"],
    }
    told = {}
    for name, call in calls.items():
        try:
            told[name] = repr(call())
        except Exception as error:
            told[name] = f"{type(error).__name__}: {error}"
    engine.close()
    results.send(told)
    results.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
def test_an_engine_is_clearly_refused_after_a_fork_of_the_process(tmp_path: Path, on_disk: bool) -> None:
    with ddbengine.open(tmp_path / "store" if on_disk else None, replicas=1) as engine:
        engine.create_table(**definition())
        context = multiprocessing.get_context("fork")
        mine, theirs = context.Pipe()
        child = context.Process(target=_try_everything, args=(engine, engine.client(), theirs))
        child.start()
        theirs.close()
        told = mine.recv()
        child.join()
        assert child.exitcode == 0
        refused = "StoreClosed: the store was opened before this process was forked off"
        assert {name: text.partition(";")[0][: len(refused)] for name, text in told.items()} == {
            "read": refused,
            "write": refused,
            "client": refused,
            "status": refused,
            "serve": refused,
            "fork": refused,
            "own": "[]",
        }
        engine.put_item(TableName=TABLE, Item=key("parent"))
        assert engine.scan(TableName=TABLE)["Items"] == [key("parent")]
    assert issubclass(exceptions.StoreClosed, exceptions.StoreError)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_can_close_an_engine_whose_threads_held_a_lock() -> None:
    with ddbengine.open() as engine:
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with engine._engine._housekeeper._changed:
                held.set()
                done.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = multiprocessing.get_context("fork").Process(target=engine.close, daemon=True)
        child.start()
        child.join(DEADLINE_SECONDS)
        done.set()
        thread.join()
        assert child.exitcode == 0
