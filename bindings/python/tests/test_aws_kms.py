"""`portward.aws_kms` and a KMS on loopback, by boto3: `moto`, and a server of lies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

import portward
from keks import InKms, Module, client, moto, put_under, reported, slots_of
from portward.aws_kms import AwsKms
from portward.kek import KekProvider

WORDS = "s3cr3t words of the provider"


@pytest.fixture(scope="module")
def kms() -> Iterator[Any]:
    with moto() as endpoint:
        yield client(endpoint)


@pytest.fixture
def key_id(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["KeyId"])


def refused(folder: Path, kek: KekProvider) -> portward.PortwardError:
    with pytest.raises(portward.PortwardError) as raised:
        portward.Keyring.open(folder, kek=kek)
    return raised.value


def causes(error: BaseException) -> list[str]:
    """The codes of an error, of what is behind it, and so on."""
    behind = [] if error.__cause__ is None else causes(error.__cause__)
    return [error.code if isinstance(error, portward.PortwardError) else type(error).__name__, *behind]


def test_a_keyring_under_a_key_of_the_service(tmp_path: Path, keyring: portward.Keyring, kms: Any, key_id: str) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    folder = put_under(tmp_path / "keys", keyring, InKms(kms, key_id))
    opened = portward.Keyring.open(folder, kek=AwsKms(kms, key_id))
    assert opened.export_in_clear() == keyring.export_in_clear()
    assert portward.Keyring.open(folder, kek=AwsKms(kms, other, key_id)).deployment.id == keyring.deployment.id
    # Keys that the application did not name are not asked, though the client might.
    assert refused(folder, AwsKms(kms, other)).code == "kek_required"
    assert refused(put_under(tmp_path / "module", keyring, Module(key_id.encode(), 0)), AwsKms(kms, key_id)).code == "kek_required"


def test_what_the_service_refuses(tmp_path: Path, keyring: portward.Keyring, kms: Any, key_id: str) -> None:
    """Of a key that was destroyed as well: what is not there and what may not be used is one answer."""
    wrong = kms.create_key()["KeyMetadata"]["KeyId"]
    provider = AwsKms(kms, key_id, wrong, "1234abcd-12ab-34cd-56ef-1234567890ab")
    other = portward.Deployment.generate().id
    for number, (kek, bound) in enumerate([
        (InKms(kms, key_id), None), (InKms(kms, wrong, named=key_id), None), (InKms(kms, key_id), other),
        (InKms(kms, key_id, named="1234abcd-12ab-34cd-56ef-1234567890ab"), None),
    ]):  # fmt: skip
        folder = put_under(tmp_path / str(number), keyring, kek, bound=bound)
        if number == 0:
            assert portward.Keyring.open(folder, kek=provider).roots[0].id == keyring.roots[0].id, "the control"
        else:
            assert causes(refused(folder, provider))[:2] == ["unwrap_failed", "kek_refused"], number


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None], asked: list[Any]) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def told(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", "application/x-amz-json-1.1")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def failed(status: int, code: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return told(status, json.dumps({"__type": code, "message": WORDS}).encode())


def given(key: bytes, key_id: str) -> Callable[[BaseHTTPRequestHandler], None]:
    arn = f"arn:aws:kms:eu-central-1:111122223333:key/{key_id}"
    return told(200, json.dumps({"Plaintext": base64.b64encode(key).decode(), "KeyId": arn}).encode())


def silent(request: BaseHTTPRequestHandler) -> None:
    request.connection.recv(1)  # until the client has gone


def hung_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


KEY = bytes(range(32))
ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
REFUSED, AWAY = ["unwrap_failed", "kek_refused"], ["kek_unavailable", "kek_unavailable"]


class Named:
    """A slot of this key: what is in it is not looked at."""

    def slot(self, deployment: bytes, key: bytes) -> Any:
        slot = Module(ID.encode(), 0).slot(deployment, key)
        slot.type = 0x10
        return slot


@pytest.mark.parametrize(("answer", "expected"), [
    (given(KEY, ID), None),
    (given(KEY, "another"), REFUSED),
    (given(KEY[:31], ID), ["unwrap_failed"]),
    (given(KEY[::-1], ID), ["wrapped_damaged"]),
    (told(200, b"{}"), REFUSED),
    (told(200, b'{"KeyId": "%s"}' % ID.encode()), REFUSED),
    (told(200, b"<html>"), REFUSED),
    (failed(400, "DisabledException"), REFUSED),
    (failed(400, "KMSInvalidStateException"), REFUSED),
    (failed(400, "AccessDeniedException"), REFUSED),
    (failed(400, "InvalidCiphertextException"), REFUSED),
    (failed(400, "ThrottlingException"), AWAY),
    (failed(400, "DependencyTimeoutException"), AWAY),
    (failed(500, "KMSInternalException"), AWAY),
    (failed(500, "KeyUnavailableException"), AWAY),
    (told(503, b"<html>"), AWAY),
    (told(429, b""), AWAY),
    (silent, AWAY),
    (hung_up, AWAY),
])  # fmt: skip
def test_answers(tmp_path: Path, keyring: portward.Keyring, answer: Any, expected: list[str] | None) -> None:
    folder, asked = put_under(tmp_path / "keys", keyring, Named(), key=KEY), []
    with answering(answer, asked) as endpoint:
        provider = AwsKms(client(endpoint, 0.3 if answer is silent else 20), ID)
        if expected is None:
            assert portward.Keyring.open(folder, kek=provider).roots[0].id == keyring.roots[0].id
            (slot,) = slots_of(folder)
            blob, context = base64.b64encode(slot.wrapped).decode(), slot.encryption_context
            assert asked == [{"KeyId": ID, "CiphertextBlob": blob, "EncryptionContext": context, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}]
            return
        error = refused(folder, provider)
    assert causes(error)[: len(expected)] == expected
    assert WORDS not in f"{error!s} {error!r} {vars(error)} {error.__cause__!s}"


@pytest.mark.parametrize("body", [
    b'{"Plaintext": "%s", "KeyId": "another"}', b'{"Plaintext": "%s"}', b'{"KeyId": 5, "Plaintext": "%s"}',
    b'{"Plaintext": "%s", ', b'{"Plaintext": "%s!"}', b'{"Plaintext": ["%s"]}',
])  # fmt: skip
def test_no_frame_has_a_key_in_its_variables(tmp_path: Path, keyring: portward.Keyring, body: bytes) -> None:
    """Also where the service says it in an answer that is cut."""
    folder = put_under(tmp_path / "keys", keyring, Named())
    key = b"s3cr3t key of 32 bytes & letters"
    with answering(told(200, body % base64.b64encode(key)), []) as endpoint:
        text = reported(folder, AwsKms(client(endpoint), ID))
    assert "in unwrap" in text and "key_id = '1234abcd" in text, "the control"
    assert "s3cr3t" not in text and base64.b64encode(key)[:20].decode() not in text


def test_nobody_there(tmp_path: Path, keyring: portward.Keyring) -> None:
    folder = put_under(tmp_path / "keys", keyring, Named())
    with answering(hung_up, []) as endpoint:
        pass
    assert causes(refused(folder, AwsKms(client(endpoint), ID)))[:2] == AWAY


def test_no_credentials(tmp_path: Path, keyring: portward.Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that another attempt mends."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    nobody = boto3.session.Session().client("kms", region_name="eu-central-1", endpoint_url="http://127.0.0.1:9")
    folder = put_under(tmp_path / "keys", keyring, Named())
    assert causes(refused(folder, AwsKms(nobody, ID))) == [*REFUSED, "NoCredentialsError"]


@pytest.mark.parametrize("key_id", ["", "alias/keyring", f"arn:aws:kms:eu-central-1:111122223333:key/{ID}", "k" * 65, "ä"])
def test_a_key_is_named_by_its_id(key_id: str) -> None:
    with pytest.raises(portward.InvalidValue) as raised:
        AwsKms(None, ID, key_id)
    assert raised.value.code == "aws_kms_key_id"
    AwsKms(None, ID, "k" * 64)


@pytest.mark.parametrize("key_id", [5, b"k", None, ["k"]])
def test_a_key_id_of_a_wrong_type(key_id: Any) -> None:
    for given in ((key_id,), (ID, key_id)):
        with pytest.raises(TypeError, match="^key_id: a str is wanted, not "):
            AwsKms(None, *given)


def test_a_slot_of_another_version_is_of_another_key(tmp_path: Path, keyring: portward.Keyring) -> None:
    """Which no file has today."""
    (slot,) = slots_of(put_under(tmp_path / "keys", keyring, Named()))
    later: Any = SimpleNamespace(kind=slot.kind, id=slot.id, version=1)
    assert (AwsKms(None, ID).resolves(slot), AwsKms(None, ID).resolves(later)) == (True, False)


def test_the_passing_failures_are_those_of_rust() -> None:
    from portward import aws_kms

    source = (Path(__file__).parents[3] / "crates/portward-kms/src/aws/error.rs").read_text().partition("const PASSING")[2]
    assert aws_kms._PASSING and all(f'"{code}"' in source for code in aws_kms._PASSING)
    assert source.partition("];")[0].count('Exception"') == len(aws_kms._PASSING)


def test_a_slot_of_the_service(tmp_path: Path, keyring: portward.Keyring) -> None:
    (slot,) = slots_of(put_under(tmp_path / "keys", keyring, Named()))
    assert (slot.kind, slot.id, slot.version) == ("aws-kms", ID.encode(), 0)
