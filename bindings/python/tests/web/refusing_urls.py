"""Where in Django a `Refused` is raised: by views, a template, a stream, and by middleware beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import Context, Template
from django.template.response import SimpleTemplateResponse
from django.urls import path

import portward
from portward.django.middleware import refusal

from .frameworks import CURRENT


def unknown() -> None:
    CURRENT["store"].link("studio-7", "0" * 32)


def view(request: HttpRequest) -> HttpResponse:
    unknown()
    return HttpResponse()


async def view_in_loop(request: HttpRequest) -> HttpResponse:
    raise portward.Refused("no", "link_unknown")


class Late(SimpleTemplateResponse):
    @property
    def rendered_content(self) -> str:
        unknown()
        return str(Template("").render(Context()))


def template(request: HttpRequest) -> HttpResponse:
    return Late("any")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        yield b"begun"
        unknown()

    return StreamingHttpResponse(parts())


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def raises(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def middleware(request: HttpRequest) -> Any:
        if "in-middleware" in request.headers:
            unknown()
        return get_response(request)

    return middleware


def refuses(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def middleware(request: HttpRequest) -> Any:
        try:
            unknown()
        except portward.Refused as error:
            return refusal(request, error)
        return get_response(request)

    return middleware


urlpatterns = [
    path("view", view),
    path("view-in-loop", view_in_loop),
    path("template", template),
    path("stream", stream),
    path("fine", fine),
]
