"""No cache gives one client's answer to another."""

from __future__ import annotations

ASKED = "portward.asked"
"""Where in a WSGI environment or an ASGI scope a list lies that is not empty once a session was asked for."""


def kept_apart(cache_control: str, vary: str) -> dict[str, str]:
    """`cache-control` and `vary` of an answer to a request whose session was asked for: no cache gives it to somebody else.

    Both as they are sent, "" for none; what is returned goes in their place. An application that says itself which caches may keep it,
    or that none may, is believed; `vary` is there in any case. Raises nothing.
    """
    said, varies = _parts(cache_control), _parts(vary)
    names = {part.partition("=")[0].lower() for part in said}
    if not names & {"private", "public", "s-maxage", "no-store"}:
        said.append("private")
    if "*" not in varies:
        known = {name.lower() for name in varies}
        varies += [name for name in ("Cookie", "Authorization") if name.lower() not in known]
    return {"cache-control": ", ".join(said), "vary": ", ".join(varies)}


def with_kept_apart(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same for a list of all headers, in whatever case their names are: a new list. Raises nothing."""
    said = {name: ", ".join(value for key, value in headers if key.lower() == name) for name in ("cache-control", "vary")}
    apart = kept_apart(said["cache-control"], said["vary"])
    return [pair for pair in headers if pair[0].lower() not in apart] + list(apart.items())


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
