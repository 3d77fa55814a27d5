"""The blind index of an encrypted field."""

from __future__ import annotations

from typing import Any

from .._column import Index, Normaliser
from .._values import Blinded
from .stored import Stored


class BlindIndexField(Stored):
    """What makes an encrypted field findable: `filter(tenant=…, email__matches=…)` of an `EncryptedManager`.

    of: the name of the field. bits: 1 to 256, `portward.index_bits` says how many. normaliser: which values are the same to it, one of
    `exact`, `ascii-lowercase` and `digits`. version: 1 to 255, another one if any of the others changes. Who can read the column sees
    which rows may have equal values.

    Added to a table that has rows, it finds a row once that is saved again, as it is. Of another version it is another column, as the database
    holds each row to the version: a migration has `RemoveField` and `AddField`, not the `AlterField` of `makemigrations`.

    Raises nothing when it is made: `manage.py check` says what is wrong with it. Saving a row raises what `seal` of its field raises, and
    `InvalidValue` (`index_parameters`).
    """

    made = Blinded
    lookups = ("isnull", "exact")

    def __init__(
        self, *args: Any, of: str, bits: int, normaliser: Normaliser = "exact", version: int = 1, **options: Any
    ) -> None:
        self.of = of
        self.options = Index(bits, normaliser, version)
        self.begins = version
        options.update(null=True, editable=False)
        options.setdefault("db_index", True)
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        options.pop("null")
        options.pop("editable")
        options["db_index"] = self.db_index
        options.update(of=self.of, bits=self.options.bits, normaliser=self.options.normaliser, version=self.options.version)
        return name, path, args, options

    def check(self, **options: Any) -> list[Any]:
        from .checks import of_index

        return [*super().check(**options), *of_index(self)]

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        """What is stored, which is made now. Raises what `seal` of its field raises."""
        self.model._meta.get_field(self.of).seal(model_instance)
        return getattr(model_instance, self.attname)
