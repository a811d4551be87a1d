"""JSON and YAML files as plain data; CloudFormation's short forms (``!Ref x``) are spelled out (``{"Ref": "x"}``).

What cannot be read is a SchemaFileError that names the file, and the line where there is one.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import orjson
import yaml

__all__ = ["SchemaFileError", "read_document"]

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_TAGS_WITHOUT_FN = frozenset({"Ref", "Condition"})


class SchemaFileError(Exception):
    """A file does not say which tables to create; the message names the file and what is wrong with it."""

    def __init__(self, path: Path, what: str, line: int | None = None) -> None:
        """``line`` counts from 1."""
        super().__init__(f"{path}: {what}" if line is None else f"{path}:{line}: {what}")


def read_document(path: Path) -> Any:
    """The data of a JSON or YAML file, told apart by how it begins; raise SchemaFileError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SchemaFileError(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise SchemaFileError(path, "is not UTF-8 text") from error
    return _read_json(path, text) if text.lstrip()[:1] in ("{", "[") else _read_yaml(path, text)


def _read_json(path: Path, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SchemaFileError(path, f"is not JSON: {error.msg} (column {error.colno})", error.lineno) from error


def _read_yaml(path: Path, text: str) -> Any:
    try:
        return yaml.load(text, _TemplateLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = None if mark is None else mark.line + 1
        raise SchemaFileError(path, f"is not YAML: {error.problem or error.context}", line) from error
    except yaml.YAMLError as error:
        raise SchemaFileError(path, f"is not YAML: {error}") from error


class _TemplateLoader(yaml.SafeLoader):
    """As CloudFormation reads YAML: dates stay text, keys are given once, ``!Name`` is a function's short form."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and key != "<<" and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _construct_short_form(loader: _TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    argument: Any
    if isinstance(node, yaml.ScalarNode):
        argument = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode), node
        argument = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(argument, str):
        argument = argument.split(".", 1)
    return {suffix if suffix in _TAGS_WITHOUT_FN else f"Fn::{suffix}": argument}


_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_TemplateLoader.add_multi_constructor("!", _construct_short_form)
