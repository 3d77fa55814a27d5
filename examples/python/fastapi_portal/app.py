"""A client portal without passwords, in FastAPI.

A tenant (a tax adviser, a studio) sends each client a link. Who opens it and presses the button has a session, and reads files and
invoices that lie encrypted on the disk. The tenant revokes, and the session ends at once.
"""

import hmac
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Header, HTTPException
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import portward
from portward.fastapi import PortalMiddleware
from portward.fastapi import Session as PortalSession
from portward.http import Gate
from portward.sqlalchemy import EncryptedText, Index

DIRECTORY = Path(os.environ.get("PORTAL_DIRECTORY", "data"))
ORIGIN = os.environ.get("PORTAL_ORIGIN", "http://localhost:8000")
API_KEYS: dict[str, str] = json.loads(os.environ.get("PORTAL_API_KEYS", "{}"))
"""Of each tenant."""

FILES, SECRETS = DIRECTORY / "files", DIRECTORY / "keyring"
FILES.mkdir(parents=True, exist_ok=True)
keyring = portward.Keyring.open(SECRETS) if SECRETS.exists() else portward.Keyring.create(SECRETS)
# Each in a file of its own, which nothing else opens.
store = portward.Store.open(f"sqlite:{DIRECTORY / 'links.db'}", keyring, create=True)
keys = portward.KeyStore.open(f"sqlite:{DIRECTORY / 'keys.db'}", keyring, feed=store, create=True)
gate = Gate(portward.Portal(ORIGIN), store)

for name in API_KEYS:
    try:
        keys.new_tenant(name)
    except portward.InvalidValue as error:
        if error.code != "key_exists":
            raise


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant: Mapped[str]
    client: Mapped[str]
    text = EncryptedText(keys)
    # How many bits a table needs is told by portward.index_bits.
    iban = EncryptedText(keys, index=Index(bits=8, normaliser="ascii-lowercase"))


engine = create_engine(f"sqlite:///{DIRECTORY / 'app.db'}")
Base.metadata.create_all(engine)
app = FastAPI()
app.add_middleware(PortalMiddleware, gate=gate)


# --- the tenant's side: functions without `async`, so that FastAPI runs them in threads ------------------------------


def of_tenant(authorization: Annotated[str, Header()] = "") -> str:
    for tenant, key in API_KEYS.items():
        if hmac.compare_digest(authorization.encode(), f"Bearer {key}".encode()):
            return tenant
    raise HTTPException(401)


Tenant = Annotated[str, Depends(of_tenant)]
# Clients and resources are ids: what is none is a wrong request (422), and no mistake of this program.
ID = "^[!-~]{1,64}$"
Id = Annotated[str, InPath(pattern=ID)]


@app.post("/tenant/links")
def issue(tenant: Tenant, client: Annotated[str, Body(embed=True, pattern=ID)]) -> dict[str, str]:
    link = store.issue(tenant, client, ["files:read", "invoices:read"], uses_max=3)
    assert link.token is not None
    return {"id": link.id, "url": gate.portal.link_url(link.token)}


@app.delete("/tenant/links/{link}", status_code=204)
def revoke(tenant: Tenant, link: Annotated[str, InPath(pattern="^[0-9a-f]{32}$")]) -> None:
    store.revoke_link(tenant, link)


@app.put("/tenant/files/{client}/{name}", status_code=204)
def upload(tenant: Tenant, client: Id, name: Id, content: Annotated[bytes, Body(media_type="application/octet-stream")]) -> None:
    scope = keys.scope(tenant, f"file:{client}")
    place(tenant, client, name).write_bytes(scope.seal(content, name="files", id=name))


@app.post("/tenant/invoices/{client}")
def write(tenant: Tenant, client: Id, text: Annotated[str, Body()], iban: Annotated[str, Body()]) -> uuid.UUID:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.add(invoice := Invoice(tenant=tenant, client=client, text=text, iban=iban))
    return invoice.id


@app.get("/tenant/invoices")
def find(tenant: Tenant, iban: str) -> list[uuid.UUID]:
    with Session(engine) as session:
        return [invoice.id for invoice in Invoice.iban.find(session, iban, tenant=tenant)]


# --- the client's side ------------------------------------------------------------------------------------------------

Anyone = Annotated[portward.Access, Depends(PortalSession(gate))]
FileReader = Annotated[portward.Access, Depends(PortalSession(gate, "files:read", resource="name"))]
InvoiceReader = Annotated[portward.Access, Depends(PortalSession(gate, "invoices:read"))]


@app.get("/portal/")
async def home(access: Anyone) -> dict[str, object]:
    return {"client": access.client, "may": sorted(access.permissions), "until": access.expires_at}


@app.get("/portal/files/{name}")
def file(access: FileReader, name: str) -> StreamingResponse:
    path = place(access.tenant, access.client, name)
    if not path.exists():
        raise HTTPException(404)
    opened = keys.scope(access.tenant, f"file:{access.client}").open_range(path, name="files", id=name)
    return StreamingResponse(chunks(opened), media_type="application/octet-stream")


@app.get("/portal/invoices")
def invoices(access: InvoiceReader) -> list[str | None]:
    mine = select(Invoice).where(Invoice.tenant == access.tenant, Invoice.client == access.client)
    with Session(engine) as session:
        return [invoice.text for invoice in session.scalars(mine)]


def place(tenant: str, client: str, name: str) -> Path:
    """Where a file lies says nothing of it, and no name leads elsewhere."""
    return FILES / uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([tenant, client, name])).hex


def chunks(opened: portward.Range) -> Iterator[bytes]:
    for at in range(0, opened.length, CHUNK):
        yield opened.read(at, CHUNK)


CHUNK = 1 << 20
