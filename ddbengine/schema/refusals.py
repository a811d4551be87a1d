"""The two sentences most refusals of the control plane begin with, and the lists of names some hold."""

from __future__ import annotations

from collections.abc import Collection

from ddbengine.errors import ResourceInUseException, ValidationException


def invalid(problem: str) -> ValidationException:
    return ValidationException(f"One or more parameter values were invalid: {problem}")


def in_use(problem: str) -> ResourceInUseException:
    return ResourceInUseException(f"Attempt to change a resource which is still in use: {problem}")


def not_our_account() -> ValidationException:
    return ValidationException(
        "This action is only supported by accounts that match the resource owner\N{RIGHT SINGLE QUOTATION MARK}s "
        "account."
    )


def listed(names: Collection[str], room: int) -> str:
    """Distinct names as the service lists them, in the order of a Java hash set made for ``room`` names (FACTS 5.9)."""
    buckets = 1 << (room - 1).bit_length()
    while len(names) * 4 > buckets * 3:
        buckets *= 2
    return ", ".join(sorted(names, key=lambda name: _java_hash(name) % buckets))


def _java_hash(name: str) -> int:
    """The hash of a string in a hash set: over its UTF-16 code units, its upper half folded into the lower."""
    code = name.encode("utf-16-be", "surrogatepass")
    value = 0
    for upper, lower in zip(code[::2], code[1::2], strict=True):
        value = (value * 31 + (upper << 8) + lower) & 0xFFFFFFFF
    return value ^ value >> 16
