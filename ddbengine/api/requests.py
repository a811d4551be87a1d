"""The check between parsed JSON and the engine: a request as the service model has it, or the service's refusal.

First the JSON types (FACTS 1.5), then the service model's constraints (FACTS 3); what needs more than
one member, a value's meaning or a table is the engine's.  All checks of an operation are compiled on
its first request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeGuard

from ddbengine._core import JsonTypeFault, Members
from ddbengine.api.constraint_tables import ADJUSTMENTS, table_of
from ddbengine.api.constraints import Verify, compile_constraints
from ddbengine.api.model import SERVICE, STREAMS_SERVICE, load
from ddbengine.api.shapes import Coerce, compile_shape, member_forms
from ddbengine.api.strict_shapes import STRICT_OPERATIONS, strict
from ddbengine.engine.operations import STREAM_OPERATIONS
from ddbengine.errors import SerializationException

__all__ = ["check"]


@dataclass(frozen=True, slots=True)
class _Check:
    """One operation's.  ``fits`` is true of most good requests and of no others; the other two know the rest."""

    fits: Callable[[object], TypeGuard[dict[str, Any]]]
    coerce: Coerce
    verify: Verify


class _Checks(dict[str, _Check]):
    """By operation, made when first asked for."""

    def __missing__(self, operation: str) -> _Check:
        model = load(STREAMS_SERVICE if operation in STREAM_OPERATIONS else SERVICE)
        shape = model.input(operation)
        coerce = compile_shape(model, shape)
        constraints = compile_constraints(model, operation, table_of(operation), ADJUSTMENTS)
        form = Members(member_forms(model, shape), constraints.holds, constraints.required)
        if operation in STRICT_OPERATIONS:
            coerce = strict(shape, model, coerce)
        check = self[operation] = _Check(form.fits, coerce, constraints.verify)
        return check


_CHECKS = _Checks()


def check(operation: str, members: object) -> dict[str, Any]:
    """The members of the operation's input shape, typed as the model has them; nulls and unknown members dropped.

    ``members`` is what the request's JSON parsed to; it is returned itself when nothing had to change, and never
    altered.  Raise SerializationException for a wrong JSON type, ValidationException for a broken constraint,
    KeyError for an operation the model does not have.
    """
    check = _CHECKS[operation]
    if check.fits(members):
        return members
    return _looked_at(check, members)


def _looked_at(check: _Check, members: object) -> dict[str, Any]:
    try:
        request: dict[str, Any] = check.coerce(members)
    except JsonTypeFault as fault:
        raise SerializationException(fault.args[0]) from None
    check.verify(request)
    return request
