"""JSON types of attribute values; see wire_types.pyx."""


cdef object check_attribute(object value, int depth)
