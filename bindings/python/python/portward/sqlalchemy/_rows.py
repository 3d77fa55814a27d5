"""Which row a value is sealed for: tenant, table and primary key, as the database keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy import CHAR, Connection, Table, inspect, literal, select
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator, TypeEngine

from .._column import RowError, text_of


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


def place_of(row: Any, attribute: Kept) -> tuple[str, str]:
    """Tenant and primary key, as they stand in the context. Makes a key that has a default."""
    mapper: Mapper[Any] = inspect(type(row))
    if len(mapper.primary_key) != 1:
        raise RowError(f"{attribute.name}: the table needs a primary key of one column")
    tenant = text_in(mapper, attribute.tenant, getattr(row, attribute.tenant), f"{attribute.name}: the tenant")
    (column,) = mapper.primary_key
    key = mapper.get_property_by_column(column).key
    if getattr(row, key) is None and column.default is not None and not column.default.is_sequence:
        made: Any = column.default
        setattr(row, key, made.arg(None) if made.is_callable else made.arg)
    return tenant, text_in(mapper, key, getattr(row, key), f"{attribute.name}: the primary key")


def text_in(mapper: Mapper[Any], attribute: str, value: Any, what: str) -> str:
    """A tenant or primary key in the context: what its column would give back."""
    return text_of(_as_loaded(mapper.column_attrs[attribute].columns[0].type, value, what), what)


def check_written(mapper: Mapper[Any], connection: Connection, row: Any, attributes: Iterable[Kept]) -> None:
    """Raises `RowError` where a row that was just updated has another tenant than this session knows, or a value that it has not read.

    Another session has moved the row meanwhile, or has written the value that this one left behind when it moved the row; or the row was
    deleted and added again in one flush, which keeps what was not assigned.
    """
    names = sorted({name for attribute in attributes for name in (attribute.tenant, attribute.stored)})
    columns = [mapper.column_attrs[name].columns[0] for name in names]
    key = mapper.primary_key_from_instance(row)[0]
    there = connection.execute(select(*columns).select_from(mapper.persist_selectable).where(mapper.primary_key[0] == key)).one_or_none()
    found: dict[str, Any] = dict(zip(names, there or (), strict=False))
    for attribute in attributes:
        tenant = text_of(found.get(attribute.tenant), f"{attribute.name}: the tenant")
        if tenant != place_of(row, attribute)[0] or found[attribute.stored] != inspect(row).dict.get(attribute.stored):
            raise RowError(f"{attribute.name}: the row has a tenant or a value that this session does not know: read it again")


def _as_loaded(kind: TypeEngine[Any], value: Any, what: str) -> Any:
    """As it comes back from the database. A UUID as text may be written in several ways, and a type of the application's converts."""
    if value is None:
        return None
    bound = literal(value, kind)
    if kind.bind_expression(bound) is not None or kind.column_expression(bound) is not None:
        raise RowError(f"{what} is converted by the database: nothing here knows what that keeps")
    if isinstance(kind, TypeDecorator):
        given = _own(kind, "process_bind_param", value)
        return _own(kind, "process_result_value", _as_loaded(kind.load_dialect_impl(_ANY), given, what))
    if not isinstance(value, kind.python_type):
        raise RowError(f"{what} is a {kind.python_type.__name__}, not {type(value).__name__}")
    if isinstance(kind, CHAR) and kind.length not in (None, len(value)):
        raise RowError(f"{what} is of {len(value)} characters, which some databases fill up to {kind.length}")
    for convert in (kind.bind_processor(_ANY), kind.result_processor(_ANY, None)):
        value = value if convert is None else convert(value)
    return value


def _own(kind: TypeDecorator[Any], name: str, value: Any) -> Any:
    """What a type of the application's makes of a value, if it says anything of that."""
    return value if getattr(type(kind), name) is getattr(TypeDecorator, name) else getattr(kind, name)(value, _ANY)


_ANY = DefaultDialect()
