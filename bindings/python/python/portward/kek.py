"""KEKs that the application asks: a keyring that lies under one in a service or a token (`portward keyring wrap --kek URI`).

    keyring = portward.Keyring.open("keys", kek=provider)

`portward.aws_kms` has a provider for AWS KMS. One of the application's own has the two methods of a `KekProvider`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, Protocol

from . import InvalidValue, KekSlot, Unavailable

UNAVAILABLE = "kek_unavailable"
"""The code of the `Unavailable` by which a provider says that it cannot be reached."""


class KekProvider(Protocol):
    """Whoever has KEKs: asked by `Keyring.open`, on the thread that calls it."""

    def resolves(self, slot: KekSlot, /) -> bool:
        """Whether this KEK is here and may be used. Calls nobody.

        A slot comes from a file that whoever can write the directory has written: compare `kind`, `id` and `version` with what the
        application is configured for. Raises nothing; what it raises all the same is taken as of `unwrap`.
        """
        ...

    def unwrap(self, slot: KekSlot, /) -> bytes | bytearray:
        """The 32 bytes in `slot.wrapped`, which are bound to `slot.binding`, or `slot.encryption_context`.

        A bytearray is overwritten once it was read. Raises `Unavailable(…, "kek_unavailable")` if, and only if, another attempt may go
        well: then the next KEK is asked, if there is one. Whatever else is raised is a refusal.
        """
        ...


def _key_of(slots: Sequence[KekSlot], provider: KekProvider) -> tuple[int, bytes | bytearray]:
    """Which slot was unwrapped, and the key in it: spec/envelope.md section 11."""
    away: Exception | None = None
    for number, slot in enumerate(slots):
        try:
            is_here = provider.resolves(slot)
            key = provider.unwrap(slot) if is_here is True else None
        except Exception as error:  # noqa: BLE001  whatever it has to say, it is the cause, and goes no further
            if not isinstance(error, Unavailable) or error.code != UNAVAILABLE:
                raise Unavailable("the KEK does not unwrap the keyring", "unwrap_failed", "unavailable") from error
            away = error
            continue
        # What is no answer at all, such as a coroutine, is a mistake of the provider's code.
        if not isinstance(is_here, bool):
            _wrong("resolves", "a bool", type(is_here).__name__)
        if is_here and not isinstance(key, (bytes, bytearray)):
            # It may be a key all the same: no frame of what is raised has it in its variables.
            kind, key = type(key).__name__, None
            _wrong("unwrap", "bytes or a bytearray", kind)
        if key is not None:
            return number, key
    if away is not None:
        raise Unavailable("the provider of the KEK cannot be reached", UNAVAILABLE, "unavailable") from away
    raise InvalidValue("the keyring is under a KEK that the provider does not have", "kek_required")


def _wrong(method: str, wanted: str, kind: str) -> NoReturn:
    raise TypeError(f"kek.{method}: {wanted} is wanted, not {kind}")
