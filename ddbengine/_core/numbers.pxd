"""Numbers between text and the service's number bytes (FACTS 5.7)."""

from libc.stdint cimport uint8_t


cdef enum:
    LONGEST_NUMBER = 22
    # "-0." and 129 zeros and 38 digits
    LONGEST_NUMBER_TEXT = 176


cdef int scan_number(const uint8_t* at, const uint8_t* end, uint8_t* to) noexcept
cdef Py_ssize_t parse_number(object text, uint8_t* to) except -1
cdef int write_number_text(const uint8_t* number, Py_ssize_t size, char* to) except -1
cdef int number_cost(const uint8_t* number, Py_ssize_t size) except -1
cdef double number_as_double(const uint8_t* number, Py_ssize_t size) except? -1
