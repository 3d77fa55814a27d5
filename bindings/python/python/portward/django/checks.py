"""What `manage.py check` says about the settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db.models import AutoField

from .query import EncryptedQuerySet

MIDDLEWARE = "portward.django.middleware.PortalMiddleware"


@register(Tags.security)
def settings_are_there(**_: Any) -> Iterable[CheckMessage]:
    """The gate is named where the middleware is used, and the middleware stands first."""
    middleware = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in middleware:
        return
    if not getattr(settings, "PORTWARD_GATE", None):
        yield Error("The setting PORTWARD_GATE is missing.", id="portward.E001")
    if middleware[0] != MIDDLEWARE:
        yield Warning("PortalMiddleware should stand first, so that no other middleware changes its answers.", id="portward.W001")


def of_field(field: Any) -> Iterable[CheckMessage]:
    """An encrypted field knows its row before that is stored, and is looked for in the one way."""
    options = field.model._meta
    names = {name for known in options.concrete_fields for name in (known.name, known.attname)}
    if field.tenant not in names:
        yield Error(f"The model has no field '{field.tenant}' for the tenant.", obj=field, id="portward.E002")
    if isinstance(options.pk, AutoField) and not options.proxy:
        hint = "Take a UUIDField with default=uuid.uuid4."
        yield Error("The primary key has to be known before the row is stored.", obj=field, hint=hint, id="portward.E003")
    if not isinstance(options.default_manager.get_queryset(), EncryptedQuerySet):
        yield Error("The model needs `objects = EncryptedManager()`.", obj=field, id="portward.E004")
    if field.unique:
        yield Error("Equal values are encrypted differently: unique has no effect.", obj=field, id="portward.E005")
