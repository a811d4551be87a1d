"""JSON types of attribute values; see wire_types.pyx."""


cdef object check_map(object value, int depth)
cdef object check_attribute(object value, int depth)
