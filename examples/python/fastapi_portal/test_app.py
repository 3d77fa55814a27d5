"""The story: a link goes out, a client comes in and reads, the tenant revokes, the client is refused."""

import os
import re
import tempfile
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # gone with this process
os.environ["PORTAL_DIRECTORY"] = FOLDER.name
os.environ["PORTAL_ORIGIN"] = "https://portal.example"
os.environ["PORTAL_API_KEYS"] = '{"studio-7": "key of studio-7", "rival": "key of rival"}'

import pytest  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402

import app as portal  # noqa: E402

FILE = b"a contract" * 200_000
STUDIO, RIVAL = ({"authorization": f"Bearer key of {name}"} for name in ("studio-7", "rival"))


def visitor() -> TestClient:
    return TestClient(portal.app, base_url="https://portal.example", headers={"accept": "text/html"}, follow_redirects=True)


def redeem(client: TestClient, url: str):
    page = client.get(url.removeprefix("https://portal.example"))
    nonce = re.search("pwn_[A-Za-z0-9_-]+", page.text)[0]
    return client.post("/portal/redeem", data={"nonce": nonce}, headers={"origin": "https://portal.example"})


@pytest.fixture
def tenant() -> TestClient:
    client = TestClient(portal.app, base_url="https://portal.example", headers=STUDIO)
    assert client.put("/tenant/files/ann/contract.pdf", content=FILE).status_code == 204
    return client


def test_from_link_to_revocation(tenant: TestClient) -> None:
    assert tenant.post("/tenant/invoices/ann", json={"text": "100 € due in May", "iban": "DE02 1203"}).status_code == 200
    link = tenant.post("/tenant/links", json={"client": "ann"}).json()
    scanner = visitor()
    for _ in range(5):
        assert scanner.get(link["url"].removeprefix("https://portal.example")).status_code == 200
    assert portal.store.link("studio-7", link["id"]).uses == 0

    ann = visitor()
    assert redeem(ann, link["url"]).json()["client"] == "ann", "the redemption leads home"
    assert ann.get("/portal/files/contract.pdf").content == FILE
    assert "100 € due in May" in ann.get("/portal/invoices").json()
    assert ann.get("/portal/files/other.pdf").status_code == 404

    assert tenant.delete(f"/tenant/links/{link['id']}").status_code == 204
    for path in ("/portal/", "/portal/files/contract.pdf", "/portal/invoices"):
        assert ann.get(path).status_code == 403


def test_nothing_lies_there_in_clear(tenant: TestClient) -> None:
    tenant.post("/tenant/invoices/ann", json={"text": "a secret of ann", "iban": "DE99"})
    on_disk = b"".join(path.read_bytes() for path in Path(os.environ["PORTAL_DIRECTORY"]).rglob("*") if path.is_file())
    assert b"studio-7" in on_disk, "the control: who is whose client is no secret here"
    assert b"a secret of ann" not in on_disk
    assert b"a contract" not in on_disk


def test_an_invoice_is_found_by_its_encrypted_iban(tenant: TestClient) -> None:
    wanted = tenant.post("/tenant/invoices/bob", json={"text": "x", "iban": "DE42"}).json()
    for number in range(30):
        tenant.post("/tenant/invoices/bob", json={"text": "x", "iban": f"DE{number:04}"})
    assert tenant.get("/tenant/invoices", params={"iban": "de42"}).json() == [wanted]
    assert tenant.get("/tenant/invoices", params={"iban": "DE43"}).json() == []
    assert tenant.get("/tenant/invoices", params={"iban": "DE42"}, headers=RIVAL).json() == []


def test_other_tenants_and_strangers_stay_out(tenant: TestClient) -> None:
    link = tenant.post("/tenant/links", json={"client": "ann"}).json()
    ann = visitor()
    redeem(ann, link["url"])
    assert tenant.post("/tenant/links", json={"client": "ann"}, headers={"authorization": "Bearer guessed"}).status_code == 401
    tenant.delete(f"/tenant/links/{link['id']}", headers=RIVAL)
    assert ann.get("/portal/").status_code == 200, "a rival revokes its own links only"
    bob = visitor()
    redeem(bob, tenant.post("/tenant/links", json={"client": "bob"}).json()["url"])
    assert bob.get("/portal/files/contract.pdf").status_code == 404, "ann's"


def test_what_is_no_id_is_a_wrong_request(tenant: TestClient) -> None:
    assert tenant.post("/tenant/links", json={"client": "a b"}).status_code == 422
    assert tenant.delete("/tenant/links/zzz").status_code == 422
    assert tenant.put("/tenant/files/ann/a%20b.pdf", content=FILE).status_code == 422, "nobody could be let in to it"
    assert tenant.put("/tenant/files/ann/a_b.pdf", content=FILE).status_code == 204
