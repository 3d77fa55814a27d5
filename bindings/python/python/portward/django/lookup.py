"""Look-ups by a blind index: `Invoice.objects.filter(tenant="acme", email__matches="ann@example.org")`.

The database gives the rows whose index is equal, which may be some too many. Each is opened, and kept if its value is the one. So such
a look-up is not counted, cut or changed in the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models.expressions import Value
from django.db.models.query import ModelIterable

from .. import Unreadable
from .._values import Plain
from . import conf
from .fields import _EncryptedField, encrypted

SUFFIX = "__matches"

_CONFIRMED: ContextVar[Any] = ContextVar("_CONFIRMED", default=None)
"""The query that asks the database at this moment, whose rows are confirmed then."""


class _IndexOf(Value):
    """What is looked for. It is made when the database is asked, not before: making it may ask for a key."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        # Whatever takes the query alone, as `Exists` does, or its conditions, as another query set does, confirms nothing.
        if compiler.query is not _CONFIRMED.get():
            raise TypeError(_NOT_HERE)
        return Value(self.value(), self.output_field).as_sql(compiler, connection)


class _Confirmed(ModelIterable):
    """Keeps the rows whose value is the one. A row that cannot be opened is none of them."""

    def __iter__(self) -> Iterator[Any]:
        query = self.queryset.query
        if query.is_sliced or query.distinct_fields:
            raise TypeError(_NOT_HERE)
        rows = super().__iter__()
        asked = _CONFIRMED.set(query)
        try:
            row = next(rows, None)  # with the first one, the database was asked
        finally:
            _CONFIRMED.reset(asked)
        while row is not None:
            if all(wanted.is_in(row) for wanted in self.queryset._wanted):
                yield row
            row = next(rows, None)


class _Rows(list[Any]):
    """Some rows of a look-up, which was asked: they are no query for `Subquery` and `Exists`."""

    def clone(self) -> Any:
        raise TypeError(_NOT_HERE)


@dataclass(frozen=True)
class _Wanted:
    """A value of a tenant."""

    field: _EncryptedField[Any]
    tenant: Any
    value: Plain[Any]

    def index(self) -> bytes:
        """What the index has to hold. Where it can hold nothing, no row is the one."""
        found: bytes | None = self.field.sealing.looked_for(conf.keys(), self.field.tenant_text(self.tenant), self.value.value)
        if found is None:
            raise EmptyResultSet
        return found

    def is_in(self, row: Any) -> bool:
        """What a database takes for equal may be another tenant."""
        tenant = self.field.tenant_text(self.tenant)
        if self.field.place(row)[0] != tenant:
            return False
        try:
            found = Plain(getattr(row, self.field.name))
        except Unreadable:
            return False
        return found.value is not None and self.field.sealing.is_same(conf.keys(), tenant, found.value, self.value.value)


class LookUps(models.QuerySet):
    """Finds by blind indexes. A look-up raises `TypeError` for what it is not, `PlaintextError` for a value of another type; see `EncryptedQuerySet`."""

    _wanted: tuple[_Wanted, ...] = ()

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """As Django's; of a look-up, the one row whose value is the one.

        Raises `DoesNotExist`, `MultipleObjectsReturned`, and what a look-up raises.
        """
        found = self.filter(*args, **kwargs) if args or kwargs else self
        if not found._wanted:
            return super().get(*args, **kwargs)
        rows = list(found)
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise self.model.DoesNotExist(f"{self.model._meta.object_name} matching query does not exist.")
        raise self.model.MultipleObjectsReturned(f"get() returned more than one {self.model._meta.object_name}")

    def count(self) -> int:
        """As Django's; of a look-up, how many rows were confirmed, each of which is read. Raises what a look-up raises."""
        return len(self) if self._wanted else super().count()

    def exists(self) -> bool:
        """As Django's; of a look-up, whether a row was confirmed. Raises what a look-up raises."""
        return bool(len(self)) if self._wanted else super().exists()

    def __getitem__(self, key: Any) -> Any:
        if not self._wanted:
            return super().__getitem__(key)
        return _Rows(list(self)[key]) if isinstance(key, slice) else list(self)[key]

    def _filter_or_exclude(self, negate: bool, args: Any, kwargs: dict[str, Any]) -> Any:
        by_name = {field.name + SUFFIX: field for field in encrypted(self.model)}
        wanted = [_wanted(by_name[name], Plain(value), kwargs) for name, value in kwargs.items() if name in by_name]
        rest = {name: value for name, value in kwargs.items() if name not in by_name}
        if wanted and negate:
            raise TypeError("exclude() does not look into encrypted fields")
        for one in wanted:
            rest[one.field.index.name] = _IndexOf(one.index, output_field=one.field.index)
        found = super()._filter_or_exclude(negate, args, rest)
        if wanted:
            found._wanted = (*self._wanted, *wanted)
            found._iterable_class = _Confirmed
        return found

    def _only_without_match(self) -> None:
        if self._wanted:
            raise TypeError(_NOT_HERE)

    def _clone(self) -> Any:
        clone = super()._clone()
        clone._wanted = self._wanted
        return clone


def _refused(name: str) -> Any:
    inherited = getattr(models.QuerySet, name)

    def method(self: LookUps, *args: Any, **options: Any) -> Any:
        if self._wanted or any(getattr(other, "_wanted", ()) for other in args):
            raise TypeError(_NOT_HERE)
        return inherited(self, *args, **options)

    for attribute in ("alters_data", "queryset_only"):
        if hasattr(inherited, attribute):
            setattr(method, attribute, getattr(inherited, attribute))
    method.__name__ = name
    method.__doc__ = "As Django's, but not of a look-up: raises `TypeError`."
    return method


for _name in (
    "aggregate", "delete", "dates", "datetimes", "resolve_expression", "_values", "_combinator_query", "__or__", "__and__", "__xor__",
):  # fmt: skip
    setattr(LookUps, _name, _refused(_name))


_NOT_HERE = "a look-up of an encrypted field is confirmed row by row: take its rows first, then go on with their primary keys"


def _wanted(field: _EncryptedField[Any], value: Plain[Any], given: dict[str, Any]) -> _Wanted:
    if field.index is None:
        raise TypeError(f"{field} has no BlindIndexField")
    tenant = given.get(field.tenant_field.name, given.get(field.tenant_field.attname))
    if tenant is None:
        raise TypeError(f"{field}: each tenant has an index of its own; name the tenant in the same call: {field.tenant}=…")
    if isinstance(tenant, models.Model):
        tenant = getattr(tenant, field.tenant_field.target_field.attname)
    field.sealing.checked(value.value)
    return _Wanted(field, tenant, value)
