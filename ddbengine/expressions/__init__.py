from ddbengine.expressions.condition import Condition, compile_condition
from ddbengine.expressions.placeholders import Placeholders, check_placeholder_names, check_placeholder_values
from ddbengine.expressions.projection import Projection, compile_projection
from ddbengine.expressions.update import Update, UpdateResult, compile_update
