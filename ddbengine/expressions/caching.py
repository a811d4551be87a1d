"""How many texts of a kind are kept parsed, or compiled: all that a program writes out, few of those that it generates.

The largest ones come to 200 KB each, so this is also what bounds the memory that texts can take: a client that never
sends the same one twice gains nothing by being remembered.
"""

from typing import Final

CACHED_TEXTS_MAX: Final = 1024
