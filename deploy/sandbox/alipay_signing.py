"""Alipay's RSA2 signatures in both directions.

Source: Alipay open platform 「自行实现签名」, 「自行实现验签」, 「异步通知验签」: fields that hold
anything, but `sign`, sorted by name and joined as `k=v&…`, SHA256withRSA, Base64; answers are
signed over the characters of the inner object; notices leave out `sign_type` too.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256


def joined(fields: Mapping[str, str], left_out: tuple[str, ...]) -> bytes:
    """What is signed."""
    names = sorted(name for name, value in fields.items() if value and name not in left_out)
    return "&".join(f"{name}={fields[name]}" for name in names).encode()


def fits(fields: Mapping[str, str], key: RSAPublicKey) -> bool:
    """Whether the app has signed this request."""
    try:
        signature = base64.b64decode(fields.get("sign", ""), validate=True)
        key.verify(signature, joined(fields, ("sign",)), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def sign(message: bytes, key: RSAPrivateKey) -> str:
    """The signature in Base64."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def answer(method: str, told: Mapping[str, Any], key: RSAPrivateKey | None) -> bytes:
    """An answer's bytes; without a key unsigned, as Alipay answers a request it does not know."""
    inner = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    name = f"{method.replace('.', '_')}_response" if key else "error_response"
    seal = f',"sign":"{sign(inner.encode(), key)}"' if key else ""
    return f'{{"{name}":{inner}{seal}}}'.encode()


def notice(told: Mapping[str, str], key: RSAPrivateKey) -> dict[str, str]:
    """A notice's fields with sign and sign_type."""
    signature = sign(joined(told, ("sign", "sign_type")), key)
    return {**told, "sign_type": "RSA2", "sign": signature}
