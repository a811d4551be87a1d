"""Tests of stored items: what a filter asks of each row, decided on its bytes.  No value is copied out of the item."""

from libc.stdint cimport uint8_t
from libc.string cimport memcmp

from ddbengine._core.buffers cimport View, close_view, compare_bytes, open_view
from ddbengine._core.documents cimport find_entry
from ddbengine._core.stored cimport KIND_B, KIND_M, KIND_N, KIND_S, Head, read_container, read_head, skip
from ddbengine._core.unicode cimport PyUnicode_AsUTF8AndSize


cdef enum:
    EXISTS
    EQUAL
    BELOW
    AT_MOST
    ABOVE
    AT_LEAST
    BEGINS_WITH


cdef dict RELATIONS = {
    "exists": EXISTS,
    "=": EQUAL,
    "<": BELOW,
    "<=": AT_MOST,
    ">": ABOVE,
    ">=": AT_LEAST,
    "begins_with": BEGINS_WITH,
}


cdef class Test:
    """Something that holds for a stored item, or does not."""

    cdef int holds(self, object item, View* view) except -1:
        """``view`` is of the item, which may be None unless ``needs_item``."""
        raise NotImplementedError

    def __call__(self, item):
        cdef View view
        open_view(item, &view)
        try:
            return self.holds(item, &view) == 1
        finally:
            close_view(&view)


cdef class AttributeTest(Test):
    cdef str name
    cdef int relation
    cdef bytes value
    cdef const char* name_text
    cdef Py_ssize_t name_size
    cdef Head operand

    def __init__(self, str name not None, str relation not None, bytes value=None):
        cdef const uint8_t* at
        self.name = name
        self.name_text = PyUnicode_AsUTF8AndSize(name, &self.name_size)
        self.relation = RELATIONS[relation]
        self.value = value
        if self.relation == EXISTS:
            return
        if value is None:
            raise TypeError(f"{relation} needs a value")
        at = <const uint8_t*><const char*>value
        read_head(&at, at + len(value), &self.operand)

    cdef int holds(self, object item, View* view) except -1:
        cdef const uint8_t* at
        cdef const uint8_t* start
        cdef Head head
        cdef int order
        read_container(view, KIND_M, &at, &head)
        if not find_entry(&at, view.end, head.size, self.name_text, self.name_size):
            return False
        if self.relation == EXISTS:
            return True
        start = at
        if self.relation == EQUAL:
            skip(&at, view.end)
            return at - start == len(self.value) and memcmp(start, <const char*>self.value, at - start) == 0
        read_head(&at, view.end, &head)
        if head.kind != self.operand.kind or (head.kind != KIND_S and head.kind != KIND_N and head.kind != KIND_B):
            return False
        if self.relation == BEGINS_WITH:
            return (
                head.kind != KIND_N
                and head.size >= self.operand.size
                and memcmp(head.body, self.operand.body, self.operand.size) == 0
            )
        order = compare_bytes(head.body, head.size, self.operand.body, self.operand.size)
        if self.relation == BELOW:
            return order < 0
        if self.relation == AT_MOST:
            return order <= 0
        if self.relation == ABOVE:
            return order > 0
        return order >= 0


cdef bint needs_item(object test):
    return not isinstance(test, Test) or (<Test>test).needs_item


cdef inline int decide(object test, object item, View* view) except -1:
    if isinstance(test, Test):
        return (<Test>test).holds(item, view)
    return bool(test(item))


cdef class AllOf(Test):
    cdef tuple tests

    def __init__(self, tests):
        self.tests = tuple(tests)
        self.needs_item = any(needs_item(test) for test in self.tests)

    cdef int holds(self, object item, View* view) except -1:
        for test in self.tests:
            if not decide(test, item, view):
                return False
        return True


cdef class AnyOf(Test):
    cdef tuple tests

    def __init__(self, tests):
        self.tests = tuple(tests)
        self.needs_item = any(needs_item(test) for test in self.tests)

    cdef int holds(self, object item, View* view) except -1:
        for test in self.tests:
            if decide(test, item, view):
                return True
        return False


cdef class Negation(Test):
    cdef object test

    def __init__(self, test):
        self.test = test
        self.needs_item = needs_item(test)

    cdef int holds(self, object item, View* view) except -1:
        return not decide(self.test, item, view)
