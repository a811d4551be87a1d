"""The expressions of PartiQL: a Pratt parser over a statement's tokens.

Depth is bounded twice, so that no text can exhaust the stack: by how deep parentheses and brackets may nest, and by how
many operators a statement may have.  AND and OR are joined into one node however long they run.
"""

from __future__ import annotations

from typing import Final

from ddbengine.partiql.faults import Position, StatementFault, malformed
from ddbengine.partiql.keywords import FUNCTION_KEYWORDS, TYPE_NAMES, UNSUPPORTED_TYPE_NAMES
from ddbengine.partiql.lexer import END, IDENTIFIER, ION, KEYWORD, NUMBER, STRING, SYMBOL, Token, list_index, tokens_of
from ddbengine.partiql.syntax import (
    Call,
    Expression,
    IonLiteral,
    IsType,
    Missing,
    Operation,
    Parameter,
    Path,
    Scalar,
    SelectStatement,
    Sequence,
    Struct,
    Unsupported,
    Variable,
    Wildcard,
)

NESTING_MAX_LEVELS: Final = 100
OPERATORS_MAX: Final = 300
"""Of all but AND and OR, which the compiler counts with the rest (FACTS 4.2)."""

NOT_BINDING: Final = 30
COMPARISON_BINDING: Final = 40
_BINDING: Final = {
    "or": 10,
    "and": 20,
    **dict.fromkeys(("=", "<>", "!=", "<", "<=", ">", ">=", "is", "in", "like", "between", "not"), COMPARISON_BINDING),
    "||": 50,
    **dict.fromkeys("+-", 60),
    **dict.fromkeys("*/%", 70),
}
_OPERATOR_KEYWORDS: Final = frozenset({"or", "and", "is", "in", "like", "between"})
_OPERATOR_SYMBOLS: Final = frozenset({"=", "<>", "!=", "<", "<=", ">", ">=", "||", "+", "-", "*", "/", "%"})
_LITERALS: Final = {"true": {"BOOL": True}, "false": {"BOOL": False}, "null": {"NULL": True}}


class ExpressionParser:
    """A position in the tokens of a statement, and a method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)
        self._position = 0
        self._levels = 0
        self._operators = 0
        self.parameters = 0
        """How many question marks were taken."""
        self.token = self._tokens[0]

    # --- tokens ----------------------------------------------------------------------------------

    def advance(self) -> Token:
        """Take the current token."""
        taken = self.token
        if taken.kind != END:
            self._position += 1
            self.token = self._tokens[self._position]
        return taken

    def following(self) -> Token:
        """The token after the current one."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def at_keyword(self, *words: str) -> bool:
        return self.token.kind == KEYWORD and self.token.text in words

    def at_symbol(self, symbol: str) -> bool:
        return self.token.kind == SYMBOL and self.token.text == symbol

    def accept_keyword(self, word: str) -> bool:
        if not self.at_keyword(word):
            return False
        self.advance()
        return True

    def accept_symbol(self, symbol: str) -> bool:
        if not self.at_symbol(symbol):
            return False
        self.advance()
        return True

    def expect_symbol(self, symbol: str, tail: str) -> None:
        if not self.accept_symbol(symbol):
            raise malformed(tail)

    def finish(self) -> None:
        """Everything was taken, one semicolon allowed."""
        self.accept_symbol(";")
        if self.token.kind != END:
            raise malformed("Unexpected token after expression")

    # --- operators -------------------------------------------------------------------------------

    def expression(self, binding: int = 0, is_right_side: bool = False) -> Expression:
        """An expression whose operators all bind tighter than ``binding``."""
        self._levels += 1
        if self._levels > NESTING_MAX_LEVELS:
            raise malformed()
        if is_right_side and self.token.kind == END:
            raise malformed("Missing right-hand side expression of infix operator")
        left = self._steps(self._prefix())
        while True:
            operator = self.token.text if self.token.kind in (KEYWORD, SYMBOL) else ""
            strength = _BINDING.get(operator, 0)
            if strength <= binding or (operator == "not" and not self._negated_operator_follows()):
                self._levels -= 1
                return left
            left = self._infix(left, operator, strength)

    def _negated_operator_follows(self) -> bool:
        following = self.following()
        return following.kind == KEYWORD and following.text in ("in", "like", "between")

    def _infix(self, left: Expression, operator: str, strength: int) -> Expression:
        at = self.advance().at
        if operator in ("and", "or"):
            right = self.expression(strength, is_right_side=True)
            if isinstance(left, Operation) and left.operator == operator:
                return self._junction(left, right)
            return Operation(operator, (left, right), at)
        self._count_operator()
        if operator == "is":
            return self._type_test(left, at)
        if operator == "not":
            negated = self._comparison(left, self.token.text, self.advance().at, strength)
            return Operation("not", (negated,), at)
        return self._comparison(left, operator, at, strength)

    def _junction(self, left: Operation, right: Expression) -> Expression:
        return Operation(left.operator, (*left.operands, right), left.at)

    def _comparison(self, left: Expression, operator: str, at: Position, strength: int) -> Expression:
        if operator == "between":
            low = self.expression(strength, is_right_side=True)
            if not self.accept_keyword("and"):
                raise malformed("Expected AND after BETWEEN")
            return Operation("between", (left, low, self.expression(strength, is_right_side=True)), at)
        if operator == "in" and self.at_symbol("("):
            start = self.advance().at
            return Operation("in", (left, Sequence(False, self._items(")"), start)), at)
        right = self.expression(strength, is_right_side=True)
        return Operation("<>" if operator == "!=" else operator, (left, right), at)

    def _type_test(self, operand: Expression, at: Position) -> Expression:
        negated = self.accept_keyword("not")
        name = self.token.text
        if self.token.kind != KEYWORD or (name not in TYPE_NAMES and name not in UNSUPPORTED_TYPE_NAMES):
            raise malformed("Expected type name")
        self.advance()
        test = IsType(operand, name, at)
        return Operation("not", (test,), at) if negated else test

    def _count_operator(self) -> None:
        self._operators += 1
        if self._operators > OPERATORS_MAX:
            raise StatementFault(f"The expression contains too many operators; operator count: {OPERATORS_MAX + 1}")

    # --- terms -----------------------------------------------------------------------------------

    def _prefix(self) -> Expression:
        token = self.token
        if token.kind == NUMBER:
            return Scalar({"N": self.advance().text}, token.at)
        if token.kind == STRING:
            return Scalar({"S": self.advance().text}, token.at)
        if token.kind == ION:
            return IonLiteral(self.advance().text, token.at)
        if token.kind == IDENTIFIER:
            return self._identifier()
        if token.kind == KEYWORD:
            return self._keyword()
        if token.kind == SYMBOL:
            return self._symbol()
        raise malformed("Unexpected term")

    def _identifier(self) -> Expression:
        token = self.advance()
        if not token.quoted and self.at_symbol("("):
            return Call(token.text, self._arguments(), token.at)
        return Variable(token.text, token.at)

    def _keyword(self) -> Expression:
        token = self.token
        word = token.text
        if word in _LITERALS:
            self.advance()
            return Scalar(_LITERALS[word], token.at)
        if word == "missing":
            return Missing(self.advance().at)
        if word == "not":
            self.advance()
            self._count_operator()
            return Operation("not", (self.expression(NOT_BINDING),), token.at)
        if word == "cast" and self.following().text == "(":
            self.advance()
            at = self.token.at
            self._skip_parentheses()
            return Unsupported("cast", at)
        if word in FUNCTION_KEYWORDS and self.following().text == "(" and self.following().kind == SYMBOL:
            self.advance()
            return Call(word, self._arguments(), token.at)
        if word == "date" and self.following().kind == STRING:
            self.advance()
            return Unsupported("UNKNOWN", self.advance().at)
        raise malformed("Unexpected operator" if word in _OPERATOR_KEYWORDS else "Unexpected keyword")

    def _skip_parentheses(self) -> None:
        depth = 0
        while self.token.kind != END:
            if self.at_symbol("("):
                depth += 1
            elif self.at_symbol(")"):
                depth -= 1
            self.advance()
            if depth == 0:
                return
        raise malformed("Unexpected term")

    def _symbol(self) -> Expression:
        token = self.token
        if token.text == "(":
            return self._parenthesis()
        if token.text == "[":
            self.advance()
            return Sequence(False, self._items("]"), token.at)
        if token.text == "<<":
            self.advance()
            return Sequence(True, self._items(">>"), token.at)
        if token.text == "{":
            return self._struct()
        if token.text == "?":
            self.advance()
            self.parameters += 1
            return Parameter(self.parameters - 1, token.at)
        if token.text == "@":
            self.advance()
            if self.token.kind != IDENTIFIER:
                raise malformed("Identifier expected after `@` symbol")
            return Variable(self.token.text, self.advance().at)
        if token.text in ("+", "-"):
            return self._sign()
        raise malformed("Unexpected operator" if token.text in _OPERATOR_SYMBOLS else "Unexpected term")

    def _sign(self) -> Expression:
        sign = self.advance()
        self._count_operator()
        operand = self.expression(_BINDING["*"])
        if isinstance(operand, Scalar) and "N" in operand.wire:
            number = operand.wire["N"]
            if sign.text == "-":
                number = number[1:] if number.startswith("-") else f"-{number}"
            return Scalar({"N": number}, operand.at)
        return Operation(sign.text, (operand,), sign.at)

    def _parenthesis(self) -> Expression:
        at = self.advance().at
        items = self._items(")")
        return items[0] if len(items) == 1 else Sequence(False, items, at)

    def _items(self, closing: str) -> tuple[Expression, ...]:
        if self.accept_symbol(closing):
            return ()
        items = [self._item()]
        while self.accept_symbol(","):
            items.append(self._item())
        self.expect_symbol(closing, "Unexpected term" if self.token.kind == END else "Expected delimiter")
        return tuple(items)

    def _item(self) -> Expression:
        if self.at_keyword("select"):
            self._levels += 1
            if self._levels > NESTING_MAX_LEVELS:
                raise malformed()
            selected = self.select()
            self._levels -= 1
            return selected
        return self.expression()

    def select(self) -> SelectStatement:
        """A SELECT inside an expression, which only a parser of statements knows."""
        raise NotImplementedError

    def _arguments(self) -> tuple[Expression, ...]:
        self.advance()
        if self.at_symbol("*"):
            star = Wildcard(self.advance().at)
            self.expect_symbol(")", "Unexpected term")
            return (star,)
        return self._items(")")

    def _struct(self) -> Expression:
        at = self.advance().at
        entries: list[tuple[Expression, Expression]] = []
        while not self.accept_symbol("}"):
            if entries:
                self.expect_symbol(",", "Expected delimiter")
            key = self.expression()
            self.expect_symbol(":", "Expected ':' after a member name")
            entries.append((key, self.expression()))
        return Struct(tuple(entries), at)

    # --- paths -----------------------------------------------------------------------------------

    def _steps(self, root: Expression) -> Expression:
        steps: list[Expression] = []
        while self.at_symbol(".") or self.at_symbol("["):
            if self.advance().text == ".":
                steps.append(self._dot_step())
            elif self.at_symbol("*"):
                raise malformed("Invalid path component")
            else:
                steps.append(self.expression())
                self.expect_symbol("]", "Invalid path component")
        return Path(root, tuple(steps), root.at) if steps else root

    def _dot_step(self) -> Expression:
        if self.at_symbol("*"):
            return Wildcard(self.advance().at)
        if self.token.kind != IDENTIFIER:
            raise malformed("Invalid path dot component")
        return Scalar({"S": self.token.text}, self.advance().at)

    def simple_path(self) -> tuple[str | int, ...]:
        """A path of names, strings and indexes: what DML statements write to."""
        if self.token.kind != IDENTIFIER:
            raise malformed("Expected identifier for simple path")
        elements: list[str | int] = [self.advance().text]
        while True:
            if self.accept_symbol("."):
                if self.token.kind != IDENTIFIER:
                    raise malformed("Invalid path dot component")
                elements.append(self.advance().text)
            elif self.accept_symbol("["):
                if self.token.kind == STRING:
                    elements.append(self.advance().text)
                elif self.token.kind == NUMBER and self.token.text.isdigit():
                    index = self.advance()
                    elements.append(list_index(index.text, index.at))
                else:
                    raise malformed("Expected number or string for simple path")
                self.expect_symbol("]", "Invalid path component")
            else:
                return tuple(elements)
