"""Data at rest: AES-256-GCM with a key id, and a blind index to find what cannot be read.

Sealed bytes: `1 | length of key id | key id | nonce (12) | ciphertext and tag`. The associated data
is the id of the row, so that a ciphertext moved to another row does not open.
"""

import base64
import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.kernel.errors import InvariantBroken

_VERSION = 1
_NONCE_BYTES = 12


class SealBroken(InvariantBroken):
    """The ciphertext does not open: altered, of another row, or its key is gone."""

    code = "crypto.seal_broken"


class Sealer:
    """Seals with the first key of `id:base64,id:base64`, opens with any."""

    def __init__(self, data_keys: str) -> None:
        self._keys: dict[str, AESGCM] = {}
        for part in filter(None, data_keys.split(",")):
            key_id, _, encoded = part.partition(":")
            self._keys[key_id] = AESGCM(base64.b64decode(encoded, validate=True))
        if not self._keys:
            raise ValueError("no data key is set")
        self.current_key_id = next(iter(self._keys))

    def seal(self, plain: bytes, aad: str) -> bytes:
        """Ciphertext that opens only with the same `aad`."""
        nonce = os.urandom(_NONCE_BYTES)
        key_id = self.current_key_id.encode()
        body = self._keys[self.current_key_id].encrypt(nonce, plain, aad.encode())
        return bytes([_VERSION, len(key_id)]) + key_id + nonce + body

    def open(self, sealed: bytes, aad: str) -> bytes:
        """The plain bytes; SealBroken when it was altered, moved, or its key is gone."""
        key_id = self.key_id_of(sealed)
        if key_id not in self._keys:
            raise SealBroken(f"the data key {key_id} is not among the settings")
        start = 2 + len(key_id.encode())
        nonce, body = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        try:
            return self._keys[key_id].decrypt(nonce, body, aad.encode())
        except InvalidTag as error:
            raise SealBroken("the ciphertext was altered or belongs to another row") from error

    @staticmethod
    def key_id_of(sealed: bytes) -> str:
        """Which key sealed it; SealBroken when it is no ciphertext of ours."""
        if len(sealed) < 2 or sealed[0] != _VERSION:
            raise SealBroken("not a ciphertext of this version")
        return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


class BlindIndex:
    """The same 64 hex digits for the same text; without the key they tell nothing."""

    def __init__(self, key_base64: str) -> None:
        self._key = base64.b64decode(key_base64, validate=True)
        if len(self._key) < 32:
            raise ValueError("the blind index key has fewer than 32 bytes")

    def of(self, text: str) -> str:
        """HMAC-SHA-256 of the normalised text, as hex."""
        return hmac.new(self._key, text.strip().upper().encode(), sha256).hexdigest()
