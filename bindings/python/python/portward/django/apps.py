"""What `INSTALLED_APPS` names."""

from __future__ import annotations

from django.apps import AppConfig


class PortwardConfig(AppConfig):
    """The application "portward.django". Raises nothing of its own: Django makes it."""

    name = "portward.django"
    label = "portward"
    verbose_name = "Portward"

    def ready(self) -> None:
        """Has the checks registered. Raises nothing."""
        from . import checks  # noqa: F401
