"""Views behind a guard and a cache, and one that an address reaches without the argument it is guarded by."""

from __future__ import annotations

from collections.abc import Coroutine
from itertools import count
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_page

from portward.django.decorators import session_required

NUMBERS = count()


@session_required()
def silent(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.access.client} {next(NUMBERS)}")


@session_required()
def public(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.access.client} {next(NUMBERS)}", headers={"cache-control": "public, max-age=60"})


@session_required()
def unstored(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.access.client} {next(NUMBERS)}", headers={"cache-control": "no-store"})


@session_required()
def shouted(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.access.client} {next(NUMBERS)}", headers={"cache-control": "Private"})


@method_decorator(session_required(), name="dispatch")
class Later(View):
    """Its `dispatch` is a plain function that gives a coroutine."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"{request.access.client} {next(NUMBERS)}")


@session_required()
def hands_on(request: HttpRequest) -> Coroutine[Any, Any, HttpResponse]:
    return Later().get(request)


async def handed_on(request: HttpRequest) -> HttpResponse:
    return await hands_on(request)


VIEWS = {
    "silent": silent,
    "public": public,
    "unstored": unstored,
    "shouted": shouted,
    "later": Later.as_view(),
    "handed-on": handed_on,
}


@session_required("files:read", resource="name")
def file(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(name)


urlpatterns = [
    *(path(f"page/{name}", cache_page(60)(view)) for name, view in VIEWS.items()),
    *(path(f"site/{name}", view) for name, view in VIEWS.items()),
    path("named/<str:name>", file),
    re_path("^unnamed/(.)$", file),
]
