"""What can go wrong. Every exception has a stable `code`, the same in every language."""

from __future__ import annotations

from typing import Any


class PortwardError(Exception):
    """Base of all.

    code: stable, in snake case. public: what whoever sent the token or the request may be told, one of "damaged", "refused" and
    "unavailable". token_id: the token's id, once the token was authentic.
    """

    code: str
    public: str
    token_id: str | None

    def __init__(self, message: str, code: str, public: str = "refused", token_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.public = public
        self.token_id = token_id

    def __reduce__(self) -> tuple[type[PortwardError], tuple[Any, ...]]:
        return type(self), (self.args[0], self.code, self.public, self.token_id)


class InputError(PortwardError):
    """What came from outside is bad: refuse the request."""


class Refused(InputError):
    """A token, or a request for one, is refused. Tell the public no more than `public`."""


class Unreadable(InputError):
    """An encrypted object does not open."""


class InvalidValue(PortwardError, ValueError):
    """The calling code gave a wrong value: mend it."""


class Unavailable(PortwardError):
    """The surroundings failed: try again, or call an operator."""
