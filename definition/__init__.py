"""The study definition: one TOML file, read once, each package's section checked by that package's own model.

It is beside manage.py because only these two and commands/ see all packages. It imports none of their heavy parts.
"""

from definition.read import Definition, DefinitionError, load_definition, read_document

__all__ = ["Definition", "DefinitionError", "load_definition", "read_document"]
