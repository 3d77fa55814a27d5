"""An attribute of a mapped class whose values are stored encrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload
from uuid import UUID

from sqlalchemy import CheckConstraint, event, inspect
from sqlalchemy.orm import Mapper, mapped_column
from sqlalchemy.types import Uuid

from .._column import BINARY, OBJECT_BEGINS, TEXT, Codec, Column, Index, Keys, Plain, RowError, text_of
from .lookup import Lookup
from .loops import apart
from .types import Begins, BlindIndexType, EncryptedType

T = TypeVar("T")


class _Encrypted(Generic[T]):
    """What an attribute of texts and one of bytes have in common."""

    codec: Codec[T]

    def __init__(
        self,
        keys: Keys | Callable[[], Keys],
        *,
        tenant: str = "tenant",
        index: Index | None = None,
        sealed_as: str | None = None,
    ) -> None:
        self._keys = keys
        self.tenant = tenant
        self._index = index
        self._sealed_as = sealed_as

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.stored, self.indexed = name, f"{name}_sealed", f"{name}_index"
        if not hasattr(owner, self.stored):
            setattr(owner, self.stored, mapped_column(EncryptedType, CheckConstraint(Begins(self.stored, OBJECT_BEGINS)), nullable=True))
        if self._index is not None and not hasattr(owner, self.indexed):
            check = CheckConstraint(Begins(self.indexed, self._index.version))
            setattr(owner, self.indexed, mapped_column(BlindIndexType, check, nullable=True, index=True))
        for moment in ("before_insert", "before_update"):
            event.listen(owner, moment, self._seal, propagate=True)

    @overload
    def __get__(self, row: None, owner: type) -> Lookup[T]: ...
    @overload
    def __get__(self, row: object, owner: type) -> T | None: ...
    def __get__(self, row: object | None, owner: type) -> Lookup[T] | T | None:
        if row is None:
            return Lookup(self, owner)
        return self.value_of(row)

    def __set__(self, row: object, value: T | None) -> None:
        setattr(row, self.stored, None if value is None else Plain(self.sealing(row).checked(value)))

    def value_of(self, row: Any) -> T | None:
        """The plaintext of a row.

        Raises `Unreadable`, `InvalidValue`, `Unavailable`, what `place` and `keys` raise, and in an event loop `MissingGreenlet`, of
        SQLAlchemy's.
        """
        stored: Any = getattr(row, self.stored)
        if stored is None:
            return None
        if isinstance(stored, Plain):
            value: T = stored.value
            return value
        column, place = self.sealing(row), self.place(row)
        return apart(lambda: column.open(self.keys(), *place, stored))

    def keys(self) -> Keys:
        """The key store. Raises what the function raises that gives it."""
        return self._keys() if callable(self._keys) else self._keys

    def sealing(self, row: Any) -> Column[T]:
        """Under which names it is sealed. Of a row, or its class. Raises `NoInspectionAvailable`, of SQLAlchemy's, for what is not mapped."""
        table, _, name = (self._sealed_as or f"{inspect(_class_of(row)).local_table.name}.{self.name}").rpartition(".")
        return Column(table, name, self.codec, self._index)

    def place(self, row: Any) -> tuple[str, str]:
        """Tenant and primary key of a row, as they stand in the context. Makes a key that has a default.

        Raises `RowError` where one of them is missing or no text, whole number or UUID, for a key of another type than its column's, and
        for a table whose key has several columns; `ValueError` for a text that is to be a UUID.
        """
        mapper: Mapper[Any] = inspect(type(row))
        if len(mapper.primary_key) != 1:
            raise RowError(f"{self.name}: the table needs a primary key of one column")
        tenant = text_of(getattr(row, self.tenant), f"{self.name}: the tenant")
        (column,) = mapper.primary_key
        key = mapper.get_property_by_column(column).key
        if getattr(row, key) is None and column.default is not None and not column.default.is_sequence:
            made: Any = column.default
            setattr(row, key, made.arg(None) if made.is_callable else made.arg)
        return tenant, text_of(_as_loaded(column.type, getattr(row, key)), f"{self.name}: the primary key")

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes of what is stored. The index belongs to the object."""
        return (self.stored,) if self._index is None else (self.stored, self.indexed)

    def _seal(self, mapper: Mapper[Any], connection: Any, row: Any) -> None:
        """Puts the encrypted object, and what its index holds, into a row that is being flushed."""
        state = inspect(row)
        stored = state.dict.get(self.stored)
        if isinstance(stored, Plain):
            column, place = self.sealing(row), self.place(row)
            setattr(row, self.stored, apart(lambda: column.seal(self.keys(), *place, stored.value)))
            if self._index is not None:
                setattr(row, self.indexed, apart(lambda: column.index_of(self.keys(), place[0], stored.value)))
        elif self.stored in state.dict and stored is None:
            if self._index is not None:
                setattr(row, self.indexed, None)
        elif self._is_moved(mapper, state):
            if not state.persistent and self.stored not in state.dict:
                return
            found = getattr(row, self.stored)
            if found is not None:
                column, place = self.sealing(row), self.place(row)
                apart(lambda: column.check(self.keys(), *place, found))

    def _is_moved(self, mapper: Mapper[Any], state: Any) -> bool:
        """Or has the object of another row."""
        places = [self.tenant, self.stored, *(mapper.get_property_by_column(column).key for column in mapper.primary_key)]
        return any(state.attrs[name].history.has_changes() for name in places)


class EncryptedText(_Encrypted[str]):
    """A text that is stored encrypted.

    keys: the key store, or a function that gives it. tenant: the attribute that holds the row's tenant. index: a blind index, for look-ups.
    sealed_as: `table.column` as it was when the first value was stored; to be given once table or attribute is renamed, as nothing opens
    under another name. The columns `NAME_sealed` and, with an index, `NAME_index` are made where the class does not have them.

    Raises nothing when it is made. What is assigned to it raises `PlaintextError` unless it is a `str` or None. Reading a value raises what
    `value_of` raises; so does flushing a row, and `RowError` for a value that was sealed for another row.
    """

    codec = TEXT


class EncryptedBinary(_Encrypted[bytes]):
    """Bytes that are stored encrypted.

    Its arguments are those of `EncryptedText`. Raises what `EncryptedText` raises, with `bytes` in the place of `str`. They are not looked
    for: with an index, flushing a row raises `TypeError`.
    """

    codec = BINARY


def _class_of(row: Any) -> Any:
    found = inspect(row)
    return found.mapper.class_ if hasattr(found, "mapper") else type(row)


def _as_loaded(kind: Any, key: Any) -> Any:
    """A key as it comes back from the database. A UUID as text may be written in several ways."""
    if isinstance(kind, Uuid) and not kind.as_uuid and isinstance(key, str):
        return str(UUID(key))
    if key is not None and not isinstance(key, kind.python_type):
        raise RowError(f"the primary key is a {kind.python_type.__name__}, not {type(key).__name__}")
    return key
