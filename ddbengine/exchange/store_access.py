"""The tables of a store's directory, opened in this process at the engine's own speed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from ddbengine.api.requests import check
from ddbengine.engine.bulk_load import Loaded, OnRefused, load_batches
from ddbengine.engine.bulk_scan import scan_lines
from ddbengine.engine.catalog import namespaces_of
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import CannotOpen, open_engine
from ddbengine.errors import ApiError, ResourceNotFoundException
from ddbengine.exchange.access import AccessError
from ddbengine.exchange.schemas import TableToCreate
from ddbengine.storage.errors import StoreError
from ddbengine.storage.lmdb_store import NAMES

__all__ = ["StoreAccess"]

DEFAULT_CALLER = Caller("local", "us-east-1")
"""Whose tables they are when nobody says: as with ``ddbengine.open``."""


class StoreAccess:
    """See ``access.TableAccess``."""

    def __init__(
        self, path: Path, table_name: str, caller: Caller | None, shared: bool, replica_paths: Sequence[Path] = ()
    ) -> None:
        """Without ``caller`` it is the one who has a table of this name, or DEFAULT_CALLER when nobody has one.

        Raise AccessError, also when several have one.
        """
        self.name = str(path)
        self._path = path
        self._replica_paths = replica_paths
        self._engine = self._open(shared)
        self._caller = caller or DEFAULT_CALLER
        if caller is None and not shared:
            try:
                self._find_owner(table_name)
            except BaseException:
                self._engine.close()
                raise

    def _open(self, shared: bool) -> Engine:
        # No fewer replicas than there are: opening with one would leave the others behind.
        try:
            return open_engine(
                self._path,
                shared=shared,
                replicas=_replicas_of(self._path, self._replica_paths),
                replica_paths=self._replica_paths,
            )
        except (CannotOpen, StoreError) as error:
            raise AccessError(str(error)) from error

    def _find_owner(self, table_name: str) -> None:
        with self._engine.store.snapshot() as txn:
            found = namespaces_of(txn, table_name)
        if len(found) > 1:
            owners = ", ".join(_owner(namespace) for namespace in found)
            raise AccessError(f"{self.name} has several tables {table_name!r}, say whose is meant: {owners}")
        if found == [""]:
            self._engine.close()
            self._engine = self._open(shared=True)
        elif found:
            access_key_id, _, region = found[0].rpartition("/")
            self._caller = Caller(access_key_id, region)

    @property
    def caller(self) -> Caller:
        """Whose tables are seen."""
        return self._caller

    def describe(self, table_name: str) -> dict[str, Any] | None:
        request = {"TableName": table_name}
        with _worded():
            try:
                answer = self._call("DescribeTable", request)
            except ResourceNotFoundException:
                return None
            return answer | self._call("DescribeTimeToLive", request)

    def create(self, table: TableToCreate) -> None:
        with _worded():
            self._call("CreateTable", table.request)
            if table.expiry_attribute is not None:
                setting = {"Enabled": True, "AttributeName": table.expiry_attribute}
                name = table.request["TableName"]
                self._call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": setting})

    def load(self, table_name: str, items: Iterable[dict[str, Any]], on_refused: OnRefused) -> Iterator[Loaded]:
        with _worded():
            yield from load_batches(self._engine, self._caller, table_name, items, on_refused)

    def scan(self, table_name: str) -> Iterator[list[bytes]]:
        with _worded():
            yield from scan_lines(self._engine, self._caller, {"TableName": table_name, "ConsistentRead": True})

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(self._engine.execute(operation, check(operation, request), self._caller))
        return answer

    def __enter__(self) -> StoreAccess:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()


def _replicas_of(path: Path, replica_paths: Sequence[Path]) -> int | None:
    """As many as the store has; None, the default, for one that is not there yet."""
    if replica_paths:
        return len(replica_paths)
    return 1 if [name for name in NAMES if (path / name).exists()] == list(NAMES[:1]) else None


def _owner(namespace: str) -> str:
    access_key_id, _, region = namespace.rpartition("/")
    return f"access key {access_key_id} in {region}" if namespace else "the shared one"


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        raise AccessError(f"{error.code}: {error.message}") from error
    except StoreError as error:
        raise AccessError(str(error)) from error
