"""The base of the package's frozen dataclasses.

`dataclass` would make all this for each of them, by compiling source whenever the package is imported. It is written once here, and
the constructors stand in the generated files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Record:
    """Shows and compares its fields."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
        return f"{type(self).__name__}({shown})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and type(other) is type(self) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash((type(self), *map(repr, self._values())))

    def _values(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]
