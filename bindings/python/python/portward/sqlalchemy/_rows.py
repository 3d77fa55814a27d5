"""Which row a value is sealed for: tenant, table and primary key, as the database keeps them."""

from __future__ import annotations

from threading import Lock
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Dialect, Table, event, inspect
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Mapper, RelationshipProperty, Session, SynonymProperty, object_session

from .._values import RowError
from ._loaded import text_in


class Kept(Protocol):
    """What of an encrypted attribute is asked here."""

    name: str
    tenant: str
    stored: str


def table_of(mapper: Mapper[Any], attribute: str) -> str:
    """The table that has the column, with its schema: of a class with a table of its own for what it adds, that may be another's."""
    if attribute not in mapper.column_attrs:
        raise TypeError(f"{mapper.class_.__name__} has no column {attribute}: with concrete inheritance each class is given its own")
    columns = [base for column in mapper.column_attrs[attribute].columns for base in column.base_columns]
    return next(column.table.fullname for column in columns if isinstance(column.table, Table))


def keys_of(mapper: Mapper[Any]) -> list[str]:
    """The attributes of the primary key."""
    return [mapper.get_property_by_column(column).key for column in mapper.primary_key]


def meant_by(mapper: Mapper[Any], name: str) -> str:
    """What a synonym stands for, and any other name as it is."""
    while isinstance(found := mapper.attrs.get(name), SynonymProperty):
        name = found.name
    return name


def column_of(mapper: Mapper[Any], name: str) -> Any:
    """The column of a tenant or primary key."""
    if (name := meant_by(mapper, name)) not in mapper.column_attrs:
        raise RowError(f"{name} is no column of {mapper.class_.__name__}: a row is sealed for what is stored with it")
    return mapper.column_attrs[name].columns[0]


def steady_column_of(mapper: Mapper[Any], name: str) -> Any:
    """The same of what is written: nobody changes it unseen, or the row would not open any more. Raises `RowError`."""
    column = column_of(mapper, name)
    if getattr(column, "computed", None) is not None or getattr(column, "server_onupdate", None) is not None:
        raise RowError(f"{name} of {mapper.class_.__name__} is made by the database, which changes it unseen")
    if getattr(column, "onupdate", None) is not None:
        raise RowError(f"{name} of {mapper.class_.__name__} has an onupdate, which changes it unseen")
    return column


def is_written_later(mapper: Mapper[Any], name: str) -> bool:
    """Whether a relationship with `post_update` writes tenant or primary key, once a row was flushed. name: of the tenant. Raises nothing."""
    known = _WRITTEN_LATER.setdefault(mapper, {})
    if name not in known:
        columns = [*mapper.primary_key, *mapper.column_attrs[meant_by(mapper, name)].columns]
        with _LOCK:
            configured = list(_CONFIGURED)
        # Not `relationships`: it would have all classes configured, of which others may still be declared.
        later = [part for one in configured for part in list(one._props.values()) if isinstance(part, RelationshipProperty) and part.post_update]
        known[name] = any(to is column for part in later for _, to in part.synchronize_pairs for column in columns)
    return known[name]


def look_again() -> None:
    """What was found by `is_written_later` holds for one flush: a relationship may be added at any time. Raises nothing."""
    _WRITTEN_LATER.clear()


@event.listens_for(Mapper, "mapper_configured")
def _configured(mapper: Mapper[Any], owner: type) -> None:
    with _LOCK:
        _CONFIGURED.add(mapper)  # Of a registry not all may be mapped.


_LOCK = Lock()
_CONFIGURED: WeakSet[Mapper[Any]] = WeakSet()
_WRITTEN_LATER: WeakKeyDictionary[Mapper[Any], dict[str, bool]] = WeakKeyDictionary()


def place_of(row: Any, attribute: Kept, sealing: Dialect | None = None) -> tuple[str, str]:
    """Tenant and primary key, as they stand in the context. Makes a key that has a default.

    sealing: the database that a value is to be stored in. Without it, values are read, which are what a database gave.
    """
    mapper: Mapper[Any] = inspect(type(row))
    if len(mapper.primary_key) != 1:
        raise RowError(f"{attribute.name}: the table needs a primary key of one column")
    (key,), (column,) = keys_of(mapper), mapper.primary_key
    tenant, of = getattr(row, attribute.tenant), (column_of if sealing is None else steady_column_of)(mapper, attribute.tenant)
    if getattr(row, key) is None and column.default is not None and not column.default.is_sequence:
        made: Any = column.default
        setattr(row, key, made.arg(None) if made.is_callable else made.arg)

    def reading() -> Dialect | None:
        return dialect_of(object_session(row), mapper)

    return (
        text_in(of.type, tenant, f"{attribute.name}: the tenant", reading=reading, sealing=sealing),
        text_in(column.type, getattr(row, key), f"{attribute.name}: the primary key", reading=reading, sealing=sealing),
    )


def dialect_of(session: Session | None, mapper: Mapper[Any]) -> Dialect | None:
    """What the database of a session says, if it has one."""
    try:
        return session.get_bind(mapper).dialect if session else None
    except UnboundExecutionError:
        return None
