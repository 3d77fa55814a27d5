"""Columns of bytes that take only what was made for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models.expressions import Case, Value, When
from django.db.models.functions import Cast

from .._values import PlaintextError, check_of


class Stored(models.Field):
    """A column of bytes that takes only what was made for it. Raises nothing when it is made."""

    empty_strings_allowed = False
    made: type[bytes]
    begins: int

    def get_internal_type(self) -> str:
        return "BinaryField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else self.made(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """What goes to the database. Raises `PlaintextError` for what was not made for this column."""
        if value is not None and not isinstance(value, self.made):
            del value  # What reports an error shows what its frames have.
            raise PlaintextError(f"{self}: plaintext is not stored nor looked for; assign it to the row, and save that")
        return None if value is None else connection.Database.Binary(bytes(value))

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> Any:
        """Where it stands in a statement. Raises `PlaintextError` for what the database would compute."""
        if hasattr(value, "as_sql") and not self._is_made(value):
            del value
            raise PlaintextError(f"{self}: no expression of the database makes what is stored here")
        return connection.ops.binary_placeholder_sql(value)

    def value_to_string(self, obj: Any) -> str:
        """For `dumpdata`: raises `PlaintextError`, whatever the row."""
        raise PlaintextError(f"{self}: is not serialized; back up the database")

    def db_check(self, connection: Any) -> str | None:
        return check_of(connection.vendor, connection.ops.quote_name(self.column), self.begins)

    def get_lookup(self, lookup_name: str) -> Any:
        """None for what does not look into such a column. Raises nothing."""
        return super().get_lookup(lookup_name) if lookup_name in self.lookups else None

    lookups: tuple[str, ...] = ("isnull",)

    def _is_made(self, expression: Any) -> bool:
        return all(value is None or isinstance(value, self.made) for value in values_in(expression))


def values_in(expression: Any) -> Iterator[Any]:
    """The values that an `UPDATE` chooses from, also as `bulk_update` puts them together. What the database makes is one itself. Raises nothing."""
    if isinstance(expression, Value):
        yield expression.value
    elif isinstance(expression, When):
        yield from values_in(expression.result)
    elif isinstance(expression, (Case, Cast)):
        for part in expression.get_source_expressions():
            yield from values_in(part)
    else:
        yield expression
