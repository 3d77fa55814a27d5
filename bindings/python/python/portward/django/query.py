"""What a model with encrypted fields has as `objects`: it finds by blind indexes, and stores no row whose values would not open."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import models

from .._values import RowError
from .fields import _EncryptedField, encrypted
from .lookup import LookUps
from .placed import as_kept


class EncryptedQuerySet(LookUps):
    """Finds by blind indexes, and stores no row whose values would not open.

    A look-up, `filter(tenant=…, email__matches=…)`, raises `TypeError` for a field without a `BlindIndexField`, without a tenant, in
    `exclude()`, and where its rows would be counted, cut, joined or changed in the database, or its SQL shown; `PlaintextError` for a
    value of another type, and where it is pickled: pickle its rows, as a list. Its rows, once they are asked for, raise `RowError` for what
    is no tenant, `InvalidValue` and `Unavailable`.
    """

    looks_at_tenants = True
    """Whether a tenant that is written without the value that is sealed for it is looked at. A plain base manager does not."""

    _is_of_rows = False
    """Whether an `update` is one of `bulk_update`, which has sealed each value for its row."""

    @classmethod
    def as_manager(cls) -> Any:
        """As Django's. Migrations have it, too, as an `EncryptedManager`. Raises nothing."""
        manager: Any = super().as_manager()
        manager.use_in_migrations = True
        return manager

    as_manager.__func__.queryset_only = True  # type: ignore[attr-defined]

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

    def _update(self, values: Any, *options: Any) -> Any:
        """What `save` writes, when receivers of signals have had the row: a tenant without the value that is sealed for it stays the same."""
        written = {field: value for field, _, value in values}
        alone = [field for field in encrypted(self.model) if field.tenant_field in written and field not in written]
        tenants = {field: as_kept(field.tenant_field, written[field.tenant_field]) for field in alone}
        for there in models.QuerySet(self.model, self.query.chain(), self.db) if alone else ():
            for field, tenant in tenants.items():
                if getattr(there, field.attname) is not None and as_kept(field.tenant_field, getattr(there, field.tenant_field.attname)) != tenant:
                    raise RowError(f"{field} is sealed for one tenant: save it and the tenant together")
        return super()._update(values, *options)

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

    def _clone(self) -> Any:
        clone = super()._clone()
        clone._is_of_rows = self._is_of_rows
        return clone


_Manager: Any = models.Manager.from_queryset(EncryptedQuerySet)


class EncryptedManager(_Manager):
    """What a model with encrypted fields has as `objects`, and names in its `Meta`: `base_manager_name = "objects"`.

    Raises what `EncryptedQuerySet` raises.
    """

    use_in_migrations = True
