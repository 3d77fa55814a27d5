"""What an application does beside values of SQLAlchemy's: nothing of it is refused, or changed, that leaves them as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import ForeignKey, ForeignKeyConstraint, MetaData, event, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, defer, load_only, mapped_column, relationship, with_polymorphic

from portward.sqlalchemy import EncryptedText, RowError

from .test_sqlalchemy import ANN, BOB, current_keys, database  # noqa: F401  a fixture
from .test_sqlalchemy_others import INDEX, Long, Note, session  # noqa: F401  a fixture
from .test_sqlalchemy_rows import kept


def test_a_column_of_the_application_is_no_index(session: Session) -> None:  # noqa: F811
    class Apart(DeclarativeBase):
        pass

    class Book(Apart):
        __tablename__ = "ordinary_books"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        chapter = EncryptedText(current_keys)
        chapter_index: Mapped[int | None]
        title: Mapped[str | None]

    Apart.metadata.create_all(session.connection())
    session.add(Book(id=1, tenant="acme", chapter=None, chapter_index=7))
    session.flush()
    session.expire_all()
    row = session.get_one(Book, 1)
    assert (row.chapter, row.chapter_index) == (None, 7)
    row.title = "another"
    session.flush()
    session.expire_all()
    assert (row.title, row.chapter_index) == ("another", 7)


def owners() -> tuple[Any, Any]:
    """Rows that lie with their owners, whose relationship writes the tenant once they were flushed."""

    class Apart(DeclarativeBase):
        pass

    class Owner(Apart):
        __tablename__ = "ordinary_owner"
        tenant: Mapped[str] = mapped_column(primary_key=True)
        id: Mapped[int] = mapped_column(primary_key=True)

    class Owned(Apart):
        __tablename__ = "ordinary_owned"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        owner_id: Mapped[int | None]
        title: Mapped[str | None]
        owner = relationship(Owner, post_update=True)
        email = EncryptedText(current_keys)
        notes = EncryptedText(current_keys)
        __table_args__ = (ForeignKeyConstraint(["tenant", "owner_id"], [Owner.tenant, Owner.id]),)

    return Owner, Owned


@pytest.mark.parametrize("option", [
    lambda of: load_only(of.title),
    lambda of: defer(of.email_sealed),
    lambda of: defer(of.email_sealed, raiseload=True),
    lambda of: load_only(of.email_sealed),
])
def test_a_row_whose_tenant_may_be_written_later_is_updated(session: Session, option: Callable[[Any], Any]) -> None:  # noqa: F811
    Owner, Owned = owners()
    Owned.metadata.create_all(session.connection())
    first, second, other = (Owner(tenant=tenant, id=id) for tenant, id in (("acme", 1), ("acme", 2), ("other", 1)))
    session.add_all([first, second, other, Owned(id=1, tenant="acme", email=ANN, owner=first)])
    session.flush()

    def read() -> Any:
        session.expunge_all()
        return session.scalars(select(Owned).options(option(Owned))).one()

    read().title = "another"
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *said: statements.append(said[2]))
    session.flush()
    assert not any("SELECT" in statement for statement in statements), "nothing is read that is not needed"
    read().owner = session.get_one(Owner, ("acme", 2))
    session.flush()
    row = session.get_one(Owned, 1)
    session.expire_all()
    assert (row.title, row.owner_id, row.email) == ("another", 2, ANN)
    with pytest.raises(RowError), session.begin_nested():
        read().owner = session.get_one(Owner, ("other", 1))


def test_what_stays_in_its_place_is_written_beside_a_value_that_another_session_has_written(session: Session) -> None:  # noqa: F811
    Owner, Owned = owners()
    Owned.metadata.create_all(session.connection())
    owner = Owner(tenant="acme", id=1)
    row = Owned(id=1, tenant="acme", email=ANN, notes="old", owner=owner)
    session.add_all([owner, row])
    session.flush()
    session.refresh(row)
    with Session(session.connection()) as another:
        another.get_one(Owned, 1).email = BOB
        another.flush()
    row.title = "another"
    row.notes = "new"
    session.flush()
    session.expire_all()
    assert (row.title, row.email, row.notes) == ("another", BOB, "new")


def test_a_relationship_that_is_added_late_changes_no_tenant(session: Session) -> None:  # noqa: F811
    class Apart(DeclarativeBase):
        pass

    class Owner(Apart):
        __tablename__ = "ordinary_late_owner"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str] = mapped_column(unique=True)

    class Owned(Apart):
        __tablename__ = "ordinary_late_owned"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str] = mapped_column(ForeignKey(Owner.tenant))
        email = EncryptedText(current_keys)

    Apart.metadata.create_all(session.connection())
    owner, other = Owner(id=1, tenant="acme"), Owner(id=2, tenant="other")
    session.add_all([owner, other])
    session.flush()
    row = Owned(id=1, tenant="acme", email=ANN)
    session.add(row)
    session.flush()
    Owner.owned = relationship(Owned, post_update=True)  # type: ignore[attr-defined]
    with pytest.raises(RowError), session.begin_nested():
        other.owned.append(row)  # type: ignore[attr-defined]
    session.expire_all()
    owner.owned.append(Owned(id=2, tenant="acme", email=BOB))  # type: ignore[attr-defined]
    session.flush()
    assert (row.email, session.get_one(Owned, 2).email) == (ANN, BOB)


def test_a_flush_leaves_classes_alone_that_are_still_declared(session: Session) -> None:  # noqa: F811
    class Apart(DeclarativeBase):
        pass

    class Used(Apart):
        __tablename__ = "ordinary_used"
        id: Mapped[int] = mapped_column(primary_key=True)

    Apart.registry.configure()

    class Early(Apart):
        __tablename__ = "ordinary_early"
        id: Mapped[int] = mapped_column(primary_key=True)
        late_id: Mapped[int] = mapped_column(ForeignKey("ordinary_late.id"))
        late = relationship("Late")

    kept(session, row := Note(tenant="acme", email=ANN))
    session.add(row)
    row.title = "another"
    session.flush()

    class Late(Apart):
        __tablename__ = "ordinary_late"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert "JOIN ordinary_late" in str(select(Early).join(Early.late))


def test_what_a_tenant_that_is_written_unseen_was_sealed_for_is_read_and_found(session: Session) -> None:  # noqa: F811
    class Before(DeclarativeBase):
        pass

    class After(DeclarativeBase):
        pass

    class Plain(Before):
        __tablename__ = "ordinary_stamped"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        email = EncryptedText(current_keys, index=INDEX)

    class Stamped(After):
        __tablename__ = "ordinary_stamped"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[str] = mapped_column(default="acme", onupdate="acme")
        title: Mapped[str | None]
        email = EncryptedText(current_keys, index=INDEX)

    After.metadata.create_all(session.connection())
    session.add(Plain(id=1, tenant="acme", email=ANN))
    session.flush()
    row = session.get_one(Stamped, 1)
    assert row.email == ANN and Stamped.email.find(session, ANN, tenant="acme") == [row]
    for name, value in (("title", "another"), ("email", BOB)):
        with pytest.raises(RowError, match="onupdate"), session.begin_nested():
            setattr(row, name, value)
    with session.begin_nested():
        session.add(Stamped(id=2, email=None))
        session.flush()
        session.get_one(Stamped, 2).title = "another"


def test_a_convention_may_ask_a_constraint_for_its_columns() -> None:
    first: Callable[[Any, Any], str] = lambda constraint, table: next(iter(constraint.columns)).name
    for part in ("column_0_name", "first"):
        convention: Any = {"ck": f"ck_%(table_name)s_%({part})s_%(constraint_name)s", "first": first}

        class Apart(DeclarativeBase):
            metadata = MetaData(naming_convention=convention)

        class Named(Apart):
            __tablename__ = "named"
            id: Mapped[int] = mapped_column(primary_key=True)
            tenant: Mapped[str]
            email = EncryptedText(current_keys)

        names = {str(one.name) for column in Named.__table__.columns for one in column.constraints}
        assert names == {"ck_named_email_sealed"}


def test_a_part_of_a_polymorphic_alias_gives_its_rows_among_those_of_other_classes(session: Session) -> None:  # noqa: F811
    kept(session, Note(tenant="acme", email=ANN), Long(tenant="acme", email=ANN))
    for is_aliased in (False, True):
        of = with_polymorphic(Note, [Long], aliased=is_aliased)
        for among in (None, select(of)):
            assert [type(row) for row in of.Long.email.find(session, ANN, tenant="acme", among=among)] == [Long]
        assert {type(row) for row in of.email.find(session, ANN, tenant="acme")} == {Note, Long}


def test_a_listener_may_state_again_what_was_not_loaded(session: Session) -> None:  # noqa: F811
    kept(session, Note(tenant="acme", email=ANN))
    tenants = iter(["acme", "other"])

    def state(mapper: Any, connection: Any, row: Any) -> None:
        row.tenant = next(tenants)

    def read() -> Any:
        session.expunge_all()
        return session.scalars(select(Note).options(load_only(Note.title))).one()

    event.listen(Note, "before_update", state)
    try:
        read().title = "another"
        session.flush()
        with pytest.raises(RowError), session.begin_nested():
            read().title = "once more"
    finally:
        event.remove(Note, "before_update", state)
    assert session.execute(text("SELECT title FROM others_notes")).scalars().all() == ["another"]
    session.expire_all()
    assert read().email == ANN
