"""Encrypted fields of Django: a value is sealed for the row that the database then has, whatever names that row."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import pytest

import portward
from databases import KINDS

from .frameworks import set_up_django

set_up_django()

from django.db import IntegrityError, connection, models  # noqa: E402
from django.db.migrations import AddField, AlterField, RemoveField  # noqa: E402
from django.db.migrations.state import ModelState, ProjectState  # noqa: E402
from django.db.models import Value  # noqa: E402
from django.db.models.functions import Lower  # noqa: E402
from django.db.models.signals import pre_save  # noqa: E402
from django.test.utils import isolate_apps  # noqa: E402

from portward.django import conf  # noqa: E402
from portward.django.fields import BlindIndexField, EncryptedTextField, RowError  # noqa: E402
from portward.django.query import EncryptedManager  # noqa: E402

from . import django_app  # noqa: E402
from .test_django_fields import by_default, in_postgres  # noqa: E402


@pytest.fixture(autouse=True, params=KINDS)
def ours(request: pytest.FixtureRequest, keys: portward.KeyStore) -> Iterator[None]:
    django_app.CURRENT["keys"] = keys
    conf.forget()
    with ExitStack() as stack:
        if request.param == "postgres":
            stack.enter_context(by_default(in_postgres(request.getfixturevalue("postgres"))))
        stack.enter_context(isolate_apps())
        yield


@contextmanager
def table(base_manager: str | None = "objects", **fields: Any) -> Iterator[Any]:
    """A model, and its table as long as it is needed."""
    options = type("Meta", (), {"app_label": "django_app", "base_manager_name": base_manager})
    usual = {"id": models.UUIDField(primary_key=True, default=uuid.uuid4), "tenant": models.CharField(max_length=64)}
    of_secret = {"secret": EncryptedTextField(tenant="tenant"), "secret_index": BlindIndexField(of="secret", bits=12)}
    members = {"__module__": __name__, "Meta": options, "objects": EncryptedManager(), **usual, **of_secret, **fields}
    model: Any = type("Placed", (models.Model,), members)
    with connection.schema_editor() as editor:
        editor.create_model(model)
    try:
        yield model
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(model)


class Name(str, enum.Enum):
    """Of which `str` says "Name.ACME", where the database keeps "acme"."""

    ACME = "acme"
    __str__ = enum.Enum.__str__


class Number(int, enum.Enum):
    ONE = 1
    __str__ = enum.Enum.__str__


class Shown(uuid.UUID):
    def __str__(self) -> str:
        return "shown"


class Lowered(models.CharField):
    """Its database has another text than was given."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else str(value).lower()


class AsBytes(models.Field):
    """Its database has bytes, its rows a UUID."""

    def get_internal_type(self) -> str:
        return "BinaryField"

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, uuid.UUID) else uuid.UUID(str(value))

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else self.to_python(value).bytes

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else uuid.UUID(bytes=bytes(value))


class AsDriverBytes(AsBytes):
    """The same, as Django's own field of bytes tells a driver."""

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return None if value is None else connection.Database.Binary(self.to_python(value).bytes)


class OwnUuid(models.UUIDField):
    """What Django's own reads comes to it."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return Shown(int=value.int)


class Prefixed(models.CharField):
    """Its database has no prefix, its rows have one."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else str(value).removeprefix("inv_")

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return f"inv_{value}"


TEXT, NUMBER = models.CharField(max_length=64, primary_key=True), models.IntegerField(primary_key=True)
LOWERED, A_UUID = Lowered(max_length=64, primary_key=True), models.UUIDField(primary_key=True)


@pytest.mark.parametrize(("key", "given"), [
    (TEXT, "plain"), (TEXT, Name.ACME), (NUMBER, 7), (NUMBER, Number.ONE), (LOWERED, "plain"), (LOWERED, "ABC"),
    (A_UUID, uuid.uuid4()), (A_UUID, Shown(int=7)), (AsBytes(primary_key=True), uuid.uuid4()), (AsBytes(primary_key=True), str(uuid.uuid4())),
    (AsDriverBytes(primary_key=True), uuid.uuid4()), (OwnUuid(primary_key=True), str(uuid.uuid4())),
    (Prefixed(max_length=64, primary_key=True), "inv_1"), (Prefixed(max_length=64, primary_key=True), "1"),
])  # fmt: skip
def test_a_value_opens_whatever_its_key_calls_itself(key: Any, given: Any) -> None:
    with table(id=key.clone()) as model:
        assert model.objects.create(id=given, tenant="acme", secret="of one").secret == "of one"
        assert model.objects.get().secret == "of one"
        row = model.objects.get(id=given)
        row.secret = "changed"
        row.save()
        assert model.objects.get().secret == "changed"
        row.secret = "again"
        assert model.objects.bulk_update([row], ["secret"]) == 1
        assert model.objects.get().secret == "again"


def test_a_value_is_sealed_under_the_key_that_its_row_has(keys: portward.KeyStore) -> None:
    with table(id=Prefixed(max_length=64, primary_key=True)) as model:
        sealing = model._meta.get_field("secret").sealing
        row = model.objects.create(id="inv_1", tenant="acme", secret="of one")
        assert sealing.open(keys, "acme", "inv_1", row.secret_sealed) == "of one"
        with pytest.raises(portward.Unreadable):
            sealing.open(keys, "acme", "1", row.secret_sealed)


@pytest.mark.parametrize(("field", "given"), [(models.CharField, "acme"), (models.CharField, Name.ACME), (Lowered, "acme"), (Lowered, "ACME"), (Prefixed, "acme")])
def test_a_value_is_found_whatever_its_tenant_calls_itself(field: Any, given: Any, keys: portward.KeyStore) -> None:
    keys.new_tenant("inv_acme")
    with table(tenant=field(max_length=64)) as model:
        row = model.objects.create(tenant=given, secret="of one")
        for tenant in (given, "acme"):
            assert model.objects.get(tenant=tenant, secret__matches="of one") == row
        row.save(update_fields=["tenant"])
        assert model.objects.get().secret == "of one"


@contextmanager
def tenants() -> Iterator[tuple[Any, Any]]:
    """Two rows of a table of tenants."""
    options = type("Meta", (), {"app_label": "django_app"})
    name = models.CharField(max_length=64, unique=True)
    model: Any = type("Tenant", (models.Model,), {"__module__": __name__, "Meta": options, "name": name})
    with connection.schema_editor() as editor:
        editor.create_model(model)
    try:
        yield model.objects.create(name="acme"), model.objects.create(name="other")
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(model)


def by_name(tenant: Any) -> Any:
    return models.ForeignKey(type(tenant), models.CASCADE, to_field="name", related_name="rows")


def test_a_tenant_is_given_as_its_row_or_as_what_names_it() -> None:
    with tenants() as (acme, _), table(tenant=by_name(acme)) as model:
        row = model.objects.create(tenant=acme, secret="of one")
        for place in ({"tenant": acme}, {"tenant": "acme"}, {"tenant_id": "acme"}):
            assert list(model.objects.filter(**place, secret__matches="of one")) == [row]


def test_a_foreign_key_takes_no_row_from_another_tenant() -> None:
    with tenants() as (acme, other), table(tenant=by_name(acme)) as model:
        row = model.objects.create(tenant=acme, secret="of one")
        with pytest.raises(RowError):
            other.rows.add(row)
        with pytest.raises(RowError):
            other.rows.add(model.objects.get(), bulk=False)
        assert model.objects.get().secret == "of one"
        model.objects.get().delete()
        other.rows.add(model(secret="of another"), bulk=False)
        assert model.objects.get().secret == "of another", "the control"


def test_what_only_the_database_would_know_seals_nothing() -> None:
    with table(id=models.CharField(max_length=64, primary_key=True)) as model:
        for place in ({"id": Lower(Value("QQ")), "tenant": "acme"}, {"id": "qq", "tenant": Lower(Value("ACME"))}):
            with pytest.raises(RowError, match="known to the database only"):
                model.objects.create(**place, secret="of one")
            with pytest.raises(RowError, match="known to the database only"):
                model.objects.bulk_create([model(**place, secret="of one")])
        assert not model.objects.exists()
        model.objects.create(id="qq", tenant="acme", secret="of one")
        assert model.objects.get().secret == "of one", "the control"


def test_a_receiver_moves_no_value_to_a_tenant_that_is_not_saved() -> None:
    def receiver(*, instance: Any, **_: Any) -> None:
        instance.tenant = "other"

    with table() as model:
        row = model.objects.create(tenant="acme", secret="of one")
        pre_save.connect(receiver, sender=model)
        try:
            for held in (model.objects.get(), model.objects.only("secret", "secret_index").get()):
                held.secret = "of another"
                with pytest.raises(RowError, match="a receiver"):
                    held.save(update_fields=["secret", "secret_index"])
            assert model.objects.get().secret == "of one"
            held.save(update_fields=["secret", "secret_index", "tenant"])
            assert (model.objects.get().tenant, model.objects.get().secret) == ("other", "of another"), "the control"
        finally:
            pre_save.disconnect(receiver, sender=model)
        assert model.objects.get(tenant="other", secret__matches="of another") == row


def test_a_receiver_moves_no_tenant_that_is_saved_without_its_value() -> None:
    def receiver(*, instance: Any, **_: Any) -> None:
        instance.tenant = tenant

    with table() as model:
        row = model.objects.create(tenant="acme", secret="of one")
        pre_save.connect(receiver, sender=model)
        try:
            for tenant, is_refused in (("other", True), ("acme", False)):
                for save in (lambda: row.save(update_fields=["tenant"]), model.objects.only("tenant").get().save):
                    with pytest.raises(RowError, match="save it and the tenant together") if is_refused else nullcontext():
                        save()
        finally:
            pre_save.disconnect(receiver, sender=model)
        assert (model.objects.get().tenant, model.objects.get().secret) == ("acme", "of one")


@pytest.mark.parametrize("base_manager", ["objects", None])
def test_a_tenant_that_is_saved_alone_stays_whatever_the_base_manager(base_manager: str | None) -> None:
    with table(base_manager, secret=EncryptedTextField(tenant="tenant", null=True), secret_index=BlindIndexField(of="secret", bits=12)) as model:
        row = model.objects.create(tenant="acme", secret="of one")
        deferred = model.objects.defer("secret").get()
        for one, save in ((row, lambda: row.save(update_fields=["tenant"])), (deferred, deferred.save)):
            one.tenant = "other"
            with pytest.raises(RowError, match="sealed for"):
                save()
            one.tenant = "acme"
            save()
        assert (model.objects.get().tenant, model.objects.get().secret) == ("acme", "of one")
        empty = model.objects.create(tenant="acme", secret=None)
        empty.tenant = "other"
        empty.save(update_fields=["tenant"])
        assert model.objects.get(pk=empty.pk).tenant == "other"


@pytest.mark.parametrize("base_manager", ["objects", None])
def test_so_it_does_in_what_inherits_the_column(base_manager: str | None) -> None:
    options = {"app_label": "django_app", "base_manager_name": "objects"}
    with table(base_manager) as model, ExitStack() as stack:
        other_key = models.UUIDField(primary_key=True, default=uuid.uuid4)
        first = type("First", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "django_app"}), "first": other_key})
        link = models.OneToOneField(model, models.CASCADE, parent_link=True, related_name="+")
        members = {"__module__": __name__, "objects": EncryptedManager()}
        proxy = type("Proxy", (model,), {**members, "Meta": type("Meta", (), {**options, "proxy": True})})
        child = type("Child", (model,), {**members, "Meta": type("Meta", (), options)})
        both = type("Both", (first, model), {**members, "Meta": type("Meta", (), options), "placed": link})
        for one in (first, child, both):
            with connection.schema_editor() as editor:
                editor.create_model(one)
            stack.callback(dropped, one)
        for of in (proxy, child, both):
            row: Any = of.objects.create(tenant="acme", secret="of one")
            for names, secret in ((["tenant"], "of one"), (["secret", "secret_index"], "another")):
                row.tenant, row.secret = "other", secret
                with pytest.raises(RowError, match="save it and the tenant together"):
                    row.save(update_fields=names)
                row.tenant = "acme"
                row.save(update_fields=names)
            assert (of.objects.get().tenant, of.objects.get().secret) == ("acme", "another")
            of.objects.all().delete()


def dropped(model: Any) -> None:
    with connection.schema_editor() as editor:
        editor.delete_model(model)


def test_what_a_database_takes_for_equal_is_another_tenant(keys: portward.KeyStore) -> None:
    keys.new_tenant("ACME")
    collation = "NOCASE" if connection.vendor == "sqlite" else "others_no_case"
    if connection.vendor != "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE COLLATION IF NOT EXISTS {collation} (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    careless = {"tenant": models.CharField(max_length=64, db_collation=collation), "secret_index": BlindIndexField(of="secret", bits=1)}
    with table(**careless) as model:
        model.objects.bulk_create(model(tenant=tenant, secret="of one") for tenant in ("acme", "ACME") * 8)
        assert model.objects.filter(tenant="acme").count() == 16, "the control"
        for tenant in ("acme", "ACME"):
            assert [row.tenant for row in model.objects.filter(tenant=tenant, secret__matches="of one")] == [tenant] * 8


@pytest.mark.parametrize("is_anew", [False, True])
def test_another_version_of_an_index_is_another_column(is_anew: bool) -> None:
    """As the README says: the database holds each row to the version that the column was made with."""
    new = BlindIndexField(of="secret", bits=16, version=2)
    anew = [RemoveField("Placed", "secret_index"), AddField("Placed", "secret_index", new)]
    with table() as model:
        row = model.objects.create(tenant="acme", secret="of one")
        state = ProjectState()
        state.add_model(ModelState.from_model(model))

        def migrate_and_save() -> Any:
            now = state
            for operation in anew if is_anew else [AlterField("Placed", "secret_index", new)]:
                before, now = now, now.clone()
                operation.state_forwards("django_app", now)
                with connection.schema_editor() as editor:
                    operation.database_forwards("django_app", editor, before, now)
            later = now.apps.get_model("django_app", "Placed")
            later.objects.get().save()
            return later.objects.get(tenant="acme", secret__matches="of one")

        if is_anew:
            found = migrate_and_save()
            assert (found.pk, found.secret_index[0]) == (row.pk, 2)
        else:
            with pytest.raises(IntegrityError):
                migrate_and_save()
