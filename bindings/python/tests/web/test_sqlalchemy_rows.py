"""Which row a value of SQLAlchemy's is sealed for: tables with schemas and subclasses, keys that are converted, rows that others change."""

from __future__ import annotations

import enum
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    CHAR,
    NCHAR,
    URL,
    VARCHAR,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    Select,
    String,
    TypeDecorator,
    Uuid,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.declarative import ConcreteBase
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column, synonym

import portward
from raised import frames_of
from portward.sqlalchemy import BlindIndexType, EncryptedBinary, EncryptedText, EncryptedType, Index, PlaintextError, RowError
from portward.sqlalchemy import _loaded, _written, lookup

from .test_sqlalchemy import ANN, BOB, CURRENT, current_keys, database  # noqa: F401  a fixture

# So many that none is equal by chance.
INDEX = Index(bits=64, normaliser="ascii-lowercase")


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant: Mapped[str]
    kind: Mapped[str]
    email = EncryptedText(current_keys, index=INDEX)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Employee(Person):
    __tablename__ = "employees"
    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), primary_key=True, default=uuid.uuid4)
    salary = EncryptedText(current_keys)
    __mapper_args__ = {"polymorphic_identity": "employee"}


class Thing(Base):
    """Whose rows do not say of which class they are."""

    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    title: Mapped[str] = mapped_column(default="")


class Tool(Thing):
    __tablename__ = "tools"
    id: Mapped[int] = mapped_column(ForeignKey("things.id"), primary_key=True)
    notes = EncryptedText(current_keys)


class Apart(ConcreteBase, Base):
    __tablename__ = "apart"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    email = EncryptedText(current_keys, index=INDEX)
    __mapper_args__ = {"polymorphic_identity": "apart", "concrete": True}


class Further(Apart):
    __tablename__ = "further"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    email_sealed: Mapped[bytes | None] = mapped_column(EncryptedType)
    email_index: Mapped[bytes | None] = mapped_column(BlindIndexType)
    __mapper_args__ = {"polymorphic_identity": "further", "concrete": True}


class Live(Base):
    __tablename__ = "document"
    __table_args__ = {"schema": "live"}
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    notes = EncryptedText(current_keys)


class Draft(Base):
    __tablename__ = "document"
    __table_args__ = {"schema": "draft"}
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    notes = EncryptedText(current_keys)


class Lower(TypeDecorator[str]):
    """A text that is kept in small letters."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.lower()


class AsText(TypeDecorator[uuid.UUID]):
    """A UUID, as applications kept it before SQLAlchemy had a type for it."""

    impl = CHAR
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(postgresql.UUID() if dialect.name == "postgresql" else CHAR(32))

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> str | None:
        return value and (str(value) if dialect.name == "postgresql" else value.hex)

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        return value if value is None or isinstance(value, uuid.UUID) else uuid.UUID(value)


class LoweredThere(TypeDecorator[str]):
    impl = String
    cache_ok = True

    def bind_expression(self, bindvalue: Any) -> Any:
        return func.lower(bindvalue)


class LowerKey(Base):
    __tablename__ = "lower_keys"
    id: Mapped[str] = mapped_column(Lower, primary_key=True)
    tenant: Mapped[str] = mapped_column(Lower)
    email = EncryptedText(current_keys, index=INDEX)


class UuidKey(Base):
    __tablename__ = "uuid_keys"
    id: Mapped[uuid.UUID] = mapped_column(AsText, primary_key=True)
    tenant: Mapped[uuid.UUID] = mapped_column(Uuid)
    email = EncryptedText(current_keys, index=INDEX)


class PlainKey(Base):
    __tablename__ = "plain_keys"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    email = EncryptedText(current_keys, index=INDEX)


class PaddedKey(Base):
    __tablename__ = "padded_keys"
    id: Mapped[str] = mapped_column(NCHAR(4), primary_key=True)
    tenant: Mapped[str] = mapped_column(CHAR(5))
    email = EncryptedText(current_keys, index=INDEX)


class ConvertedKey(Base):
    __tablename__ = "converted_keys"
    id: Mapped[str] = mapped_column(LoweredThere(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(LoweredThere(64))
    email = EncryptedText(current_keys, index=INDEX)


class VariantKey(Base):
    """A UUID, which one database keeps as a text."""

    __tablename__ = "variant_keys"
    id: Mapped[Any] = mapped_column(Uuid().with_variant(String(36), "sqlite"), primary_key=True)
    tenant: Mapped[str]
    email = EncryptedText(current_keys, index=INDEX)


class NumberKey(Base):
    __tablename__ = "number_keys"
    id: Mapped[Any] = mapped_column(VARCHAR(16), primary_key=True)
    number: Mapped[Any] = mapped_column(Integer)
    tenant: Mapped[Any] = synonym("number")
    email = EncryptedText(current_keys, index=INDEX)


class NoColumn(Base):
    __tablename__ = "no_column"
    id: Mapped[int] = mapped_column(primary_key=True)
    email = EncryptedText(current_keys, index=INDEX)

    @property
    def tenant(self) -> str:
        return "acme"


class Numbered(Base):
    __tablename__ = "numbered_rows"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    notes = EncryptedText(current_keys)


class Unowned(Base):
    """Which may have no tenant, and no values either."""

    __tablename__ = "unowned"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str | None]
    notes = EncryptedText(current_keys)


class Declared(Base):
    """Which has the columns itself."""

    __tablename__ = "declared"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    notes_sealed: Mapped[bytes | None] = mapped_column(EncryptedType)
    email_index: Mapped[bytes | None] = mapped_column(BlindIndexType)
    notes = EncryptedText(current_keys)
    email = EncryptedText(current_keys, index=INDEX)


class Renamed(Base):
    """Whose columns have other names than its attributes."""

    __tablename__ = "renamed"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column("owner", String)
    notes_sealed: Mapped[bytes | None] = mapped_column("sealed", EncryptedType)
    notes = EncryptedText(current_keys)


@pytest.fixture
def session(database: URL) -> Iterator[Session]:  # noqa: F811
    engine = create_engine(database)
    schemas = ("live", "draft")
    if database.drivername == "sqlite":

        @event.listens_for(engine, "connect")
        def _attach(connection: Any, _: Any) -> None:
            for schema in schemas:
                connection.execute(f"ATTACH '{database.database}.{schema}' AS {schema}")

    else:
        with engine.begin() as connection:
            for schema in schemas:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    Base.metadata.drop_all(engine)
    engine.dispose()


def kept(session: Session, *rows: Any) -> None:
    session.add_all(rows)
    session.commit()
    session.expunge_all()


def test_a_subclass_with_a_table_of_its_own_is_found_and_read_by_its_parent(session: Session, keys: portward.KeyStore) -> None:
    kept(session, Employee(tenant="acme", email=ANN, salary="5"), Person(tenant="acme", email=BOB))
    for of in (Person, aliased(Person)):
        (ann,), (bob,) = (of.email.find(session, email, tenant="acme") for email in (ANN, BOB))
        assert (type(ann), ann.email, ann.salary, type(bob)) == (Employee, ANN, "5", Person)
    assert Employee.email.find(session, ANN, tenant="acme") == [ann]
    assert Employee.email.find(session, BOB, tenant="acme") == []
    for name, value in (("people.email", ANN), ("employees.salary", "5")):
        table, column = name.split(".")
        opened = keys.scope("acme", f"record:{table}").open(getattr(ann, f"{column}_sealed"), name=name, id=str(ann.id))
        assert opened == value.encode()
    kept(session, Tool(id=1, tenant="acme", notes="sharp"))
    assert session.scalars(select(Tool)).one().notes == "sharp"


def test_tables_that_share_no_column_are_looked_into_one_by_one(session: Session) -> None:
    kept(session, Apart(id=1, tenant="acme", email=ANN), Further(id=2, tenant="acme", email=BOB))
    assert {row.email for row in session.scalars(select(Apart))} == {ANN, BOB}
    with pytest.raises(TypeError, match="in each class"):
        Apart.email.find(session, BOB, tenant="acme")
    assert [row.email for row in Further.email.find(session, BOB, tenant="acme")] == [BOB]


def test_the_table_of_another_schema_is_another_one(session: Session, keys: portward.KeyStore) -> None:
    kept(session, Live(id=1, tenant="acme", notes="live"), Draft(id=1, tenant="acme", notes="draft"))
    live, draft = session.get_one(Live, 1), session.get_one(Draft, 1)
    assert (live.notes, draft.notes) == ("live", "draft")
    assert keys.scope("acme", "record:live.document").open(live.notes_sealed, name="live.document.notes", id="1") == b"live"
    session.execute(text("UPDATE draft.document SET notes_sealed = (SELECT notes_sealed FROM live.document)"))
    session.commit()
    with pytest.raises(portward.Unreadable):
        session.get_one(Draft, 1).notes
    assert session.get_one(Live, 1).notes == "live"


def test_a_key_and_a_tenant_are_what_their_types_keep(session: Session, keys: portward.KeyStore) -> None:
    tenant, key = uuid.uuid4(), uuid.uuid4()
    keys.new_tenant(str(tenant))
    kept(session, LowerKey(id="ABC", tenant="ACME", email=ANN), UuidKey(id=key, tenant=tenant, email=ANN))
    assert session.get_one(LowerKey, "abc").email == ANN
    for written in ("acme", "ACME"):
        assert [row.id for row in LowerKey.email.find(session, ANN, tenant=written)] == ["abc"]
    assert [row.id for row in UuidKey.email.find(session, ANN, tenant=tenant)] == [key]
    if session.get_bind().dialect.name == "postgresql":  # which takes it as a text, too
        assert [row.id for row in UuidKey.email.find(session, ANN, tenant=tenant.hex)] == [key]
        return
    with pytest.raises(RowError):
        UuidKey.email.find(session, ANN, tenant=str(tenant))


class Letter(str, enum.Enum):
    A = "a"
    ACME = "acme"


def test_an_enum_is_sealed_for_what_it_holds(session: Session) -> None:
    kept(session, PlainKey(id=Letter.A, tenant=Letter.ACME, email=ANN))
    row = session.get_one(PlainKey, "a")
    assert (row.tenant, row.email) == ("acme", ANN)
    assert PlainKey.email.find(session, ANN, tenant="acme") == [row]


@pytest.mark.parametrize("place", [{"id": "ABC"}, {"tenant": "ACME"}])
def test_nothing_stays_sealed_for_what_the_database_itself_keeps_otherwise(session: Session, keys: Any, place: dict[str, str]) -> None:
    keys.new_tenant("ACME")
    session.add(ConvertedKey(**{"id": "abc", "tenant": "acme", "email": ANN, **place}))
    with pytest.raises(RowError, match="another form"):
        session.flush()
    session.rollback()
    kept(session, ConvertedKey(**{"id": "abc", "tenant": "acme", **place}))
    kept(session, row := ConvertedKey(id="right", tenant="acme", email=ANN))
    assert [row.id for row in ConvertedKey.email.find(session, ANN, tenant="acme")] == ["right"]
    (row := session.get_one(ConvertedKey, "abc")).email = BOB
    session.commit()
    assert (row.id, row.tenant, row.email) == ("abc", "acme", BOB)


def test_a_char_that_is_not_full_is_a_place_where_nothing_fills_it_up(session: Session) -> None:
    fills_up = session.get_bind().dialect.name == "postgresql"
    for place in ({"id": "abc", "tenant": "other"}, {"id": "abcd", "tenant": "acme"}):
        session.add(row := PaddedKey(**place, email=ANN))
        if fills_up:
            with pytest.raises(RowError, match="blanks"):
                session.flush()
            session.rollback()
            kept(session, PaddedKey(**place))
        else:
            session.commit()
            assert row.email == ANN and PaddedKey.email.find(session, ANN, tenant=place["tenant"]) == [row]
    kept(session, PaddedKey(id="full", tenant="other", email=ANN))
    assert session.get_one(PaddedKey, "full") in PaddedKey.email.find(session, ANN, tenant="other")


def test_a_type_counts_as_the_database_has_it(session: Session, keys: portward.KeyStore) -> None:
    key = uuid.uuid4()
    given: Any = key if session.get_bind().dialect.name == "postgresql" else f"key {key}"[:36]
    kept(session, VariantKey(id=given, tenant="acme", email=ANN))
    (row,) = VariantKey.email.find(session, ANN, tenant="acme")
    assert (row.id, row.email) == (given, ANN)
    session.expunge_all()
    assert row.email == ANN, "without a session, too"
    session.add(VariantKey(id=5.0, tenant="acme", email=ANN))
    with pytest.raises(RowError):
        session.flush()


def test_a_text_that_is_no_uuid_is_told_as_a_row_that_cannot_be() -> None:
    key = uuid.uuid4()
    assert _loaded.text_in(Uuid(), key.hex.upper(), "the tenant") == str(key)
    with pytest.raises(RowError, match="the tenant is no UUID") as refused:
        _loaded.text_in(Uuid(), "acme", "the tenant")
    assert refused.value.__suppress_context__


def test_a_number_is_one_as_a_text_too_and_a_tenant_may_have_a_synonym(session: Session, keys: portward.KeyStore) -> None:
    for number in ("7", "8"):
        keys.new_tenant(number)
    kept(session, NumberKey(id=5, tenant="7", email=ANN))
    for tenant in (7, "7") if session.get_bind().dialect.name == "sqlite" else (7,):  # PostgreSQL compares no text with a number
        (row,) = NumberKey.email.find(session, ANN, tenant=tenant)
        assert (row.id, row.number, row.email) == ("5", 7, ANN)
    for change in (update(NumberKey).values(tenant=8), update(NumberKey).values(number=8), update(NumberKey).values({NumberKey.tenant: 8})):
        with pytest.raises(RowError):
            session.execute(change)
        session.rollback()
    row.tenant = 8
    with pytest.raises(RowError):
        session.flush()
    session.rollback()
    row.tenant, row.email = 8, row.email
    session.commit()
    assert NumberKey.email.find(session, ANN, tenant=8) == [row]
    for tenant in ("seven", "7.0", 7.5, True, uuid.uuid4(), "9" * 19):
        session.add(NumberKey(id="6", tenant=tenant, email=ANN))
        with pytest.raises(RowError):
            session.flush()
        session.rollback()


def test_a_tenant_is_a_column(session: Session) -> None:
    session.add(NoColumn(id=1, email=ANN))
    with pytest.raises(RowError, match="no column"):
        session.flush()
    session.rollback()
    with pytest.raises(RowError, match="no column"):
        NoColumn.email.find(session, ANN, tenant="acme")


def of_dialect(session: Session) -> Any:
    return {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]


@pytest.mark.parametrize("of", [
    lambda sealed: insert(PlainKey).values(id="b", tenant="acme", title="", email_sealed=sealed),
    lambda sealed: insert(PlainKey).values({PlainKey.id: "b", PlainKey.tenant: "acme", PlainKey.email_sealed: sealed}),
    lambda sealed: insert(PlainKey).values([{"id": "b", "tenant": "acme", "title": "", "email_sealed": sealed}]),
    lambda sealed: insert(PlainKey).values([("b", "acme", "", sealed, None)]),
    lambda sealed: select(PlainKey).from_statement(insert(PlainKey).values(id="b", tenant="acme", email_sealed=sealed).returning(PlainKey)),
    lambda sealed: (insert(PlainKey), [{"id": "b", "tenant": "acme", "email_sealed": sealed}]),
    lambda sealed: insert(PlainKey).from_select(["id", "tenant", "title", "email_sealed"], copied(PlainKey.email_sealed)),
])  # fmt: skip
def test_a_statement_inserts_no_object_of_another_row(session: Session, of: Any) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    sealed = session.get_one(PlainKey, "a").email_sealed
    with pytest.raises(RowError):
        execute(session, of(sealed))
    session.rollback()
    if getattr(made := of(None), "select", None) is not None:
        made = insert(PlainKey).from_select(["id", "tenant", "title"], copied())
    execute(session, made)
    assert session.get_one(PlainKey, "b").email is None


def copied(*columns: Any) -> Select[Any]:
    return select(func.lower("B"), PlainKey.tenant, PlainKey.title, *columns)


def execute(session: Session, statement: Any) -> None:
    session.execute(*statement) if isinstance(statement, tuple) else session.execute(statement)


@pytest.mark.parametrize("name", ["tenant", "id", "email_sealed", "email_index"])
def test_an_upsert_leaves_no_row_that_does_not_open(session: Session, name: str) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    one = of_dialect(session).insert(PlainKey).values(id="a", tenant="other", title="changed")
    with pytest.raises((RowError, portward.InvalidValue)):
        session.execute(one.on_conflict_do_update(index_elements=["id"], set_={name: one.excluded[name]}))
    session.rollback()
    session.execute(one.on_conflict_do_nothing())
    session.execute(one.on_conflict_do_update(index_elements=["id"], set_={"title": one.excluded.title}))
    row = session.get_one(PlainKey, "a")
    assert (row.tenant, row.title, row.email) == ("acme", "changed", ANN)


@pytest.mark.parametrize("of", [
    lambda sealed: update(Renamed).values(owner="other"), lambda sealed: update(Renamed).values({Renamed.tenant: "other"}),
    lambda sealed: insert(Renamed).values([{"id": 2, "owner": "acme", "sealed": sealed}]),
    lambda sealed: insert(Renamed).values([{Renamed.id: 2, Renamed.tenant: "acme", Renamed.notes_sealed: sealed}]),
])  # fmt: skip
def test_a_statement_may_name_a_column_by_either_name(session: Session, of: Any) -> None:
    kept(session, Renamed(id=1, tenant="acme", notes="x"))
    sealed = session.get_one(Renamed, 1).notes_sealed
    with pytest.raises(RowError):
        session.execute(of(sealed))
    session.rollback()
    assert session.get_one(Renamed, 1).notes == "x"
    session.execute(insert(Renamed).values([{"id": 2, "owner": "acme"}]))


def test_an_upsert_of_mysql_is_looked_at_too(session: Session) -> None:
    one = mysql.insert(PlainKey).values(id="a", tenant="other")
    with pytest.raises(RowError):
        session.execute(one.on_duplicate_key_update(tenant=one.inserted.tenant))


def test_what_a_parent_moves_is_refused_where_a_subclass_has_values(session: Session) -> None:
    kept(session, Employee(tenant="acme", email=ANN, salary="5"), *(Tool(id=n, tenant="acme", notes="sharp") for n in (1, 2)))
    for of in (Person, Thing):
        with pytest.raises(RowError):
            session.execute(update(of).values(tenant="other"))
        session.rollback()
    # A row that is read as a `Thing`, as it does not say that it is a `Tool`.
    thing = session.get_one(Thing, 1)
    thing.tenant = "other"
    with pytest.raises(RowError, match="by the class"):
        session.flush()
    session.rollback()
    thing.title = "changed"
    session.add(person := Person(tenant="acme", email=BOB))
    session.commit()
    person.tenant, person.email = "other", person.email  # whose kind says that it is no `Employee`
    session.commit()
    assert person.email == BOB
    session.execute(update(Thing).values(title="again"))
    session.commit()
    session.expunge_all()
    tool = session.get_one(Tool, 1)
    assert (tool.title, tool.notes) == ("again", "sharp")
    tool.tenant, tool.notes = "other", tool.notes
    session.commit()
    assert (tool.tenant, tool.notes) == ("other", "sharp")


def test_a_session_that_has_not_seen_a_row_move_writes_nothing_that_does_not_open(session: Session) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    with Session(session.get_bind(), expire_on_commit=False) as stale:
        row = stale.get_one(PlainKey, "a")
        stale.commit()
        moved = session.get_one(PlainKey, "a")
        moved.tenant, moved.email = "other", moved.email
        session.commit()
        row.email = BOB
        with pytest.raises(RowError, match="does not know"):
            stale.commit()
        stale.rollback()
        row.email = BOB
        stale.commit()
    assert (moved.tenant, moved.email) == ("other", BOB)


def test_a_row_is_not_moved_from_under_a_value_that_another_session_wrote(session: Session) -> None:
    kept(session, PlainKey(id="a", tenant="acme"))
    with Session(session.get_bind(), expire_on_commit=False) as stale:
        row = stale.get_one(PlainKey, "a")
        stale.commit()
        session.get_one(PlainKey, "a").email = ANN
        session.commit()
        row.tenant = "other"
        with pytest.raises(RowError, match="does not know"):
            stale.commit()
        stale.rollback()
        row.title = "changed"
        stale.commit()
        row.tenant, row.email = "other", row.email
        stale.commit()
    session.expire_all()
    moved = session.get_one(PlainKey, "a")
    assert (moved.tenant, moved.title, moved.email) == ("other", "changed", ANN)


def test_a_row_without_values_may_lose_its_tenant(session: Session) -> None:
    kept(session, Unowned(id=1, tenant="acme"))
    row = session.get_one(Unowned, 1)
    for tenant in (None, "other"):
        row.tenant = tenant
        session.commit()
        assert row.tenant == tenant
    row.notes = "x"
    session.commit()
    row.tenant = None
    with pytest.raises(RowError):
        session.flush()


def test_the_rows_of_a_flush_are_read_again_at_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_written, "_AT_ONCE", 8)
    kept(session, *(PlainKey(id=f"{n:02}", tenant="acme", email=ANN) for n in range(20)), LowerKey(id="a", tenant="acme", email=ANN))
    rows = [*session.scalars(select(PlainKey).order_by(PlainKey.id)), session.get_one(LowerKey, "a")]
    selects: list[str] = []

    @event.listens_for(session.connection(), "before_cursor_execute")
    def _count(_: Any, __: Any, statement: str, *___: Any) -> None:
        selects.extend([statement] if statement.startswith("SELECT") else [])

    for row in rows:
        row.email = BOB
    session.flush()
    assert len(selects) == 4, "3 of one table, 1 of another"
    session.commit()
    assert len(PlainKey.email.find(session, BOB, tenant="acme")) == 20
    with Session(session.get_bind(), expire_on_commit=False) as stale:
        seen = list(stale.scalars(select(PlainKey).order_by(PlainKey.id)))
        stale.commit()
        rows[17].tenant, rows[17].email = "other", rows[17].email
        session.commit()
        for row in seen:
            row.email = ANN
        with pytest.raises(RowError, match="tenant that this session does not know"):
            stale.flush()
        stale.rollback()
        assert {row.email for row in stale.scalars(select(PlainKey))} == {BOB}, "nothing was written"
        seen[16].email = ANN
        stale.commit()
    assert [row.id for row in PlainKey.email.find(session, ANN, tenant="acme")] == ["16"]


def test_what_a_flush_that_failed_has_left_is_not_looked_at_by_the_next(session: Session) -> None:
    kept(session, *(PlainKey(id=key, tenant="acme", email=ANN) for key in "abc"))

    @event.listens_for(PlainKey, "after_update")
    def _fail(_: Any, __: Any, row: PlainKey) -> None:
        if row.id == "b":
            raise ConnectionError

    try:
        for key in "ab":
            session.get_one(PlainKey, key).email = BOB
        with pytest.raises(ConnectionError):
            session.flush()
        session.rollback()
        (row := session.get_one(PlainKey, "c")).email = BOB
        session.commit()
    finally:
        event.remove(PlainKey, "after_update", _fail)
    assert PlainKey.email.find(session, BOB, tenant="acme") == [row]


@pytest.mark.parametrize("deleted", ["it", "another", "it, along with another"])
def test_of_a_row_that_is_gone_that_is_said(session: Session, deleted: str) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN), Numbered(id=1, tenant="acme"))
    row, another = session.get_one(PlainKey, "a"), session.get_one(Numbered, 1)

    def _delete(_: Any, connection: Any, __: Any) -> None:
        connection.execute(delete(table := PlainKey.__table__).where(table.c.id == ("b" if deleted == "another" else "a")))

    event.listen(PlainKey, "after_update", _delete)
    try:
        row.email = BOB
        if deleted == "it":
            with pytest.raises(RowError, match="not in the database any more"):
                session.flush()
            session.rollback()
            assert row.email == ANN
            return
        if deleted != "another":
            session.delete(another)
        session.commit()
        assert session.scalars(select(PlainKey.id)).all() == (["a"] if deleted == "another" else [])
    finally:
        event.remove(PlainKey, "after_update", _delete)


def test_a_row_that_is_deleted_and_added_again_keeps_no_value_of_before(session: Session) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    for tenant in ("acme", "other"):
        session.delete(session.get_one(PlainKey, "a"))
        session.add(PlainKey(id="a", tenant=tenant))
        with pytest.raises(RowError, match="does not know"):
            session.flush()
        session.rollback()
    session.delete(session.get_one(PlainKey, "a"))
    session.add(row := PlainKey(id="a", tenant="other", email=None))
    session.commit()
    assert (row.tenant, row.email, row.email_index) == ("other", None, None)


def test_an_index_follows_its_value_whatever_is_assigned_to_it(session: Session) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN), PlainKey(id="b", tenant="acme", email=BOB))
    one, two = session.get_one(PlainKey, "a"), session.get_one(PlainKey, "b")
    for assigned in (None, two.email_index):
        one.email_index = assigned
        session.commit()
        assert PlainKey.email.find(session, ANN, tenant="acme") == [one]
        assert PlainKey.email.find(session, BOB, tenant="acme") == [two]
    kept(session, *(PlainKey(id=key, tenant="acme", email_index=two.email_index, **value) for key, value in (("c", {}), ("d", {"email": None}))))
    assert session.scalars(select(PlainKey.email_index).where(PlainKey.id.in_(["c", "d"]))).all() == [None, None]


def test_an_object_that_is_put_back_takes_the_index_of_its_own_value(session: Session, keys: portward.KeyStore) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    row = session.get_one(PlainKey, "a")
    older = row.email_sealed
    row.email = BOB
    session.commit()
    assert PlainKey.email.find(session, BOB, tenant="acme") == [row]
    newer, row.email_sealed = row.email_sealed, older
    session.commit()
    assert PlainKey.email.find(session, ANN, tenant="acme") == [row]
    session.execute(PlainKey.__table__.delete())
    session.commit()
    session.expunge_all()
    session.add(row := PlainKey(id="a", tenant="acme", email_sealed=older))
    session.commit()
    assert PlainKey.email.find(session, ANN, tenant="acme") == [row]
    keys.scope("acme", "record:plain_keys").destroy(backups_kept=0)
    row.email_sealed = newer
    session.commit()
    assert (row.email_sealed, row.email_index) == (newer, None), "what is not read any more is not found by what was there before"


def test_a_row_whose_index_has_no_key_any_more_is_saved(session: Session, keys: portward.KeyStore) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN), PlainKey(id="b", tenant="acme", email=ANN))
    session.execute(update(PlainKey.__table__).where(PlainKey.__table__.c.id == "b").values(email_index=None))
    session.commit()
    keys.scope("acme", "index:plain_keys.email").destroy(backups_kept=0)
    rows = [session.get_one(PlainKey, key) for key in "ab"]
    blinded = rows[0].email_index
    for row in rows:
        row.title = "changed"
    session.commit()
    assert [(row.title, row.email, row.email_index) for row in rows] == [("changed", ANN, blinded), ("changed", ANN, None)]
    for change in ({"email": BOB}, {"email_index": blinded}):
        for name, value in change.items():
            setattr(rows[1], name, value)
        with pytest.raises(portward.InvalidValue) as refused:
            session.flush()
        assert refused.value.code == "key_destroyed"
        session.rollback()


def test_an_index_that_was_added_to_filled_rows_is_made_when_they_are_saved(session: Session, keys: portward.KeyStore) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN), PlainKey(id="b", tenant="acme", email="  "))
    session.execute(update(PlainKey.__table__).values(email_index=None))
    session.commit()
    assert PlainKey.email.find(session, ANN, tenant="acme") == []
    one, two = session.get_one(PlainKey, "a"), session.get_one(PlainKey, "b")
    one.title = two.title = "saved"
    session.commit()
    assert PlainKey.email.find(session, ANN, tenant="acme") == [one]
    assert (two.title, two.email, two.email_index) == ("saved", "  ", None)
    session.execute(update(PlainKey.__table__).values(email_index=None))
    session.commit()
    session.add(other := PlainKey(id="c", tenant="other", email=ANN))
    keys.scope("acme", "record:plain_keys").destroy(backups_kept=0)
    session.refresh(one)
    one.title = "erased"
    session.commit()
    assert (one.title, one.email_index) == ("erased", None)
    one.email_index = other.email_index
    with pytest.raises(portward.Unreadable):
        session.flush()


def test_bytes_have_no_index() -> None:
    with pytest.raises(TypeError, match="index"):
        EncryptedBinary(current_keys, index=INDEX)  # type: ignore[call-arg]
    assert EncryptedBinary(current_keys, tenant="owner").tenant == EncryptedText(current_keys, tenant="owner", index=INDEX).tenant


@pytest.mark.parametrize("chosen", [
    lambda every: every.group_by(PlainKey.tenant), lambda every: every.having(func.count() > 0),
    lambda every: every.ext(postgresql.distinct_on(PlainKey.tenant)) if hasattr(every, "ext") else every.distinct(PlainKey.tenant),
])  # fmt: skip
def test_a_look_up_is_not_among_groups(session: Session, chosen: Any) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    with pytest.raises(TypeError, match="groups"):
        PlainKey.email.find(session, ANN, tenant="acme", among=chosen(select(PlainKey)))
    among = select(PlainKey).join(LowerKey, isouter=True, onclause=LowerKey.id == PlainKey.id).distinct().order_by(PlainKey.title)
    assert len(PlainKey.email.find(session, ANN, tenant="acme", among=among)) == 1


def test_a_look_up_does_not_end_at_a_value_of_which_the_index_has_nothing(session: Session) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN), PlainKey(id="b", tenant="acme", email=ANN))
    session.get_one(PlainKey, "a").email = "  "
    with session.no_autoflush:
        assert [row.id for row in PlainKey.email.find(session, ANN, tenant="acme")] == ["b"]


class Away:
    """Keys that are there so many times, and then are not."""

    def __init__(self, keys: portward.KeyStore, times: int) -> None:
        self.keys, self.times = keys, times

    def scope(self, tenant: str, scope: str) -> portward.Scope:
        self.times -= 1
        if self.times < 0:
            raise ConnectionError
        return self.keys.scope(tenant, scope)


def test_the_frames_of_a_look_up_that_fails_do_not_have_the_value(session: Session, keys: portward.KeyStore) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    for times in range(9):
        CURRENT["keys"] = Away(keys, times)
        try:
            assert len(PlainKey.email.find(session, ANN, tenant="acme")) == 1
            break
        except ConnectionError as error:
            assert ANN not in frames_of(error) and "find" in frames_of(error)
    assert times > 3, "it was tried for each of the calls"
    with pytest.raises(RowError) as refused:
        PlainKey.email.find(session, ANN, tenant=5.0)
    assert ANN not in frames_of(refused.value)


def locals_in(error: BaseException, file: str) -> str:
    found = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename.endswith(file)]
    assert found, "it was raised there"
    return repr(found)


def test_the_frames_of_what_is_refused_do_not_have_it(session: Session) -> None:
    kept(session, PlainKey(id="a", tenant="acme", email=ANN))
    row = session.get_one(PlainKey, "a")
    for file, act in (
        ("sqlalchemy/attribute.py", lambda: setattr(row, "email", ANN.encode())),
        ("sqlalchemy/types.py", lambda: session.execute(update(PlainKey.__table__).values(email_sealed=ANN))),
    ):
        with pytest.raises(PlaintextError) as refused:
            act()
        assert ANN not in locals_in(refused.value, file)
    assert row.email == ANN, "and what is stored is still read"


class Counted:
    """Keys that count how often they are asked for."""

    def __init__(self, keys: portward.KeyStore) -> None:
        self.keys, self.scopes = keys, Counter[str]()

    def scope(self, tenant: str, scope: str) -> portward.Scope:
        self.scopes[scope.partition(":")[0]] += 1
        return self.keys.scope(tenant, scope)


def test_a_look_up_makes_what_it_looks_for_once_and_of_each_row_one_index(session: Session, keys: portward.KeyStore, counted_calls: Any) -> None:
    kept(session, *(PlainKey(id=key, tenant="acme", email=ANN) for key in "abc"))
    CURRENT["keys"] = counted = Counted(keys)
    texts = counted_calls(lookup, "text_in")
    assert len(PlainKey.email.find(session, ANN, tenant="acme")) == 3
    assert counted.scopes == {"index": 2 + 3, "record": 3} and len(texts) == 1
    counted.scopes.clear()
    assert PlainKey.email.find(session, BOB, tenant="acme") == []
    assert counted.scopes == {"index": 1}


def test_a_read_makes_no_expression_to_learn_what_a_type_does(session: Session, counted_calls: Any) -> None:
    asked = counted_calls(_loaded, "literal")
    for key in "abc":
        for of in (PlainKey, PaddedKey, ConvertedKey):
            kept(session, of(id=key * 4, tenant="other", email=ANN))
            if key == "a":
                assert (of is PlainKey) == (asked == []), "the control: a type that may convert is asked as the first row is flushed"
                asked.clear()
            assert [row.email for row in of.email.find(session, ANN, tenant="other")][0] == ANN
    assert asked == []


def test_a_column_that_a_class_has_itself_takes_no_plaintext_either(session: Session) -> None:
    kept(session, Declared(id=1, tenant="acme", notes="due in May", email=ANN))
    assert [row.notes for row in Declared.email.find(session, ANN, tenant="acme")] == ["due in May"], "the control"
    for name, other in (("notes_sealed", LargeBinary), ("email_index", EncryptedType), ("email_index", LargeBinary)):

        class Apart(DeclarativeBase):
            pass

        kinds = {"notes_sealed": EncryptedType, "email_index": BlindIndexType} | {name: other}
        columns = {column: mapped_column(kind, nullable=True) for column, kind in kinds.items()}
        columns |= {"id": mapped_column(Integer, primary_key=True), "tenant": mapped_column(String)}
        values = {"notes": EncryptedText(current_keys), "email": EncryptedText(current_keys, index=INDEX)}
        wrong = type("Wrong", (Apart,), {"__tablename__": "wrong", **columns, **values})
        with pytest.raises(TypeError, match=f"Wrong.{name} is to be of"):
            wrong()


@pytest.fixture
def counted_calls(monkeypatch: pytest.MonkeyPatch) -> Any:
    def _counted(of: Any, name: str) -> list[Any]:
        calls: list[Any] = []
        called = getattr(of, name)
        monkeypatch.setattr(of, name, lambda *args, **options: calls.append(args) or called(*args, **options))
        return calls

    return _counted
