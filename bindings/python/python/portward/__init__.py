"""Signed links, instant revocation and envelope encryption for passwordless client portals."""

import os as _os

from . import _portward
from ._errors import InputError, InvalidValue, PortwardError, Refused, Unavailable, Unreadable
from ._portward import (
    Access,
    Answer,
    BlindIndex,
    Deployment,
    Erasure,
    Event,
    Exchange,
    Follower,
    Issuer,
    KekSlot,
    Keyring,
    KeyStore,
    Link,
    Page,
    Peeked,
    Portal,
    Range,
    Recovered,
    Root,
    Scope,
    Store,
    Token,
    UntrustedLink,
    Verifier,
    index_bits,
)

if hasattr(_os, "register_at_fork"):
    # A child opens its own connections: SQLite's must not be inherited.
    _os.register_at_fork(
        before=_portward.before_fork,
        after_in_parent=_portward.after_fork,
        after_in_child=_portward.after_fork,
    )

__all__ = [
    "Access",
    "Answer",
    "BlindIndex",
    "Deployment",
    "Erasure",
    "Event",
    "Exchange",
    "Follower",
    "InputError",
    "InvalidValue",
    "Issuer",
    "KekSlot",
    "KeyStore",
    "Keyring",
    "Link",
    "Page",
    "Peeked",
    "Portal",
    "PortwardError",
    "Range",
    "Recovered",
    "Refused",
    "Root",
    "Scope",
    "Store",
    "Token",
    "Unavailable",
    "Unreadable",
    "UntrustedLink",
    "Verifier",
    "index_bits",
]
