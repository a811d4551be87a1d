"""PutItem in its plainest form, a table and an item and nothing else: from the bytes of the request to the writes.

What is said any other way gets no plan here.  The plan itself falls back on the ordinary one, for a table that has more
to be written than the item, and for an item that may have to be refused.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_CheckExact, PyDict_Size
from libc.stdint cimport uint8_t, uint32_t

from orjson import JSONDecodeError, loads

from ddbengine._core.buffers cimport View, bytes_between, close_view, open_view
from ddbengine._core.outcomes cimport Outcome, Writes
from ddbengine._core.shortcuts cimport Shortcut, holds, is_table_name
from ddbengine._core.unicode cimport PyUnicode_AsUTF8AndSize
from ddbengine._core.values cimport size_of_item

from ddbengine._core.encoding import encode_item
from ddbengine._core.faults import ValueFault
from ddbengine._core.forms import AttributeValue, MapOf, Members, Text
from ddbengine._core.keys import key_of_item
from ddbengine._core.records import change_record


cdef enum:
    MOST_TABLES = 16384

cdef object FORM = Members({"TableName": Text(), "Item": MapOf(AttributeValue())}, required=("TableName", "Item"))
cdef bytes EMPTY = b"{}"


@cython.final
cdef class TableOfPuts:
    """What is known of a table while ``version`` is that of the catalog."""

    cdef bytes version
    # Whether there is nothing to be written but the item and the table's counter; else nothing more is known.
    cdef bint is_plain
    cdef uint32_t number
    cdef bytes item_prefix
    cdef bytes counter
    cdef dict key_types
    cdef bint logged


cdef TableOfPuts known_table(tuple found):
    cdef TableOfPuts table = TableOfPuts.__new__(TableOfPuts)
    if len(found) == 1:
        table.version = found[0]
        return table
    table.is_plain = True
    table.version, table.number, table.item_prefix, table.counter, table.key_types, table.logged = found
    return table


@cython.final
cdef class PutRecord:
    """Makes the logical part of a put's log record."""

    cdef uint32_t number
    cdef bytes key
    cdef bytes old
    cdef bytes new

    def __call__(self):
        return change_record(self.number, self.key, self.old, self.new)


@cython.final
cdef class PlainPut:
    """The plan that puts an item."""

    cdef PlainPuts puts
    cdef str table_name
    cdef bytes item
    cdef Py_ssize_t size
    writes = True
    consistent = True

    def run(self, txn):
        cdef TableOfPuts table = self.puts.table_of(txn, self.table_name)
        cdef bytes key = None
        if table.is_plain:
            key = key_of_item(table.item_prefix, table.key_types, self.item, self.puts.most_key_bytes)
        if key is None:
            return self.puts.plan_of(self.table_name, self.item, self.size).run(txn)
        return self.outcome(table, key, stored(txn.get(key)))

    cdef Outcome outcome(self, TableOfPuts table, bytes key, bytes old):
        cdef Py_ssize_t growth = self.size
        cdef Outcome outcome = Outcome.__new__(Outcome)
        cdef Writes writes
        cdef PutRecord record
        outcome.body = EMPTY
        outcome.changes = ()
        if old is not None:
            if old == self.item:
                return outcome
            growth -= stored_size(old)
        record = PutRecord.__new__(PutRecord)
        record.number, record.key, record.old, record.new = table.number, key, old, self.item
        writes = Writes.__new__(Writes)
        writes.puts, writes.deletes, writes.counters = [(key, self.item)], [], []
        if old is None or growth:
            writes.counters.append((table.counter, (1 if old is None else 0, growth)))
        writes.record, writes.logged = record, table.logged
        outcome.changes = (writes,)
        return outcome


cdef bytes stored(object found):
    """An own copy of what was found: it outlives the transaction's next write."""
    cdef View view
    if found is None:
        return None
    open_view(found, &view)
    try:
        return bytes_between(view.data, view.end)
    finally:
        close_view(&view)


cdef Py_ssize_t stored_size(bytes item) except -1:
    cdef View view
    open_view(item, &view)
    try:
        return size_of_item(&view)
    finally:
        close_view(&view)


@cython.final
cdef class PlainPuts(Shortcut):
    cdef object submit
    cdef object find_table
    cdef object plan_of
    cdef bytes version_key
    cdef Py_ssize_t most_key_bytes
    cdef Py_ssize_t most_item_bytes
    cdef dict tables

    def __init__(
        self, submit not None, find_table not None, plan_of not None, bytes version_key not None,
        Py_ssize_t most_key_bytes, Py_ssize_t most_item_bytes
    ):
        self.submit = submit
        self.find_table = find_table
        self.plan_of = plan_of
        self.version_key = version_key
        self.most_key_bytes = most_key_bytes
        self.most_item_bytes = most_item_bytes
        self.tables = {}

    cpdef answer(self, bytes body):
        cdef PlainPut plan
        cdef const char* text
        cdef Py_ssize_t size
        if body is None:
            raise TypeError("a request has a body")
        try:
            members = loads(body)
        except JSONDecodeError:
            return None
        if not PyDict_CheckExact(members):
            return None
        if PyDict_Size(members) != 2 or not FORM.fits(members):
            return members
        plan = PlainPut.__new__(PlainPut)
        plan.puts = self
        plan.table_name = members["TableName"]
        text = PyUnicode_AsUTF8AndSize(plan.table_name, &size)
        if not is_table_name(<const uint8_t*>text, size):
            return members
        try:
            plan.item, plan.size = encode_item(members["Item"])
        except ValueFault:
            return members
        if plan.size > self.most_item_bytes:
            return members
        answer = self.submit(plan)
        return members if answer is None else answer

    cdef TableOfPuts table_of(self, txn, str name):
        cdef TableOfPuts table = self.tables.get(name)
        if table is None or not holds(txn.get(self.version_key), table.version):
            table = known_table(self.find_table(txn, name))
            if len(self.tables) >= MOST_TABLES:
                self.tables.clear()
            self.tables[name] = table
        return table
