"""Encrypted fields of Django raise what their words say."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

import portward

from .frameworks import set_up_django
from .trying import ANYTHING, Tried, in_loop, raised_of

set_up_django()

from django.db import connection  # noqa: E402

from portward.django import conf  # noqa: E402
from portward.django.fields import EncryptedBinaryField, EncryptedTextField, aopen  # noqa: E402
from portward.django.query import EncryptedQuerySet  # noqa: E402

from . import django_app  # noqa: E402
from .django_app.models import Invoice  # noqa: E402

ID = uuid.UUID(int=7)


@pytest.fixture
def rows(keys: portward.KeyStore) -> Iterator[Any]:
    django_app.CURRENT["keys"] = keys
    conf.forget()
    with connection.schema_editor() as editor:
        editor.create_model(Invoice)
    yield Invoice.objects
    with connection.schema_editor() as editor:
        editor.delete_model(Invoice)


def test_fields_of_django_raise_what_was_said(rows: Any, keys: portward.KeyStore) -> None:
    notes, email = Invoice._meta.get_field("notes"), Invoice._meta.get_field("email")

    def row(tenant: Any = "acme", id: Any = ID, **values: Any) -> Any:
        return Invoice(tenant=tenant, id=id, **values)

    def sealed(tenant: str, id: uuid.UUID, value: str) -> Any:
        return notes.sealing.seal(keys, tenant, str(id), value)

    def seal(tenant: Any, id: Any, stored: Any) -> None:
        made = row(tenant, id)
        made.notes_sealed = stored
        notes.seal(made)

    def save(tenant: Any, id: Any, value: Any) -> None:
        row(tenant, id, notes=value).save()

    def read(tenant: Any, id: Any, stored: Any, is_in_loop: Any) -> Any:
        made = row(tenant, id)
        made.notes_sealed = stored
        return in_loop(lambda: made.notes) if is_in_loop else made.notes

    def opened(stored: Any) -> Any:
        made = row()
        made.notes_sealed = stored
        return asyncio.run(aopen(made, "notes"))

    def found(tenant: Any, value: Any) -> Any:
        return list(rows.filter(tenant=tenant, email__matches=value))

    place = {"tenant": "acme", "id": ID}
    good = sealed("acme", ID, "due")
    field, of_seal = EncryptedTextField, (EncryptedTextField.seal, EncryptedTextField.place, conf.keys)
    of_open = (EncryptedTextField.open, EncryptedTextField.place, conf.keys)
    tried = [
        Tried((field,), lambda value: row(notes=value), {"value": "due"}),
        Tried((EncryptedBinaryField, field), lambda value: row(scan=value), {"value": b"due"}),
        Tried((field, *of_seal), save, {**place, "value": "due"}),
        Tried((field, *of_open), read, {**place, "stored": good, "is_in_loop": False}),
        Tried((aopen, *of_open), opened, {"stored": good}),
        Tried(of_seal, seal, {**place, "stored": good}),
        Tried((EncryptedTextField.place,), lambda tenant, id: notes.place(row(tenant, id)), place),
        Tried((EncryptedTextField.check_update_fields,), email.check_update_fields, {"names": {"title"}}),
        Tried((EncryptedTextField.check_update,), email.check_update, {"values": {"title": "x"}}),
        Tried((EncryptedTextField.get_db_prep_value,), lambda stored: notes.get_db_prep_value(stored, connection), {"stored": good}),
        Tried((EncryptedQuerySet,), found, {"tenant": "acme", "value": "ann@example.org"}),
        Tried((EncryptedQuerySet.update,), lambda values: rows.update(**values), {"values": {"title": "x"}}),
        Tried((EncryptedQuerySet.bulk_update, *of_seal), lambda tenant, names: rows.bulk_update([row(tenant, notes="x")], names), {
            "tenant": "acme", "names": ["notes"]}),
    ]
    moved = sealed("acme", uuid.UUID(int=8), "due")
    wrong = {
        "": ANYTHING,
        "stored": [moved, sealed("other", ID, "due"), good[:-1]],
        "tenant": ["nobody", "x" * 65],
        "id": ["no uuid", uuid.UUID(int=8)],
        "values": [{"notes": "plain"}, {"email_sealed": moved}, {"email": None}, {"tenant": "other"}, {"pk": ID}],
        "names": [{"email"}, {"email_index"}],
    }
    raised, unsaid = raised_of(tried, wrong)
    assert unsaid == set()
    assert raised == {
        "django.fields.EncryptedTextField": "InvalidValue PlaintextError RowError SynchronousOnlyOperation Unreadable ValidationError",
        "django.fields.EncryptedBinaryField": "PlaintextError",
        "django.fields.aopen": "Unreadable",
        "django.fields._EncryptedField.seal": "InvalidValue PlaintextError RowError ValidationError",
        "django.placed.Placed.place": "RowError ValidationError",
        "django.written.Written.check_update_fields": "InvalidValue",
        "django.written.Written.check_update": "InvalidValue RowError",
        "django.stored.Stored.get_db_prep_value": "PlaintextError",
        "django.query.EncryptedQuerySet": "InvalidValue PlaintextError RowError TypeError",
        "django.query.EncryptedQuerySet.update": "InvalidValue PlaintextError RowError",
        "django.query.EncryptedQuerySet.bulk_update": "InvalidValue RowError",
    }
