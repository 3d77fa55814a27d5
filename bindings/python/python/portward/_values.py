"""What may stand in an encrypted column and its blind index, and what may not: values of their own types, and the errors of all others."""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from uuid import UUID

from . import InvalidValue, PortwardError

T = TypeVar("T")


class PlaintextError(InvalidValue, TypeError):
    """Something would be stored, or looked for, that is not encrypted. Code: `plaintext_refused`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "plaintext_refused")

    def __reduce__(self) -> tuple[type[PortwardError], tuple[Any, ...]]:
        return type(self), self.args


class RowError(InvalidValue):
    """The row does not say for which tenant and under which primary key a value is to be sealed, or says another than it was sealed for.

    Code: `wrong_row`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, "wrong_row")

    def __reduce__(self) -> tuple[type[PortwardError], tuple[Any, ...]]:
        return type(self), self.args


def index_apart(names: str) -> InvalidValue:
    """A value would be stored without what its index holds, or the other way about."""
    return InvalidValue(f"{names}, or neither", "index_apart")


class Sealed(bytes):
    """An encrypted value as it is stored. Only an encrypted column makes it."""

    known_as: object = None
    """What it was looked at with, where that was right. No part of the value."""


class Blinded(bytes):
    """What is stored in a blind index. Only an encrypted column makes it."""


class Plain(Generic[T]):
    """A value that was assigned, and will be sealed when its row is written, or that is looked for. It is not shown, nor pickled."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Plain(..)"

    def __reduce__(self) -> str:
        raise PlaintextError("save the row first, and of a look-up take the rows: a value that is not encrypted is not pickled")

    def __deepcopy__(self, memo: object) -> Plain[T]:
        return self


def check_of(vendor: str, column: str, begins: int) -> str | None:
    """A condition that the database itself keeps to, also for what its own statements copy. column: as it is quoted there."""
    if vendor == "postgresql":
        return f"get_byte({column}, 0) = {begins}"
    if vendor in ("sqlite", "mysql", "mariadb"):
        return f"substr({column}, 1, 1) = x'{begins:02x}'"
    return None


OBJECT_BEGINS = 0xF5
"""The first byte of every encrypted object: envelope.md. That of an index is its version."""


def text_of(value: object, what: str) -> str:
    """A tenant or a primary key as it stands in the context: always the same text for the same value.

    It is what the value holds, which a database keeps, whatever its class has `str` say of it: an `Enum` for instance its name.
    """
    if value is None or value == "":
        raise RowError(f"{what} has to be known before a row with encrypted values is stored, such as a UUID that is made with the row")
    if isinstance(value, bool) or not isinstance(value, (str, int, UUID)):
        raise RowError(f"{what} has to be a text, a whole number or a UUID, not {type(value).__name__}")
    if isinstance(value, UUID):
        return str(UUID(int=value.int))
    return str.__str__(value) if isinstance(value, str) else int.__repr__(value)
