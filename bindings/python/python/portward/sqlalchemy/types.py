"""What the columns take: only what was made for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Dialect, LargeBinary
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

from .._values import Blinded, PlaintextError, Sealed, check_of


class BoundError(PlaintextError, DontWrapMixin):
    """Raised as it is: an exception of SQLAlchemy's around it would show the plaintext among the parameters of the statement."""


class _Stored(TypeDecorator[bytes]):
    """A column of bytes that takes only what was made for it."""

    impl = LargeBinary
    cache_ok = True
    made: type[bytes]

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """What goes to the database. Raises `PlaintextError`, as it is, for what was not made for this column."""
        if value is None or isinstance(value, self.made):
            return None if value is None else bytes(value)
        del value  # What reports an error shows what its frames have.
        raise BoundError("plaintext is not stored nor looked for; assign it to the row's attribute, and flush that")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else self.made(value)


class EncryptedType(_Stored):
    """The type of `notes_sealed`. A statement that gives it anything but an encrypted object raises `PlaintextError`."""

    cache_ok = True
    made = Sealed


class BlindIndexType(_Stored):
    """The type of `email_index`. A statement that gives it anything but what an index holds raises `PlaintextError`."""

    cache_ok = True
    made = Blinded


class Begins(ColumnElement[bool]):
    """What the database itself keeps to. begins: the first byte of all that the column holds, 0 to 255. Raises nothing."""

    inherit_cache = False

    def __init__(self, column: str, begins: int) -> None:
        self.column = column
        self.begins = begins


@compiles(Begins)
def _begins(element: Begins, compiler: Any, **_: Any) -> str:
    column = compiler.preparer.quote(element.column)
    return check_of(compiler.dialect.name, column, element.begins) or "1 = 1"
