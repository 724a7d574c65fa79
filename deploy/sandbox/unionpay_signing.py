"""UnionPay 5.1.0 signatures in both directions, signMethod 01.

Source: UnionPay 「全渠道平台接入接口规范」 5.1.0: all fields but `signature` sorted by name and
joined as `k=v&…`, SHA-256 as lower-case hex, and over that SHA256withRSA, Base64. Requests name the
merchant's certificate by its serial number, answers bring UnionPay's own.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

VERSION, SIGN_METHOD = "5.1.0", "01"


def digest(fields: Mapping[str, str]) -> bytes:
    """What is signed."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")
    return hashlib.sha256(text.encode()).hexdigest().encode()


def fits(fields: Mapping[str, str], key: RSAPublicKey) -> bool:
    """Whether the merchant has signed this request."""
    try:
        signature = base64.b64decode(fields.get("signature", ""), validate=True)
        key.verify(signature, digest(fields), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def signed(told: Mapping[str, str], certificate_pem: str, key: RSAPrivateKey) -> dict[str, str]:
    """The fields as UnionPay sends them; empty ones are left out."""
    whole = {
        **{name: value for name, value in told.items() if value},
        "version": VERSION,
        "encoding": "UTF-8",
        "signMethod": SIGN_METHOD,
        "signPubKeyCert": certificate_pem.strip().replace("\n", "\r\n"),
    }
    signature = key.sign(digest(whole), PKCS1v15(), SHA256())
    return whole | {"signature": base64.b64encode(signature).decode()}
