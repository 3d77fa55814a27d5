"""What is beside a value of SQLAlchemy's: aliases of its class, other sessions, listeners and columns of the application, conventions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import URL, CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, LargeBinary, MetaData, String, create_engine, event, insert, select, text, update
from sqlalchemy.ext.declarative import DeferredReflection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, backref, defer, mapped_column, relationship, with_polymorphic

import portward
from portward.sqlalchemy import EncryptedText, Index, RowError
from portward.sqlalchemy.types import BlindIndexType, EncryptedType

from .test_sqlalchemy import ANN, BOB, current_keys, database  # noqa: F401  a fixture
from .test_sqlalchemy_rows import kept

INDEX = Index(bits=12)
KEY, OTHER = uuid.uuid4(), uuid.uuid4()
CONVENTION = {"ck": "ck_%(table_name)s_%(constraint_name)s", "ix": "ix_%(column_0_label)s"}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=CONVENTION)


class Note(Base):
    __tablename__ = "others_notes"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    of: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("others_notes.id"))
    under: Mapped[list[Note]] = relationship()
    email = EncryptedText(current_keys, index=INDEX)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "note"}


class Long(Note):
    __mapper_args__ = {"polymorphic_identity": "long"}


class Stamped(Base):
    """Whose tenant and key are the application's listeners' to change."""

    __tablename__ = "others_stamped"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    email = EncryptedText(current_keys, index=INDEX)


class Made(Base):
    __tablename__ = "others_made"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    slug: Mapped[str]
    tenant: Mapped[str] = mapped_column(String, Computed("lower(slug)", persisted=True))
    email = EncryptedText(current_keys)


@pytest.fixture
def session(database: URL) -> Iterator[Session]:  # noqa: F811
    engine = create_engine(database)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    Base.metadata.drop_all(engine)
    engine.dispose()


def test_an_alias_is_looked_into_itself(session: Session) -> None:
    kept(session, Note(tenant="acme", email=ANN, under=[Note(tenant="acme", email=BOB)]), Note(tenant="other", email=ANN), Long(tenant="other", email="secret"))
    for of in (Note, aliased(Note), with_polymorphic(Note, [Long]), with_polymorphic(Note, [Long], aliased=True)):
        for rows in (session.scalars(select(of).where(of.email.may_be(ANN, tenant="acme"))).all(), of.email.find(session, ANN, tenant="acme", among=select(of))):
            assert [(row.tenant, row.email) for row in rows] == [("acme", ANN)]
    under = aliased(Note)
    joined = select(Note).join(Note.under.of_type(under))
    assert len(session.scalars(joined.where(under.email.may_be(BOB, tenant="acme"))).all()) == 1
    assert len(Note.email.find(session, ANN, tenant="acme", among=joined)) == 1
    assert Note.email.find(session, "secret", tenant="other", among=select(Long))[0].email == "secret"


@pytest.mark.parametrize("among", [select(aliased(Note)), select(Stamped), select(Note.tenant)])
def test_only_the_rows_of_the_class_or_alias_are_looked_into(session: Session, among: Any) -> None:
    kept(session, Note(tenant="acme", email=ANN), Stamped(tenant="acme", email=ANN))
    assert len(Note.email.find(session, ANN, tenant="acme", among=select(Note))) == 1, "the control"
    with pytest.raises(TypeError, match="^among: selects other rows"):
        Note.email.find(session, ANN, tenant="acme", among=among)
    with pytest.raises(TypeError, match="^among: selects other rows"):
        aliased(Note).email.find(session, ANN, tenant="acme", among=select(Note))


def test_what_a_database_takes_for_equal_is_another_tenant(session: Session, keys: portward.KeyStore) -> None:
    collation = {"sqlite": "NOCASE", "postgresql": '"others_no_case"'}[session.get_bind().dialect.name]
    if collation != "NOCASE":
        session.execute(text(f"CREATE COLLATION IF NOT EXISTS {collation} (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"))
        session.commit()

    class Apart(DeclarativeBase):
        pass

    class Careless(Apart):
        __tablename__ = "others_careless"
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
        tenant: Mapped[str] = mapped_column(String(16, collation=collation.strip('"')))
        email = EncryptedText(current_keys, index=Index(bits=1))

    keys.new_tenant("ACME")
    Apart.metadata.create_all(session.connection())
    kept(session, *(Careless(tenant=tenant, email=ANN) for tenant in ("acme", "ACME") * 8))
    try:
        # Equal to the index in half of all cases, for the keys are others.
        assert len(session.scalars(select(Careless).where(Careless.tenant == "acme")).all()) == 16, "the control"
        assert [row.tenant for row in Careless.email.find(session, ANN, tenant="acme")] == ["acme"] * 8
        assert [row.tenant for row in Careless.email.find(session, ANN, tenant="ACME")] == ["ACME"] * 8
    finally:
        session.commit()
        Apart.metadata.drop_all(session.connection())
        session.commit()


def as_in_a_form(session: Session, key: uuid.UUID) -> Note:
    """Of no session, while others write."""
    held = session.get_one(Note, key)
    held.email  # noqa: B018  is loaded
    session.expunge(held)
    session.commit()
    return held


def by_other(session: Session, key: uuid.UUID, email: str | None) -> None:
    with Session(session.get_bind()) as other:
        other.get_one(Note, key).email = email
        other.commit()


@pytest.mark.parametrize(("first", "meanwhile"), [(ANN, BOB), (ANN, None), ("", BOB), (None, BOB)])
def test_an_index_is_written_with_its_value_whatever_others_wrote_meanwhile(session: Session, first: str | None, meanwhile: str | None) -> None:
    kept(session, Note(id=KEY, tenant="acme", email=first))
    held = as_in_a_form(session, KEY)
    by_other(session, KEY, meanwhile)
    held.email, held.title = first or ANN, "from a form"
    session.add(held)
    session.commit()
    assert [found.id for found in Note.email.find(session, first or ANN, tenant="acme")] == [KEY]
    assert Note.email.find(session, BOB, tenant="acme") == []


def test_a_value_that_is_taken_away_takes_its_index_along(session: Session) -> None:
    kept(session, Note(id=KEY, tenant="acme", email=None), Note(id=OTHER, tenant="acme", email=""))
    held = as_in_a_form(session, OTHER)
    session.execute(update(Note).values(email_sealed=None, email_index=None).execution_options(synchronize_session=False))
    session.commit()
    by_other(session, OTHER, ANN)
    held.email = None
    session.add(held)
    session.commit()
    stored = text("SELECT email_sealed IS NULL, email_index IS NULL FROM others_notes")
    assert {tuple(map(bool, one)) for one in session.execute(stored)} == {(True, True)}
    assert session.get_one(Note, KEY).email is None


def test_an_index_that_is_made_later_is_not_that_of_a_value_before(session: Session) -> None:
    kept(session, Note(id=KEY, tenant="acme", email=ANN))
    session.execute(text("UPDATE others_notes SET email_index = NULL"))
    session.commit()
    held = as_in_a_form(session, KEY)
    by_other(session, KEY, BOB)
    session.execute(text("UPDATE others_notes SET email_index = NULL"))
    session.commit()
    held.title = "from a form"
    session.add(held)
    with pytest.raises(RowError, match="does not know"):
        session.commit()
    session.rollback()
    session.expunge_all()
    found = session.get_one(Note, KEY)
    found.title = found.email or ""
    found.title = "read again"
    session.commit()
    assert [found.id for found in Note.email.find(session, BOB, tenant="acme")] == [KEY], "the control"


def test_what_was_not_loaded_is_not_loaded_for_its_index(session: Session) -> None:
    kept(session, Note(id=KEY, tenant="acme", email=ANN))
    session.execute(text("UPDATE others_notes SET email_index = NULL"))
    session.commit()
    session.expunge_all()
    held = session.scalars(select(Note).where(Note.id == KEY).options(defer(Note.email_sealed, raiseload=True))).one()
    held.title = "saved"
    session.commit()
    assert held.title == "saved"


@pytest.mark.parametrize("moment", ["before_insert", "before_update"])
@pytest.mark.parametrize("change", [lambda row: setattr(row, "tenant", "other"), lambda row: setattr(row, "id", uuid.uuid4())])
def test_a_listener_moves_no_row_once_it_is_sealed(session: Session, moment: str, change: Callable[[Any], None]) -> None:
    kept(session, Stamped(id=KEY, tenant="acme", email=ANN))

    def listener(mapper: Any, connection: Any, row: Any) -> None:
        change(row)

    def act(session: Session) -> None:
        if moment == "before_insert":
            session.add(Stamped(tenant="acme", email=BOB))
        else:
            session.get_one(Stamped, KEY).title = "saved"
        session.flush()

    event.listen(Stamped, moment, listener)
    try:
        with pytest.raises(RowError):
            act(session)
    finally:
        event.remove(Stamped, moment, listener)
    session.rollback()
    act(session)
    session.commit()
    assert all(one.email in (ANN, BOB) for one in session.scalars(select(Stamped)))


def test_a_tenant_that_the_database_makes_is_refused(session: Session) -> None:
    session.add(Made(slug="Acme"))
    session.commit()
    session.add(Made(slug="acme", email=ANN))
    with pytest.raises(RowError, match="made by the database"):
        session.commit()


def test_our_constraints_have_names_of_their_own() -> None:
    columns = Note.__table__.columns
    named = {one.name for column in columns for one in column.constraints if isinstance(one, CheckConstraint)}
    assert named == {"ck_others_notes_email_sealed", "ck_others_notes_email_index"}


@pytest.mark.parametrize("options", [[], [defer(Stamped.tenant)]])
def test_a_listener_may_say_the_tenant_again(session: Session, options: list[Any]) -> None:
    kept(session, Stamped(id=KEY, tenant="acme", email=ANN))

    def listener(mapper: Any, connection: Any, row: Any) -> None:
        row.tenant = tenant

    row = session.scalars(select(Stamped).options(*options)).one()
    event.listen(Stamped, "before_update", listener)
    try:
        tenant = "acme"
        for title in ("loaded", "expired"):
            row.title = title
            session.commit()
        tenant, row.title = "other", "moved"
        with pytest.raises(RowError):
            session.commit()
    finally:
        event.remove(Stamped, "before_update", listener)
    session.rollback()
    assert (row.tenant, row.title, row.email) == ("acme", "expired", ANN)


@pytest.mark.parametrize("moment", ["before_insert", "before_update"])
def test_a_listener_leaves_no_index_of_a_value_that_it_takes_away(session: Session, moment: str) -> None:
    kept(session, Stamped(id=KEY, tenant="acme", email=ANN))

    def listener(mapper: Any, connection: Any, row: Any) -> None:
        row.email = None

    event.listen(Stamped, moment, listener)
    try:
        with pytest.raises(RowError, match="took the value away"):
            if moment == "before_insert":
                session.add(Stamped(tenant="acme", email=BOB))
            else:
                session.get_one(Stamped, KEY).title = "saved"
            session.flush()
    finally:
        event.remove(Stamped, moment, listener)


def test_an_index_that_was_not_loaded_is_not_written_for_another_reason(session: Session) -> None:
    kept(session, Note(id=KEY, tenant="acme", email=None))
    row = session.scalars(select(Note).options(defer(Note.email_index))).one()
    row.title = "saved"
    session.flush()
    assert "email_index" not in vars(row)


def test_a_column_of_another_type_is_refused_every_time(session: Session) -> None:
    for kind in (LargeBinary(), EncryptedType().with_variant(LargeBinary(), "sqlite", "postgresql")):

        class Apart(DeclarativeBase):
            pass

        class Wrong(Apart):
            __tablename__ = "others_wrong"
            id: Mapped[int] = mapped_column(primary_key=True)
            tenant: Mapped[str]
            email_sealed = mapped_column(kind, nullable=True)
            email = EncryptedText(current_keys)

        for _ in range(2):
            with pytest.raises(TypeError, match="is to be of"):
                session.execute(insert(Wrong).values(id=1, tenant="acme", email_sealed=b"stolen"))


def test_what_changes_a_tenant_unseen_is_refused(session: Session) -> None:
    class Apart(DeclarativeBase):
        pass

    class Changed(Apart):
        __tablename__ = "others_changed"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str] = mapped_column(onupdate="other")
        email = EncryptedText(current_keys)

    Apart.metadata.create_all(session.connection())
    session.add(Changed(id=1, tenant="acme", email=ANN))
    with pytest.raises(RowError, match="onupdate"):
        session.flush()


def test_a_relationship_with_post_update_changes_no_tenant(session: Session) -> None:
    class Apart(DeclarativeBase):
        pass

    class Unprepared(DeferredReflection, Apart):
        __tablename__ = "others_unprepared"

    class Owner(Apart):
        __tablename__ = "others_owner"
        tenant: Mapped[str] = mapped_column(primary_key=True)
        id: Mapped[int] = mapped_column(primary_key=True)

    Apart.registry.configure()

    class Owned(Apart):
        __tablename__ = "others_owned"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        owner_id: Mapped[int | None]
        owner: Mapped[Owner | None] = relationship(post_update=True, backref=backref("owned", post_update=True))
        email = EncryptedText(current_keys)
        __table_args__ = (ForeignKeyConstraint(["tenant", "owner_id"], [Owner.tenant, Owner.id]),)

    Apart.metadata.create_all(session.connection(), [Owner.__table__, Owned.__table__])
    owner, other = (Owner(tenant=tenant, id=1) for tenant in ("acme", "other"))
    row = Owned(id=1, tenant="acme", email=ANN, owner=owner)
    session.add_all([owner, other, row])
    session.flush()

    def expired() -> Owned:
        session.expire_all()
        assert (row.tenant, row.owner_id, row.email) == ("acme", 1, ANN)
        return row

    for move in (
        lambda: setattr(expired(), "owner", other),
        lambda: (expired(), other.owned.append(row)),
        lambda: session.add(Owned(id=2, tenant="acme", email=ANN, owner=other)),
    ):
        with pytest.raises(RowError), session.begin_nested():
            move()
    expired()


def test_a_part_of_a_polymorphic_alias_is_looked_into_and_no_other_table(session: Session) -> None:
    kept(session, Long(tenant="acme", email=ANN), Note(tenant="acme", email=ANN))
    of = with_polymorphic(Note, [Long])
    assert [type(row) for row in of.Long.email.find(session, ANN, tenant="acme", among=select(of))] == [Long]

    class Apart(DeclarativeBase):
        pass

    class One(Apart):
        __tablename__ = "others_one"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        email = EncryptedText(current_keys, index=INDEX, sealed_as="others.email")

    class Other(One):
        __tablename__ = "others_other"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        email_sealed = mapped_column(EncryptedType, nullable=True)
        email_index = mapped_column(BlindIndexType, nullable=True)
        __mapper_args__ = {"concrete": True}

    for among in (select(Other), select()):
        with pytest.raises(TypeError, match="^among: selects other rows"):
            One.email.find(session, ANN, tenant="acme", among=among)


def test_the_constraints_of_a_mixin_are_named_by_their_tables() -> None:
    class Apart(DeclarativeBase):
        pass

    class Mixin:
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        email = EncryptedText(current_keys, index=INDEX)

    for name in ("one", "two"):
        table = type(name.title(), (Mixin, Apart), {"__tablename__": name}).__table__
        named = {one.name for column in table.columns for one in column.constraints if isinstance(one, CheckConstraint)}
        assert named == {f"ck_{name}_email_sealed", f"ck_{name}_email_index"}
