"""What `manage.py check` says about the settings."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, get_args

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db.models import SET_DEFAULT, SET_NULL, AutoField, Field, UniqueConstraint
from django.db.models.fields import NOT_PROVIDED

from .._column import Normaliser
from .fields import BlindIndexField, EncryptedTextField, encrypted
from .query import EncryptedQuerySet

MIDDLEWARE = "portward.django.middleware.PortalMiddleware"


@register(Tags.security)
def settings_are_there(**_: Any) -> Iterable[CheckMessage]:
    """The gate is named where the middleware is used, and the middleware stands first. Raises nothing: the messages say what is wrong."""
    middleware = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in middleware:
        return
    if not getattr(settings, "PORTWARD_GATE", None):
        yield Error("The setting PORTWARD_GATE is missing.", id="portward.E001")
    if middleware[0] != MIDDLEWARE:
        yield Warning("PortalMiddleware should stand first, so that no other middleware changes its answers.", id="portward.W001")


def of_field(field: Any) -> Iterable[CheckMessage]:
    """An encrypted field knows its row before that is stored, and is looked for in the one way. Raises nothing: the messages say what is wrong."""
    options = field.model._meta
    if field.tenant not in _names(options.concrete_fields):
        yield Error(f"The model has no field '{field.tenant}' for the tenant.", obj=field, id="portward.E002")
    elif field.tenant not in _names(options.local_concrete_fields):
        hint = "Declare both in one model."
        yield Error("The tenant is in the table of another model, where it changes unseen.", obj=field, hint=hint, id="portward.E012")
    elif _is_set(field.tenant_field):
        hint = "Take PROTECT, RESTRICT or CASCADE."
        yield Error("on_delete changes the tenant unseen, and nothing opens any more.", obj=field, hint=hint, id="portward.E013")
    elif getattr(field.tenant_field, "generated", False):
        yield Error("The database makes the tenant, and changes it unseen.", obj=field, id="portward.E015")
    elif _is_made_later(field.tenant_field, field) or _is_made_later(options.pk, field):
        hint = "Declare both before it."
        yield Error("The tenant or the primary key is made as the row is saved, after the value was sealed for it.", obj=field, hint=hint, id="portward.E016")
    if len(getattr(options, "pk_fields", ())) > 1:
        yield Error("A row with encrypted values has a primary key of one column.", obj=field, id="portward.E017")
    if isinstance(options.pk, AutoField) and not options.proxy:
        hint = "Take a UUIDField with default=uuid.uuid4."
        yield Error("The primary key has to be known before the row is stored.", obj=field, hint=hint, id="portward.E003")
    if not getattr(settings, "PORTWARD_KEYS", None):
        yield Warning("The setting PORTWARD_KEYS is missing, by which it is sealed.", obj=field, id="portward.W002")
    for model in _of_the_table(field.model):
        if encrypted(model)[0] is field:  # once for each model
            yield from _of_managers(model, field)
    if field.unique or any(field.name in together for together in _unique_together(options)):
        yield Error("Equal values are encrypted differently: unique has no effect.", obj=field, id="portward.E005")
    if field.has_default() or getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED:
        yield Error("A default would not be encrypted: assign a value, or take null=True.", obj=field, id="portward.E006")
    if not field.sealing.has_fitting_names():
        hint = "Give another `table.column` as sealed_as."
        yield Error("`table.column` is too long, or not of ASCII, to name the keys.", obj=field, hint=hint, id="portward.E007")


def _of_managers(model: Any, field: Any) -> Iterable[CheckMessage]:
    if not all(map(_is_encrypted, model._meta.managers)):
        hint = "A query set of your own derives from EncryptedQuerySet, or stands in EncryptedManager.from_queryset(…)."
        yield Error(f"{model.__name__} needs `objects = EncryptedManager()`, and no plain manager.", obj=field, hint=hint, id="portward.E004")
    if not _is_encrypted(model._meta.base_manager):
        hint = 'Add `base_manager_name = "objects"` to its Meta: what a foreign key adds goes through that manager.'
        yield Error(f"The base manager of {model.__name__} stores what does not open.", obj=field, hint=hint, id="portward.E011")
    for manager in (model._meta.base_manager, model._meta.default_manager):
        if _is_encrypted(manager) and not manager.use_in_migrations:
            hint = "Say `use_in_migrations = True` in its class, as EncryptedManager does."
            yield Error(f"In migrations a plain manager stands for {model.__name__}.{manager.name}.", obj=field, hint=hint, id="portward.E014")
            break


def of_index(field: Any) -> Iterable[CheckMessage]:
    """A blind index has a text that it is of, for itself, and parameters that there are. Raises nothing: the messages say what is wrong."""
    fields = field.model._meta.concrete_fields
    if not any(isinstance(one, EncryptedTextField) and one.name == field.of for one in field.model._meta.local_concrete_fields):
        yield Error(f"The model has no EncryptedTextField '{field.of}' in its own table.", obj=field, id="portward.E008")
    if next(one for one in fields if isinstance(one, BlindIndexField) and one.of == field.of) is not field:
        yield Error(f"'{field.of}' has a blind index already: this one stays empty.", obj=field, id="portward.E009")
    bits, normaliser, version = field.options.bits, field.options.normaliser, field.options.version
    if bits not in range(1, 257) or version not in range(1, 256) or normaliser not in get_args(Normaliser):
        hint = f"1 to 256 bits, a version from 1 to 255, and one of {', '.join(get_args(Normaliser))}."
        yield Error("The parameters of the blind index are wrong.", obj=field, hint=hint, id="portward.E010")


def _names(fields: Iterable[Any]) -> set[str]:
    return {name for field in fields for name in (field.name, field.attname)}


def _of_the_table(model: Any) -> Iterable[Any]:
    """A model and those that inherit from it, which write to its table too."""
    yield model
    for one in model.__subclasses__():
        yield from _of_the_table(one)


def _is_encrypted(manager: Any) -> bool:
    try:
        return isinstance(manager.get_queryset(), EncryptedQuerySet)
    except Exception:  # noqa: BLE001  # It may need to know who asks, and nobody does.
        return issubclass(getattr(manager, "_queryset_class", object), EncryptedQuerySet)


def _is_set(field: Any) -> bool:
    """Whether a foreign key becomes another one when what it names is deleted. SET(...) can be deconstructed, as no other is."""
    on_delete = getattr(field.remote_field, "on_delete", None)
    return on_delete in (SET_DEFAULT, SET_NULL) or hasattr(on_delete, "deconstruct")


def _is_made_later(place: Any, field: Any) -> bool:
    """Whether a tenant or primary key has a `pre_save` of its own, which is asked in the order of the fields."""
    later = itertools.dropwhile(lambda one: one is not field, field.model._meta.concrete_fields)
    return type(place).pre_save is not Field.pre_save and any(one is place for one in later)


def _unique_together(options: Any) -> Iterable[Iterable[str]]:
    yield from options.unique_together
    yield from (constraint.fields for constraint in options.constraints if isinstance(constraint, UniqueConstraint))
