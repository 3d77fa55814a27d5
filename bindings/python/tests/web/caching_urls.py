"""Views behind a guard and a cache, and one that an address reaches without the argument it is guarded by."""

from __future__ import annotations

from itertools import count

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.cache import cache_page

from portward.django.decorators import session_required

NUMBERS = count()


@session_required()
def silent(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.access.client} {next(NUMBERS)}")


@session_required()
def public(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.access.client} {next(NUMBERS)}", headers={"cache-control": "public, max-age=60"})


@session_required("files:read", resource="name")
def file(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(name)


urlpatterns = [
    path("page/silent", cache_page(60)(silent)),
    path("page/public", cache_page(60)(public)),
    path("site/silent", silent),
    path("site/public", public),
    path("named/<str:name>", file),
    re_path("^unnamed/(.)$", file),
]
