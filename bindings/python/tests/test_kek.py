"""A keyring under a KEK is opened by a provider of the application's, and whatever that does, an error says so and no more."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import portward
from keks import Module, put_under, reported, slots_of
from portward_ref import envelope, wrapped

WORDS = "s3cr3t words of the provider"


@pytest.fixture
def module() -> Module:
    return Module()


@pytest.fixture
def folder(tmp_path: Path, keyring: portward.Keyring, module: Module) -> Path:
    return put_under(tmp_path / "keys", keyring, module)


class Provider:
    """As the module, but for what is told."""

    def __init__(self, module: Module, **told: Callable[..., Any]) -> None:
        self.resolves, self.unwrap = module.resolves, module.unwrap
        for name, method in told.items():
            setattr(self, name, method)


class Away(Exception):
    """Not by the class that says so."""

    code = "kek_unavailable"


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(_: portward.KekSlot) -> Any:
        raise error

    return raises


def ids(keyring: portward.Keyring) -> list[str]:
    return [root.id for root in keyring.roots]


def code(work: Callable[[], object]) -> str:
    with pytest.raises(portward.PortwardError) as raised:
        work()
    return raised.value.code


def test_it_opens_and_the_provider_is_asked_on_the_callers_thread(folder: Path, keyring: portward.Keyring, module: Module) -> None:
    threads = []

    def unwrap(slot: portward.KekSlot) -> bytes:
        threads.append(threading.get_ident())
        return module.unwrap(slot)

    opened = portward.Keyring.open(folder, kek=Provider(module, unwrap=unwrap))
    assert (ids(opened), opened.deployment.id) == (ids(keyring), keyring.deployment.id)
    assert opened.export_in_clear() == keyring.export_in_clear() and threads == [threading.get_ident()]


def test_a_slot_says_what_it_is_bound_to(folder: Path, keyring: portward.Keyring) -> None:
    (slot,) = slots_of(folder)
    deployment, head = bytes.fromhex(keyring.deployment.id), envelope.slot_head(envelope.PKCS11_SLOT, b"kek-a", 1)
    assert (slot.kind, slot.id, slot.version, len(slot.wrapped)) == ("pkcs11", b"kek-a", 1, 60)
    assert slot.binding == wrapped.binding(deployment, head)
    assert slot.encryption_context == wrapped.encryption_context(deployment, head)
    assert repr(slot) == "KekSlot(pkcs11 kek-a, version 1)"


@pytest.mark.parametrize(("told", "expected"), [
    ({"unwrap": raising(ValueError(WORDS))}, "unwrap_failed"),
    ({"unwrap": raising(portward.Unavailable(WORDS, "kek_refused"))}, "unwrap_failed"),
    ({"unwrap": raising(Away(WORDS))}, "unwrap_failed"),
    ({"unwrap": raising(portward.Unavailable(WORDS, "kek_unavailable"))}, "kek_unavailable"),
    ({"resolves": raising(OSError(WORDS))}, "unwrap_failed"),
    ({"resolves": lambda _: False}, "kek_required"),
    ({"unwrap": lambda _: bytes(31)}, "unwrap_failed"),
    ({"unwrap": lambda _: bytearray(33)}, "unwrap_failed"),
    ({"unwrap": lambda _: b""}, "unwrap_failed"),
    ({"unwrap": lambda _: bytes(32)}, "wrapped_damaged"),
])  # fmt: skip
def test_a_provider_that_gives_no_key(folder: Path, module: Module, told: dict[str, Callable[..., Any]], expected: str) -> None:
    with pytest.raises((portward.Unavailable, portward.InvalidValue)) as raised:
        portward.Keyring.open(folder, kek=Provider(module, **told))
    error = raised.value
    assert error.code == expected and WORDS not in f"{error!s} {error!r} {vars(error)}"
    assert isinstance(error, portward.Unavailable) is (expected in ("unwrap_failed", "kek_unavailable"))
    by_provider = any(method.__name__ == "raises" for method in told.values())
    assert (WORDS in str(error.__cause__)) is by_provider, "what it raised is the cause"
    portward.Keyring.open(folder, kek=Provider(module))


async def coroutine(_: portward.KekSlot) -> bytes:
    return bytes(32)


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize(("told", "words"), [
    ({"unwrap": lambda _: "k" * 32}, "kek.unwrap: bytes or a bytearray is wanted, not str"),
    ({"unwrap": lambda _: memoryview(bytes(32))}, "kek.unwrap: .*, not memoryview"),
    ({"unwrap": lambda _: None}, "kek.unwrap: .*, not NoneType"),
    ({"unwrap": coroutine}, "kek.unwrap: .*, not coroutine"),
    ({"resolves": coroutine}, "kek.resolves: a bool is wanted, not coroutine"),
    ({"resolves": lambda _: 1}, "kek.resolves: .*, not int"),
])  # fmt: skip
def test_an_answer_of_a_wrong_type(folder: Path, module: Module, told: dict[str, Callable[..., Any]], words: str) -> None:
    with pytest.raises(TypeError, match=f"^{words}$"):
        portward.Keyring.open(folder, kek=Provider(module, **({"unwrap": raising(AssertionError())} | told)))
    portward.Keyring.open(folder, kek=Provider(module))


KEY_TEXT = "s3cr3t key of 32 bytes and letters"


@pytest.mark.parametrize("key", [
    KEY_TEXT, [KEY_TEXT.encode()], memoryview(KEY_TEXT.encode()), KEY_TEXT.encode(), bytearray(KEY_TEXT.encode()), KEY_TEXT.encode()[:32],
])  # fmt: skip
def test_no_frame_has_a_key_in_its_variables(folder: Path, module: Module, key: Any) -> None:
    told = reported(folder, Provider(module, unwrap=lambda _: key))
    assert "is wanted" not in told or "provider = <test_kek.Provider" in told, "the control"
    assert "s3cr3t" not in told


@pytest.mark.parametrize("kek", [object(), Module, "pkcs11:token=x", b"k" * 32, lambda slot: bytes(32)])
def test_what_is_no_provider(folder: Path, kek: Any) -> None:
    with pytest.raises(TypeError, match="^kek: .* is not a KekProvider$"):
        portward.Keyring.open(folder, kek=kek)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("method", ["resolves", "unwrap"])
def test_what_ends_the_program_passes(folder: Path, module: Module, kind: type[BaseException], method: str) -> None:
    with pytest.raises(kind):
        portward.Keyring.open(folder, kek=Provider(module, **{method: raising(kind())}))


def test_the_next_kek_is_asked_only_if_the_first_is_away(tmp_path: Path, keyring: portward.Keyring) -> None:
    first, second = Module(), Module(b"kek-b")
    folder = put_under(tmp_path / "keys", keyring, first, second)
    asked: list[bytes] = []

    def provider(error: Exception) -> Provider:
        def unwrap(slot: portward.KekSlot) -> bytes | bytearray:
            asked.append(slot.id)
            if slot.id == b"kek-a":
                raise error
            return second.unwrap(slot)

        return Provider(first, resolves=lambda slot: True, unwrap=unwrap)

    assert ids(portward.Keyring.open(folder, kek=provider(portward.Unavailable(WORDS, "kek_unavailable")))) == ids(keyring)
    assert code(lambda: portward.Keyring.open(folder, kek=provider(RuntimeError()))) == "unwrap_failed"
    assert asked == [b"kek-a", b"kek-b", b"kek-a"]
    assert ids(portward.Keyring.open(folder, kek=second)) == ids(keyring), "whoever has the second alone"


def test_without_a_provider(folder: Path, module: Module) -> None:
    assert code(lambda: portward.Keyring.open(folder)) == "kek_required"
    assert code(lambda: portward.Keyring.open(folder, passphrase=b"correct horse")) == "kek_required"
    portward.Keyring.open(folder, passphrase=b"correct horse", kek=module)


def test_what_is_kept_in_another_way(tmp_path: Path, module: Module) -> None:
    """Whoever can write the directory could put a keyring of their own into it in the clear."""
    portward.Keyring.create(tmp_path / "clear")
    assert code(lambda: portward.Keyring.open(tmp_path / "clear", kek=module)) == "keyring_lock"
    portward.Keyring.create(tmp_path / "sealed", passphrase=b"correct horse")
    assert code(lambda: portward.Keyring.open(tmp_path / "sealed", kek=module)) == "passphrase_required"
    portward.Keyring.open(tmp_path / "sealed", kek=module, passphrase=b"correct horse")
    assert code(lambda: portward.Keyring.open(tmp_path / "absent", kek=module)) == "file_missing"


def test_of_another_deployment(tmp_path: Path, keyring: portward.Keyring, module: Module) -> None:
    other = portward.Deployment.generate()
    # The deployment is in what the slot is bound to, and in the file.
    bound = put_under(tmp_path / "bound", keyring, module, bound=other.id)
    assert code(lambda: portward.Keyring.open(bound, kek=module)) == "unwrap_failed"
    beside = put_under(tmp_path / "beside", keyring, module)
    portward.Keyring.open(beside, kek=module)
    (beside / "deployment.json").write_bytes(other.to_json())
    assert code(lambda: portward.Keyring.open(beside, kek=module)) == "keyring_wrong_deployment"


def test_what_becomes_of_the_directory_meanwhile_changes_nothing(folder: Path, keyring: portward.Keyring, module: Module) -> None:
    def unwrap(slot: portward.KekSlot) -> bytes | bytearray:
        put_under(folder, portward.Keyring.generate(), Module())
        return module.unwrap(slot)

    assert ids(portward.Keyring.open(folder, kek=Provider(module, unwrap=unwrap))) == ids(keyring)
    assert code(lambda: portward.Keyring.open(folder, kek=module)) == "unwrap_failed", "from now on it is the other"


def test_a_bytearray_is_overwritten(tmp_path: Path, keyring: portward.Keyring, module: Module) -> None:
    key = os.urandom(32)
    folder = put_under(tmp_path / "keys", keyring, module, key=key)
    for given in (bytearray(key), bytearray(key[:31])):
        kept = memoryview(given)
        try:
            portward.Keyring.open(folder, kek=Provider(module, unwrap=lambda _, given=given: given))
        except portward.Unavailable as error:
            assert len(given) == 31 and error.code == "unwrap_failed"
        assert bytes(kept) == bytes(len(given))
