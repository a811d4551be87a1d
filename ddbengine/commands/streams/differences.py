"""What changed between two images of an item: the paths that were set, removed, or given another value.

Maps are compared member by member and lists as sequences, so that an element put in front is one addition; sets lose
and gain members.  Everything else is compared whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from ddbengine.commands.streams.notation import Value, name_text, value_text

__all__ = ["Difference", "differences"]

_SETS = frozenset({"SS", "NS", "BS"})
_COMPARED_ELEMENTS_MAX = 1_000
"""Finding what two sequences share takes up to the product of their lengths; longer ones are compared by place."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One path whose value is another."""

    path: str
    """``info.label``, ``tags[2]``; an element's place is its place in the image that has it, the new one first."""
    before: Value | None
    """None where there was nothing."""
    after: Value | None
    """None where there is nothing any more."""
    is_of_members: bool = False
    """The path is a set that stays: ``before`` is what left it, and ``after`` what came."""


def differences(old: Mapping[str, Value], new: Mapping[str, Value], path: str = "") -> Iterator[Difference]:
    """In the order of the new image, then what it no longer has."""
    for name, after in new.items():
        yield from _of_values(_member(path, name), old.get(name), after)
    for name, before in old.items():
        if name not in new:
            yield Difference(_member(path, name), before, None)


def _member(path: str, name: str) -> str:
    return f"{path}.{name_text(name)}" if path else name_text(name)


def _of_values(path: str, before: Value | None, after: Value) -> Iterator[Difference]:
    if before is None:
        yield Difference(path, None, after)
        return
    if before == after:
        return
    ((old_kind, old), (new_kind, new)) = (*before.items(), *after.items())
    if old_kind != new_kind:
        yield Difference(path, before, after)
    elif new_kind == "M":
        yield from differences(old, new, path)
    elif new_kind == "L":
        yield from _of_lists(path, old, new)
    elif new_kind in _SETS:
        yield from _of_sets(path, new_kind, old, new)
    else:
        yield Difference(path, before, after)


def _of_sets(path: str, kind: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    had, has = set(old), set(new)
    left, came = had - has, has - had
    if left or came:
        yield Difference(path, {kind: sorted(left)} if left else None, {kind: sorted(came)} if came else None, True)


def _of_lists(path: str, old: Sequence[Value], new: Sequence[Value]) -> Iterator[Difference]:
    for tag, old_from, old_to, new_from, new_to in _edits(old, new):
        if tag == "equal":
            continue
        shared = min(old_to - old_from, new_to - new_from)
        for place in range(shared):
            yield from _of_values(f"{path}[{new_from + place}]", old[old_from + place], new[new_from + place])
        for place in range(new_from + shared, new_to):
            yield Difference(f"{path}[{place}]", None, new[place])
        for place in range(old_from + shared, old_to):
            yield Difference(f"{path}[{place}]", old[place], None)


def _edits(old: Sequence[Value], new: Sequence[Value]) -> Sequence[tuple[str, int, int, int, int]]:
    if len(old) > _COMPARED_ELEMENTS_MAX or len(new) > _COMPARED_ELEMENTS_MAX:
        return [("replace", 0, len(old), 0, len(new))]
    matcher = SequenceMatcher(None, [value_text(value) for value in old], [value_text(value) for value in new], False)
    return matcher.get_opcodes()
