"""The Cython core: bytes in, bytes out.  Contracts are in stubs (``.pyi``), and in that of the package
the stored form of values.

``stored`` knows the bytes, ``encoding`` and ``rendering`` lead from the wire and to it, ``unpacking`` to dicts of it.
``values``, ``documents``, ``numbers`` and ``keys`` work on what is stored.  ``trees`` reads it in LMDB's pages, and
``walks``, ``pages`` and ``digests`` work on entries of a tree, ``vectors`` on those of vector indexes.  ``http1`` and
``answers`` know what requests and answers look like on the wire, ``forms`` which JSON can be taken as it is;
``shortcuts`` go all the way from one to the other: ``lookups`` and ``queries`` for the plainest reads, ``puts`` for
such writes.
``outcomes`` and ``records`` are what plans come to and what the change log says of it, ``groups`` what plans that are
committed together share.  ``environments``, ``cursors`` and ``batches`` are a binding of LMDB, by the functions that
``lmdb_functions`` finds.
"""

from ddbengine._core.answers import AnswerWriter, Frame
from ddbengine._core.digests import entry_hash
from ddbengine._core.documents import (
    find,
    get_attribute,
    join_list,
    join_map,
    join_set,
    pick,
    project,
    split_list,
    split_map,
    split_set,
    with_entries,
)
from ddbengine._core.encoding import encode_item, encode_value, encode_values
from ddbengine._core.environments import Environment, Transaction
from ddbengine._core.faults import CorruptBytes, DamagedPage, JsonTypeFault, ValueFault
from ddbengine._core.filters import AllOf, AnyOf, AttributeTest, Negation, Test
from ddbengine._core.forms import AttributeValue, Flag, Form, Lengths, ListOf, MapOf, Members, Number, Text
from ddbengine._core.groups import GroupedWrites
from ddbengine._core.http1 import Kind, PostReader, Request
from ddbengine._core.keys import (
    item_key,
    key_bytes,
    key_of_item,
    key_part,
    key_part_prefix,
    key_range,
    key_size,
    partition_hash,
    partition_key,
)
from ddbengine._core.lmdb_functions import finds_lmdb
from ddbengine._core.lookups import PlainLookups
from ddbengine._core.numbers import add_numbers, number_from_text, number_size, number_to_text
from ddbengine._core.outcomes import Outcome, Writes
from ddbengine._core.pages import take_page
from ddbengine._core.puts import PlainPut, PlainPuts
from ddbengine._core.queries import PlainQueries, PlainQuery
from ddbengine._core.reads import GatedRead
from ddbengine._core.records import change_record, log_record
from ddbengine._core.rendering import item_to_wire, items_to_wire, page_to_wire, value_to_wire
from ddbengine._core.shortcuts import Shortcut
from ddbengine._core.trees import MappedTree, TreeMap
from ddbengine._core.unpacking import item_to_dict
from ddbengine._core.values import (
    begins_with,
    compare,
    contains,
    equal,
    item_size,
    size_function,
    type_of,
    value_depth,
    value_size,
)
from ddbengine._core.vectors import nearest, vector_of, vector_to_wire
from ddbengine._core.walks import Within
from ddbengine._core.wire_types import check_item, check_value

__all__ = [
    "AllOf",
    "AnswerWriter",
    "AnyOf",
    "AttributeTest",
    "AttributeValue",
    "CorruptBytes",
    "DamagedPage",
    "Environment",
    "Flag",
    "Form",
    "Frame",
    "GatedRead",
    "GroupedWrites",
    "JsonTypeFault",
    "Kind",
    "Lengths",
    "ListOf",
    "MapOf",
    "MappedTree",
    "Members",
    "Negation",
    "Number",
    "Outcome",
    "PlainLookups",
    "PlainPut",
    "PlainPuts",
    "PlainQueries",
    "PlainQuery",
    "PostReader",
    "Request",
    "Shortcut",
    "Test",
    "Text",
    "Transaction",
    "TreeMap",
    "ValueFault",
    "Within",
    "Writes",
    "add_numbers",
    "begins_with",
    "change_record",
    "check_item",
    "check_value",
    "compare",
    "contains",
    "encode_item",
    "encode_value",
    "encode_values",
    "entry_hash",
    "equal",
    "find",
    "finds_lmdb",
    "get_attribute",
    "item_key",
    "item_size",
    "item_to_dict",
    "item_to_wire",
    "items_to_wire",
    "join_list",
    "join_map",
    "join_set",
    "key_bytes",
    "key_of_item",
    "key_part",
    "key_part_prefix",
    "key_range",
    "key_size",
    "log_record",
    "nearest",
    "number_from_text",
    "number_size",
    "number_to_text",
    "page_to_wire",
    "partition_hash",
    "partition_key",
    "pick",
    "project",
    "size_function",
    "split_list",
    "split_map",
    "split_set",
    "take_page",
    "type_of",
    "value_depth",
    "value_size",
    "value_to_wire",
    "vector_of",
    "vector_to_wire",
    "with_entries",
]
