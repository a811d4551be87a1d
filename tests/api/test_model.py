"""The service model as read from botocore's data."""

from __future__ import annotations

import gzip
import importlib.util
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from ddbengine.api.model import SERVICE, STREAMS_SERVICE, ModelMissing, load, read
from ddbengine.engine.operations import OPERATIONS, STREAM_OPERATIONS

SMALL_MODEL = {
    "operations": {"Ping": {"input": {"shape": "PingInput"}}},
    "shapes": {
        "PingInput": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "Name"}}},
        "Name": {"type": "string", "min": 1, "max": 5, "pattern": "a*", "enum": ["a", "aa"], "documentation": "<p>"},
    },
}


@pytest.mark.parametrize("service", [SERVICE, STREAMS_SERVICE])
def test_every_operation_names_an_input_structure_that_exists(service: str) -> None:
    model = load(service)
    assert {model.shapes[name].type for name in model.operations.values()} == {"structure"}


@pytest.mark.parametrize("service", [SERVICE, STREAMS_SERVICE])
def test_every_shape_a_shape_refers_to_exists(service: str) -> None:
    model = load(service)
    for shape in model.shapes.values():
        referred = {*shape.members.values(), *filter(None, (shape.element, shape.key, shape.value))}
        assert referred <= model.shapes.keys(), shape.name


def test_members_required_members_limits_and_enums_are_read() -> None:
    model = load()
    put = model.input("PutItem")
    assert put.required == ("TableName", "Item")
    assert model.shapes[put.members["ReturnConsumedCapacity"]].enum == ("INDEXES", "TOTAL", "NONE")
    index_name = model.shapes["IndexName"]
    assert (index_name.minimum, index_name.maximum, index_name.pattern) == (3, 255, "[a-zA-Z0-9_.-]+")


def test_a_model_is_read_once() -> None:
    assert load() is load()
    assert load(STREAMS_SERVICE) is load(STREAMS_SERVICE) is not load()


def test_each_operation_is_of_one_service() -> None:
    assert load(STREAMS_SERVICE).operations.keys() == STREAM_OPERATIONS
    assert OPERATIONS.keys() - STREAM_OPERATIONS <= load().operations.keys()
    assert not STREAM_OPERATIONS & load().operations.keys()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_model_is_read_compressed_or_not(tmp_path: Path, compressed: bool) -> None:
    content = orjson.dumps(SMALL_MODEL)
    if compressed:
        (tmp_path / "service-2.json.gz").write_bytes(gzip.compress(content))
    else:
        (tmp_path / "service-2.json").write_bytes(content)
    name = read(tmp_path).shapes["Name"]
    assert (name.minimum, name.maximum, name.pattern, name.enum) == (1, 5, "a*", ("a", "aa"))


def test_a_directory_without_a_model_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"service-2\.json\.gz") as caught:
        read(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("name", ["service-2.json", "service-2.json.gz"])
def test_a_damaged_model_is_named_in_the_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(ModelMissing, match="cannot be read"):
        read(tmp_path)


def test_a_missing_botocore_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    load.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelMissing, match="botocore is not installed"):
        load()


def test_botocore_is_not_imported_to_read_its_data() -> None:
    program = (
        "import sys; from ddbengine.api.model import load; load(); "
        "sys.exit(any(name.startswith('botocore') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
