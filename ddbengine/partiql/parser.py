"""Statements: from text to a syntax tree.  Nothing is looked up; what is refused is refused for its words."""

from __future__ import annotations

from ddbengine.partiql.expressions import COMPARISON_BINDING, ExpressionParser
from ddbengine.partiql.faults import StatementFault, malformed
from ddbengine.partiql.lexer import IDENTIFIER
from ddbengine.partiql.syntax import (
    Assignment,
    DeleteStatement,
    Expression,
    ExpressionStatement,
    From,
    InsertStatement,
    Order,
    Parsed,
    Path,
    Returning,
    Scalar,
    SelectStatement,
    UpdateStatement,
    Variable,
)

_JOINS = ("join", "inner", "left", "right", "full", "cross", "outer")


def parse(text: str) -> tuple[Parsed, int]:
    """The tree of a statement and how many parameters it takes; raise StatementFault."""
    parser = _Parser(text)
    statement = parser.statement()
    parser.finish()
    return statement, parser.parameters


class _Parser(ExpressionParser):
    def statement(self) -> Parsed:
        if self.at_keyword("select"):
            return self.select()
        if self.at_keyword("insert"):
            return self._insert()
        if self.accept_keyword("update"):
            source = self._target()
            assignments = self._assignments()
            where = self._where()
            return UpdateStatement(source, assignments, where, self._returning())
        if self.at_keyword("from"):
            return self._from_first()
        if self.accept_keyword("delete"):
            if not self.accept_keyword("from"):
                raise malformed("Expected FROM after DELETE")
            source = self._target()
            where = self._where()
            return DeleteStatement(source, where, self._returning())
        if self.at_keyword("create", "drop", "exec", "execute"):
            name = {"create": "CreateTable", "drop": "DropTable"}.get(self.token.text, "Exec")
            raise StatementFault(f"Unsupported operation: {name}")
        if self.at_keyword("set", "remove"):
            raise malformed("Expected data manipulation")
        return self._bare_expression()

    def _bare_expression(self) -> Parsed:
        """Anything else; a word that starts no expression was meant to start a statement."""
        is_word = self.token.kind == IDENTIFIER
        try:
            expression = self.expression()
            self.finish()
        except StatementFault:
            if is_word:
                raise malformed("Expected data manipulation") from None
            raise
        return ExpressionStatement(expression)

    # --- SELECT ----------------------------------------------------------------------------------

    def select(self) -> SelectStatement:
        at = self.advance().at
        refusal = None
        if self.accept_keyword("distinct"):
            refusal = "Unsupported token in expression: DISTINCT"
        else:
            self.accept_keyword("all")
        if self.at_keyword("value", "pivot"):
            self.advance()
            refusal = refusal or "Select projection doesn't support value or pivot keywords"
        columns, aliased = self._columns()
        if not self.accept_keyword("from"):
            raise malformed("Expected FROM after SELECT list")
        sources = [self._source()]
        while self.accept_symbol(",") or self.at_keyword(*_JOINS):
            sources.append(self._joined())
        where = self._where()
        order, clause = self._tail_clauses()
        return SelectStatement(columns, aliased, tuple(sources), where, order, refusal or clause, at)

    def _columns(self) -> tuple[tuple[Expression, ...] | None, bool]:
        """The columns and whether one has an alias."""
        if self.at_keyword("from"):
            raise malformed("Cannot have empty SELECT list")
        if self.accept_symbol("*"):
            if self.at_symbol(","):
                raise malformed(
                    "Other expressions may not be present in the select list when '*' is used without dot notation."
                )
            return None, False
        columns = [self.expression()]
        aliased = self._alias()
        while self.accept_symbol(","):
            columns.append(self.expression())
            aliased = self._alias() or aliased
        return tuple(columns), aliased

    def _alias(self) -> bool:
        if self.accept_keyword("as") or self.accept_keyword("at"):
            if self.token.kind != IDENTIFIER:
                raise malformed("Expected identifier for alias")
            self.advance()
            return True
        if self.token.kind == IDENTIFIER:
            self.advance()
            return True
        return False

    def _source(self) -> From:
        return From(self.expression(COMPARISON_BINDING), self._alias())

    def _joined(self) -> From:
        while self.at_keyword(*_JOINS):
            self.advance()
        source = self._source()
        if self.accept_keyword("on"):
            self.expression()
        return source

    def _where(self) -> Expression | None:
        return self.expression() if self.accept_keyword("where") else None

    def _tail_clauses(self) -> tuple[tuple[Order, ...], str | None]:
        """What follows WHERE, and what is said of the first clause that is not supported."""
        order: tuple[Order, ...] = ()
        refusal = None
        while self.at_keyword("order", "group", "having", "limit"):
            clause = self.advance().text
            if clause in ("order", "group") and not self.accept_keyword("by"):
                raise malformed(f"Expected BY after {clause.upper()}")
            if clause == "order":
                order = self._order_list()
                continue
            expression = self.expression()
            where = "" if clause == "group" else f" at {expression.at}"
            name = "GROUP BY" if clause == "group" else clause.upper()
            refusal = refusal or f"Unsupported clause: {name}{where}"
        return order, refusal

    def _order_list(self) -> tuple[Order, ...]:
        items = [self._order_item()]
        while self.accept_symbol(","):
            items.append(self._order_item())
        return tuple(items)

    def _order_item(self) -> Order:
        expression = self.expression()
        descending = self.accept_keyword("desc")
        if not descending:
            self.accept_keyword("asc")
        return Order(expression, descending)

    # --- data manipulation -----------------------------------------------------------------------

    def _insert(self) -> InsertStatement:
        at = self.advance().at
        if not self.accept_keyword("into"):
            raise malformed("Expected INTO after INSERT")
        target = self.simple_path()
        value = refusal = None
        if self.accept_keyword("value"):
            value = self.expression()
            if self.accept_keyword("at"):
                self.expression()
                refusal = f"AT is not supported in insert statements. at {at}"
        elif self.at_keyword("as"):
            raise malformed("Unexpected token after expression")
        else:
            self.expression()
        return InsertStatement(target, value, refusal, self._returning() is not None, at)

    def _from_first(self) -> Parsed:
        at = self.advance().at
        source = self._target()
        where = self._where()
        if self.at_keyword("insert"):
            raise StatementFault("Unsupported FROM ... WHERE ... clause in INSERT statement.", at)
        assignments = self._assignments()
        return UpdateStatement(source, assignments, where, self._returning())

    def _target(self) -> From:
        at = self.token.at
        name, *steps = self.simple_path()
        root = Variable(str(name), at)
        path = tuple(Scalar({"S": str(step)}, at) for step in steps)
        return From(Path(root, path, at) if path else root, self._alias())

    def _assignments(self) -> tuple[Assignment, ...]:
        assignments: list[Assignment] = []
        while self.at_keyword("set", "remove"):
            if self.advance().text == "remove":
                assignments.append(Assignment(self.simple_path(), None))
                continue
            assignments.append(self._assignment())
            while self.accept_symbol(","):
                assignments.append(self._assignment())
        if not assignments:
            raise malformed("Expected data manipulation")
        return tuple(assignments)

    def _assignment(self) -> Assignment:
        target = self.simple_path()
        self.expect_symbol("=", "Expected '=' in assignment")
        return Assignment(target, self.expression(is_right_side=True))

    def _returning(self) -> Returning | None:
        if not self.accept_keyword("returning"):
            return None
        elements = [self._returning_element()]
        while self.accept_symbol(","):
            elements.append(self._returning_element())
        return Returning(tuple(elements))

    def _returning_element(self) -> tuple[str, str, bool]:
        words = []
        for choices in (("modified", "all"), ("old", "new")):
            if not self.at_keyword(*choices):
                raise malformed("Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.")
            words.append(self.advance().text.upper())
        star = self.accept_symbol("*")
        if not star:
            self.expression()
        return words[0], words[1], star
