"""The two sentences most refusals of the control plane begin with."""

from __future__ import annotations

from ddbengine.errors import ResourceInUseException, ValidationException


def invalid(problem: str) -> ValidationException:
    return ValidationException(f"One or more parameter values were invalid: {problem}")


def in_use(problem: str) -> ResourceInUseException:
    return ResourceInUseException(f"Attempt to change a resource which is still in use: {problem}")
