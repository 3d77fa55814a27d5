"""This package beside what Python programs use for the same: all in one process, in turns, the best of several rounds each.

It prints a line of JSON for each, the first of each kind ours; `cargo xtask bench python` runs it and makes the table. All make and check the
same claims with HMAC-SHA-256. Keys are prepared once, where a peer can.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

import django
import jwt
import portward
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import signing
from itsdangerous import URLSafeTimedSerializer
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import OctKey
from tink import aead, new_keyset_handle

Work = Callable[[], object]

CLAIMS = {
    "tenant": "c0a80101-7b1e-4b5e-9a57-2f6d3c1e0001",
    "client": "c0a80101-7b1e-4b5e-9a57-2f6d3c1e0002",
    "permissions": ["files:read", "files:upload", "invoices:read", "messages:read"],
}


def nanoseconds(work: Work) -> float:
    """The best of several rounds: what disturbs only adds."""
    count, spent = 1, 0.0
    while spent < ROUND / 2:
        count *= 2
        spent = timed(work, count)
    count = max(1, int(count * ROUND / spent))
    return min(timed(work, count) for _ in range(ROUNDS)) / count * 1e9


ROUNDS, ROUND = {"short": (2, 0.001), "long": (40, 0.05)}.get(os.environ.get("PORTWARD_BENCH", ""), (9, 0.05))


def timed(work: Work, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return time.perf_counter() - start


def tokens(keyring: portward.Keyring, store: portward.Store) -> dict[str, dict[str, Work]]:
    issuer, verifier = portward.Issuer(keyring), portward.Verifier.without_revocation(keyring)
    link = issuer.issue_link(**CLAIMS).token
    registered = str(store.issue(**CLAIMS).token)
    serializer = URLSafeTimedSerializer("secret", signer_kwargs={"digest_method": sha256})
    signed = serializer.dumps(CLAIMS)
    secret = os.urandom(32)
    claims = CLAIMS | {"exp": int(time.time()) + 86_400}
    encoded = jwt.encode(claims, secret, algorithm="HS256")
    # As bytes, it is looked at each time whether the key is one of another kind.
    prepared = jwt.PyJWK({"kty": "oct", "k": urlsafe_b64encode(secret).rstrip(b"=").decode(), "alg": "HS256"})
    key, registry = OctKey.import_key(secret), joserfc_jwt.JWTClaimsRegistry()
    by_joserfc = joserfc_jwt.encode({"alg": "HS256"}, claims, key)
    by_django = signing.dumps(CLAIMS)

    def decode_joserfc() -> joserfc_jwt.Token:
        token = joserfc_jwt.decode(by_joserfc, key, algorithms=["HS256"])
        registry.validate(token.claims)
        return token

    def encode_joserfc() -> str:
        return joserfc_jwt.encode({"alg": "HS256"}, claims, key)

    assert verifier.verify_link(link).permissions == set(CLAIMS["permissions"])
    for told in (serializer.loads(signed), jwt.decode(encoded, prepared), decode_joserfc().claims, signing.loads(by_django)):
        assert CLAIMS.items() <= told.items()
    assert jwt.decode(jwt.encode(claims, prepared), secret, algorithms=["HS256"]) == claims
    return {
        "verify": {
            "portward": lambda: verifier.verify_link(link),
            "portward, with revocation": lambda: store.verify_link(registered),
            "itsdangerous": lambda: serializer.loads(signed, max_age=86_400),
            "PyJWT": lambda: jwt.decode(encoded, prepared, algorithms=["HS256"]),
            "PyJWT, key as bytes": lambda: jwt.decode(encoded, secret, algorithms=["HS256"]),
            "joserfc": decode_joserfc,
            "django.core.signing": lambda: signing.loads(by_django, max_age=86_400),
        },
        "issue": {
            "portward": lambda: issuer.issue_link(**CLAIMS),
            "itsdangerous": lambda: serializer.dumps(CLAIMS),
            "PyJWT": lambda: jwt.encode(claims, prepared),
            "joserfc": encode_joserfc,
            "django.core.signing": lambda: signing.dumps(CLAIMS),
        },
    }


def records(keys: portward.KeyStore) -> dict[str, dict[str, Work]]:
    aead.register()
    scope = keys.scope(CLAIMS["tenant"], "record:bench")
    said = {"name": "bench.field", "id": "42"}
    fernet, gcm = Fernet(Fernet.generate_key()), AESGCM(os.urandom(32))
    by_tink = new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)
    table: dict[str, dict[str, Work]] = {}
    for name, size in (("1 KiB", 1024), ("1 MiB", 1 << 20)):
        text = os.urandom(size)
        nonce = os.urandom(12)
        sealed, by_fernet, by_gcm = scope.seal(text, **said), fernet.encrypt(text), gcm.encrypt(nonce, text, b"context")
        in_tink = by_tink.encrypt(text, b"context")
        table[f"seal {name}"] = {
            "portward": lambda text=text: scope.seal(text, **said),
            "cryptography, AES-256-GCM": lambda text=text: gcm.encrypt(os.urandom(12), text, b"context"),
            "tink": lambda text=text: by_tink.encrypt(text, b"context"),
            "cryptography, Fernet": lambda text=text: fernet.encrypt(text),
        }
        table[f"open {name}"] = {
            "portward": lambda sealed=sealed: scope.open(sealed, **said),
            "cryptography, AES-256-GCM": lambda nonce=nonce, by_gcm=by_gcm: gcm.decrypt(nonce, by_gcm, b"context"),
            "tink": lambda in_tink=in_tink: by_tink.decrypt(in_tink, b"context"),
            "cryptography, Fernet": lambda by_fernet=by_fernet: fernet.decrypt(by_fernet),
        }
    return table


def main() -> None:
    settings.configure(SECRET_KEY="secret")
    django.setup()
    keyring = portward.Keyring.generate()
    with tempfile.TemporaryDirectory() as folder:
        store = portward.Store.open(f"sqlite:{folder}/portal.db", keyring, create=True)
        keys = portward.KeyStore.open(f"sqlite:{folder}/keys.db", keyring, feed=store, create=True)
        keys.new_tenant(CLAIMS["tenant"])
        for what, candidates in (tokens(keyring, store) | records(keys)).items():
            for name, work in candidates.items():
                print(json.dumps({"id": f"{what}/{name}", "ns": nanoseconds(work)}), flush=True)
        keys.close()
        store.close()


if __name__ == "__main__":
    main()
