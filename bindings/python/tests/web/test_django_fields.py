"""Encrypted fields of Django's models, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import portward
from databases import KINDS
from raised import frames_of

from .frameworks import set_up_django

set_up_django()

from asgiref.sync import sync_to_async  # noqa: E402
from django import VERSION  # noqa: E402
from django.core import serializers  # noqa: E402
from django.core.checks import run_checks  # noqa: E402
from django.core.exceptions import FieldError, SynchronousOnlyOperation, ValidationError  # noqa: E402
from django.db import IntegrityError, connection, connections, models  # noqa: E402
from django.db.migrations.state import ModelState, StateApps  # noqa: E402
from django.db.migrations.writer import MigrationWriter  # noqa: E402
from django.db.models import Case, F, OuterRef, Q, Value, When  # noqa: E402
from django.db.models.functions import Cast, Lower  # noqa: E402
from django.forms import modelform_factory  # noqa: E402
from django.test.utils import CaptureQueriesContext, isolate_apps, override_settings  # noqa: E402

from portward.django import conf  # noqa: E402
from portward.django.fields import (  # noqa: E402
    BlindIndexField,
    EncryptedBinaryField,
    EncryptedTextField,
    PlaintextError,
    RowError,
    aopen,
)
from portward.django.query import EncryptedManager, EncryptedQuerySet  # noqa: E402

from . import django_app  # noqa: E402
from .django_app.models import Counted, Invoice, Plainly  # noqa: E402

ANN, BOB = "Ann@example.org", "bob@example.org"


@pytest.fixture(autouse=True, params=KINDS)
def table(request: pytest.FixtureRequest, keys: portward.KeyStore) -> Iterator[None]:
    django_app.CURRENT["keys"] = keys
    conf.forget()
    with ExitStack() as stack:
        if request.param == "postgres":
            stack.enter_context(by_default(in_postgres(request.getfixturevalue("postgres"))))
        with connection.schema_editor() as editor:
            editor.create_model(Invoice)
        yield
        with connection.schema_editor() as editor:
            editor.delete_model(Invoice)


def in_postgres(place: str) -> dict[str, Any]:
    url = urlsplit(place)
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username, "PASSWORD": url.password or "",
        "HOST": url.hostname, "PORT": url.port, "OPTIONS": dict(parse_qsl(url.query)),
    }  # fmt: skip


@contextmanager
def by_default(database: dict[str, Any]) -> Iterator[None]:
    """What Django does meanwhile it does in this database, in each thread."""
    before = connections.settings["default"]

    forget()
    connections.settings["default"] = connections.configure_settings({"default": database})["default"]
    yield
    forget()
    connections.settings["default"] = before


def forget() -> None:
    """The connection of this thread, which was made by the settings of then."""
    connections["default"].close()
    del connections["default"]


def invoice(**values: Any) -> Invoice:
    return Invoice.objects.create(**{"tenant": "acme", "notes": "due in May", "email": ANN, **values})


def stored(column: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {Invoice._meta.db_table}")
        return [value for (value,) in cursor.fetchall()]


def whole_database() -> bytes:
    columns = ("notes_sealed", "email_sealed", "scan_sealed", "email_index")
    return b"".join(bytes(value) for column in columns for value in stored(column) if value)


def test_what_is_assigned_is_read_and_never_stored() -> None:
    row = invoice(scan=b"\x00bytes")
    read = Invoice.objects.get(pk=row.pk)
    assert (read.notes, read.email, read.scan) == ("due in May", ANN, b"\x00bytes")
    assert bytes(stored("notes_sealed")[0]).startswith(b"\xf5")
    assert not any(plain in whole_database() for plain in (b"due in May", b"example.org", b"bytes"))


def test_nothing_and_the_empty_text_are_two_things() -> None:
    assert Invoice.objects.get(pk=invoice(notes=None, email=None).pk).notes is None
    row = Invoice.objects.get(pk=invoice(notes="", email="  ").pk)
    assert (row.notes, row.email, row.email_index) == ("", "  ", None)
    assert Invoice.objects.filter(notes__isnull=True).count() == 1


def test_what_is_no_text_is_not_stored() -> None:
    for values in ({"notes": "secret \ud800"}, {"email": "secret \ud800"}):
        with pytest.raises(portward.InvalidValue, match=": half of") as refused:
            invoice(**values)
        assert refused.value.code == "text_surrogate" and "secret" not in repr(refused.value.args)
    assert invoice(notes="fine").notes == "fine"


def test_a_change_is_sealed_anew_and_the_index_follows() -> None:
    row = invoice()
    before = stored("email_sealed"), stored("email_index")
    row.email = BOB
    assert row.email == BOB, "at once"
    row.save()
    assert stored("email_sealed") != before[0]
    assert Invoice.objects.get(tenant="acme", email__matches=BOB).pk == row.pk
    assert not Invoice.objects.filter(tenant="acme", email__matches=ANN).exists()
    row.email = None
    row.save()
    assert stored("email_index") == [None]


def test_what_did_not_change_is_not_sealed_again() -> None:
    invoice()
    before = whole_database()
    Invoice.objects.get().save()
    assert whole_database() == before


@pytest.mark.parametrize("values", [{"notes": "stolen"}, {"notes": b"stolen"}, {"notes_sealed": "stolen"}, {"email_index": b"stolen"},
                                    {"notes": F("title")}, {"email_index": F("title")}, {"notes": Value(b"stolen")},
                                    {"notes": Case(When(title="stolen", then=Value(b"stolen")))}])  # fmt: skip
@pytest.mark.parametrize("manager", [Invoice.objects, models.QuerySet(Invoice)])
def test_update_stores_no_plaintext(manager: Any, values: dict[str, Any]) -> None:
    row = invoice(title="stolen")
    before = whole_database()
    rows = manager.filter(pk=row.pk)
    assert rows.update(title="control") == 1
    with pytest.raises(PlaintextError):
        rows.update(**values)
    assert whole_database() == before


@pytest.mark.parametrize("name", ["notes_sealed", "email_index"])
def test_the_database_copies_no_plaintext_either(name: str) -> None:
    invoice(title="stolen")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Invoice._meta.db_table} SET {name} = {name}")
        as_bytes = {"sqlite": ("title", "CAST(title AS BLOB)"), "postgresql": ("convert_to(title, 'UTF8')",)}[connection.vendor]
        for copied in ("'stolen'", *as_bytes):
            with pytest.raises(IntegrityError):
                cursor.execute(f"UPDATE {Invoice._meta.db_table} SET {name} = {copied}")


@pytest.mark.parametrize("name", ["notes_sealed", "email_index"])
def test_the_columns_take_no_plaintext(name: str) -> None:
    row = invoice()
    setattr(row, name, b"stolen")
    if name == "notes_sealed":
        with pytest.raises(PlaintextError):
            row.save()
    else:
        row.email = ANN
        row.save()  # made anew
        row.email_index = b"stolen"
        with pytest.raises(PlaintextError):
            row.save()
    assert b"stolen" not in whole_database()


def test_a_wrong_type_is_refused_at_once() -> None:
    for value in (b"bytes", 5, F("title")):
        with pytest.raises(PlaintextError):
            Invoice(notes=value)
    with pytest.raises(PlaintextError):
        Invoice(scan="text")
    assert Invoice(notes="text", scan=b"bytes").notes == "text"


def test_many_at_once() -> None:
    rows = Invoice.objects.bulk_create([Invoice(tenant="acme", email=f"{n}@example.org") for n in range(5)])
    assert {row.email for row in Invoice.objects.all()} == {f"{n}@example.org" for n in range(5)}
    for row in rows:
        row.email = row.email.replace("example", "sample")
    assert Invoice.objects.bulk_update(rows, ["email"]) == 5
    assert Invoice.objects.get(tenant="acme", email__matches="3@sample.org").pk == rows[3].pk
    assert b"sample" not in whole_database()


def test_bulk_update_around_the_manager_stores_no_plaintext() -> None:
    row = invoice()
    row.notes = "stolen"
    with pytest.raises(PlaintextError):
        models.QuerySet(Invoice).bulk_update([row], ["notes"])
    assert Invoice.objects.get().notes == "due in May"


def test_a_save_opens_each_value_once(keys: portward.KeyStore) -> None:
    watched = Watched(keys)
    django_app.CURRENT["keys"] = watched
    conf.forget()
    record, of_index = (f"{kind}:{Invoice._meta.db_table}" for kind in ("record", "index"))

    def asked() -> list[str]:
        """For which kinds of keys, since this was last called."""
        found, watched.asked = sorted(scope.partition(".")[0] for scope in watched.asked), []
        return found

    row = Invoice.objects.create(tenant="acme", email=ANN)
    assert asked() == [of_index, record]
    row.save()
    assert asked() == [], "it is what was just sealed"
    row = Invoice.objects.get()
    row.title = "changed"
    row.save()
    assert asked() == [of_index, record]
    row.email = BOB
    row.save()
    assert asked() == [of_index, record]
    others = (Invoice.objects.create(tenant="acme", email=f"{n}@example.org").email_index for n in range(100))
    row.email_index = next(one for one in others if one != row.email_index)  # of 4 bits, which are often equal
    asked()
    row.save()
    assert asked() == [of_index, record] and Invoice.objects.get(tenant="acme", email__matches=BOB) == row, "another index"
    row.tenant = "other"
    with pytest.raises(RowError):
        row.save()


def test_many_at_once_ask_once_which_tenants_are_stored() -> None:
    rows = [invoice(scan=b"scan") for _ in range(3)]
    for row in rows:
        row.notes, row.email, row.scan = "later", BOB, b"later"
    with CaptureQueriesContext(connection) as asked:
        assert Invoice.objects.bulk_update(rows, ["notes", "email", "scan"]) == 3
    assert [query["sql"].split()[0] for query in asked].count("SELECT") == 1
    assert {(row.notes, row.email, row.scan) for row in Invoice.objects.all()} == {("later", BOB, b"later")}


def test_a_conflict_brings_no_value_into_another_row() -> None:
    row = invoice()
    new = Invoice(tenant="acme", title="t", notes="x")
    with pytest.raises(RowError):
        Invoice.objects.bulk_create([new], update_conflicts=True, update_fields=["notes"], unique_fields=["title"])
    again = Invoice(pk=row.pk, tenant="acme", notes="again")
    Invoice.objects.bulk_create([again], update_conflicts=True, update_fields=["notes"], unique_fields=["id"])
    assert Invoice.objects.get().notes == "again"


def test_update_fields_names_field_and_index() -> None:
    row = invoice()
    row.email = BOB
    for names in (["email"], ["email_index"]):
        with pytest.raises(portward.InvalidValue, match="or neither"):
            row.save(update_fields=names)
    row.save(update_fields=["email", "email_index"])
    assert Invoice.objects.filter(tenant="acme", email__matches=BOB).exists()
    changed, made = Invoice.objects.update_or_create(pk=row.pk, defaults={"email": ANN})
    assert not made
    assert Invoice.objects.filter(tenant="acme", email__matches=ANN).exists()


def test_a_value_opens_in_its_row_only() -> None:
    one, two = invoice(notes="of one"), invoice(notes="of two")
    with connection.cursor() as cursor:
        table = Invoice._meta.db_table
        of_one = f"(SELECT notes_sealed FROM {table} WHERE id = %s)"
        cursor.execute(f"UPDATE {table} SET notes_sealed = {of_one} WHERE id = %s", [one.pk.hex, two.pk.hex])
        assert cursor.rowcount == 1
    assert Invoice.objects.get(pk=one.pk).notes == "of one"
    with pytest.raises(portward.Unreadable):
        _ = Invoice.objects.get(pk=two.pk).notes


@pytest.mark.parametrize("change", [{"tenant": "other"}, {"pk": uuid.uuid4()}])
def test_a_row_that_moves_is_not_stored_with_values_that_would_not_open(change: dict[str, Any]) -> None:
    invoice(tenant="other")  # so that there is a key: a store that was asked for one in vain remembers that for a while
    row = Invoice.objects.get(pk=invoice(email=None).pk)
    notes = row.notes
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(RowError):
        row.save()
    row.notes = notes
    row.save()
    assert Invoice.objects.get(pk=row.pk).notes == "due in May"
    with pytest.raises(RowError):
        Invoice.objects.filter(pk=row.pk).update(tenant="acme")
    with pytest.raises(RowError):
        Invoice.objects.bulk_update([row], ["tenant"])


def moved(row: Invoice) -> Invoice:
    row.tenant = "other"
    return row


def with_notes(row: Invoice, notes: str | None) -> Invoice:
    row.notes = notes
    return row


@pytest.mark.parametrize("act", [
    lambda row: moved(row).save(update_fields=["tenant"]),
    lambda row: moved(Invoice.objects.only("tenant").get(pk=row.pk)).save(),
    lambda row: moved(with_notes(row, "again")).save(update_fields=["tenant"]),
    lambda row: moved(with_notes(row, None)).save(update_fields=["tenant"]),
    lambda row: moved(with_notes(row, "again")).save(update_fields=["notes"]),
    lambda row: moved(Counted.objects.get(pk=row.pk)).save(update_fields=["tenant"]),
    lambda row: Invoice.objects.filter(pk=row.pk).update(id=uuid.uuid4()),
    lambda row: Invoice.objects.filter(pk=row.pk).update(pk=uuid.uuid4()),
    lambda row: Invoice.objects.filter(pk=row.pk).update(notes=invoice(notes="of another").notes_sealed),
    lambda row: Invoice.objects.filter(pk=row.pk).update(notes=Value(invoice(notes="of another").notes_sealed)),
    lambda row: Invoice.objects.filter(pk=row.pk).update(email_index=invoice(email=BOB).email_index, email=None),
    lambda row: Invoice.objects.filter(pk=row.pk).update(notes=Case(When(title="", then=Value(invoice(notes="x").notes_sealed)))),
    lambda row: Invoice.objects.filter(pk=row.pk).update(
        notes=Case(When(title="t", then=Value(None)), default=Case(default=Value(invoice(notes="x").notes_sealed)))),
    lambda row: Invoice.objects.bulk_update([moved(with_notes(row, "again"))], ["notes"]),
    lambda row: Invoice.objects.bulk_update([moved(with_notes(row, "again"))], ["notes", "tenant"]),
    lambda row: conflicting(row, ["tenant"]), lambda row: conflicting(row, ["notes"]), lambda row: conflicting(row, ["tenant", "notes"]),
    lambda row: Invoice.objects.bulk_create([Invoice(pk=row.pk, tenant="other", notes="x")], None, False, True, ["notes"], ["id"]),
])  # fmt: skip
def test_no_row_is_left_that_does_not_open(act: Any) -> None:
    row = invoice(email=None)
    Invoice.objects.only("tenant").get(pk=row.pk).save()
    with pytest.raises(RowError):
        act(Invoice.objects.get(pk=row.pk))
    assert (Invoice.objects.get(pk=row.pk).tenant, Invoice.objects.get(pk=row.pk).notes) == ("acme", "due in May")
    conflicting(row, ["title"])
    assert Invoice.objects.bulk_update([with_notes(row, "again")], ["notes"]) == 1
    assert Invoice.objects.get(pk=row.pk).notes == "again"
    row.notes = "moved"
    moved(row).save(update_fields=["tenant", "notes"])
    assert Invoice.objects.get(pk=row.pk).notes == "moved"


def conflicting(row: Invoice, names: list[str]) -> None:
    new = Invoice(pk=row.pk, tenant="other", notes="of another")
    Invoice.objects.bulk_create([new], update_conflicts=True, update_fields=names, unique_fields=["id"])


@pytest.mark.parametrize("names", [["email"], ["email_index"]])
@pytest.mark.parametrize("how", ["update", "update by cases", "bulk_create", "bulk_update", "proxy"])
def test_an_index_is_changed_with_its_value_only(how: str, names: list[str]) -> None:
    row = invoice()
    row.email = BOB

    def change(names: list[str]) -> None:
        if how == "update":
            Invoice.objects.filter(pk=row.pk).update(**dict.fromkeys(names))
        elif how == "update by cases":
            nothing = Cast(Case(When(title="t", then=Value(None)), default=None), models.BinaryField())
            Invoice.objects.filter(pk=row.pk).update(**dict.fromkeys(names, nothing))
        elif how == "bulk_create":
            Invoice.objects.bulk_create([row], update_conflicts=True, update_fields=names, unique_fields=["id"])
        elif how == "bulk_update":
            Invoice.objects.bulk_update([row], names)
        else:
            same = Counted.objects.get(pk=row.pk)
            same.email = BOB
            same.save(update_fields=names)

    if (how, names) != ("bulk_update", ["email"]):  # which takes the index along
        with pytest.raises(portward.InvalidValue, match="or neither"):
            change(names)
        assert Invoice.objects.get(tenant="acme", email__matches=ANN).email == ANN
    change(["email", "email_index"])
    assert not Invoice.objects.filter(tenant="acme", email__matches=ANN).exists()
    assert Invoice.objects.filter(tenant="acme", email__matches=BOB).exists() is not how.startswith("update")


def test_a_key_may_be_written_in_several_ways() -> None:
    key = uuid.uuid4()
    invoice(pk=key.hex.upper())
    assert Invoice.objects.get(pk=key).notes == "due in May"


def test_without_tenant_or_key_nothing_is_sealed() -> None:
    for values in ({"tenant": ""}, {"tenant": None}):
        with pytest.raises(RowError):
            invoice(**values)
    with pytest.raises(portward.InvalidValue) as refused:
        invoice(tenant="stranger")
    assert refused.value.code == "unknown_key"
    assert Invoice.objects.count() == 0
    assert invoice(pk=None).pk, "made by its default"


def test_a_row_whose_key_was_destroyed_can_be_saved_and_refreshed(keys: portward.KeyStore) -> None:
    row = Invoice.objects.get(pk=invoice().pk)
    assert Invoice.objects.get(tenant="acme", email__matches=ANN).notes == "due in May"
    keys.scope("acme", f"record:{Invoice._meta.db_table}").destroy(backups_kept=0)
    row.title = "erased"
    row.save()
    row.refresh_from_db()
    assert row.title == "erased"
    with pytest.raises(portward.Unreadable):
        _ = row.notes
    assert not Invoice.objects.filter(tenant="acme", email__matches=ANN).exists()


def test_look_ups_are_confirmed() -> None:
    rows = [invoice(email=f"{n}@example.org", title=str(n)) for n in range(100)]
    invoice(tenant="other", email="7@example.org")
    field = Invoice._meta.get_field("email")
    assert Invoice.objects.values("email_index").distinct().count() <= 17, "4 bits tell 100 values apart badly"
    for n in range(100):
        assert Invoice.objects.get(tenant="acme", email__matches=f"{n}@example.org").pk == rows[n].pk
    found = Invoice.objects.filter(tenant="acme", email__matches=" 7@EXAMPLE.org")
    assert [row.pk for row in found] == [rows[7].pk]
    assert [row.pk for row in found.iterator()] == [rows[7].pk]
    fresh = Invoice.objects.filter(tenant="acme", email__matches="7@example.org")
    assert (fresh.count(), Invoice.objects.filter(tenant="acme", email__matches="absent").exists()) == (1, False)
    assert (found.count(), found.exists(), len(found), found[0].pk, found.first().pk, found.last().pk) == (1, True, 1, *[rows[7].pk] * 3)
    assert found.get().pk == found.get(title="7").pk == rows[7].pk
    assert Invoice.objects.filter(title="7").get(tenant="acme", email__matches="7@example.org").pk == rows[7].pk
    assert found.filter(title="8").count() == 0
    assert field.index.name == "email_index"
    for value in ("100@example.org", "7@example.or"):
        assert not Invoice.objects.filter(tenant="acme", email__matches=value).exists()
        with pytest.raises(Invoice.DoesNotExist):
            Invoice.objects.get(tenant="acme", email__matches=value)
    invoice(email="7@example.org")
    with pytest.raises(Invoice.MultipleObjectsReturned):
        Invoice.objects.get(tenant="acme", email__matches="7@example.org")


@pytest.mark.parametrize("act", [
    lambda rows: rows.delete(), lambda rows: rows.update(title="x"), lambda rows: list(rows.values("title")),
    lambda rows: list(rows.values_list("title")), lambda rows: rows.aggregate(models.Count("pk")), lambda rows: rows.earliest("title"),
    lambda rows: list(Invoice.objects.filter(pk__in=rows)), lambda rows: list(rows | Invoice.objects.all()),
    lambda rows: list(Invoice.objects.all() | rows), lambda rows: list(rows.union(Invoice.objects.all())),
    lambda rows: list(Invoice.objects.all().union(rows)), lambda rows: list(Invoice.objects.filter(pk__in=rows.query)),
    lambda rows: list(Invoice.objects.filter(models.Exists(rows))), lambda rows: list(Invoice.objects.filter(~models.Exists(rows))),
    lambda rows: list(Invoice.objects.filter(pk=models.Subquery(rows.only("pk")))),
    lambda rows: list(Invoice.objects.annotate(same=models.Subquery(rows.only("pk"), output_field=models.UUIDField()))),
    lambda rows: Invoice.objects.filter(models.Exists(rows)).delete(),
    lambda rows: Invoice.objects.filter(models.Exists(rows)).update(title="x"),
    lambda rows: list(around_the_manager() | rows), lambda rows: list(around_the_manager() & rows),
    lambda rows: list(around_the_manager().union(rows)), lambda rows: list(around_the_manager().values("pk").union(rows.only("pk"))),
    lambda rows: list(models.QuerySet(Plainly).values("pk").union(rows.only("pk"))) if rows._wanted else None,
    lambda rows: around_the_manager().filter(*rows.query.where.children).count(),
    lambda rows: list(Invoice.objects.filter(pk=models.Subquery(rows.only("pk")[:1]))),
    lambda rows: list(Invoice.objects.filter(models.Exists(rows[:1]))),
    lambda rows: str(rows.query), lambda rows: rows.explain(),
])  # fmt: skip
def test_what_the_database_would_do_unconfirmed_is_refused(act: Any) -> None:
    act(Invoice.objects.filter(pk=invoice().pk, tenant="acme"))
    Invoice.objects.all().delete()
    row = invoice()
    with pytest.raises(TypeError, match="confirmed row by row"):
        act(Invoice.objects.filter(tenant="acme", email__matches=ANN))
    assert Invoice.objects.get().title == row.title


def around_the_manager() -> Any:
    return models.QuerySet(Invoice).filter(title="none")


def test_one_row_of_equal_ones_is_not_chosen_before_it_is_confirmed() -> None:
    row = invoice()
    found = Invoice.objects.filter(tenant="acme", email__matches=ANN)
    assert list(found.distinct()) == [row], "the control"
    with pytest.raises(TypeError, match="confirmed row by row"):
        list(found.distinct("tenant"))


def test_what_was_sealed_and_is_no_text_is_unreadable_and_ends_no_look_up(keys: portward.KeyStore) -> None:
    row, other = invoice(), invoice()
    name, column = f"{Invoice._meta.db_table}.email", "email_sealed"
    for value in (b"secret \xff", BOB.encode()):
        sealed = keys.scope("acme", f"record:{Invoice._meta.db_table}").seal(value, name=name, id=str(row.pk))
        with connection.cursor() as cursor:
            pk = Invoice._meta.pk.get_db_prep_value(row.pk, connection)
            cursor.execute(f"UPDATE {Invoice._meta.db_table} SET {column} = %s WHERE id = %s", [sealed, pk])
        found = list(Invoice.objects.filter(tenant="acme", email__matches=ANN))
        assert found == [other]
        read = Invoice.objects.get(pk=row.pk)
        if value == BOB.encode():
            assert read.email == BOB, "the control"
            continue
        with pytest.raises(portward.Unreadable) as raised:
            read.email
        assert raised.value.code == "text_not_utf8" and "secret" not in frames_of(raised.value)


def test_a_look_up_stays_with_its_tenant() -> None:
    rows = {(tenant, n): invoice(tenant=tenant, email=f"{n}@example.org") for n in range(50) for tenant in ("acme", "other")}
    for n in range(50):
        assert Invoice.objects.get(tenant="other", email__matches=f"{n}@example.org").pk == rows["other", n].pk


def test_what_cannot_be_looked_for() -> None:
    row = invoice()
    assert Invoice.objects.filter(tenant="acme", email__matches=ANN).get() == row
    for values, error in (
        ({"email__matches": ANN}, TypeError),
        ({"tenant": "acme", "notes__matches": "due in May"}, TypeError),
        ({"tenant": "acme", "email__matches": b"bytes"}, PlaintextError),
        ({"email": ANN}, FieldError),
        ({"email__icontains": "ann"}, FieldError),
        ({"email_sealed": ANN}, FieldError),
        ({"email_index": b"stolen"}, PlaintextError),
    ):
        with pytest.raises(error) as raised:
            list(Invoice.objects.filter(**values))
        assert error is not FieldError or "`email__matches=…`" in str(raised.value)
    with pytest.raises(TypeError):
        Invoice.objects.exclude(tenant="acme", email__matches=ANN)
    with pytest.raises(FieldError):
        Invoice.objects.filter(Q(email__matches=ANN))
    for tenant, value in (("acme", "  "), ("acme", ""), ("stranger", ANN)):
        found = Invoice.objects.filter(tenant=tenant, email__matches=value)
        assert (list(found), found.count(), found.exists(), found.first()) == ([], 0, False, None)
    with pytest.raises(portward.InvalidValue):
        list(Invoice.objects.filter(tenant="no identifier", email__matches=ANN))
    with pytest.raises(PlaintextError):
        Invoice.objects.filter(tenant=OuterRef("tenant"), email__matches=5)


def test_nothing_leaves_by_serializing_or_pickling() -> None:
    row = invoice()
    with pytest.raises(PlaintextError):
        serializers.serialize("json", [row])
    row = pickle.loads(pickle.dumps(Invoice.objects.get(pk=row.pk)))
    assert row.notes == "due in May"
    row.notes = "stolen"
    with pytest.raises(PlaintextError):
        pickle.dumps(row)
    assert "stolen" not in repr(row.__dict__)


def test_a_look_up_shows_nowhere_what_it_looks_for() -> None:
    row = invoice(email="stolen")
    found = Invoice.objects.filter(tenant="acme", email__matches="stolen")
    for asked in (False, True):
        assert "stolen" not in f"{found.query.where!r} {vars(found)} {vars(found.query)}", asked
        with pytest.raises(PlaintextError, match="take the rows"):
            pickle.dumps(found)
        with pytest.raises(PlaintextError, match="take the rows"):
            pickle.dumps(found.query)
        assert pickle.loads(pickle.dumps(list(found))) == list(copy.deepcopy(found)) == [row]
    assert pickle.loads(pickle.dumps(Invoice.objects.filter(tenant="acme"))).get() == row


STOLEN, NO_TEXT = "stolen", "stolen \ud800"


@pytest.mark.parametrize(("act", "code"), [
    (lambda row, column, keys: row.save(), "closed"),
    (lambda row, column, keys: Invoice.objects.bulk_update([row], ["email"]), "closed"),
    (lambda row, column, keys: column.looked_for(keys, "acme", STOLEN), "closed"),
    (lambda row, column, keys: column.is_same(keys, "acme", STOLEN, STOLEN), "closed"),
    (lambda row, column, keys: setattr(row, "email", NO_TEXT) or row.save(), "text_surrogate"),
    (lambda row, column, keys: column.looked_for(keys, "acme", NO_TEXT), "text_surrogate"),
])  # fmt: skip
def test_no_frame_of_an_error_shows_a_value(act: Any, code: str, keys: portward.KeyStore) -> None:
    row, column = invoice(), Invoice._meta.get_field("email").sealing
    row.email = STOLEN
    if code == "closed":
        act(row, column, keys)  # the control
        row.email = STOLEN
        keys.close()
    with pytest.raises(portward.PortwardError) as raised:
        act(row, column, keys)
    assert raised.value.code == code and "stolen" not in frames_of(raised.value)


@pytest.mark.parametrize("act", [
    lambda given: setattr(Invoice(), "notes", given),
    lambda given: Invoice._meta.get_field("notes").sealing.checked(given),
    lambda given: Invoice._meta.get_field("notes").get_db_prep_value(given, connection),
    lambda given: Invoice._meta.get_field("notes").get_placeholder(Value(given), None, connection),
])  # fmt: skip
def test_no_frame_of_ours_shows_what_is_refused(act: Any) -> None:
    with pytest.raises(PlaintextError) as raised:
        act(b"stolen")
    # Below those of the test, which have it.
    error = raised.value.with_traceback(raised.value.__traceback__.tb_next)  # type: ignore[union-attr]
    told = frames_of(error)
    assert "stolen" not in told
    assert "self = " in told, "the control"


def test_a_copy_of_a_row_has_its_values() -> None:
    row = copy.deepcopy(Invoice(tenant="acme", notes="due in May"))
    row.save()
    assert Invoice.objects.get().notes == copy.deepcopy(row).notes == "due in May"


def test_validation_sees_the_plaintext() -> None:
    row = Invoice(tenant="acme", email=ANN, title="t")
    row.full_clean(exclude=["scan"])
    assert row.email == ANN
    field = EncryptedTextField(tenant="tenant", choices=[("a", "a")], name="kind")
    assert field.clean(row.__class__(tenant="acme", notes="a").__dict__["notes_sealed"], row).value == "a"
    with pytest.raises(ValidationError):
        field.clean(Invoice(tenant="acme", notes="b").__dict__["notes_sealed"], row)


def test_validation_holds_to_the_longest_text() -> None:
    model = declared(secret=sealed(max_length=5), scan=EncryptedBinaryField(tenant="tenant", max_length=2, null=True, blank=True, editable=True))
    form = modelform_factory(model, fields=["tenant", "secret"])
    assert form({"tenant": "acme", "secret": "short"}).is_valid(), "the control"
    assert set(form({"tenant": "acme", "secret": "longer"}).errors) == {"secret"}
    model(tenant="acme", secret="short", scan=b"\0\0").clean_fields()
    with pytest.raises(ValidationError) as refused:
        model(tenant="acme", secret="longer", scan=b"\0\0\0").clean_fields()
    assert set(refused.value.message_dict) == {"secret", "scan"}
    field = model._meta.get_field("secret")
    assert field.deconstruct()[3] == {"tenant": "tenant", "max_length": 5}
    assert field.clone().validators == field.validators


def test_a_deferred_field_is_fetched() -> None:
    invoice()
    assert Invoice.objects.defer("notes").get().notes == "due in May"
    assert Invoice.objects.only("notes").get().notes == "due in May"


@pytest.mark.parametrize("names", [("email",), ("email_index",), ("email_index", "notes"), ("email", "email_index"), ("tenant",)])
@pytest.mark.parametrize("how", ["defer", "only"])
def test_a_row_that_is_loaded_in_part_is_saved(how: str, names: tuple[str, ...]) -> None:
    key = invoice().pk
    others = [field.name for field in Invoice._meta.concrete_fields if field.name not in ("id", *names)]

    def part() -> Invoice:
        rows = Invoice.objects.defer(*names) if how == "defer" else Invoice.objects.only(*others)
        return rows.get(pk=key)

    def finds(value: str) -> bool:
        return Invoice.objects.filter(tenant="acme", email__matches=value).exists()

    row = part()
    row.title = "changed"
    row.save()
    assert Invoice.objects.get().title == "changed" and finds(ANN)
    row = part()
    row.email = BOB
    row.save()
    assert Invoice.objects.get().email == BOB and finds(BOB) and not finds(ANN)
    row, same = part(), Invoice.objects.get()
    same.email = ANN
    same.save()
    row.save()
    assert finds(Invoice.objects.get().email), "of the same time, whichever that is"
    row = part()
    row.email = None
    row.save()
    assert stored("email_sealed") == stored("email_index") == [None]


@pytest.mark.parametrize("save", [
    lambda row: row.save(), lambda row: row.save(update_fields=["email", "email_index"]),
    lambda row: Invoice.objects.bulk_update([row], ["email"]),
    lambda row: Invoice.objects.bulk_create([row], update_conflicts=True, update_fields=["email", "email_index"], unique_fields=["id"]),
])  # fmt: skip
@pytest.mark.parametrize("wrong", [lambda: None, lambda: invoice(email=BOB).email_index])
def test_saving_makes_an_index_again(wrong: Any, save: Any) -> None:
    row = Invoice.objects.get(pk=invoice().pk)
    right = row.email_index
    row.email_index = wrong()
    save(row)
    assert Invoice.objects.get(tenant="acme", email__matches=ANN).email_index == right
    Invoice.objects.filter(pk=row.pk).update(email=None, email_index=None)
    row = Invoice.objects.get(pk=row.pk)
    row.email_index = wrong()
    row.email = None
    save(row)
    assert Invoice.objects.get(pk=row.pk).email_index is None


def test_a_row_whose_index_has_no_key_any_more_is_saved(keys: portward.KeyStore) -> None:
    row = Invoice.objects.get(pk=invoice().pk)
    keys.scope("acme", f"index:{Invoice._meta.db_table}.email").destroy(backups_kept=0)
    row.title = "changed"
    row.save()
    assert Invoice.objects.get().title == "changed"
    row.email = BOB
    with pytest.raises(portward.InvalidValue):
        row.save()


class Watched:
    """Keys that tell what is asked for, and from which thread."""

    def __init__(self, keys: portward.KeyStore) -> None:
        self.keys = keys
        self.threads: set[int] = set()
        self.asked: list[str] = []

    def scope(self, tenant: str, scope: str) -> portward.Scope:
        self.threads.add(threading.get_ident())
        self.asked.append(scope)
        return self.keys.scope(tenant, scope)


def test_asynchronously_the_loop_never_opens(keys: portward.KeyStore) -> None:
    watched = Watched(keys)
    django_app.CURRENT["keys"] = watched
    conf.forget()

    async def story() -> None:
        row = await Invoice.objects.acreate(tenant="acme", email=ANN, notes="due in May")
        found = [row async for row in Invoice.objects.filter(tenant="acme", email__matches=ANN)]
        assert [row.pk for row in found] == [row.pk]
        assert await Invoice.objects.filter(tenant="acme", email__matches=ANN).acount() == 1
        assert (await Invoice.objects.aget(tenant="acme", email__matches=ANN)).pk == row.pk
        with pytest.raises(SynchronousOnlyOperation):
            _ = found[0].notes
        assert await aopen(found[0], "notes") == "due in May"
        found[0].notes = "changed"
        await found[0].asave()
        assert await aopen(await Invoice.objects.aget(), "notes") == "changed"
        await sync_to_async(forget)()

    asyncio.run(story())
    assert watched.threads
    assert threading.get_ident() not in watched.threads


def test_checks_name_what_is_wrong() -> None:
    found = {(message.id, message.obj.model.__name__) for message in run_checks() if message.id.startswith("portward.")}
    assert found == {(f"portward.E{n:03}", "Plainly") for n in (2, 3, 4, 5, 11)}


def declared(**fields: Any) -> Any:
    """A model with these fields."""
    usual = {"id": models.UUIDField(primary_key=True, default=uuid.uuid4), "tenant": models.CharField(max_length=64)}
    options = type("Meta", (), {"app_label": "django_app", "base_manager_name": "objects", **fields.pop("options", {})})
    members = {"__module__": __name__, "objects": EncryptedManager(), "Meta": options, **usual, **fields}
    with isolate_apps():
        return type("Declared", (models.Model,), members)


class Slugged(models.SlugField):
    """It makes its value as the row is saved, by its place among the fields."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        setattr(model_instance, self.attname, getattr(model_instance, self.attname).lower())
        return super().pre_save(model_instance, add)


GENERATED = [] if VERSION < (5,) else [(
    lambda: models.GeneratedField(expression=Lower("slug"), output_field=models.CharField(max_length=64), db_persist=True),
    {"slug": models.CharField(max_length=64)},
)]  # fmt: skip


def sealed(**options: Any) -> EncryptedTextField:
    return EncryptedTextField(tenant="tenant", **options)


def index(**options: Any) -> BlindIndexField:
    return BlindIndexField(**{"of": "email", "bits": 12, **options})


@pytest.mark.parametrize(("fields", "found"), [
    ({"email": sealed(), "one": index()}, set()),
    ({"email": sealed(), "options": {"unique_together": [("tenant", "email")]}}, {"E005"}),
    ({"email": sealed(), "options": {"constraints": [models.UniqueConstraint(fields=["tenant", "email"], name="u")]}}, {"E005"}),
    ({"email": sealed(default="")}, {"E006"}),
    ({"email": sealed(), "options": {"db_table": "t" * 58}}, {"E007"}),
    ({"email": sealed(sealed_as="short.email"), "options": {"db_table": "t" * 58}}, set()),
    ({"email": sealed(), "one": index(), "options": {"db_table": "t" * 53}}, {"E007"}),
    ({"email": sealed(), "options": {"db_table": "t" * 57}}, set()),
    ({"email": sealed(), "options": {"db_table": "zwei worte"}}, {"E007"}),
    ({"email": sealed(), "one": index(of="emial")}, {"E008"}),
    ({"email": EncryptedBinaryField(tenant="tenant"), "one": index()}, {"E008"}),
    ({"email": sealed(), "one": index(), "two": index(normaliser="digits", version=2)}, {"E009"}),
    ({"email": sealed(), "one": index(bits=0)}, {"E010"}), ({"email": sealed(), "one": index(bits=257)}, {"E010"}),
    ({"email": sealed(), "one": index(version=256)}, {"E010"}), ({"email": sealed(), "one": index(normaliser="lower")}, {"E010"}),
    ({"email": sealed(), "plain": models.Manager(), "options": {"default_manager_name": "objects"}}, {"E004"}), ({"email": sealed(), "other": EncryptedManager()}, set()),
    ({"email": sealed(), "options": {"base_manager_name": None}}, {"E011"}),
    ({"email": sealed(), "tenant": Slugged(max_length=64)}, {"E016"}),
    ({"email": sealed(), "id": Slugged(max_length=64, primary_key=True)}, {"E016"}),
    *(({"email": sealed(), "tenant": made(), **slug}, {"E015"}) for made, slug in GENERATED),
    *(({"email": sealed(), "tenant": models.ForeignKey(Invoice, on_delete, null=True, default=None)}, found) for on_delete, found in (
        (models.CASCADE, set()), (models.PROTECT, set()), (models.RESTRICT, set()), (models.DO_NOTHING, set()),
        (models.SET_NULL, {"E013"}), (models.SET_DEFAULT, {"E013"}), (models.SET("other"), {"E013"}))),
])  # fmt: skip
def test_checks_of_a_declaration(fields: dict[str, Any], found: set[str]) -> None:
    assert checked(declared(**fields)) == {f"portward.{one}" for one in found}


def test_a_tenant_that_is_made_before_its_value_is_no_mistake() -> None:
    tenant = Slugged(max_length=64)  # made first, so that it is the first of the fields
    assert checked(declared(email=sealed(), tenant=tenant)) == set()


@pytest.mark.skipif(VERSION < (5, 2), reason="Django has keys of several columns since 5.2")
def test_a_key_of_several_columns_is_a_mistake() -> None:
    several = {"number": models.IntegerField(), "id": None, "pk": models.CompositePrimaryKey("tenant", "number")}
    assert checked(declared(email=sealed(), **several)) == {"portward.E017"}


def test_an_index_is_in_the_table_of_its_value() -> None:
    parent = declared(email=sealed())
    with isolate_apps():
        options = type("Meta", (), {"app_label": "django_app", "base_manager_name": "objects"})
        child = type("Child", (parent,), {"__module__": __name__, "Meta": options, "email_index": index()})
    assert {message.id for message in child._meta.get_field("email_index").check() if message.id.startswith("portward.")} == {"portward.E008"}


def test_a_check_asks_for_the_setting_of_the_keys() -> None:
    with override_settings(PORTWARD_KEYS=None):
        assert checked(declared(email=sealed())) == {"portward.W002"}


class AskedBy(EncryptedManager):
    """As one that knows who asks, which a check does not say."""

    def get_queryset(self) -> Any:
        raise LookupError("nobody asks")


class AskedPlainly(models.Manager):
    get_queryset = AskedBy.get_queryset


def test_checks_say_of_a_manager_that_raises_what_its_class_says() -> None:
    assert checked(declared(email=sealed(), objects=AskedBy())) == set()
    assert checked(declared(email=sealed(), objects=AskedPlainly())) == {"portward.E004", "portward.E011"}


def test_checks_say_of_a_model_once_what_is_wrong_with_it() -> None:
    def found(**fields: Any) -> list[str]:
        parent = declared(objects=models.Manager(), **fields)
        members = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "django_app"}), "own": sealed()}
        with isolate_apps():
            both = (parent, type("Child", (parent,), members))
        messages = [message for model in both for field in model._meta.local_fields for message in field.check()]
        return sorted(message.id for message in messages if message.id in ("portward.E004", "portward.E011"))

    of_both = ["portward.E004", "portward.E004", "portward.E011", "portward.E011"]
    assert found(email=sealed()) == found(email=sealed(), notes=sealed()) == of_both


def checked(model: Any) -> set[str]:
    messages = [message for field in model._meta.local_fields for message in field.check()]
    return {message.id for message in messages if message.id.startswith("portward.")}


@pytest.mark.parametrize("is_proxy", [True, False])
def test_checks_look_at_the_classes_that_inherit(is_proxy: bool) -> None:
    def child(of: Any, **members: Any) -> Any:
        options = type("Meta", (), {"app_label": "django_app", "proxy": is_proxy})
        with isolate_apps():
            return type("Child", (of,), {"__module__": __name__, "Meta": options, **members})

    parent = declared(email=sealed())
    child(parent)
    assert checked(parent) == set()
    # A class that nobody holds is gone some time, and nothing is wrong then.
    grandchild = child(child(parent), plain=models.Manager())
    assert checked(parent) == {"portward.E004"}, grandchild


def test_checks_want_the_tenant_in_the_table_of_the_value() -> None:
    parent = declared(plain=models.Manager(), options={"base_manager_name": None})
    options = type("Meta", (), {"app_label": "django_app", "base_manager_name": "objects"})
    members = {"__module__": __name__, "Meta": options, "objects": EncryptedManager()}
    with isolate_apps():
        child = type("Child", (parent,), {**members, "secret": EncryptedTextField(tenant="tenant")})
        own = type("Own", (parent,), {**members, "of": models.CharField(max_length=64), "secret": EncryptedTextField(tenant="of")})
    assert checked(child) - checked(own) == {"portward.E012"}
    assert checked(parent) == set()


def test_a_migration_has_the_manager_that_looks() -> None:
    state = ModelState.from_model(Invoice)
    assert MigrationWriter.serialize(dict(state.managers)["objects"])[0] == "portward.django.query.EncryptedManager()"
    then = state.render(StateApps([], {}))
    row = invoice()
    for manager in (then.objects, then._base_manager):
        with pytest.raises(RowError):
            manager.filter(pk=row.pk).update(tenant="other")
    assert then.objects.get(pk=row.pk).notes == "due in May"


class Own(EncryptedQuerySet):
    pass


class OwnManager(EncryptedManager.from_queryset(Own)):  # type: ignore[misc]
    """As the README says: a migration names its class."""


@pytest.mark.parametrize(("manager", "told"), [
    (Own.as_manager(), f"{__name__}.Own.as_manager()"), (OwnManager(), f"{__name__}.OwnManager()"),
])  # fmt: skip
def test_a_migration_has_the_manager_of_an_own_query_set(manager: Any, told: str) -> None:
    model = declared(email=sealed(), objects=manager)
    assert checked(model) == set()
    state = ModelState.from_model(model)
    assert MigrationWriter.serialize(dict(state.managers)["objects"])[0] == told
    then = state.render(StateApps([], {}))
    for one in (then.objects, then._base_manager):
        assert isinstance(one.get_queryset(), Own)
        with pytest.raises(RowError):
            one.update(tenant="other")


def test_a_manager_that_migrations_do_not_have_is_told_of() -> None:
    without = declared(email=sealed(), objects=models.Manager.from_queryset(Own)())
    assert checked(without) == {"portward.E014"}
    assert not isinstance(ModelState.from_model(without).render(StateApps([], {})).objects.get_queryset(), Own)
    with pytest.raises(ValueError, match="Could not find manager"):
        ModelState.from_model(declared(email=sealed(), objects=EncryptedManager.from_queryset(Own)())).managers[0][1].deconstruct()


def test_choices_are_those_of_the_plaintext() -> None:
    row = declared(kind=sealed(choices=[("a", "Alpha")], null=True))(tenant="acme", kind="a")
    row.kind = "a"
    row._meta.get_field("kind").seal(row)
    assert row.get_kind_display() == "Alpha"
    row.kind = "other"
    assert row.get_kind_display() == "other"


def test_a_form_has_no_bytes() -> None:
    assert list(modelform_factory(Invoice, fields="__all__").base_fields) == ["id", "tenant", "title", "notes", "email"]


def test_a_field_comes_back_from_a_migration() -> None:
    for name in ("email", "email_index", "scan"):
        field = Invoice._meta.get_field(name)
        _, path, args, options = field.deconstruct()
        assert type(field)(*args, **options).deconstruct()[1:] == (path, args, options)
        assert MigrationWriter.serialize(field)
    assert EncryptedTextField(tenant="t", sealed_as="old.name").deconstruct()[3]["sealed_as"] == "old.name"
