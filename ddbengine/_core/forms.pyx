"""Whether a request's JSON can be taken as it is: the yes that nearly every request gets, without a step of Python.

A form says what a JSON value has to be.  It never says what is wrong with one: who is told no asks those who know.
"""

cimport cython
from cpython.dict cimport PyDict_CheckExact, PyDict_Contains, PyDict_GetItemWithError, PyDict_Next
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.ref cimport PyObject

from ddbengine._core.unicode cimport PyUnicode_CheckExact
from ddbengine._core.wire_types cimport check_attribute

from ddbengine._core.faults import JsonTypeFault


cdef extern from "Python.h":
    bint PyLong_CheckExact(object value)
    bint PyFloat_CheckExact(object value)
    long long PyLong_AsLongLongAndOverflow(object value, int* overflow) except? -1


@cython.final
cdef class Lengths:
    """Tells whether a value has at least so many parts, and at most so many."""

    cdef readonly Py_ssize_t least
    cdef readonly object most

    def __init__(self, Py_ssize_t least, most=None):
        if least < 0:
            raise ValueError("nothing has a negative length")
        self.least = least
        self.most = most

    def __call__(self, value):
        cdef Py_ssize_t length = len(value)
        return length >= self.least and (self.most is None or length <= <Py_ssize_t>self.most)


cdef class Form:
    """What a JSON value has to be.  This one leaves every value to those who know."""

    cdef bint accepts(self, object value) except -1:
        return False

    def fits(self, value):
        """Whether a value can be taken as it is.  Never alters it."""
        return self.accepts(value)


@cython.final
cdef class Text(Form):
    cdef bint accepts(self, object value) except -1:
        return PyUnicode_CheckExact(value)


@cython.final
cdef class Flag(Form):
    cdef bint accepts(self, object value) except -1:
        return value is True or value is False


@cython.final
cdef class Number(Form):
    """Any number, or with ``bits`` a whole one that fits into so many."""

    cdef int bits

    def __cinit__(self, int bits=0):
        if not 0 <= bits <= 64:
            raise ValueError("no whole number of the service has so many bits")
        self.bits = bits

    cdef bint accepts(self, object value) except -1:
        cdef int overflow = 0
        cdef long long number, outside
        if not PyLong_CheckExact(value):
            return self.bits == 0 and PyFloat_CheckExact(value)
        if self.bits == 0:
            return True
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow != 0:
            return False
        # All bits from the sign on are alike in a number that fits.
        outside = number >> (self.bits - 1)
        return outside == 0 or outside == -1


@cython.final
cdef class AttributeValue(Form):
    cdef bint accepts(self, object value) except -1:
        if not PyDict_CheckExact(value):
            return False
        try:
            return check_attribute(value, 0) is value
        except JsonTypeFault:
            return False


@cython.final
cdef class ListOf(Form):
    cdef Form element

    def __cinit__(self, Form element not None):
        self.element = element

    cdef bint accepts(self, object value) except -1:
        cdef Py_ssize_t i
        if not PyList_CheckExact(value):
            return False
        for i in range(PyList_GET_SIZE(value)):
            if not self.element.accepts(<object>PyList_GET_ITEM(value, i)):
                return False
        return True


@cython.final
cdef class MapOf(Form):
    cdef Form entry

    def __cinit__(self, Form entry not None):
        self.entry = entry

    cdef bint accepts(self, object value) except -1:
        cdef Py_ssize_t position = 0
        cdef PyObject* member
        if not PyDict_CheckExact(value):
            return False
        while PyDict_Next(value, &position, NULL, &member):
            if not self.entry.accepts(<object>member):
                return False
        return True


@cython.final
cdef class Members(Form):
    """Some of these members and no others, all that are required among them.  Of a member that fits its form ``holds``
    may ask more: a function whose answer is taken for true or false."""

    cdef dict forms
    cdef dict holds
    cdef tuple required

    def __cinit__(self, dict forms not None, dict holds=None, tuple required=()):
        for form in forms.values():
            if not isinstance(form, Form):
                raise TypeError("a member's form is a Form")
        self.forms = dict(forms)
        self.holds = dict(holds or {})
        self.required = required

    cdef bint accepts(self, object value) except -1:
        cdef Py_ssize_t position = 0
        cdef PyObject* name
        cdef PyObject* member
        cdef PyObject* found
        if not PyDict_CheckExact(value):
            return False
        while PyDict_Next(value, &position, &name, &member):
            found = PyDict_GetItemWithError(self.forms, <object>name)
            if found == NULL or not (<Form>found).accepts(<object>member):
                return False
            found = PyDict_GetItemWithError(self.holds, <object>name)
            if found != NULL and not (<object>found)(<object>member):
                return False
        for wanted in self.required:
            if not PyDict_Contains(value, wanted):
                return False
        return True
