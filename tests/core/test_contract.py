"""The stubs are the contract that every room reads: they name what the core has, with the same parameters."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from ddbengine import _core

STUBS = sorted(Path(_core.__file__).parent.glob("*.pyi"))
NODES = [node for stub in STUBS for node in ast.parse(stub.read_text(encoding="utf-8")).body]
FUNCTIONS = {node.name: node for node in NODES if isinstance(node, ast.FunctionDef)}
CLASSES = {node.name for node in NODES if isinstance(node, ast.ClassDef)}


def test_the_stubs_name_exactly_what_the_core_exports() -> None:
    assert {*FUNCTIONS, *CLASSES} == set(vars(_core)["__all__"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_the_parameters_the_stub_says(name: str) -> None:
    function = getattr(_core, name)
    declared = FUNCTIONS[name].args
    parameters = inspect.signature(function).parameters.values()
    assert [parameter.name for parameter in parameters] == [argument.arg for argument in declared.args]
    defaults = [parameter.default for parameter in parameters if parameter.default is not parameter.empty]
    assert defaults == [ast.literal_eval(default) for default in declared.defaults]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_says_what_it_does(name: str) -> None:
    assert ast.get_docstring(FUNCTIONS[name])
