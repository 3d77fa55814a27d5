"""An attribute of a mapped class whose values are stored encrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload
from weakref import WeakKeyDictionary

from sqlalchemy import CheckConstraint, Dialect, Table, event, inspect
from sqlalchemy.orm import Mapper, mapped_column
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.schema import conv

from .. import PortwardError, Unreadable
from .._column import BINARY, TEXT, Codec, Column, Index, Keys
from .._values import OBJECT_BEGINS, Blinded, Plain, RowError, Sealed
from ._rows import keys_of, meant_by, place_of, table_of
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
            check = _check(self.stored, OBJECT_BEGINS)
            setattr(owner, self.stored, mapped_column(EncryptedType, check, nullable=True))
        if self._index is not None and not hasattr(owner, self.indexed):
            check = _check(self.indexed, self._index.version)
            setattr(owner, self.indexed, mapped_column(BlindIndexType, check, nullable=True, index=True))
        for moment in ("before_insert", "before_update"):
            event.listen(owner, moment, self._seal, propagate=True)
        event.listen(owner, "before_mapper_configured", self._look_at, propagate=True)

    @overload
    def __get__(self, row: None, owner: type) -> Lookup[T]: ...
    @overload
    def __get__(self, row: object, owner: type) -> T | None: ...
    def __get__(self, row: object | None, owner: type) -> Lookup[T] | T | None:
        if row is None:
            return Lookup(self, owner)
        return self.value_of(row)

    def __set__(self, row: object, value: T | None) -> None:
        try:
            setattr(row, self.stored, None if value is None else Plain(self.sealing(row).checked(value)))
        finally:
            del value  # What reports an error shows what its frames have.

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
        """Under which names it is sealed. Of a row, or its class.

        Raises `NoInspectionAvailable`, of SQLAlchemy's, for what is not mapped, and `TypeError` for a class that does not have the column.
        """
        table, _, name = (self._sealed_as or f"{table_of(_mapper_of(row), self.stored)}.{self.name}").rpartition(".")
        return Column(table, name, self.codec, self._index)

    def place(self, row: Any) -> tuple[str, str]:
        """Tenant and primary key of a row, as they stand in the context. Makes a key that has a default.

        Both are what the columns' types give back. Raises `RowError` where one of them is missing or no text, whole number or UUID, for one
        that its column does not take, for a tenant that is no column, and for a table whose key has several columns; `ValueError` for a text
        that is to be a UUID, and what a type of the application's raises. A row is not flushed with a value whose tenant or key the database
        keeps otherwise: a `CHAR` that it fills up, a type with a `bind_expression` that changes them.
        """
        return place_of(row, self)

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes of what is stored. The index belongs to the object."""
        return (self.stored,) if self._index is None else (self.stored, self.indexed)

    def _look_at(self, mapper: Mapper[Any], owner: type) -> None:
        """A class may have the columns itself. Of another type they would take plaintext. Raises `TypeError`."""
        for name, kind in ((self.stored, EncryptedType), (self.indexed, BlindIndexType)):
            column = mapper.columns.get(name) if name in self.columns else None
            if column is not None and not all(isinstance(one, kind) for one in (column.type, *column.type._variant_mapping.values())):
                raise TypeError(f"{owner.__name__}.{name} is to be of {kind.__name__}, which takes no plaintext, or left out")

    def _seal(self, mapper: Mapper[Any], connection: Any, row: Any) -> None:
        """Puts the encrypted object, and what its index holds, into a row that is being flushed."""
        state = inspect(row)
        stored = state.dict.get(self.stored)
        if isinstance(stored, Plain):
            column, place = self.sealing(row), place_of(row, self, connection.dialect)
            sealed = apart(lambda: column.seal(self.keys(), *place, stored.value))
            sealed.known_as = (str(column), *place)
            setattr(row, self.stored, sealed)
            if self._index is not None:
                self._write_index(row, apart(lambda: column.index_of(self.keys(), place[0], stored.value)))
            return
        if stored is None and self.stored in state.dict:
            if self._index is not None and state.attrs[self.stored].history.has_changes():
                self._write_index(row, None)
            elif self._index is not None and state.dict.get(self.indexed) is not None:
                setattr(row, self.indexed, None)
            return
        is_moved = self.is_moved(mapper, state)
        if is_moved:
            found = getattr(row, self.stored)
            if found is not None:
                column, place = self.sealing(row), place_of(row, self, connection.dialect)
                apart(lambda: column.check(self.keys(), *place, found))
                if isinstance(found, Sealed):
                    found.known_as = (str(column), *place)
        if self._index is not None:
            self._index_anew(state, row, is_moved)

    def _write_index(self, row: Any, blinded: Blinded | None) -> None:
        """With its value, whatever this session takes for stored: another one may have written both meanwhile."""
        setattr(row, self.indexed, blinded)
        flag_modified(row, self.indexed)

    def _index_anew(self, state: Any, row: Any, is_moved: bool) -> None:
        """Makes an index that is missing, as in rows from before there was one, or of another value: what it holds follows the value.

        Of a row that is written for another reason, one that cannot be made any more stays as it is.
        """
        indexed, is_missing = state.dict.get(self.indexed), state.dict.get(self.indexed, _NOT_LOADED) is None
        is_assigned = state.attrs[self.indexed].history.has_changes()
        if not (is_missing or is_assigned or is_moved) or not isinstance(indexed, (Blinded, type(None))):
            return  # or is plaintext, which the column refuses
        if self.stored not in state.dict and not (is_assigned or is_moved):
            return  # What was not loaded, for whatever reason, is not now.
        try:
            blinded = self._blinded(row)
        except PortwardError as error:
            if is_assigned or not (isinstance(error, Unreadable) or error.code == "key_destroyed"):
                raise
            if is_moved:
                setattr(row, self.indexed, None)
            return
        setattr(row, self.indexed, blinded)

    def _blinded(self, row: Any) -> Blinded | None:
        """What the index of a row's value holds."""
        found: Plain[Any] = Plain(self.value_of(row))  # whose value no frame shows
        if found.value is None:
            return None
        column, tenant = self.sealing(row), self.place(row)[0]
        return apart(lambda: column.index_of(self.keys(), tenant, found.value))

    def check_place(self, mapper: Mapper[Any], row: Any, on: Dialect) -> None:
        """Raises `RowError` where a row that was flushed has another place than its value was sealed for, or an index of a value that it
        has not, and what `place` and `seal` raise.
        """
        state = inspect(row)
        stored = state.dict.get(self.stored, _NOT_LOADED)
        if stored is _NOT_LOADED or not self.is_moved(mapper, state):
            return
        if stored is None:
            if self._index is not None and state.attrs[self.stored].history.has_changes() and state.dict.get(self.indexed, _NOT_LOADED) is not None:
                raise RowError(f"{self.name}: a listener took the value away after its index was made: do that before the flush")
            return
        column, place, known_as = self.sealing(row), place_of(row, self, on), getattr(stored, "known_as", None)
        if known_as is None:
            # A listener named the tenant of a row, which was not loaded. It may be the same.
            apart(lambda: column.check(self.keys(), *place, stored))
        elif known_as != (str(column), *place):
            raise RowError(f"{self.name}: a listener changed the row's tenant or key after it was sealed: do that before the flush")

    def is_index_written(self, state: Any) -> bool:
        """Whether a row has another index than it was read with. Raises nothing."""
        return self._index is not None and bool(state.attrs[self.indexed].history.has_changes())

    def is_moved(self, mapper: Mapper[Any], state: Any) -> bool:
        """Whether a row has another place, or another object, than it was read with. Raises nothing."""
        places = [meant_by(mapper, self.tenant), self.stored, *keys_of(mapper)]
        return any(state.attrs[name].history.has_changes() for name in places)


class EncryptedText(_Encrypted[str]):
    """A text that is stored encrypted.

    keys: the key store, or a function that gives it. tenant: the attribute that holds the row's tenant. index: a blind index, for look-ups.
    sealed_as: `table.attribute`, or `schema.table.attribute` of a table that says its schema, as it was when the first value was stored; to
    be given once one of these is renamed, as nothing opens under another name. The columns `NAME_sealed` and, with an index, `NAME_index`
    are made where the class does not have them; it may have them of `EncryptedType` and `BlindIndexType`. The index follows the value; a row from before there was one gets it when it is read and saved.

    Raises nothing when it is made; `TypeError` once its class is configured with a column of another type. What is assigned to it raises `PlaintextError` unless it is a `str` or None. Reading a value raises what
    `value_of` raises; so does flushing a row, and `RowError` for a value that was sealed for another row, and where another session has
    moved the row or, of a row that is moved, written the value.
    """

    codec = TEXT


class EncryptedBinary(_Encrypted[bytes]):
    """Bytes that are stored encrypted.

    Its arguments are those of `EncryptedText`, but for an index: bytes are not looked for. Raises what `EncryptedText` raises, with `bytes`
    in the place of `str`.
    """

    codec = BINARY

    def __init__(self, keys: Keys | Callable[[], Keys], *, tenant: str = "tenant", sealed_as: str | None = None) -> None:
        super().__init__(keys, tenant=tenant, sealed_as=sealed_as)


def encrypted_of(mapper: Mapper[Any]) -> tuple[_Encrypted[Any], ...]:
    """The encrypted attributes of a class, of its parents too. Raises nothing."""
    if mapper not in _FOUND:
        parts = mapper.class_.__mro__
        _FOUND[mapper] = tuple(value for part in parts for value in vars(part).values() if isinstance(value, _Encrypted))
    return _FOUND[mapper]


_NOT_LOADED = object()
_FOUND: WeakKeyDictionary[Mapper[Any], tuple[_Encrypted[Any], ...]] = WeakKeyDictionary()


def _check(column: str, begins: int) -> CheckConstraint:
    """Named by the table that it comes to, which of a mixin are several, and by no convention: some want a name. In MySQL it is of the schema."""
    check = CheckConstraint(Begins(column, begins), name=conv(f"ck_{column}"))

    def named(made: Any, parent: Any) -> None:
        if isinstance(parent, Table):
            made.name = conv(f"ck_{parent.name}_{column}")
        else:
            event.listen(parent, "after_parent_attach", lambda _, table: named(made, table))

    event.listen(check, "after_parent_attach", named, propagate=True)
    return check


def _mapper_of(row: Any) -> Mapper[Any]:
    """Of a row, a class, or an alias of it."""
    mapper: Mapper[Any] = inspect(row).mapper
    return mapper
