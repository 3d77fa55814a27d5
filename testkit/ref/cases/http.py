"""Cases of spec/redeem.md section 4: a request, what the store says, and the answer."""

from urllib.parse import quote

from portward_ref import routes
from portward_ref import token as t
from portward_ref.replay import run
from portward_ref.wire import b64u

from .common import Subject, fixtures, root_id, seeded
from .redeem import (
    BODIES, COOKIE, ENDS, LINK_ID, LIVE_MODE, NOW, OTHER_COOKIE, SESSION_ID, copy_ids, link, parts, session, sign, signed, spoiled_tag,
    text, views,
)
from .token import audience

HOST = "portal.example"
ORIGIN = "https://" + HOST
FORM = "application/x-www-form-urlencoded"
MADE_COOKIE, MADE_RANDOM = seeded("cookie made by a peek", 32), seeded("random made by a peek", 16)
MADE = {"cookie": MADE_COOKIE.hex(), "random": MADE_RANDOM.hex()}
WATCHED = {"mode": LIVE_MODE, "monotonic": 1000}

LINK = sign(link())
COPY = sign(link(), *BODIES)
CHAIN = copy_ids()[-1]
SESSION = sign(session())
# What the store says: a session that it has counted and kept. Its expiry is that of the token.
NEW_SESSION = sign(session(token_id=SESSION_ID, issued_at=NOW, expires_at=NOW + 900))
GIVES = {"session": NEW_SESSION, "expires_at": NOW + 900}
NONCE = text(signed(parts(), chain=LINK_ID))
PEEK = b64u(COOKIE)
DAMAGED_LINK = LINK[:-1] + ("A" if LINK[-1] != "A" else "B")

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JSON = "application/json"


class Cases:
    def __init__(self, subject):
        self.subject = subject

    def add(self, name, comment, method, target, meant, *, path="/portal", headers=(), cookies=None, body="", store=None,
            accept=JSON, now=NOW, host=HOST, origin=ORIGIN, op="http", **more):
        """`meant`: a status, "application", or the word of a refusal; `cookies`: name → value in this order, or all of the header."""
        sent = [["Host", host]]
        if accept is not None:
            sent.append(["Accept", accept])
        sent += [list(header) for header in headers]
        if cookies:
            sent.append(["Cookie", cookies if isinstance(cookies, str) else "; ".join(f"{held}={value}" for held, value in cookies.items())])
        if op == "http":
            more = {"made": MADE, **more}
        case = {
            "id": f"{self.subject.name}/{name}", "comment": comment, "op": op, "deployment": "main", "keyring": "main", "path": path,
            "origin": origin, "now": now, **more,
            "request": {"method": method, "target": target, "headers": sent, "body": body},
        }
        if store is not None:
            case["store"] = store
        expect = run(case, self.subject.read_fixtures)
        told = self._told(expect)
        if told != meant:
            raise SystemExit(f"{case['id']}: meant {meant!r}, the reference says {expect!r}")
        self.subject.cases.append({**case, "expect": expect})
        return expect

    @staticmethod
    def _told(expect):
        if expect.get("ok") == "application":
            return "application"
        if "ok" in expect:
            return expect["ok"].get("status", "session")
        return expect["error"]

    def get(self, name, comment, target, meant, **more):
        return self.add(name, comment, "GET", target, meant, **more)

    def post(self, name, comment, target, meant, fields=None, body=None, headers=(), kind=FORM, **more):
        """`fields`: pairs."""
        if body is None:
            body = "&".join(f"{quote(held, safe='')}={quote(value, safe='')}" for held, value in fields or ())
        headers = list(headers) + ([["Content-Type", kind]] if kind is not None else [])
        return self.add(name, comment, "POST", target, meant, headers=headers, body=body, **more)


def build():
    subject = Subject("http", fixtures(views=views()))
    cases = Cases(subject)
    taking(cases)
    showing(cases)
    peeking(cases)
    redeeming(cases)
    redeeming_wrong(cases)
    accepting(cases)
    renewing(cases)
    leaving(cases)
    posts(cases)
    methods(cases)
    paths(cases)
    white_space(cases)
    portals(cases)
    sessions(cases)
    return subject


# --- P/TOKEN -----------------------------------------------------------------------------------

def taking(cases):
    def add(name, comment, token, meant=303, method="GET", **more):
        cases.add("take/" + name, comment, method, "/portal/" + token, meant, accept=more.pop("accept", BROWSER), **more)

    add("link", "a link in the path", LINK)
    add("head", "asked for its head only", LINK, method="HEAD")
    add("copy", "a narrowed link", COPY)
    add("cookie-there", "another link in the cookie", LINK, cookies={routes.LINK_COOKIE: COPY})
    add("forged", "a forged one: only its form is looked at", spoiled_tag(LINK))
    add("unknown-root", "one under a root that nobody has", sign(link(root_id=b"\xde\xad\xbe\xef")))
    add("expired", "an expired one", sign(link(issued_at=NOW - 900, expires_at=NOW - 1)))
    add("stale", "a stale view says nothing here", LINK, view="stale", **WATCHED)
    add("revoked", "a revoked link", LINK, view="revoked", **WATCHED)
    add("cross-site", "from another site: a link in a mail", LINK, headers=[["Sec-Fetch-Site", "cross-site"], ["Origin", "https://mail.example"]])
    add("json", "for a program", LINK, accept=JSON)
    for name, query in (("query", "?utm_source=mail"), ("query-empty", "?"), ("query-token", "?token=" + COPY), ("query-slash", "?a=/b"),
                        ("query-twice", "?a=1?b=2")):
        add(name, "a query does not belong to it and is left out", LINK + query)
    add("query-damaged", "also behind a damaged one", DAMAGED_LINK + "?utm_source=mail", "damaged", accept=JSON)
    for name, token in (
        ("checksum", DAMAGED_LINK), ("cut", LINK[:-1]), ("prefix-only", "pwl_"), ("letter", LINK[:-1] + "."),
        ("padding", LINK + "="), ("short", "pwl_AAAA"), ("too-long", "pwl_" + "A" * 1021), ("longer", LINK + "A"),
        ("kind", "pwl_" + SESSION[4:]), ("version", t.text("pwl_", b"\x02" + t.encode_head(link())[1:], bytes(32))),
    ):
        add("damaged-" + name, "a token of bad form: no cookie", token, "damaged", accept=JSON)
    for name, token in (
        ("letter", LINK[:-1] + f"%{ord(LINK[-1]):02X}"), ("first", f"pwl_%{ord(LINK[4]):02X}" + LINK[5:]), ("middle", LINK[:40] + f"%{ord(LINK[40]):02x}" + LINK[41:]),
        ("only", "pwl_%41"), ("slash", LINK + "%2F"), ("slash-redeem", LINK + "%2Fredeem"), ("query", LINK + "%3Fa=1"), ("nul", LINK + "%00"),
        ("space", LINK + "%20"), ("percent", LINK + "%"), ("twice", LINK[:-1] + f"%25{ord(LINK[-1]):02X}"),
    ):
        add("damaged-escape-" + name, "an escape makes it damaged", token, "damaged", accept=JSON)
    add("query-escape", "one in a query does not", LINK + "?a=%41%2F")
    add("damaged-page", "a browser is given a page", DAMAGED_LINK, "damaged")
    add("damaged-head", "asked for its head only", DAMAGED_LINK, "damaged", method="HEAD", accept=JSON)


# --- P -----------------------------------------------------------------------------------------

def showing(cases):
    def add(name, comment, meant=200, link=LINK, method="GET", cookies=None, **more):
        found = {routes.LINK_COOKIE: link} if link is not None else {}
        cases.add("show/" + name, comment, method, "/portal", meant, cookies=cookies if isinstance(cookies, str) else {**found, **(cookies or {})},
                  accept=more.pop("accept", BROWSER), **more)

    add("link", "a link in the cookie: a form, and a new peek cookie")
    add("head", "asked for its head only", method="HEAD")
    add("copy", "a narrowed link", link=COPY)
    add("peek-there", "a peek cookie that is there is used again", cookies={routes.PEEK_COOKIE: PEEK})
    add("peek-there-first", "in another order", link=None, cookies={routes.PEEK_COOKIE: PEEK, routes.LINK_COOKIE: LINK})
    for name, value in (("cut", PEEK[:-1]), ("longer", PEEK + "A"), ("bits", PEEK[:-1] + "B"), ("empty", ""), ("letter", "." + PEEK[1:])):
        if name == "bits":
            assert b64u(COOKIE)[-1] != "B"
        add("peek-malformed-" + name, "a malformed one is not: a new one", cookies={routes.PEEK_COOKIE: value})
    for name, there in (("same", [PEEK, PEEK]), ("other", [PEEK, b64u(OTHER_COOKIE)]), ("empty", ["", PEEK]), ("malformed", [PEEK, "x"])):
        add("peek-twice-" + name, "one that is there twice is replaced", link=None,
            cookies="; ".join([*(f"{routes.PEEK_COOKIE}={value}" for value in there), f"{routes.LINK_COOKIE}={LINK}"]))
    for name, there in (("same", [LINK, LINK]), ("other", [LINK, COPY]), ("empty", ["", LINK]), ("damaged", [LINK, DAMAGED_LINK]),
                        ("forged", [spoiled_tag(LINK), LINK]), ("thrice", [LINK, LINK, LINK])):
        add("twice-" + name, "a link cookie that is there twice is damaged", "damaged", link=None, accept=JSON,
            cookies="; ".join(f"{routes.LINK_COOKIE}={value}" for value in there))
    add("twice-apart", "with others between", "damaged", link=None, accept=JSON,
        cookies=f"{routes.LINK_COOKIE}={LINK}; {routes.PEEK_COOKIE}={PEEK}; lang=de; {routes.LINK_COOKIE}={LINK}")
    add("twice-page", "in a browser", "damaged", link=None, cookies=f"{routes.LINK_COOKIE}={LINK}; {routes.LINK_COOKIE}={LINK}")
    add("twice-head", "asked for its head only", "damaged", link=None, method="HEAD", accept=JSON,
        cookies=f"{routes.LINK_COOKIE}={LINK}; {routes.LINK_COOKIE}={LINK}")
    add("twice-session", "a session that is there twice does not matter here", cookies=None, link=None,
        headers=[["Cookie", f"{routes.LINK_COOKIE}={LINK}; {routes.SESSION_COOKIE}={SESSION}; {routes.SESSION_COOKIE}={SESSION}"]])
    add("empty", "an empty link cookie is one, and damaged", "damaged", link="", accept=JSON)
    add("empty-page", "in a browser", "damaged", link="")
    add("empty-head", "asked for its head only", "damaged", link="", method="HEAD", accept=JSON)
    add("store-away", "the store does not answer: it is not asked", store="unavailable")
    add("store-feed", "its feed is not taken: it is not asked", store={"error": "gap", "feed": True})
    add("store-away-refused", "nor where the link is refused", "refused", link=spoiled_tag(LINK), accept=JSON, store="unavailable")
    add("other-cookies", "cookies of others", cookies={"lang": "de", "__Host-portward-peek2": "x", "portward-link": "y", "theme": "a=b"})
    add("view", "a fresh view", view="empty", **WATCHED)
    add("none", "no link cookie: a page whose script takes the token out of the fragment", link=None)
    add("none-head", "asked for its head only", link=None, method="HEAD")
    cases.get("show/query", "a query is left out", "/portal?lang=de", 200, accept=BROWSER, cookies={routes.LINK_COOKIE: LINK})
    cases.get("show/query-token", "whatever it says", "/portal?token=" + COPY, 200, accept=BROWSER)
    add("none-peek", "a peek cookie alone", link=None, cookies={routes.PEEK_COOKIE: PEEK})
    add("none-session", "a session changes nothing", link=None, cookies={routes.SESSION_COOKIE: SESSION})
    add("none-stale", "a stale view changes nothing", link=None, view="stale", **WATCHED)
    add("damaged", "a damaged link in the cookie", "damaged", link=DAMAGED_LINK, accept=JSON)
    add("damaged-page", "in a browser", "damaged", link=DAMAGED_LINK)
    for name, token, more in (
        ("forged", spoiled_tag(LINK), {}), ("unknown-root", sign(link(root_id=b"\xde\xad\xbe\xef")), {}),
        ("retired-root", sign(link(root_id=root_id("retired")), root="retired"), {}),
        ("expired", sign(link(issued_at=NOW - 900, expires_at=NOW)), {}), ("session", SESSION, {}),
        ("audience", sign(link(audience="portal")), {}), ("block-audience", sign(link(), audience("portal")), {}),
        ("revoked", LINK, {"view": "revoked", **WATCHED}), ("suspended", LINK, {"view": "suspended", **WATCHED}),
        ("copy-revoked", COPY, {"view": "copy", **WATCHED}), ("stale", LINK, {"view": "stale", **WATCHED}),
    ):
        add("refused-" + name, "refused like everything else", "refused", link=token, accept=JSON, **more)
    add("audience", "a verifier of that audience", link=sign(link(audience="portal")), audience="portal")
    add("refused-page", "in a browser", "refused", link=spoiled_tag(LINK))
    add("refused-head", "asked for its head only", "refused", link=spoiled_tag(LINK), method="HEAD", accept=JSON)
    add("refused-keeps-peek", "a peek cookie stays", "refused", link=spoiled_tag(LINK), cookies={routes.PEEK_COOKIE: PEEK}, accept=JSON)
    add("refused-keeps-session", "a session stays", "refused", link=spoiled_tag(LINK), cookies={routes.SESSION_COOKIE: SESSION}, accept=JSON)
    add("damaged-head", "a damaged one, asked for its head only", "damaged", link=DAMAGED_LINK, method="HEAD", accept=JSON)
    cases.get("show/refused-path", "the cookie goes wherever the path is", "/a/b", "refused", path="/a/b", accept=JSON,
              cookies={routes.LINK_COOKIE: spoiled_tag(LINK)})
    for name, accept, _ in ACCEPTS:
        if name not in ("json", "browser"):  # which stand above
            add("refused-accept-" + name, "a page for who names text/html, else JSON", "refused", link=spoiled_tag(LINK), accept=accept)
    add("cross-site", "from another site", headers=[["Sec-Fetch-Site", "cross-site"]])


# --- P/peek ------------------------------------------------------------------------------------

def peeking(cases):
    def add(name, comment, meant=200, token=LINK, **more):
        cases.post("peek/" + name, comment, "/portal/peek", meant, fields=[("token", token)], **more)

    add("link", "a link in the field")
    add("copy", "a narrowed one", token=COPY)
    add("peek-there", "a peek cookie that is there is used again", cookies={routes.PEEK_COOKIE: PEEK})
    add("peek-malformed", "a malformed one is not", cookies={routes.PEEK_COOKIE: PEEK[:-1]})
    add("link-cookie", "the field goes before the link cookie", token=COPY, cookies={routes.LINK_COOKIE: LINK})
    add("link-cookie-damaged", "also before a damaged one", cookies={routes.LINK_COOKIE: DAMAGED_LINK})
    add("damaged-link-cookie", "and if it is damaged itself", "damaged", token=DAMAGED_LINK, cookies={routes.LINK_COOKIE: LINK})
    add("peek-twice", "one that is there twice is replaced", cookies=f"{routes.PEEK_COOKIE}={PEEK}; {routes.PEEK_COOKIE}={PEEK}")
    add("peek-twice-other", "also with another value", cookies=f"{routes.PEEK_COOKIE}={PEEK}; {routes.PEEK_COOKIE}={b64u(OTHER_COOKIE)}")
    add("link-cookie-twice", "the field goes before a link cookie that is there twice", cookies=f"{routes.LINK_COOKIE}={LINK}; {routes.LINK_COOKIE}={COPY}")
    add("store-away", "the store does not answer: it is not asked", store="unavailable")
    add("later", "the expiry is ten minutes from now", now=NOW + 17)
    add("any", "whatever is accepted", accept="*/*")
    add("damaged", "a damaged link", "damaged", token=DAMAGED_LINK)
    add("empty", "an empty field", "damaged", token="")

    def other(name, comment, target="/portal/peek", meant="damaged", **more):
        cases.post("peek/" + name, comment, target, meant, **more)

    other("none", "no field", fields=[])
    other("none-other-field", "another field", fields=[("nonce", NONCE)])
    other("none-link-cookie", "a link cookie does not serve", fields=[], cookies={routes.LINK_COOKIE: LINK})
    other("empty-link-cookie", "nor for an empty field", fields=[("token", "")], cookies={routes.LINK_COOKIE: LINK})
    other("query", "a query is no field", "/portal/peek?token=" + LINK, fields=[])
    other("query-beside", "nor one twice", "/portal/peek?token=" + COPY, 200, fields=[("token", LINK)])
    for name, token, more in (
        ("forged", spoiled_tag(LINK), {}), ("expired", sign(link(issued_at=NOW - 900, expires_at=NOW)), {}), ("session", SESSION, {}),
        ("stale", LINK, {"view": "stale", **WATCHED}), ("revoked", LINK, {"view": "revoked", **WATCHED}),
    ):
        add("refused-" + name, "refused", "refused", token=token, **more)


# --- P/redeem ----------------------------------------------------------------------------------

def redeem(cases, name, comment, meant=303, nonce=NONCE, token=None, link_cookie=LINK, peek=PEEK, store=GIVES, accept=BROWSER, more_fields=(),
           **more):
    fields = [("nonce", nonce)] if nonce is not None else []
    fields += [("token", token)] if token is not None else []
    if isinstance(more.get("cookies"), str):
        cookies = more.pop("cookies")
    else:
        cookies = {routes.LINK_COOKIE: link_cookie} if link_cookie is not None else {}
        cookies |= {routes.PEEK_COOKIE: peek} if peek is not None else {}
    cases.post("redeem/" + name, comment, "/portal/redeem", meant, fields=[*fields, *more_fields], cookies=cookies, store=store, accept=accept,
               **more)


def redeeming(cases):
    def add(name, comment, **more):
        redeem(cases, name, comment, **more)

    copy_nonce = text(signed(parts(), chain=CHAIN))
    add("cookie", "the link in the cookie")
    add("field", "the link in the field", token=LINK, link_cookie=None)
    add("both", "in both: the field", token=LINK, link_cookie=DAMAGED_LINK)
    add("both-copy", "in both: the field, and the nonce is of its chain", token=COPY, nonce=copy_nonce)
    add("copy", "a narrowed link", link_cookie=COPY, nonce=copy_nonce)
    add("last-second", "in the last second of the nonce", now=ENDS - 1, store={"session": NEW_SESSION, "expires_at": NOW + 900})
    add("older-root", "a nonce under an older root", nonce=text(signed(parts(root="older"), chain=LINK_ID, root="older")))
    add("session-there", "a session that is there is replaced", headers=[["Cookie", f"{routes.LINK_COOKIE}={LINK}; {routes.PEEK_COOKIE}={PEEK}; "
                                                                        f"{routes.SESSION_COOKIE}={SESSION}"]], link_cookie=None, peek=None)
    add("short", "a session of a second", store={"session": sign(session(token_id=SESSION_ID, issued_at=NOW, expires_at=NOW + 1)), "expires_at": NOW + 1})
    add("day", "a session of a day", store={"session": sign(session(token_id=SESSION_ID, issued_at=NOW, expires_at=NOW + 86_400)),
                                           "expires_at": NOW + 86_400})
    add("both-twice", "a link cookie that is there twice, but the field goes before it", token=LINK,
        cookies=f"{routes.LINK_COOKIE}={LINK}; {routes.LINK_COOKIE}={COPY}; {routes.PEEK_COOKIE}={PEEK}")
    add("both-empty", "an empty one", token=LINK, link_cookie="")
    add("session-twice", "a session that is there twice does not matter here",
        cookies=f"{routes.LINK_COOKIE}={LINK}; {routes.PEEK_COOKIE}={PEEK}; {routes.SESSION_COOKIE}={SESSION}; {routes.SESSION_COOKIE}=")
    add("json", "for a program: no session cookie", accept=JSON, meant=200)
    add("json-field", "for a program that has the link itself", accept=JSON, meant=200, token=LINK, link_cookie=None)
    add("view", "a fresh view", view="empty", **WATCHED)
    add("escaped", "percent escapes are none of the value", nonce=None, more_fields=(), body="nonce=%70wn%5F" + NONCE[4:])
    add("nonce-cookie-beside", "cookies of others", headers=[["Cookie", f"nonce=x; {routes.LINK_COOKIE}={LINK}; token=y; {routes.PEEK_COOKIE}={PEEK}"]],
        link_cookie=None, peek=None)
    cases.post("redeem/query", "a query is left out", "/portal/redeem?nonce=pwn_&token=x", 303, fields=[("nonce", NONCE)], store=GIVES, accept=BROWSER,
               cookies={routes.LINK_COOKIE: LINK, routes.PEEK_COOKIE: PEEK})
    add("fields-other-order", "the token before the nonce", link_cookie=None, nonce=None, more_fields=[("token", LINK), ("nonce", NONCE)])


def redeeming_wrong(cases):
    def add(name, comment, meant, accept=JSON, store=None, **more):
        redeem(cases, "wrong-" + name, comment, meant, accept=accept, store=store, **more)

    other = seeded("another chain id", 16)
    for name, nonce in (
        ("cut", NONCE[:-1]), ("prefix", "pwl_" + NONCE[4:]), ("padding", NONCE + "=="), ("empty", ""), ("longer", NONCE + "AAAA"),
        ("version", text(signed({**parts(), "version": b"\x02"}, chain=LINK_ID))), ("space", NONCE[:40] + " " + NONCE[40:]),
    ):
        add("nonce-" + name, "a malformed nonce", "damaged", nonce=nonce)
    for name, nonce in (
        ("forged", NONCE[:-6] + "AAAAAA"[:6 - 1] + NONCE[-1]), ("chain", text(signed(parts(), chain=other))),
        ("cookie", text(signed(parts(), chain=LINK_ID, cookie=OTHER_COOKIE))),
        ("retired", text(signed(parts(root="retired"), chain=LINK_ID, root="retired"))),
        ("strange-root", text(signed({**parts(), "root_id": bytes(4)}, chain=LINK_ID))),
        ("expired", text(signed(parts(ends=NOW), chain=LINK_ID))), ("copy", text(signed(parts(), chain=CHAIN))),
    ):
        add("nonce-" + name, "a nonce that is none", "refused", nonce=nonce)
    for name, peek in (("cut", PEEK[:-1]), ("longer", PEEK + "A"), ("padding", PEEK + "="), ("empty", ""), ("hex", COOKIE.hex())):
        add("peek-" + name, "a malformed peek cookie", "damaged", peek=peek)
    add("peek-other", "another browser", "refused", peek=b64u(OTHER_COOKIE))
    add("peek-none", "no peek cookie", "damaged", peek=None)
    add("nonce-none", "no nonce", "damaged", nonce=None)
    add("link-none", "no link", "damaged", link_cookie=None)
    add("none", "nothing at all", "damaged", nonce=None, link_cookie=None, peek=None)
    add("token-empty", "an empty field goes before the cookie, too", "damaged", token="")
    add("nonce-in-cookie", "a nonce in a cookie", "damaged", nonce=None, link_cookie=None, peek=None,
        headers=[["Cookie", f"nonce={NONCE}; {routes.LINK_COOKIE}={LINK}; {routes.PEEK_COOKIE}={PEEK}"]])
    cases.post("redeem/wrong-nonce-query", "a nonce in the query", "/portal/redeem?nonce=" + NONCE, "damaged", fields=[],
               cookies={routes.LINK_COOKIE: LINK, routes.PEEK_COOKIE: PEEK})
    add("order-fields-link", "the fields are first: one twice, and the link forged", "damaged", link_cookie=spoiled_tag(LINK),
        more_fields=[("nonce", NONCE)])
    add("link-damaged", "a damaged link in the cookie", "damaged", link_cookie=DAMAGED_LINK)
    add("token-damaged", "in the field", "damaged", token=DAMAGED_LINK)
    add("link-forged", "a forged link", "refused", link_cookie=spoiled_tag(LINK))
    add("link-session", "a session in its place", "refused", link_cookie=SESSION)
    add("link-expired", "an expired link", "refused", link_cookie=sign(link(issued_at=NOW - 900, expires_at=NOW)))
    add("link-copy", "a copy, the nonce of its link", "refused", link_cookie=COPY)
    add("stale", "a stale view", "refused", view="stale", **WATCHED)
    add("revoked", "a revoked link", "refused", view="revoked", **WATCHED)
    forged, old = spoiled_tag(LINK), sign(link(issued_at=NOW - 900, expires_at=NOW))
    for name, held in (("forged", forged), ("expired", old), ("session", SESSION)):
        add(f"order-nonce-link-{name}", "the form of the nonce is first, then the link", "damaged", link_cookie=held, nonce="pwn_")
        add(f"order-nonce-none-link-{name}", "what is missing is", "damaged", link_cookie=held, nonce=None)
        add(f"order-peek-link-{name}", "the form of the peek cookie is", "damaged", link_cookie=held, peek=PEEK[:-1])
        add(f"order-peek-none-link-{name}", "or that there is none", "damaged", link_cookie=held, peek=None)
        add(f"order-forged-link-{name}", "with a nonce well formed, but forged", "refused", link_cookie=held, nonce=text(signed(parts(), chain=other)))
    add("order-nonce-token", "also before a link in the field", "damaged", token=forged, nonce="pwn_")
    add("order-peek-token", "the peek cookie, too", "damaged", token=forged, peek="")
    add("order-peek-twice-link", "one that is there twice", "damaged",
        cookies=f"{routes.LINK_COOKIE}={forged}; {routes.PEEK_COOKIE}={PEEK}; {routes.PEEK_COOKIE}={PEEK}")
    add("order-nonce-page", "in a browser", "damaged", link_cookie=forged, nonce="pwn_", accept=BROWSER)
    add("order-nonce-revoked", "a revoked link", "damaged", nonce="pwn_", view="revoked", **WATCHED)
    add("order-nonce-stale", "a stale view", "damaged", nonce="pwn_", view="stale", **WATCHED)
    for name, there in (("same", [PEEK, PEEK]), ("other", [PEEK, b64u(OTHER_COOKIE)]), ("empty", [PEEK, ""])):
        add("peek-twice-" + name, "a peek cookie that is there twice", "damaged",
            cookies="; ".join([f"{routes.LINK_COOKIE}={LINK}", *(f"{routes.PEEK_COOKIE}={value}" for value in there)]))
    for name, there in (("same", [LINK, LINK]), ("other", [LINK, COPY]), ("empty", ["", LINK])):
        add("link-twice-" + name, "a link cookie that is there twice", "damaged",
            cookies="; ".join([*(f"{routes.LINK_COOKIE}={value}" for value in there), f"{routes.PEEK_COOKIE}={PEEK}"]))
    add("link-empty", "an empty link cookie", "damaged", link_cookie="")
    add("order-link-damaged", "the link is first: damaged, and the nonce forged", "damaged", link_cookie=DAMAGED_LINK,
        nonce=text(signed(parts(), chain=other)))
    for code in ("link_unknown", "link_differs", "link_revoked", "link_suspended", "link_ended", "link_outdated", "uses_exhausted", "nothing_granted",
                 "unknown_root", "row_forged", "link_malformed", "expired", "token_too_long"):
        add("store-" + code.replace("_", "-"), "the store refuses", "refused", store={"error": code})
    for code in FEED:
        add("feed-" + code.replace("_", "-"), "the feed of the store is not taken", "unavailable", store={"error": code, "feed": True})
        add(f"feed-{code}-page".replace("_", "-"), "in a browser", "unavailable", store={"error": code, "feed": True}, accept=BROWSER)
    add("store-away", "the store does not answer", "unavailable", store="unavailable")
    add("store-away-page", "in a browser", "unavailable", store="unavailable", accept=BROWSER)
    add("store-refuses-page", "in a browser", "refused", store={"error": "link_suspended"}, accept=BROWSER)
    add("nonce-page", "in a browser", "damaged", nonce="pwn_", accept=BROWSER)
    for field in ("nonce", "token"):
        value = NONCE if field == "nonce" else LINK
        add(f"twice-{field}", "a field twice", "damaged", token=LINK, more_fields=[(field, value)])
    add("twice-other-value", "a field twice with another value", "damaged", more_fields=[("nonce", "x")])
    add("twice-escaped", "a field twice, once written with an escape", "damaged", body=f"nonce={NONCE}&%6Eonce={NONCE}")
    add("twice-unknown", "a field that is not asked for, twice", "damaged", more_fields=[("lang", "de"), ("lang", "en")])


# store.md section 5. Some are codes of a link's rows, too, or of tokens.
FEED = ("store_restored", "store_rolled_back", "store_forked", "gap", "malformed_message", "link_malformed", "row_forged", "unknown_root",
        "row_too_long", "unknown_version", "unknown_type", "wrong_deployment", "wrong_scope", "forged_message")

# `Accept`, and what is answered to who redeems.
ACCEPTS = [
    ("json", "application/json", 200),
    ("html", "text/html", 303),
    ("both", "application/json, text/html", 303),
    ("both-weights", "application/json, text/html;q=0.1", 303),
    ("both-spaces", "text/html ;q=0.1 , application/json", 303),
    ("any", "*/*", 303),
    ("json-any", "application/json, */*;q=0.1", 200),
    ("none", None, 303),
    ("empty", "", 303),
    ("browser", BROWSER, 303),
    ("json-upper", "Application/JSON", 200),
    ("html-upper", "application/json, Text/HTML", 303),
    ("json-weight", "application/json;q=0.5", 200),
    ("json-parameter", "application/json; charset=utf-8", 200),
    ("json-plain", "application/json, text/plain, */*;q=0", 200),
    ("json-longer", "application/json2", 303),
    ("json-suffix", "application/problem+json", 303),
    ("html-longer", "application/json, text/html2", 200),
    ("html-refused", "text/html;q=0, */*", 303),
    ("html-refused-alone", "text/html;q=0", 303),
    ("json-html-refused", "application/json, text/html;q=0", 200),
    ("html-refused-json", "text/html;q=0, application/json", 200),
    ("json-html-refused-any", "application/json, text/html;q=0, */*", 200),
    ("json-html-refused-1", "application/json, text/html;q=0.0", 200),
    ("json-html-refused-3", "application/json, text/html;q=0.000", 200),
    ("json-html-refused-upper", "application/json, text/html;Q=0", 200),
    ("json-html-refused-spaces", "application/json, text/html ; q=0 ", 200),
    ("json-html-refused-parameter", "application/json, text/html;charset=utf-8;q=0", 200),
    ("json-html-little", "application/json, text/html;q=0.001", 303),
    ("json-html-whole", "application/json, text/html;q=1.000", 303),
    ("json-html-level", "application/json, text/html;level=0", 303),
    ("json-html-longer-name", "application/json, text/html;qs=0", 303),
    ("json-refused", "application/json;q=0", 303),
    ("json-refused-html", "application/json;q=0, text/html", 303),
    ("json-refused-any", "application/json;q=0.0, */*", 303),
    ("both-refused", "application/json;q=0, text/html;q=0", 303),
    ("application-any", "application/*", 303),
    ("text-any", "text/*", 303),
    ("json-text-any", "application/json, text/*", 200),
    ("xhtml", "application/xhtml+xml", 303),
    ("image", "image/png", 303),
]


def accepting(cases):
    for name, accept, meant in ACCEPTS:
        redeem(cases, "accept-" + name, "JSON for who names application/json and not text/html", meant, accept=accept)


# --- P/renew -----------------------------------------------------------------------------------

NOTHING = (("nothing", "Bearer "), ("nothing-cut", "Bearer"), ("nothing-lower", "bearer "), ("nothing-lower-cut", "bearer"))


def renewing(cases):
    def add(name, comment, meant, held=None, bearer=None, headers=(), store=GIVES, cookies=None, **more):
        found = {routes.SESSION_COOKIE: held} if held is not None else {}
        headers = [*headers, *([["Authorization", "Bearer " + bearer]] if bearer is not None else [])]
        cases.post("renew/" + name, comment, "/portal/renew", meant, cookies=cookies if isinstance(cookies, str) else {**found, **(cookies or {})},
                   headers=headers, store=store, **more)

    add("cookie", "a session in the cookie", 204, SESSION)
    add("bearer", "a session as a bearer token: JSON, no cookie", 200, bearer=SESSION)
    add("bearer-browser", "whatever is accepted", 200, bearer=SESSION, accept=BROWSER)
    add("cookie-browser", "also for a cookie", 204, SESSION, accept=BROWSER)
    add("last-second", "in its last second", 204, SESSION, now=NOW + 799)
    add("other-cookies", "link and peek cookies stay", 204, SESSION, cookies={routes.LINK_COOKIE: LINK, routes.PEEK_COOKIE: PEEK})
    add("superseded", "an edit of its link does not end it here", 204, SESSION, view="superseded", **WATCHED)
    add("stale", "a stale view does", "refused", SESSION, store=None, view="stale", **WATCHED)
    add("revoked", "a revoked link does", "refused", SESSION, store=None, view="revoked", **WATCHED)
    add("both", "both at once", "refused", SESSION, bearer=SESSION, store=None)
    add("both-other", "two different ones", "refused", SESSION, bearer=NEW_SESSION, store=None)
    add("both-damaged", "also if one is damaged", "refused", SESSION, bearer="pws_", store=None)
    add("both-bearer-other", "also if what came as a bearer token is no session", "refused", SESSION, bearer="x", store=None)
    for name, there in (("same", [SESSION, SESSION]), ("other", [SESSION, NEW_SESSION]), ("empty", ["", SESSION]), ("expired-first", [sign(session(expires_at=NOW)), SESSION])):
        add("twice-" + name, "a session cookie that is there twice", "damaged", store=None,
            cookies="; ".join(f"{routes.SESSION_COOKIE}={value}" for value in there))
    add("basic-beside", "another scheme is no session, so the cookie's is alone", 204, SESSION, headers=[["Authorization", "Basic cHdzXzpw"]])
    add("basic", "and without a cookie there is none", "damaged", store=None, headers=[["Authorization", "Basic cHdzXzpw"]])
    for name, scheme in (("lower", "bearer"), ("upper", "BEARER"), ("mixed", "bEaReR")):
        told = [["Authorization", f"{scheme} {SESSION}"]]
        add("bearer-" + name, "the scheme in another case", 200, headers=told)
        add(f"both-bearer-{name}", "so both at once", "refused", SESSION, store=None, headers=told)
    for name, told in NOTHING:
        add("bearer-" + name, "a scheme with nothing behind it: no session", "damaged", store=None, headers=[["Authorization", told]])
        add(f"bearer-{name}-beside", "so the cookie's is alone", 204, SESSION, headers=[["Authorization", told]])
    joined = [["Authorization", "Bearer" + SESSION]]
    add("bearer-joined", "nothing between is another scheme: no session", "damaged", store=None, headers=joined)
    add("bearer-joined-beside", "so the cookie's is alone", 204, SESSION, headers=joined)
    add("both-empty", "an empty cookie is one: both at once", "refused", "", bearer=SESSION, store=None)
    add("bearer-word", "a bearer token that is none of ours", "damaged", bearer="x", store=None)
    add("bearer-basic", "nor one of another sort", "damaged", bearer="eyJhbGciOiJub25lIn0.e30.", store=None)
    add("expired", "an expired one", "refused", SESSION, store=None, now=NOW + 800)
    add("bearer-expired", "as a bearer token", "refused", bearer=SESSION, store=None, now=NOW + 800)
    add("forged", "a forged one", "refused", spoiled_tag(SESSION), store=None)
    add("bearer-forged", "as a bearer token", "refused", bearer=spoiled_tag(SESSION), store=None)
    add("link", "a link in its place", "refused", LINK, store=None)
    add("bearer-link", "as a bearer token", "refused", bearer=LINK, store=None)
    add("damaged", "a damaged one", "damaged", SESSION[:-1], store=None)
    add("bearer-damaged", "as a bearer token", "damaged", bearer=SESSION[:-1], store=None)
    add("none", "no session", "damaged", store=None)
    add("empty", "an empty cookie", "damaged", "", store=None)
    add("bearer-prefix-only", "a bearer token without anything", "damaged", bearer="pws_", store=None)
    add("body", "a body with fields", 204, SESSION, fields=[("lang", "de")])
    cases.post("renew/query", "a query is left out", "/portal/renew?session=x", 204, cookies={routes.SESSION_COOKIE: SESSION}, store=GIVES)
    add("ahead", "a generation beyond the view", "refused", sign(session(generations=[0, 0, 1])), store=None, view="superseded", **WATCHED)
    for name in ("revoked", "suspended", "session_revoked", "session_suspended", "client", "tenant", "deployment", "root"):
        add("superseded-" + name.replace("_", "-"), "every other step does", "refused", SESSION, store=None, view="superseded_" + name, **WATCHED)
    add("out-of-scope", "a view of other tenants", "refused", SESSION, store=None, view="other_scope", **WATCHED)
    add("link-cookie", "a link cookie is no session", "damaged", store=None, cookies={routes.LINK_COOKIE: LINK})
    for code in ("link_unknown", "link_revoked", "link_suspended", "link_ended", "link_outdated", "chain_unknown", "link_differs", "nothing_granted", "unknown_root",
                 "row_forged", "link_malformed", "expired", "token_too_long"):
        add("store-" + code.replace("_", "-"), "the store refuses", "refused", SESSION, store={"error": code})
    for code in FEED:
        add("feed-" + code.replace("_", "-"), "the feed of the store is not taken", "unavailable", SESSION, store={"error": code, "feed": True})
        add("bearer-feed-" + code.replace("_", "-"), "nor is a bearer token renewed", "unavailable", bearer=SESSION, store={"error": code, "feed": True})
    add("store-away", "the store does not answer", "unavailable", SESSION, store="unavailable")
    add("bearer-store-away", "nor for a bearer token", "unavailable", bearer=SESSION, store="unavailable")


# --- P/leave -----------------------------------------------------------------------------------

def leaving(cases):
    def add(name, comment, meant=204, **more):
        cases.post("leave/" + name, comment, "/portal/leave", meant, **more)

    add("session", "the session is taken away", cookies={routes.SESSION_COOKIE: SESSION})
    add("expired", "an expired one too", cookies={routes.SESSION_COOKIE: SESSION}, now=NOW + 10_000)
    add("damaged", "a damaged one too", cookies={routes.SESSION_COOKIE: "x"})
    add("none", "there is none")
    add("others", "link and peek cookies stay", cookies={routes.SESSION_COOKIE: SESSION, routes.LINK_COOKIE: LINK, routes.PEEK_COOKIE: PEEK})
    add("browser", "whatever is accepted", accept=BROWSER, cookies={routes.SESSION_COOKIE: SESSION})
    add("body", "a body with fields", cookies={routes.SESSION_COOKIE: SESSION}, fields=[("lang", "de")])
    cases.post("leave/query", "a query is left out", "/portal/leave?x=1", 204, cookies={routes.SESSION_COOKIE: SESSION})
    add("stale", "a stale view says nothing here", cookies={routes.SESSION_COOKIE: SESSION}, view="stale", **WATCHED)


# --- what a POST has to be ---------------------------------------------------------------------

POSTS = {
    "peek": ({"fields": [("token", LINK)]}, 200),
    "redeem": ({"fields": [("nonce", NONCE)], "cookies": {routes.LINK_COOKIE: LINK, routes.PEEK_COOKIE: PEEK}, "store": GIVES, "accept": BROWSER}, 303),
    "renew": ({"cookies": {routes.SESSION_COOKIE: SESSION}, "store": GIVES}, 204),
    "leave": ({"cookies": {routes.SESSION_COOKIE: SESSION}}, 204),
}


def posts(cases):
    for route, (usual, good) in POSTS.items():
        needs_fields = "fields" in usual
        filled = {} if needs_fields else {"fields": [("pad", "x")]}

        def add(name, comment, meant, route=route, usual=usual, good=good, **more):
            found = {**usual, **more}
            if "body" in more:
                found.pop("fields", None)
            if meant != "good":
                found.pop("store", None)
                found["accept"] = more.get("accept", JSON)
            cases.post(f"post/{route}-{name}", comment, "/portal/" + route, good if meant == "good" else meant, **found)

        for name, origin, meant in (
            ("own", ORIGIN, "good"), ("other", "https://evil.example", "refused"), ("null", "null", "refused"),
            ("port", ORIGIN + ":8443", "refused"), ("subdomain", "https://a." + HOST, "refused"), ("suffix", ORIGIN + ".evil.example", "refused"),
            ("prefix", "https://my" + HOST, "refused"), ("empty", "", "refused"), ("http", "http://" + HOST, "refused"),
            ("port-443", ORIGIN + ":443", "refused"), ("slash", ORIGIN + "/", "refused"), ("path", ORIGIN + "/portal", "refused"),
            ("host", HOST, "refused"), ("twice", ORIGIN + ", " + ORIGIN, "refused"),
        ):
            add("origin-" + name, f"Origin: {origin}", meant, headers=[["Origin", origin]])
        for name, stated, sent, meant in (
            ("port", ORIGIN + ":8443", ORIGIN + ":8443", "good"), ("port-none", ORIGIN + ":8443", ORIGIN, "refused"),
            ("port-other", ORIGIN + ":8443", ORIGIN + ":8444", "refused"), ("port-shorter", ORIGIN + ":8443", ORIGIN + ":844", "refused"),
            ("localhost", "http://localhost", "http://localhost", "good"), ("localhost-port", "http://localhost:8080", "http://localhost:8080", "good"),
            ("localhost-port-none", "http://localhost:8080", "http://localhost", "refused"), ("localhost-https", "http://localhost:8080", "https://localhost:8080", "refused"),
            ("localhost-address", "http://localhost:8080", "http://127.0.0.1:8080", "refused"), ("localhost-portal", "http://localhost:8080", ORIGIN, "refused"),
        ):
            add("portal-" + name, f"the portal is at {stated}, Origin: {sent}", meant, origin=stated, headers=[["Origin", sent]])
        add("host-other", "another Host, as behind a proxy: it does not matter", "good", host="backend.internal:3000", headers=[["Origin", ORIGIN]])
        add("host-other-none", "without an Origin, too", "good", host="backend.internal:3000")
        add("host-origin", "the origin of that Host is another one", "refused", host="evil.example", headers=[["Origin", "https://evil.example"]])
        add("host-origin-port", "also with a port more", "refused", host=HOST + ":8443", headers=[["Origin", ORIGIN + ":8443"]])
        add("null-same-origin", "as a form without a referrer sends it", "good", headers=[["Origin", "null"], ["Sec-Fetch-Site", "same-origin"]])
        for site in ("none", "same-site", "cross-site", ""):
            add("null-" + (site or "empty"), "not from elsewhere", "refused", headers=[["Origin", "null"], ["Sec-Fetch-Site", site]])
        add("null-upper", "another word", "refused", headers=[["Origin", "Null"], ["Sec-Fetch-Site", "same-origin"]])
        add("empty-same-origin", "an empty one", "refused", headers=[["Origin", ""], ["Sec-Fetch-Site", "same-origin"]])
        for site, meant in (("same-origin", "good"), ("none", "good"), ("same-site", "refused"), ("cross-site", "refused"), ("", "refused"), ("other", "refused")):
            add("site-" + (site or "empty"), f"Sec-Fetch-Site: {site}", meant, headers=[["Sec-Fetch-Site", site]])
        add("own-cross-site", "the right origin, the wrong site", "refused", headers=[["Origin", ORIGIN], ["Sec-Fetch-Site", "cross-site"]])
        add("other-same-origin", "the wrong origin, the right site", "refused",
            headers=[["Origin", "https://evil.example"], ["Sec-Fetch-Site", "same-origin"]])
        add("own-same-origin", "both right", "good", headers=[["Origin", ORIGIN], ["Sec-Fetch-Site", "same-origin"]])
        for name, kind in (("json", "application/json"), ("multipart", "multipart/form-data; boundary=x"), ("text", "text/plain"), ("none", None),
                           ("longer", FORM + "2"), ("empty", "")):
            add("type-" + name, "another type", "415", kind=kind, **filled)
            add(f"type-{name}-no-body", "which does not matter without a body", "damaged" if needs_fields else "good", kind=kind, fields=[])
        add("type-charset", "the type with a parameter", "good", kind=FORM + "; charset=UTF-8")
        add("type-upper", "in upper case", "good", kind=FORM.upper())
        add("type-parameters", "several parameters", "good", kind=FORM + ";charset=utf-8; x=\"y\"")
        head = "&".join(f"{held}={value}" for held, value in usual.get("fields", ()))
        head += "&pad=" if head else "pad="
        add("size-4096", "as long as may be", "good", body={"parts": [{"text": head}, {"repeat": "x", "times": 4096 - len(head)}]})
        add("size-4097", "a byte more", "413", body={"parts": [{"text": head}, {"repeat": "x", "times": 4097 - len(head)}]})
        add("size-100000", "much more", "413", body={"parts": [{"text": head}, {"repeat": "x", "times": 100_000}]})

        # Two faults: origin, length, type, fields.
        foreign, long = [["Origin", "https://evil.example"]], {"parts": [{"text": head}, {"repeat": "x", "times": 5000}]}
        cross = [["Sec-Fetch-Site", "cross-site"]]
        twice = "&".join([*(f"{held}={value}" for held, value in usual.get("fields", ())), "lang=de&lang=en"])
        long_twice = {"parts": [{"text": twice + "&pad="}, {"repeat": "x", "times": 5000}]}
        add("order-origin-size", "a foreign origin, too long", "refused", headers=foreign, body=long)
        add("order-site-size", "from another site, too long", "refused", headers=cross, body=long)
        add("order-origin-type", "a foreign origin, another type", "refused", headers=foreign, kind="text/plain", **filled)
        add("order-site-type", "from another site, another type", "refused", headers=cross, kind="text/plain", **filled)
        add("order-origin-fields", "a foreign origin, a field twice", "refused", headers=foreign, body=twice)
        add("order-site-fields", "from another site, a field twice", "refused", headers=cross, body=twice)
        add("order-size-type", "too long, another type", "413", kind="text/plain", body=long)
        add("order-size-fields", "too long, a field twice", "413", body=long_twice)
        add("order-type-fields", "another type, a field twice", "415", kind="text/plain", body=twice)
        add("order-all", "all of them", "refused", headers=foreign + cross, kind="text/plain", body=long_twice)
        if route != "redeem":  # which has it above
            add("twice-unknown", "a field that is not asked for, twice", "damaged", body=twice)
        add("twice-unknown-page", "in a browser", "damaged", body=twice, accept=BROWSER)
    for route in ("peek", "redeem"):
        usual, good = POSTS[route]
        cases.post(f"post/{route}-unknown-field", "a field that is not asked for", "/portal/" + route, good,
                   **{**usual, "fields": [*usual["fields"], ("lang", "de")]})
        cases.post(f"post/{route}-unknown-fields", "several", "/portal/" + route, good,
                   **{**usual, "fields": [("a", "1"), *usual["fields"], ("b", ""), ("c", "\u00e9")]})
    cases.post("post/peek-plus", "a plus sign is a space", "/portal/peek", "damaged", body="token=" + LINK + "+")
    cases.post("post/peek-twice", "a field twice", "/portal/peek", "damaged", fields=[("token", LINK), ("token", LINK)])
    expired, both = sign(session(expires_at=NOW)), [["Authorization", "Bearer " + SESSION]]
    for name, more in (("expired", {"cookies": {routes.SESSION_COOKIE: expired}}), ("both", {"cookies": {routes.SESSION_COOKIE: SESSION}, "headers": both})):
        cases.post(f"post/renew-order-fields-{name}", "the fields are first", "/portal/renew", "damaged", body="a=1&a=2", **more)
        cases.post(f"post/renew-order-{name}", "with one of each", "/portal/renew", "refused", body="a=1&b=2", **more)


# --- methods and paths -------------------------------------------------------------------------

def methods(cases):
    for name, target in (("portal", "/portal"), ("token", "/portal/" + LINK)):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            cases.add(f"method/{name}-{method.lower()}", "another method", method, target, "405",
                      headers=[["Content-Type", FORM]] if method == "POST" else [])
    for route, (usual, _) in POSTS.items():
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
            cases.add(f"method/{route}-{method.lower()}", "another method: nothing is done", method, "/portal/" + route, "405",
                      cookies=usual.get("cookies"))
        everything = {"headers": [["Origin", "https://evil.example"], ["Sec-Fetch-Site", "cross-site"], ["Content-Type", "text/plain"]],
                      "body": {"parts": [{"repeat": "a=1&", "times": 2000}]}}
        cases.add(f"method/{route}-order", "first of all faults", "PUT", "/portal/" + route, "405", **everything)
        cases.add(f"method/{route}-query", "with a query", "GET", f"/portal/{route}?a=1", "405")
    for name, target in (("portal", "/portal"), ("token", "/portal/" + LINK), ("damaged", "/portal/" + DAMAGED_LINK)):
        cases.add(f"method/{name}-order", "first of all faults", "POST", target, "405", **everything)
        cases.add(f"method/{name}-cookie", "a link cookie that is refused elsewhere stays", "POST", target, "405",
                  cookies={routes.LINK_COOKIE: spoiled_tag(LINK)}, headers=[["Content-Type", FORM]])


def paths(cases):
    def add(name, comment, target, meant="application", method="GET", **more):
        cases.add("path/" + name, comment, method, target, meant, **more)

    add("slash", "the application's first page", "/portal/")
    add("other", "a page of the application", "/portal/files")
    add("deeper", "deeper", "/portal/files/redeem")
    add("redeem-deeper", "below a route", "/portal/redeem/x")
    add("redeem-upper", "in another case", "/portal/Redeem", method="POST", headers=[["Content-Type", FORM]])
    add("put", "any method", "/portal/files", method="PUT")
    add("token-slash", "a token is one segment", f"/portal/{LINK}/")
    add("token-deeper", "deeper", f"/portal/{LINK}/redeem")
    add("token-damaged-slash", "a damaged one", f"/portal/{DAMAGED_LINK}/")
    add("token-session", "a session is none", "/portal/" + SESSION)
    add("token-nonce", "a nonce is none", "/portal/" + NONCE)
    add("token-upper", "nor a prefix in another case", "/portal/PWL_" + LINK[4:])
    add("token-short", "nor a part of it", "/portal/pwl")
    add("token-escaped", "nor one whose beginning has an escape", "/portal/%70wl_" + LINK[4:])
    add("token-escaped-underscore", "whichever", "/portal/pwl%5F" + LINK[4:])
    add("token-escape-slash", "one with an escape, and something below it", f"/portal/{LINK[:-1]}%41/x")
    add("token-later", "nor one that begins otherwise", "/portal/x" + LINK)
    add("token-query", "nor one in a query", "/portal/?" + LINK)
    add("files-query", "a page of the application with a query", "/portal/files?x=/portal/redeem")
    add("redeem-slash", "a route with a slash", "/portal/redeem/", method="POST", headers=[["Content-Type", FORM]])
    add("outside-query", "a query elsewhere", "/?/portal/redeem")
    add("post", "also this one, with a foreign origin", "/portal/files", method="POST", headers=[["Origin", "https://evil.example"]])
    add("outside", "not below the path", "/")
    add("outside-longer", "a longer name", "/portalx")
    add("outside-redeem", "the routes without the path", "/redeem", method="POST", headers=[["Content-Type", FORM]])
    add("outside-token", "a token elsewhere", "/" + LINK)
    for path in ("/a", "/clients/portal", "/p-1_2.3"):
        name = path.strip("/").replace("/", "-")
        add(name + "-token", "another path: a token", path + "/" + LINK, 303, path=path, accept=BROWSER)
        add(name + "-show", "its page", path, 200, path=path, accept=BROWSER, cookies={routes.LINK_COOKIE: LINK})
        cases.post(f"path/{name}-redeem", "its form", path + "/redeem", 303, fields=[("nonce", NONCE)], path=path, accept=BROWSER, store=GIVES,
                   cookies={routes.LINK_COOKIE: LINK, routes.PEEK_COOKIE: PEEK})
        add(name + "-usual", "the usual path is not a route then", "/portal", path=path)


# --- cookies between white space ---------------------------------------------------------------

def white_space(cases):
    """Browsers keep `__Host-` for names that begin with it. A server that takes more away than they do is given what they did not check."""
    link, peek, own = f"{routes.LINK_COOKIE}={LINK}", f"{routes.PEEK_COOKIE}={PEEK}", f"{routes.SESSION_COOKIE}={SESSION}"
    foreign = f"{routes.PEEK_COOKIE}={b64u(OTHER_COOKIE)}"
    form = {"fields": [("nonce", NONCE)], "accept": BROWSER}

    def redeems(name, comment, header, meant=303):
        cases.post("space/redeem-" + name, comment, "/portal/redeem", meant, cookies=header, **form, **({"store": GIVES} if meant == 303 else {}))

    for name, space in (("space", " "), ("tab", "\t"), ("several", " \t  \t")):
        comment = "space and tab are taken away"
        redeems(name + "-before", comment, f"{space}{link};{space}{peek}")
        redeems(name + "-after-name", comment, f"{link.replace('=', space + '=', 1)}; {peek.replace('=', space + '=', 1)}")
        redeems(name + "-before-value", comment, f"{link.replace('=', '=' + space, 1)}; {peek.replace('=', '=' + space, 1)}")
        redeems(name + "-after-value", comment, f"{link}{space};{peek}{space};x=y")
        redeems(name + "-twice", "so this is one that is there twice", f"{link}; {peek};{space}{foreign}", "damaged")
        redeems(name + "-inside", "but none within", f"{link}; {routes.PEEK_COOKIE}={PEEK[:20]}{space}{PEEK[20:]}", "damaged")
    redeems("none", "none at all", f"{link};{peek}")
    redeems("quoted", "nor quotation marks", f'{link}; {routes.PEEK_COOKIE}="{PEEK}"', "damaged")
    for name, space in (("2000", "\u2000"), ("a0", "\u00a0"), ("85", "\u0085"), ("2028", "\u2028"), ("3000", "\u3000"), ("feff", "\ufeff")):
        comment = f"U+{name.upper():0>4} is not"
        redeems(name + "-before", f"{comment}: another cookie, so there is none of ours", f"{link}; {space}{peek}", "damaged")
        redeems(name + "-first", f"{comment}: another cookie at the beginning", f"{space}{link}; {peek}", "damaged")
        redeems(name + "-beside", f"{comment}: another cookie beside ours", f"{link}; {space}{foreign}; {peek}")
        redeems(name + "-beside-later", f"{comment}: also behind it", f"{link}; {peek}; {space}{foreign}")
        redeems(name + "-after-name", f"{comment}: another name", f"{link}; {peek.replace('=', space + '=', 1)}", "damaged")
        redeems(name + "-before-value", f"{comment}: a malformed value", f"{link}; {peek.replace('=', '=' + space, 1)}", "damaged")
        redeems(name + "-after-value", f"{comment}: a malformed value", f"{link}; {peek}{space}", "damaged")
        cases.get(f"space/show-{name}", f"{comment}: no link cookie", "/portal", 200, cookies=f"{space}{link}", accept=BROWSER)
        cases.get(f"space/show-{name}-value", f"{comment}: a damaged one", "/portal", "damaged", cookies=f"{link}{space}")
        cases.get(f"space/show-{name}-peek", f"{comment}: no peek cookie", "/portal", 200, cookies=f"{link}; {space}{peek}", accept=BROWSER)
        cases.get(f"space/show-{name}-peek-beside", f"{comment}: another's beside ours", "/portal", 200, cookies=f"{link}; {space}{foreign}; {peek}", accept=BROWSER)
        cases.post(f"space/renew-{name}", f"{comment}: no session", "/portal/renew", "damaged", cookies=f"{space}{own}")
        cases.post(f"space/renew-{name}-beside", f"{comment}: another's beside ours", "/portal/renew", 204, store=GIVES,
                   cookies=f"{space}{routes.SESSION_COOKIE}={NEW_SESSION}; {own}")
    for name, other in (("upper", routes.PEEK_COOKIE.upper()), ("lower", routes.PEEK_COOKIE.lower()), ("secure", routes.PEEK_COOKIE.replace("Host", "Secure")),
                        ("none", routes.PEEK_COOKIE.removeprefix("__Host-"))):
        redeems("name-" + name, "another name", f"{link}; {other}={PEEK}", "damaged")
        redeems(f"name-{name}-beside", "beside ours", f"{link}; {other}={b64u(OTHER_COOKIE)}; {peek}")


# --- where the portal is -----------------------------------------------------------------------

def portals(cases):
    """Nothing but the origin of a `POST` depends on it."""
    for name, origin in (("port", ORIGIN + ":8443"), ("localhost", "http://localhost"), ("localhost-port", "http://localhost:8080")):
        def get(part, target, meant, name=name, origin=origin, **more):
            cases.get(f"portal/{name}-{part}", f"the portal is at {origin}", target, meant, origin=origin, accept=BROWSER, **more)

        get("take", "/portal/" + LINK, 303)
        get("show", "/portal", 200, cookies={routes.LINK_COOKIE: LINK})
        get("refused", "/portal", "refused", cookies={routes.LINK_COOKIE: spoiled_tag(LINK)})
        get("host", "/portal/" + LINK, 303, host="evil.example")


# --- routes of the application -----------------------------------------------------------------

def sessions(cases):
    """What `http_session` takes from a request to a route of the application."""
    def add(name, comment, meant="session", method="GET", cookie=None, bearer=None, headers=(), cookies=None, **more):
        found = cookies if cookies is not None else {routes.SESSION_COOKIE: cookie} if cookie is not None else None
        headers = [*headers, *([["Authorization", "Bearer " + bearer]] if bearer is not None else [])]
        cases.add("session/" + name, comment, method, "/portal/files", meant, cookies=found, headers=headers, op="http_session", **more)

    foreign, cross = [["Origin", "https://evil.example"]], [["Sec-Fetch-Site", "cross-site"]]
    null = [["Origin", "null"]]
    add("cookie", "a session in the cookie", cookie=SESSION)
    add("bearer", "as a bearer token", bearer=SESSION)
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"):
        name, safe = method.lower(), method in ("GET", "HEAD", "OPTIONS")
        meant = "session" if safe else "refused"
        add(name + "-own", "from the portal", method=method, cookie=SESSION, headers=[["Origin", ORIGIN], ["Sec-Fetch-Site", "same-origin"]])
        add(name + "-plain", "with neither header", method=method, cookie=SESSION)
        add(name + "-foreign", "from another origin", meant, method=method, cookie=SESSION, headers=foreign)
        add(name + "-cross", "from another site", meant, method=method, cookie=SESSION, headers=cross)
        add(name + "-same-site", "from another host of the site", meant, method=method, cookie=SESSION, headers=[["Sec-Fetch-Site", "same-site"]])
        add(name + "-null", "from nowhere", meant, method=method, cookie=SESSION, headers=null)
        add(name + "-null-same-origin", "from a form without a referrer", method=method, cookie=SESSION, headers=[*null, ["Sec-Fetch-Site", "same-origin"]])
        add(name + "-null-none", "from nowhere, and no site", meant, method=method, cookie=SESSION, headers=[*null, ["Sec-Fetch-Site", "none"]])
        add(name + "-bearer-foreign", "no browser sends a bearer token by itself", method=method, bearer=SESSION, headers=foreign + cross)
        add(name + "-host", "the origin of the Host, which does not matter", meant, method=method, cookie=SESSION, headers=foreign, host="evil.example")
        add(name + "-none", "no session", "refused", method=method)
    opens = [["Connection", "Upgrade"], ["Upgrade", "websocket"]]
    for name, told in (("websocket", opens), ("upgrade-other", [["upgrade", "h2c"]]), ("upgrade-empty", [["Upgrade", ""]])):
        add(f"get-{name}-own", "a WebSocket from the portal", cookie=SESSION, headers=[*told, ["Origin", ORIGIN]])
        add(f"get-{name}-foreign", "from another origin: it would read what the browser's cookie opens", "refused", cookie=SESSION, headers=[*told, *foreign])
        add(f"get-{name}-same-site", "from another host of the site", "refused", cookie=SESSION, headers=[*told, ["Sec-Fetch-Site", "same-site"]])
        add(f"get-{name}-plain", "not from a browser", cookie=SESSION, headers=told)
        add(f"get-{name}-bearer-foreign", "no browser sends a bearer token by itself", bearer=SESSION, headers=[*told, *foreign])
    add("post-port", "the portal is at a port", method="POST", cookie=SESSION, origin=ORIGIN + ":8443", headers=[["Origin", ORIGIN + ":8443"]])
    add("post-port-none", "and the origin without", "refused", method="POST", cookie=SESSION, origin=ORIGIN + ":8443", headers=[["Origin", ORIGIN]])
    add("post-foreign-none", "from another origin, and no session", "refused", method="POST", headers=foreign)
    add("both", "both at once", "refused", cookie=SESSION, bearer=SESSION)
    add("both-other", "two different ones", "refused", cookie=SESSION, bearer=NEW_SESSION)
    add("both-damaged", "also if one is damaged", "refused", cookie=SESSION, bearer="pws_")
    add("none-link", "a link cookie is no session", "refused", cookies={routes.LINK_COOKIE: LINK, routes.PEEK_COOKIE: PEEK})
    add("none-basic", "nor is another scheme", "refused", headers=[["Authorization", "Basic cHdzXzpw"]])
    add("basic-beside", "so the cookie's is alone", cookie=SESSION, headers=[["Authorization", "Basic cHdzXzpw"]])
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        add(f"empty-{method.lower()}", "an empty cookie is one, and damaged", "damaged", method=method, cookie="")
    add("empty-others", "beside others", "damaged", cookies={routes.LINK_COOKIE: LINK, routes.SESSION_COOKIE: "", "lang": "de"})
    add("empty-space", "also one of white space", "damaged", cookies=f"{routes.SESSION_COOKIE}= \t")
    add("empty-own", "from the portal", "damaged", method="POST", cookie="", headers=[["Origin", ORIGIN], ["Sec-Fetch-Site", "same-origin"]])
    add("both-empty", "so both at once", "refused", cookie="", bearer=SESSION)
    add("twice-empty", "twice, once empty", "damaged", cookies=f"{routes.SESSION_COOKIE}=; {routes.SESSION_COOKIE}={SESSION}")
    for name, scheme in (("lower", "bearer"), ("upper", "BEARER"), ("mixed", "bEaReR")):
        told = [["Authorization", f"{scheme} {SESSION}"]]
        add("bearer-" + name, "the scheme in another case", headers=told)
        add(f"bearer-{name}-foreign", "no browser sends it by itself", method="POST", headers=[*told, *foreign, *cross])
        add(f"both-bearer-{name}", "both at once", "refused", cookie=SESSION, headers=told)
    for name, told in NOTHING:
        told = [["Authorization", told]]
        add("bearer-" + name, "a scheme with nothing behind it: no session", "refused", headers=told)
        add(f"bearer-{name}-beside", "so the cookie's is alone", cookie=SESSION, headers=told)
        add(f"bearer-{name}-foreign", "and needs the origin", "refused", method="POST", cookie=SESSION, headers=[*told, *foreign])
        add(f"bearer-{name}-own", "which is the portal's", method="POST", cookie=SESSION, headers=[*told, ["Origin", ORIGIN]])
        add(f"bearer-{name}-empty", "beside an empty cookie", "damaged", cookie="", headers=told)
    joined = [["Authorization", "Bearer" + SESSION]]
    add("bearer-joined", "nothing between is another scheme: no session", "refused", headers=joined)
    add("bearer-joined-beside", "so the cookie's is alone", cookie=SESSION, headers=joined)
    add("twice", "a cookie that is there twice", "damaged", cookies=f"{routes.SESSION_COOKIE}={SESSION}; {routes.SESSION_COOKIE}={SESSION}")
    add("twice-other", "with another value", "damaged", cookies=f"{routes.SESSION_COOKIE}={SESSION}; {routes.SESSION_COOKIE}={NEW_SESSION}")
    add("space-2000", "another cookie beside ours", cookies=f"\u2000{routes.SESSION_COOKIE}={NEW_SESSION}; {routes.SESSION_COOKIE}={SESSION}")
    add("space-2000-alone", "another cookie alone", "refused", cookies=f"\u2000{routes.SESSION_COOKIE}={SESSION}")
    add("space-85-alone", "another one", "refused", cookies=f"\u0085{routes.SESSION_COOKIE}={SESSION}")
    add("space", "space and tab are taken away", cookies=f"lang=de;\t{routes.SESSION_COOKIE} =\t{SESSION} ")
    for name, held, meant in (
        ("damaged", SESSION[:-1], "damaged"), ("forged", spoiled_tag(SESSION), "refused"), ("expired", sign(session(expires_at=NOW)), "refused"),
        ("link", LINK, "refused"), ("nonce", NONCE, "damaged"),
    ):
        add(name, "in the cookie", meant, cookie=held)
        add(name + "-bearer", "as a bearer token", meant, bearer=held)
    add("superseded", "an edit of its link ends it here", "refused", cookie=SESSION, view="superseded", **WATCHED)
    add("stale", "a stale view", "refused", cookie=SESSION, view="stale", **WATCHED)
    add("fresh", "a fresh one", cookie=SESSION, view="empty", **WATCHED)
    add("audience", "of an audience", cookie=sign(session(audience="portal")), audience="portal")
    add("audience-other", "of another one", "refused", cookie=sign(session(audience="portal")), audience="intranet")
