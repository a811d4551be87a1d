"""The service models, of tables and of streams: which operations exist, and the shape of what each is given.

It is read from the ``service-2.json`` that botocore ships, without importing botocore (which takes
longer than a server may take to start).  Documentation is dropped; what stays is types, members,
required members, limits, patterns and enums, as the model says them.  Where the service itself says
otherwise, ``constraint_tables`` knows.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

__all__ = ["SERVICE", "STREAMS_SERVICE", "Model", "ModelMissing", "Shape", "load", "read"]

SERVICE = "dynamodb"
STREAMS_SERVICE = "dynamodbstreams"
_VERSION = "2012-08-10"
_FILES = ("service-2.json.gz", "service-2.json")


class ModelMissing(Exception):
    """botocore or its description of DynamoDB cannot be found or read; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One type of the model.  ``type`` is structure, list, map, string, integer, long, double, boolean, blob or
    timestamp; members, element, key and value are names of further shapes."""

    name: str
    type: str
    members: Mapping[str, str]
    """Of a structure: member name to shape name, in the model's order."""
    required: tuple[str, ...]
    element: str
    """Of a list: the shape of its elements, else empty."""
    key: str
    value: str
    minimum: int | None
    """Of text, lists and maps a length; of numbers a value."""
    maximum: int | None
    pattern: str | None
    enum: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    operations: Mapping[str, str]
    """Operation name to the name of its input shape."""
    shapes: Mapping[str, Shape]

    def input(self, operation: str) -> Shape:
        """The structure an operation is given; KeyError when the model has no such operation."""
        return self.shapes[self.operations[operation]]


def _shape(name: str, raw: Mapping[str, Any]) -> Shape:
    return Shape(
        name=name,
        type=raw["type"],
        members=MappingProxyType({member: target["shape"] for member, target in raw.get("members", {}).items()}),
        required=tuple(raw.get("required", ())),
        element=raw["member"]["shape"] if "member" in raw else "",
        key=raw["key"]["shape"] if "key" in raw else "",
        value=raw["value"]["shape"] if "value" in raw else "",
        minimum=raw.get("min"),
        maximum=raw.get("max"),
        pattern=raw.get("pattern"),
        enum=tuple(raw.get("enum", ())),
    )


def read(directory: Path) -> Model:
    """The model in a directory of botocore's data, compressed or not; raise ModelMissing."""
    for name in _FILES:
        path = directory / name
        if path.is_file():
            break
    else:
        raise ModelMissing(f"botocore's description of DynamoDB is not in {directory} (looked for {', '.join(_FILES)})")
    content = path.read_bytes()
    try:
        raw = orjson.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (OSError, EOFError, ValueError) as error:
        raise ModelMissing(f"botocore's description of DynamoDB cannot be read: {path}: {error}") from error
    operations = {name: operation["input"]["shape"] for name, operation in raw["operations"].items()}
    return Model(operations, {name: _shape(name, shape) for name, shape in raw["shapes"].items()})


@lru_cache(maxsize=2)
def load(service: str = SERVICE) -> Model:
    """The installed botocore's model of a service, read once; raise ModelMissing when botocore is not installed."""
    found = importlib.util.find_spec("botocore")
    if found is None or not found.submodule_search_locations:
        raise ModelMissing("botocore is not installed: it holds the description of DynamoDB's requests")
    return read(Path(found.submodule_search_locations[0], "data", service, _VERSION))
