"""Encrypted columns and blind indexes in SQLAlchemy 2.

    class Invoice(Base):
        __tablename__ = "invoices"
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
        tenant: Mapped[str]
        notes = EncryptedText(keys)
        email = EncryptedText(keys, index=Index(bits=12, normaliser="ascii-lowercase"))

    Invoice.email.find(session, "ann@example.org", tenant="acme")

`invoice.notes` is the plaintext: what is assigned is sealed when the row is flushed, and opened when it is read. In the database, and in
`invoice.notes_sealed`, is the encrypted object only. Whatever would bind plaintext to a column raises `PlaintextError`.

With an `AsyncSession` keys are asked for in another thread, and a value is read by `await row.awaitable_attrs.notes` (`AsyncAttrs`).
"""

from __future__ import annotations

from .._column import Index
from .._values import PlaintextError, RowError
from . import _written, statements  # noqa: F401  are told of every flush and statement from then on
from .attribute import EncryptedBinary, EncryptedText
from .lookup import Lookup
from .types import BlindIndexType, EncryptedType

__all__ = [
    "BlindIndexType",
    "EncryptedBinary",
    "EncryptedText",
    "EncryptedType",
    "Index",
    "Lookup",
    "PlaintextError",
    "RowError",
]
