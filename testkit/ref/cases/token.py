"""Cases of spec/token.md, all without revocation."""

import base64
from dataclasses import replace

from portward_ref import token as t
from portward_ref.wire import b64u, bitmap, crc32, identifier, u32, u40, varint

from .common import (
    LINK_CEILING,
    MAIN_ID,
    OK,
    OTHER_ID,
    SESSION_CEILING,
    Has,
    Subject,
    fixtures,
    root_id,
    root_key,
    seeded,
)

NOW = 1_764_600_000
TOP = 2**40 - 1
UUID_A = "c0ffee00-1234-4abc-8def-0123456789ab"
UUID_B = "0badcafe-5678-4abc-8def-ba9876543210"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


# --- making tokens, right and wrong ------------------------------------------------------------


def link(**changes):
    """A small link: the shorter a token, the fewer the truncations of it."""
    head = t.Head(
        t.LINK,
        root_id("active"),
        seeded("link token id", 16),
        NOW - 100,
        NOW + 86_300,
        [0, 0, 0],
        "7",
        "12",
        permissions={0, 1},
    )
    return replace(head, **changes)


def session(**changes):
    head = t.Head(
        t.SESSION,
        root_id("active"),
        seeded("session token id", 16),
        NOW - 100,
        NOW + 800,
        [0, 0, 0],
        "7",
        "12",
        permissions={0, 1},
        link_id=seeded("link token id", 16),
        link_root=root_id("active"),
        link_revision=0,
    )
    return replace(head, **changes)


def parts(head):
    """The fields of a head by name, to spoil one of them."""
    found = {
        "version": b"\x01",
        "kind": bytes([head.kind]),
        "root_id": head.root_id,
        "token_id": head.token_id,
        "issued_at": u40(head.issued_at),
        "expires_at": u40(head.expires_at),
        "deployment_generation": varint(head.generations[0]),
        "tenant_generation": varint(head.generations[1]),
        "client_generation": varint(head.generations[2]),
        "tenant": identifier(head.tenant),
        "client": identifier(head.client),
        "audience": b"\x00" if head.audience is None else b"\x01" + identifier(head.audience),
        "permissions": bitmap(head.permissions),
    }
    if head.kind == t.SESSION:
        found |= {
            "link_id": head.link_id,
            "link_root": head.link_root,
            "link_revision": varint(head.link_revision),
            "copies": bytes([len(head.copies)]) + b"".join(head.copies),
            "resources": t.identifier_list(head.resources),
        }
    assert b"".join(found.values()) == t.encode_head(head)
    return found


def raw(head_bytes, blocks=(), *, like, root="active", deployment=MAIN_ID, prefix=None, root_bytes=None):
    """A token of any bytes, signed under the key that `like` calls for: only the form can be at fault."""
    key = t.token_key(root_bytes or root_key(root), deployment, like.kind, like.tenant, like.generations[1])
    tag = t.hmac_sha256(key, head_bytes)
    for block in blocks:
        tag = t.next_tag(tag, block)
    return t.text(prefix or t.PREFIX[like.kind], head_bytes + b"".join(blocks), tag)


def sign(head, *bodies, **more):
    """A token with blocks of these bodies."""
    return raw(t.encode_head(head), [t.block(body) for body in bodies], like=head, **more)


def spoiled(head, *blocks, **fields):
    """A token with some fields of its head replaced by other bytes."""
    found = parts(head)
    assert set(fields) <= set(found)
    return raw(b"".join({**found, **fields}.values()), blocks, like=head)


def inner(token):
    """The bytes of a token without its CRC."""
    return t.b64u_decode(token[4:])[:-4]


def with_crc(prefix, data):
    return prefix + b64u(data + u32(crc32(prefix.encode() + data)))


def expiry(at):
    return b"\x01" + u40(at)


def permissions(*bits):
    return b"\x02" + bitmap(bits)


def resources(*texts):
    return b"\x03" + t.identifier_list(texts)


def audience(text):
    return b"\x04" + identifier(text)


def recipient(text):
    return b"\x05" + bytes([len(text)]) + text.encode()


SEAL = b"\x06"

NARROWED_BODIES = (permissions(0) + recipient("Ann"), expiry(NOW + 600) + SEAL)


def narrowed(**changes):
    return sign(link(**changes), *NARROWED_BODIES)


def build():
    shared = fixtures()
    # Ceilings as high as they can be, so that now + lifetime does not fit into 40 bits.
    whole = {"default_lifetime": 1, "ceiling": TOP}
    shared["deployments"]["endless"] = {**shared["deployments"]["main"], "link": whole, "session": whole}
    subject = Subject("token", shared)
    good(subject)
    truncations(subject)
    flips(subject)
    flips_of_lists(subject)
    texts(subject)
    heads(subject)
    blocks(subject)
    kinds(subject)
    authentication(subject)
    times(subject)
    audiences(subject)
    grants(subject)
    allowing(subject)
    issuing_links(subject)
    issuing_sessions(subject)
    narrowing(subject)
    hashes(subject)
    return subject


def verify(subject, name, comment, token, intended, kind=None, now=NOW, **more):
    """The kind asked for is the one of the prefix unless said otherwise."""
    kind = kind or ("session" if token.startswith("pws_") else "link")
    more = {"keyring": "main", "deployment": "main", **more}
    subject.add(f"verify/{name}", comment, "verify_" + kind, intended, token=token, now=now, **more)


def good(subject):
    def add(name, comment, token, intended=OK, **more):
        verify(subject, "good/" + name, comment, token, intended, **more)

    add(
        "link",
        "the small link other cases spoil",
        sign(link()),
        Has(
            tenant="7",
            client="12",
            permissions=["files:read", "files:upload"],
            resources=None,
            recipients=[],
            copies=[],
        ),
    )
    add(
        "narrowed",
        "the narrowed link other cases spoil",
        narrowed(),
        Has(permissions=["files:read"], recipients=["Ann"], expires_at=NOW + 600),
    )
    add("session", "the session other cases spoil", sign(session()), Has(link_revision=0, resources=None))
    head = link(tenant=UUID_A, client=UUID_B, permissions=set(range(12)), generations=[2**32 - 1] * 3)
    token = sign(head)
    assert len(t.encode_head(head)) <= 96 and len(token) <= 180
    add(
        "link-uuids",
        f"UUID tenant and client, 12 permissions, largest generations: {len(token)} characters, at most 180",
        token,
    )
    typical = sign(replace(head, generations=[0, 0, 0]))
    add("link-uuids-typical", f"the same with generations 0: {len(typical)} characters", typical)
    add(
        "link-text",
        "text identifiers",
        sign(link(tenant="acme", client="ann@example.org")),
        Has(tenant="acme", client="ann@example.org"),
    )
    longest = link(
        tenant="t" * 64, client="c" * 64, audience="a" * 64, permissions=set(range(64)), generations=[2**32 - 1] * 3
    )
    add("link-longest", "everything as long as it can be", sign(longest), audience="a" * 64)
    add("link-no-permissions", "no permission", sign(link(permissions=set())), Has(permissions=[]))
    add("link-generations", "generations of all lengths", sign(link(generations=[127, 128, 16384])))
    copies = [seeded(f"copy {n}", 16) for n in range(8)]
    many = [f"doc-{n}" for n in range(14)] + ["3", UUID_A]
    full = session(
        audience="portal",
        permissions=set(range(64)),
        generations=[1, 2, 3],
        link_revision=2**32 - 1,
        copies=copies,
        resources=many,
    )
    add(
        "session-full",
        "8 copies, 16 resources, largest revision",
        sign(full),
        Has(copies=[copy.hex() for copy in copies], link_revision=2**32 - 1, resources=sorted(many, key=identifier)),
        audience="portal",
    )
    add("session-one-resource", "one resource", sign(session(resources=["doc-1"])), Has(resources=["doc-1"]))
    add(
        "session-text-prefix",
        "a text that is the beginning of another one is shorter in its length byte, so first",
        sign(session(resources=["ab", "a", "abc"])),
        Has(resources=["a", "ab", "abc"]),
    )


# --- truncations and flipped bits --------------------------------------------------------------


def text_code(text):
    """What a text cut somewhere comes to, worked out without the reference's decoder."""
    if len(text) < 4:
        return "bad_prefix"
    rest = text[4:]
    if len(rest) % 4 == 1:
        return "bad_base64"
    data = base64.b64decode(rest + "=" * (-len(rest) % 4), altchars=b"-_")
    if base64.b64encode(data, altchars=b"-_").decode().rstrip("=") != rest:
        return "bad_base64"
    return "too_short" if len(data) < 37 else "bad_checksum"


def truncations(subject):
    for name, token, head, bodies in (
        ("link", sign(link()), link(), ()),
        ("narrowed", narrowed(), link(), NARROWED_BODIES),
        ("session", sign(session()), session(), ()),
    ):
        for length in range(len(token)):
            verify(
                subject,
                f"cut-text/{name}-{length}",
                f"the text cut to {length} of {len(token)} characters",
                token[:length],
                text_code(token[:length]),
                kind="session" if name == "session" else "link",
            )

        head_end = len(t.encode_head(head))
        ends = [head_end]
        for body in bodies:
            ends.append(ends[-1] + len(t.block(body)))
        data = inner(token)
        for length in range(len(data)):
            before_tag = length - 32
            if before_tag < 1:
                intended = "too_short"
            elif before_tag == 1:
                intended = "unknown_kind"
            elif before_tag < head_end:
                intended = "malformed_head"
            elif before_tag in ends:
                intended = "forged"
            else:
                intended = "malformed_block"
            verify(
                subject,
                f"cut-bytes/{name}-{length}",
                f"the bytes cut to {length} of {len(data)}, then a right CRC",
                with_crc(token[:4], data[:length]),
                intended,
            )
        verify(subject, f"cut-bytes/{name}-{len(data)}", "nothing cut", with_crc(token[:4], data), OK)

    # The same for a head with every kind of field in it, where a cut can fall inside each.
    full = session(
        tenant="acme",
        client=UUID_A,
        audience="portal",
        generations=[300, 300, 300],
        link_revision=300,
        copies=[seeded("copy 0", 16)],
        resources=["doc-1", "9", UUID_B],
    )
    data, head_end = inner(sign(full)), len(t.encode_head(full))
    for before_tag in range(2, head_end):
        verify(
            subject,
            f"cut-head/session-{before_tag}",
            f"a longer head, cut to {before_tag} of {head_end} bytes, tag kept",
            with_crc("pws_", data[:before_tag] + data[head_end:]),
            "malformed_head",
        )
    verify(subject, f"cut-head/session-{head_end}", "nothing cut", sign(full), OK, audience="portal")


def flips(subject):
    """One bit of each field. With the old CRC it is an accident, with a right one somebody's doing."""
    flipped_codes = {"version": "unknown_version", "kind": "unknown_kind", "root_id": "unknown_root"}
    for name, token, head in (
        ("link", sign(link()), link()),
        ("narrowed", narrowed(), link()),
        ("session", sign(session()), session()),
    ):
        data, at = inner(token), 0
        places = []
        for field, content in parts(head).items():
            # In the last byte, so that a generation stays minimal and an identifier one; but of a count or
            # a flag another bit makes another form, which the cases of heads look at one by one.
            if field not in ("audience", "copies", "resources"):
                places.append((field, at + len(content) - 1, 2 if field == "kind" else 0))
            at += len(content)
        if name == "narrowed":
            # First block: type, length, then 02 01 01 (permissions), 05 03 "Ann" (recipient).
            places += [("block-permissions", at + 4, 1), ("block-recipient", at + 9, 0)]
            places += [("block-expiry", at + 10 + 2 + 5, 0)]
        places += [("tag-first", len(data) - 32, 0), ("tag-last", len(data) - 1, 7)]
        for field, place, bit in places:
            if field == "version":
                bit = 1
            spoilt = data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
            crc = u32(crc32(token[:4].encode() + data))
            verify(
                subject,
                f"flip/{name}-{field}",
                f"bit {bit} of byte {place} ({field}), old CRC",
                token[:4] + b64u(spoilt + crc),
                "bad_checksum",
            )
            verify(
                subject,
                f"flip-crc/{name}-{field}",
                f"bit {bit} of byte {place} ({field}), right CRC",
                with_crc(token[:4], spoilt),
                flipped_codes.get(field, "forged"),
            )
        for byte in range(4):
            crc = bytearray(u32(crc32(token[:4].encode() + data)))
            crc[byte] ^= 0x10
            verify(
                subject,
                f"flip/{name}-crc-{byte}",
                "a bit of the CRC, tag right",
                token[:4] + b64u(data + crc),
                "bad_checksum",
            )


def flips_of_lists(subject):
    """One bit of what may be absent: of each such field of a head and of a block, in a place where the form stays."""
    copies = sorted(seeded(f"copy {n}", 16) for n in range(2))
    full = session(audience="portal", copies=copies, resources=["doc-1", "doc-3"])
    addressed = link(audience="portal")
    shared = link(), (resources("doc-1", "doc-3") + audience("portal"),)
    for name, (head, bodies), wanted in (
        ("session", (full, ()), ("audience", "copies", "resources")),
        ("link", (addressed, ()), ("audience",)),
        ("block", shared, ("resources", "audience")),
    ):
        token = sign(head, *bodies)
        verify(subject, f"flip-list/{name}", "nothing flipped", token, OK, audience="portal")
        data, fields, at = inner(token), parts(head), 0
        if name == "block":
            # Behind the head, the block's type and length, and the restriction's type.
            at = len(t.encode_head(head)) + 2
            fields = {"resources": resources("doc-1", "doc-3"), "audience": audience("portal")}
        for field, content in fields.items():
            at += len(content)
            if field not in wanted:
                continue
            # The last byte of the last one: the second copy or resource stays the greater one.
            spoilt = data[: at - 1] + bytes([data[at - 1] ^ 0x04]) + data[at:]
            text = with_crc(token[:4], spoilt)
            verify(subject, f"flip-list/{name}-{field}", f"a bit of byte {at - 1} ({field}), right CRC", text, "forged")


# --- text --------------------------------------------------------------------------------------


def filled(target):
    """A link with blocks whose bytes before the tag are exactly `target` many."""
    head = link()
    size = len(t.encode_head(head))
    bodies = []
    while True:
        left = target - size
        # A full block of resources: type, length (two bytes), restriction, count, ten texts of 18 bytes.
        if left > 185 + 40:
            bodies.append(resources(*(f"resource-{n}-of-lots"[:16] for n in range(10))))
        else:
            for count in range(1, 13):
                for label in range(1, 33):
                    body = resources(*(f"resource-{n}-of-lots"[:16] for n in range(count))) + recipient("x" * label)
                    if len(t.block(body)) == left:
                        return sign(head, *bodies, body)
        size += len(t.block(bodies[-1]))


def texts(subject):
    def add(name, comment, token, intended, **more):
        verify(subject, "text/" + name, comment, token, intended, **more)

    token, other = sign(link()), sign(session())
    longest = filled(765 - 36)
    assert len(longest) == 1024
    add("length-1024", "as long as a token can be", longest, OK)
    over = filled(766 - 36)
    add("length-1026", "right in everything but its length", over, "too_long")
    add("length-1025", "one character more", longest + "A", "too_long")
    add("length-huge", "length is looked at first", "x" * 5000, "too_long")
    add("length-1024-bytes", "1,024 bytes that are no token", "pwl_" + "\u00e9" * 510, "bad_base64")
    add(
        "length-1026-bytes",
        "length is counted in bytes: 515 characters are 1,026 bytes",
        "pwl_" + "\u00e9" * 511,
        "too_long",
    )

    for name, comment, text in (
        ("empty", "nothing", ""),
        ("prefix-none", "the bytes alone", token[4:]),
        ("prefix-upper", "upper case", "PWL_" + token[4:]),
        ("prefix-unknown", "another letter", "pwx_" + token[4:]),
        ("prefix-hyphen", "a hyphen for the underscore", "pwl-" + token[4:]),
        ("prefix-key", "the prefix of a root key", "pwk1_" + token[4:]),
        ("prefix-space", "a space before", " " + token),
        ("prefix-newline", "a line feed before", "\n" + token),
        ("prefix-bom", "a byte order mark before", "\ufeff" + token),
        ("prefix-bearer", "the word of an HTTP header before", "Bearer " + token),
        ("prefix-url", "an address around it", "https://example.org/#" + token),
    ):
        add(name, comment, text, "bad_prefix", kind="link")

    for name, comment, text in (
        ("padding", "padding", token + "="),
        ("padding-2", "padding", token + "=="),
        ("padding-4", "four of it", token + "===="),
        ("space-end", "a space after", token + " "),
        ("newline-end", "a line feed after", token + "\n"),
        ("crlf-end", "a line end after", token + "\r\n"),
        ("nul-end", "a zero byte after", token + "\x00"),
        ("space-after-prefix", "a space inside", token[:4] + " " + token[4:]),
        ("newline-inside", "a line feed inside", token[:60] + "\n" + token[60:]),
        ("soft-hyphen-inside", "a soft hyphen inside", token[:60] + "\u00ad" + token[60:]),
        ("zero-width-inside", "a zero-width space inside", token[:60] + "\u200b" + token[60:]),
        ("non-ascii", "a letter with accent instead of a letter", token[:60] + "\u00e9" + token[61:]),
        ("full-width", "a full-width letter instead of a letter", token[:60] + "\uff21" + token[61:]),
        ("percent", "a percent sign inside", token[:60] + "%2D" + token[60:]),
        ("dot-end", "the dot of the sentence", token + "."),
        ("two-tokens", "two of them", token + "," + token),
    ):
        add(name, comment, text, "bad_base64")

    def holding(letter):
        """A link whose text has this letter; both alphabets agree on all others."""
        for number in range(200):
            candidate = sign(link(token_id=seeded(f"alphabet {number}", 16)))
            if letter in candidate[4:]:
                return candidate

    for letter, wrong, name in (("-", "+", "plus"), ("_", "/", "slash")):
        right = holding(letter)
        add(name + "-right", f"with {letter} it passes", right, OK)
        add(
            name,
            f"{wrong} of the other alphabet instead of {letter}",
            right[:4] + right[4:].replace(letter, wrong),
            "bad_base64",
        )

    # Tokens whose last character has unused bits: longer clients give one of each remainder.
    for client in ("12", "300", "x", "xy", "xyz"):
        candidate = sign(link(client=client))
        remainder = len(candidate[4:]) % 4
        if remainder == 0:
            add(f"remainder-1-client-{client}", "a character too many", candidate + "A", "bad_base64")
        add(f"remainder-{remainder}-client-{client}", f"remainder {remainder} modulo 4", candidate, OK)
        if remainder in (2, 3):
            last = LETTERS.index(candidate[-1])
            for bit in range(4 if remainder == 2 else 2):
                add(
                    f"unused-bit-{bit}-client-{client}",
                    "an unused bit of the last character set",
                    candidate[:-1] + LETTERS[last | 1 << bit],
                    "bad_base64",
                )

    add("bytes-36", "36 bytes, CRC right: no head at all", with_crc("pwl_", bytes(32)), "too_short")
    add(
        "bytes-37",
        "37 bytes, CRC right: a head of one byte, no version",
        with_crc("pwl_", bytes(33)),
        "unknown_version",
    )
    add(
        "bytes-37-version",
        "a head of one byte, a version but no kind",
        with_crc("pwl_", b"\x01" + b"\x01" * 32),
        "unknown_kind",
    )
    add(
        "bytes-37-version-session",
        "the same for a session",
        with_crc("pws_", b"\x01" + b"\x02" * 32),
        "unknown_kind",
    )
    add(
        "bytes-38",
        "a head of version and kind: the kind is known",
        with_crc("pwl_", b"\x01\x01" + bytes(32)),
        "malformed_head",
    )
    add(
        "bytes-38-session",
        "the same for a session",
        with_crc("pws_", b"\x01\x02" + bytes(32)),
        "malformed_head",
    )
    add("prefix-only", "nothing but the prefix", "pwl_", "too_short")
    add(
        "prefix-swapped",
        "a link called a session, old CRC: the prefix is under it",
        "pws_" + token[4:],
        "bad_checksum",
        kind="session",
    )
    add("prefix-swapped-session", "a session called a link, old CRC", "pwl_" + other[4:], "bad_checksum", kind="link")
    add(
        "prefix-swapped-crc",
        "a link called a session, right CRC",
        with_crc("pws_", inner(token)),
        "kind_mismatch",
        kind="session",
    )
    add(
        "prefix-swapped-crc-session",
        "a session called a link, right CRC",
        with_crc("pwl_", inner(other)),
        "kind_mismatch",
        kind="link",
    )
    add(
        "prefix-swapped-asked-link",
        "a link called a session, a link asked for",
        with_crc("pws_", inner(token)),
        "kind_mismatch",
        kind="link",
    )
    add(
        "crc-without-prefix",
        "the CRC taken without the prefix",
        "pwl_" + b64u(inner(token) + u32(crc32(inner(token)))),
        "bad_checksum",
    )
    add(
        "crc-little-endian",
        "the CRC the wrong way round",
        "pwl_" + b64u(inner(token) + u32(crc32(b"pwl_" + inner(token)))[::-1]),
        "bad_checksum",
    )
    add("crc-zero", "no CRC", "pwl_" + b64u(inner(token) + bytes(4)), "bad_checksum")


# --- head --------------------------------------------------------------------------------------

BAD_IDENTIFIERS = (
    ("text-uuid", "a text that is a UUID", b"\x00\x24" + UUID_A.encode()),
    ("text-uuid-upper", "a text that spells a UUID in upper case", b"\x00\x24" + UUID_A.upper().encode()),
    ("text-uuid-braces", "a text that spells a UUID in braces", b"\x00\x26{" + UUID_A.encode() + b"}"),
    ("text-uuid-urn", "a text that spells a UUID as a URN", b"\x00\x2durn:uuid:" + UUID_A.encode()),
    ("text-uuid-bare", "a text that spells a UUID without hyphens", b"\x00\x20" + UUID_A.replace("-", "").encode()),
    ("text-digits-32", "a text of 32 digits", b"\x00\x20" + b"1" * 32),
    ("text-number", "a text that is a number", b"\x00\x017"),
    ("text-number-max", "a text that is the number 2^64-1", b"\x00\x1418446744073709551615"),
    ("text-0", "a text of length 0", b"\x00\x00"),
    ("text-65", "a text of length 65", b"\x00\x41" + b"x" * 65),
    ("text-space", "a text with a space", b"\x00\x03a b"),
    ("text-del", "a text with 0x7f", b"\x00\x02a\x7f"),
    ("text-high", "a text with 0x80", b"\x00\x02a\x80"),
    ("number-not-minimal", "a number in too many bytes", b"\x02\x87\x00"),
    ("number-overflow", "the number 2^64", b"\x02" + b"\x80" * 9 + b"\x02"),
    ("type-3", "an unknown type", b"\x03\x017"),
)
GOOD_IDENTIFIERS = (
    ("leading-zeros", "leading zeros are text", "007"),
    ("2-64", "2^64 is text", "18446744073709551616"),
    ("digits-33", "33 digits are text", "1" * 33),
    ("text-64", "the longest text", "x" * 64),
    ("number-0", "the number 0", "0"),
    ("number-max", "the number 2^64-1", "18446744073709551615"),
    ("uuid-nil", "a UUID of zeros", "00000000-0000-0000-0000-000000000000"),
)
BAD_VARINTS = (
    ("not-minimal-0", "0 in two bytes", b"\x80\x00"),
    ("not-minimal-1", "1 in two bytes", b"\x81\x00"),
    ("overflow", "2^32", b"\x80\x80\x80\x80\x10"),
    ("overflow-top", "unused bits of the fifth byte", b"\xff\xff\xff\xff\x7f"),
    ("six-bytes", "six bytes", b"\x80\x80\x80\x80\x80\x01"),
)
BAD_BITMAPS = (
    ("trailing-zero", "a last byte of zero", b"\x02\x01\x00"),
    ("zero-byte", "the empty set in two bytes", b"\x01\x00"),
    ("length-9", "nine bytes", b"\x09" + b"\x01" * 9),
    ("length-255", "more than there is", b"\xff\x01"),
)


def heads(subject):
    def add(name, comment, token, intended="malformed_head", **more):
        verify(subject, "head/" + name, comment, token, intended, **more)

    for kind, head in (("link", link()), ("session", session())):
        for value in (0, 2, 0x81, 255):
            add(
                f"{kind}-version-{value}",
                "an unknown version",
                spoiled(head, version=bytes([value])),
                "unknown_version",
            )
        for value in (0, 3, 0x81, 255):
            add(f"{kind}-kind-{value}", "an unknown kind", spoiled(head, kind=bytes([value])), "unknown_kind")
        fields = ["deployment_generation", "tenant_generation", "client_generation"]
        if kind == "session":
            fields.append("link_revision")
        for field in fields:
            for name, comment, wire in BAD_VARINTS:
                add(f"{kind}-{field}-{name}", comment, spoiled(head, **{field: wire}))
        for name, comment, wire in BAD_BITMAPS:
            add(f"{kind}-permissions-{name}", comment, spoiled(head, permissions=wire))
        for value in (2, 0x80, 255):
            add(
                f"{kind}-audience-flag-{value}",
                "neither 0 nor 1",
                spoiled(head, audience=bytes([value]) + identifier("a")),
            )

    for field in ("tenant", "client"):
        for name, comment, wire in BAD_IDENTIFIERS:
            add(f"link-{field}-{name}", comment, spoiled(link(), **{field: wire}))
        for name, comment, text in GOOD_IDENTIFIERS:
            add(f"link-{field}-good-{name}", comment, sign(link(**{field: text})), Has(**{field: text}))
    for name, comment, wire in BAD_IDENTIFIERS:
        add(f"link-audience-{name}", comment, spoiled(link(), audience=b"\x01" + wire))
    for name, comment, wire in BAD_IDENTIFIERS:
        add(f"session-resource-{name}", comment, spoiled(session(), resources=b"\x01" + wire))
    for name, comment, text in GOOD_IDENTIFIERS:
        add(f"session-resource-good-{name}", comment, sign(session(resources=[text])), Has(resources=[text]))

    a, b = identifier("a"), identifier("b")
    add("resources-ascending", "ascending", spoiled(session(), resources=b"\x02" + a + b), Has(resources=["a", "b"]))
    add("resources-descending", "descending", spoiled(session(), resources=b"\x02" + b + a))
    add("resources-repeated", "one twice", spoiled(session(), resources=b"\x02" + a + a))
    text, uuid, number = identifier("zz"), identifier(UUID_A), identifier("1")
    add(
        "resources-types",
        "text before UUID before number",
        spoiled(session(), resources=b"\x03" + text + uuid + number),
        Has(resources=["zz", UUID_A, "1"]),
    )
    add(
        "resources-types-by-text",
        "in the order of their texts",
        spoiled(session(), resources=b"\x03" + number + uuid + text),
    )
    add(
        "resources-numbers",
        "256 is 80 02 on the wire and stands after 1 (01) and before 255 (ff 01)",
        spoiled(session(), resources=b"\x03" + identifier("1") + identifier("256") + identifier("255")),
        Has(resources=["1", "256", "255"]),
    )
    add(
        "resources-numbers-by-value",
        "in the order of their values",
        spoiled(session(), resources=b"\x03" + identifier("1") + identifier("255") + identifier("256")),
    )
    add(
        "resources-by-text",
        "b before aa on the wire: the length comes first",
        spoiled(session(), resources=b"\x02" + identifier("b") + identifier("aa")),
        Has(resources=["b", "aa"]),
    )
    add(
        "resources-by-text-wrong",
        "in the order of their texts",
        spoiled(session(), resources=b"\x02" + identifier("aa") + identifier("b")),
    )
    many = [f"r{n:02}" for n in range(17)]
    add("resources-16", "sixteen", sign(session(resources=many[:16])), Has(resources=many[:16]))
    add("resources-17", "seventeen", sign(session(resources=many)))
    add(
        "resources-count-low",
        "a resource more than the count says",
        spoiled(session(), resources=b"\x01" + a + b),
        "session_with_blocks",
    )
    add("resources-count-high", "a resource less than the count says", spoiled(session(), resources=b"\x02" + a))
    copies = [seeded(f"copy {n}", 16) for n in range(9)]
    add("copies-8", "eight copies", sign(session(copies=copies[:8])), OK)
    add("copies-9", "nine copies", sign(session(copies=copies)))
    add(
        "copies-order",
        "copies stand in the order of the chain, not of their bytes",
        sign(session(copies=sorted(copies[:3], reverse=True))),
        OK,
    )
    add("copies-count-high", "a copy less than the count says", spoiled(session(), copies=b"\x01", resources=b"\x00"))
    add(
        "session-byte-after",
        "a zero byte after the head",
        raw(t.encode_head(session()) + b"\x00", like=session()),
        "session_with_blocks",
    )
    add(
        "link-byte-after",
        "a zero byte after the head of a link is a block of no known type",
        raw(t.encode_head(link()) + b"\x00", like=link()),
        "unknown_block",
    )
    add(
        "link-session-fields",
        "a link with the fields of a session after it",
        raw(t.encode_head(link()) + t.encode_head(session())[len(t.encode_head(link())) :], like=link()),
        "unknown_block",
    )
    add(
        "session-link-fields",
        "a session without its own fields",
        raw(t.encode_head(link(kind=t.SESSION, link_id=b""))[: len(t.encode_head(link()))], like=session()),
    )


# --- blocks ------------------------------------------------------------------------------------


def blocks(subject):
    def add(name, comment, wires, intended="malformed_block", head=None, **more):
        head = head or link()
        verify(subject, "block/" + name, comment, raw(t.encode_head(head), wires, like=head), intended, **more)

    def body(name, comment, wire, intended="malformed_block", **more):
        add(name, comment, [t.block(wire)], intended, **more)

    one = t.block(recipient("a"))
    add("one", "one block", [one], OK)
    for value in (0, 2, 0x81, 255):
        add(f"type-{value}", "an unknown block", [bytes([value]) + one[1:]], "unknown_block")
        add(
            f"type-{value}-second",
            "an unknown block after a known one",
            [one, bytes([value]) + one[1:]],
            "unknown_block",
        )
    for name, comment, length in (
        ("not-minimal", "a length of 3 in two bytes", b"\x83\x00"),
        ("overflow", "2^32", b"\x80\x80\x80\x80\x10"),
        ("six-bytes", "six bytes", b"\x83\x80\x80\x80\x80\x00"),
        ("max", "2^32-1 bytes", b"\xff\xff\xff\xff\x0f"),
        ("one-more", "a byte past the end", b"\x04"),
        ("into-tag", "reaches into the tag", b"\x13"),
    ):
        add("length-" + name, comment, [b"\x01" + length + recipient("a")])
    add("length-missing", "a type and no more", [b"\x01"])
    add("length-one-less", "a byte less: the label is cut off", [b"\x01\x02" + recipient("a")])
    add(
        "length-two-bytes",
        "a length that takes two bytes",
        [t.block(resources(*(f"a-long-resource-{n}" for n in range(9))))],
        OK,
    )
    add("empty", "an empty body", [b"\x01\x00"])
    add("empty-second", "an empty body after a full one", [one, b"\x01\x00"])
    for value in (0, 7, 0x81, 255):
        body(f"restriction-{value}", "an unknown restriction", bytes([value]), "unknown_restriction")
        body(
            f"restriction-{value}-after",
            "an unknown restriction after a known one",
            recipient("a") + bytes([value]),
            "unknown_restriction",
        )
    body(
        "restriction-0-out-of-order",
        "type 0 is unknown before it is out of order",
        SEAL + b"\x00",
        "unknown_restriction",
    )

    every = (expiry(NOW + 60), permissions(0), resources("a"), audience("portal"), recipient("a"), SEAL)
    body("all", "all six restrictions", b"".join(every), OK, audience="portal")
    for index, restriction in enumerate(every):
        name = ("expiry", "permissions", "resources", "audience", "recipient", "seal")[index]
        more = {"audience": "portal"} if name == "audience" else {}
        body(f"alone-{name}", "alone", restriction, OK, **more)
        body(f"twice-{name}", "twice", restriction * 2)
        if index:
            body(f"before-{name}", "swapped with the one before", every[index] + every[index - 1])
        if name != "seal":
            body(f"cut-{name}", "the last byte is missing", restriction[:-1])
            body(f"no-value-{name}", "no value", restriction[:1])
    body("seal-value", "a byte after the seal", SEAL + b"\x06")
    body("sealed-zero", "a zero byte after the seal", SEAL + b"\x00", "unknown_restriction")
    for name, comment, wire in BAD_BITMAPS:
        body("permissions-" + name, comment, b"\x02" + wire)
    body("permissions-empty", "the empty set is well formed", permissions(), Has(permissions=[]))
    for name, comment, wire in BAD_IDENTIFIERS:
        body("audience-" + name, comment, b"\x04" + wire)
        body("resource-" + name, comment, b"\x03\x01" + wire)
    for name, comment, text in GOOD_IDENTIFIERS:
        body("resource-good-" + name, comment, resources(text), Has(resources=[text]))
        body("audience-good-" + name, comment, audience(text), OK, audience=text)
    a, b = identifier("a"), identifier("b")
    body("resources-0", "no resources", b"\x03\x00")
    body("resources-ascending", "ascending", b"\x03\x02" + a + b, Has(resources=["a", "b"]))
    body("resources-descending", "descending", b"\x03\x02" + b + a)
    body("resources-repeated", "one twice", b"\x03\x02" + a + a)
    many = [identifier(f"r{n:02}") for n in range(17)]
    body("resources-16", "sixteen", b"\x03\x10" + b"".join(many[:16]), OK)
    body("resources-17", "seventeen", b"\x03\x11" + b"".join(many))
    body("resources-count-high", "one less than the count says", b"\x03\x02" + a)
    body(
        "resources-count-low",
        "one more than the count says: its type byte is read as a restriction",
        b"\x03\x01" + a + b,
        "unknown_restriction",
    )
    body("recipient-0", "an empty label", b"\x05\x00")
    body("recipient-1", "one character", recipient("A"), Has(recipients=["A"]))
    body("recipient-32", "32 characters", recipient("x" * 32), Has(recipients=["x" * 32]))
    body("recipient-33", "33 characters", b"\x05\x21" + b"x" * 33)
    body("recipient-space", "a space is allowed, also at both ends", recipient(" a b "), Has(recipients=[" a b "]))
    body("recipient-tilde", "0x7e", recipient("~"), OK)
    for name, wire in (
        ("del", b"\x7f"),
        ("control", b"\x1f"),
        ("newline", b"\n"),
        ("nul", b"\x00"),
        ("high", b"\x80"),
        ("utf8", b"\xc3\xa9"),
    ):
        body("recipient-" + name, "a byte outside 0x20 to 0x7e", b"\x05" + bytes([len(wire) + 1]) + b"a" + wire)
    body("expiry-0", "an expiry of 0 is well formed", expiry(0), "expired")

    labels = [recipient(f"n{n}") for n in range(9)]
    add(
        "8-blocks",
        "eight",
        [t.block(label) for label in labels[:8]],
        Has(recipients=[f"n{n}" for n in range(8)]),
    )
    add("9-blocks", "nine", [t.block(label) for label in labels], "too_many_blocks")
    add("8-blocks-sealed", "the eighth sealed", [t.block(label) for label in labels[:7]] + [t.block(SEAL)], OK)
    add(
        "9-blocks-sealed",
        "too many comes before after a seal",
        [t.block(label) for label in labels[:7]] + [t.block(SEAL), one],
        "too_many_blocks",
    )
    add(
        "9-blocks-unknown",
        "too many comes before unknown",
        [t.block(label) for label in labels[:8]] + [b"\xff"],
        "too_many_blocks",
    )
    add(
        "8-blocks-eighth-malformed", "the eighth is looked at", [t.block(label) for label in labels[:7]] + [b"\x01\x00"]
    )
    add("sealed", "sealed", [one, t.block(SEAL)], OK)
    add("after-seal", "a block after a seal", [t.block(SEAL), one], "block_after_seal")
    add("after-seal-unknown", "after a seal comes before unknown", [t.block(SEAL), b"\xff"], "block_after_seal")
    add("after-seal-malformed", "after a seal comes before malformed", [t.block(SEAL), b"\x01\x00"], "block_after_seal")
    add("after-seal-twice", "sealed twice", [t.block(SEAL), t.block(SEAL)], "block_after_seal")
    add("malformed-then-unknown", "the first block decides", [b"\x01\x00", b"\xff"])
    add("session-block", "a session with a block", [one], "session_with_blocks", head=session())
    add("session-unknown-block", "a session with an unknown block", [b"\xff"], "session_with_blocks", head=session())


# --- kind and authentication -------------------------------------------------------------------


def kinds(subject):
    def add(name, comment, token, intended, kind, **more):
        verify(subject, "kind/" + name, comment, token, intended, kind=kind, **more)

    add("link-as-link", "a link asked for", sign(link()), OK, "link")
    add("link-as-session", "a session asked for, a link given", sign(link()), "wrong_kind", "session")
    add("session-as-session", "a session asked for", sign(session()), OK, "session")
    add("session-as-link", "a link asked for, a session given", sign(session()), "wrong_kind", "link")
    add("narrowed-as-session", "a narrowed link is a link", narrowed(), "wrong_kind", "session")
    add("before-root", "kind comes before the root", sign(link(root_id=b"none")), "wrong_kind", "session")
    add(
        "before-tag",
        "kind comes before the tag",
        with_crc("pwl_", inner(sign(link()))[:-32] + bytes(32)),
        "wrong_kind",
        "session",
    )
    add("after-form", "form comes before kind", spoiled(link(), audience=b"\x02"), "malformed_head", "session")


def authentication(subject):
    def add(name, comment, token, intended="forged", **more):
        verify(subject, "auth/" + name, comment, token, intended, **more)

    for kind, make in (("link", link), ("session", session)):
        add(f"{kind}-active", "the active root", sign(make()), OK)
        add(f"{kind}-verify-only", "a root that only checks", sign(make(root_id=root_id("older")), root="older"), OK)
        for name, comment in (
            ("retired", "a retired root"),
            ("gone", "a destroyed root"),
            ("idle", "a root retired before it was active"),
        ):
            add(f"{kind}-{name}", comment, sign(make(root_id=root_id(name)), root=name), "unknown_root")
        add(f"{kind}-unknown", "no such root", sign(make(root_id=b"\xff" * 4)), "unknown_root")
        add(f"{kind}-other-root-key", "the id of one root, the key of another", sign(make(root_id=root_id("older"))))
        add(f"{kind}-other-root-id", "the key of one root, the id of another", sign(make(), root="older"))
        add(f"{kind}-zero-root", "a root of zeros", sign(make(), root_bytes=bytes(32)))
        other = make(tenant="8")
        add(f"{kind}-tenant-own", "this tenant's key", sign(other), OK)
        add(f"{kind}-tenant-other", "another tenant's key", raw(t.encode_head(other), like=make()))
        add(f"{kind}-tenant-uuid", "a tenant's key is derived from its text", sign(make(tenant=UUID_A)), OK)
        newer = make(generations=[0, 1, 0])
        add(f"{kind}-generation-own", "this generation's key", sign(newer), OK)
        add(f"{kind}-generation-other", "the key of the generation before", raw(t.encode_head(newer), like=make()))
        add(
            f"{kind}-other-generations",
            "the deployment's and client's generations are not in the key",
            raw(t.encode_head(make(generations=[5, 0, 6])), like=make()),
            OK,
        )
        add(
            f"{kind}-deployment-other",
            "a token of another deployment with the same root",
            sign(make(), deployment=OTHER_ID),
        )
        add(
            f"{kind}-deployment-own",
            "the same token in its own deployment",
            sign(make(), deployment=OTHER_ID),
            OK,
            deployment="other",
            keyring="other",
        )
        add(
            f"{kind}-key-of-other-kind",
            "the key of the other kind",
            raw(t.encode_head(make()), like=session() if kind == "link" else link(), prefix=t.PREFIX[make().kind]),
        )
        data = inner(sign(make()))
        add(f"{kind}-tag-zero", "a tag of zeros", with_crc(t.PREFIX[make().kind], data[:-32] + bytes(32)))
        add(
            f"{kind}-tag-root",
            "signed with the root itself",
            t.text(
                t.PREFIX[make().kind], t.encode_head(make()), t.hmac_sha256(root_key("active"), t.encode_head(make()))
            ),
        )
        add(
            f"{kind}-tag-prefix",
            "the prefix is not under the tag",
            t.text(
                t.PREFIX[make().kind],
                t.encode_head(make()),
                t.hmac_sha256(
                    t.token_key(root_key("active"), MAIN_ID, make().kind, "7", 0),
                    t.PREFIX[make().kind].encode() + t.encode_head(make()),
                ),
            ),
        )

    # The root of a session's link is a statement only: neither its key nor its state is asked for.
    for name, comment, named in (
        ("own", "the session's own root", root_id("active")),
        ("verify-only", "a root that only checks", root_id("older")),
        ("retired", "a retired root", root_id("retired")),
        ("gone", "a destroyed root", root_id("gone")),
        ("unknown", "no root of the keyring", b"none"),
        ("zero", "zeros", bytes(4)),
    ):
        add(f"session-link-root-{name}", "link root: " + comment, sign(session(link_root=named)), OK)
    swapped = session(root_id=root_id("older"), link_root=root_id("active"))
    add("session-link-root-newer", "the link under a newer root than the session", sign(swapped, root="older"), OK)
    add(
        "session-link-root-key",
        "the key of the link's root signs no session",
        sign(session(link_root=root_id("older")), root="older"),
    )
    without = t.encode_head(session()).replace(session().link_id + session().link_root, session().link_id)
    add("session-link-root-missing", "a session without link root", raw(without, like=session()), "malformed_head")

    # The chain.
    head_bytes = t.encode_head(link())
    key = t.token_key(root_key("active"), MAIN_ID, t.LINK, "7", 0)
    tag0 = t.hmac_sha256(key, head_bytes)
    first, second = t.block(permissions(0)), t.block(recipient("b"))
    tag1 = t.next_tag(tag0, first)
    tag2 = t.next_tag(tag1, second)

    def chain(name, comment, blocks, tag, intended="forged"):
        add("chain-" + name, comment, t.text("pwl_", head_bytes + b"".join(blocks), tag), intended)

    chain("0", "no block", [], tag0, OK)
    chain("1", "one block", [first], tag1, OK)
    chain("2", "two blocks", [first, second], tag2, OK)
    chain("block-taken-off", "the last block taken off, its tag kept", [first], tag2)
    chain("all-taken-off", "all blocks taken off, the tag kept", [], tag2)
    chain("first-taken-off", "the first block taken off", [second], tag2)
    chain("block-put-on", "a block put on without a new tag", [first], tag0)
    chain("swapped", "two blocks swapped", [second, first], tag2)
    chain("doubled", "a block doubled", [first, first, second], tag2)
    chain("widened", "a bit added in a block", [t.block(permissions(0, 1)), second], tag2)
    chain("key-each-time", "the block signed under the token key", [first], t.hmac_sha256(key, first))
    chain("body-only", "only the body of the block under the tag", [first], t.hmac_sha256(tag0, first[2:]))
    chain("whole-message", "head and block under one tag", [first], t.hmac_sha256(key, head_bytes + first))
    chain("swapped-key-message", "key and message swapped", [first], t.hmac_sha256(first, tag0))
    chain("tag-before", "the tag before the last", [first, second], tag1)
    chain("first-tag", "the first tag", [first, second], tag0)
    add(
        "before-times",
        "the tag comes before the times",
        with_crc("pwl_", inner(sign(link(expires_at=NOW - 50)))[:-32] + bytes(32)),
    )
    add(
        "root-before-tag",
        "the root comes before the tag",
        t.text("pwl_", t.encode_head(link(root_id=b"none")), bytes(32)),
        "unknown_root",
    )


# --- times -------------------------------------------------------------------------------------


def times(subject):
    def add(name, comment, issued, expires, now, intended, *bodies, kind="link", **more):
        make = link if kind == "link" else session
        verify(
            subject,
            "time/" + name,
            comment,
            sign(make(issued_at=issued, expires_at=expires), *bodies),
            intended,
            now=now,
            **more,
        )

    for kind, ceiling in (("link", LINK_CEILING), ("session", SESSION_CEILING)):
        add(f"{kind}-one-second", "a second long", NOW, NOW + 1, NOW, Has(issued_at=NOW, expires_at=NOW + 1), kind=kind)
        add(f"{kind}-no-second", "no second long", NOW, NOW, NOW - 1, "bad_times", kind=kind)
        add(f"{kind}-backwards", "ends before it begins", NOW, NOW - 1, NOW - 2, "bad_times", kind=kind)
        add(f"{kind}-backwards-far", "ends long before it begins: no wrap-around", TOP, 0, NOW, "bad_times", kind=kind)
        add(f"{kind}-ceiling", "as long as the ceiling", NOW, NOW + ceiling, NOW, OK, kind=kind)
        add(f"{kind}-over-ceiling", "a second longer", NOW, NOW + ceiling + 1, NOW, "over_ceiling", kind=kind)
        add(f"{kind}-all-time", "from the first to the last second", 0, TOP, NOW, "over_ceiling", kind=kind)
        add(f"{kind}-skew-edge", "issued at now + skew", NOW + 60, NOW + 120, NOW, OK, kind=kind)
        add(f"{kind}-skew-over", "issued a second later", NOW + 61, NOW + 120, NOW, "not_yet_valid", kind=kind)
        add(f"{kind}-last-second", "the last second", NOW - 100, NOW, NOW - 1, OK, kind=kind)
        add(f"{kind}-expired", "now = expires at", NOW - 100, NOW, NOW, "expired", kind=kind)
        add(
            f"{kind}-expired-1", "a second later; the skew does not help", NOW - 100, NOW, NOW + 1, "expired", kind=kind
        )
    add("skew-0", "no skew: issued now", NOW, NOW + 60, NOW, OK, skew=0)
    add("skew-0-over", "no skew: issued in a second", NOW + 1, NOW + 60, NOW, "not_yet_valid", skew=0)
    add("skew-300", "the largest skew", NOW + 300, NOW + 600, NOW, OK, skew=300)
    add("skew-300-over", "beyond it", NOW + 301, NOW + 600, NOW, "not_yet_valid", skew=300)
    add("skew-expiry", "the largest skew does not lengthen", NOW - 100, NOW, NOW, "expired", skew=300)
    add("zero", "issued at 0, now 0", 0, 1, 0, OK)
    add("zero-skew-0", "issued at 0, now 0, no skew", 0, 1, 0, OK, skew=0)
    add("zero-over", "issued at 61, now 0", 61, 100, 0, "not_yet_valid")
    add("zero-edge", "issued at 60, now 0", 60, 100, 0, OK)
    add("zero-expires-0", "expires at 0", 0, 0, 0, "bad_times")
    add("zero-top", "issued at the end of time, now 0", TOP - 1, TOP, 0, "not_yet_valid")
    add("top", "expires at 2^40-1, a second before", TOP - 100, TOP, TOP - 1, Has(expires_at=TOP))
    add("top-expired", "expires at 2^40-1, then", TOP - 100, TOP, TOP, "expired")
    add("top-no-second", "issued at 2^40-1 too", TOP, TOP, TOP - 1, "bad_times")
    add("now-max", "now 2^64-1: now + skew does not wrap", TOP - 100, TOP, 2**64 - 1, "expired")
    add("now-max-zero", "now 2^64-1, issued at 0", 0, 1, 2**64 - 1, "expired")
    add("now-max-skew-0", "now 2^64-1, no skew", NOW, NOW + 60, 2**64 - 1, "expired", skew=0)
    add("now-max-skew-300", "now 2^64-1, largest skew", TOP - 100, TOP, 2**64 - 1, "expired", skew=300)
    add("now-near-max", "now 2^64-60: now + skew is 2^64", TOP - 100, TOP, 2**64 - 60, "expired")
    add("now-40-bits", "now 2^40 + a valid time is not that time", NOW - 100, NOW + 100, 2**40 + NOW, "expired")

    add(
        "block-last-second",
        "a block's last second",
        NOW - 100,
        NOW + 100,
        NOW,
        Has(expires_at=NOW + 1),
        expiry(NOW + 1),
    )
    add("block-expired", "now = a block's expiry", NOW - 100, NOW + 100, NOW, "expired", expiry(NOW))
    add(
        "block-later",
        "a later expiry has no effect",
        NOW - 100,
        NOW + 100,
        NOW,
        Has(expires_at=NOW + 100),
        expiry(NOW + 101),
    )
    add("block-later-expired", "a later expiry does not revive", NOW - 100, NOW, NOW, "expired", expiry(NOW + 101))
    add(
        "block-top",
        "an expiry at the end of time has no effect",
        NOW - 100,
        NOW + 100,
        NOW,
        Has(expires_at=NOW + 100),
        expiry(TOP),
    )
    add(
        "block-over-ceiling",
        "the ceiling is about the head",
        NOW,
        NOW + LINK_CEILING + 1,
        NOW,
        "over_ceiling",
        expiry(NOW + 1),
    )
    add(
        "block-before-issue",
        "a block's expiry before the head's issue is no bad time",
        NOW - 100,
        NOW + 100,
        NOW,
        "expired",
        expiry(0),
    )
    add(
        "blocks-earliest",
        "the earliest of all",
        NOW - 100,
        NOW + 100,
        NOW,
        Has(expires_at=NOW + 10),
        expiry(NOW + 30),
        expiry(NOW + 10),
        expiry(NOW + 20),
    )
    add(
        "blocks-one-expired",
        "one of three is over",
        NOW - 100,
        NOW + 100,
        NOW,
        "expired",
        expiry(NOW + 30),
        expiry(NOW),
        expiry(NOW + 20),
    )
    add(
        "order-not-yet-before-expired",
        "not yet valid comes before expired",
        NOW + 61,
        NOW + 100,
        NOW,
        "not_yet_valid",
        expiry(NOW),
    )
    add(
        "order-ceiling-before-not-yet",
        "the ceiling comes before not yet valid",
        NOW + 61,
        NOW + 62 + LINK_CEILING,
        NOW,
        "over_ceiling",
    )
    add(
        "order-expired-before-audience",
        "expired comes before the audience",
        NOW - 100,
        NOW,
        NOW,
        "expired",
        audience("portal"),
    )


# --- audience and grants -----------------------------------------------------------------------


def audiences(subject):
    def add(name, comment, token, intended, mine=None):
        more = {} if mine is None else {"audience": mine}
        verify(subject, "audience/" + name, comment, token, intended, **more)

    none, head = sign(link()), sign(link(audience="portal"))
    add("none-none", "none stated, a verifier without one", none, OK)
    add("none-mine", "none stated, a verifier with one", none, OK, "portal")
    add("head-same", "the same", head, OK, "portal")
    add("head-other", "another", head, "wrong_audience", "admin")
    add("head-none", "stated, a verifier without one", head, "wrong_audience")
    add("head-case", "case counts", head, "wrong_audience", "Portal")
    add("head-longer", "a longer one", head, "wrong_audience", "portal2")
    add("session-same", "a session, the same", sign(session(audience="portal")), OK, "portal")
    add("session-other", "a session, another", sign(session(audience="portal")), "wrong_audience", "admin")
    block = sign(link(), audience("portal"))
    add("block-same", "a block, the same", block, OK, "portal")
    add("block-other", "a block, another", block, "wrong_audience", "admin")
    add("block-none", "a block, a verifier without one", block, "wrong_audience")
    add("both-same", "head and block, the same", sign(link(audience="portal"), audience("portal")), OK, "portal")
    mixed = sign(link(audience="portal"), audience("admin"))
    add("both-head", "head and block differ, the head's", mixed, "wrong_audience", "portal")
    add("both-block", "head and block differ, the block's", mixed, "wrong_audience", "admin")
    blocks_mixed = sign(link(), audience("portal"), audience("admin"))
    add("blocks-first", "two blocks differ, the first's", blocks_mixed, "wrong_audience", "portal")
    add("blocks-last", "two blocks differ, the last's", blocks_mixed, "wrong_audience", "admin")
    add("uuid", "a UUID as audience", sign(link(audience=UUID_A)), OK, UUID_A)
    add("number", "a number as audience", sign(link(audience="7")), OK, "7")
    add("number-zero", "007 is not 7", sign(link(audience="7")), "wrong_audience", "007")


def grants(subject):
    def add(name, comment, token, intended):
        verify(subject, "grant/" + name, comment, token, intended)

    both = ["files:read", "files:upload"]
    add("no-block", "the head's", sign(link()), Has(permissions=both, resources=None))
    add("fewer", "fewer", sign(link(), permissions(1)), Has(permissions=["files:upload"]))
    add("more", "bits the head lacks have no effect", sign(link(), permissions(*range(64))), Has(permissions=both))
    add("none-left", "nothing in common", sign(link(), permissions(2)), Has(permissions=[]))
    add(
        "two",
        "two blocks, both hold",
        sign(link(permissions={0, 1, 2}), permissions(0, 1), permissions(1, 2)),
        Has(permissions=["files:upload"]),
    )
    add(
        "back",
        "a later block gives nothing back",
        sign(link(), permissions(0), permissions(0, 1)),
        Has(permissions=["files:read"]),
    )
    add(
        "unnamed",
        "bits without a name grant nothing and are no error",
        sign(link(permissions={0, 12, 63})),
        Has(permissions=["files:read"]),
    )
    add("only-unnamed", "nothing but bits without a name", sign(link(permissions={12})), Has(permissions=[]))
    add("resources", "a list", sign(link(), resources("a", "b")), Has(resources=["a", "b"]))
    add(
        "resources-two",
        "the intersection",
        sign(link(), resources("a", "b", "c"), resources("b", "c", "d")),
        Has(resources=["b", "c"]),
    )
    add(
        "resources-three",
        "the intersection of three",
        sign(link(), resources("a", "b"), recipient("x"), resources("b", "c"), resources("b")),
        Has(resources=["b"]),
    )
    add(
        "resources-none-left",
        "an empty intersection: nothing",
        sign(link(), resources("a"), resources("b")),
        Has(resources=[]),
    )
    add(
        "resources-stays-empty",
        "an empty intersection stays empty",
        sign(link(), resources("a"), resources("b"), resources("a", "b")),
        Has(resources=[]),
    )
    add("copies-two", "a copy id for each block", sign(link(), recipient("x"), SEAL), Has(recipients=["x"]))
    tag, told = t.first_tag(root_key("active"), MAIN_ID, link()), []
    for body in (recipient("Ann"), permissions(0), recipient("Ben")):
        tag = t.next_tag(tag, t.block(body))
        told.append(t.labelled_hash("portward/v1/copy-id", tag)[:16].hex())
    add(
        "order",
        "recipients and copies are told block 1 first; a block without a label leaves no gap",
        sign(link(), recipient("Ann"), permissions(0), recipient("Ben")),
        Has(recipients=["Ann", "Ben"], copies=told),
    )
    add(
        "order-swapped",
        "the same labels the other way round",
        sign(link(), recipient("Ben"), permissions(0), recipient("Ann")),
        Has(recipients=["Ben", "Ann"]),
    )


def allowing(subject):
    def add(name, comment, token, permission, resource, intended, **more):
        kind = "session" if token.startswith("pws_") else "link"
        subject.add(
            "allow/" + name,
            comment,
            "allow",
            intended,
            deployment="main",
            keyring="main",
            token=token,
            kind=kind,
            now=NOW,
            permission=permission,
            resource=resource,
            **more,
        )

    for kind, free, bound in (
        ("link", sign(link()), sign(link(), resources("doc-1", "7"))),
        ("session", sign(session()), sign(session(resources=["doc-1", "7"]))),
    ):
        add(f"{kind}-bit", "the bit is there", free, "files:read", None, {})
        add(f"{kind}-no-bit", "the bit is not there", free, "files:delete", None, "permission_denied")
        add(f"{kind}-no-name", "no such permission", free, "files:rename", None, "permission_denied")
        for name, comment, permission in (
            ("similar", "a name that begins as one of the vocabulary", "files:rea"),
            ("upper", "case counts", "Files:read"),
            ("empty", "no name", ""),
            ("number", "a bit number is no name", "0"),
            ("later", "the name a later vocabulary may give to the next bit", "photo:delete"),
        ):
            add(f"{kind}-no-name-{name}", comment, free, permission, None, "permission_denied")
        add(
            f"{kind}-no-name-on",
            "no such permission, a resource named",
            free,
            "files:rename",
            "doc-1",
            "permission_denied",
        )
        add(f"{kind}-bound-no-name", "no such permission, restricted", bound, "files:rename", None, "permission_denied")
        add(
            f"{kind}-bound-no-name-on",
            "no such permission, restricted, a resource named",
            bound,
            "files:rename",
            "doc-1",
            "permission_denied",
        )
        add(f"{kind}-free-on", "not restricted, so any resource", free, "files:read", "doc-9", {})
        add(f"{kind}-free-on-no-bit", "not restricted, but no bit", free, "files:delete", "doc-9", "permission_denied")
        add(f"{kind}-bound", "restricted, and no resource named", bound, "files:read", None, "resource_required")
        add(f"{kind}-bound-no-bit", "the permission comes first", bound, "files:delete", None, "permission_denied")
        add(f"{kind}-bound-on", "among them", bound, "files:read", "doc-1", {})
        add(f"{kind}-bound-on-number", "among them, a number", bound, "files:upload", "7", {})
        add(f"{kind}-bound-on-other", "not among them", bound, "files:read", "doc-2", "resource_denied")
        add(f"{kind}-bound-on-prefix", "exact match only", bound, "files:read", "doc-1/page-1", "resource_denied")
        add(f"{kind}-bound-on-case", "case counts", bound, "files:read", "Doc-1", "resource_denied")
        add(
            f"{kind}-bound-on-no-bit", "the permission comes first", bound, "files:delete", "doc-2", "permission_denied"
        )
    empty = sign(link(), resources("a"), resources("b"))
    add("empty-none", "an empty intersection, no resource named", empty, "files:read", None, "resource_required")
    add("empty-on", "an empty intersection allows nothing", empty, "files:read", "a", "resource_denied")
    add("unnamed-bit", "a bit without a name", sign(link(permissions={12})), "files:read", None, "permission_denied")
    add(
        "narrowed-away",
        "the bit was taken by a block",
        sign(link(), permissions(0)),
        "files:upload",
        None,
        "permission_denied",
    )
    add("forged", "a token that is refused", sign(link(), root="older"), "files:read", None, "forged")
    add("expired", "a token that is over", sign(link(expires_at=NOW)), "files:read", None, "expired")
    add("damaged", "a token that is damaged", sign(link())[:-1] + "!", "files:read", None, "bad_base64")


# --- issuing and narrowing ---------------------------------------------------------------------


def issuing_links(subject):
    token_id = seeded("issued link", 16)

    def add(name, comment, intended, expected=None, **changes):
        inputs = {
            "deployment": "main",
            "keyring": "main",
            "token_id": token_id.hex(),
            "now": NOW,
            "tenant": "acme",
            "client": UUID_A,
            "audience": None,
            "permissions": ["files:read", "report:read"],
            "lifetime": 3600,
            "generations": [0, 0, 0],
            **changes,
        }
        if expected is not None:
            # Made here by hand from the page, not by the issuer of the reference.
            token = sign(expected)
            tag = inner(token)[-32:]
            intended = {"token": token, "link_check": t.labelled_hash("portward/v1/link-check", tag)[:16].hex()}
        subject.add("issue_link/" + name, comment, "issue_link", intended, **inputs)

    base = t.Head(t.LINK, root_id("active"), token_id, NOW, NOW + 3600, [0, 0, 0], "acme", UUID_A, permissions={0, 3})
    add("plain", "a link", None, base)
    add("audience", "with an audience", None, replace(base, audience="portal"), audience="portal")
    add(
        "generations",
        "with generations",
        None,
        replace(base, generations=[1, 300, 2**32 - 1]),
        generations=[1, 300, 2**32 - 1],
    )
    add(
        "permissions-order",
        "names in another order give the same bits",
        None,
        base,
        permissions=["report:read", "files:read"],
    )
    add(
        "permissions-all",
        "all names",
        None,
        replace(base, permissions=set(range(12))),
        permissions=fixtures()["deployments"]["main"]["permissions"],
    )
    add("permissions-none", "no names", None, replace(base, permissions=set()), permissions=[])
    add("permissions-unknown", "no such name", "unknown_permission", permissions=["files:rename"])
    add("uuids", "two UUIDs", None, replace(base, tenant=UUID_B), tenant=UUID_B)
    add("number", "a number", None, replace(base, tenant="300"), tenant="300")
    add("lifetime-1", "the shortest", None, replace(base, expires_at=NOW + 1), lifetime=1)
    add("lifetime-0", "none", "lifetime_zero", lifetime=0)
    add("lifetime-ceiling", "the longest", None, replace(base, expires_at=NOW + LINK_CEILING), lifetime=LINK_CEILING)
    add("lifetime-over", "a second more", "lifetime_over_ceiling", lifetime=LINK_CEILING + 1)
    add("lifetime-huge", "2^64-1 seconds", "lifetime_over_ceiling", lifetime=2**64 - 1)
    add("time-0", "issued at 0", None, replace(base, issued_at=0, expires_at=3600), now=0)
    add("time-top", "up to the last second", None, replace(base, issued_at=TOP - 3600, expires_at=TOP), now=TOP - 3600)
    add("time-over", "a second later", "time_out_of_range", now=TOP - 3599)
    add("time-max", "now 2^64-1: no wrap-around", "time_out_of_range", now=2**64 - 1)
    for field in ("tenant", "client", "audience"):
        add(field + "-empty", "no text", "identifier_length", **{field: ""})
        add(field + "-long", "65 characters", "identifier_length", **{field: "x" * 65})
        add(field + "-space", "a space", "identifier_character", **{field: "a b"})
        add(field + "-uuid-upper", "a UUID in upper case", "identifier_ambiguous", **{field: UUID_A.upper()})


def issuing_sessions(subject):
    token_id = seeded("issued session", 16)
    head = link(tenant="acme", client=UUID_A, generations=[1, 2, 3])

    def copies_of(*bodies, source=head, root="active"):
        tag = t.first_tag(root_key(root), MAIN_ID, source)
        found = []
        for body in bodies:
            tag = t.next_tag(tag, t.block(body))
            found.append(t.labelled_hash("portward/v1/copy-id", tag)[:16])
        return found

    base = t.Head(
        t.SESSION,
        root_id("active"),
        token_id,
        NOW,
        NOW + 900,
        [1, 2, 3],
        "acme",
        UUID_A,
        permissions={0, 1},
        link_id=head.token_id,
        link_root=root_id("active"),
        link_revision=0,
    )

    def add(name, comment, intended, link_text=None, **changes):
        inputs = {
            "deployment": "main",
            "keyring": "main",
            "token_id": token_id.hex(),
            "now": NOW,
            "link": link_text or sign(head),
            "lifetime": 900,
            "revision": 0,
            **changes,
        }
        if isinstance(intended, t.Head):
            intended = {"token": sign(intended)}
        subject.add("issue_session/" + name, comment, "issue_session", intended, **inputs)

    add("plain", "a session", base)
    add("revision", "with a revision", replace(base, link_revision=300), revision=300)
    older = replace(head, root_id=root_id("older"))
    add(
        "root",
        "the link's root only checks; the session is under the active one and names the link's",
        replace(base, link_root=root_id("older")),
        sign(older, root="older"),
    )
    add(
        "root-narrowed",
        "the same with a block",
        replace(base, link_root=root_id("older"), copies=copies_of(recipient("Ann"), source=older, root="older")),
        sign(older, recipient("Ann"), root="older"),
    )
    add(
        "narrowed",
        "permissions, resources and copies of the blocks",
        replace(base, permissions={0}, resources=["a", "b"], copies=copies_of(permissions(0), resources("b", "a"))),
        sign(head, permissions(0), resources("b", "a")),
    )
    add(
        "eight-blocks",
        "eight copies",
        replace(base, copies=copies_of(*[recipient(f"n{n}") for n in range(8)])),
        sign(head, *[recipient(f"n{n}") for n in range(8)]),
    )
    add("sealed", "a seal is a block as any other", replace(base, copies=copies_of(SEAL)), sign(head, SEAL))
    with_audience = replace(head, audience="portal")
    add("audience-head", "the head's audience", replace(base, audience="portal"), sign(with_audience))
    add(
        "audience-block",
        "a block's audience",
        replace(base, audience="portal", copies=copies_of(audience("portal"))),
        sign(head, audience("portal")),
    )
    add(
        "audience-mixed", "two audiences: no verifier is both", "wrong_audience", sign(with_audience, audience("admin"))
    )
    add("lifetime-0", "none", "lifetime_zero", lifetime=0)
    add("lifetime-1", "the shortest", replace(base, expires_at=NOW + 1), lifetime=1)
    long = replace(head, expires_at=NOW + 2 * SESSION_CEILING)
    add(
        "lifetime-ceiling",
        "the longest",
        replace(base, expires_at=NOW + SESSION_CEILING),
        sign(long),
        lifetime=SESSION_CEILING,
    )
    add("lifetime-over", "a second more", "lifetime_over_ceiling", sign(long), lifetime=SESSION_CEILING + 1)
    add("lifetime-huge", "2^64-1 seconds", "lifetime_over_ceiling", sign(long), lifetime=2**64 - 1)
    short = replace(head, expires_at=NOW + 60)
    add("link-expiry", "not longer than the link", replace(base, expires_at=NOW + 60), sign(short))
    add(
        "block-expiry",
        "not longer than a block",
        replace(base, expires_at=NOW + 30, copies=copies_of(expiry(NOW + 30))),
        sign(head, expiry(NOW + 30)),
    )
    add(
        "limit-expiry",
        "not longer than the registry says",
        replace(base, expires_at=NOW + 20),
        limits={"expires_at": NOW + 20},
    )
    add("limit-expiry-later", "the registry does not lengthen", base, limits={"expires_at": NOW + 5000})
    add("limit-expiry-max", "2^64-1 does not either", base, limits={"expires_at": 2**64 - 1})
    add("limit-expiry-1", "one second left", replace(base, expires_at=NOW + 1), limits={"expires_at": NOW + 1})
    add("limit-expiry-now", "no second left", "expired", limits={"expires_at": NOW})
    add("limit-expiry-past", "long over", "expired", limits={"expires_at": 0})
    add(
        "limit-permissions",
        "fewer permissions",
        replace(base, permissions={1}),
        limits={"permissions": ["files:upload", "chat:read"]},
    )
    add("limit-permissions-none", "no permission in common", "nothing_granted", limits={"permissions": ["chat:read"]})
    add("limit-permissions-empty", "no permission", "nothing_granted", limits={"permissions": []})
    add(
        "limit-resources",
        "the registry restricts",
        replace(base, resources=["a", "9"]),
        limits={"resources": ["9", "a"]},
    )
    bound = sign(head, resources("a", "b"))
    bound_base = replace(base, copies=copies_of(resources("a", "b")))
    add(
        "limit-resources-both",
        "the intersection",
        replace(bound_base, resources=["b"]),
        bound,
        limits={"resources": ["b", "c"]},
    )
    add("limit-resources-none", "an empty intersection", "nothing_granted", bound, limits={"resources": ["c"]})
    add("limit-resources-empty", "no resource", "nothing_granted", limits={"resources": []})
    many = [f"r{n:02}" for n in range(17)]
    add("limit-resources-16", "sixteen", replace(base, resources=many[:16]), limits={"resources": many[:16]})
    add("limit-resources-17", "seventeen", "nothing_granted", limits={"resources": many})
    add(
        "limit-all",
        "all limits at once",
        replace(base, expires_at=NOW + 20, permissions={0}, resources=["a"]),
        limits={"expires_at": NOW + 20, "permissions": ["files:read"], "resources": ["a"]},
    )
    add("no-permissions", "a link without permissions", "nothing_granted", sign(replace(head, permissions=set())))
    add(
        "unnamed-permissions",
        "a link with nothing but bits without a name",
        "nothing_granted",
        sign(replace(head, permissions={12})),
    )
    add(
        "unnamed-dropped",
        "a bit without a name is not handed on",
        replace(base, permissions={0}),
        sign(replace(head, permissions={0, 12})),
    )
    add("blocks-nothing", "blocks that leave no permission", "nothing_granted", sign(head, permissions(2)))
    add(
        "blocks-no-resource",
        "blocks that leave no resource",
        "nothing_granted",
        sign(head, resources("a"), resources("b")),
    )
    wide = [f"{n:02}-" + "x" * 61 for n in range(16)]
    add("too-long", "sixteen resources of 64 characters", "token_too_long", limits={"resources": wide})

    def length_of(count):
        return len(sign(replace(base, resources=wide[:count])))

    fitting = max(count for count in range(1, 17) if length_of(count) <= 1024)
    add(
        "just-fits",
        f"{fitting} of them: {length_of(fitting)} characters",
        replace(base, resources=wide[:fitting]),
        limits={"resources": wide[:fitting]},
    )
    add(
        "just-too-long",
        f"{fitting + 1} of them: {length_of(fitting + 1)} characters",
        "token_too_long",
        limits={"resources": wide[: fitting + 1]},
    )

    # To the character: two of the resources are made longer until the text is as long as wanted.
    def to_length(length):
        for first in range(1, 65):
            for second in range(1, 65):
                found = wide[: fitting - 1] + ["y" * first, "z" * second]
                if len(sign(replace(base, resources=found))) == length:
                    return found
        raise AssertionError(length)

    exact, over = to_length(1024), to_length(1026)
    add("exactly-1024", "1,024 characters", replace(base, resources=exact), limits={"resources": exact})
    add("exactly-1026", "1,026 characters", "token_too_long", limits={"resources": over})

    add("link-expired", "the link is over", "expired", sign(replace(head, expires_at=NOW)))
    add("link-forged", "the link is forged", "forged", sign(head, root="older"))
    add("link-damaged", "the link is damaged", "bad_checksum", with_old_crc(sign(head)))
    add(
        "link-retired",
        "the link's root is retired",
        "unknown_root",
        sign(replace(head, root_id=root_id("retired")), root="retired"),
    )
    add("link-session", "a session is no link", "wrong_kind", sign(session()))
    add("link-future", "the link's issue lies in the skew", replace(base), sign(replace(head, issued_at=NOW + 60)))
    add("link-future-over", "and beyond", "not_yet_valid", sign(replace(head, issued_at=NOW + 61)))
    add(
        "time-top",
        "lifetime beyond 2^40-1, but the link ends before",
        replace(base, issued_at=TOP - 100, expires_at=TOP),
        sign(replace(head, issued_at=TOP - 200, expires_at=TOP)),
        now=TOP - 100,
    )
    endless = sign(replace(head, expires_at=TOP))
    add(
        "time-wrap",
        "a lifetime of 2^40-1 from now: the sum takes 41 bits, the link ends before",
        replace(base, expires_at=TOP),
        endless,
        lifetime=TOP,
        deployment="endless",
    )
    add(
        "time-wrap-limit",
        "the same, and the registry ends before the link",
        replace(base, expires_at=NOW + 20),
        endless,
        lifetime=TOP,
        deployment="endless",
        limits={"expires_at": NOW + 20},
    )
    add(
        "time-wrap-short",
        "the same link with a lifetime that fits",
        replace(base, expires_at=NOW + 60),
        endless,
        lifetime=60,
        deployment="endless",
    )


def with_old_crc(token):
    """One bit of the token id flipped, CRC left as it is."""
    data = bytearray(t.b64u_decode(token[4:]))
    data[10] ^= 1
    return token[:4] + b64u(bytes(data))


def narrowing(subject):
    def add(name, comment, token, restrictions, intended):
        if isinstance(intended, bytes):
            # The body meant, put on by hand.
            block = t.block(intended)
            data = inner(token)
            intended = {"token": t.text("pwl_", data[:-32] + block, t.hmac_sha256(data[-32:], block))}
        subject.add("narrow/" + name, comment, "narrow", intended, token=token, restrictions=restrictions)

    plain = sign(link())
    add("expiry", "an expiry", plain, {"expires_at": NOW + 60}, expiry(NOW + 60))
    add("expiry-0", "an expiry of 0", plain, {"expires_at": 0}, expiry(0))
    add("expiry-top", "an expiry of 2^40-1, which has no effect", plain, {"expires_at": TOP}, expiry(TOP))
    add("permissions", "permissions", plain, {"permissions": [0]}, permissions(0))
    add("permissions-order", "in another order", plain, {"permissions": [63, 8, 0]}, permissions(0, 8, 63))
    add("permissions-none", "no permissions", plain, {"permissions": []}, permissions())
    add("resources", "resources", plain, {"resources": ["a", "b"]}, resources("a", "b"))
    add(
        "resources-order",
        "sorted by wire form",
        plain,
        {"resources": ["256", "b", "aa", UUID_A, "255"]},
        b"\x03\x05" + identifier("b") + identifier("aa") + identifier(UUID_A) + identifier("256") + identifier("255"),
    )
    add("audience", "an audience", plain, {"audience": "portal"}, audience("portal"))
    add("audience-uuid", "a UUID as audience", plain, {"audience": UUID_A}, audience(UUID_A))
    add("recipient", "a label", plain, {"recipient": "Ann Other"}, recipient("Ann Other"))
    add("recipient-32", "the longest label", plain, {"recipient": "x" * 32}, recipient("x" * 32))
    add("seal", "a seal", plain, {"seal": True}, SEAL)
    add(
        "all",
        "all at once",
        plain,
        {
            "seal": True,
            "recipient": "Ann",
            "audience": "portal",
            "resources": ["a"],
            "permissions": [0],
            "expires_at": NOW + 60,
        },
        expiry(NOW + 60) + permissions(0) + resources("a") + audience("portal") + recipient("Ann") + SEAL,
    )
    add("wider", "bits the head lacks", plain, {"permissions": [5]}, permissions(5))
    once = sign(link(), recipient("a"))
    add("twice", "a second block", once, {"recipient": "b"}, recipient("b"))
    add(
        "unverified",
        "a holder needs no key: whether the tag is right is not looked at",
        with_crc("pwl_", inner(plain)[:-32] + seeded("any tag", 32)),
        {"recipient": "b"},
        recipient("b"),
    )
    add("expired", "nor whether it is over", sign(link(expires_at=NOW - 50)), {"recipient": "b"}, recipient("b"))
    add("empty", "no restriction", plain, {}, "empty_block")
    add("sealed", "a sealed link", sign(link(), SEAL), {"recipient": "b"}, "sealed")
    add("sealed-empty", "sealed comes before empty", sign(link(), SEAL), {}, "sealed")
    labels = [recipient(f"n{n}") for n in range(8)]
    add("seventh", "seven blocks and one more", sign(link(), *labels[:7]), {"recipient": "b"}, recipient("b"))
    add("eighth", "eight blocks and one more", sign(link(), *labels), {"recipient": "b"}, "too_many_blocks")
    add("eighth-empty", "too many comes before empty", sign(link(), *labels), {}, "too_many_blocks")
    add("eighth-sealed", "sealed comes before too many", sign(link(), *labels[:7], SEAL), {"recipient": "b"}, "sealed")
    add("session", "a session takes no blocks", sign(session()), {"recipient": "b"}, "wrong_kind")
    add("session-empty", "the kind comes before an empty block", sign(session()), {}, "wrong_kind")
    add(
        "session-unverified",
        "nor is a session's tag looked at",
        with_crc("pws_", inner(sign(session()))[:-32] + seeded("any tag", 32)),
        {"recipient": "b"},
        "wrong_kind",
    )
    add(
        "session-damaged",
        "form comes before the kind",
        with_old_crc(sign(session())),
        {"recipient": "b"},
        "bad_checksum",
    )
    add(
        "session-malformed",
        "the head comes before the kind",
        spoiled(session(), audience=b"\x02"),
        {"recipient": "b"},
        "malformed_head",
    )
    add(
        "length-1024", "up to 1,024 characters", filled(765 - 36 - 4 - 10), {"recipient": "x" * 10}, recipient("x" * 10)
    )
    add("length-1026", "over them", filled(765 - 36 - 4 - 10), {"recipient": "x" * 11}, "token_too_long")
    add("resource-ambiguous", "a UUID in upper case", plain, {"resources": [UUID_A.upper()]}, "identifier_ambiguous")
    add("resource-space", "a space", plain, {"resources": ["a b"]}, "identifier_character")
    add("audience-empty", "no text", plain, {"audience": ""}, "identifier_length")
    add("damaged", "a damaged link", with_old_crc(plain), {"recipient": "b"}, "bad_checksum")
    add("cut", "a cut link", plain[:40], {"recipient": "b"}, "too_short")
    add("malformed", "a malformed head", spoiled(link(), audience=b"\x02"), {"recipient": "b"}, "malformed_head")
    add(
        "unknown-block",
        "a link with a block of a later version",
        raw(t.encode_head(link()), [b"\x02\x00"], like=link()),
        {"recipient": "b"},
        "unknown_block",
    )


def hashes(subject):
    for name, tag in (("zeros", bytes(32)), ("ones", b"\xff" * 32), ("other", seeded("a tag", 32))):
        for op in ("link_check", "copy_id"):
            subject.add(f"{op}/{name}", "16 bytes of a hash of a tag", op, OK, tag=tag.hex())
