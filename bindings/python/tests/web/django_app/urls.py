"""The routes of tests/web/apps.py."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from portward.django.decorators import session_required


@session_required()
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.access.client)


@session_required("files:read", resource="name")
def file(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(name)


@session_required()
def inner(request: HttpRequest, name: str) -> HttpResponse:
    request.access.require("files:read", name)
    return HttpResponse(name)


@session_required("invoices:read")
async def invoices(request: HttpRequest) -> HttpResponse:
    return HttpResponse("all invoices")


urlpatterns = [
    path("portal/", home),
    path("portal/file/<str:name>", file),
    path("portal/inner/<str:name>", inner),
    path("portal/invoices", invoices),
    path("portal/send", home),
]
