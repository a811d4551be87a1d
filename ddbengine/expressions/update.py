"""UpdateExpression: from text to an Update, which makes a new item out of an old one.

Faults are found as the service finds them, actions always from the last written to the first: all targets (aliases,
levels, overlap with the paths written after them), then all values, each from left to right and then its operators.
That order agrees with the recorded answers behind FACTS 4.3, and was observed on DynamoDB Local 1.25.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.expressions.caching import CACHED_TEXTS_MAX
from ddbengine.expressions.charge import ChargeTemplate, charge_template
from ddbengine.expressions.checks import aliases_of, check_operator_count, check_text, check_update_words, children
from ddbengine.expressions.edits import Edit, edited_item
from ddbengine.expressions.faults import ExpressionFault, named
from ddbengine.expressions.operands import Values, resolved_paths, value_maker
from ddbengine.expressions.parser import parse_update
from ddbengine.expressions.paths import Names, Path, PathTree, element_bucket, resolve_path
from ddbengine.expressions.placeholders import Placeholders
from ddbengine.expressions.set_values import WRONG_TYPE, add_numbers, append_lists, required, set_value_maker
from ddbengine.expressions.syntax import (
    Action,
    AddAction,
    DeleteAction,
    PathOperand,
    RemoveAction,
    Section,
    SetAction,
    ValueOperand,
)

_EMPTY_ITEM: Final = _core.join_map({})
_SET_TYPES: Final = frozenset({"SS", "NS", "BS"})
_LONG_TYPE_NAMES: Final = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
    "L": "LIST",
    "M": "MAP",
}

EditOf = Callable[["_core.Buffer"], Edit]
"""Makes the edit of an action whose operands are read from the item as it was before the update."""
EditMaker = Callable[[Values], EditOf]


class UpdateResult:
    """A finished update: the new item, and the fragments of old and new that ReturnValues may ask for."""

    __slots__ = ("_old", "_tree", "item")

    def __init__(self, old: _core.Buffer | None, item: bytes, tree: _core.Tree) -> None:
        self._old = old
        self.item = item
        self._tree = tree

    def updated_old(self) -> bytes | None:
        """A stored item with only the previous values at the updated paths, None when there were none (FACTS 5.5)."""
        return None if self._old is None else self._fragment(self._old)

    def updated_new(self) -> bytes | None:
        """A stored item with only the new values at the updated paths, None when there are none: after a pure REMOVE,
        or when a value was appended to a list further on than its index says."""
        return self._fragment(self.item)

    def _fragment(self, item: _core.Buffer) -> bytes | None:
        fragment = _core.project(item, self._tree)
        return None if fragment == _EMPTY_ITEM else fragment


@dataclass(frozen=True, slots=True)
class UpdateShape:
    """What of an update follows from its text and names."""

    paths: tuple[Path, ...]
    """The targets, in the order written."""
    tree: _core.Tree
    """The same, as a tree."""
    order: Sequence[int]
    """Positions of the targets, in the order they are applied."""
    creates: bool
    """Whether something is set or added, or there is no action at all."""
    operand_paths: tuple[Path, ...] = ()
    computed_paths: frozenset[Path] = frozenset()
    charge: ChargeTemplate | None = None
    is_expression: bool = True
    """False for AttributeUpdates."""
    names: frozenset[str | int] = field(init=False)
    """The attributes that targets are, or are in."""
    is_flat: bool = field(init=False)
    """Whether all targets are attributes, none of them inside one."""
    nested_paths: tuple[Path, ...] = field(init=False)
    """Targets and operands that lead into an attribute."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(path[0] for path in self.paths))
        object.__setattr__(self, "is_flat", all(len(path) == 1 for path in self.paths))
        nested = tuple(path for path in self.paths + self.operand_paths if len(path) > 1)
        object.__setattr__(self, "nested_paths", nested)


class Update:
    """The actions of an update, bound to the names and values of a request."""

    __slots__ = ("_edits", "_shape", "_values")

    def __init__(self, shape: UpdateShape, edits: Sequence[EditOf], values: Values) -> None:
        """``edits`` are in the order of the shape's paths."""
        self._shape = shape
        self._edits = edits
        self._values = values

    @property
    def paths(self) -> tuple[Path, ...]:
        """The targets, in the order written."""
        return self._shape.paths

    @property
    def shape(self) -> UpdateShape:
        """What follows from its text and names."""
        return self._shape

    @property
    def operand_paths(self) -> tuple[Path, ...]:
        """What right-hand sides read."""
        return self._shape.operand_paths

    @property
    def computed_paths(self) -> frozenset[Path]:
        """The targets that SET gives something else than a literal value."""
        return self._shape.computed_paths

    @property
    def is_expression(self) -> bool:
        """Whether it was written as an expression, and not as AttributeUpdates."""
        return self._shape.is_expression

    @property
    def creates(self) -> bool:
        """Whether a missing item comes into being: not when all the update does is REMOVE and DELETE.

        Not in FACTS; recorded on the service by the tests of another implementation that run against both.  DynamoDB
        Local creates the item.
        """
        return self._shape.creates

    def charge(self, item: _core.Buffer | None) -> int:
        """The statement charge in bytes (FACTS 2.7); 0 for AttributeUpdates, of which only the finished item counts."""
        charge = self._shape.charge
        return 0 if charge is None else charge.of(self._values, item)

    def apply(self, item: _core.Buffer | None, key: Mapping[str, _core.Buffer]) -> UpdateResult:
        """The item after the update; raise ValidationException (FACTS 4.4).

        When there is no item, one with only the attributes of ``key`` takes its place, for operands too.
        """
        shape = self._shape
        if item is None and not shape.creates:  # there is nothing to take away, so no path is wrong either
            return UpdateResult(None, _core.join_map(key), shape.tree)
        before = _core.join_map(key) if item is None else item
        if shape.is_flat:
            return UpdateResult(item, self._edited_attributes(before), shape.tree)
        edits: dict[str | int, Any] = {}
        for position in shape.order:
            path = shape.paths[position]
            node = edits
            for element in path[:-1]:
                node = node.setdefault(element, {})
            node[path[-1]] = self._edits[position](before)
        return UpdateResult(item, edited_item(before, edits), shape.tree)

    def _edited_attributes(self, before: _core.Buffer) -> bytes:
        """The item after edits of whole attributes: nothing else of it is taken apart."""
        entries: dict[str, bytes | None] = {}
        for position in self._shape.order:
            name: str = self._shape.paths[position][0]  # type: ignore[assignment]  # a path starts with a name
            entries[name] = self._edits[position](before)(_core.get_attribute(before, name))
        return _core.with_entries(before, entries)


def _order_of(paths: Sequence[Path]) -> tuple[int, ...]:
    """Positions of the paths in the order in which the service applies them, which shows when several go wrong: that
    of the hash tables that hold them, filled from the last path to the first (observed on DynamoDB Local 1.25)."""
    keys = [tuple(map(element_bucket, path)) for path in paths]
    last_first = range(len(paths) - 1, -1, -1)
    return tuple(sorted(last_first, key=keys.__getitem__))


def compile_update(text: str, placeholders: Placeholders) -> Update:
    """Compile an UpdateExpression; raise ValidationException."""
    try:
        parsed = _parsed(text)
        placeholders.use(parsed.aliases)
        defined = placeholders.names
        template = _template(text, tuple([defined.get(alias) for alias in parsed.names]) if parsed.names else ())
        return template.bind(placeholders.values)
    except ExpressionFault as fault:
        raise named("UpdateExpression", fault) from None


class _Parsed(NamedTuple):
    actions: tuple[Action, ...]
    names: tuple[str, ...]
    aliases: frozenset[str]


class UpdateTemplate(NamedTuple):
    """An update bound to names, not yet to values."""

    shape: UpdateShape
    makers: tuple[EditMaker, ...]
    """Of all actions, the last written first."""

    def bind(self, values: Values) -> Update:
        edits = [make(values) for make in self.makers]
        edits.reverse()
        return Update(self.shape, edits, values)


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def _parsed(text: str) -> _Parsed:
    check_text(text, echo_size=False)
    sections = parse_update(text)
    check_update_words(sections)
    actions = tuple(action for section in sections for action in section.actions)
    parts = _parts_of(sections)
    check_operator_count(parts)
    names, values = aliases_of(parts)
    return _Parsed(actions, names, frozenset(names + values))


def _parts_of(sections: Sequence[Section]) -> list[Any]:
    """Targets and values of all actions."""
    parts: list[Any] = []
    for section in sections:
        for action in section.actions:
            parts.append(action.target)
            if not isinstance(action, RemoveAction):
                parts.append(action.value)
    return parts


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def _template(text: str, names: tuple[str | None, ...]) -> UpdateTemplate:
    parsed = _parsed(text)
    return update_template(parsed.actions, dict(zip(parsed.names, names, strict=True)))


def update_template(actions: Sequence[Action], names: Names) -> UpdateTemplate:
    """Bind actions to names; raise ExpressionFault for a target that cannot be."""
    tree = PathTree()
    paths: list[Path] = []
    for action in reversed(actions):
        path = resolve_path(action.target, names)
        tree.add(path)
        paths.append(path)
    paths.reverse()
    makers = tuple(_edit_maker(action, names) for action in reversed(actions))
    computed = {
        path: action.value
        for path, action in zip(paths, actions, strict=True)
        if isinstance(action, SetAction) and not isinstance(action.value, ValueOperand)
    }
    shape = UpdateShape(
        paths=tuple(paths),
        tree=tree.tree,
        order=_order_of(paths),
        creates=any(isinstance(action, (SetAction, AddAction)) for action in actions),
        operand_paths=tuple(_operand_paths(computed.values(), names)),
        computed_paths=frozenset(computed),
        charge=_charge(actions, paths, names),
    )
    return UpdateTemplate(shape, makers)


def _operand_paths(values: Iterable[Any], names: Names) -> Iterator[Path]:
    """The paths that right-hand sides name; those that do not resolve are reported when the update is bound."""
    for value in values:
        if isinstance(value, PathOperand):
            yield from resolved_paths([value], names)
        else:
            yield from _operand_paths(children(value), names)


def _charge(actions: Sequence[Action], paths: Sequence[Path], names: Names) -> ChargeTemplate | None:
    try:
        return charge_template(zip(actions, paths, strict=True), names)
    except ExpressionFault:
        return None  # a path on a right-hand side does not resolve: binding raises before anything is charged


def _edit_maker(action: Action, names: Names) -> EditMaker:
    if isinstance(action, SetAction):
        return _set_maker(action, names)
    if isinstance(action, AddAction):
        return _add_maker(action)
    if isinstance(action, DeleteAction):
        return _delete_maker(action)
    return lambda values: removing


def _set_maker(action: SetAction, names: Names) -> EditMaker:
    make_value = set_value_maker(action.value, names)

    def make(values: Values) -> EditOf:
        bound = make_value(values)
        if bound.constant is not None:
            return replacing(bound.constant)
        fetch = bound.fetch

        return lambda item: lambda old: required(fetch, item)

    return make


def _add_maker(action: AddAction) -> EditMaker:
    make_value = value_maker(action.value)

    def make(values: Values) -> EditOf:
        bound = make_value(values)
        if bound.type != "N" and bound.type not in _SET_TYPES:
            raise _section_operand_type("ADD", bound.type)
        return adding(_constant(bound.constant))

    return make


def _delete_maker(action: DeleteAction) -> EditMaker:
    make_value = value_maker(action.value)

    def make(values: Values) -> EditOf:
        bound = make_value(values)
        if bound.type not in _SET_TYPES:
            raise _section_operand_type("DELETE", bound.type)
        return subtracting(_constant(bound.constant))

    return make


def _constant(value: bytes | None) -> bytes:
    assert value is not None, "a literal operand is bound to a constant"
    return value


def _section_operand_type(section: str, type_name: str | None) -> ExpressionFault:
    # FACTS 4.4: `operator:` and long type names, unlike the same fault elsewhere.
    return ExpressionFault(
        f"Incorrect operand type for operator or function; operator: {section}, "
        f"operand type: {_LONG_TYPE_NAMES[str(type_name)]}"
    )


def removing(item: _core.Buffer) -> Edit:
    return lambda old: None


def replacing(value: bytes) -> EditOf:
    return lambda item: lambda old: value


def adding(value: bytes, mismatch: str = WRONG_TYPE) -> EditOf:
    """ADD of an N, a set, or (legacy) an L; ``mismatch`` is said of a stored value of another type."""
    type_name = _core.type_of(value)

    def edit(old: bytes | None) -> bytes:
        if old is None:
            return value
        if _core.type_of(old) != type_name:
            raise ValidationException(mismatch)
        if type_name == "N":
            return add_numbers(old, value)
        if type_name == "L":
            return append_lists(old, value)
        return _core.join_set(type_name, _core.split_set(old) + _core.split_set(value))

    return lambda item: edit


def subtracting(value: bytes, mismatch: str = WRONG_TYPE) -> EditOf:
    """DELETE of the members of a set; an attribute left without members disappears."""
    type_name = _core.type_of(value)
    removed = frozenset(_core.split_set(value))

    def edit(old: bytes | None) -> bytes | None:
        if old is None:
            return None
        if _core.type_of(old) != type_name:
            raise ValidationException(mismatch)
        kept = [member for member in _core.split_set(old) if member not in removed]
        return _core.join_set(type_name, kept) if kept else None

    return lambda item: edit
