"""The size of an item, for who reads pages of them."""

from ddbengine._core.buffers cimport View


cdef Py_ssize_t size_of_item(View* view) except -1
