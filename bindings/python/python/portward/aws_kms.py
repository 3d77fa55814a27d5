"""KEKs in AWS KMS, asked by a client of the application's: `pip install portward[aws-kms]`.

    client = boto3.client("kms", config=Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 3}))
    keyring = portward.Keyring.open("keys", kek=AwsKms(client, "1234abcd-12ab-34cd-56ef-1234567890ab"))

Region, credentials, timeouts and attempts are the client's; boto3 waits for minutes if it is not told otherwise. The identity needs
`kms:Decrypt` on the key.
"""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from . import InvalidValue, KekSlot, Unavailable
from .kek import UNAVAILABLE

# What KMS says of passing failures, with whatever status, as portward-kms has it.
_PASSING = {"ThrottlingException", "DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"}
_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class AwsKms:
    """Symmetric keys of the client's account and region, by their key ids: no aliases, which may come to mean another key, and no ARNs.

    client: of boto3. key_id, more: 1 to 64 letters, digits and `-` each. Raises `InvalidValue` (`aws_kms_key_id`), and `TypeError` for what is
    no text.
    """

    def __init__(self, client: Any, key_id: str, *more: str) -> None:
        for one in (key_id, *more):
            if not isinstance(one, str):
                raise TypeError(f"key_id: a str is wanted, not {type(one).__name__}")
            if not _KEY_ID.fullmatch(one):
                raise InvalidValue("key_id: not a key id of AWS KMS", "aws_kms_key_id")
        self._client = client
        self._key_ids = {one.encode() for one in (key_id, *more)}

    def resolves(self, slot: KekSlot) -> bool:
        """Whether the slot is of one of these keys; of version 0, as the service knows which material of a key it takes.

        Asks nobody. Raises nothing.
        """
        return (slot.kind, slot.version) == ("aws-kms", 0) and slot.id in self._key_ids

    def unwrap(self, slot: KekSlot) -> bytes:
        """The key in a slot that it resolves, 32 bytes. Asks the service, and waits as long as the client does.

        Raises `Unavailable`: `kek_unavailable` if it cannot be reached, `kek_refused` if it does not unwrap; `__cause__` is what the client
        raised.
        """
        key_id = slot.id.decode()
        try:
            answer = self._client.decrypt(
                KeyId=key_id,
                CiphertextBlob=slot.wrapped,
                EncryptionContext=slot.encryption_context,
                EncryptionAlgorithm="SYMMETRIC_DEFAULT",
            )
        except Exception as error:  # noqa: BLE001  its words are the cause, and go no further
            raise _fault(passes=_passes(error)) from _alone(error)
        key = _key_in(answer, key_id)
        # No frame of what is raised has an answer in its variables.
        del answer
        if key is None:
            raise _fault(passes=False)
        return key


def _key_in(answer: object, key_id: str) -> bytes | None:
    """The service names the key by its ARN."""
    if not isinstance(answer, dict):
        return None
    key = answer.get("Plaintext")
    is_of = str(answer.get("KeyId")).rpartition(":key/")[2] == key_id
    return key if is_of and isinstance(key, bytes) else None


def _alone(error: Exception) -> Exception:
    """Without the frames of the client, which have what it sent and read, a key for instance that stands in an answer that is cut."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _passes(error: Exception) -> bool:
    # A certificate that is none is a connection that failed, as portward-kms has it.
    if not isinstance(error, ClientError):
        return isinstance(error, (ConnectionError, HTTPClientError))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status == 429 or error.response.get("Error", {}).get("Code") in _PASSING


def _fault(*, passes: bool) -> Unavailable:
    if passes:
        return Unavailable("the provider of the KEK cannot be reached", UNAVAILABLE, "unavailable")
    return Unavailable("the provider of the KEK refused", "kek_refused", "unavailable")
