"""The routes of a portal for any web framework: plain data in, plain data out.

The rules are those of `portward.Portal`. A `Gate` adds who is asked (a store), who verifies sessions, and where the reasons of refusals
go. `portward.asgi`, `portward.wsgi` and what is built on them call nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from . import Access, Answer, Exchange, InvalidValue, Portal, PortwardError, Refused, Store

BODY_MAX = 4096
"""The longest body that is read to its end. A longer one may be given in part."""

Log = Callable[[str, "str | None"], object]
"""Is told the code of every refusal, and the token's id if it was authentic."""


class Made(Protocol):
    """A session just made."""

    @property
    def token(self) -> str:
        """The session, for a cookie or a program."""
        ...

    @property
    def expires_at(self) -> datetime:
        """When it ends, in UTC."""
        ...


class Seen(Protocol):
    """What peeking gives."""

    @property
    def nonce(self) -> str:
        """For the form of the page."""
        ...

    @property
    def cookie(self) -> str:
        """For the browser, which sends it along with the form."""
        ...

    @property
    def expires_at(self) -> datetime:
        """Until when the two redeem the link, in UTC."""
        ...


class Links(Protocol):
    """What peeks, redeems and renews: a `portward.Store`, or what stands for one. May block. Refuses by raising `PortwardError`."""

    def peek(self, link: str, cookie: str | None = None, /) -> Seen:
        """As `portward.Store.peek`. Raises `Refused`, `Unavailable`."""
        ...

    def redeem(self, link: str, cookie: str, nonce: str, /) -> Made:
        """As `portward.Store.redeem`. Raises `Refused`, `Unavailable`."""
        ...

    def renew(self, session: str, /) -> Made:
        """As `portward.Store.renew`. Raises `Refused`, `Unavailable`."""
        ...


class Verifies(Protocol):
    """What believes sessions: a `portward.Store`, `Follower` or `Verifier`."""

    def verify_session(self, token: str, /) -> Access:
        """Asks no database: it is called in event loops, but while `is_open`, if there is such, is false. Raises `Refused`, `Unavailable`."""
        ...


@dataclass(frozen=True, repr=False, slots=True)
class Request:
    """What of a request is looked at. headers: names, in whatever case, and values as bytes.

    Raises nothing when it is made, and `TypeError` when it is pickled.
    """

    method: str
    path: str
    """As it was sent, not decoded. A query may follow."""
    headers: Sequence[tuple[str, bytes]]

    def __repr__(self) -> str:
        # Link and session are in path and headers.
        return f"Request({self.method})"

    def __reduce__(self) -> str:
        raise TypeError("a request is not pickled: link and session are in it")


class Denied(Refused):
    """The request is refused, and `answer` is to be sent. `code` is why, and not for the public."""

    def __init__(self, answer: Answer, why: PortwardError | None = None) -> None:
        public = {400: "damaged", 503: "unavailable"}.get(answer.status, "refused")
        code, token_id = (answer.reason or "refused", answer.token_id) if why is None else (why.code, why.token_id)
        super().__init__("the request is refused", code, public, token_id)
        self.answer = answer

    def __reduce__(self) -> tuple[type[PortwardError], tuple[Any, ...]]:
        # As the refusal that it is: where there is another request, the answer is made for that.
        return Refused, (self.args[0], self.code, self.public, self.token_id)


class Gate:
    """A portal with what stands behind it.

    links: the store. verifier: what believes sessions, if it is not the store. log: is told the reason of every refusal; by default the
    logger "portward" is. now: gives Unix seconds, for tests. Raises `TypeError` for what is no `portward.Portal`, and without a verifier where links is no
    `portward.Store`.
    """

    def __init__(
        self,
        portal: Portal,
        links: Store | Links,
        *,
        verifier: Verifies | None = None,
        log: Log | None = None,
        now: Callable[[], int] | None = None,
    ) -> None:
        if not isinstance(portal, Portal):
            raise TypeError(f"portal: a portward.Portal is wanted, not {type(portal).__name__}")
        if verifier is None:
            if not isinstance(links, Store):
                raise TypeError("verifier: is needed where links is not a Store")
            verifier = links
        self.portal = portal
        self._links = links
        self._verifier = verifier
        self._log = log or _to_logger
        self._now = now

    def is_ours(self, request: Request) -> bool:
        """Whether this path is answered here, and not by the application. Raises `InvalidValue` (`text_surrogate`)."""
        return self.portal.read(request.method, request.path, request.headers, b"") is not None

    def begin(self, request: Request, body: bytes) -> Answer | Exchange | None:
        """An answer, a question for `finish`, or None for a path of the application. Never blocks.

        body: of a longer one than 4,096 bytes any longer part will do. Raises `InvalidValue` (`text_surrogate`).
        """
        step = self.portal.read(request.method, request.path, request.headers, body)
        return self._logged(step) if isinstance(step, Answer) else step

    def finish(self, exchange: Exchange) -> Answer:
        """Asks the store. May block. Raises nothing, as what goes wrong is in the answer, but what `links` of your own raises beside
        `PortwardError`."""
        if isinstance(self._links, Store) and self._now is None:
            return self._logged(exchange.run(self._links))
        try:
            return self._ask(exchange, self._links)
        except PortwardError as error:
            self._log(error.code, error.token_id)
            return exchange.refused(error.public)

    def serve(self, request: Request, body: bytes) -> Answer | None:
        """Both at once. May block. body: of a longer one than 4,096 bytes any longer part will do. Raises what `begin` and `finish` raise."""
        step = self.begin(request, body)
        return self.finish(step) if isinstance(step, Exchange) else step

    def look_up(self, permission: str) -> None:
        """For guards, when they are made: a permission that there is not would let nobody in, and nobody would know why.

        Raises `InvalidValue` (`unknown_permission`), but nothing where there is no store, whose deployment knows.
        """
        stores = (one for one in (self._verifier, self._links) if isinstance(one, Store))
        store = next(stores, None)
        if store is not None and permission not in store.deployment.permissions:
            raise InvalidValue(f"the vocabulary has no permission {permission!r}", "unknown_permission")

    @property
    def is_ready(self) -> bool:
        """Whether `session` will not wait for a database: a store reopens once after a fork."""
        return bool(getattr(self._verifier, "is_open", True))

    def session(self, request: Request) -> Access:
        """Who comes with a request to the application. What is answered then is of this client only: see `portward.caches.kept_apart`.

        Raises `Denied`, which is a `Refused`; `TypeError` for a verifier that gives no `Access`; `InvalidValue` (`text_surrogate`).
        """
        found = self._found(request)
        if isinstance(found, Denied):
            raise found
        # Nothing, or what an asynchronous verifier gives, believes nobody.
        if not isinstance(found, Access):
            kind = type(found).__name__
            del found  # which may be the token
            raise TypeError(f"verify_session: an Access is wanted, not {kind}")
        return found

    def refuse(self, request: Request, error: PortwardError) -> Answer:
        """The one refusal, for whatever reason, which is logged. Of a `Denied` the answer that it has, whose reason was.

        Raises `InvalidValue`: `unknown_refusal` for an error whose `public` is none of the three, `text_surrogate`.
        """
        if isinstance(error, Denied):
            return error.answer
        self._log(error.code, error.token_id)
        return self.portal.refuse(request.method, request.path, request.headers, error.public)

    def _found(self, request: Request) -> Access | Denied:
        # Apart from `session`: no frame of what that raises has the token in its variables.
        carried = self.portal.session(request.method, request.path, request.headers)
        if isinstance(carried, Answer):
            return Denied(self._logged(carried))
        try:
            return self._verifier.verify_session(carried[0])
        except PortwardError as error:
            return Denied(self.refuse(request, error), error)
        finally:
            del carried  # a verifier of the application's own may raise anything

    def _ask(self, exchange: Exchange, links: Store | Links) -> Answer:
        if exchange.question == "peek":
            seen = links.peek(exchange.token, exchange.cookie)
            return exchange.peeked(seen.nonce, seen.cookie, seen.expires_at)
        if exchange.question == "redeem":
            made: Made = links.redeem(exchange.token, exchange.cookie or "", exchange.nonce or "")
        else:
            made = links.renew(exchange.token)
        return exchange.granted(made.token, made.expires_at, at=self._now() if self._now else None)

    def _logged(self, answer: Answer) -> Answer:
        if answer.reason is not None:
            self._log(answer.reason, answer.token_id)
        return answer


def _to_logger(reason: str, token_id: str | None) -> None:
    logging.getLogger("portward").info("refused: %s, token %s", reason, token_id or "unknown")
