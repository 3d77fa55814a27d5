"""Encrypted attributes of SQLAlchemy raise what their words say."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import portward
from portward.sqlalchemy import EncryptedBinary, EncryptedText, Index, Lookup

from .trying import ANYTHING, Tried, in_loop, raised_of

KEYS: dict[str, portward.KeyStore] = {}
ID = uuid.UUID(int=7)


class Base(DeclarativeBase):
    pass


class Bill(Base):
    __tablename__ = "bills"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column()
    notes = EncryptedText(lambda: KEYS["keys"])
    email = EncryptedText(lambda: KEYS["keys"], index=Index(bits=4))
    scan = EncryptedBinary(lambda: KEYS["keys"])


@pytest.fixture
def session(keys: portward.KeyStore) -> Iterator[Session]:
    KEYS["keys"] = keys
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_attributes_of_sqlalchemy_raise_what_was_said(session: Session, keys: portward.KeyStore) -> None:
    notes = vars(Bill)["notes"]

    def sealed(tenant: str, id: uuid.UUID, value: str) -> Any:
        return notes.sealing(Bill).seal(keys, tenant, str(id), value)

    def read(tenant: Any, id: Any, stored: Any, is_in_loop: Any) -> Any:
        bill = Bill(tenant=tenant, id=id, notes_sealed=stored)
        return in_loop(lambda: bill.notes) if is_in_loop else bill.notes

    def flush(tenant: Any, id: Any, value: Any) -> None:
        session.add(Bill(tenant=tenant, id=id, notes=value))
        try:
            session.flush()
        finally:
            session.rollback()

    good = sealed("acme", ID, "due")
    place = {"tenant": "acme", "id": ID}
    of_value = (EncryptedText.value_of, EncryptedText.place, EncryptedText.keys)
    tried = [
        Tried((EncryptedText,), lambda value: Bill(notes=value), {"value": "due"}),
        Tried((EncryptedBinary, EncryptedText), lambda value: Bill(scan=value), {"value": b"due"}),
        Tried((EncryptedText, *of_value), flush, {**place, "value": "due"}),
        Tried(of_value, read, {**place, "stored": good, "is_in_loop": False}),
        Tried((EncryptedText.place,), lambda tenant, id: notes.place(Bill(tenant=tenant, id=id)), place),
        Tried((Lookup.may_be,), lambda value, tenant: Bill.email.may_be(value, tenant=tenant), {"value": "ann", "tenant": "acme"}),
        Tried((Lookup.may_be,), lambda name: getattr(Bill, name).may_be("ann", tenant="acme"), {"name": "email"}),
        Tried(
            (Lookup.find, Lookup.may_be),
            lambda value, tenant, among: Bill.email.find(session, value, tenant=tenant, among=among),
            {"value": "ann", "tenant": "acme", "among": select(Bill)},
        ),
    ]
    wrong = {
        "": ANYTHING,
        "stored": [sealed("acme", uuid.UUID(int=8), "due"), sealed("other", ID, "due"), good[:-1]],
        "tenant": ["nobody", "x" * 65],
        "id": ["no uuid", uuid.UUID(int=8)],
        "among": [select(Bill).limit(1), select(Bill).offset(1)],
        "name": ["notes"],
    }
    raised, unsaid = raised_of(tried, wrong)
    assert unsaid == set()
    assert raised == {
        "sqlalchemy.attribute.EncryptedText": "InvalidValue PlaintextError RowError",
        "sqlalchemy.attribute.EncryptedBinary": "PlaintextError",
        "sqlalchemy.attribute._Encrypted.value_of": "InvalidValue MissingGreenlet RowError Unreadable",
        "sqlalchemy.attribute._Encrypted.place": "RowError",
        "sqlalchemy.lookup.Lookup.may_be": "InvalidValue PlaintextError RowError TypeError",
        "sqlalchemy.lookup.Lookup.find": "InvalidValue PlaintextError RowError TypeError",
    }
