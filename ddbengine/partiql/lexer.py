"""Tokens of a statement."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ddbengine.expressions.checks import LIST_INDEX_MAX
from ddbengine.partiql.faults import Position, StatementFault, malformed
from ddbengine.partiql.keywords import KEYWORDS

IDENTIFIER: Final = "identifier"
KEYWORD: Final = "keyword"
NUMBER: Final = "number"
STRING: Final = "string"
ION: Final = "ion"
SYMBOL: Final = "symbol"
END: Final = "end"

_EXPONENT_MAX: Final = 2**31 - 1
_INT32_DIGITS: Final = 10
"""Python makes no int of thousands of digits, and what has more than these is too large at any rate."""

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>\s+ | --[^\n]* | /\*.*?\*/)
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<ion>`[^`]*`)
  | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z_$]))
  | (?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
  | (?P<symbol><<|>>|<=|>=|<>|!=|\|\||/(?!\*)|[<>=+\-*%()\[\]{},.:;?@])
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    kind: str
    text: str
    """Without its quotes; a keyword in lower case, a symbol as it is."""
    at: Position
    quoted: bool = False


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text and an END after the last; raise StatementFault for what cannot be read."""
    tokens: list[Token] = []
    position, line, line_start = 0, 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise malformed()
        written = match[0]
        kind = str(match.lastgroup)
        if kind != "blank":
            tokens.append(_token(kind, written, line, position - line_start + 1))
        breaks = written.count("\n")
        if breaks:
            line += breaks
            line_start = position + written.rindex("\n") + 1
        position = match.end()
    tokens.append(Token(END, "", Position(line, position - line_start + 1, 0)))
    return tokens


def _token(kind: str, written: str, line: int, column: int) -> Token:
    at = Position(line, column, len(written))
    if kind == "string":
        return Token(STRING, written[1:-1].replace("''", "'"), at)
    if kind == "quoted":
        return Token(IDENTIFIER, written[1:-1].replace('""', '"'), at, quoted=True)
    if kind == "ion":
        return Token(ION, written[1:-1], at)
    if kind == "number":
        _check_exponent(written)
        return Token(NUMBER, written, at)
    if kind == "word":
        lower = written.lower()
        return Token(KEYWORD, lower, at) if lower in KEYWORDS else Token(IDENTIFIER, written, at)
    return Token(SYMBOL, written, at)


def _check_exponent(number: str) -> None:
    """A number whose exponent, or whose scale, needs more than 32 bits cannot be read."""
    mantissa, _, exponent = number.lower().partition("e")
    if not exponent:
        return
    digits = exponent.lstrip("+-0") or "0"
    if len(digits) > _INT32_DIGITS or int(digits) > _EXPONENT_MAX:
        raise malformed()
    fraction = mantissa.partition(".")[2]
    power = -int(digits) if exponent.startswith("-") else int(digits)
    if abs(power - len(fraction)) > _EXPONENT_MAX:
        raise malformed()


def list_index(number: str, at: Position | None) -> int:
    """The element of a list that a whole number names; raise StatementFault beyond the 32 bits that an index has."""
    digits = number.lstrip("0") or "0"
    if len(digits) > _INT32_DIGITS or not 0 <= int(digits) <= LIST_INDEX_MAX:
        raise StatementFault(f"List index is not within the allowable range; index: [{digits}]", at)
    return int(digits)
