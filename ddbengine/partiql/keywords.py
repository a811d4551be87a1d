"""The words of PartiQL that are no identifiers unless they are quoted (observed on DynamoDB Local, word by word)."""

from __future__ import annotations

from typing import Final

KEYWORDS: Final = frozenset(
    """
    absolute action add all allocate alter and any are as asc assertion at authorization avg bag begin between bit blob
    bool boolean by cascade cascaded case cast catalog char char_length character character_length check clob close
    coalesce collate collation column commit conflict connect connection constraint constraints continue convert
    corresponding count create cross current current_date current_time current_timestamp current_user cursor date
    date_add date_diff deallocate dec decimal declare default deferrable deferred delete desc describe descriptor
    diagnostics disconnect distinct do domain double drop else end escape except exception exec execute exists external
    extract false fetch first float for foreign found from full get global go goto grant group having identity immediate
    in index indicator initially inner input insensitive insert int integer intersect interval into is isolation join
    key language last left let level like limit list local lower match max min missing modified module names national
    natural nchar new next no not nothing null nullif numeric octet_length of old on only open option or order outer
    output overlaps pad partial pivot position precision prepare preserve primary prior privileges procedure public read
    real references relative remove restrict returning revoke right rollback rows schema scroll section select session
    session_user set sexp size smallint some space sql sqlcode sqlerror sqlstate string struct substring sum symbol
    system_user table temporary then time timestamp to transaction translate translation trim true tuple union unique
    unknown unpivot update upper usage user using value values varchar varying view when whenever where with work write
    zone
    """.split()  # noqa: SIM905  # a list of quoted words would be harder to read
)

FUNCTION_KEYWORDS: Final = frozenset(
    """
    avg cast char_length character_length coalesce convert count date_add date_diff exists extract lower max min nullif
    octet_length position size substring sum translate trim upper
    """.split()  # noqa: SIM905  # a list of quoted words would be harder to read
)
"""Keywords that name a function when a parenthesis follows."""

TYPE_NAMES: Final = {
    "missing": "MISSING",
    "null": "NULL",
    "bool": "BOOL",
    "boolean": "BOOL",
    "blob": "B",
    "string": "S",
    "numeric": "N",
    "struct": "M",
    "tuple": "M",
    "list": "L",
}
"""What may stand after IS."""

UNSUPPORTED_TYPE_NAMES: Final = {
    "any": "ANY",
    "bag": "BAG",
    "char": "CHARACTER",
    "character": "CHARACTER",
    "clob": "CLOB",
    "date": "DATE",
    "dec": "DECIMAL",
    "decimal": "DECIMAL",
    "double": "DOUBLE_PRECISION",
    "float": "FLOAT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "real": "REAL",
    "sexp": "SEXP",
    "smallint": "SMALLINT",
    "symbol": "SYMBOL",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "varchar": "CHARACTER_VARYING",
}
"""Types that PartiQL knows and DynamoDB does not, as messages spell them."""
