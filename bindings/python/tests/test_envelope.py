from __future__ import annotations

import io
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import portward
from conftest import TENANT

NOTES = {"name": "invoices.notes", "id": "42"}


@pytest.fixture
def notes(keys: portward.KeyStore) -> portward.Scope:
    return keys.scope(TENANT, "record:notes")


def test_a_field_opens_in_its_place_only(keys: portward.KeyStore, notes: portward.Scope) -> None:
    sealed = notes.seal(b"the text", **NOTES, x_version="1")
    assert notes.open(sealed, **NOTES, x_version="1") == b"the text" and b"the text" not in sealed
    keys.new_tenant("other")
    for scope, said in (
        (notes, NOTES | {"id": "43", "x_version": "1"}),
        (notes, NOTES | {"name": "invoices.text", "x_version": "1"}),
        (notes, NOTES | {"x_version": "2"}),
        (notes, NOTES),
        (keys.scope("other", "record:notes"), NOTES | {"x_version": "1"}),
        (keys.scope(TENANT, "record:other"), NOTES | {"x_version": "1"}),
    ):
        with pytest.raises(portward.Unreadable):
            scope.open(sealed, **said)
    for damaged in (sealed[:-1], sealed + b"\0", bytes([sealed[0] ^ 1]) + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1]), b""):
        with pytest.raises(portward.Unreadable):
            notes.open(damaged, **NOTES, x_version="1")
    for unnamed in (NOTES | {"name": ""}, NOTES | {"id": ""}):
        with pytest.raises(portward.InvalidValue):
            notes.seal(b"", **unnamed)
    with pytest.raises(portward.InvalidValue):
        notes.seal(b"", **NOTES, version="1")


def test_files_in_every_form(notes: portward.Scope, tmp_path: Path) -> None:
    said = {"name": "files.content", "id": "f-1"}
    plaintext = os.urandom(1_000_000)
    (tmp_path / "plain").write_bytes(plaintext)
    seen: list[int] = []
    assert notes.seal_file(tmp_path / "plain", tmp_path / "sealed", **said, threads=2, progress=seen.append) == len(plaintext)
    assert seen == sorted(seen) and seen[-1] == len(plaintext)
    assert (tmp_path / "sealed").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        notes.seal_file(tmp_path / "plain", tmp_path / "sealed", **said)
    notes.seal_file(io.BytesIO(plaintext), str(tmp_path / "sealed"), **said, replace=True)
    opened, seen = io.BytesIO(), []
    with (tmp_path / "sealed").open("rb") as source:
        assert notes.open_file(source, opened, **said, threads=2, progress=seen.append) == len(plaintext)
    assert opened.getvalue() == plaintext
    assert seen == sorted(seen) and seen[-1] == (tmp_path / "sealed").stat().st_size
    parts = notes.open_range(tmp_path / "sealed", **said)
    assert len(parts) == parts.length == len(plaintext)
    for offset, length in ((0, 10), (16_383, 2), (999_999, 100), (1_000_000, 1), (500_000, 200_000)):
        assert parts.read(offset, length) == plaintext[offset : offset + length]
    in_memory = notes.open_range(io.BytesIO((tmp_path / "sealed").read_bytes()), **said)
    assert in_memory.read(123_456, 7) == plaintext[123_456:123_463]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="shows what is open where there is /proc")
def test_a_range_lets_go_of_its_file(notes: portward.Scope, tmp_path: Path) -> None:
    sealed, of = tmp_path / "sealed", {"name": "files.content", "id": "f-1"}
    sealed.write_bytes(notes.seal(b"the text", **of))

    def is_open() -> bool:
        return sealed in [path.resolve() for path in Path("/proc/self/fd").iterdir()]

    with notes.open_range(sealed, **of) as parts:
        assert parts.read(4, 4) == b"text" and is_open()
    assert not is_open() and len(parts) == parts.length == 8
    parts.close()
    with pytest.raises(portward.InvalidValue) as closed:
        parts.read(4, 4)
    assert closed.value.code == "closed"
    with sealed.open("rb") as source:
        with notes.open_range(source, **of) as parts:
            assert parts.read(4, 4) == b"text"
        assert not source.closed, "it is the caller's"


def test_what_goes_wrong_with_a_file_leaves_nothing(notes: portward.Scope, tmp_path: Path) -> None:
    said = {"name": "files.content", "id": "f-1"}
    sealed = io.BytesIO()
    notes.seal_file(io.BytesIO(os.urandom(100_000)), sealed, **said)

    class Breaks:
        def read(self, size: int) -> bytes:
            raise RuntimeError("the reader's own")

    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(RuntimeError, match="own"):
        notes.seal_file(Breaks(), tmp_path / "target", **said)
    with pytest.raises(OSError, match="No space"):
        notes.seal_file(io.BytesIO(b"x"), Full(), **said)
    with pytest.raises(KeyboardInterrupt):
        notes.seal_file(io.BytesIO(bytes(1_000_000)), tmp_path / "target", **said, progress=stop)
    with pytest.raises(portward.Unreadable):
        notes.open_file(io.BytesIO(sealed.getvalue()[:-1]), tmp_path / "target", **said)
    with pytest.raises(TypeError):
        notes.seal_file(io.StringIO("text"), tmp_path / "target", **said)  # type: ignore[arg-type]
    with pytest.raises(portward.InvalidValue):
        notes.seal_file(io.BytesIO(b"x"), tmp_path / "target", **said, threads=0)
    with pytest.raises(FileNotFoundError):
        notes.seal_file(tmp_path / "absent", tmp_path / "target", **said)
    assert list(tmp_path.glob("*target*")) == []
    notes.open_file(io.BytesIO(sealed.getvalue()), tmp_path / "target", **said)
    assert (tmp_path / "target").stat().st_size == 100_000


def test_one_data_key_is_destroyed(notes: portward.Scope, store: portward.Store) -> None:
    old = notes.seal(b"old", **NOTES)
    key = notes.key_of(old)
    with pytest.raises(portward.InvalidValue) as refused:
        notes.destroy_key(key, backups_kept=0)
    assert refused.value.code == "key_state", "it seals"
    notes.rotate()
    new = notes.seal(b"new", **NOTES)
    assert notes.key_of(new) != key and notes.open(old, **NOTES) == b"old"
    stamp = store.stamp
    assert notes.destroy_key(key, backups_kept=timedelta(days=30)).keys == [key] and store.stamp != stamp
    assert notes.open(new, **NOTES) == b"new"
    with pytest.raises(portward.Unreadable) as lost:
        notes.open(old, **NOTES)
    assert lost.value.code == "data_key_destroyed"
    for wrong, code in (("07" * 16, "unknown_key"), ("07", "id_malformed")):
        with pytest.raises(portward.InvalidValue) as refused:
            notes.destroy_key(wrong, backups_kept=0)
        assert refused.value.code == code
    with pytest.raises(portward.Unreadable):
        notes.key_of(b"no object")


def test_a_scope_begins_anew_by_name(keys: portward.KeyStore, notes: portward.Scope) -> None:
    old = notes.seal(b"old", **NOTES)
    for scope, code in ((notes, "key_exists"), (keys.scope(TENANT, "index:email"), "index_key")):
        with pytest.raises(portward.InvalidValue) as refused:
            scope.begin()
        assert refused.value.code == code
    notes.destroy(backups_kept=0)
    with pytest.raises(portward.InvalidValue):
        notes.seal(b"no", **NOTES)
    notes.begin()
    new = notes.seal(b"new", **NOTES)
    assert notes.open(new, **NOTES) == b"new"
    with pytest.raises(portward.Unreadable):
        notes.open(old, **NOTES)


def test_rotation_and_erasure(keys: portward.KeyStore, notes: portward.Scope, store: portward.Store) -> None:
    before = notes.seal(b"before", **NOTES)
    notes.rotate()
    after = notes.seal(b"after", **NOTES)
    assert keys.rotate_tenant(TENANT) == 2
    keys.rewrap()
    assert [notes.open(sealed, **NOTES) for sealed in (before, after)] == [b"before", b"after"]
    embedded = notes.seal(b"embedded", **NOTES, embedded=True)
    assert len(embedded) > len(after) and notes.open(embedded, **NOTES) == b"embedded"
    stamp = store.stamp
    erasure = notes.destroy(backups_kept=timedelta(days=30))
    assert len(erasure.keys) == 2 and store.stamp != stamp
    left = erasure.complete_at - datetime.now(timezone.utc)
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30, seconds=1)
    with pytest.raises(portward.Unreadable):
        notes.open(before, **NOTES)
    with pytest.raises(portward.PortwardError):
        notes.seal(b"again", **NOTES)
    other = keys.scope(TENANT, "record:other")
    kept = other.seal(b"kept", **NOTES)
    assert other.open(kept, **NOTES) == b"kept"
    keys.destroy_tenant(TENANT, backups_kept=0)
    with pytest.raises(portward.PortwardError):
        other.open(kept, **NOTES)


def test_equal_values_are_found(keys: portward.KeyStore) -> None:
    bits = portward.index_bits(rows=2**40, distinct=2**39)  # so many that none is equal by chance
    index = keys.scope(TENANT, "index:email").blind_index(
        table="client", column="email", bits=bits, normaliser="ascii-lowercase")
    assert index.of(" Ada@Example.org") == index.of("ada@example.org ") != index.of("eve@example.org")
    with pytest.raises(portward.InvalidValue):
        index.of("  ")
    with pytest.raises(portward.InvalidValue):
        portward.index_bits(rows=100_000, distinct=3)
    assert portward.index_bits(rows=100_000, distinct=3, even_if_few=True) == 1
    keys.new_tenant("other")
    other = keys.scope("other", "index:email").blind_index(
        table="client", column="email", bits=bits, normaliser="ascii-lowercase")
    assert other.of("ada@example.org") != index.of("ada@example.org")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plaintext=st.binary(max_size=70_000), where=st.integers(min_value=0), bit=st.integers(0, 7))
def test_every_flipped_bit_is_refused(plaintext: bytes, where: int, bit: int) -> None:
    scope = Shared.scope()
    sealed = scope.seal(plaintext, **NOTES)
    assert scope.open(sealed, **NOTES) == plaintext
    at = where % len(sealed)
    with pytest.raises(portward.Unreadable):
        scope.open(sealed[:at] + bytes([sealed[at] ^ (1 << bit)]) + sealed[at + 1 :], **NOTES)


class Shared:
    """One key store for all examples of a law."""

    made: portward.Scope | None = None

    @classmethod
    def scope(cls) -> portward.Scope:
        if cls.made is None:
            import tempfile

            folder = tempfile.mkdtemp()
            keys = portward.KeyStore.open(f"sqlite:{folder}/keys.db", portward.Keyring.generate(), feed=None, create=True)
            keys.new_tenant(TENANT)
            cls.made = keys.scope(TENANT, "record:laws")
        return cls.made
