"""Encrypted fields of models.

    class Invoice(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        tenant = models.CharField(max_length=64)
        notes = EncryptedTextField(tenant="tenant")
        email = EncryptedTextField(tenant="tenant")
        email_index = BlindIndexField(of="email", bits=12, normaliser="ascii-lowercase")
        objects = EncryptedManager()

        class Meta:
            base_manager_name = "objects"  # so that what a foreign key adds is looked at, too

`invoice.notes` is the plaintext: what is assigned is sealed when the row is saved, and opened when it is read. In the database, and in
`invoice.notes_sealed`, is the encrypted object only. Whatever would store plaintext raises `PlaintextError`.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from asgiref.sync import sync_to_async
from django.core.exceptions import FieldError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.asyncio import async_unsafe
from django.utils.functional import cached_property  # Python's has a lock, which a fork may leave locked in the child

from .. import PortwardError
from .._column import BINARY, TEXT, Codec, Column
from .._values import OBJECT_BEGINS, Blinded, Plain, PlaintextError, RowError, Sealed
from . import conf
from .index import BlindIndexField
from .written import Written

__all__ = ["BlindIndexField", "EncryptedBinaryField", "EncryptedTextField", "PlaintextError", "RowError", "aopen"]

T = TypeVar("T")


class _Attribute(Generic[T]):
    """`row.notes`: plaintext in, plaintext out."""

    def __init__(self, field: _EncryptedField[T]) -> None:
        self.field = field

    def __get__(self, row: Any, owner: type | None = None) -> Any:
        if row is None:
            return self
        stored = getattr(row, self.field.attname)
        if stored is None:
            return None
        return stored.value if isinstance(stored, Plain) else self.field.open(row, stored)

    def __set__(self, row: Any, value: Any) -> None:
        try:
            setattr(row, self.field.attname, None if value is None else Plain(self.field.sealing.checked(value)))
        finally:
            del value  # What reports an error shows what its frames have.
        if self.field.index is not None:
            row.__dict__.setdefault(self.field.index.attname, None)  # Where it was deferred, it is stored with the value all the same.


class _EncryptedField(Written, Generic[T]):
    """What a field of texts and one of bytes have in common."""

    made = Sealed
    begins = OBJECT_BEGINS
    codec: Codec[T]

    def __init__(self, *args: Any, sealed_as: str | None = None, **options: Any) -> None:
        self.sealed_as = sealed_as
        super().__init__(*args, **options)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        if self.sealed_as is not None:
            options["sealed_as"] = self.sealed_as
        return name, path, args, options

    def get_lookup(self, lookup_name: str) -> Any:
        """Raises `FieldError`, of Django's, for what does not look into such a column."""
        if lookup_name not in self.lookups and hasattr(self, "model"):
            how = f"`{self.name}__matches=…`, a keyword of filter() and get()" if self.index else "a BlindIndexField"
            raise FieldError(f"{self}: what is encrypted is found by {how}")
        return super().get_lookup(lookup_name)

    def get_attname(self) -> str:
        return f"{self.name}_sealed"

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, _Attribute(self))
        if self.choices:
            names = dict(self.flatchoices)
            setattr(cls, f"get_{name}_display", lambda row: names.get(value := getattr(row, name), value))

    @cached_property
    def sealing(self) -> Column[T]:
        """Under which names it is sealed."""
        table, _, name = (self.sealed_as or f"{self.model._meta.db_table}.{self.name}").rpartition(".")
        return Column(table, name, self.codec, None if self.index is None else self.index.options)

    @async_unsafe("This may ask for a key: take `await portward.django.fields.aopen(row, name)`.")
    def open(self, row: Any, stored: bytes) -> T:
        """The plaintext of what is stored in a row.

        Raises `Unreadable`, `InvalidValue`, `Unavailable`, what `place` and `conf.keys` raise, and in an event loop
        `SynchronousOnlyOperation`, of Django's.
        """
        opened: T = self.sealing.open(conf.keys(), *self.place(row), stored)
        return opened

    def seal(self, row: Any) -> None:
        """Puts the encrypted object, and what its index holds, into the row. An object that is there stays, and its index is made again.

        Raises `PlaintextError` for what was not assigned to the field itself; `RowError` for a value that was sealed for another row;
        `InvalidValue`, `Unavailable`, and what `place` and `conf.keys` raise.
        """
        stored = getattr(row, self.attname)
        if stored is not None and not isinstance(stored, (Plain, Sealed)):
            del stored
            raise PlaintextError(f"{self}: assign the plaintext to `{self.name}`")
        if stored is None:
            if self.index:
                setattr(row, self.index.attname, None)
            return
        tenant, key = self.place(row)
        if isinstance(stored, Plain):
            sealed = self.sealing.seal(conf.keys(), tenant, key, stored.value)
            setattr(row, self.attname, sealed)
            if self.index:
                setattr(row, self.index.attname, self.sealing.index_of(conf.keys(), tenant, stored.value))
            sealed.known_as = self._known_as(row, tenant, key)
        elif stored.known_as != self._known_as(row, tenant, key):
            value = Plain(self.sealing.check(conf.keys(), tenant, key, stored))
            if value.value is not None and self._index_again(row, tenant, value):
                stored.known_as = self._known_as(row, tenant, key)

    def _known_as(self, row: Any, tenant: str, key: str) -> tuple[object, ...]:
        """Where an object belongs, and its index. A save seals for the value, and again for the index: what is known is not opened again."""
        return str(self.sealing), tenant, key, self.index and row.__dict__.get(self.index.attname)

    def _index_again(self, row: Any, tenant: str, value: Plain[Any]) -> bool:
        """Of an object that is there: its index may be new, or of another row. One whose key was destroyed stays. Returns whether it is right."""
        if self.index is None:
            return True
        if not isinstance(row.__dict__.get(self.index.attname, b""), (Blinded, type(None))):
            return False
        try:
            setattr(row, self.index.attname, self.sealing.index_of(conf.keys(), tenant, value.value))
        except PortwardError as error:
            if error.code != "key_destroyed":
                raise
            return False
        return True

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        """What is stored, which is sealed now. Raises what `seal` and `check_looked_at` raise."""
        self.check_looked_at(model_instance)
        self.seal(model_instance)
        return getattr(model_instance, self.attname)

    def clean(self, value: Any, model_instance: Any) -> Any:
        if isinstance(value, Plain):
            return Plain(super().clean(value.value, model_instance))
        return value if value is not None else super().clean(None, model_instance)

    def value_from_object(self, obj: Any) -> Any:
        """The plaintext, for a form. Raises what `open` raises."""
        return getattr(obj, self.name)

    def check(self, **options: Any) -> list[Any]:
        from .checks import of_field

        return [*super().check(**options), *of_field(self)]


def encrypted(model: Any) -> list[_EncryptedField[Any]]:
    """The encrypted fields of a model. Raises nothing."""
    return [field for field in model._meta.concrete_fields if isinstance(field, _EncryptedField)]


class EncryptedTextField(_EncryptedField[str]):
    """A text that is stored encrypted.

    tenant: the field of the row that holds its tenant. sealed_as: `table.column` as it was when the first value was stored; to be given
    once the table or the field is renamed, as nothing opens under another name. max_length: the most characters, or bytes, that forms and
    `full_clean` take, as the database cannot look. Raises nothing when it is made: `manage.py check` says what is wrong with it.

    What is assigned to it raises `PlaintextError` unless it is a `str` or None. Reading a value raises what `open` raises, saving a row
    what `seal` raises; with `update_fields` also `InvalidValue` (`index_apart`) where the index is not named with its value, and `RowError`
    where a new tenant is not saved together with the value.
    """

    codec = TEXT


class EncryptedBinaryField(_EncryptedField[bytes]):
    """Bytes that are stored encrypted. As Django's own field of bytes, it is in no form.

    Its arguments are those of `EncryptedTextField`. Raises what `EncryptedTextField` raises, with `bytes` in the place of `str`.
    """

    codec = BINARY

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("editable", False)
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        options.pop("editable", None)
        if self.editable:
            options["editable"] = True
        return name, path, args, options


async def aopen(row: models.Model, name: str) -> Any:
    """The plaintext of `row.name`, for asynchronous code: asking for a key does not block the event loop.

    Raises what `open` of the field raises, `Unreadable` and `Unavailable` for instance; `AttributeError` where there is no such field.
    """
    return await sync_to_async(getattr, thread_sensitive=False)(row, name)
