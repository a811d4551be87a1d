"""Options of opening reach the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddbengine.engine.opening import CannotOpen, open_engine
from tests import tables
from tests.engine.calls import Calls


def test_a_store_on_disk_has_three_replicas_unless_told_otherwise(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "data")
    status = engine.status()
    engine.close()
    assert [replica.name for replica in status.replicas] == ["az1", "az2", "az3"]
    assert status.durability == "quorum"


def test_one_replica_is_enough_when_asked_for(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "data", replicas=1, durability="leader")
    status = engine.status()
    engine.close()
    assert [replica.name for replica in status.replicas] == ["az1"]
    assert status.durability == "leader"
    assert not (tmp_path / "data" / "az2").exists()


def test_replicas_are_where_they_are_put(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("x", "y", "z")]
    engine = open_engine(tmp_path / "data", replica_paths=places)
    engine.close()
    assert all((place / "data.mdb").exists() for place in places)


def test_with_fewer_replicas_than_required_nothing_is_opened(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "data")
    Calls(engine).create(tables.table())
    engine.close()
    for name in ("az2", "az3"):
        (tmp_path / "data" / name / "data.mdb").write_bytes(b"")
    with pytest.raises(CannotOpen, match=r"az2.*az3"):
        open_engine(tmp_path / "data")
    engine = open_engine(tmp_path / "data", min_replicas=1)
    assert Calls(engine).call("ListTables") == {"TableNames": ["table"]}
    engine.close()


def test_a_store_in_memory_says_how_it_is() -> None:
    engine = open_engine(None)
    Calls(engine).create(tables.table())
    status = engine.status()
    engine.close()
    assert status.writable
    assert status.commits.commits > 0
    assert [(replica.name, replica.state) for replica in status.replicas] == [("memory", "leading")]
