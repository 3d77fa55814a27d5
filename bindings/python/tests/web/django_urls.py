from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path

from portward.django.decorators import session_required

from .frameworks import APPLICATION, CURRENT, tell


@session_required()
def files(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers=tell(request.access, request.headers.get("authorization")))


@session_required("files:read", resource="name")
def file(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(f"{name} of {request.access.client}")


@session_required("invoices:read")
async def invoices(request: HttpRequest) -> HttpResponse:
    return HttpResponse("all invoices")


def told_session(request: HttpRequest) -> HttpResponse:
    return files(request) if CURRENT["session"] else other(request)


def other(request: HttpRequest) -> HttpResponse:
    return HttpResponse(APPLICATION)


urlpatterns = [
    path("portal/files", told_session),
    path("portal/file/<str:name>", file),
    path("portal/invoices", invoices),
    re_path("", other),
]
