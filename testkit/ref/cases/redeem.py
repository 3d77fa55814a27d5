"""Cases of spec/redeem.md sections 1 to 3."""

import base64

from portward_ref import redeem
from portward_ref import token as t
from portward_ref.wire import U40_MAX, U64_MAX, b64u, u40

from .common import MAIN_ID, OK, OTHER_ID, ROOT_IDS, Has, Subject, deployment_value, fixtures, root_id, root_key, seeded
from .token import LETTERS, NOW, TOP, UUID_A, audience, expiry, link, permissions, recipient, resources, session, sign

COOKIE = seeded("peek cookie", 32)
OTHER_COOKIE = seeded("another peek cookie", 32)
RANDOM = seeded("nonce random", 16)
LINK_ID = link().token_id
CHAIN = seeded("chain id", 16)
OTHER_CHAIN = seeded("another chain id", 16)
ENDS = NOW + 600
# What the deployments give sessions.
LIFETIME, DAY = 900, 86_400
SESSION_ID = seeded("session of a redemption", 16)
LIVE_MODE = {"live_max_staleness": 30_000}


# --- nonces, right and wrong -------------------------------------------------------------------

def parts(root="active", ends=ENDS, random=RANDOM):
    return {"version": b"\x01", "root_id": root_id(root), "expires": u40(ends), "random": random}


def signed(found, chain=CHAIN, cookie=COOKIE, root="active", deployment_id=MAIN_ID):
    """A nonce of any fields under a right MAC."""
    before_mac = b"".join(found.values())
    return before_mac + redeem.nonce_mac(root_key(root), deployment_id, before_mac, chain, cookie)


def text(data):
    return "pwn_" + b64u(data)


GOOD = signed(parts())

# Records of tenant 7.
ENDS_LATE = u40(NOW + 86_300)
SUPERSEDED = b"\x16" + LINK_ID + b"\x05" + ENDS_LATE
REVOKED, SUSPENDED = b"\x13\x01" + LINK_ID + ENDS_LATE, b"\x14\x01" + LINK_ID + ENDS_LATE


def view(records, evidence=None, deployment=b"", scope="all"):
    return {
        "scope": scope, "incarnation": "00" * 16, "sequence": 9, "history": seeded("history", 32).hex(),
        "records": (deployment + (b"\x10\x02\x07" + records if records else b"")).hex(),
        "evidence": {"live_sent_at": 1000} if evidence is None else evidence,
    }


def views():
    session_id = session().token_id
    return {
        "superseded": view(SUPERSEDED), "revoked": view(REVOKED), "suspended": view(SUSPENDED),
        "copy": view(b"\x13\x03" + copy_ids()[0] + ENDS_LATE), "empty": view(b""), "stale": view(SUPERSEDED, "none"),
        "superseded_revoked": view(REVOKED + SUPERSEDED), "superseded_suspended": view(SUSPENDED + SUPERSEDED),
        "superseded_session_revoked": view(b"\x13\x02" + session_id + ENDS_LATE + SUPERSEDED),
        "superseded_session_suspended": view(b"\x14\x02" + session_id + ENDS_LATE + SUPERSEDED),
        "superseded_client": view(b"\x12\x02\x0c\x01" + SUPERSEDED), "superseded_tenant": view(b"\x11\x01" + SUPERSEDED),
        "superseded_deployment": view(SUPERSEDED, deployment=b"\x01\x01"),
        "superseded_root": view(SUPERSEDED, deployment=b"\x02" + root_id("active")),
        "other_scope": view(b"", scope=["8"]),
    }


BODIES = (recipient("Ann"), permissions(0, 1) + recipient("Ben"))


def copy_ids(bodies=BODIES, head=None):
    tag, found = t.first_tag(root_key("active"), MAIN_ID, head or link()), []
    for body in bodies:
        tag = t.next_tag(tag, t.block(body))
        found.append(t.copy_id(tag))
    return found


def build():
    found = fixtures(views=views())
    day = deployment_value()
    found["deployments"]["day"] = {**day, "session": {**day["session"], "default_lifetime": DAY}}
    subject = Subject("redeem", found)
    derivation(subject)
    chains(subject)
    making(subject)
    good(subject)
    truncations(subject)
    texts(subject)
    fields(subject)
    roots(subject)
    bindings(subject)
    times(subject)
    cookies(subject)
    orders(subject)
    redeeming(subject)
    redeeming_outdated(subject)
    renewing(subject)
    renewing_outdated(subject)
    return subject


def derivation(subject):
    for name, root, deployment_id in (
        ("nonce", "active", MAIN_ID), ("nonce-other-root", "older", MAIN_ID), ("nonce-other-deployment", "active", OTHER_ID),
    ):
        subject.add("derive/" + name, "the key of nonces", "derive", OK, root=root_key(root).hex(),
                    deployment=deployment_id.hex(), label="portward/v1/nonce", parts=[])


def chains(subject):
    def add(name, comment, token, intended, kind="link"):
        subject.add("chain_id/" + name, comment, "chain_id", intended, deployment="main", keyring="main", token=token,
                    kind=kind, now=NOW)

    copies = [copy.hex() for copy in copy_ids()]
    add("link", "a link without blocks: its token id", sign(link()), {"id": LINK_ID.hex()})
    add("one-block", "a link with a block: its copy id", sign(link(), BODIES[0]), {"id": copies[0]})
    add("two-blocks", "the last of two", sign(link(), *BODIES), {"id": copies[1]})
    add("session", "a session of a link without blocks", sign(session()), {"id": LINK_ID.hex()}, "session")
    add("session-copies", "a session of a chain of two", sign(session(copies=copy_ids())), {"id": copies[1]}, "session")


# --- nonce_make --------------------------------------------------------------------------------

def making(subject):
    def add(name, comment, intended=OK, now=NOW, random=RANDOM, chain=CHAIN, cookie=COOKIE, where="main"):
        subject.add("nonce_make/" + name, comment, "nonce_make", intended, deployment=where, keyring=where, now=now,
                    random=random.hex(), chain=chain.hex(), cookie=cookie.hex())

    add("good", "the nonce other cases spoil", {"nonce": text(GOOD), "expires_at": ENDS, "cookie": b64u(COOKIE)})
    add("random", "another random", random=seeded("another random", 16))
    add("chain", "another chain", chain=OTHER_CHAIN)
    add("cookie", "another cookie", cookie=OTHER_COOKIE)
    add("later", "a second later", Has(expires_at=ENDS + 1), now=NOW + 1)
    add("deployment", "another deployment", where="other")
    add("zeros", "everything zero but the root", Has(expires_at=600), now=0, random=bytes(16), chain=bytes(16),
        cookie=bytes(32))
    add("ones", "every bit of what is random", random=b"\xff" * 16, chain=b"\xff" * 16, cookie=b"\xff" * 32)
    add("top-600", "the last time that leaves 600 s", Has(expires_at=U40_MAX), now=U40_MAX - 600)
    add("top-599", "a second later: as much as 40 bits hold", Has(expires_at=U40_MAX), now=U40_MAX - 599)
    add("top", "the end of time", Has(expires_at=U40_MAX), now=U40_MAX)


# --- nonce_check -------------------------------------------------------------------------------

def check(subject, name, comment, nonce, intended, chain=CHAIN, cookie=None, now=NOW, where="main", keyring=None):
    """`nonce`: text or bytes; `cookie`: text."""
    nonce = nonce if isinstance(nonce, str) else text(nonce)
    subject.add("nonce_check/" + name, comment, "nonce_check", intended, deployment=where, keyring=keyring or where,
                nonce=nonce, chain=chain.hex(), cookie=b64u(COOKIE) if cookie is None else cookie, now=now)


def good(subject):
    told = {"random": RANDOM.hex(), "expires_at": ENDS}
    check(subject, "good", "as it was made", GOOD, told)
    for name, found in (
        ("zeros", parts(random=bytes(16))), ("ones", parts(random=b"\xff" * 16)), ("top", parts(ends=U40_MAX)),
        ("long", parts(ends=NOW + 100_000)),
    ):
        check(subject, "good-" + name, "fields of any value under a right MAC", signed(found), OK)


def truncations(subject):
    whole = text(GOOD)
    for length in range(len(whole)):
        check(subject, f"cut-text-{length}", f"the text cut to {length} of {len(whole)} characters", whole[:length],
              "nonce_malformed")
    for length in range(len(GOOD)):
        if not whole.startswith(text(GOOD[:length])):  # else it is one of those
            check(subject, f"cut-bytes-{length}", f"the bytes cut to {length} of {len(GOOD)}, text right", GOOD[:length],
                  "nonce_malformed")
    check(subject, f"cut-bytes-{len(GOOD)}", "nothing cut", GOOD, OK)
    for more in (1, 2, 3, 32, 1000):
        check(subject, f"longer-{more}", f"{more} zero bytes after it", GOOD + bytes(more), "nonce_malformed")
    check(subject, "longer-before", "a zero byte before it", b"\x00" + GOOD, "nonce_malformed")
    check(subject, "longer-twice", "twice", GOOD * 2, "nonce_malformed")


def texts(subject):
    def add(name, comment, nonce, intended="nonce_malformed"):
        check(subject, name, comment, nonce, intended)

    whole = text(GOOD)
    add("prefix-none", "no prefix", whole[4:])
    for other in ("pwl_", "pws_", "pwk1_", "PWN_", "Pwn_", "pwn-", "pwn", "pwm_", "pwn__", "pwn_pwn_"):
        add("prefix-" + other.strip("_").replace("_", "-") + f"-{len(other)}", "another prefix",
            other + whole[4:])
    add("space-before", "white space before it", " " + whole)
    add("space-after", "white space after it", whole + " ")
    add("line-feed", "a line feed after it", whole + "\n")
    add("space-inside", "white space in it", whole[:40] + " " + whole[40:])
    add("padding", "padding, as one would have to", whole + "==")
    add("padding-one", "half of it", whole + "=")
    add("nul", "a zero character after it", whole + "\x00")
    # 58 bytes leave four unused bits in the last character.
    last = LETTERS.index(whole[-1])
    for bits in range(1, 16):
        add(f"unused-bits-{bits}", "bits of the last character that carry nothing", whole[:-1] + LETTERS[last | bits])
    add("unused-bits-0", "none of them set", whole, OK)
    standard = base64.b64encode(signed(parts(random=b"\xff\xef\xbe" * 5 + b"\xff"))).decode().rstrip("=")
    assert "+" in standard or "/" in standard
    add("alphabet-standard", "base64, not base64url", "pwn_" + standard)
    add("alphabet-url", "its base64url", "pwn_" + standard.replace("+", "-").replace("/", "_"), OK)
    add("letter-dot", "a full stop", whole[:-1] + ".")
    add("letter-not-ascii", "a letter that is not ASCII", whole[:-1] + "\u00e9")
    add("letter-full-width", "a letter that looks like one", whole[:20] + "\uff21" + whole[21:])
    add("hexadecimal", "its hexadecimal", "pwn_" + GOOD.hex())


def fields(subject):
    for version in (0, 2, 3, 0x7F, 0x80, 0xFF):
        check(subject, f"version-{version}", "another version, under a right MAC",
              signed({**parts(), "version": bytes([version])}), "nonce_malformed")
    for at in range(len(GOOD)):
        for mask in ((0x01, 0x80) if at in (0, 1, 4, 5, 9, 10, 25, 26, 57) else (1 << at % 8,)):
            changed = GOOD[:at] + bytes([GOOD[at] ^ mask]) + GOOD[at + 1:]
            field, intended = next((field, code) for end, field, code in (
                (1, "version", "nonce_malformed"), (5, "root id", "unknown_root"), (10, "expiry", "nonce_forged"),
                (26, "random", "nonce_forged"), (58, "MAC", "nonce_forged")) if at < end)
            check(subject, f"flip-{at}-{mask:02x}", f"a bit of byte {at}: {field}", changed, intended)
    before_mac, mac = GOOD[:-32], GOOD[-32:]
    for name, wrong in (
        ("zeros", bytes(32)), ("inverted", bytes(byte ^ 0xFF for byte in mac)), ("reversed", mac[::-1]),
        ("rotated", mac[1:] + mac[:1]), ("first-half", mac[:16] + bytes(16)), ("last-half", bytes(16) + mac[16:]),
    ):
        check(subject, "mac-" + name, "another MAC", before_mac + wrong, "nonce_forged")
    other = signed(parts(random=seeded("another random", 16)))
    check(subject, "mac-of-other-random", "the MAC of another nonce", before_mac + other[-32:], "nonce_forged")
    check(subject, "mac-of-other-random-good", "that one", other, OK)
    later = signed(parts(ends=ENDS + 3600))
    check(subject, "mac-of-other-expiry", "an hour longer, under the MAC of this one", later[:-32] + mac, "nonce_forged")
    check(subject, "mac-of-other-expiry-good", "an hour longer, under its own", later, OK)
    key = redeem.derive(root_key("active"), MAIN_ID, redeem.NONCE)
    hashed = redeem.hashlib.sha256(COOKIE).digest()
    for name, comment, wrong_key, message in (
        ("root-itself", "under the root itself", root_key("active"), before_mac + CHAIN + hashed),
        ("row-key", "under the key of rows", redeem.derive(root_key("active"), MAIN_ID, "portward/v1/row"), before_mac + CHAIN + hashed),
        ("no-cookie", "without the cookie", key, before_mac + CHAIN),
        ("no-chain", "without the chain", key, before_mac + hashed),
        ("cookie-plain", "with the cookie itself, not its hash", key, before_mac + CHAIN + COOKIE),
        ("cookie-text", "with the hash of the cookie's text", key,
         before_mac + CHAIN + redeem.hashlib.sha256(b64u(COOKIE).encode()).digest()),
        ("swapped", "cookie before chain", key, before_mac + hashed + CHAIN),
        ("no-version", "without the version", key, before_mac[1:] + CHAIN + hashed),
        ("prefix", "with the prefix", key, b"pwn_" + before_mac + CHAIN + hashed),
    ):
        check(subject, "mac-" + name, comment, before_mac + redeem.hmac_sha256(wrong_key, message), "nonce_forged")


def roots(subject):
    for name, intended in (("active", OK), ("older", OK), ("retired", "unknown_root"), ("gone", "unknown_root"),
                           ("idle", "unknown_root")):
        check(subject, "root-" + name, "under this root", signed(parts(root=name), root=name), intended)
    check(subject, "root-strange", "a root that nobody has", signed({**parts(), "root_id": b"\xde\xad\xbe\xef"}), "unknown_root")
    check(subject, "root-zeros", "a root id of zeros", signed({**parts(), "root_id": bytes(4)}), "unknown_root")
    check(subject, "root-named-other", "the id of one root, the MAC under another", signed(parts(root="older")), "nonce_forged")
    check(subject, "root-named-active", "the other way round", signed(parts(), root="older"), "nonce_forged")
    check(subject, "root-retired-named-active", "the id of the active root, the MAC under a retired one",
          signed(parts(), root="retired"), "nonce_forged")
    check(subject, "root-retired-expired", "a retired root, and expired: the root is first",
          signed(parts(root="retired", ends=NOW), root="retired"), "unknown_root")


def bindings(subject):
    check(subject, "chain-other", "another chain", GOOD, "nonce_forged", chain=OTHER_CHAIN)
    check(subject, "chain-other-good", "a nonce of that one", signed(parts(), chain=OTHER_CHAIN), OK, chain=OTHER_CHAIN)
    check(subject, "chain-zeros", "a chain id of zeros", GOOD, "nonce_forged", chain=bytes(16))
    for at in (0, 7, 15):
        check(subject, f"chain-flip-{at}", f"a bit of byte {at} of the chain id", GOOD, "nonce_forged",
              chain=CHAIN[:at] + bytes([CHAIN[at] ^ 1]) + CHAIN[at + 1:])
    copies = copy_ids()
    of_link = signed(parts(), chain=LINK_ID)
    check(subject, "chain-link", "the nonce of a link", of_link, OK, chain=LINK_ID)
    check(subject, "chain-link-for-copy", "for a copy of it", of_link, "nonce_forged", chain=copies[0])
    of_copy = signed(parts(), chain=copies[0])
    check(subject, "chain-copy", "the nonce of a copy", of_copy, OK, chain=copies[0])
    check(subject, "chain-copy-for-link", "for its link", of_copy, "nonce_forged", chain=LINK_ID)
    check(subject, "chain-copy-for-longer", "for a copy of the copy", of_copy, "nonce_forged", chain=copies[1])
    check(subject, "cookie-other", "another cookie", GOOD, "nonce_forged", cookie=b64u(OTHER_COOKIE))
    check(subject, "cookie-other-good", "a nonce of that one", signed(parts(), cookie=OTHER_COOKIE), OK,
          cookie=b64u(OTHER_COOKIE))
    for at in (0, 15, 31):
        check(subject, f"cookie-flip-{at}", f"a bit of byte {at} of the cookie", GOOD, "nonce_forged",
              cookie=b64u(COOKIE[:at] + bytes([COOKIE[at] ^ 1]) + COOKIE[at + 1:]))
    check(subject, "cookie-zeros", "a cookie of zeros", GOOD, "nonce_forged", cookie=b64u(bytes(32)))
    check(subject, "cookie-zeros-good", "is one like others", signed(parts(), cookie=bytes(32)), OK, cookie=b64u(bytes(32)))
    check(subject, "deployment", "another deployment, with the same keys", GOOD, "nonce_forged", where="other")
    check(subject, "deployment-good", "a nonce of that one", signed(parts(), deployment_id=OTHER_ID), OK, where="other")
    check(subject, "deployment-back", "and here", signed(parts(), deployment_id=OTHER_ID), "nonce_forged")


def times(subject):
    for name, ends, now, intended in (
        ("fresh", ENDS, NOW, OK), ("last", ENDS, ENDS - 1, OK), ("ends", ENDS, ENDS, "nonce_expired"),
        ("over", ENDS, ENDS + 1, "nonce_expired"), ("skew", ENDS, ENDS + 59, "nonce_expired"),
        ("before", ENDS, NOW - 1, OK), ("now-0", ENDS, 0, OK), ("now-u40", ENDS, TOP, "nonce_expired"),
        ("now-u40-plus-1", ENDS, TOP + 1, "nonce_expired"), ("now-u64", ENDS, U64_MAX, "nonce_expired"),
        ("now-wraps", ENDS, 2**40 + NOW, "nonce_expired"), ("now-wraps-32", ENDS, 2**32 + NOW, "nonce_expired"),
        ("0-now-0", 0, 0, "nonce_expired"), ("1-now-0", 1, 0, OK), ("top-last", U40_MAX, U40_MAX - 1, OK),
        ("top", U40_MAX, U40_MAX, "nonce_expired"), ("top-u64", U40_MAX, U64_MAX, "nonce_expired"),
    ):
        check(subject, "time-" + name, f"expires at {ends}, now {now}", signed(parts(ends=ends)), intended, now=now)


def cookies(subject):
    whole = b64u(COOKIE)

    def add(name, comment, cookie, intended="cookie_malformed"):
        check(subject, "peek-" + name, comment, GOOD, intended, cookie=cookie)

    add("good", "as it was made", whole, OK)
    for length in range(len(whole)):
        add(f"cut-{length}", f"cut to {length} of {len(whole)} characters", whole[:length])
    for count in (1, 16, 31, 33, 64):
        add(f"bytes-{count}", f"{count} bytes", b64u(seeded("peek cookie", count)))
    add("longer", "a character more", whole + "A")
    add("padding", "padding", whole + "=")
    add("space-before", "white space before it", " " + whole)
    add("space-for-last", "white space for the last character", whole[:-1] + " ")
    add("line-feed", "a line feed after it", whole + "\n")
    add("quoted", "in quotation marks", f'"{whole}"')
    last = LETTERS.index(whole[-1])
    for bits in range(1, 4):
        add(f"unused-bits-{bits}", "bits of the last character that carry nothing", whole[:-1] + LETTERS[last | bits])
    for letter in "+/=.%":
        add(f"letter-{ord(letter):02x}", "a character of another alphabet", whole[:10] + letter + whole[11:])
    add("letter-not-ascii", "a letter that is not ASCII", whole[:10] + "\u00e9" + whole[11:])
    add("hexadecimal", "its hexadecimal", COOKIE.hex())


def orders(subject):
    bad = b64u(COOKIE)[:-1]
    check(subject, "order-cookie-nonce", "cookie and nonce malformed: the cookie is first", "pwn_", "cookie_malformed", cookie=bad)
    check(subject, "order-cookie-forged", "cookie malformed, MAC wrong", GOOD[:-32] + bytes(32), "cookie_malformed", cookie=bad)
    check(subject, "order-version-root", "another version, a root nobody has",
          signed({**parts(), "version": b"\x02", "root_id": bytes(4)}), "nonce_malformed")
    check(subject, "order-root-forged", "a root nobody has, MAC wrong", GOOD[:1] + bytes(4) + GOOD[5:-1] + b"\x00", "unknown_root")
    check(subject, "order-forged-expired", "MAC wrong, expired", GOOD[:-32] + bytes(32), "nonce_forged", now=ENDS)
    check(subject, "order-chain-expired", "another chain, expired", GOOD, "nonce_forged", chain=OTHER_CHAIN, now=ENDS)


# --- redeem ------------------------------------------------------------------------------------

def link_row(head=None, **changes):
    head = head or link()
    row = {
        "head": t.encode_head(head).hex(),
        "check": t.link_check(t.first_tag(root_key(_root_of(head)), MAIN_ID, head)).hex(), "state": "active",
        "expires": head.expires_at, "permissions": ["files:read", "files:upload"], "resources": None, "uses_max": None,
        "uses": 0, "revision": 0,
    }
    assert set(changes) <= set(row)
    return {**row, **changes}


def _root_of(head):
    return next(name for name in ROOT_IDS if root_id(name) == head.root_id)


class Redeeming:
    def __init__(self, subject):
        self.subject = subject

    def __call__(self, name, comment, intended=OK, token=None, row=None, nonce=None, cookie=None, redeemed=None, deployment="main",
                 now=NOW, chain=LINK_ID, **more):
        """`redeemed`: the chain of a redemption, or True: this one."""
        token = token or sign(link())
        redeemed = chain if redeemed is True else redeemed
        nonce = nonce or text(signed(parts(ends=now + 600), chain=chain))
        self.subject.add("redeem/" + name, comment, "redeem", intended, deployment=deployment, keyring="main", token=token,
                         cookie=b64u(COOKIE) if cookie is None else cookie, nonce=nonce, now=now,
                         row=link_row() if row is None else row or None, redeemed=redeemed and redeemed.hex(), token_id=SESSION_ID.hex(),
                         lifetime=DAY if deployment == "day" else LIFETIME, **more)


def redeeming(subject):
    add = Redeeming(subject)
    one, two = sign(link(), BODIES[0]), sign(link(), *BODIES)
    copies = copy_ids()
    add("good", "a link without blocks", Has(expires_at=NOW + 900, counted=True))
    add("one-block", "a copy", Has(counted=True), token=one, chain=copies[0])
    add("two-blocks", "a copy of a copy", Has(counted=True), token=two, chain=copies[1])
    add("chain-of-link", "a copy, the nonce of its link", "nonce_forged", token=one)
    add("chain-of-copy", "a link, the nonce of its copy", "nonce_forged", chain=copies[0])
    add("chain-of-shorter", "a copy of a copy, the nonce of the copy", "nonce_forged", token=two, chain=copies[0])
    add("cookie-other", "another browser", "nonce_forged", cookie=b64u(OTHER_COOKIE))
    add("cookie-none", "no cookie", "cookie_malformed", cookie="")
    add("nonce-malformed", "a malformed nonce", "nonce_malformed", nonce="pwn_")
    add("nonce-expired", "an expired one", "nonce_expired", nonce=text(signed(parts(ends=NOW), chain=LINK_ID)))
    add("nonce-last", "a second before", nonce=text(signed(parts(ends=NOW + 1), chain=LINK_ID)))

    add("row-none", "no row", "link_unknown", row={})
    add("row-check-other", "the check value of another link", "link_differs", row=link_row(link(issued_at=NOW - 101)))
    add("row-check-flip", "a bit of it", "link_differs", row=link_row(check=bytes(16).hex()))
    add("row-revoked", "revoked", "link_revoked", row=link_row(state="revoked"))
    add("row-paused", "paused", "link_suspended", row=link_row(state="paused"))
    add("row-ended", "past its own expiry", "link_ended", row=link_row(expires=NOW - 1))
    add("row-ends", "at it", "link_ended", row=link_row(expires=NOW))
    add("row-ends-last", "a second before", Has(expires_at=NOW + 1), row=link_row(expires=NOW + 1))
    add("row-expires-0", "an expiry of 0", "link_ended", row=link_row(expires=0))
    for name, state in (("revoked", "revoked"), ("paused", "paused")):
        add(f"order-{name}-ended", "and past its expiry", "link_revoked" if state == "revoked" else "link_suspended",
            row=link_row(state=state, expires=NOW))
        add(f"order-{name}-again", "the same nonce again does not help", row=link_row(state=state), redeemed=True,
            intended="link_revoked" if state == "revoked" else "link_suspended")
    add("order-differs-revoked", "another link, revoked", "link_differs", row=link_row(check=bytes(16).hex(), state="revoked"))
    add("order-ended-uses", "ended, and no uses left", "link_ended", row=link_row(expires=NOW, uses_max=1, uses=1))
    add("order-nonce-row", "a forged nonce and no row", "nonce_forged", row={}, chain=OTHER_CHAIN)
    add("order-link-nonce", "a forged link and a malformed nonce", "unknown_root", nonce="pwn_",
        token=sign(link(root_id=root_id("retired")), root="retired"))

    add("uses-none", "no cap", Has(counted=True), row=link_row(uses=2**40))
    add("uses-first", "the first of one", Has(counted=True), row=link_row(uses_max=1, uses=0))
    add("uses-reached", "the second of one", "uses_exhausted", row=link_row(uses_max=1, uses=1))
    add("uses-again", "the same nonce again: not counted", Has(counted=False), row=link_row(uses_max=1, uses=1), redeemed=True)
    add("uses-again-none", "without a cap", Has(counted=False), row=link_row(uses=1), redeemed=True)
    add("uses-last", "the last of many", Has(counted=True), row=link_row(uses_max=2**32 - 1, uses=2**32 - 2))
    add("uses-last-over", "one more", "uses_exhausted", row=link_row(uses_max=2**32 - 1, uses=2**32 - 1))
    add("uses-above", "a cap put below what was used", "uses_exhausted", row=link_row(uses_max=3, uses=7))
    add("again-copy", "the same nonce again, of a copy", Has(counted=False), token=two, chain=copies[1], redeemed=True)
    for name, other in (("other", OTHER_CHAIN), ("copy", copies[0]), ("flip", LINK_ID[:-1] + bytes([LINK_ID[-1] ^ 1]))):
        add("again-chain-" + name, "a redemption with its random, but for another chain", "link_malformed", redeemed=other)
    add("again-chain-link", "for the link of the copy", "link_malformed", token=one, chain=copies[0], redeemed=LINK_ID)
    add("again-chain-shorter", "for the copy of which this one was made", "link_malformed", token=two, chain=copies[1], redeemed=copies[0])
    add("again-chain-uses", "and no uses left", "link_malformed", redeemed=OTHER_CHAIN, row=link_row(uses_max=1, uses=1))
    add("again-chain-revoked", "and revoked", "link_revoked", redeemed=OTHER_CHAIN, row=link_row(state="revoked"))
    add("again-expired", "the same nonce again after ten minutes", "nonce_expired", redeemed=True,
        nonce=text(signed(parts(ends=NOW), chain=LINK_ID)))

    add("permissions-row", "the row allows less", row=link_row(permissions=["files:read"]))
    add("permissions-block", "a block allows less", token=sign(link(), permissions(1)), chain=copy_ids([permissions(1)])[0])
    add("permissions-none", "the row allows nothing", "nothing_granted", row=link_row(permissions=[]))
    add("permissions-disjoint", "block and row have nothing in common", "nothing_granted", token=sign(link(), permissions(1)),
        chain=copy_ids([permissions(1)])[0], row=link_row(permissions=["files:read"]))
    add("permissions-again", "the same nonce again, the row allows nothing now", "nothing_granted", redeemed=True,
        row=link_row(permissions=[]))
    add("permissions-none-uses", "the row allows nothing, and no uses are left: what is granted is first", "nothing_granted",
        row=link_row(permissions=[], uses_max=1, uses=1))
    add("permissions-disjoint-uses", "the same of a block", "nothing_granted", token=sign(link(), permissions(1)),
        chain=copy_ids([permissions(1)])[0], row=link_row(permissions=["files:read"], uses_max=1, uses=1))
    unnamed = link(permissions={0, 1, 12, 63})
    add("permissions-unnamed", "bits without a name are left out", token=sign(unnamed), row=link_row(unnamed))
    nameless = link(permissions={12, 63})
    add("permissions-unnamed-only", "nothing is left of them", "nothing_granted", token=sign(nameless), row=link_row(nameless, permissions=[]))
    add("resources-row", "the row restricts", row=link_row(resources=["doc-1", "doc-2"]))
    ab = sign(link(), resources("doc-1", "doc-2"))
    chain = copy_ids([resources("doc-1", "doc-2")])[0]
    add("resources-block", "a block restricts", token=ab, chain=chain)
    add("resources-both", "both do", token=ab, chain=chain, row=link_row(resources=["doc-2", "doc-3"]))
    add("resources-disjoint", "to nothing in common", "nothing_granted", token=ab, chain=chain, row=link_row(resources=["doc-3"]))
    add("resources-disjoint-uses", "and no uses left", "nothing_granted", token=ab, chain=chain,
        row=link_row(resources=["doc-3"], uses_max=1, uses=1))
    add("resources-16", "as many as there may be", row=link_row(resources=[f"d{n}" for n in range(16)]))
    add("resources-long", "so long that the session is too", "token_too_long", row=link_row(resources=[f"{n:064}" for n in range(16)]))
    add("resources-less-long", "shorter ones", row=link_row(resources=[f"r-{n:030}" for n in range(16)]))

    add("expiry-lifetime", "the lifetime is first", Has(expires_at=NOW + 900))
    add("expiry-row", "the row is", Has(expires_at=NOW + 100), row=link_row(expires=NOW + 100))
    add("expiry-block", "a block is", Has(expires_at=NOW + 50), token=sign(link(), expiry(NOW + 50)), chain=copy_ids([expiry(NOW + 50)])[0],
        row=link_row(expires=NOW + 100))
    add("expiry-link", "the link is", Has(expires_at=NOW + 86_300), deployment="day")
    add("revision", "the row's revision", row=link_row(revision=7))
    add("revision-max", "the greatest", row=link_row(revision=2**32 - 1))
    named = link(audience="portal")
    add("audience", "an audience is the session's too", token=sign(named), row=link_row(named), audience="portal")
    add("audience-block", "one of a block", token=sign(link(), audience("portal")), chain=copy_ids([audience("portal")])[0], audience="portal")
    add("audience-wrong", "another one", "wrong_audience", token=sign(named), row=link_row(named), audience="intranet")
    old = link(root_id=root_id("older"))
    add("root-older", "a link under an older root: the session under the active one", token=sign(old, root="older"),
        row=link_row(old))
    uuids = link(tenant=UUID_A, client="42", generations=[1, 2, 3])
    add("generations", "generations, tenant and client are the link's", token=sign(uuids), row=link_row(uuids))
    add("link-expired", "an expired link", "expired", now=NOW + 86_300)
    add("link-forged", "a forged one", "forged", token=spoiled_tag(sign(link())))
    add("link-damaged", "a damaged one", "bad_checksum", token=sign(link())[:-1] + ("A" if sign(link())[-1] != "A" else "B"))
    add("link-session", "a session in the place of a link", "wrong_kind", token=sign(session()))


MINIMA = (
    ("same-0", 0, 0), ("same-1", 1, 1), ("same", 5, 5), ("same-max", 2**32 - 1, 2**32 - 1), ("none", 5, 0), ("less", 5, 4), ("far-less", 2**32 - 1, 1),
    ("first", 0, 1), ("one", 5, 6), ("far", 0, 2**32 - 1), ("last", 2**32 - 2, 2**32 - 1), ("byte", 127, 128), ("word", 65_535, 65_536),
)


def minima(add):
    """`minimum` is told of each: what the feed knows of the link."""
    for name, revision, minimum in MINIMA:
        comment = f"the row is of revision {revision}, the feed knows a minimum of {minimum}"
        if revision < minimum:
            add("outdated-" + name, comment, "link_outdated", row=link_row(revision=revision), minimum=minimum)
        else:
            add("minimum-" + name, comment, row=link_row(revision=revision), minimum=minimum)


def redeeming_outdated(subject):
    """A row of revision 5 that the feed knows a minimum of 6 of, beside each other fault."""
    add = Redeeming(subject)
    minima(add)

    def outdated(name, comment, intended="link_outdated", head=None, row=None, **more):
        row = link_row(head, revision=5, **row or {})
        add("order-outdated-" + name, comment, intended, row=row, minimum=6, **more)

    narrow = sign(link(), permissions(1))
    narrow_chain = copy_ids([permissions(1)])[0]
    add("order-outdated-row-none", "no row", "link_unknown", row={}, minimum=6)
    outdated("differs", "another link's check value", "link_differs", row={"check": bytes(16).hex()})
    outdated("revoked", "revoked", "link_revoked", row={"state": "revoked"})
    outdated("paused", "paused", "link_suspended", row={"state": "paused"})
    outdated("ended", "past its expiry", "link_ended", row={"expires": NOW})
    outdated("nonce", "a forged nonce", "nonce_forged", chain=OTHER_CHAIN)
    outdated("nonce-expired", "an expired one", "nonce_expired", nonce=text(signed(parts(ends=NOW), chain=LINK_ID)))
    outdated("cookie", "no cookie", "cookie_malformed", cookie="")
    outdated("link-forged", "a forged link", "forged", token=spoiled_tag(sign(link())))
    outdated("link-expired", "an expired link", "expired", now=NOW + 86_300)
    outdated("uses", "no uses left", row={"uses_max": 1, "uses": 1})
    outdated("nothing", "nothing is left", row={"permissions": []})
    outdated("nothing-block", "a block leaves nothing", token=narrow, chain=narrow_chain, row={"permissions": ["files:read"]})
    outdated("nothing-uses", "nothing is left, and no uses", row={"permissions": [], "uses_max": 1, "uses": 1})
    outdated("resources", "no resource is left", row={"resources": ["doc-3"]}, token=sign(link(), resources("doc-1")), chain=copy_ids([resources("doc-1")])[0])
    outdated("long", "a session that is too long", row={"resources": [f"{n:064}" for n in range(16)]})
    outdated("again", "the same nonce again does not help", redeemed=True)
    outdated("again-uses", "nor where no uses are left", redeemed=True, row={"uses_max": 1, "uses": 1})
    outdated("again-chain", "a redemption for another chain", redeemed=OTHER_CHAIN)
    outdated("copy", "a copy", token=narrow, chain=narrow_chain)


def renewing_outdated(subject):
    """The same where a session is renewed."""
    add = Renewing(subject)
    minima(add)

    def outdated(name, comment, intended="link_outdated", head=None, row=None, **more):
        row = link_row(head, revision=5, **row or {})
        add("order-outdated-" + name, comment, intended, row=row, minimum=6, **more)

    two, copies = sign(session(copies=copy_ids())), [copy.hex() for copy in copy_ids()]
    add("order-outdated-row-none", "no row", "link_unknown", row={}, minimum=6)
    outdated("revoked", "revoked", "link_revoked", row={"state": "revoked"})
    outdated("paused", "paused", "link_suspended", row={"state": "paused"})
    outdated("ended", "past its expiry", "link_ended", row={"expires": NOW})
    outdated("forged", "a forged session", "forged", token=spoiled_tag(sign(session())))
    outdated("expired", "an expired one", "expired", now=NOW + 800)
    outdated("stale", "a stale view", "view_stale", view="stale", **WATCHED)
    outdated("view-revoked", "revoked in the view", "link_revoked", view="superseded_revoked", **WATCHED)
    outdated("superseded", "the session is of an older revision, too", view="superseded", **WATCHED)
    outdated("chain-none", "no row of its chain", chain={})
    outdated("client", "its head is another client's", head=link(client="13"))
    outdated("root", "its head is under another root", head=link(root_id=root_id("older")))
    outdated("copies", "a chain of other copies", token=two, chain={"copies": copies[1:]})
    outdated("chain-ended", "a chain that has ended", chain={"expires": NOW})
    outdated("nothing", "nothing is left", row={"permissions": []})
    outdated("chain-nothing", "chain and row have nothing in common", chain={"permissions": ["files:read"]}, row={"permissions": ["files:upload"]})
    outdated("session-newer", "a session of a revision above the row's", token=sign(session(link_revision=6)))
    add("outdated-session-newer-good", "a row that was brought up", token=sign(session(link_revision=6)), row=link_row(revision=6), minimum=6)


def spoiled_tag(token):
    """A bit of the tag, and the right CRC."""
    data = t.b64u_decode(token[4:])[:-4]
    return t.text(token[:4], data[:-32], data[-32:-1] + bytes([data[-1] ^ 1]))


# --- renew -------------------------------------------------------------------------------------

WATCHED = {"mode": LIVE_MODE, "monotonic": 1000}


class Renewing:
    def __init__(self, subject):
        self.subject = subject

    def __call__(self, name, comment, intended=OK, token=None, row=None, chain=None, deployment="main", now=NOW, **more):
        copies = t.parse(token).head.copies if token else []
        held = {"copies": [copy.hex() for copy in copies], "permissions": ["files:read", "files:upload"], "resources": None,
                "audience": None, "expires": NOW + 86_300}
        if chain is not None:
            assert set(chain) <= set(held)
            held = {**held, **chain} if chain else None
        self.subject.add("renew/" + name, comment, "renew", intended, deployment=deployment, keyring="main",
                         session=token or sign(session()), now=now, row=link_row() if row is None else row or None, chain=held,
                         lifetime=DAY if deployment == "day" else LIFETIME, **more)


def renewing(subject):
    add, watched = Renewing(subject), WATCHED
    add("good", "a session that has not expired", Has(expires_at=NOW + 900))
    add("last", "in its last second", Has(expires_at=NOW + 799 + 900), now=NOW + 799)
    add("expired", "a second later", "expired", now=NOW + 800)
    add("copies", "copies are the old one's", token=sign(session(copies=copy_ids())))
    add("superseded", "an edit of its link does not end it here", view="superseded", row=link_row(revision=5), minimum=5, **watched)
    add("superseded-stale", "but a stale view does", "view_stale", view="stale", **watched)
    for name, code in (
        ("revoked", "link_revoked"), ("suspended", "link_suspended"), ("session_revoked", "session_revoked"),
        ("session_suspended", "session_suspended"), ("client", "client_revoked"), ("tenant", "tenant_revoked"),
        ("deployment", "deployment_revoked"), ("root", "root_refused"),
    ):
        add("superseded-" + name.replace("_", "-"), "every other step does", code, view="superseded_" + name, **watched)
    ahead = link(generations=[0, 0, 1])
    add("superseded-ahead", "a generation beyond the view", "generation_ahead", view="superseded", row=link_row(ahead),
        token=sign(session(generations=[0, 0, 1])), **watched)
    add("view-out-of-scope", "a view of other tenants", "out_of_scope", view="other_scope", **watched)
    add("fresh", "nothing is revoked", view="empty", **watched)
    add("view-revoked", "its link is revoked in the view", "link_revoked", view="revoked", **watched)
    add("view-suspended", "paused in it", "link_suspended", view="suspended", **watched)
    add("view-copy-revoked", "a copy of its chain is revoked", "copy_revoked", view="copy", token=sign(session(copies=copy_ids())), **watched)
    add("view-copy-other", "a copy of another chain is", view="copy", **watched)
    add("row-none", "no row of its link", "link_unknown", row={})
    add("row-revoked", "revoked", "link_revoked", row=link_row(state="revoked"))
    add("row-paused", "paused", "link_suspended", row=link_row(state="paused"))
    add("row-ended", "past its own expiry", "link_ended", row=link_row(expires=NOW))
    add("row-uses", "no uses left: nothing is counted", row=link_row(uses_max=1, uses=1))
    add("row-check", "the row's check value is not compared: no session has one", row=link_row(check=bytes(16).hex()))
    add("row-head-times", "nor are the times of its head", row=link_row(link(issued_at=NOW - 101)))
    named = link(client="13")
    add("row-client", "its head is another client's", "link_differs", row=link_row(named))
    add("row-client-good", "a session of that one", row=link_row(named), token=sign(session(client="13")))
    add("row-root", "its head is under another root than the old one's link", "link_differs", row=link_row(link(root_id=root_id("older"))))
    add("row-root-back", "the other way round", "link_differs", token=sign(session(link_root=root_id("older"))))
    add("chain-none", "no row of its chain", "chain_unknown", chain={})
    two, copies = sign(session(copies=copy_ids())), [copy.hex() for copy in copy_ids()]
    add("chain-copies", "the chain's row is of the same copies", token=two, chain={"copies": copies})
    add("chain-copies-fewer", "of fewer", "link_differs", token=two, chain={"copies": copies[1:]})
    add("chain-copies-more", "of more", "link_differs", token=sign(session(copies=copy_ids()[1:])), chain={"copies": copies})
    add("chain-copies-other", "of another first one", "link_differs", token=two, chain={"copies": [OTHER_CHAIN.hex(), copies[1]]})
    add("chain-copies-twice", "of the last one twice", "link_differs", token=two, chain={"copies": [copies[1], copies[1]]})
    add("order-row-chain", "revoked, and no row of its chain", "link_revoked", row=link_row(state="revoked"), chain={})
    add("order-chain-differs", "no row of its chain, and another client's head", "chain_unknown", row=link_row(named), chain={})
    for name, state, code in (("revoked", "revoked", "link_revoked"), ("paused", "paused", "link_suspended")):
        add(f"order-{name}-differs", "another client's head", code, row=link_row(named, state=state))
        add(f"order-{name}-copies", "a chain of other copies", code, row=link_row(state=state), token=two, chain={"copies": copies[1:]})
        add(f"order-{name}-chain-expired", "a chain that has ended", code, row=link_row(state=state), chain={"expires": NOW})
    add("order-ended-differs", "past its expiry, and another client's head", "link_ended", row=link_row(named, expires=NOW))
    add("order-ended-chain-expired", "past its expiry, and so is the chain", "link_ended", row=link_row(expires=NOW), chain={"expires": NOW})
    add("order-differs-nothing", "another client's head, and nothing is left", "link_differs", row=link_row(named, permissions=[]))
    add("order-copies-nothing", "a chain of other copies, and nothing is left", "link_differs", token=two, row=link_row(permissions=[]),
        chain={"copies": copies[1:]})
    add("order-differs-chain-expired", "another client's head, and a chain that has ended", "link_differs", row=link_row(named), chain={"expires": NOW})
    add("order-copies-chain-expired", "a chain of other copies that has ended", "link_differs", token=two, chain={"copies": copies[1:], "expires": NOW})
    add("wider", "what link and row allow now, whatever the old one had", token=sign(session(permissions={0})))
    add("wider-resources", "resources too", token=sign(session(resources=["doc-1"])))
    add("narrower-row", "the row allows less now", row=link_row(permissions=["files:upload"]))
    add("chain-narrower", "the chain is what a block left", chain={"permissions": ["files:read"]})
    add("chain-and-row", "nothing in common", "nothing_granted", chain={"permissions": ["files:read"]},
        row=link_row(permissions=["files:upload"]))
    add("chain-resources", "its resources", chain={"resources": ["doc-1", "doc-2"]}, row=link_row(resources=["doc-2"]))
    add("chain-resources-disjoint", "nothing in common", "nothing_granted", chain={"resources": ["doc-1"]},
        row=link_row(resources=["doc-2"]))
    add("chain-expires", "the chain ends before", Has(expires_at=NOW + 10), chain={"expires": NOW + 10})
    add("chain-ends", "the chain has ended", "expired", chain={"expires": NOW})
    add("chain-ends-last", "a second before", Has(expires_at=NOW + 1), chain={"expires": NOW + 1})
    add("chain-ended", "a second ago", "expired", chain={"expires": NOW - 1})
    add("chain-ended-0", "an expiry of 0", "expired", chain={"expires": 0})
    add("chain-permissions-beyond", "a chain beyond its link's head: not compared, and within both", chain={"permissions": ["files:read", "report:read", "meter:read"]})
    add("chain-permissions-beyond-only", "with nothing that the link has", "nothing_granted", chain={"permissions": ["report:read"]})
    add("chain-expires-beyond", "one that ends after its link's head", Has(expires_at=NOW + 86_300), deployment="day", chain={"expires": NOW + 500_000})
    add("chain-expires-far", "as late as a number can be", Has(expires_at=NOW + 900), chain={"expires": 2**63 - 1})
    add("row-expires", "the row does", Has(expires_at=NOW + 11), row=link_row(expires=NOW + 11))
    add("revision", "the row's revision, not the old one's", token=sign(session(link_revision=2)), row=link_row(revision=5))
    counted = link(generations=[1, 2, 3])
    add("generations", "the old one's generations", token=sign(session(generations=[1, 2, 3])), row=link_row(counted))
    add("generations-row", "whatever the row's head has", row=link_row(counted))
    add("audience", "the chain's audience", token=sign(session(audience="portal")), chain={"audience": "portal"}, audience="portal",
        row=link_row(link(audience="portal")))
    for name, old, held, comment in (
        ("none", "portal", None, "link and blocks state none: nor does the new one"),
        ("only", None, "portal", "link and blocks state one that the old one had not: the new one has it"),
        ("other", "portal", "intranet", "link and blocks state another: the new one has that"),
    ):
        add("audience-chain-" + name, comment, token=sign(session(audience=old, copies=copy_ids())), chain={"audience": held},
            **({"audience": old} if old else {}))
    add("audience-chain-same", "with copies, both the same", token=sign(session(audience="portal", copies=copy_ids())), chain={"audience": "portal"}, audience="portal")
    add("audience-wrong", "a session of another audience than the verifier's", "wrong_audience", token=sign(session(audience="portal", copies=copy_ids())),
        chain={"audience": "intranet"}, audience="intranet")
    add("root-older", "the root of its link stays", token=sign(session(link_root=root_id("older"))), row=link_row(link(root_id=root_id("older"))))
    for root in ("retired", "gone"):
        add("root-" + root, "also where it does not check any more", token=sign(session(link_root=root_id(root))),
            row=link_row(link(root_id=root_id(root))))
    add("under-older", "a session under an older root: the new one under the active",
        token=sign(session(root_id=root_id("older")), root="older"))
    add("link", "a link in the place of a session", "wrong_kind", token=sign(link()))
    add("forged", "a forged one", "forged", token=spoiled_tag(sign(session())))
    add("under-retired", "under a retired root", "unknown_root", token=sign(session(root_id=root_id("retired")), root="retired"))
    add("lifetime", "what another deployment gives sessions", Has(expires_at=NOW + 86_300), deployment="day")
    add("lifetime-row", "the row ends before", Has(expires_at=NOW + 50_000), deployment="day", row=link_row(expires=NOW + 50_000))
