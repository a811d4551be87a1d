"""UpdateExpression: from text to an Update, which makes a new item out of an old one.

Faults are found as the service finds them, actions always from the last written to the first: all targets (aliases,
levels, overlap with the paths written after them), then all values, each from left to right and then its operators.
That order agrees with the recorded answers behind FACTS 4.3, and was observed on DynamoDB Local 1.25.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ddbengine import _core
from ddbengine.errors import ValidationException
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


class Update:
    """The actions of an update, bound to the names and values of a request."""

    __slots__ = ("_charge", "_edits", "_order", "_tree", "_values", "computed_paths", "operand_paths", "paths")

    def __init__(
        self,
        paths: tuple[Path, ...],
        tree: _core.Tree,
        edits: Sequence[EditOf],
        charge: ChargeTemplate | None,
        values: Values,
        order: Sequence[int] | None = None,
        operand_paths: tuple[Path, ...] = (),
        computed_paths: frozenset[Path] = frozenset(),
    ) -> None:
        self.paths = paths
        """The targets, in the order written."""
        self.operand_paths = operand_paths
        """What right-hand sides read."""
        self.computed_paths = computed_paths
        """The targets that SET gives something else than a literal value."""
        self._tree = tree
        self._edits = edits
        self._charge = charge
        self._values = values
        self._order = range(len(paths)) if order is None else order

    def charge(self, item: _core.Buffer | None) -> int:
        """The statement charge in bytes (FACTS 2.7); 0 for AttributeUpdates, of which only the finished item counts."""
        return 0 if self._charge is None else self._charge.of(self._values, item)

    def apply(self, item: _core.Buffer | None, key: Mapping[str, _core.Buffer]) -> UpdateResult:
        """The item after the update; raise ValidationException (FACTS 4.4).

        When there is no item, one with only the attributes of ``key`` takes its place, for operands too.
        """
        before = _core.join_map(key) if item is None else item
        edits: dict[str | int, Any] = {}
        for position in self._order:
            path = self.paths[position]
            node = edits
            for element in path[:-1]:
                node = node.setdefault(element, {})
            node[path[-1]] = self._edits[position](before)
        return UpdateResult(item, edited_item(before, edits), self._tree)


def _order_of(paths: Sequence[Path]) -> tuple[int, ...]:
    """Positions of the paths in the order in which the service applies them, which shows when several go wrong: by
    the hash table that holds them, from its end (observed on DynamoDB Local 1.25)."""
    keys = [tuple(map(element_bucket, path)) for path in paths]
    return tuple(sorted(range(len(paths)), key=keys.__getitem__, reverse=True))


def compile_update(text: str, placeholders: Placeholders) -> Update:
    """Compile an UpdateExpression; raise ValidationException."""
    try:
        parsed = _parsed(text)
        placeholders.use(parsed.aliases)
        defined = placeholders.names
        template = _template(text, tuple([defined.get(alias) for alias in parsed.names]))
        return template.bind(placeholders.values)
    except ExpressionFault as fault:
        raise named("UpdateExpression", fault) from None


class _Parsed(NamedTuple):
    actions: tuple[Action, ...]
    names: tuple[str, ...]
    aliases: frozenset[str]


class UpdateTemplate(NamedTuple):
    """An update bound to names, not yet to values."""

    paths: tuple[Path, ...]
    tree: _core.Tree
    makers: tuple[EditMaker, ...]
    """Of all actions, the last written first."""
    charge: ChargeTemplate | None
    order: tuple[int, ...]
    operand_paths: tuple[Path, ...]
    computed_paths: frozenset[Path]

    def bind(self, values: Values) -> Update:
        edits = [make(values) for make in self.makers]
        edits.reverse()
        return Update(
            self.paths,
            self.tree,
            edits,
            self.charge,
            values,
            self.order,
            operand_paths=self.operand_paths,
            computed_paths=self.computed_paths,
        )


@lru_cache(maxsize=4096)
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


@lru_cache(maxsize=4096)
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
    return UpdateTemplate(
        tuple(paths),
        tree.tree,
        makers,
        _charge(actions, paths, names),
        _order_of(paths),
        tuple(_operand_paths(computed.values(), names)),
        frozenset(computed),
    )


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
