"""ddbengine: a DynamoDB-compatible storage engine.

``ddbengine.open(path)`` is an engine inside this program (docs/embedded.md); ``ddbengine.exceptions`` what it raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddbengine import exceptions
    from ddbengine.embedded.engine import Engine, open

__version__ = "0.1.0"
__all__ = ["Engine", "__version__", "exceptions", "open"]


def __getattr__(name: str) -> Any:
    # Only now: who wants the version, the command line or the pytest plugin need not load the engine.
    if name in ("Engine", "open"):
        from ddbengine.embedded import engine

        globals().update(Engine=engine.Engine, open=engine.open)
        return globals()[name]
    if name == "exceptions":
        import importlib

        return importlib.import_module("ddbengine.exceptions")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
