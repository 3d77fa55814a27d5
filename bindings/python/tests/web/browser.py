"""What a browser does: keeps cookies, says where it comes from, reads the form."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from .apps import Ask
from .frameworks import Asked

HOST = "https://portal.example"
FORM = "application/x-www-form-urlencoded"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


class Reply:
    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = [(name.lower(), value) for name, value in headers]
        self.body = body

    @property
    def cookies(self) -> dict[str, str]:
        """Each cookie's line."""
        lines = [value.strip() for name, value in self.headers if name == "set-cookie"]
        return {line.partition("=")[0]: line for line in lines}

    @property
    def nonce(self) -> str:
        found = re.search(rb"pwn_[A-Za-z0-9_-]+", self.body)
        assert found
        return found[0].decode()


class Browser:
    def __init__(self, ask: Ask, accept: str = BROWSER) -> None:
        self.ask = ask
        self.accept = accept
        self.jar: dict[str, str] = {}

    def get(self, target: str, **headers: str) -> Reply:
        return self._send("GET", target, {"sec-fetch-site": "none", **headers}, b"")

    def post(self, target: str, fields: dict[str, str] | None = None, origin: str = HOST, **headers: str) -> Reply:
        sent = {"origin": origin, "content-type": FORM, **headers}
        return self._send("POST", target, sent, urlencode(fields or {}).encode())

    def _send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        sent = [(name.replace("_", "-"), value) for name, value in {"accept": self.accept, **headers}.items()]
        if self.jar:
            sent.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items())))
        reply = Reply(*self.ask(Asked(method, target, sent, body, HOST, True)))
        for name, line in reply.cookies.items():
            value = line.partition("=")[2].partition(";")[0]
            if line.endswith("Max-Age=0"):
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return reply

    def redeem(self, link: str) -> Reply:
        """Opens a link, and presses the button."""
        assert self.get(f"/portal/{link}").status == 303
        return self.post("/portal/redeem", {"nonce": self.get("/portal").nonce})
