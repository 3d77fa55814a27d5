"""Redeeming over HTTP: redeem.md section 4. One request in, one answer out; the store is what a case says it says."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from . import redeem, token
from .errors import Refused
from .token import LINK, SESSION
from .wire import b64u

BODY_MAX = 4096
BEARER = "bearer"
FORM = "application/x-www-form-urlencoded"
LINK_COOKIE, PEEK_COOKIE, SESSION_COOKIE = ("__Host-portward-" + name for name in ("link", "peek", "session"))
TRIMMED = " \t"
SAFE = ("GET", "HEAD", "OPTIONS")
ALWAYS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
}
# `*` stands for the hash of the page's script, which is no part of the vectors; nor is whether it has a style sheet.
CSP = ("default-src 'none'; script-src 'sha256-*'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
       "base-uri 'none'")
PAGE = {"referrer-policy": "same-origin", "content-security-policy": CSP}

NO_WEIGHT = re.compile(r"0(\.0{0,3})?")

# Refusals that are damage beside those of token.md part A.
DAMAGED = token.DAMAGED | {"nonce_malformed", "cookie_malformed", "field_malformed"}
STATUS = {"damaged": 400, "refused": 403, "unavailable": 503}


class Unavailable(Exception):
    """The store does not answer, or its feed is not taken."""


class Status(Exception):
    """Not one of the three refusals."""

    def __init__(self, status, **headers):
        super().__init__(status)
        self.status, self.headers = status, headers


@dataclass
class Answer:
    status: int
    headers: dict = field(default_factory=dict)
    cookies: list = field(default_factory=list)
    type: str | None = None
    body: object = None


def word(code):
    """What is told of a refusal."""
    return "damaged" if code in DAMAGED else "refused"


def cookie(name, value, max_age):
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age}"


def page(*cookies):
    return Answer(200, dict(PAGE), list(cookies), "text/html")


def told(value, *cookies):
    return Answer(200, {}, list(cookies), "application/json", {"json": value})


# --- what a request says -----------------------------------------------------------------------

class Request:
    def __init__(self, method, target, headers, body):
        """`body`: bytes."""
        self.method = method
        self.path = target.partition("?")[0]
        self.headers = [(name.lower(), value) for name, value in headers]
        self.body = body

    def header(self, name):
        return next((value for held, value in self.headers if held == name), None)

    def cookies(self, name):
        """The values under this name. Other white space than this belongs to a name: only so is `__Host-` what browsers take it for."""
        pairs = (pair.partition("=") for header, value in self.headers if header == "cookie" for pair in value.split(";"))
        return [value.strip(TRIMMED) for held, _, value in pairs if held.strip(TRIMMED) == name]

    def cookie(self, name):
        """None if there is none."""
        found = self.cookies(name)
        if len(found) > 1:
            raise Refused("cookie_malformed")
        return found[0] if found else None

    def names(self, kind):
        """Whether `Accept` has this very type, whatever else it has, with another weight than 0."""
        def named(part):
            held, *parameters = (piece.strip() for piece in part.split(";"))
            weights = [value for name, _, value in (piece.partition("=") for piece in parameters) if name.lower() == "q"]
            return held.lower() == kind and not any(map(NO_WEIGHT.fullmatch, weights))

        return any(map(named, (self.header("accept") or "").split(",")))

    def check_origin(self, portal):
        origin, site = self.header("origin"), self.header("sec-fetch-site")
        if site not in (None, "same-origin", "none"):
            raise Refused("foreign_origin")
        if origin not in (None, portal) and (origin, site) != ("null", "same-origin"):
            raise Refused("foreign_origin")

    def check_post(self, portal):
        """The fields."""
        self.check_origin(portal)
        if len(self.body) > BODY_MAX:
            raise Status(413)
        kind = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if self.body and kind != FORM:
            raise Status(415)
        return self._fields()

    def _fields(self):
        found = {}
        for pair in self.body.decode("utf-8").split("&"):
            if not pair:
                continue
            name, _, value = pair.partition("=")
            name, value = unquote_plus(name), unquote_plus(value)
            if name in found:
                raise Refused("field_malformed")
            found[name] = value
        return found

    def session(self):
        """The text, None if there is none, and whether it came as a bearer token."""
        scheme, _, told = (self.header("authorization") or "").partition(" ")
        if scheme.lower() != BEARER or not told:
            return self.cookie(SESSION_COOKIE), False
        if self.cookies(SESSION_COOKIE):
            raise Refused("two_sessions")
        return told, True


# --- routes ------------------------------------------------------------------------------------

class Portal:
    """`verifier`: how tokens are verified, by name as in `token.verify`; `store`: what is asked to redeem and renew."""

    def __init__(self, path, origin, deployment, keyring, now, made, store, verifier):
        self.path, self.origin, self.deployment, self.keyring, self.now = path, origin, deployment, keyring, now
        self.made_cookie, self.made_random = made
        self.store, self.verifier = store, verifier

    def answer(self, request):
        """None: a request of the application's."""
        routes = self._routes(request)
        if routes is None:
            return None
        try:
            answer = self._answer(request, routes)
        except Refused as refused:
            answer = self._refusal(request, word(refused.code))
        except Unavailable:
            answer = self._refusal(request, "unavailable")
        except Status as status:
            answer = Answer(status.status, status.headers)
        answer.headers = {**ALWAYS, **answer.headers}
        if request.method == "HEAD":
            answer.body = None
        return answer

    def _routes(self, request):
        """Methods and what each does, of a POST with its fields."""
        if request.path == self.path:
            return {"GET": self._show, "HEAD": self._show}
        below = request.path.removeprefix(self.path + "/")
        if below == request.path:
            return None
        if below.startswith("pwl_") and "/" not in below:
            return {"GET": self._take, "HEAD": self._take}
        action = {"peek": self._peek, "redeem": self._redeem, "renew": self._renew, "leave": self._leave}.get(below)
        return action and {"POST": action}

    def _answer(self, request, routes):
        if request.method not in routes:
            raise Status(405, allow=", ".join(routes))
        if request.method == "POST":
            return routes["POST"](request, request.check_post(self.origin))
        return routes[request.method](request)

    def _refusal(self, request, word):
        answer = Answer(STATUS[word], {"retry-after": "1"} if word == "unavailable" else {})
        if request.path == self.path and word != "unavailable":  # only what `GET` and `HEAD` ask for is refused there
            answer.cookies.append(cookie(LINK_COOKIE, "", 0))
        if request.names("text/html"):
            answer.type, answer.headers = "text/html", {**answer.headers, **PAGE}
        else:
            answer.type, answer.body = "application/json", {"text": f'{{"error":"{word}"}}'}
        return answer

    def _verify(self, text):
        return token.verify(self.deployment, self.keyring, text, LINK, self.now, **self.verifier)

    def _peek_at(self, request, text):
        """Nonce and its expiry, and the peek cookie."""
        verified = self._verify(text)
        try:
            held = redeem.read_cookie(request.cookie(PEEK_COOKIE) or "")
        except Refused:
            held = self.made_cookie
        chain = redeem.chain_id(verified.head.token_id, verified.copies)
        nonce = redeem.make_nonce(self.deployment.id, self.keyring, self.now, self.made_random, chain, held)
        return nonce, redeem.expires_at(self.now), cookie(PEEK_COOKIE, b64u(held), 600)

    def _take(self, request):
        text = request.path[len(self.path) + 1:]
        token.parse(text)
        return Answer(303, {"location": self.path}, [cookie(LINK_COOKIE, text, 600)])

    def _show(self, request):
        link = request.cookie(LINK_COOKIE)
        if link is None:
            return page()
        return page(self._peek_at(request, link)[2])

    def _peek(self, request, fields):
        nonce, expires_at, peek_cookie = self._peek_at(request, fields.get("token", ""))
        return told({"nonce": nonce, "expires_at": expires_at}, peek_cookie)

    def _redeem(self, request, fields):
        link = fields["token"] if "token" in fields else request.cookie(LINK_COOKIE) or ""
        peek_cookie, nonce = request.cookie(PEEK_COOKIE) or "", fields.get("nonce", "")
        redeem.read_cookie(peek_cookie)
        redeem.read_nonce(nonce)
        verified = self._verify(link)
        chain = redeem.chain_id(verified.head.token_id, verified.copies)
        redeem.check_nonce(self.deployment.id, self.keyring, nonce, chain, peek_cookie, self.now)
        session, expires_at = self.store()
        gone = [cookie(LINK_COOKIE, "", 0), cookie(PEEK_COOKIE, "", 0)]
        if request.names("application/json") and not request.names("text/html"):
            return told({"session": session, "expires_at": expires_at}, *gone)
        return Answer(303, {"location": self.path + "/"}, [*gone, self._session_cookie(session, expires_at)])

    def _session_cookie(self, session, expires_at):
        return cookie(SESSION_COOKIE, session, expires_at - self.now)

    def _renew(self, request, _):
        text, bearer = request.session()
        redeem.verify_to_renew(self.deployment, self.keyring, text or "", self.now, **self.verifier)
        session, expires_at = self.store()
        if bearer:
            return told({"session": session, "expires_at": expires_at})
        return Answer(204, {}, [self._session_cookie(session, expires_at)])

    def _leave(self, request, _):
        return Answer(204, {}, [cookie(SESSION_COOKIE, "", 0)])

    def session(self, request):
        """What a route of the application takes: the session, verified, and whether it came as a bearer token."""
        text, bearer = request.session()
        if text is None:
            raise Refused("no_session")
        if not bearer and (request.method not in SAFE or request.header("upgrade") is not None):
            request.check_origin(self.origin)
        return token.verify(self.deployment, self.keyring, text, SESSION, self.now, **self.verifier), bearer
