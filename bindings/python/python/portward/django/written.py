"""What is written of an encrypted field, and together with what: its index follows the value, and the value its tenant."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from django.db import models
from django.db.models import signals
from django.utils.functional import cached_property

from .._values import Blinded, Plain, RowError, Sealed, index_apart
from .index import BlindIndexField
from .placed import Placed
from .stored import values_in


class Written(Placed):
    """A column that is written with its index, if it has one. Raises nothing when it is made."""

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        if not cls._meta.abstract:
            # Of all models: one that inherits from this one is another sender.
            signals.pre_save.connect(self._before_save)

    @cached_property
    def index(self) -> BlindIndexField | None:
        """The blind index of this field."""
        fields = (field for field in self.model._meta.concrete_fields if isinstance(field, BlindIndexField))
        return next((field for field in fields if field.of == self.name), None)

    def check_update_fields(self, names: Set[str]) -> None:
        """The index follows the value. names: what is to be written. Raises `InvalidValue` (`index_apart`)."""
        if self.index is not None and bool({self.name, self.attname} & names) != (self.index.name in names):
            raise index_apart(f"write {self.name} and {self.index.name}")

    def check_update(self, values: Mapping[str, Any]) -> None:
        """An `UPDATE` of many rows takes nothing but None, of the value and its index. What was never made the column refuses.

        Raises `RowError` for a value that was made, `InvalidValue` (`index_apart`).
        """
        names = [name for field in (self, self.index) if field for name in {field.name, field.attname} if name in values]
        made = [value for name in names for value in values_in(values[name])]
        if any(isinstance(value, (Sealed, Blinded)) for value in made):
            raise RowError(f"{self} would not open in another row: assign it row by row")
        if all(value is None for value in made):
            self.check_update_fields(values.keys())

    def _before_save(self, *, sender: Any, instance: Any, update_fields: Any, using: Any, **_: Any) -> None:
        if not issubclass(sender, self.model):
            return
        looked_at = vars(instance._state).setdefault("portward_tenants", {})
        looked_at.pop(self.attname, None)
        if update_fields is None:
            return
        self._index_follows(instance, update_fields)
        is_written, is_tenant = bool({self.name, self.attname} & update_fields), bool(self.tenant_names & update_fields)
        if is_written == is_tenant:
            return
        # With the base manager of the class that has the column Django writes it, whatever inherits from that.
        if is_tenant and getattr(self.model._base_manager.get_queryset(), "looks_at_tenants", False):
            return  # when all receivers have had the row
        key = getattr(instance, self.model._meta.pk.attname)
        there = models.QuerySet(self.model, using=using).filter(pk=key).first()
        if self.is_moved(instance, there) and getattr(instance if is_written else there, self.attname) is not None:
            raise RowError(f"{self} is sealed for one tenant: save it and the tenant together")
        if is_written:
            looked_at[self.attname] = getattr(instance, self.tenant_field.attname)

    def check_looked_at(self, row: Any) -> None:
        """Raises `RowError` where a receiver has changed the tenant, which is not written, after it was looked at."""
        looked_at = vars(row._state).get("portward_tenants", {})
        if self.attname in looked_at and looked_at.pop(self.attname) != getattr(row, self.tenant_field.attname):
            raise RowError(f"{self} is sealed for one tenant, which a receiver of pre_save has changed: save them together")

    def _index_follows(self, row: Any, names: Set[str]) -> None:
        """Value and index are written together, if both were loaded. Alone they are what is stored."""
        if self.index is None:
            return
        loaded = row.__dict__
        if {self.attname, self.index.attname} <= loaded.keys() or isinstance(loaded.get(self.attname), Plain):
            self.check_update_fields(names)
        elif {self.name, self.attname} & names and isinstance(loaded.get(self.attname), Sealed):
            del loaded[self.attname]  # It is read again, as the index may have changed since.
