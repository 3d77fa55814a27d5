"""Whether a row has what it was sealed for, once it is flushed: one query for the rows of a class, and no row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, event, inspect, select
from sqlalchemy.orm import Mapper, Session, UOWTransaction, object_session

from .._values import RowError
from ._loaded import is_converted_there, text_in
from ._rows import Kept, column_of, is_written_later, look_again, meant_by, place_of, steady_column_of
from .attribute import encrypted_of
from .loops import apart

_AT_ONCE = 500
_NOT_LOADED = object()


class _Written(NamedTuple):
    """What was flushed of a row: what its key was bound as and is kept as, and of each attribute the tenant and the encrypted object, if it
    was loaded.

    state: of one that is looked at only if it is moved after all.
    """

    bound: Any
    key: str
    attributes: list[tuple[Any, str | None, Any]]
    state: Any


_Flushed = dict[tuple[Connection, Mapper[Any]], list[_Written]]
_FLUSHED: WeakKeyDictionary[Session, _Flushed] = WeakKeyDictionary()


@event.listens_for(Session, "before_flush")
def begin(session: Session, context: UOWTransaction, instances: Any) -> None:
    """Forgets what a flush before that failed has left. Raises nothing."""
    _FLUSHED.pop(session, None)
    look_again()


@event.listens_for(Mapper, "after_insert")
def inserted(mapper: Mapper[Any], connection: Connection, row: Any) -> None:
    """Remembers a row of which only the database knows how it keeps tenant and key. Raises what `check_place` raises."""
    encrypted = [attribute for attribute in encrypted_of(mapper) if inspect(row).dict.get(attribute.stored) is not None]
    for attribute in encrypted_of(mapper):
        attribute.check_place(mapper, row, connection.dialect)
    columns = [*mapper.primary_key, *(steady_column_of(mapper, attribute.tenant) for attribute in encrypted)]
    is_unknown = any(is_converted_there(column.type, connection.dialect) for column in columns)
    if encrypted and (is_unknown or any(is_written_later(mapper, attribute.tenant) for attribute in encrypted)):
        _remember(mapper, connection, row, encrypted)


@event.listens_for(Mapper, "after_update")
def updated(mapper: Mapper[Any], connection: Connection, row: Any) -> None:
    """Remembers a row that may be another than this session knows. Raises `RowError`, and what `check_place` raises."""
    state = inspect(row)
    for attribute in encrypted_of(mapper):
        if state.dict.get(attribute.stored, True) is not None:
            steady_column_of(mapper, attribute.tenant)
        attribute.check_place(mapper, row, connection.dialect)
    moved = [one for one in encrypted_of(mapper) if one.is_moved(mapper, state) or one.is_index_written(state)]
    if moved:
        _remember(mapper, connection, row, moved)
    later = [one for one in encrypted_of(mapper) if one not in moved and is_written_later(mapper, one.tenant)]
    if later:
        _remember(mapper, connection, row, later, state)


@event.listens_for(Session, "after_flush")
def check(session: Session, context: UOWTransaction) -> None:
    """Raises `RowError` where a row has another tenant than this session knows, or a value that it has not read.

    Another session has moved the row meanwhile, or has written the value that this one left behind when it moved the row; or the row was
    deleted and added again in one flush, which keeps what was not assigned.
    """
    for (connection, mapper), all_written in _FLUSHED.pop(session, {}).items():
        written = [row for row in all_written if row.state is None or any(one.is_moved(mapper, row.state) for one, *_ in row.attributes)]
        for start in range(0, len(written), _AT_ONCE):
            some = written[start : start + _AT_ONCE]
            there = dict(_there(mapper, connection, some))
            for row in some:
                # The key may be in another form than it was bound in.
                key, values = next(_there(mapper, connection, [row]), (None, {})) if row.key not in there else (row.key, there[row.key])
                if key is None and session.deleted:
                    continue  # The database may have deleted it along with another.
                _check(mapper, connection.dialect, row, key, values)


def _remember(mapper: Mapper[Any], connection: Connection, row: Any, encrypted: Iterable[Kept], state: Any = None) -> None:
    session, on = object_session(row), connection.dialect
    if session is None or len(mapper.primary_key) != 1:
        return  # where nothing is ever sealed
    bound, of_each = mapper.primary_key_from_instance(row)[0], [(one, _value_of(mapper, row, one)) for one in encrypted]
    attributes = [(one, None if value in (None, _NOT_LOADED) else place_of(row, one, on)[0], value) for one, value in of_each]
    key = text_in(mapper.primary_key[0].type, bound, "the primary key", reading=lambda: on)
    _FLUSHED.setdefault(session, {}).setdefault((connection, mapper), []).append(_Written(bound, key, attributes, state))


def _value_of(mapper: Mapper[Any], row: Any, attribute: Any) -> object:
    """The encrypted object, if it was loaded with its tenant. Of a row that is new here, or has another index, there is to be none but that."""
    state = inspect(row)
    if {attribute.stored, meant_by(mapper, attribute.tenant)} <= state.dict.keys():
        return state.dict[attribute.stored]
    return None if state.key is None or attribute.is_index_written(state) else _NOT_LOADED


def _there(mapper: Mapper[Any], connection: Connection, written: list[_Written]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that are there, by their keys as the database has them."""
    (key,) = mapper.primary_key
    names = sorted({name for row in written for of, *_ in row.attributes for name in (meant_by(mapper, of.tenant), of.stored)})
    columns = [mapper.column_attrs[name].columns[0] for name in names]
    asked = select(key, *columns).select_from(mapper.persist_selectable).where(key.in_([row.bound for row in written]))
    for kept, *values in connection.execute(asked):
        yield text_in(key.type, kept, "the primary key", reading=lambda: connection.dialect), dict(zip(names, values, strict=True))


def _check(mapper: Mapper[Any], on: Dialect, row: _Written, key: str | None, there: dict[str, Any]) -> None:
    for attribute, tenant, value in row.attributes:
        if key is None:
            raise RowError(f"{attribute.name}: the row that was written is not in the database any more")
        name, found = meant_by(mapper, attribute.tenant), there[attribute.stored]
        if value is not _NOT_LOADED and found != value:
            raise RowError(f"{attribute.name}: the row has a value that this session does not know: read it again")
        if found is None:
            continue
        if key != row.key:
            raise RowError(f"{attribute.name}: the database keeps the primary key in another form than the value was sealed for")
        kept = column_of(mapper, name).type, there[name], f"{attribute.name}: the tenant"
        if value is _NOT_LOADED:
            # A listener, or a relationship, stated the tenant of a row whose value nobody has read. It may be the same.
            column, place = attribute.sealing(mapper.class_), (text_in(*kept, reading=lambda: on), key)
            apart(partial(column.check, attribute.keys(), *place, found))
        elif text_in(*kept, reading=lambda: on) != tenant:
            raise RowError(f"{attribute.name}: the row has a tenant that this session does not know, or in another form: read it again")
