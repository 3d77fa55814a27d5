"""Encrypted columns in SQLAlchemy, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, String, Uuid, bindparam, create_engine, delete, insert, make_url, null, select, text, update
from sqlalchemy.dialects import mysql, oracle, postgresql, sqlite
from sqlalchemy.exc import CompileError, IntegrityError, MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, defer, mapped_column
from sqlalchemy.schema import CreateTable

import portward
from databases import KINDS
from raised import frames_of
from portward.sqlalchemy import EncryptedBinary, EncryptedText, Index, PlaintextError, RowError

ANN, BOB = "Ann@example.org", "bob@example.org"
CURRENT: dict[str, Any] = {}


def current_keys() -> Any:
    return CURRENT["keys"]


class Base(AsyncAttrs, DeclarativeBase):
    pass


class Noted:
    """A part of several classes."""

    notes = EncryptedText(current_keys)


class Invoice(Noted, Base):
    __tablename__ = "invoices"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(64), default="")
    email = EncryptedText(current_keys, index=Index(bits=4, normaliser="ascii-lowercase"))
    scan = EncryptedBinary(current_keys)


class Numbered(Base):
    __tablename__ = "numbered"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    notes = EncryptedText(current_keys)


class Written(Base):
    __tablename__ = "written"
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    owner: Mapped[str] = mapped_column(String)
    notes = EncryptedText(current_keys, tenant="owner", sealed_as="older.text")


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, keys: portward.KeyStore) -> Iterator[URL]:
    CURRENT["keys"] = keys
    if request.param == "sqlite":
        yield make_url(f"sqlite:///{tmp_path / 'app.db'}")
        return
    url = make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
    yield url
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def session(database: URL) -> Iterator[Session]:
    engine = create_engine(database)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def add(session: Session, **values: Any) -> Invoice:
    row = Invoice(**{"tenant": "acme", "notes": "due in May", "email": ANN, **values})
    session.add(row)
    session.commit()
    return row


def whole_database(session: Session) -> bytes:
    rows = session.execute(text("SELECT notes_sealed, email_sealed, scan_sealed, email_index FROM invoices"))
    return b"".join(value.encode() if isinstance(value, str) else bytes(value) for row in rows for value in row if value is not None)


def test_what_is_assigned_is_read_and_never_stored(session: Session) -> None:
    key = add(session, scan=b"\x00bytes").id
    session.expunge_all()
    read = session.get_one(Invoice, key)
    assert (read.notes, read.email, read.scan) == ("due in May", ANN, b"\x00bytes")
    assert read.notes_sealed.startswith(b"\xf5")
    assert not any(plain in whole_database(session) for plain in (b"due in May", b"example.org", b"bytes"))


def test_nothing_and_the_empty_text_are_two_things(session: Session) -> None:
    assert add(session, notes=None, email=None).notes is None
    row = add(session, notes="", email="  ")
    assert (row.notes, row.email, row.email_index) == ("", "  ", None)


def test_what_is_no_text_is_not_stored(session: Session) -> None:
    for values in ({"notes": "secret \ud800"}, {"notes": "fine", "email": "secret \ud800"}):
        with pytest.raises(portward.InvalidValue, match=r"^(invoices\.notes|invoices\.email|value): half") as refused:
            add(session, **values)
        assert refused.value.code == "text_surrogate" and "secret" not in repr(refused.value.args)
        assert refused.value.__cause__ is refused.value.__context__ is None
        session.rollback()
    assert add(session, notes="fine").notes == "fine"


def test_a_change_is_sealed_anew_and_the_index_follows(session: Session) -> None:
    row = add(session)
    before = whole_database(session)
    row.title = "changed"
    session.commit()
    assert whole_database(session) == before, "what did not change is not sealed again"
    row.email = BOB
    assert row.email == BOB, "at once"
    session.commit()
    assert Invoice.email.find(session, BOB, tenant="acme") == [row]
    assert Invoice.email.find(session, ANN, tenant="acme") == []
    row.email = None
    session.commit()
    assert row.email_index is None


@pytest.mark.parametrize("act", [
    lambda session, row: session.execute(update(Invoice).values(notes_sealed="stolen")),
    lambda session, row: session.execute(update(Invoice).values(email_index=b"stolen")),
    lambda session, row: session.execute(insert(Invoice).values(id=uuid.uuid4(), tenant="acme", title="", notes_sealed=b"stolen")),
    lambda session, row: session.execute(insert(Invoice), [{"tenant": "acme", "notes_sealed": b"stolen"}]),
    lambda session, row: session.bulk_insert_mappings(Invoice, [{"tenant": "acme", "notes_sealed": b"stolen"}]),
    lambda session, row: session.bulk_save_objects([Invoice(tenant="acme", notes="stolen")]),
    lambda session, row: (setattr(row, "notes_sealed", b"stolen"), session.flush()),
    lambda session, row: (setattr(row, "email_index", b"stolen"), session.flush()),
    lambda session, row: session.scalars(select(Invoice).where(Invoice.notes_sealed == b"stolen")).all(),
])  # fmt: skip
def test_the_columns_take_no_plaintext(session: Session, act: Any) -> None:
    row = add(session)
    before = whole_database(session)
    session.execute(update(Invoice.__table__).values(title="control", notes_sealed=row.notes_sealed))
    session.commit()
    with pytest.raises(PlaintextError) as refused:
        act(session, row)
    assert refused.value.code == "plaintext_refused"
    error: BaseException | None = refused.value
    for _ in range(5):
        assert "stolen" not in f"{error!r} {error}"
        error = error and (error.__cause__ or error.__context__)
    session.rollback()
    assert whole_database(session) == before


@pytest.mark.parametrize("name", ["notes_sealed", "email_index"])
def test_the_database_copies_no_plaintext_either(session: Session, name: str) -> None:
    row = add(session, title="stolen")
    table = Invoice.__table__
    session.execute(update(table).values({name: table.c[name]}))
    is_postgres = session.get_bind().dialect.name == "postgresql"
    for copied in (text("convert_to(title, 'UTF8')") if is_postgres else table.c.title, text("'stolen'")):
        with pytest.raises(IntegrityError):
            session.execute(update(table).values({name: copied}))
        session.rollback()
    assert row.notes == "due in May"


@pytest.mark.parametrize(("dialect", "check"), [
    (sqlite.dialect(), "CHECK (substr(notes_sealed, 1, 1) = x'f5')"),
    (mysql.dialect(), "CHECK (substr(notes_sealed, 1, 1) = x'f5')"),
    (postgresql.dialect(), "CHECK (get_byte(notes_sealed, 0) = 245)"),
    (oracle.dialect(), "CHECK (1 = 1)"),
])  # fmt: skip
def test_each_database_is_told_in_its_own_words(dialect: Any, check: str) -> None:
    statement = str(CreateTable(Invoice.__table__).compile(dialect=dialect))
    assert statement.count("CHECK (") == 4
    assert check in statement


def test_the_attribute_is_no_column(session: Session) -> None:
    add(session)
    session.execute(update(Invoice).values(title="renamed"))
    for change in (update, insert):
        # SQLAlchemy 2.0 asks the attribute, a newer one finds no such column.
        with pytest.raises((PlaintextError, CompileError), match="notes"):
            session.execute(change(Invoice).values(notes="stolen"))
        session.rollback()
    assert b"stolen" not in whole_database(session)


@pytest.mark.parametrize("act", [
    lambda session: session.execute(delete(Invoice).where(Invoice.notes != "x")),
    lambda session: select(Invoice).where(Invoice.email == ANN),
    lambda session: select(Invoice).where(Invoice.email == None), lambda session: select(Invoice).where(not Invoice.email),  # noqa: E711
    lambda session: select(Invoice).where(Invoice.email < "x"), lambda session: select(Invoice).where(Invoice.email.is_(None)),
    lambda session: select(Invoice).where(Invoice.email.in_([ANN])), lambda session: select(Invoice).where(~Invoice.email),
    lambda session: select(Invoice).filter_by(email=ANN), lambda session: select(Invoice).where(ANN == Invoice.email),
    lambda session: select(Invoice).where(Invoice.email.ilike("%ann%")), lambda session: select(Invoice).where(Invoice.email & True),
])  # fmt: skip
def test_the_attribute_is_not_compared(session: Session, act: Any) -> None:
    row = add(session)
    with pytest.raises(PlaintextError, match="_sealed.is_"):
        act(session)
    assert session.scalars(select(Invoice)).all() == [row]
    assert session.scalars(select(Invoice).where(Invoice.email_sealed.is_not(None))).all() == [row]
    assert hash(Invoice.email), "it can stand in sets"


@pytest.mark.parametrize("rows", [
    [{"tenant": "acme", "notes": "lost"}], [{"tenant": "acme"}, {"tenant": "acme", "email": "lost"}], {"tenant": "acme", "notes": "lost"},
])  # fmt: skip
def test_an_insert_of_many_loses_no_plaintext(session: Session, rows: Any) -> None:
    session.execute(insert(Invoice), [{"tenant": "acme", "title": "control"}])
    with pytest.raises(PlaintextError):
        session.execute(insert(Invoice), rows)
    assert session.scalars(select(Invoice.title)).all() == ["control"]


@pytest.mark.parametrize(("values", "error"), [
    ({"tenant": "other"}, RowError), ({"id": uuid.uuid4()}, RowError), ({"notes_sealed": Invoice.email_sealed}, RowError),
    ({"email_sealed": None}, portward.InvalidValue), ({"email_index": None}, portward.InvalidValue), ({"email_sealed": null()}, portward.InvalidValue),
])  # fmt: skip
@pytest.mark.parametrize("how", ["values", "ordered", "query", "many"])
def test_an_update_leaves_no_row_that_does_not_open(session: Session, values: dict[str, Any], error: type[Exception], how: str) -> None:
    row = add(session)

    def change(values: dict[str, Any]) -> None:
        if how == "values":
            session.execute(update(Invoice).values(**values))
        elif how == "ordered":
            session.execute(update(Invoice).ordered_values(*((getattr(Invoice, name), value) for name, value in values.items())))
        elif how == "query":
            session.query(Invoice).update(values)
        else:
            session.execute(update(Invoice), [{"id": row.id, **values}])

    if how == "many" and ("id" in values or not isinstance(next(iter(values.values())), (str, type(None)))):
        pytest.skip("says which row, or is no value")
    change({"title": "control"})
    with pytest.raises(error):
        change(values)
    session.refresh(row)
    assert (row.title, row.notes) == ("control", "due in May")
    assert Invoice.email.find(session, ANN, tenant="acme") == [row]
    change({"email_sealed": None, "email_index": None})
    session.refresh(row)
    assert (row.email, row.email_index) == (None, None)


def test_the_object_of_another_row_is_not_stored(session: Session) -> None:
    one, two = add(session, notes="of one"), add(session, notes="of two")
    one.notes_sealed = two.notes_sealed
    with pytest.raises(RowError):
        session.flush()
    session.rollback()
    with pytest.raises(RowError):
        session.execute(update(Invoice).where(Invoice.id == one.id).values(notes_sealed=two.notes_sealed))
    assert one.notes == "of one"
    one.notes = two.notes
    session.commit()
    assert one.notes == "of two"


def test_refusals_are_invalid_values_with_a_code_and_can_be_pickled() -> None:
    for kind, base, code in ((PlaintextError, TypeError, "plaintext_refused"), (RowError, ValueError, "wrong_row")):
        error = pickle.loads(pickle.dumps(kind("why")))
        assert isinstance(error, portward.InvalidValue) and isinstance(error, base)
        assert (type(error), str(error), error.code, error.public) == (kind, "why", code, "refused")


def test_a_wrong_type_is_refused_at_once() -> None:
    for value in (b"bytes", 5, Invoice.title):
        with pytest.raises(PlaintextError):
            Invoice(notes=value)
    with pytest.raises(PlaintextError):
        Invoice(scan="text")
    assert Invoice(notes="text", scan=b"bytes").notes == "text"


def test_a_value_opens_in_its_row_only(session: Session) -> None:
    one, two = add(session, notes="of one"), add(session, notes="of two")
    session.execute(update(table := Invoice.__table__).where(table.c.id == two.id).values(notes_sealed=one.notes_sealed))
    session.commit()
    assert one.notes == "of one"
    with pytest.raises(portward.Unreadable):
        _ = two.notes


@pytest.mark.parametrize("change", [{"tenant": "other"}, {"id": uuid.uuid4()}])
@pytest.mark.parametrize("deferred", [False, True])
def test_a_row_that_moves_is_not_stored_with_values_that_would_not_open(session: Session, change: dict[str, Any], deferred: bool) -> None:
    add(session, tenant="other")  # so that there is a key: a store that was asked for one in vain remembers that for a while
    key = add(session, email=None).id
    session.expunge_all()
    row = session.get_one(Invoice, key, options=[defer(Invoice.notes_sealed)] if deferred else [])
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(RowError):
        session.flush()
    session.rollback()
    row = session.get_one(Invoice, key)
    notes = row.notes
    for name, value in change.items():
        setattr(row, name, value)
    row.notes = notes
    session.commit()
    assert row.notes == "due in May"


def test_a_copy_is_sealed_for_itself(session: Session) -> None:
    row = add(session, email=None)
    session.add(Invoice(tenant="acme", notes_sealed=row.notes_sealed))
    with pytest.raises(RowError):
        session.flush()
    session.rollback()
    session.add(copy := Invoice(tenant="acme", notes=row.notes))
    session.commit()
    assert copy.notes == "due in May"


def test_without_tenant_or_key_nothing_is_sealed(session: Session) -> None:
    for values in ({"tenant": ""}, {"tenant": None}, {"tenant": 5.0}):
        with pytest.raises(RowError):
            add(session, **values)
        session.rollback()
    session.add(Numbered(tenant="acme", notes="x"))
    with pytest.raises(RowError):
        session.flush()
    session.rollback()
    session.add(row := Numbered(id=7, tenant="acme", notes="x"))
    session.commit()
    assert row.notes == "x"
    session.add(Numbered(id="eight", tenant="acme", notes="x"))
    with pytest.raises(RowError):
        session.flush()


def test_a_key_may_be_written_in_several_ways_and_a_name_outlives_a_renaming(session: Session, keys: portward.KeyStore) -> None:
    key = uuid.uuid4()
    session.add(Written(id=key.hex.upper(), owner="acme", notes="x"))
    session.commit()
    session.expunge_all()
    row = session.scalars(select(Written)).one()
    assert row.notes == "x"
    assert keys.scope("acme", "record:older").open(row.notes_sealed, name="older.text", id=str(key)) == b"x"


def test_look_ups_are_confirmed(session: Session) -> None:
    rows = [add(session, email=f"{n}@example.org", title=str(n % 2)) for n in range(60)]
    add(session, tenant="other", email="7@example.org")
    for n in range(60):
        assert Invoice.email.find(session, f"{n}@example.org", tenant="acme") == [rows[n]]
    assert len({row.email_index for row in rows}) <= 16, "4 bits tell 60 values apart badly"
    assert rows[7] in session.scalars(select(Invoice).where(Invoice.email.may_be("7@example.org", tenant="acme"))).all()
    assert Invoice.email.find(session, " 7@EXAMPLE.org", tenant="acme") == [rows[7]]
    odd, even = (select(Invoice).where(Invoice.title == title) for title in "10")
    assert Invoice.email.find(session, "7@example.org", tenant="acme", among=odd) == [rows[7]]
    assert Invoice.email.find(session, "7@example.org", tenant="acme", among=even) == []
    assert Invoice.email.find(session, "60@example.org", tenant="acme") == []
    for limited in (odd.limit(1), odd.offset(1), odd.fetch(1)):
        with pytest.raises(TypeError, match="limit"):
            Invoice.email.find(session, "7@example.org", tenant="acme", among=limited)
    other = aliased(Invoice)
    assert other.email.find(session, "7@example.org", tenant="acme") == [rows[7]]
    with pytest.raises(TypeError):
        Invoice.notes.find(session, "due in May", tenant="acme")
    for value, tenant in (("  ", "acme"), ("", "acme"), ("7@example.org", "stranger")):
        assert Invoice.email.find(session, value, tenant=tenant) == []
    with pytest.raises(portward.InvalidValue):
        Invoice.email.find(session, "7@example.org", tenant="no identifier")


def test_what_was_sealed_and_is_no_text_is_unreadable_and_ends_no_look_up(session: Session, keys: portward.KeyStore) -> None:
    row, other = add(session), add(session)
    for value in (b"secret \xff", BOB.encode()):
        sealed = keys.scope("acme", "record:invoices").seal(value, name="invoices.email", id=str(row.id))
        session.execute(text("UPDATE invoices SET email_sealed = :sealed WHERE id = :id").bindparams(bindparam("id", type_=Uuid())), {"sealed": sealed, "id": row.id})
        session.commit()
        assert Invoice.email.find(session, ANN, tenant="acme") == [other]
        if value == BOB.encode():
            assert row.email == BOB, "the control"
            continue
        with pytest.raises(portward.Unreadable) as raised:
            row.email
        assert raised.value.code == "text_not_utf8" and "secret" not in frames_of(raised.value)


def test_a_look_up_stays_with_its_tenant(session: Session) -> None:
    rows = {(tenant, n): Invoice(tenant=tenant, email=f"{n}@example.org") for n in range(50) for tenant in ("acme", "other")}
    session.add_all(rows.values())
    session.commit()
    for n in range(50):
        assert Invoice.email.find(session, f"{n}@example.org", tenant="other") == [rows["other", n]]


def test_a_row_whose_key_was_destroyed_can_be_changed(session: Session, keys: portward.KeyStore) -> None:
    row = add(session)
    assert Invoice.email.find(session, ANN, tenant="acme") == [row]
    keys.scope("acme", "record:invoices").destroy(backups_kept=0)
    row.title = "erased"
    session.commit()
    assert row.title == "erased"
    assert Invoice.email.find(session, ANN, tenant="acme") == []
    with pytest.raises(portward.Unreadable):
        _ = row.notes


class Watched:
    """Keys that tell from which thread they are asked for."""

    def __init__(self, keys: portward.KeyStore) -> None:
        self.keys = keys
        self.threads: set[int] = set()

    def scope(self, tenant: str, scope: str) -> portward.Scope:
        self.threads.add(threading.get_ident())
        return self.keys.scope(tenant, scope)


def test_asynchronously_the_loop_never_asks_for_keys(database: URL) -> None:
    watched = Watched(CURRENT["keys"])
    CURRENT["keys"] = watched

    async def story() -> None:
        in_loop = {"sqlite": "sqlite+aiosqlite"}.get(database.drivername, database.drivername)
        engine = create_async_engine(database.set(drivername=in_loop))
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(engine, expire_on_commit=False) as session:
            session.add(row := Invoice(tenant="acme", notes="due in May", email=ANN))
            await session.commit()
            with pytest.raises(MissingGreenlet):
                _ = row.notes
            assert await row.awaitable_attrs.notes == "due in May"
            assert await Invoice.email.find_async(session, ANN, tenant="acme") == [row]
            assert await Invoice.email.find_async(session, BOB, tenant="acme") == []
            with pytest.raises(MissingGreenlet):
                Invoice.email.may_be(ANN, tenant="acme")
        async with AsyncSession(engine) as session:
            row = (await session.scalars(select(Invoice))).one()
            await session.commit()
            assert await row.awaitable_attrs.notes == "due in May", "tenant and key are fetched again, not from the thread"
            row.notes = "changed"
            await session.commit()
            assert await row.awaitable_attrs.notes == "changed"
        await engine.dispose()

    asyncio.run(story())
    assert watched.threads
    assert threading.get_ident() not in watched.threads


def test_without_greenlet_it_works_all_the_same() -> None:
    """SQLAlchemy does not bring greenlet: only its asynchronous part needs it."""
    program = """
import sys
sys.modules["greenlet"] = None
try:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.util.concurrency import in_greenlet
    in_greenlet()
except (ImportError, ValueError) as error:  # the second of 2.0
    print("no greenlet" if "greenlet" in str(error) else error)
import portward.sqlalchemy
from portward.sqlalchemy.loops import apart
assert apart(lambda: 1) == 1
"""
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "no greenlet\n"
