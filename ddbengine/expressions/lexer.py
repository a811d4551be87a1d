"""Text into tokens.  Keywords are recognised in any case, in every kind of expression.

A character that no token starts with becomes a token of its own; the grammar has no use for it, so it surfaces as a
syntax error at its place, as the service reports it (FACTS 4.1).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

END: Final = "<EOF>"
IDENTIFIER: Final = "identifier"
NAME_ALIAS: Final = "name alias"
VALUE_ALIAS: Final = "value alias"
INDEX: Final = "index"
UNKNOWN: Final = "unknown"

KEYWORDS: Final = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"})

_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+)
  | (?P<identifier>[A-Za-z][A-Za-z0-9_]*)
  | (?P<name>\#[A-Za-z0-9_]+)
  | (?P<value>:[A-Za-z0-9_]+)
  | (?P<index>0|[1-9][0-9]*)
  | (?P<symbol><>|<=|>=|[=<>()\[\],.+-])
  | (?P<unknown>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: Final = {"name": NAME_ALIAS, "value": VALUE_ALIAS, "index": INDEX, "unknown": UNKNOWN}


class Token(NamedTuple):
    kind: str
    """A keyword in capitals, a symbol as written, or one of the constants above."""
    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """The tokens of an expression, closed by one of kind END."""
    tokens = []
    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        if group == "blank":
            continue
        written = match.group()
        if group == "identifier":
            kind = written.upper() if written.upper() in KEYWORDS else IDENTIFIER
        else:
            kind = written if group == "symbol" else _KINDS[str(group)]
        tokens.append(Token(kind, written, match.start(), match.end()))
    tokens.append(Token(END, END, len(text), len(text)))
    return tokens
