"""Encrypted columns and blind indexes in SQLAlchemy 2.

    class Invoice(Base):
        __tablename__ = "invoices"
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
        tenant: Mapped[str]
        notes = EncryptedText(keys)
        email = EncryptedText(keys, index=Index(bits=12, normaliser="ascii-lowercase"))

    Invoice.email.find(session, "ann@example.org", tenant="acme")

`invoice.notes` is the plaintext: what is assigned is sealed when the row is flushed, and opened when it is read. In the database, and in
`invoice.notes_sealed`, is the encrypted object only. Whatever would bind plaintext to a column raises `PlaintextError`.

With an `AsyncSession` keys are asked for in another thread, and a value is read by `await row.awaitable_attrs.notes` (`AsyncAttrs`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import CheckConstraint, ColumnElement, Dialect, LargeBinary, Select, and_, event, inspect, select
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapper, Session, mapped_column
from sqlalchemy.types import TypeDecorator, Uuid
from sqlalchemy.util.concurrency import await_only, in_greenlet

from . import Unreadable
from ._column import (
    BINARY,
    OBJECT_BEGINS,
    TEXT,
    Blinded,
    Codec,
    Column,
    Index,
    Keys,
    Plain,
    PlaintextError,
    RowError,
    Sealed,
    check_of,
    text_of,
)
from ._threads import in_thread

__all__ = [
    "BlindIndexType",
    "EncryptedBinary",
    "EncryptedText",
    "EncryptedType",
    "Index",
    "PlaintextError",
    "RowError",
]

T = TypeVar("T")
R = TypeVar("R")


class _Stored(TypeDecorator[bytes]):
    """A column of bytes that takes only what was made for it."""

    impl = LargeBinary
    cache_ok = True
    made: type[bytes]

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is not None and not isinstance(value, self.made):
            raise PlaintextError("plaintext is not stored nor looked for; assign it to the row's attribute, and flush that")
        return None if value is None else bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else self.made(value)


class EncryptedType(_Stored):
    """The type of `notes_sealed`."""

    cache_ok = True
    made = Sealed


class BlindIndexType(_Stored):
    """The type of `email_index`."""

    cache_ok = True
    made = Blinded


class _Encrypted(Generic[T]):
    """keys: the key store, or a function that gives it. tenant: the attribute that holds the row's tenant. sealed_as: `table.column` as it
    was when the first value was stored; to be given once table or attribute is renamed, as nothing opens under another name.

    The columns `NAME_sealed` and, with an index, `NAME_index` are made where the class does not have them.
    """

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
        self._tenant = tenant
        self._index = index
        self._sealed_as = sealed_as

    def __set_name__(self, owner: type, name: str) -> None:
        self._name, self.stored, self.indexed = name, f"{name}_sealed", f"{name}_index"
        if not hasattr(owner, self.stored):
            setattr(owner, self.stored, mapped_column(EncryptedType, CheckConstraint(_Begins(self.stored, OBJECT_BEGINS)), nullable=True))
        if self._index is not None and not hasattr(owner, self.indexed):
            check = CheckConstraint(_Begins(self.indexed, self._index.version))
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
        stored: Any = getattr(row, self.stored)
        if stored is None:
            return None
        if isinstance(stored, Plain):
            value: T = stored.value
            return value
        return _apart(lambda: self.sealing(row).open(self.keys(), *self.place(row), stored))

    def __set__(self, row: object, value: T | None) -> None:
        setattr(row, self.stored, None if value is None else Plain(self.sealing(row).checked(value)))

    def keys(self) -> Keys:
        """The key store."""
        return self._keys() if callable(self._keys) else self._keys

    def sealing(self, row: Any) -> Column[T]:
        """Under which names it is sealed. Of a row, or its class."""
        table, _, name = (self._sealed_as or f"{inspect(_class_of(row)).local_table.name}.{self._name}").rpartition(".")
        return Column(table, name, self.codec, self._index)

    def place(self, row: Any) -> tuple[str, str]:
        """Tenant and primary key of a row, as they stand in the context."""
        mapper: Mapper[Any] = inspect(type(row))
        if len(mapper.primary_key) != 1:
            raise RowError(f"{self._name}: the table needs a primary key of one column")
        tenant = text_of(getattr(row, self._tenant), f"{self._name}: the tenant")
        (column,) = mapper.primary_key
        key = mapper.get_property_by_column(column).key
        if getattr(row, key) is None and column.default is not None and not column.default.is_sequence:
            made: Any = column.default
            setattr(row, key, made.arg(None) if made.is_callable else made.arg)
        return tenant, text_of(_as_loaded(column.type, getattr(row, key)), f"{self._name}: the primary key")

    def _seal(self, mapper: Mapper[Any], connection: Any, row: Any) -> None:
        """Puts the encrypted object, and what its index holds, into a row that is being flushed."""
        state = inspect(row)
        stored = state.dict.get(self.stored)
        if isinstance(stored, Plain):
            column, place = self.sealing(row), self.place(row)
            setattr(row, self.stored, _apart(lambda: column.seal(self.keys(), *place, stored.value)))
            if self._index is not None:
                setattr(row, self.indexed, _apart(lambda: column.index_of(self.keys(), place[0], stored.value)))
        elif self.stored in state.dict and stored is None:
            if self._index is not None:
                setattr(row, self.indexed, None)
        elif self._is_moved(mapper, state):
            if not state.persistent and self.stored not in state.dict:
                return
            found = getattr(row, self.stored)
            if found is not None:
                place = self.place(row)
                _apart(lambda: self.sealing(row).check(self.keys(), *place, found))

    def _is_moved(self, mapper: Mapper[Any], state: Any) -> bool:
        places = [self._tenant, *(mapper.get_property_by_column(column).key for column in mapper.primary_key)]
        return any(state.attrs[name].history.has_changes() for name in places)


class EncryptedText(_Encrypted[str]):
    """A text that is stored encrypted."""

    codec = TEXT


class EncryptedBinary(_Encrypted[bytes]):
    """Bytes that are stored encrypted."""

    codec = BINARY


class Lookup(Generic[T]):
    """`Invoice.email`: finds rows by an encrypted value."""

    def __init__(self, encrypted: _Encrypted[T], owner: Any) -> None:
        self._encrypted = encrypted
        self._owner = owner

    def find(self, session: Session, value: T, *, tenant: str, among: Select[Any] | None = None) -> list[Any]:
        """The rows of a tenant whose value is this one. among: a selection of the rows to look into, without a limit.

        The database gives the rows whose index is equal, which may be some too many; each is opened. One that cannot be is none of them.
        """
        statement = select(self._owner) if among is None else among
        rows = session.scalars(statement.where(self.may_be(value, tenant=tenant))).unique()
        return [row for row in rows if self._is(row, value, tenant)]

    async def find_async(self, session: AsyncSession, value: T, *, tenant: str, among: Select[Any] | None = None) -> list[Any]:
        """The same for an `AsyncSession`."""
        return await session.run_sync(lambda inner: self.find(inner, value, tenant=tenant, among=among))

    def may_be(self, value: T, *, tenant: str) -> ColumnElement[bool]:
        """A condition that all these rows meet, and perhaps some others."""
        column = self._encrypted.sealing(self._owner)
        value = column.checked(value)
        looked_for = _apart(lambda: column.looked_for(self._encrypted.keys(), tenant, value))
        index, of = getattr(self._owner, self._encrypted.indexed), getattr(self._owner, self._encrypted._tenant)
        return and_(of == tenant, index == looked_for)

    def _is(self, row: Any, value: T, tenant: str) -> bool:
        try:
            found = self._encrypted.__get__(row, type(row))
        except Unreadable:
            return False
        column = self._encrypted.sealing(row)
        return found is not None and _apart(lambda: column.is_same(self._encrypted.keys(), tenant, found, value))


class _Begins(ColumnElement[bool]):
    """What the database itself keeps to."""

    inherit_cache = False

    def __init__(self, column: str, begins: int) -> None:
        self.column = column
        self.begins = begins


@compiles(_Begins)
def _begins(element: _Begins, compiler: Any, **_: Any) -> str:
    column = compiler.preparer.quote(element.column)
    return check_of(compiler.dialect.name, column, element.begins) or "1 = 1"


def _apart(act: Callable[[], R]) -> R:
    """Does what may ask for a key, and lets no event loop wait for it."""
    if in_greenlet():
        result: R = await_only(in_thread(act))
        return result
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return act()
    raise MissingGreenlet("this may ask for a key: take `await row.awaitable_attrs.NAME`, or `AsyncSession.run_sync`")


def _class_of(row: Any) -> Any:
    found = inspect(row)
    return found.mapper.class_ if hasattr(found, "mapper") else type(row)


def _as_loaded(kind: Any, key: Any) -> Any:
    """A key as it comes back from the database. A UUID as text may be written in several ways."""
    if isinstance(kind, Uuid) and not kind.as_uuid and isinstance(key, str):
        from uuid import UUID

        return str(UUID(key))
    if key is not None and not isinstance(key, kind.python_type):
        raise RowError(f"the primary key is a {kind.python_type.__name__}, not {type(key).__name__}")
    return key
