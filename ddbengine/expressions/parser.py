"""Tokens into syntax trees, by recursive descent.

::

    condition   = conjunction {OR conjunction}          projection = path {"," path}
    conjunction = negation {AND negation}               update     = section {section}
    negation    = NOT negation | primary                section    = SET path "=" value {"," ...}
    primary     = "(" condition ")" | comparison                   | REMOVE path {"," path}
                | function                                         | (ADD | DELETE) path :value {"," ...}
    comparison  = operand ("=" | "<>" | "<" | "<=" | ">" | ">=") operand
                | operand BETWEEN operand AND operand
                | operand IN "(" operand {"," operand} ")"
    value       = operand [("+" | "-") operand] | "(" value ")"
    operand     = path | :value | function | "(" operand ")"
    function    = identifier "(" operand {"," operand} ")"
    path        = name {"." name | "[" index "]"}

Rules that can nest are generators: they yield the rule they need and are sent its result, while ``_run`` keeps the
waiting ones in a list.  So nesting is bounded by the length of the text alone, never by the interpreter's stack.

Rules for things that may stand in parentheses return a pair: the node, and whether a pair of parentheses was its
outermost mark, since a second pair around the first is refused (FACTS 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Final

from ddbengine.expressions.faults import ExpressionFault
from ddbengine.expressions.lexer import END, IDENTIFIER, INDEX, NAME_ALIAS, VALUE_ALIAS, Token, tokens_of
from ddbengine.expressions.syntax import (
    Action,
    AddAction,
    And,
    Arithmetic,
    Between,
    Comparison,
    DeleteAction,
    FunctionCall,
    In,
    Not,
    Or,
    PathOperand,
    RemoveAction,
    Section,
    SetAction,
    ValueOperand,
)

COMPARATORS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})

Rule = Generator[Any, Any, Any]
"""Yields rules, is sent their results, returns its own."""


def parse_condition(text: str) -> Any:
    """The condition node of a condition, filter or key condition; raise ExpressionFault."""
    parser = _Parser(text)
    node, _ = _run(parser.condition(bare_operand=False))
    parser.finish()
    return node


def parse_projection(text: str) -> tuple[PathOperand, ...]:
    """The paths of a projection, as written; raise ExpressionFault."""
    parser = _Parser(text)
    paths = parser.separated(parser.path)
    parser.finish()
    return tuple(paths)


def parse_update(text: str) -> tuple[Section, ...]:
    """The sections of an update, as written; raise ExpressionFault."""
    parser = _Parser(text)
    sections = [parser.section()]
    while parser.token.kind != END:
        sections.append(parser.section())
    parser.finish()
    return tuple(sections)


def _run(rule: Rule) -> Any:
    waiting = [rule]
    result: Any = None
    while waiting:
        try:
            needed = waiting[-1].send(result)
        except StopIteration as finished:
            waiting.pop()
            result = finished.value
        else:
            waiting.append(needed)
            result = None
    return result


class _Parser:
    """A position in a list of tokens, and a method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._position = 0
        self._redundant_parentheses = False
        self.token = self._tokens[0]

    # --- tokens ----------------------------------------------------------------------------------

    def advance(self) -> Token:
        """Take the current token."""
        taken = self.token
        self._position += 1
        self.token = self._tokens[self._position]
        return taken

    def accept(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self.advance()
        return True

    def expect(self, kind: str) -> Token:
        if self.token.kind != kind:
            raise self.syntax_error()
        return self.advance()

    def syntax_error(self) -> ExpressionFault:
        """The current token is not what the grammar allows.  The text near it runs from the token before to the one
        after, blanks included, to the end of the text where there is none."""
        at, tokens = self._position, self._tokens
        start = tokens[at - 1].start if at else 0
        end = tokens[at + 1].end if at + 1 < len(tokens) else len(self._text)
        return ExpressionFault(f'Syntax error; token: "{self.token.text}", near: "{self._text[start:end]}"')

    def finish(self) -> None:
        """Everything was taken.  Redundant parentheses are reported only now: a syntax error anywhere beats them."""
        if self.token.kind != END:
            raise self.syntax_error()
        if self._redundant_parentheses:
            raise ExpressionFault("The expression has redundant parentheses;")

    def separated(self, rule: Callable[[], Any]) -> list[Any]:
        items = [rule()]
        while self.accept(","):
            items.append(rule())
        return items

    # --- conditions ------------------------------------------------------------------------------

    def condition(self, bare_operand: bool) -> Rule:
        """``bare_operand``: just after an opening parenthesis the text may turn out to be only an operand."""
        first, wrapped = yield self._conjunction(bare_operand)
        if self.token.kind != "OR":
            return first, wrapped
        conditions = [first]
        while self.accept("OR"):
            node, _ = yield self._conjunction(False)
            conditions.append(node)
        return Or(tuple(conditions)), False

    def _conjunction(self, bare_operand: bool) -> Rule:
        first, wrapped = yield self._negation(bare_operand)
        if self.token.kind != "AND":
            return first, wrapped
        conditions = [first]
        while self.accept("AND"):
            node, _ = yield self._negation(False)
            conditions.append(node)
        return And(tuple(conditions)), False

    def _negation(self, bare_operand: bool) -> Rule:
        if not self.accept("NOT"):
            return (yield self._primary(bare_operand))
        node, _ = yield self._negation(False)
        return Not(node), False

    def _primary(self, bare_operand: bool) -> Rule:
        if self.accept("("):
            node, doubled = yield self.condition(bare_operand=True)
            self._close_parenthesis(doubled)
            if not isinstance(node, (PathOperand, ValueOperand, FunctionCall)):
                return node, True
            wrapped = True
        else:
            node, wrapped = yield self._operand()
        comparison = yield self._comparison(node)
        if comparison is not None:
            return comparison, False
        if isinstance(node, FunctionCall) or (bare_operand and self.token.kind == ")"):
            return node, wrapped
        raise self.syntax_error()

    def _comparison(self, operand: Any) -> Rule:
        """What follows the first operand, or None when no comparison does."""
        operator = self.token.kind
        if operator in COMPARATORS:
            self.advance()
            right, _ = yield self._operand()
            return Comparison(operator, operand, right)
        if operator == "BETWEEN":
            self.advance()
            low, _ = yield self._operand()
            self.expect("AND")
            high, _ = yield self._operand()
            return Between(operand, low, high)
        if operator == "IN":
            self.advance()
            return In(operand, (yield self._operands()))
        return None

    # --- operands --------------------------------------------------------------------------------

    def _operand(self) -> Rule:
        kind = self.token.kind
        if kind == "(":
            self.advance()
            node, doubled = yield self._operand()
            self._close_parenthesis(doubled)
            return node, True
        if kind == VALUE_ALIAS:
            return ValueOperand(self.advance().text), False
        if kind == IDENTIFIER and self._tokens[self._position + 1].kind == "(":
            name = self.advance().text
            return FunctionCall(name, (yield self._operands())), False
        return self.path(), False

    def _operands(self) -> Rule:
        self.expect("(")
        operands = []
        while True:
            node, _ = yield self._operand()
            operands.append(node)
            if not self.accept(","):
                break
        self.expect(")")
        return tuple(operands)

    def _close_parenthesis(self, doubled: bool) -> None:
        self.expect(")")
        if doubled:
            self._redundant_parentheses = True

    def path(self) -> PathOperand:
        elements: list[str | int] = [self._name()]
        while True:
            if self.accept("."):
                elements.append(self._name())
            elif self.accept("["):
                elements.append(int(self.expect(INDEX).text))
                self.expect("]")
            else:
                return PathOperand(tuple(elements))

    def _name(self) -> str:
        if self.token.kind not in (IDENTIFIER, NAME_ALIAS):
            raise self.syntax_error()
        return self.advance().text

    # --- updates ---------------------------------------------------------------------------------

    def section(self) -> Section:
        rules: dict[str, Callable[[], Action]] = {
            "SET": self._set_action,
            "REMOVE": lambda: RemoveAction(self.path()),
            "ADD": lambda: AddAction(self.path(), self._value_alias()),
            "DELETE": lambda: DeleteAction(self.path(), self._value_alias()),
        }
        keyword = self.token.kind
        if keyword not in rules:
            raise self.syntax_error()
        self.advance()
        return Section(keyword, tuple(self.separated(rules[keyword])))

    def _set_action(self) -> SetAction:
        target = self.path()
        self.expect("=")
        value, _ = _run(self._value())
        return SetAction(target, value)

    def _value_alias(self) -> ValueOperand:
        return ValueOperand(self.expect(VALUE_ALIAS).text)

    def _value(self) -> Rule:
        if self.accept("("):
            node, doubled = yield self._value()
            self._close_parenthesis(doubled)
            if isinstance(node, Arithmetic):
                return node, True
            wrapped = True
        else:
            node, wrapped = yield self._operand()
        if self.token.kind not in ("+", "-"):
            return node, wrapped
        operator = self.advance().kind
        right, _ = yield self._operand()
        return Arithmetic(operator, node, right), False
