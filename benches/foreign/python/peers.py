"""The peers. Each says of what an object is that it does not open elsewhere, as ours does: CONTEXT."""

import io
import os
from dataclasses import dataclass
from typing import BinaryIO, Callable

from media import STEP

CONTEXT = b"acme|files.content|1204"
PAIRS = {"tenant": "acme", "name": "files.content", "id": "1204"}
KEY = os.urandom(32)


class Absent(Exception):
    """Why a peer cannot be measured here."""


@dataclass
class Peer:
    seal: Callable[[bytes], object]
    open: Callable[[object], bytes]
    # It is not measured below this length.
    least: int = 0


@dataclass
class Stream:
    """What reads one file and writes another."""

    seal: Callable[[BinaryIO, BinaryIO], None]
    open: Callable[[BinaryIO, BinaryIO], None]


def copy(source, target):
    while block := source.read(STEP):
        target.write(block)


def cryptography_gcm():
    """One AES-256-GCM key for all messages and a random nonce: no more than 2^32 of them, and no commitment."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(KEY)

    def seal(plaintext):
        nonce = os.urandom(12)
        return nonce + cipher.encrypt(nonce, plaintext, CONTEXT)

    return Peer(seal, lambda sealed: cipher.decrypt(sealed[:12], sealed[12:], CONTEXT))


def cryptography_cobblestone():
    """The body that ours has, by another implementation."""
    from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor

    def whole(worker, data):
        return worker.update(data) + worker.finalize()

    return Peer(
        lambda plaintext: whole(Cobblestone256Encryptor(KEY, CONTEXT), plaintext),
        lambda sealed: whole(Cobblestone256Decryptor(KEY, CONTEXT), sealed),
    )


def cobblestone_file():
    from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor

    def through(worker, source, target):
        while block := source.read(STEP):
            target.write(worker.update(block))
        target.write(worker.finalize())

    return Stream(
        lambda source, target: through(Cobblestone256Encryptor(KEY, CONTEXT), source, target),
        lambda source, target: through(Cobblestone256Decryptor(KEY, CONTEXT), source, target),
    )


def tink_aead():
    primitive = _tink_aead()
    return Peer(lambda plaintext: primitive.encrypt(plaintext, CONTEXT), lambda sealed: primitive.decrypt(sealed, CONTEXT))


def tink_envelope():
    """A data key for each message, wrapped by an AEAD in this process."""
    from tink import aead

    primitive = aead.KmsEnvelopeAead(aead.aead_key_templates.AES256_GCM, _tink_aead())
    return Peer(lambda plaintext: primitive.encrypt(plaintext, CONTEXT), lambda sealed: primitive.decrypt(sealed, CONTEXT))


def tink_streaming(template):
    """A key derived for each message, chunks of 4 KB or 1 MB."""
    primitive = _tink_streaming(template)

    def seal(plaintext):
        target = Kept()
        with primitive.new_encrypting_stream(target, CONTEXT) as stream:
            stream.write(plaintext)
        return target.bytes

    def open_(sealed):
        with primitive.new_decrypting_stream(io.BytesIO(sealed), CONTEXT) as stream:
            return stream.read()

    return Peer(seal, open_, least=64 << 10)


class Kept(io.BytesIO):
    """Its bytes outlive its closing."""

    bytes = b""

    def close(self):
        if not self.closed:
            self.bytes = self.getvalue()
        super().close()


def tink_file(template):
    primitive = _tink_streaming(template)

    def seal(source, target):
        with primitive.new_encrypting_stream(target, CONTEXT) as stream:
            copy(source, stream)

    def open_(source, target):
        with primitive.new_decrypting_stream(source, CONTEXT) as stream:
            copy(stream, target)

    return Stream(seal, open_)


def _tink_streaming(template):
    import tink
    from tink import streaming_aead

    streaming_aead.register()
    handle = tink.new_keyset_handle(getattr(streaming_aead.streaming_aead_key_templates, template))
    return handle.primitive(streaming_aead.StreamingAead)


def _tink_aead():
    import tink
    from tink import aead

    aead.register()
    return tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)


def encryption_sdk():
    """A data key for each message, wrapped by a raw AES keyring; key commitment, no signature."""
    return _encryption_sdk(keyring=_keyring())


def encryption_sdk_file():
    """As its documentation reads streams."""
    client, keyring = _client(), _keyring()

    def seal(source, target):
        options = {"algorithm": _algorithm(), "encryption_context": PAIRS}
        with client.stream(mode="e", source=source, keyring=keyring, **options) as stream:
            target.writelines(stream)

    def open_(source, target):
        with client.stream(mode="d", source=source, keyring=keyring) as stream:
            target.writelines(stream)

    return Stream(seal, open_)


def _keyring():
    from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
    from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
    from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput

    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig()).create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace="portward-bench",
            key_name="1",
            wrapping_key=KEY,
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )


def encryption_sdk_caching():
    """The same with data keys used again, as long as the caching manager allows; it takes only master keys of the older kind."""
    from aws_encryption_sdk import CachingCryptoMaterialsManager, LocalCryptoMaterialsCache
    from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
    from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
    from aws_encryption_sdk.key_providers.raw import RawMasterKey

    master_key = RawMasterKey(
        provider_id="portward-bench",
        key_id=b"1",
        wrapping_key=WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=KEY,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        ),
    )
    manager = CachingCryptoMaterialsManager(
        master_key_provider=master_key, cache=LocalCryptoMaterialsCache(100), max_age=3600.0, max_messages_encrypted=1 << 32
    )
    return _encryption_sdk(materials_manager=manager)


def _encryption_sdk(**keys):
    client = _client()

    def seal(plaintext):
        return client.encrypt(source=plaintext, algorithm=_algorithm(), encryption_context=PAIRS, **keys)[0]

    return Peer(seal, lambda sealed: client.decrypt(source=sealed, **keys)[0])


def _client():
    from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient

    return EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


def _algorithm():
    from aws_encryption_sdk.identifiers import Algorithm

    return Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY


PEERS = {
    "python-gcm": cryptography_gcm,
    "python-cobblestone": cryptography_cobblestone,
    "tink": tink_aead,
    "tink-envelope": tink_envelope,
    "tink-streaming-4KB": lambda: tink_streaming("AES256_GCM_HKDF_4KB"),
    "tink-streaming-1MB": lambda: tink_streaming("AES256_GCM_HKDF_1MB"),
    "aws-encryption-sdk": encryption_sdk,
    "aws-encryption-sdk-caching": encryption_sdk_caching,
}

STREAMS = {
    "python-cobblestone": cobblestone_file,
    "tink-streaming-4KB": lambda: tink_file("AES256_GCM_HKDF_4KB"),
    "tink-streaming-1MB": lambda: tink_file("AES256_GCM_HKDF_1MB"),
    "aws-encryption-sdk": encryption_sdk_file,
}
