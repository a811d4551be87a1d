"""PartiQL: statement text into the conditions, updates, projections and key ranges that the API's requests become.

Text is lexed and parsed into a tree (``parser``), the tree is compiled once per text (``compiler``), and a compiled
statement is bound to the parameters of a request.  What a statement does to a table is the engine's business.
"""

from ddbengine.partiql.compiler import Delete, Exists, Insert, Select, Statement, Update, compile_statement
from ddbengine.partiql.faults import StatementFault

__all__ = ["Delete", "Exists", "Insert", "Select", "Statement", "StatementFault", "Update", "compile_statement"]
