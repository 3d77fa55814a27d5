"""One small application with a portal, in each framework. All have the same routes.

/portal/           any session: who comes
/portal/file/NAME  `files:read` for this file
/portal/inner/NAME the same, asked for by the handler itself
/portal/invoices   `invoices:read`
/portal/send       POST, any session
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import flask
import httpx
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from portward import Access
from portward.fastapi import PortalMiddleware, Session
from portward.flask import Portward
from portward.http import Gate

from .frameworks import Asked, Told, _httpx, _of_httpx, use_in_django

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

Ask = Callable[[Asked], Told]


def starlette_app(gate: Gate) -> Any:
    async def home(request: Request) -> PlainTextResponse:
        return PlainTextResponse((await Session(gate)(request)).client)

    async def file(request: Request) -> PlainTextResponse:
        await Session(gate, "files:read", resource="name")(request)
        return PlainTextResponse(request.path_params["name"])

    async def inner(request: Request) -> PlainTextResponse:
        access = await Session(gate)(request)
        access.require("files:read", request.path_params["name"])
        return PlainTextResponse(request.path_params["name"])

    async def invoices(request: Request) -> PlainTextResponse:
        await Session(gate, "invoices:read")(request)
        return PlainTextResponse("all invoices")

    app = Starlette(
        routes=[
            Route("/portal/", home),
            Route("/portal/file/{name}", file),
            Route("/portal/inner/{name}", inner),
            Route("/portal/invoices", invoices),
            Route("/portal/send", home, methods=["POST"]),
        ]
    )
    app.add_middleware(PortalMiddleware, gate=gate)
    return app


def fastapi_app(gate: Gate) -> Any:
    app = FastAPI()
    app.add_middleware(PortalMiddleware, gate=gate)
    who = Depends(Session(gate))

    @app.get("/portal/", response_class=PlainTextResponse)
    @app.post("/portal/send", response_class=PlainTextResponse)
    async def home(access: Access = who) -> str:
        return access.client

    @app.get("/portal/file/{name}", dependencies=[Depends(Session(gate, "files:read", resource="name"))], response_class=PlainTextResponse)
    async def file(name: str) -> str:
        return name

    @app.get("/portal/inner/{name}", response_class=PlainTextResponse)
    def inner(name: str, access: Access = who) -> str:  # in a thread
        access.require("files:read", name)
        return name

    @app.get("/portal/invoices", dependencies=[Depends(Session(gate, "invoices:read"))], response_class=PlainTextResponse)
    async def invoices() -> str:
        return "all invoices"

    return app


def flask_app(gate: Gate) -> flask.Flask:
    app = flask.Flask("portal")
    portal = Portward(gate)
    portal.init_app(app)

    @app.get("/portal/")
    @app.post("/portal/send")
    @portal.required()
    def home() -> str:
        return str(flask.g.access.client)

    @app.get("/portal/file/<name>")
    @portal.required("files:read", resource="name")
    def file(name: str) -> str:
        return name

    @app.get("/portal/inner/<name>")
    def inner(name: str) -> str:
        portal.session().require("files:read", name)
        return name

    @app.get("/portal/invoices")
    @portal.required("invoices:read")
    async def invoices() -> str:
        return "all invoices"

    return app


def through_starlette(gate: Gate) -> Ask:
    client = TestClient(starlette_app(gate), follow_redirects=False)
    return lambda asked: _of_httpx(client.send(_httpx(asked)))


def through_fastapi(gate: Gate) -> Ask:
    return in_loop(fastapi_app(gate))


def through_flask(gate: Gate) -> Ask:
    client = flask_app(gate).test_client(use_cookies=False)

    def ask(asked: Asked) -> Told:
        stream = BytesIO(asked.body)
        reply = client.open(asked.target, method=asked.method, headers=asked.headers, input_stream=stream, base_url=asked.host)
        return reply.status_code, list(reply.headers), reply.data

    return ask


def through_django(gate: Gate) -> Ask:
    use_in_django(gate, "django_app.urls")
    from django.test import Client

    def ask(asked: Asked) -> Told:
        use_in_django(gate, "django_app.urls")
        client = Client()
        headers = {name: value for name, value in asked.headers if name.lower() != "content-type"}
        kind = dict(asked.headers).get("content-type", "")
        reply = client.generic(asked.method, asked.target, asked.body, content_type=kind, headers=headers, REQUEST_URI=asked.target)
        cookies = [("set-cookie", cookie.OutputString()) for cookie in reply.cookies.values()]
        return reply.status_code, [*((name.lower(), value) for name, value in reply.items()), *cookies], reply.content

    return ask


def django_asgi_app(gate: Gate) -> Any:
    use_in_django(gate, "django_app.urls")
    from django.core.handlers.asgi import ASGIHandler

    return ASGIHandler()


def through_django_asgi(gate: Gate) -> Ask:
    return in_loop(django_asgi_app(gate))


def in_loop(app: Any) -> Ask:
    async def ask(asked: Asked) -> Told:
        return await ask_asgi(app, asked)

    return lambda asked: asyncio.run(ask(asked))


async def ask_asgi(app: Any, asked: Asked) -> Told:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return _of_httpx(await client.send(_httpx(asked)))


APPS: dict[str, Callable[[Gate], Ask]] = {
    "starlette": through_starlette,
    "fastapi": through_fastapi,
    "flask": through_flask,
    "django": through_django,
    "django-asgi": through_django_asgi,
}

ASYNCHRONOUS: dict[str, Callable[[Gate], Any]] = {
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "django-asgi": django_asgi_app,
}

__all__ = ["APPS", "ASYNCHRONOUS", "Ask", "ask_asgi", "fastapi_app", "starlette_app"]
