"""An encrypted column of a table, and its blind index: what the parts for Django and SQLAlchemy have in common.

A value is sealed for one row: its context is the row's tenant, `table.column` and the row's primary key. Moved to another row, or to
another tenant's, it does not open. So all three are known before a value is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from . import InvalidValue, PortwardError, Scope, Unreadable
from ._values import Blinded, PlaintextError, RowError, Sealed

T = TypeVar("T")

Normaliser = Literal["exact", "ascii-lowercase", "digits"]


class Keys(Protocol):
    """Whose keys seal: a `portward.KeyStore`."""

    def scope(self, tenant: str, scope: str, /) -> Scope: ...


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How a value becomes bytes."""

    kind: type[T]
    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]


TEXT: Codec[str] = Codec(str, lambda value: value.encode(), lambda data: data.decode())
BINARY: Codec[bytes] = Codec(bytes, bytes, bytes)


@dataclass(frozen=True)
class Index:
    """A blind index. bits: 1 to 256, `portward.index_bits` says how many. version: 1 to 255, another one if any of the others changes.

    Raises nothing when it is made; a value that is stored or looked for raises `InvalidValue` (`index_parameters`).
    """

    bits: int
    normaliser: Normaliser = "exact"
    version: int = 1


@dataclass(frozen=True)
class Column(Generic[T]):
    """What is sealed, under which name."""

    table: str
    name: str
    codec: Codec[T]
    index: Index | None = None

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"

    def checked(self, value: object) -> T:
        """Nothing but what this column takes."""
        if not isinstance(value, self.codec.kind) or isinstance(value, Sealed):
            given = type(value).__name__
            del value  # What reports an error shows what its frames have, here and below.
            raise PlaintextError(f"{self} takes {self.codec.kind.__name__}, not {given}")
        return value

    def seal(self, keys: Keys, tenant: str, id: str, value: T) -> Sealed:
        """For one row."""
        try:
            return Sealed(self._scope(keys, tenant).seal(self._encoded(value), name=str(self), id=id))
        finally:
            del value

    def open(self, keys: Keys, tenant: str, id: str, value: bytes) -> T:
        """Raises `portward.Unreadable`: `text_not_utf8` for what is no text, which another program has sealed here."""
        return self._decoded(self._scope(keys, tenant).open(value, name=str(self), id=id))

    def check(self, keys: Keys, tenant: str, id: str, value: bytes) -> T | None:
        """What is sealed. Raises `RowError` where it was sealed for another row. What its keys do not open any more is None, and stays."""
        try:
            return self.open(keys, tenant, id, value)
        except PortwardError as error:
            if error.code in _OF_ANOTHER_ROW:
                raise RowError(f"{self} was sealed for another tenant or primary key: read it before the row is moved, then assign it") from None
            if isinstance(error, InvalidValue) or error.public == "unavailable":
                raise
            return None

    def index_of(self, keys: Keys, tenant: str, value: T) -> Blinded | None:
        """None for what the normaliser leaves nothing of."""
        try:
            return Blinded(self._blind(keys, tenant, value, None))
        except PortwardError as error:
            if error.code != "index_empty_value":
                raise
            return None
        finally:
            del value

    def looked_for(self, keys: Keys, tenant: str, value: T) -> Blinded | None:
        """The same for a look-up. None, also for a tenant without a key, where no row can be the one."""
        try:
            return self.index_of(keys, tenant, value)
        except PortwardError as error:
            if error.code != "unknown_key":
                raise
            return None
        finally:
            del value

    def is_same(self, keys: Keys, tenant: str, one: T, other: T) -> bool:
        """Whether both are equal to the index. Of 256 bits, it has no false hits."""
        try:
            return self._blind(keys, tenant, one, 256) == self._blind(keys, tenant, other, 256)
        finally:
            del one, other

    def has_fitting_names(self) -> bool:
        """Whether the names of its scopes are identifiers."""
        names = [f"record:{self.table}", *([f"index:{self}"] if self.index else [])]
        return all(len(name) <= IDENTIFIER_MAX and all("!" <= letter <= "~" for letter in name) for name in names)

    def _encoded(self, value: T) -> bytes:
        try:
            return self.codec.encode(value)
        except UnicodeEncodeError:
            pass
        # Apart from that exception, which has the whole text in it, as this frame has.
        del value
        raise InvalidValue(f"{self}: half of a surrogate pair is no text", "text_surrogate")

    def _decoded(self, data: bytes) -> T:
        try:
            return self.codec.decode(data)
        except UnicodeDecodeError:
            pass
        # Apart from that exception, which has all of the plaintext in it, as this frame has.
        del data
        raise Unreadable(f"{self}: what was sealed is no text", "text_not_utf8")

    def _scope(self, keys: Keys, tenant: str) -> Scope:
        return keys.scope(tenant, f"record:{self.table}")

    def _blind(self, keys: Keys, tenant: str, value: T, bits: int | None) -> bytes:
        try:
            if self.index is None or not isinstance(value, str):
                raise TypeError(f"{self} has no blind index")
            index = keys.scope(tenant, f"index:{self}").blind_index(
                table=self.table,
                column=self.name,
                bits=bits or self.index.bits,
                normaliser=self.index.normaliser,
                version=self.index.version,
            )
            return index.of(value)
        finally:
            del value


IDENTIFIER_MAX = 64
"""The longest name of a scope, in printable ASCII."""

_OF_ANOTHER_ROW = ("wrong_commitment", "wrong_tenant", "unknown_data_key", "unknown_key")
