"""Which `Refused` the middleware answers in Django, as the README says it, and what becomes of the others."""

from __future__ import annotations

import pytest

import portward
from portward.http import Gate

from . import django_app
from .browser import HOST
from .frameworks import CURRENT, use_in_django


def test_those_of_views_and_templates_are_answered_and_no_others(store: portward.Store, caplog: pytest.LogCaptureFixture) -> None:
    use_in_django(Gate(portward.Portal(HOST), store), "refusing_urls")
    CURRENT["store"] = store
    from django.conf import settings
    from django.test import Client, override_settings

    ours = settings.MIDDLEWARE[0]
    here = f"{__package__}.refusing_urls"

    def get(path: str, middleware: list[str], **headers: str) -> tuple[int, bytes]:
        with override_settings(MIDDLEWARE=middleware):
            reply = Client(raise_request_exception=False).get(path, headers={"accept": "application/json", **headers})
            return reply.status_code, b"".join(reply)

    refused = (403, b'{"error":"refused"}')
    with caplog.at_level("INFO", "portward"):
        for path in ("/view", "/view-in-loop", "/template"):
            assert get(path, [ours]) == refused, path
            assert get(path, [])[0] == 500, "the control"
    assert [record.getMessage().split(", ")[0] for record in caplog.records if record.name == "portward"] == ["refused: link_unknown"] * 3
    assert get("/fine", [ours, f"{here}.raises"]) == (200, b"fine")
    assert get("/fine", [ours, f"{here}.raises"], **{"in-middleware": "1"})[0] == 500
    assert get("/fine", [ours, f"{here}.refuses"]) == get("/fine", [f"{here}.refuses"]) == refused
    with pytest.raises(portward.Refused):
        get("/stream", [ours])


def test_a_setting_that_names_something_else_is_refused(store: portward.Store, keys: portward.KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    use_in_django(Gate(portward.Portal(HOST), store), "django_urls")
    from django.core.exceptions import ImproperlyConfigured
    from django.test import override_settings

    from portward.django import conf

    monkeypatch.setitem(django_app.CURRENT, "keys", keys)
    right = {"PORTWARD_GATE": f"{__package__}.frameworks.current_gate", "PORTWARD_KEYS": f"{__package__}.django_app.current_keys"}
    made = {"PORTWARD_GATE": conf.gate, "PORTWARD_KEYS": conf.keys}
    for (setting, make), other in zip(made.items(), reversed(right.values())):
        with override_settings(**{setting: right[setting]}):
            assert make() in (CURRENT["gate"], keys)
        with override_settings(**{setting: other}), pytest.raises(ImproperlyConfigured, match=f"{setting} names no"):
            make()
