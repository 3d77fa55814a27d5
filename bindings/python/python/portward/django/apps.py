from __future__ import annotations

from django.apps import AppConfig


class PortwardConfig(AppConfig):
    """The application "portward.django"."""

    name = "portward.django"
    label = "portward"
    verbose_name = "Portward"

    def ready(self) -> None:
        from . import checks  # noqa: F401
