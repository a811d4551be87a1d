"""A read transaction behind a gate, with its tree: what every read of a store begins and ends with."""

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.set cimport PySet_Add, PySet_Discard

from ddbengine._core.environments cimport Transaction
from ddbengine._core.lmdb_functions cimport mdb
from ddbengine._core.trees cimport MappedTree, TreeMap


cdef enum:
    SHORT_KEY_MAX_BYTES = 510
    # Longer keys are cut, see ``storage.layers``.


cdef class GatedRead:
    """A read transaction, open inside ``with``.

    Who reads first shows itself in ``gate.inside`` and then looks whether the gate is shut; see ``storage.gate``.  Who
    inherits has ``get_long(key)`` for keys that are cut.
    """

    cdef object begin
    cdef object gate
    cdef object trees
    cdef readonly object txn
    cdef MappedTree tree

    def __init__(self, begin not None, gate not None, trees=None):
        """``begin`` begins the transaction as ``lmdb.Environment.begin`` does.  ``trees`` has ``map``, a TreeMap, and
        ``seek(txn)`` for when that has no tree of a transaction."""
        self.begin = begin
        self.gate = gate
        self.trees = trees

    def __enter__(self):
        gate = self.gate
        PySet_Add(gate.inside, self)
        if gate.shut:
            gate.wait(self)
        try:
            self.txn = self.begin(None, None, False, True)
            self.tree = None if self.trees is None else self.find_tree()
        except BaseException as error:
            if self.txn is not None:
                self.txn.abort()
            gate.left(self)
            if gate.on_error is not None:
                gate.on_error(error)
            raise
        return self

    def __exit__(self, kind, error, trace):
        gate = self.gate
        self.end_tree()
        self.txn.abort()
        PySet_Discard(gate.inside, self)
        if gate.shut:
            gate.left(self)
        if error is not None and gate.on_error is not None:
            gate.on_error(error)

    cdef MappedTree find_tree(self):
        cdef TreeMap trees = self.trees.map
        cdef MappedTree tree
        if type(self.txn) is Transaction and (<Transaction>self.txn).txn != NULL:
            tree = trees.tree_of(mdb.txn_id((<Transaction>self.txn).txn))
        else:
            tree = trees.tree_of(self.txn.id())
        return self.trees.seek(self.txn) if tree is None else tree

    def end_tree(self):
        """The pages of the tree are this read's no longer; reading them is a RuntimeError from now on."""
        if self.tree is not None:
            self.tree.end()

    @property
    def source(self):
        """What entries are read from: the tree where there is one, else the transaction."""
        return self.txn if self.tree is None else self.tree

    def get(self, bytes key not None):
        """The value of a key, None when there is none."""
        if PyBytes_GET_SIZE(key) > SHORT_KEY_MAX_BYTES:
            return self.get_long(key)
        return self.txn.get(key) if self.tree is None else self.tree.value_of(key)
