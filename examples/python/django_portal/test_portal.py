"""The story: a link goes out, a client comes in and reads, the tenant revokes, the client is refused."""

import os
import re
import tempfile
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # gone with this process
os.environ["PORTAL_DIRECTORY"] = FOLDER.name
os.environ["PORTAL_ORIGIN"] = "https://portal.example"
os.environ["PORTAL_API_KEYS"] = '{"studio-7": "key of studio-7", "rival": "key of rival"}'
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"

import django  # noqa: E402

django.setup()

import pytest  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from portal import services  # noqa: E402

ORIGIN = "https://portal.example"
JSON = "application/json"


@pytest.fixture(scope="session", autouse=True)
def tables() -> None:
    call_command("check", fail_level="WARNING")
    call_command("migrate", run_syncdb=True, verbosity=0)


def of_tenant(name: str = "studio-7") -> Client:
    return Client(headers={"host": "portal.example", "authorization": f"Bearer key of {name}"})


def visitor() -> Client:
    return Client(headers={"host": "portal.example", "accept": "text/html"})


def redeem(client: Client, url: str):
    page = client.get(url.removeprefix(ORIGIN), follow=True, secure=True)
    nonce = re.search("pwn_[A-Za-z0-9_-]+", page.content.decode())[0]
    form = "application/x-www-form-urlencoded"
    return client.post("/portal/redeem", f"nonce={nonce}", content_type=form, headers={"origin": ORIGIN}, follow=True, secure=True)


def write(text: str, iban: str, client: str = "ann") -> str:
    said = {"client": client, "text": text, "iban": iban}
    return of_tenant().post("/tenant/invoices", said, content_type=JSON).json()["id"]


def link_for(client: str) -> dict[str, str]:
    return of_tenant().post("/tenant/links", {"client": client}, content_type=JSON).json()


def test_from_link_to_revocation() -> None:
    write("100 € due in May", "DE02 1203")
    link = link_for("ann")
    scanner = visitor()
    for _ in range(5):
        assert scanner.get(link["url"].removeprefix(ORIGIN), follow=True, secure=True).status_code == 200
    assert services.store().link("studio-7", link["id"]).uses == 0

    ann = visitor()
    assert redeem(ann, link["url"]).json()["client"] == "ann", "the redemption leads home"
    assert "100 € due in May" in ann.get("/portal/invoices").json()

    assert of_tenant().delete(f"/tenant/links/{link['id']}").status_code == 204
    for path in ("/portal/", "/portal/invoices"):
        assert ann.get(path).status_code == 403


def test_nothing_lies_there_in_clear() -> None:
    write("a secret of ann", "DE99")
    on_disk = b"".join(path.read_bytes() for path in Path(os.environ["PORTAL_DIRECTORY"]).rglob("*") if path.is_file())
    assert b"studio-7" in on_disk, "the control: who is whose client is no secret here"
    assert b"a secret of ann" not in on_disk


def test_an_invoice_is_found_by_its_encrypted_iban() -> None:
    wanted = write("x", "DE42", "bob")
    for number in range(30):
        write("x", f"DE{number:04}", "bob")
    found = {iban: of_tenant().get("/tenant/invoices", {"iban": iban}).json() for iban in ("de42", "DE43")}
    assert found == {"de42": [wanted], "DE43": []}
    assert of_tenant("rival").get("/tenant/invoices", {"iban": "DE42"}).json() == []


def test_other_tenants_and_strangers_stay_out() -> None:
    write("of ann", "DE1")
    link = link_for("ann")
    ann, bob = visitor(), visitor()
    redeem(ann, link["url"])
    redeem(bob, link_for("bob")["url"])
    assert of_tenant("nobody").post("/tenant/links", {"client": "ann"}, content_type=JSON).status_code == 401
    of_tenant("rival").delete(f"/tenant/links/{link['id']}")
    assert "of ann" in ann.get("/portal/invoices").json(), "a rival revokes its own links only"
    assert "of ann" not in bob.get("/portal/invoices").json()
    assert visitor().get("/portal/invoices").status_code == 403


def test_what_is_no_id_is_a_wrong_request() -> None:
    assert of_tenant().post("/tenant/links", {"client": "a b"}, content_type=JSON).status_code == 400
    assert of_tenant().delete("/tenant/links/zzz").status_code == 400
    assert of_tenant().post("/tenant/links", {"client": "a_b"}, content_type=JSON).status_code == 200
