"""What statements of the ORM may not say: no row is left with a value that does not open, or with the index of another.

The legacy `Session.bulk_insert_mappings` and its like tell nobody what they are given: take `session.execute(insert(Invoice), rows)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Null, event, inspect
from sqlalchemy.orm import FromStatement, Mapper, ORMExecuteState, Session

from .._values import Blinded, PlaintextError, RowError, Sealed, index_apart
from ._rows import keys_of, meant_by
from .attribute import _Encrypted, encrypted_of


@event.listens_for(Session, "do_orm_execute")
def look_at(state: ORMExecuteState) -> None:
    """Raises `PlaintextError`, `RowError`, or `InvalidValue` (`index_apart`) where an object is named without its index."""
    mapper = state.bind_mapper
    if mapper is None or not (state.is_insert or state.is_update):
        return
    encrypted, hidden = _Held.of(mapper), _of_subclasses(mapper) if state.is_update else []
    if not encrypted and not hidden:
        return
    given = state.parameters or {}
    rows = [given] if isinstance(given, Mapping) else list(given)
    for attribute, _ in encrypted if rows else ():
        if any(attribute.name in row for row in rows):
            raise PlaintextError(f"{attribute.name}: plaintext is not taken by a statement: assign it to rows, and flush these")
    statement = state.statement.element if isinstance(state.statement, FromStatement) else state.statement
    keys = keys_of(mapper)
    if state.is_update:
        _update((*encrypted, *hidden), _named(mapper, _set_by(statement)), keys)
        for row in rows:
            _update((*encrypted, *hidden), _named(mapper, row), ())
    else:
        for named in (_named(mapper, row) for row in (*_inserted_by(statement), *rows)):
            for attribute, _ in encrypted:
                _objects(attribute, named)
        _update(encrypted, _named(mapper, _set_on_conflict(statement)), keys)


@event.listens_for(Mapper, "before_update")
def look_before(mapper: Mapper[Any], connection: Connection, row: Any) -> None:
    """Raises `RowError` where a row is moved that may be one of a subclass, which its values would not open in."""
    hidden = _of_subclasses(mapper) if mapper.polymorphic_on is None else ()
    changed = {part.key for part in inspect(row).attrs if part.history.has_changes()} if hidden else set()
    for attribute, tenant in hidden:
        if {tenant, *keys_of(mapper)} & changed:
            raise RowError(f"{attribute.name} would not open for another tenant or primary key: read the row by the class that has it")


class _Held(NamedTuple):
    """An attribute, and which one holds its tenant."""

    attribute: _Encrypted[Any]
    tenant: str

    @classmethod
    def of(cls, mapper: Mapper[Any]) -> list[_Held]:
        return [cls(attribute, meant_by(mapper, attribute.tenant)) for attribute in encrypted_of(mapper)]


def _update(encrypted: Iterable[_Held], values: Mapping[str, Any], keys: Iterable[str]) -> None:
    for attribute, tenant in encrypted:
        if {tenant, *keys} & set(values):
            raise RowError(f"{attribute.name} would not open for another tenant or primary key: assign it again, row by row")
        named = _objects(attribute, values)
        if named and len(named) != len(attribute.columns):
            raise index_apart(f"name {' and '.join(attribute.columns)}")


def _objects(attribute: _Encrypted[Any], values: Mapping[str, Any]) -> list[Any]:
    """What a statement gives the columns of an attribute: nothing, or plaintext, which the column's type refuses."""
    named = [values[name] for name in attribute.columns if name in values]
    if any(_is_plain(value) for value in named):
        return []
    if not all(_is_nothing(value) for value in named):
        raise RowError(f"{attribute.name} would not open in another row: assign it row by row")
    return named


def _set_by(statement: Any) -> Mapping[Any, Any]:
    return dict(getattr(statement, "_ordered_values", None) or statement._values or {})


def _set_on_conflict(statement: Any) -> Mapping[Any, Any]:
    """What a row gets that is there already, which PostgreSQL and SQLite say in one way, and MySQL in another."""
    clause = getattr(statement, "_post_values_clause", None)
    return dict(getattr(clause, "update_values_to_set", None) or getattr(clause, "update", None) or {})


def _inserted_by(statement: Any) -> Iterator[Mapping[Any, Any]]:
    yield statement._values or {}
    # Of a selection it is not known what it gives.
    yield dict.fromkeys(statement._select_names or (), statement.select)
    columns = [column.key for column in statement.table.c]
    for several in statement._multi_values:
        yield from (row if isinstance(row, Mapping) else dict(zip(columns, row, strict=False)) for row in several)


def _named(mapper: Mapper[Any], values: Mapping[Any, Any]) -> dict[str, Any]:
    """What a statement sets, by attributes."""
    return {_attribute_of(mapper, column): value for column, value in values.items()}


def _attribute_of(mapper: Mapper[Any], column: Any) -> str:
    if isinstance(column, str) and column not in mapper.attrs:
        column = mapper.local_table.c.get(column, column)
    if isinstance(column, str) or not mapper.columns.contains_column(column):
        return meant_by(mapper, str(column))
    return mapper.get_property_by_column(column).key


def _is_nothing(value: Any) -> bool:
    return value is None or isinstance(value, Null) or (isinstance(value, BindParameter) and value.value is None and value.callable is None)


def _is_plain(value: Any) -> bool:
    bound = value.value if isinstance(value, BindParameter) else value
    return isinstance(bound, (str, bytes)) and not isinstance(bound, (Sealed, Blinded))


def _of_subclasses(mapper: Mapper[Any]) -> list[_Held]:
    """What only some rows of the table have."""
    parts = [part for part in mapper.self_and_descendants if not part.concrete and part is not mapper]
    return [held for part in parts for held in _Held.of(part) if held.attribute not in encrypted_of(mapper)]
