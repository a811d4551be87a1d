"""JSON types of attribute values, as the service's deserialiser takes them (FACTS 1.5)."""

from cpython.dict cimport PyDict_Check, PyDict_Next
from cpython.list cimport PyList_Check, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.ref cimport PyObject

from ddbengine._core.base64 cimport decode_base64
from ddbengine._core.stored cimport (
    KIND_B,
    KIND_BOOL,
    KIND_BS,
    KIND_L,
    KIND_M,
    KIND_N,
    KIND_NULL,
    KIND_S,
    KIND_SS,
    KIND_UNKNOWN,
    kind_of_name,
)
from ddbengine._core.unicode cimport PyUnicode_Check

from ddbengine._core.faults import JsonTypeFault


cdef enum:
    # orjson stops at 1,024 JSON levels, two per attribute value.
    DEEPEST_CHECKED = 600


cdef str ATTRIBUTE_VALUE = "com.amazonaws.dynamodb.v20120810.AttributeValue"


cdef int refuse_scalar(object value, str java_type) except -1:
    """Word what is wrong with a value that is no scalar of this type (FACTS 1.5)."""
    if value is True:
        raise JsonTypeFault(f"TRUE_VALUE cannot be converted to {java_type}")
    if value is False:
        raise JsonTypeFault(f"FALSE_VALUE cannot be converted to {java_type}")
    if isinstance(value, int):
        raise JsonTypeFault(f"NUMBER_VALUE cannot be converted to {java_type}")
    if isinstance(value, float):
        raise JsonTypeFault(f"DECIMAL_VALUE cannot be converted to {java_type}")
    if isinstance(value, list):
        raise JsonTypeFault(f"Unrecognized collection type class java.lang.{java_type}")
    if isinstance(value, dict):
        raise JsonTypeFault("Start of structure or map found where not expected")
    raise TypeError(f"not a JSON value: {type(value).__name__}")


cdef object as_boolean(object value):
    if isinstance(value, str):
        lower = value.lower()
        if lower in ("true", "1", "yes"):
            return True
        if lower in ("false", "0", "no"):
            return False
        raise JsonTypeFault("Unexpected token received from parser")
    refuse_scalar(value, "Boolean")


cdef int check_blob(object value) except -1:
    if PyUnicode_Check(value):
        decode_base64(value, NULL)
        return 0
    if isinstance(value, list):
        raise JsonTypeFault("Unrecognized collection type class java.nio.ByteBuffer")
    if isinstance(value, dict):
        raise JsonTypeFault("Start of structure or map found where not expected")
    raise JsonTypeFault("only base-64-encoded strings are convertible to bytes")


cdef int require_list(object value) except -1:
    if PyList_Check(value):
        return 0
    if isinstance(value, dict):
        raise JsonTypeFault("Start of structure or map found where not expected")
    raise JsonTypeFault("Unexpected field type")


cdef object check_set(object value, int kind):
    """The list of a set; null members stay, for encoding to refuse."""
    require_list(value)
    for member in <list>value:
        if member is None:
            continue
        if kind == KIND_BS:
            check_blob(member)
        elif not PyUnicode_Check(member):
            refuse_scalar(member, "String")
    return value


cdef object check_list(object value, int depth):
    cdef Py_ssize_t i
    cdef list copy = None
    require_list(value)
    for i in range(PyList_GET_SIZE(value)):
        element = <object>PyList_GET_ITEM(value, i)
        checked = check_attribute(element, depth)
        if checked is not element:
            if copy is None:
                copy = list(value)
            copy[i] = checked
    return value if copy is None else copy


cdef object check_map(object value, int depth):
    cdef Py_ssize_t position = 0
    cdef PyObject* name
    cdef PyObject* member
    cdef dict copy = None
    if not PyDict_Check(value):
        if isinstance(value, list):
            raise JsonTypeFault(f"Unrecognized collection type java.util.Map<java.lang.String, {ATTRIBUTE_VALUE}>")
        raise JsonTypeFault("Unexpected field type")
    while PyDict_Next(value, &position, &name, &member):
        checked = check_attribute(<object>member, depth)
        if checked is not <object>member:
            if copy is None:
                copy = dict(value)
            copy[<object>name] = checked
    return value if copy is None else copy


cdef object check_attribute(object value, int depth):
    """An AttributeValue as the element of a list or map.  Null is taken for an empty one, which is refused later."""
    cdef Py_ssize_t position = 0
    cdef PyObject* name
    cdef PyObject* member
    cdef int kind
    cdef dict copy = None
    if not PyDict_Check(value):
        if value is None:
            return {}
        if isinstance(value, list):
            raise JsonTypeFault(f"Unrecognized collection type class {ATTRIBUTE_VALUE}")
        raise JsonTypeFault("Unexpected value type in payload")
    if depth > DEEPEST_CHECKED:
        raise RecursionError("a value nested deeper than JSON can be")
    while PyDict_Next(value, &position, &name, &member):
        kind = kind_of_name(<object>name)
        if (kind == KIND_S or kind == KIND_N) and PyUnicode_Check(<object>member):
            continue
        if kind == KIND_UNKNOWN or <object>member is None:
            if copy is None:
                copy = dict(value)
            del copy[<object>name]
            continue
        checked = check_member(kind, <object>member, depth)
        if checked is not <object>member:
            if copy is None:
                copy = dict(value)
            copy[<object>name] = checked
    return value if copy is None else copy


cdef object check_member(int kind, object member, int depth):
    """One member of an AttributeValue, not null."""
    if kind == KIND_M:
        return check_map(member, depth + 1)
    if kind == KIND_L:
        return check_list(member, depth + 1)
    if kind == KIND_BOOL or kind == KIND_NULL:
        return member if member is True or member is False else as_boolean(member)
    if kind >= KIND_SS:
        return check_set(member, kind)
    if kind == KIND_B:
        check_blob(member)
    elif not PyUnicode_Check(member):
        refuse_scalar(member, "String")
    return member


def check_value(value):
    return check_attribute(value, 0)


def check_item(item):
    return check_map(item, 0)
