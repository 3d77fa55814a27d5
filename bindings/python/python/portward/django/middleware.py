"""The portal's routes in Django, and the one refusal."""

from __future__ import annotations

from collections.abc import Callable, Container
from http.cookies import Morsel, SimpleCookie
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.http.response import HttpResponseBase

from .. import Answer, Exchange, PortwardError, Refused, asgi, caches, wsgi
from .._threads import in_thread
from ..http import BODY_MAX, Request
from . import conf


class PortalMiddleware:
    """Answers the portal's routes, and makes the one refusal of every `Refused` that a view raises, or the template that it answers with.

    What another middleware raises Django answers itself, with status 500: there take `refusal`. It stands first: so no other middleware
    changes an answer. Under ASGI the event loop never waits for the store. Raises what `conf.gate` raises when it is made, and when it is
    called what Django's own do.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.gate = conf.gate()
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, django_request: HttpRequest) -> Any:
        if iscoroutinefunction(self):
            return self._in_loop(django_request)
        request = request_of(django_request)
        if not self.gate.is_ours(request):
            return _if_asked(django_request, self.get_response(django_request))
        return response(self.gate.serve(request, _body(django_request)))

    async def _in_loop(self, django_request: HttpRequest) -> Any:
        request = request_of(django_request)
        if not self.gate.is_ours(request):
            return _if_asked(django_request, await self.get_response(django_request))
        step = self.gate.begin(request, _body(django_request))
        answer = await in_thread(self.gate.finish, step) if isinstance(step, Exchange) else step
        return response(answer)

    def process_exception(self, django_request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The refusal of a view, or None for what is no `Refused`. Raises what `refusal` raises."""
        if not isinstance(error, Refused):
            return None
        return refusal(django_request, error)


def refusal(request: HttpRequest, error: PortwardError) -> HttpResponse:
    """The one refusal, for whatever reason: for a middleware of your own, to answer with.

    Raises what `conf.gate` raises, and `InvalidValue` (`unknown_refusal`) for an error whose `public` is none of the three.
    """
    return response(conf.gate().refuse(request_of(request), error))


def request_of(request: HttpRequest) -> Request:
    """What of a request of Django's is looked at, under ASGI and WSGI. Raises what `portward.asgi.request_of` and that of `portward.wsgi` raise."""
    scope = getattr(request, "scope", None)
    # In `META` Django has put the path as it reads it.
    return wsgi.request_of(request.META, "utf-8") if scope is None else asgi.request_of(scope)


def asked_for(request: HttpRequest) -> Request:
    """The same for a guard: whatever is answered now depends on the session. Raises what `request_of` raises."""
    request.META.setdefault(caches.ASKED, []).append(True)
    return request_of(request)


def kept_apart(answer: Any) -> Any:
    """A response that caches keep for this client only, or what is no response as it is. The guard says so, as caches of Django's stand
    between it and the middleware. Raises nothing."""
    if isinstance(answer, HttpResponseBase):
        _keep_apart(answer)
        said = answer["cache-control"]
        # Older Djangos store what says `no-store`, and read one word alone, in lower case.
        if "private" not in said and any(word in said.lower() for word in ("private", "no-store")):
            answer["cache-control"] = f"{said}, private"
    return answer


def _if_asked(request: HttpRequest, answer: Any) -> Any:
    # What the guard did not see: errors of the application.
    if request.META.get(caches.ASKED):
        _keep_apart(answer)
    return answer


def _keep_apart(answer: HttpResponseBase) -> None:
    for name, value in caches.kept_apart(answer.get("cache-control", ""), answer.get("vary", "")).items():
        answer[name] = value


def response(answer: Answer | None) -> HttpResponse:
    """An answer as one of Django's, status 404 for None. Its cookies are sent as they are written. Raises nothing."""
    if answer is None:
        return HttpResponseNotFound()
    kind = dict(answer.headers).get("content-type", "")
    made = HttpResponse(answer.body, status=answer.status, content_type=kind)
    if not kind:
        del made["content-type"]
    for name, value in answer.headers:
        if name == "set-cookie":
            cookie = _Cookie(value)
            made.cookies[cookie.key] = cookie
        elif name != "content-type":
            made[name] = value
    if "location" in made:
        made.url = made["location"]  # as redirects of Django's have, which its test client follows
    return made


class _Cookie(Morsel[str]):
    """A cookie that is sent as the line it was made of."""

    def __init__(self, line: str) -> None:
        super().__init__()
        ((name, read),) = SimpleCookie(line).items()
        self.set(name, read.value, read.coded_value)
        self.update(read)
        self._line = line

    def OutputString(self, attrs: Container[str] | None = None) -> str:
        return self._line


def _body(request: HttpRequest) -> bytes:
    """No more of it than is needed to see that it is too long."""
    body: bytes = request.read(BODY_MAX + 1) if request.method == "POST" else b""
    return body
