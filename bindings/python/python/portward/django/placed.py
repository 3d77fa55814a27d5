"""Where a value belongs: the tenant of its row, and its primary key."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils.functional import cached_property  # Python's has a lock, which a fork may leave locked in the child

from .._values import RowError, text_of
from .stored import Stored


class Placed(Stored):
    """A column whose values belong to one row of one tenant. tenant: the field that holds it. Raises nothing when it is made."""

    def __init__(self, *args: Any, tenant: str, **options: Any) -> None:
        self.tenant = tenant
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        options["tenant"] = self.tenant
        return name, path, args, options

    @cached_property
    def tenant_field(self) -> Any:
        """The field that holds the tenant."""
        return self.model._meta.get_field(self.tenant)

    @property
    def tenant_names(self) -> set[str]:
        """The names of the field that holds the tenant."""
        return {self.tenant_field.name, self.tenant_field.attname}

    def place(self, row: Any) -> tuple[str, str]:
        """Tenant and primary key of a row, as they stand in the context.

        Raises `RowError` where one of them is missing or no text, whole number or UUID, or is made by the database only; `ValidationError`,
        of Django's, for what its field does not take.
        """
        key = self.model._meta.pk
        return self.tenant_text(getattr(row, self.tenant_field.attname)), self._text_of(key, getattr(row, key.attname), "primary key")

    def tenant_text(self, tenant: Any) -> str:
        """A tenant as it stands in the context. Raises what `place` raises."""
        return self._text_of(self.tenant_field, tenant, "tenant")

    def _text_of(self, field: Any, value: Any, what: str) -> str:
        return text_of(as_kept(field, value), f"{self}: the {what}")

    def is_moved(self, row: Any, there: Any) -> bool:
        """Whether the tenant of a row is another than that of the same row as it is stored, if it is.

        Raises `RowError` for a tenant that is made by the database only; `ValidationError`, of Django's, for one that its field does not take.
        """
        if there is None:
            return False
        here, stored = (as_kept(self.tenant_field, getattr(one, self.tenant_field.attname)) for one in (row, there))
        return bool(here != stored)


def as_kept(field: Any, value: Any) -> Any:
    """What a row has for a value once it is read. Raises `RowError` for an expression, and what its field raises."""
    if hasattr(value, "resolve_expression"):
        raise RowError(f"{field}: an expression is known to the database only, and a row is sealed before")
    column, value = field.get_col(field.model._meta.db_table), field.to_python(value)
    if value is None or not hasattr(column.output_field, "from_db_value"):
        return field.get_prep_value(value)
    stored = field.get_db_prep_save(value, connection)
    # What a driver takes for bytes (psycopg 3, psycopg2, others), and gives back as such.
    stored = getattr(stored, "obj", getattr(stored, "adapted", stored))
    stored = bytes(stored) if isinstance(stored, memoryview) else stored
    for convert in (*connection.ops.get_db_converters(column), *column.get_db_converters(connection)):
        stored = convert(stored, column, connection)
    return stored
