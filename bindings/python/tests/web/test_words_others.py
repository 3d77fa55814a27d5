"""What Python and the frameworks raise out of a call was said too."""

from __future__ import annotations

import asyncio
import pickle
import uuid
from collections.abc import Callable
from typing import Any

import flask
import pytest
from sqlalchemy import String, Uuid
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import portward
from portward import asgi, wsgi
from portward.flask import Portward
from portward.http import Gate, Request
from portward.sqlalchemy import EncryptedText
from said import raised, words

from .browser import HOST
from .frameworks import set_up_django
from .test_guards import session_of


class Base(DeclarativeBase):
    pass


class Written(Base):
    __tablename__ = "written_down"
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    tenant: Mapped[str] = mapped_column(String)
    notes = EncryptedText(lambda: None)  # type: ignore[arg-type, return-value]  nothing is sealed here


def said(call: Any, kind: type[Exception], right: Callable[[], object], wrong: Callable[[], object]) -> bool:
    right()
    with pytest.raises(kind):
        wrong()
    return f"`{kind.__name__}`" in raised(words(call))


def test_what_python_raises_was_said() -> None:
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/x"}
    request = Request("GET", "/x", [])
    assert said(asgi.request_of, KeyError, lambda: asgi.request_of(scope), lambda: asgi.request_of({"type": "lifespan"}))
    assert said(wsgi.request_of, KeyError, lambda: wsgi.request_of(environ), lambda: wsgi.request_of({}))
    for name in ("PATH_INFO", "HTTP_X"):
        assert said(wsgi.request_of, UnicodeEncodeError, lambda: wsgi.request_of(environ | {name: "a"}), lambda: wsgi.request_of(environ | {name: "\u20ac"}))
    assert said(Request, TypeError, lambda: repr(request), lambda: pickle.dumps(request))


def test_what_flask_raises_was_said(store: portward.Store) -> None:
    gate, app, used = Gate(portward.Portal(HOST), store), flask.Flask("portal"), flask.Flask("used")
    used.test_client().get("/")
    assert said(Portward.init_app, AssertionError, lambda: Portward(gate, app), lambda: Portward(gate, used))
    cookie, portal = f"__Host-portward-session={session_of(store)}", Portward(gate)

    def inside() -> None:
        with app.test_request_context(headers={"cookie": cookie}):
            portal.session()

    assert said(Portward.session, RuntimeError, inside, portal.session)


def test_what_django_raises_was_said() -> None:
    set_up_django()
    from portward.django.fields import aopen

    from .django_app.models import Invoice

    row = Invoice(tenant="acme", notes="due")
    assert said(aopen, AttributeError, lambda: asyncio.run(aopen(row, "notes")), lambda: asyncio.run(aopen(row, "nots")))


def test_what_sqlalchemy_raises_was_said() -> None:
    notes, row = vars(Written)["notes"], Written(id=str(uuid.uuid4()), tenant="acme")
    assert said(EncryptedText.sealing, NoInspectionAvailable, lambda: notes.sealing(row), lambda: notes.sealing(object()))
    assert said(EncryptedText.place, ValueError, lambda: notes.place(row), lambda: notes.place(Written(id="no uuid", tenant="acme")))
