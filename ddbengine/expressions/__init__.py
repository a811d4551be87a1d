"""Expressions: text and legacy parameters into conditions, projections, updates and key ranges over encoded values.

An expression is parsed once per text and bound to names once per text and names; both forms are cached.  What is left
for a request is to bind its values, which also finds the faults that depend on them.
"""

from ddbengine.expressions.condition import Condition, compile_condition
from ddbengine.expressions.key_condition import (
    KeyCondition,
    KeyRange,
    RepeatableKeyCondition,
    compile_key_condition,
    repeatable_key_condition,
)
from ddbengine.expressions.legacy import (
    check_mixing,
    legacy_condition,
    legacy_key_conditions,
    legacy_projection,
    legacy_updates,
)
from ddbengine.expressions.paths import Path
from ddbengine.expressions.placeholders import Placeholders, check_placeholder_names, check_placeholder_values
from ddbengine.expressions.projection import Projection, compile_projection
from ddbengine.expressions.search_condition import SearchCondition, compile_search_condition
from ddbengine.expressions.syntax import (
    AddAction,
    And,
    Arithmetic,
    Between,
    Comparison,
    DeleteAction,
    FunctionCall,
    In,
    Not,
    Or,
    PathOperand,
    RemoveAction,
    Section,
    SetAction,
    ValueOperand,
)
from ddbengine.expressions.update import Update, UpdateResult, compile_update

__all__ = [
    "AddAction",
    "And",
    "Arithmetic",
    "Between",
    "Comparison",
    "Condition",
    "DeleteAction",
    "FunctionCall",
    "In",
    "KeyCondition",
    "KeyRange",
    "Not",
    "Or",
    "Path",
    "PathOperand",
    "Placeholders",
    "Projection",
    "RemoveAction",
    "RepeatableKeyCondition",
    "SearchCondition",
    "Section",
    "SetAction",
    "Update",
    "UpdateResult",
    "ValueOperand",
    "check_mixing",
    "check_placeholder_names",
    "check_placeholder_values",
    "compile_condition",
    "compile_key_condition",
    "compile_projection",
    "compile_search_condition",
    "compile_update",
    "legacy_condition",
    "legacy_key_conditions",
    "legacy_projection",
    "legacy_updates",
    "repeatable_key_condition",
]
