"""Look-ups by a blind index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, ColumnOperators, Dialect, Select, and_, false, inspect, select
from sqlalchemy.orm import Session

from .. import Unreadable
from .._column import Column, Keys
from .._values import Blinded, PlaintextError
from ._loaded import text_in
from ._rows import column_of, dialect_of
from .loops import apart

if TYPE_CHECKING:  # it needs greenlet, which SQLAlchemy does not bring
    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")
Tenant = str | int | UUID
"""What the row's attribute holds."""


class Finds(Protocol[T]):
    """What of an encrypted attribute a look-up needs."""

    tenant: str
    stored: str
    indexed: str

    def keys(self) -> Keys:
        """The key store. Raises what the function raises that gives it."""
        ...

    def sealing(self, row: Any) -> Column[T]:
        """Under which names it is sealed. Of a row, or its class. Raises nothing for what is mapped."""
        ...

    def value_of(self, row: Any) -> T | None:
        """The plaintext. Raises `Unreadable`, `InvalidValue`, `Unavailable`."""
        ...


class Lookup(Generic[T]):
    """`Invoice.email`: finds rows by an encrypted value. It is no column: what compares it raises `PlaintextError`."""

    __hash__ = object.__hash__

    def __init__(self, encrypted: Finds[T], owner: Any) -> None:
        self._encrypted = encrypted
        self._owner = owner

    def __get__(self, row: None, owner: Any) -> Lookup[T]:
        """An alias asks its class, and hands itself over. Raises nothing."""
        return Lookup(self._encrypted, owner)

    def find(self, session: Session, value: T, *, tenant: Tenant, among: Select[Any] | None = None) -> list[Any]:
        """The rows of a tenant whose value is this one. among: a selection of the rows to look into, without a limit or groups.

        The database gives the rows whose index is equal, which may be some too many; each is opened. One that cannot be is none of them.
        Raises `TypeError` for an `among` of other rows than this class's or alias's, or with a limit, `GROUP BY`, `HAVING` or `DISTINCT ON`,
        and what `may_be` raises.
        """
        statement = select(_whole(self._owner)) if among is None else among
        try:
            if any(_is_there(getattr(statement, name, None)) for name in _CHOOSES):
                raise TypeError("among: has a limit or groups, which would choose among rows that are not meant")
            if not self._is_of_owner(statement):
                raise TypeError("among: selects other rows than those of this class or alias, whose attribute looks them up")
            of_whom = self._text_of(tenant, lambda: dialect_of(session, inspect(self._owner).mapper))
            rows = session.scalars(statement.where(self._may_be(value, tenant, of_whom))).unique().all()
            # What a database takes for equal may be another tenant. Of a polymorphic alias, rows may be of another class than a part of it.
            ours = [row for row in rows if isinstance(row, inspect(self._owner).mapper.class_)]
            theirs = [row for row in ours if self._is_tenant(getattr(row, self._encrypted.tenant), tenant, of_whom, session)]
            return self._confirmed(theirs, value, of_whom) if theirs else []
        finally:
            del value  # What reports an error shows what its frames have.

    async def find_async(self, session: AsyncSession, value: T, *, tenant: Tenant, among: Select[Any] | None = None) -> list[Any]:
        """The same for an `AsyncSession`. Raises what `find` raises."""
        try:
            return await session.run_sync(lambda inner: self.find(inner, value, tenant=tenant, among=among))
        finally:
            del value

    def may_be(self, value: T, *, tenant: Tenant) -> ColumnElement[bool]:
        """A condition that all these rows meet, and perhaps some others.

        Raises `PlaintextError` for a value of another type, `RowError` for a tenant that its column does not take, `TypeError` where the
        attribute has no index, or several tables of one selection have it under names of their own, `InvalidValue`, `Unavailable`, and in an
        event loop `MissingGreenlet`, of SQLAlchemy's.
        """
        try:
            return self._may_be(value, tenant, self._text_of(tenant, lambda: None))
        finally:
            del value

    def _may_be(self, value: T, tenant: Tenant, of_whom: str) -> ColumnElement[bool]:
        """of_whom: the tenant as it stands in the context."""
        try:
            column, mapper = self._encrypted.sealing(self._owner), inspect(self._owner).mapper
            if any(self._encrypted.sealing(part.class_) != column for part in mapper.with_polymorphic_mappers):
                raise TypeError(f"{column} is sealed under other names in other tables: look in each class, or give them one `sealed_as`")
            column.checked(value)
            looked_for = apart(lambda: column.looked_for(self._encrypted.keys(), of_whom, value))
        finally:
            del value
        if looked_for is None:
            return false()
        index, of = getattr(self._owner, self._encrypted.indexed), getattr(self._owner, self._encrypted.tenant)
        return and_(of == tenant, index == looked_for)

    def _bulk_update_tuples(self, value: object) -> NoReturn:
        """What SQLAlchemy asks of an attribute that a statement is to set."""
        stored = self._encrypted.stored
        raise PlaintextError(f"{stored.removesuffix('_sealed')} is no column: assign it to a row, which `{stored}` is sealed for")

    def _is_of_owner(self, statement: Select[Any]) -> bool:
        described: Any = next(iter(statement.column_descriptions), None)
        rows = described and described.get("expr")
        if rows is self._owner:
            return True
        if not isinstance(self._owner, type):  # or a part of `with_polymorphic`
            parts = getattr(inspect(rows, raiseerr=False), "with_polymorphic_mappers", ())
            return any(getattr(rows, part.class_.__name__, None) is self._owner for part in parts)
        # With concrete inheritance its table is another.
        return isinstance(rows, type) and issubclass(rows, self._owner) and self._is_column_of(rows)

    def _is_column_of(self, rows: type) -> bool:
        here, there = (inspect(one).column_attrs.get(self._encrypted.stored) for one in (self._owner, rows))
        return here is not None and there is not None and any(one is other for one in here.columns for other in there.columns)

    def _is_tenant(self, found: Any, tenant: Tenant, of_whom: str, session: Session) -> bool:
        if type(found) is type(tenant) and found == tenant:
            return True
        return self._text_of(found, lambda: dialect_of(session, inspect(self._owner).mapper)) == of_whom

    def _text_of(self, tenant: Tenant, dialect: Callable[[], Dialect | None]) -> str:
        mapper = inspect(self._owner).mapper
        return text_in(column_of(mapper, self._encrypted.tenant).type, tenant, "the tenant", reading=dialect)

    def _confirmed(self, rows: Sequence[Any], value: T, tenant: str) -> list[Any]:
        """Those whose value is equal to the index. Of 256 bits, it has no false hits."""
        column, keys = self._encrypted.sealing(self._owner), self._encrypted.keys
        wide = replace(column, index=column.index and replace(column.index, bits=256))
        try:
            looked_for = apart(lambda: wide.index_of(keys(), tenant, value))
        finally:
            del value
        return [row for row in rows if self._index_of(row, wide, tenant) == looked_for]

    def _index_of(self, row: Any, wide: Column[T], tenant: str) -> Blinded | None:
        """None for a row whose value cannot be opened, and one that was assigned and not flushed may be one that the index has nothing of."""
        found, keys = None, self._encrypted.keys
        try:
            with suppress(Unreadable):
                found = self._encrypted.value_of(row)
            return None if found is None else apart(lambda: wide.index_of(keys(), tenant, found))
        finally:
            del found


def _whole(owner: Any) -> Any:
    """Of a part of `with_polymorphic` all of it, if it is there still: SQLAlchemy fails where it finds a row of another class by a part alone."""
    alias = inspect(owner)
    whole = alias._base_alias() if alias.is_aliased_class else None
    return owner if whole is None else whole.entity


def _is_there(clause: object) -> bool:
    return bool(clause) if isinstance(clause, tuple) else clause is not None


_CHOOSES = (
    *("_limit_clause", "_offset_clause", "_fetch_clause"),
    *("_group_by_clauses", "_having_criteria", "_distinct_on"),
    # What may be said with SQLAlchemy 2.1, such as `DISTINCT ON`.
    *("_pre_columns_clause", "_post_criteria_clause", "_post_select_clause", "_post_body_clause"),
)
"""What of a selection lets the database choose among its rows before each is opened."""


def _refused(name: str) -> Callable[..., NoReturn]:
    def method(self: Lookup[Any], *_: Any, **__: Any) -> NoReturn:
        encrypted = self._encrypted
        raise PlaintextError(
            f"the database does not compare what is encrypted: take `find` or `may_be`, and `{encrypted.stored}.is_(None)` for rows without"
        )

    method.__name__ = name
    method.__doc__ = "Raises `PlaintextError`."
    return method


# Without these, Python would answer by itself: `!=` is true, whatever the row.
_COMPARES = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__")
_OTHERS = (name for name in dir(ColumnOperators) if callable(getattr(ColumnOperators, name)) and not hasattr(object, name))
for _name in (*_COMPARES, *_OTHERS):
    setattr(Lookup, _name, _refused(_name))
