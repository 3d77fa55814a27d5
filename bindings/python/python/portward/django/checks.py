"""What `manage.py check` says about the settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

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
