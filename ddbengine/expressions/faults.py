"""What can be wrong with an expression, before it is known in which parameter the expression stood."""

from __future__ import annotations

from ddbengine.errors import ValidationException


class ExpressionFault(Exception):
    """A refusal whose message still lacks its ``Invalid <parameter>: `` prefix (FACTS 4.1)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def named(kind: str, fault: ExpressionFault) -> ValidationException:
    """The fault as an error of the parameter ``kind``, such as ``FilterExpression``."""
    return ValidationException(f"Invalid {kind}: {fault.message}")


def operand_count(operator: str, count: int) -> ExpressionFault:
    return ExpressionFault(
        "Incorrect number of operands for operator or function; "
        f"operator or function: {operator}, number of operands: {count}"
    )


def operand_type(operator: str, type_name: str) -> ExpressionFault:
    return ExpressionFault(
        f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {type_name}"
    )


def path_required(function: str) -> ExpressionFault:
    return ExpressionFault(f"Operator or function requires a document path; operator or function: {function}")


def undefined_name(alias: str) -> ExpressionFault:
    return ExpressionFault(
        f"An expression attribute name used in the document path is not defined; attribute name: {alias}"
    )


def undefined_value(alias: str) -> ExpressionFault:
    return ExpressionFault(f"An expression attribute value used in expression is not defined; attribute value: {alias}")
