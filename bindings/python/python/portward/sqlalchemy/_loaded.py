"""What a column gives back of a value: the text that stands in the context is made of that."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import CHAR, NCHAR, BigInteger, BindParameter, Dialect, Enum, Integer, SmallInteger, String, Text, Uuid, literal
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from .._values import RowError, text_of


def text_in(
    kind: TypeEngine[Any],
    value: Any,
    what: str,
    *,
    reading: Callable[[], Dialect | None] = lambda: None,
    sealing: Dialect | None = None,
) -> str:
    """A tenant or primary key in the context. reading, sealing: in which database, as far as that is known."""
    if is_as_is(kind) and type(value) is _AS_IS[type(kind)]:
        return text_of(value, what)
    dialect = sealing or reading()
    return text_of(_as_loaded(kind, value, what, dialect, dialect if sealing else None), what)


def is_as_is(kind: TypeEngine[Any]) -> bool:
    """Whether a value of the type that the column has is kept by any database as it is."""
    return type(kind) in _AS_IS and not kind._variant_mapping


def is_converted_there(kind: TypeEngine[Any], dialect: Dialect) -> bool:
    """Whether the database itself converts: what it keeps is known once it is asked."""
    if is_as_is(kind):
        return False
    impl = kind.dialect_impl(dialect)
    if impl not in _CONVERTED:
        bound: BindParameter[Any] = literal(None, kind)
        _CONVERTED[impl] = impl.bind_expression(bound) is not None or impl.column_expression(bound) is not None
    return _CONVERTED[impl]


def _as_loaded(kind: TypeEngine[Any], value: Any, what: str, dialect: Dialect | None, stored: Dialect | None) -> Any:
    """As it comes back. A UUID as text may be written in several ways, and a type of the application's converts."""
    if value is None:
        return None
    kind = _variant(kind, value, dialect)
    if isinstance(kind, TypeDecorator):
        on = dialect or _ANY
        given = _own(kind, "process_bind_param", value, on)
        return _own(kind, "process_result_value", _as_loaded(kind.load_dialect_impl(on), given, what, dialect, stored), on)
    if isinstance(kind, Uuid):
        return _uuid(kind, value, what, dialect)
    value = _taken(kind, value, what)
    if stored is not None and isinstance(kind, (CHAR, NCHAR)):
        _check_filled(kind, value, what, stored)
    try:
        for convert in (kind.bind_processor(_ANY), kind.result_processor(_ANY, None)):
            value = value if convert is None else convert(value)
    except LookupError:
        raise RowError(f"{what} is none of what its column takes") from None
    return value


def _variant(kind: TypeEngine[Any], value: Any, dialect: Dialect | None) -> TypeEngine[Any]:
    """The type as one database has it; where that is not known, one that the value is of."""
    if dialect is not None:
        return kind._variant_mapping.get(dialect.name, kind)
    return next((one for one in (kind, *kind._variant_mapping.values()) if _is_of(one, value)), kind)


def _is_of(kind: TypeEngine[Any], value: Any) -> bool:
    try:
        return isinstance(value, kind.python_type)
    except NotImplementedError:  # SQLAlchemy knows it of its common types only
        return True


def _uuid(kind: Uuid[Any], value: Any, what: str, dialect: Dialect | None) -> Any:
    """A database that knows UUIDs takes them in either form."""
    is_either = dialect is None or (dialect.supports_native_uuid and kind.native_uuid)
    if not isinstance(value, (str, UUID) if is_either else kind.python_type):
        raise _of_another_type(kind, value, what)
    try:
        made = value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        raise RowError(f"{what} is no UUID") from None
    return made if kind.as_uuid else str(made)


def _taken(kind: TypeEngine[Any], value: Any, what: str) -> Any:
    """A number in a column of texts, or the other way about, becomes what the column is of. An `Enum` is taken by its name, too."""
    if isinstance(kind, Integer) and isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    if isinstance(kind, String) and not isinstance(kind, Enum) and isinstance(value, (int, UUID)) and not isinstance(value, bool):
        return text_of(value, what)
    if not _is_of(kind, value) and not (isinstance(kind, Enum) and isinstance(value, str)):
        raise _of_another_type(kind, value, what)
    return value


def _check_filled(kind: CHAR | NCHAR, value: Any, what: str, dialect: Dialect) -> None:
    """Some databases fill a `CHAR` up with blanks; MySQL takes those away that were there."""
    if dialect.name == "sqlite":
        return
    is_kept = not value.endswith(" ") if dialect.name in ("mysql", "mariadb") else kind.length in (None, len(value))
    if not is_kept:
        raise RowError(f"{what} is of {len(value)} characters, which this database keeps with other blanks, as it is a CHAR({kind.length})")


def _of_another_type(kind: TypeEngine[Any], value: Any, what: str) -> RowError:
    return RowError(f"{what} is a {kind.python_type.__name__}, not {type(value).__name__}")


def _own(kind: TypeDecorator[Any], name: str, value: Any, dialect: Dialect) -> Any:
    """What a type of the application's makes of a value, if it says anything of that."""
    return value if getattr(type(kind), name) is getattr(TypeDecorator, name) else getattr(kind, name)(value, dialect)


_ANY = DefaultDialect()
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_AS_IS: dict[type, type] = {String: str, Text: str, Integer: int, BigInteger: int, SmallInteger: int, Uuid: UUID}
_CONVERTED: WeakKeyDictionary[TypeEngine[Any], bool] = WeakKeyDictionary()
