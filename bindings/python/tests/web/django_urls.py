"""For the vectors: a route for a session where the case has one, and all else is the application's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path

from portward.django.decorators import session_required

from .frameworks import APPLICATION, CURRENT, tell


@session_required()
def files(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers=tell(request.access, request.headers.get("authorization")))


def told_session(request: HttpRequest) -> HttpResponse:
    return files(request) if CURRENT["session"] else other(request)


def other(request: HttpRequest) -> HttpResponse:
    return HttpResponse(APPLICATION)


urlpatterns = [path("portal/files", told_session), re_path("", other)]
