"""Each framework with the portal in it, and its own test client: a request of the vectors in, status, headers and body out.

Every application has a route for a session, which tells it in a header, and answers all other paths with its own name.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import django
import flask
import httpx
from django.conf import settings
from fastapi import Depends, FastAPI, Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

import portward.fastapi
import portward.starlette
from portward import Access
from portward.flask import Portward
from portward.http import Gate

from .vectors import is_bearer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette wants another name of httpx
    from starlette.testclient import TestClient

@dataclass
class Asked:
    """A request. session: whether the route for a session is there."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    host: str
    session: bool


Told = tuple[int, list[tuple[str, str]], bytes]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
APPLICATION = b"application"
SESSION_PATH = "/portal/files"


def tell(access: Access, authorization: str | None) -> dict[str, str]:
    return {"x-told": json.dumps({"token_id": access.token_id, "bearer": is_bearer(authorization)})}


def in_starlette(gate: Gate, asked: Asked) -> Told:
    who = portward.starlette.Session(gate)

    async def files(request: Request) -> StarletteResponse:
        access = await who(request)
        return StarletteResponse(headers=tell(access, request.headers.get("authorization")))

    async def other(request: Request) -> StarletteResponse:
        return StarletteResponse(APPLICATION)

    path, view = (SESSION_PATH, files) if asked.session else ("/{rest:path}", other)
    app = Starlette(routes=[Route(path, view, methods=METHODS)])
    app.add_middleware(portward.starlette.PortalMiddleware, gate=gate)
    client = TestClient(app, base_url=asked.host, follow_redirects=False)
    return _of_httpx(client.send(_httpx(asked)))


def in_fastapi(gate: Gate, asked: Asked) -> Told:
    app = FastAPI()
    app.add_middleware(portward.fastapi.PortalMiddleware, gate=gate)

    @app.api_route(SESSION_PATH if asked.session else "/-", methods=METHODS)
    async def files(
        response: Response, request: Request, access: Access = Depends(portward.fastapi.Session(gate))
    ) -> None:
        response.headers.update(tell(access, request.headers.get("authorization")))

    @app.api_route("/{rest:path}", methods=METHODS)
    async def other(rest: str) -> Response:
        return Response(APPLICATION)

    return _through_asgi(app, asked)


def in_flask(gate: Gate, asked: Asked) -> Told:
    app = flask.Flask("portal")
    portal = Portward(gate, app)

    path = SESSION_PATH if asked.session else "/-"

    @app.route(path, methods=METHODS)
    # What asks for a WebSocket comes to routes for it alone, as extensions make them.
    @app.route(path, methods=["GET"], endpoint="socket", websocket=True)
    @portal.required()
    def files() -> flask.Response:
        return flask.Response(headers=tell(flask.g.access, flask.request.headers.get("authorization")))

    @app.route("/", defaults={"rest": ""}, methods=METHODS)
    @app.route("/<path:rest>", methods=METHODS)
    def other(rest: str) -> bytes:
        return APPLICATION

    app.url_map.merge_slashes = False
    headers = [(name, _as_wsgi(value)) for name, value in asked.headers]
    client = app.test_client(use_cookies=False)
    # Given as a stream, the client adds nothing to it.
    stream = BytesIO(asked.body)
    reply = client.open(asked.target, method=asked.method, headers=headers, input_stream=stream, base_url=asked.host)
    return reply.status_code, list(reply.headers), reply.data


CURRENT: dict[str, Any] = {}


def current_gate() -> Gate:
    gate: Gate = CURRENT["gate"]
    return gate


def set_up_django() -> None:
    """Once a process: the settings of all tests here."""
    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            SECRET_KEY="tests",
            ROOT_URLCONF=f"{__package__}.django_urls",
            MIDDLEWARE=[
                "portward.django.middleware.PortalMiddleware",
                "django.middleware.security.SecurityMiddleware",
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.middleware.clickjacking.XFrameOptionsMiddleware",
            ],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            PORTWARD_GATE=f"{__package__}.frameworks.current_gate",
            PORTWARD_KEYS=f"{__package__}.django_app.current_keys",
            INSTALLED_APPS=["portward.django", f"{__package__}.django_app"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{tempfile.mkdtemp()}/tests.db"}},
            USE_TZ=True,
        )
        django.setup()


def use_in_django(gate: Gate, urls: str, session: bool = True) -> None:
    set_up_django()
    settings.ROOT_URLCONF = f"{__package__}.{urls}"
    from portward.django import conf

    CURRENT.update(gate=gate, session=session)
    conf.forget()


def in_django(gate: Gate, asked: Asked) -> Told:
    """As under servers that tell the path as it was sent: all usual ones."""
    return _through_client(gate, asked, {"REQUEST_URI": asked.target})


def in_django_decoded(gate: Gate, asked: Asked) -> Told:
    """As under a server that tells the decoded path only."""
    return _through_client(gate, asked, {})


def _through_client(gate: Gate, asked: Asked, extra: dict[str, str]) -> Told:
    use_in_django(gate, "django_urls", asked.session)
    from django.test import Client

    extra = {"CONTENT_TYPE": "", "CONTENT_LENGTH": str(len(asked.body)), **extra}
    for name, value in asked.headers:
        key = name.upper().replace("-", "_")
        extra[key if key == "CONTENT_TYPE" else "HTTP_" + key] = _as_wsgi(value)
    reply = Client(raise_request_exception=True).generic(asked.method, asked.target, asked.body, **extra)
    cookies = [("set-cookie", cookie.OutputString()) for cookie in reply.cookies.values()]
    return reply.status_code, [*reply.items(), *cookies], reply.content


def in_django_asgi(gate: Gate, asked: Asked) -> Told:
    use_in_django(gate, "django_urls", asked.session)
    from django.core.handlers.asgi import ASGIHandler

    return _through_asgi(ASGIHandler(), asked)


def _through_asgi(app: Any, asked: Asked) -> Told:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.send(_httpx(asked))

    return _of_httpx(asyncio.run(ask()))


def _httpx(asked: Asked) -> httpx.Request:
    headers = [(name.encode(), value.encode()) for name, value in asked.headers]
    return httpx.Request(asked.method, asked.host + asked.target, headers=headers, content=asked.body)


def _of_httpx(reply: httpx.Response) -> Told:
    return reply.status_code, reply.headers.multi_items(), reply.content


def _as_wsgi(value: str) -> str:
    """PEP 3333: bytes as the characters of their numbers."""
    return value.encode().decode("latin-1")


FRAMEWORKS = {
    "starlette": in_starlette,
    "fastapi": in_fastapi,
    "flask": in_flask,
    "django": in_django,
    "django-decoded": in_django_decoded,
    "django-asgi": in_django_asgi,
}
