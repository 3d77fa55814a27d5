"""What statements of the ORM may not say: no row is left with a value that does not open, or with the index of another.

The legacy `Session.bulk_insert_mappings` and its like tell nobody what they are given: take `session.execute(insert(Invoice), rows)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Null, event
from sqlalchemy.orm import Mapper, ORMExecuteState, Session

from .._column import Blinded, PlaintextError, RowError, Sealed, index_apart
from .attribute import _Encrypted


@event.listens_for(Session, "do_orm_execute")
def look_at(state: ORMExecuteState) -> None:
    """Raises `PlaintextError`, `RowError`, or `InvalidValue` (`index_apart`) where an object is named without its index."""
    mapper = state.bind_mapper
    if mapper is None or not (state.is_insert or state.is_update):
        return
    encrypted = _encrypted_of(mapper)
    given = state.parameters or {}
    rows = [given] if isinstance(given, Mapping) else list(given)
    for attribute in encrypted if rows else ():
        if any(attribute.name in row for row in rows):
            raise PlaintextError(f"{attribute.name}: plaintext is not taken by a statement: assign it to rows, and flush these")
    if state.is_update and encrypted:
        keys = {mapper.get_property_by_column(column).key for column in mapper.primary_key}
        _update(encrypted, _named(mapper, state.statement), keys)
        for row in rows:
            _update(encrypted, row, set())


def _update(encrypted: Iterable[_Encrypted[Any]], values: Mapping[str, Any], keys: set[str]) -> None:
    for attribute in encrypted:
        if {attribute.tenant, *keys} & set(values):
            raise RowError(f"{attribute.name} would not open for another tenant or primary key: assign it again, row by row")
        named = [values[name] for name in attribute.columns if name in values]
        if any(_is_plain(value) for value in named):
            continue  # which the column's type refuses
        if not all(_is_nothing(value) for value in named):
            raise RowError(f"{attribute.name} would not open in another row: assign it row by row")
        if named and len(named) != len(attribute.columns):
            raise index_apart(f"name {' and '.join(attribute.columns)}")


def _named(mapper: Mapper[Any], statement: Any) -> dict[str, Any]:
    """What a statement sets, by attributes."""
    values = dict(getattr(statement, "_ordered_values", None) or statement._values or {})
    return {_attribute_of(mapper, column): value for column, value in values.items()}


def _attribute_of(mapper: Mapper[Any], column: Any) -> str:
    if isinstance(column, str) or not mapper.columns.contains_column(column):
        return str(column)
    return mapper.get_property_by_column(column).key


def _is_nothing(value: Any) -> bool:
    return value is None or isinstance(value, Null) or (isinstance(value, BindParameter) and value.value is None and value.callable is None)


def _is_plain(value: Any) -> bool:
    bound = value.value if isinstance(value, BindParameter) else value
    return isinstance(bound, (str, bytes)) and not isinstance(bound, (Sealed, Blinded))


@cache
def _encrypted_of(mapper: Mapper[Any]) -> tuple[_Encrypted[Any], ...]:
    return tuple(value for part in mapper.class_.__mro__ for value in vars(part).values() if isinstance(value, _Encrypted))
