"""Queries that were found good, asked again with other values: from the bytes of the request to those of the answer."""

cimport cython
from cpython.dict cimport PyDict_CheckExact

from orjson import JSONDecodeError, dumps, loads

from ddbengine._core.shortcuts cimport Shortcut, holds

from ddbengine._core.documents import pick
from ddbengine._core.encoding import encode_values
from ddbengine._core.forms import AttributeValue, MapOf
from ddbengine._core.keys import key_range
from ddbengine._core.pages import take_page
from ddbengine._core.rendering import page_to_wire
from ddbengine._core.values import type_of


cdef enum:
    MOST_FORMS = 1024

cdef str VALUES = "ExpressionAttributeValues"
cdef object FORM = MapOf(AttributeValue())


@cython.final
cdef class PlainQuery:
    cdef tuple aliases
    cdef tuple operands
    cdef tuple types
    cdef object find_table
    cdef Py_ssize_t limit
    cdef bint reverse
    cdef bint consistent
    cdef tuple table
    # What ``find_table`` said last, None before.

    def __init__(
        self, tuple aliases not None, tuple operands not None, tuple types not None, find_table not None,
        Py_ssize_t limit, bint reverse, bint consistent
    ):
        self.aliases = aliases
        self.operands = operands
        self.types = types
        self.find_table = find_table
        self.limit = limit
        self.reverse = reverse
        self.consistent = consistent

    cdef tuple encoded(self, values, Py_ssize_t most_bytes, int levels):
        """The operands of a request with these values; None for values of another kind."""
        cdef list operands = []
        cdef Py_ssize_t place
        if not FORM.fits(values) or tuple(values) != self.aliases:
            return None
        encoded = encode_values(values, most_bytes, levels)
        if encoded is None:
            return None
        for place in range(len(self.operands)):
            operand = encoded[self.operands[place]]
            if type_of(operand) != self.types[place]:
                return None
            operands.append(operand)
        return tuple(operands)

    cdef tuple table_of(self, read, bytes version_key):
        """What holds of the table for this read, as ``find_table`` says it."""
        cdef tuple table = self.table
        if table is None or not holds(read.get(version_key), table[0]):
            table = self.table = self.find_table(read)
        return table


@cython.final
cdef class PlainQueries(Shortcut):
    cdef object snapshot
    cdef object find_form
    cdef frozenset others
    cdef bytes version_key
    cdef Py_ssize_t most_key_bytes
    cdef Py_ssize_t most_value_bytes
    cdef Py_ssize_t most_page_bytes
    cdef int levels
    cdef dict forms

    def __init__(
        self, snapshot not None, find_form not None, frozenset others not None, bytes version_key not None, *,
        Py_ssize_t most_key_bytes, Py_ssize_t most_value_bytes, Py_ssize_t most_page_bytes, int levels
    ):
        self.snapshot = snapshot
        self.find_form = find_form
        self.others = others
        self.version_key = version_key
        self.most_key_bytes = most_key_bytes
        self.most_value_bytes = most_value_bytes
        self.most_page_bytes = most_page_bytes
        self.levels = levels
        self.forms = {}

    cpdef answer(self, bytes body):
        if body is None:
            raise TypeError("a request has a body")
        try:
            members = loads(body)
        except JSONDecodeError:
            return None
        if not PyDict_CheckExact(members):
            return None
        query = self.query_of(members)
        answer = None if query is None else self.answer_to(query, members[VALUES])
        return members if answer is None else answer

    cdef PlainQuery query_of(self, dict members):
        """The query of which this is one with other values; None when it is none, or not known to be."""
        cdef PlainQuery query
        cdef dict form
        if VALUES not in members:
            return None
        for name in members:
            if name not in self.others and name != VALUES:
                return None
        form = members.copy()
        del form[VALUES]
        known = dumps(form)
        query = self.forms.get(known)
        if query is None:
            query = self.find_form(known)
            if query is not None:
                if len(self.forms) >= MOST_FORMS:
                    self.forms.clear()
                self.forms[known] = query
        return query

    cdef bytes answer_to(self, PlainQuery query, values):
        cdef tuple operands = query.encoded(values, self.most_value_bytes, self.levels)
        if operands is None:
            return None
        snapshot = self.snapshot(query.consistent)
        if snapshot is None:
            return None
        with snapshot as read:
            table = query.table_of(read, self.version_key)
            if table is None:
                return None
            _, prefix, key_types, places = table
            bounds = key_range(prefix, operands, *places, self.most_key_bytes)
            if bounds is None:
                return None
            entries = read.scan(bounds[0], bounds[1], query.reverse)
            rows, scanned, _, last = take_page(entries, query.limit, self.most_page_bytes)
            counts = b'"Count":%d,"ScannedCount":%d' % (len(rows), scanned)
            return page_to_wire(rows, counts, None if last is None else pick(last, key_types), b"")
