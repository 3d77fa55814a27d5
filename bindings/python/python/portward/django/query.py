"""Look-ups by a blind index: `Invoice.objects.filter(tenant="acme", email__matches="ann@example.org")`.

The database gives the rows whose index is equal, which may be some too many. Each is opened, and kept if its value is the one. So such
a look-up is not counted, cut or changed in the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models.expressions import Value
from django.db.models.query import ModelIterable

from .. import Unreadable
from .._column import Plain
from . import conf
from .fields import RowError, _EncryptedField, as_kept, encrypted

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
            if all(_has(row, *wanted) for wanted in self.queryset._wanted):
                yield row
            row = next(rows, None)


class _Rows(list[Any]):
    """Some rows of a look-up, which was asked: they are no query for `Subquery` and `Exists`."""

    def clone(self) -> Any:
        raise TypeError(_NOT_HERE)


class EncryptedQuerySet(models.QuerySet):
    """Finds by blind indexes, and stores no row whose values would not open.

    A look-up, `filter(tenant=…, email__matches=…)`, raises `TypeError` for a field without a `BlindIndexField`, without a tenant, in
    `exclude()`, and where its rows would be counted, cut, joined or changed in the database, or its SQL shown; `PlaintextError` for a
    value of another type, and where it is pickled: pickle its rows, as a list. Its rows, once they are asked for, raise `RowError` for what
    is no tenant, `InvalidValue` and `Unavailable`.
    """

    _wanted: tuple[tuple[_EncryptedField[Any], Plain[Any]], ...] = ()
    _is_of_rows = False
    """Whether an `update` is one of `bulk_update`, which has sealed each value for its row."""

    @classmethod
    def as_manager(cls) -> Any:
        """As Django's. Migrations have it, too, as an `EncryptedManager`. Raises nothing."""
        manager: Any = super().as_manager()
        manager.use_in_migrations = True
        return manager

    as_manager.__func__.queryset_only = True  # type: ignore[attr-defined]

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

    def update(self, **values: Any) -> int:
        """As Django's, of values that are not encrypted, or None with its index. Returns how many rows there were.

        Raises `PlaintextError`, `RowError`, `InvalidValue` (`index_apart`), and `TypeError` of a look-up.
        """
        self._only_without_match()
        self._places_stay(values)
        if not self._is_of_rows:
            for field in encrypted(self.model):
                field.check_update(values)
        changed: int = super().update(**values)
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """As Django's; values are sealed for their rows, and indexes follow. batch_size: how many rows at a time.

        Raises `RowError` where a row has another tenant than is stored, which this does not write; `InvalidValue` (`index_apart`), and what
        `seal` of an encrypted field raises.
        """
        self._only_without_match()
        rows, names = tuple(objs), set(fields)
        self._places_stay(names)
        written = [field for field in encrypted(self.model) if names & {field.name, field.attname}]
        self._tenants_stay(written, rows, "bulk_update")
        for field in written:
            for row in rows:
                field.seal(row)
            if field.index is not None:
                names.add(field.index.name)
        for field in encrypted(self.model):
            field.check_update_fields(names)
        of_rows = self._clone()
        of_rows._is_of_rows = True
        changed: int = super(EncryptedQuerySet, of_rows).bulk_update(rows, names, batch_size)
        return changed

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(
        self,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> Any:
        """As Django's; each value is sealed for its row. batch_size: how many rows at a time.

        Raises `RowError` where a conflict would bring a value into another row, `InvalidValue` (`index_apart`), and what `seal` of an
        encrypted field raises.
        """
        rows = list(objs)
        if update_conflicts:
            self._conflicts_open(rows, set(update_fields or ()), set(unique_fields or ()))
        return super().bulk_create(rows, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields)

    def _filter_or_exclude(self, negate: bool, args: Any, kwargs: dict[str, Any]) -> Any:
        by_name = {field.name + SUFFIX: field for field in encrypted(self.model)}
        wanted = {by_name[name]: Plain(value) for name, value in kwargs.items() if name in by_name}
        rest = {name: value for name, value in kwargs.items() if name not in by_name}
        if wanted and negate:
            raise TypeError("exclude() does not look into encrypted fields")
        for field, value in wanted.items():
            rest[field.index.name if field.index else field.name] = self._looked_for(field, value, kwargs)
        found = super()._filter_or_exclude(negate, args, rest)
        if wanted:
            found._wanted = (*self._wanted, *wanted.items())
            found._iterable_class = _Confirmed
        return found

    def _looked_for(self, field: _EncryptedField[Any], value: Plain[Any], given: dict[str, Any]) -> _IndexOf:
        if field.index is None:
            raise TypeError(f"{field} has no BlindIndexField")
        tenant = given.get(field.tenant_field.name, given.get(field.tenant_field.attname))
        if tenant is None:
            raise TypeError(f"{field}: each tenant has an index of its own; name the tenant in the same call: {field.tenant}=…")
        if isinstance(tenant, models.Model):
            tenant = getattr(tenant, field.tenant_field.target_field.attname)
        field.sealing.checked(value.value)
        return _IndexOf(partial(_index, field, tenant, value), output_field=field.index)

    def _places_stay(self, names: Iterable[str]) -> None:
        changed, key = set(names), self.model._meta.pk
        for field in encrypted(self.model):
            if changed & {*field.tenant_names, "pk", key.name, key.attname}:
                raise RowError(f"{field} would not open for another tenant or primary key: assign it again, row by row")

    def _conflicts_open(self, rows: list[Any], changed: set[str], on: set[str]) -> None:
        key = self.model._meta.pk
        if not on <= {"pk", key.name, key.attname}:
            raise RowError("update_conflicts: a value sealed for the new row would come into another; take the primary key only")
        for field in encrypted(self.model):
            field.check_update_fields(changed)
        touched = [field for field in encrypted(self.model) if changed & {field.name, field.attname, *field.tenant_names}]
        self._tenants_stay(touched, rows, "update_conflicts")

    def _tenants_stay(self, fields: list[_EncryptedField[Any]], rows: Iterable[Any], what: str) -> None:
        if not fields:
            return
        key = self.model._meta.pk
        known = [row for row in rows if row.pk is not None]
        self._for_write = True  # What is stored is read where it will be written.
        stored = models.QuerySet(self.model, using=self.db).only(*{field.tenant_field.name for field in fields})
        there = {as_kept(key, row.pk): row for row in stored.in_bulk([row.pk for row in known]).values()}
        for row in known:
            same = there.get(as_kept(key, row.pk))
            for field in fields:
                if field.is_moved(row, same):
                    raise RowError(f"{what}: {field} does not come to a row of another tenant: assign it row by row")

    def _only_without_match(self) -> None:
        if self._wanted:
            raise TypeError(_NOT_HERE)

    def _clone(self) -> Any:
        clone = super()._clone()
        clone._wanted, clone._is_of_rows = self._wanted, self._is_of_rows
        return clone


def _refused(name: str) -> Any:
    inherited = getattr(models.QuerySet, name)

    def method(self: EncryptedQuerySet, *args: Any, **options: Any) -> Any:
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
    setattr(EncryptedQuerySet, _name, _refused(_name))

_Manager: Any = models.Manager.from_queryset(EncryptedQuerySet)


class EncryptedManager(_Manager):
    """What a model with encrypted fields has as `objects`, and names in its `Meta`: `base_manager_name = "objects"`.

    Raises what `EncryptedQuerySet` raises.
    """

    use_in_migrations = True


_NOT_HERE = "a look-up of an encrypted field is confirmed row by row: take its rows first, then go on with their primary keys"


def _index(field: _EncryptedField[Any], tenant: Any, value: Plain[Any]) -> bytes:
    found: bytes | None = field.sealing.looked_for(conf.keys(), field.tenant_text(tenant), value.value)
    if found is None:
        raise EmptyResultSet
    return found


def _has(row: Any, field: _EncryptedField[Any], value: Plain[Any]) -> bool:
    try:
        found = Plain(getattr(row, field.name))
    except Unreadable:
        return False
    return found.value is not None and field.sealing.is_same(conf.keys(), field.place(row)[0], found.value, value.value)
