"""Tables and items as files: reading schemas, reading and writing items in the formats that people and the service use.

Knows files and formats; the engine only as something that takes and gives items.
"""
