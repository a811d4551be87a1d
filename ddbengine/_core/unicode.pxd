"""What the core uses of Python's str beyond Cython's own declarations."""

from libc.stdint cimport uint8_t


cdef extern from "Python.h":
    bint PyUnicode_Check(object text)
    bint PyUnicode_CheckExact(object text)
    bint PyUnicode_IS_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    const uint8_t* PyUnicode_1BYTE_DATA(object text)
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    object PyUnicode_DecodeUTF8(const char* text, Py_ssize_t size, const char* errors)
