"""Types of the Cython core: bytes in, bytes out.  It knows nothing of tables, requests or errors of the service.
What is imported here has its contract in a file of its own.

Two byte forms appear everywhere:

*encoded value*
    One attribute value as one msgpack object:  S str · N ext 1 · B bin · BOOL bool · NULL nil · M map (str keys,
    order kept) · L array · SS ext 2 · NS ext 3 · BS ext 4.  The payload of ext 1 is the *number bytes* below; the
    payload of a set is a msgpack array of its encoded members, sorted (SS and BS by bytes, NS by value) and distinct.
    Always the shortest msgpack header, except that ext is always ext8/16/32.  So two equal values have equal bytes,
    maps (whose order is kept) excepted: use ``equal``.
*stored item*
    One encoded M: the whole item.

*number bytes*: DynamoDB's own variable-length form (FACTS 5.7).  Zero is 0x80.  Otherwise one byte of sign and base-100
exponent, then a byte for each pair of decimal digits (pair + 1, or 101 - pair for negatives; negatives with fewer than
20 digit bytes end with 102).  Byte order is numeric order, and each number has exactly one form.

Every function accepts any C-contiguous buffer (bytes, memoryview) where it says Buffer, keeps no reference to it, and
returns objects that own their memory.  Bytes that are not a well-formed encoded value raise ``CorruptBytes``: every
read is bounds-checked.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from types import TracebackType
from typing import Any, TypeGuard, TypeVar

import lmdb

from ddbengine._core.answers import AnswerWriter as AnswerWriter
from ddbengine._core.answers import Frame as Frame
from ddbengine._core.groups import GroupedWrites as GroupedWrites
from ddbengine._core.http1 import Kind as Kind
from ddbengine._core.http1 import PostReader as PostReader
from ddbengine._core.http1 import Request as Request
from ddbengine._core.lookups import PlainLookups as PlainLookups
from ddbengine._core.outcomes import Outcome as Outcome
from ddbengine._core.outcomes import Writes as Writes
from ddbengine._core.puts import PlainPut as PlainPut
from ddbengine._core.puts import PlainPuts as PlainPuts
from ddbengine._core.queries import PlainQueries as PlainQueries
from ddbengine._core.queries import PlainQuery as PlainQuery
from ddbengine._core.records import change_record as change_record
from ddbengine._core.records import log_record as log_record
from ddbengine._core.shortcuts import Shortcut as Shortcut

Buffer = bytes | bytearray | memoryview
_Row = TypeVar("_Row", bound=Buffer)
Path = tuple[str | int, ...]
"""A document path: the attribute name, then map keys (str) and list positions (int)."""

Tree = Mapping[str | int, "Tree | None"]
"""A set of document paths that do not overlap, as nested mappings; None keeps the whole value.
``{"a": None, "m": {"x": None}, "l": {0: None}}`` is the paths a, m.x and l[0]."""

class CorruptBytes(Exception):
    """Stored bytes are not what the core writes: a damaged store or a bug, never a client's doing."""

class DamagedPage(CorruptBytes):
    """A page of a tree is not what LMDB writes."""

class JsonTypeFault(Exception):
    """A JSON value has the wrong type for the service model; args[0] is the service's message (FACTS 1.5)."""

class ValueFault(Exception):
    """A value the service refuses.  ``engine.values`` words it, since the wording depends on the operation.

    kind, and what detail holds:
    ``number_format`` text as sent, empty for null in an NS · ``number_overflow`` text · ``number_underflow`` text ·
    ``number_precision`` text ·
    ``SS_duplicates`` / ``BS_duplicates`` list of members as sent (str; base64 text) · ``NS_duplicates`` None ·
    ``SS_empty`` ``NS_empty`` ``BS_empty`` ``SS_null`` ``BS_null`` None ·
    ``no_type`` ``many_types`` ``null_false`` ``empty_name`` ``nesting`` None
    """

    kind: str
    detail: Any
    def __init__(self, kind: str, detail: Any = None) -> None: ...

# --- from the wire ----------------------------------------------------------------------------------------------------
# Wire values are what orjson.loads makes of DynamoDB JSON: {"S": "x"}, {"N": "1"}, {"M": {"k": {"BOOL": true}}} ...

def check_value(value: Any) -> Any:
    """Return the wire value with JSON types as the service model wants them, or raise JsonTypeFault (FACTS 1.5).

    Members that are null or unknown to the model are dropped; BOOL and NULL given as text become bool; base64 is
    checked.  The first fault in the order sent is the one raised.  A scalar in place of the value is worded as for an
    element of a list or map (``Unexpected value type in payload``): where the model has a structure as a member, the
    caller looks first.  Null in place of a value is ``{}``, which encoding refuses as ``no_type``; null in a set stays,
    and encoding refuses it.  Never changes its argument, and returns it when nothing had to change (then it allocates
    nothing).
    """

def check_item(item: Any) -> Any:
    """``check_value`` for a map of attribute name to value (Item, Key, ExpressionAttributeValues, M); not for null."""

class Form:
    """What a JSON value has to be, to be taken as it is.  No value fits this one; its subclasses know better.

    A form only says yes: what is wrong with a value that does not fit, if anything, others know.
    """

    def fits(self, value: object) -> TypeGuard[Any]:
        """Whether a value can be taken as it is.  Alters nothing."""

class Text(Form):
    """A str."""

class Flag(Form):
    """A bool."""

class Number(Form):
    """Any int or float, or with ``bits`` (64 at most) an int that fits into so many with its sign."""

    def __init__(self, bits: int = 0) -> None: ...

class AttributeValue(Form):
    """What ``check_value`` returns unchanged, but for null."""

class ListOf(Form):
    """A list whose elements all fit a form."""

    def __init__(self, element: Form) -> None: ...

class MapOf(Form):
    """A dict whose values all fit a form.  What ``check_item`` returns unchanged is one of AttributeValue."""

    def __init__(self, entry: Form) -> None: ...

class Lengths:
    """Tells whether a value has at least ``least`` parts, and at most ``most`` unless that is None."""

    @property
    def least(self) -> int: ...
    @property
    def most(self) -> int | None: ...
    def __init__(self, least: int, most: int | None = None) -> None: ...
    def __call__(self, value: Sized) -> bool: ...

class Members(Form):
    """Some of these members and no others, all that are required among them.  Of a member that fits its form ``holds``
    may ask more: a function whose answer is taken for true or false."""

    def __init__(
        self,
        forms: dict[str, Form],
        holds: dict[str, Callable[[Any], object]] | None = None,
        required: tuple[str, ...] = (),
    ) -> None: ...

def encode_value(value: dict[str, Any], max_depth: int = 32) -> bytes:
    """Encode one checked wire value; raise ValueFault.  A scalar is depth 1, and each M or L around it adds 1.

    Faults are found in the order sent, what is inside a value before the value: members of a set before its emptiness
    and repeats, every type's content before ``many_types``.  ``empty_name`` inside a map comes after all others
    (FACTS 5.8).  A max_depth over 96 counts as 96.  What is no checked wire value is a TypeError.
    """

def encode_item(item: dict[str, Any], max_depth: int = 32) -> tuple[bytes, int]:
    """Encode a checked wire item; return (stored item, its size in bytes by DynamoDB's accounting).

    As ``encode_value``, but an empty name of the item itself comes before all other faults.
    """

def encode_values(wire: dict[str, dict[str, Any]], most_bytes: int, max_depth: int = 32) -> dict[str, bytes] | None:
    """Each of these checked wire values as ``encode_value`` encodes it.  None when one is refused there, or has more
    than ``most_bytes``: who is told None has to look what it is."""

# --- to the wire ------------------------------------------------------------------------------------------------------

def value_to_wire(value: Buffer) -> bytes:
    """DynamoDB JSON bytes of one encoded value: ``{"S":"x"}``.  Compact, UTF-8, no \\u escapes but for controls."""

def item_to_wire(item: Buffer) -> bytes:
    """DynamoDB JSON bytes of a stored item: ``{"pk":{"S":"x"},...}``."""

def items_to_wire(items: Iterable[Buffer]) -> bytes:
    """A JSON array of ``item_to_wire``, built in one buffer: ``[{...},{...}]``."""

def page_to_wire(items: Iterable[Buffer] | None, counts: bytes, last: Buffer | None, more: bytes) -> bytes:
    """The body of a page, built in one buffer: a JSON object of ``Items`` unless they are None, the members in
    ``counts``, ``LastEvaluatedKey`` of a stored item unless it is None, and whatever ``more`` adds, comma and all."""

def item_to_dict(item: Buffer) -> dict[str, Any]:
    """The wire item of a stored item: what ``orjson.loads`` makes of ``item_to_wire``, B in base64 too."""

# --- looking into values ----------------------------------------------------------------------------------------------

def type_of(value: Buffer) -> str:
    """S N B BOOL NULL M L SS NS BS."""

def get_attribute(item: Buffer, name: str) -> bytes | None:
    """The encoded value of a top-level attribute, None when absent."""

def find(item: Buffer, path: Path) -> bytes | None:
    """The encoded value at a path, None when anything on the way is absent or of another type."""

def equal(a: Buffer, b: Buffer) -> bool:
    """DynamoDB equality: same type and value; maps by content, lists in order."""

def compare(a: Buffer, b: Buffer) -> int | None:
    """-1, 0 or 1 for two S (UTF-8 bytes), two N (value) or two B (bytes); None for anything else."""

def contains(container: Buffer, operand: Buffer) -> bool:
    """Substring of S or B, member of SS/NS/BS (operand S/N/B), element of L; False for any other pair."""

def begins_with(value: Buffer, prefix: Buffer) -> bool:
    """True for two S or two B where the first starts with the second."""

def size_function(value: Buffer) -> int | None:
    """The expression function size(): UTF-16 code units of S, bytes of B, members of sets, elements of L, entries of M;
    else None (FACTS 4.7)."""

def value_size(value: Buffer) -> int:
    """Bytes by DynamoDB's accounting (FACTS 2.6), without the attribute's name."""

def item_size(item: Buffer) -> int:
    """Bytes by DynamoDB's accounting: names and values."""

def value_depth(value: Buffer) -> int:
    """1 for a scalar or a set, one more than its deepest member for M and L (an empty one is 1)."""

# --- taking apart and putting together, one level at a time -----------------------------------------------------------

def split_map(value: Buffer) -> dict[str, bytes]:
    """Entries of an M or a stored item, in order, values encoded."""

def join_map(entries: Mapping[str, Buffer]) -> bytes:
    """The M, or stored item, of encoded values; raise CorruptBytes for what is not exactly one value each."""

def with_entries(item: Buffer, entries: dict[str, bytes | None]) -> bytes:
    """The M, or stored item, with these entries in place of its own, and new ones behind them; None takes one away.
    Values are checked as in ``join_map``."""

def split_list(value: Buffer) -> list[bytes]:
    """Encoded elements of an L."""

def join_list(elements: Sequence[Buffer]) -> bytes:
    """The L of encoded values, checked as in ``join_map``."""

def split_set(value: Buffer) -> list[bytes]:
    """Encoded members (S, N or B values), in order."""

def join_set(set_type: str, members: Iterable[Buffer]) -> bytes:
    """A set of type SS, NS or BS; sorts and drops repeats.  ValueError without members, or for another type."""

def pick(item: Buffer, names: Collection[str]) -> bytes:
    """The stored item with only these top-level attributes, in the item's order."""

def project(item: Buffer, tree: Tree) -> bytes:
    """The stored item cut down to a set of paths: list elements that are kept close up in list order; containers in
    which nothing matched are left out."""

# --- tests of items ---------------------------------------------------------------------------------------------------

class Test:
    """Something that holds for a stored item, or does not.  Pages are tested without a Python frame for each item."""

    def __call__(self, item: Buffer) -> bool: ...

class AttributeTest(Test):
    """How a top-level attribute relates to an encoded value: ``exists`` (without a value), ``=`` (the same bytes: not
    for values with maps in them), ``< <= > >= begins_with``.  A missing attribute has no relation to anything, nor have
    values of different types or types without order."""
    def __init__(self, name: str, relation: str, value: bytes | None = None) -> None: ...

class AllOf(Test):
    def __init__(self, tests: Iterable[Callable[[Buffer], bool]]) -> None: ...

class AnyOf(Test):
    def __init__(self, tests: Iterable[Callable[[Buffer], bool]]) -> None: ...

class Negation(Test):
    def __init__(self, test: Callable[[Buffer], bool]) -> None: ...

# --- numbers ----------------------------------------------------------------------------------------------------------

def number_from_text(text: str) -> bytes:
    """Number bytes of a decimal as DynamoDB accepts it (FACTS 2.1); raise ValueFault number_*."""

def number_to_text(number: Buffer) -> str:
    """Plain decimal text, no exponent: ``42``, ``-0.5``, 1E125 as 126 digits."""

def number_size(number: Buffer) -> int:
    """Cost in bytes (FACTS 2.6)."""

def add_numbers(a: Buffer, b: Buffer, subtract: bool = False) -> bytes:
    """Exact a + b (or a - b) of two *encoded N values*, as an encoded N value.

    Raise ValueFault ``number_overflow`` or ``number_underflow``, detail the result in plain decimal.  A result of more
    than 38 digits overflows too: that is how the service answers 1E50 + 1.
    """

# --- keys -------------------------------------------------------------------------------------------------------------

def key_bytes(value: Buffer) -> bytes:
    """Raw bytes of an encoded S (UTF-8), B or N (number bytes): what the service hashes and limits by length.

    This and the other key functions raise ValueError for a value of another type.
    """

def key_size(value: Buffer, key_type: str) -> int:
    """How many bytes ``key_bytes`` has, of an encoded value of this type (S, N or B); -1 for one of another type."""

def key_part(value: Buffer) -> bytes:
    """Order-preserving, self-delimiting form of an encoded S, N or B: no part is a prefix of another, and
    concatenated parts compare as the tuple of values does.  S and B escape 0x00 as 0x00 0xFF and end with 0x00 0x00;
    N is its number bytes and ends with 0x00."""

def key_part_prefix(value: Buffer) -> bytes:
    """``key_part`` without its end: the lower bound of begins_with on S and B."""

def partition_hash(raw: Buffer) -> bytes:
    """The first 4 bytes of MD5("Outliers" + raw): orders a scan (FACTS 5.7)."""

def partition_key(prefix: bytes, value: Buffer) -> bytes:
    """The prefix, the ``partition_hash`` of an S, N or B value's key bytes, and its ``key_part``."""

def item_key(prefix: bytes, key_types: dict[str, str], values: dict[str, bytes], most_bytes: int) -> bytes | None:
    """The key of an item: ``partition_key`` of the first key attribute, and the ``key_part`` of the second if there is
    one.  ``key_types`` has their names and types, in order.

    None unless ``values`` has just these, each of its type with 1 to ``most_bytes`` key bytes: who is told None has to
    look what it is.
    """

def key_of_item(prefix: bytes, key_types: dict[str, str], item: Buffer, most_bytes: int) -> bytes | None:
    """As ``item_key``, of attributes of a stored item, which may have others."""

def key_range(
    prefix: bytes,
    values: tuple[bytes, ...],
    partition: tuple[int, ...],
    equal: tuple[int, ...],
    operator: str | None,
    operands: tuple[int, ...],
    most_bytes: int,
) -> tuple[bytes, bytes] | None:
    """The range low <= key < high of the keys with this prefix, this partition key, these first sort attributes, and a
    next one that is ``< <= > >= BETWEEN begins_with`` the operands; of all, with None.  ``partition``, ``equal`` and
    ``operands`` are places in ``values``, encoded S, N and B.

    None when there is another number of partition attributes than one, when a value is empty, or when the partition
    key or all values for sort attributes together have more than ``most_bytes``: who is told None has to look what it
    is.
    """

# --- entries of a tree ------------------------------------------------------------------------------------------------

class Within(Iterator[tuple[bytes, _Row]]):
    """Iterates over pairs of key and value, in the order they come in, while the keys are within a bound.

    Ends before the first key that is not below ``bound``, or with ``reverse`` before the first that is below it.  In
    place of an entry whose key has ``full_size`` bytes or more comes what ``inside(key, value)`` gives.  Keys are
    memoryviews or bytes and become bytes, values stay what they are.
    """
    def __init__(
        self,
        entries: Iterable[tuple[memoryview | bytes, _Row]],
        bound: bytes,
        full_size: int,
        inside: Callable[[bytes, _Row], Iterable[tuple[bytes, _Row]]],
        reverse: bool = False,
    ) -> None: ...
    def __next__(self) -> tuple[bytes, _Row]: ...

class TreeMap:
    """Where the map of an LMDB environment is, in which its trees can be read without the binding."""

    def find(self, key: memoryview, page_size: int, map_size: int, on_disk: bool = False) -> bool:
        """Find the map by a key that the binding handed out of it, in the tree's own memory.

        ``on_disk``: what is read may have to be fetched first, and other threads are let run meanwhile.
        False when what is there has a form that is not known: other than that of LMDB 0.9, of version 1, on a machine
        of 64 bits that is little-endian.
        """

    def tree(self, txn: int) -> MappedTree | None:
        """The tree as the read transaction of this number sees it, to be asked for as soon as that has begun.

        None when the map is not found, and when there was a commit since the transaction began.
        """

class MappedTree:
    """The tree of a snapshot.  Values and walks live until ``end``.  Raises DamagedPage."""

    def get(self, key: bytes) -> memoryview | None: ...
    def walk(
        self,
        low: bytes,
        high: bytes,
        full_size: int,
        inside: Callable[[bytes, memoryview], Iterable[tuple[bytes, memoryview]]],
        reverse: bool = False,
    ) -> Iterator[tuple[bytes, memoryview]]:
        """Entries with low <= key < high, in order or in reverse.

        In place of an entry whose key has ``full_size`` bytes, the most that it can have, come the pairs of
        ``inside(key, value)``: a longer bound cuts through what is inside.
        """

    def end(self) -> None:
        """The transaction ends: what is read after this is a RuntimeError."""

_Read = TypeVar("_Read", bound=GatedRead)

class GatedRead:
    """A read transaction, open inside ``with`` and behind a gate, which is told of it and may make it wait.

    ``begin`` begins the transaction as ``lmdb.Environment.begin`` does; ``gate`` is a ``storage.gate.Gate``; ``trees``
    has the environment's ``map`` and ``seek``, or None where the transaction itself is to be read.  Who inherits has
    ``get_long(key)`` for keys of more than 510 bytes.
    """

    def __init__(self, begin: Callable[..., Any], gate: Any, trees: Any = None) -> None: ...
    txn: lmdb.Transaction[memoryview]
    @property
    def source(self) -> MappedTree | lmdb.Transaction[memoryview]:
        """What entries are read from: the MappedTree where there is one, else the transaction."""

    def __enter__(self: _Read) -> _Read: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def get(self, key: bytes) -> memoryview | None: ...
    def end_tree(self) -> None:
        """The map is going: whoever reads from the tree after this gets a RuntimeError."""

def take_page(
    entries: Iterable[tuple[Any, _Row]],
    limit: int,
    most_bytes: int,
    matches: Callable[[_Row], bool] | None = None,
) -> tuple[list[_Row], int, int, _Row | None]:
    """Read stored items, the values of entries, until ``limit`` of them (0 for no limit) or ``most_bytes`` by
    DynamoDB's accounting are read.

    Returns those that match, how many were read, their size, and the last one read, None when the entries came to
    their end before the page did.
    """

# --- LMDB -------------------------------------------------------------------------------------------------------------

def finds_lmdb() -> bool:
    """Whether LMDB's C functions were found in the package ``lmdb``, so that an Environment can be opened."""

class Environment:
    """An environment of LMDB 0.9, opened by its C functions: ``lmdb.Environment`` as far as storage uses it.

    It raises what the package raises.  A call that only touches memory keeps the interpreter's lock.  Open transactions
    end when it is closed, and reads when its map is set; neither can be done while another thread writes or is inside a
    call.  In a forked child it refuses everything.
    """

    def __init__(
        self,
        path: str,
        map_size: int,
        *,
        readonly: bool = False,
        metasync: bool = True,
        sync: bool = True,
        writemap: bool = False,
        meminit: bool = True,
        max_readers: int = 126,
        max_spare_txns: int = 1,
    ) -> None:
        """``path`` is a directory that is there."""

    def begin(self, db: None = None, parent: None = None, write: bool = False, buffers: bool = False) -> Transaction:
        """Values are memoryviews, whatever ``buffers`` says."""

    def info(self) -> dict[str, int]: ...
    def stat(self) -> dict[str, int]: ...
    def flags(self) -> dict[str, bool]: ...
    def set_mapsize(self, map_size: int) -> None:
        """0 takes the size that another process has given the map.  When it fails the environment is closed."""

    def sync(self, force: bool = False) -> None: ...
    def copyfd(self, fd: int, compact: bool = False, txn: Transaction | None = None) -> None: ...
    def reader_check(self) -> int: ...
    def close(self) -> None: ...
    def __enter__(self) -> Environment: ...
    def __exit__(self, kind: object, error: object, trace: object) -> None: ...

class Transaction:
    """As ``lmdb.Transaction``.  One thread at a time may use it, and a write transaction only the one that began it.

    Values live until the transaction ends or is next written to.
    """

    def __enter__(self) -> Transaction: ...
    def __exit__(self, kind: object, error: object, trace: object) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...
    def id(self) -> int: ...
    def stat(self) -> dict[str, int]: ...
    def get(self, key: Buffer) -> memoryview | None: ...
    def put(self, key: Buffer, value: Buffer) -> bool: ...
    def delete(self, key: Buffer) -> bool: ...
    def pop(self, key: Buffer) -> bytes | None: ...
    def replace(self, key: Buffer, value: Buffer) -> bytes | None: ...
    def cursor(self) -> Any:
        """As ``lmdb.Cursor``, as far as storage uses it."""

    def apply(
        self,
        changes: Sequence[Any],
        counters: dict[bytes, tuple[int, ...]],
        most_key_bytes: int,
        hashed: bool,
        never_first: int = -1,
    ) -> int | None:
        """Carry out changes in order: of each the ``deletes`` (keys), then the ``puts`` (pairs), all bytes.

        Returns what that adds to the sum of ``entry_hash`` over all entries, modulo 2**64; 0 unless ``hashed``.  Rows
        of ``counters`` (deltas by key) that are deleted or put lose their deltas; then the deltas of the change's own
        ``counters`` are added.  When a key has more than ``most_key_bytes``, or begins with the byte ``never_first``,
        it returns None, and nothing has happened.  When it raises, something may have, and the transaction has to be
        aborted.
        """

# --- vectors ----------------------------------------------------------------------------------------------------------

def vector_of(value: Buffer, dimensions: int) -> bytes | None:
    """A *vector*: the elements of an encoded L of N as 32-bit floats, little-endian, in an encoded B.

    None for a value of another type or length, for an element that is no N or beyond what a float can hold.  A number
    is rounded to the nearest double, and that to the nearest float.
    """

def vector_to_wire(vector: Buffer, places: Iterable[int] | None = None) -> bytes:
    """``{"L":[{"N":"1.0"}, ...]}``: each float as the shortest plain decimal nearest to it, with a digit behind the
    point.  ``places`` are the elements wanted, all without it; what is not there is left out."""

def nearest(
    entries: Iterable[tuple[Any, _Row]],
    name: str,
    query: Buffer,
    function: str,
    most: int,
    filters: Sequence[tuple[str, bytes]] = (),
) -> tuple[list[tuple[float, _Row]], int]:
    """Look for those stored items, the values of entries, whose vector under a name is nearest to another one.

    ``function`` is COSINE (a distance: 0 for the same direction, 1 for a zero vector, 2 for the opposite), EUCLIDEAN or
    DOT_PRODUCT (the larger the nearer).  ``filters`` are attributes an item has to have, with their encoded values.
    Returns at most ``most`` (up to 128) pairs of score and item, the nearest first, of equal ones those that came
    first, and how many entries were read.  Scores are added up in doubles and rounded to floats.  ValueError for
    another function or too many of anything; CorruptBytes for an entry that has no vector of the query's length.
    """

# --- digests -----------------------------------------------------------------

def entry_hash(key: Buffer, value: Buffer) -> int:
    """A 64-bit hash of a key with its value, the same on every machine of one byte order.

    Mixed well enough that a sum of hashes tells contents apart; no defence against chosen collisions.
    """
