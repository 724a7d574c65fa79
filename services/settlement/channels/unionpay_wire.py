"""UnionPay 5.1.0 messages: signed, sent over kept-alive connections, and proved.

Source: UnionPay 「全渠道平台接入接口规范」 5.1.0 and acpsdk, signMethod 01: all fields but
`signature` sorted by name and joined as `k=v&…`; its SHA-256 in lower-case hex is signed with RSA
PKCS#1 v1.5 and SHA-256; `certId` is the certificate's serial number in decimal. A request leaves
empty fields out. An answer is `k=v&…` without any escaping; braces hold fields of their own.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import certifi
import urllib3
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from urllib3.exceptions import HTTPError

from services.kernel.clock import now
from services.kernel.errors import Unavailable
from services.settlement.channels.unionpay_trust import NotTrusted, Trust

VERSION, SIGN_METHOD = "5.1.0", "01"
POOL_SIZE = 20
_FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8", "User-Agent": "linli"}


def digest_of(fields: Mapping[str, str]) -> bytes:
    """What is signed: the hex digest of all fields but the signature, sorted by name."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")
    return hashlib.sha256(text.encode()).hexdigest().encode()


def fits(fields: Mapping[str, str], key: RSAPublicKey) -> bool:
    """Whether this key has signed these fields."""
    try:
        signature = base64.b64decode(fields.get("signature", ""), validate=True)
        key.verify(signature, digest_of(fields), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def fields_of(text: str) -> dict[str, str]:
    """An answer's fields; an `&` between braces belongs to the value."""
    fields, depth, start = {}, 0, 0
    for index, letter in enumerate(f"{text}&"):
        depth += (letter == "{") - (letter == "}")
        if letter == "&" and depth == 0:
            name, _, value = text[start:index].partition("=")
            fields[name] = value
            start = index + 1
    return fields


class UnionPayWire:
    """One merchant's signed calls; made once per process, its keys are parsed once."""

    def __init__(
        self, *, mer_id: str, sign_key: str, sign_cert: str, trust: Trust, timeout_s: float
    ) -> None:
        key = load_pem_private_key(sign_key.encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("unionpay_sign_key holds no RSA key")
        self._key = key
        self._mer_id = mer_id
        self._cert_id = str(x509.load_pem_x509_certificate(sign_cert.encode()).serial_number)
        self._trust = trust
        self._pool = urllib3.PoolManager(
            maxsize=POOL_SIZE, timeout=timeout_s, retries=False, ca_certs=certifi.where()
        )

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The request with merchant, certificate and signature; empty fields are left out."""
        whole = {
            "version": VERSION,
            "encoding": "UTF-8",
            "signMethod": SIGN_METHOD,
            "accessType": "0",
            "merId": self._mer_id,
            "certId": self._cert_id,
            **fields,
        }
        whole = {name: value for name, value in whole.items() if value}
        signature = self._key.sign(digest_of(whole), PKCS1v15(), SHA256())
        return whole | {"signature": base64.b64encode(signature).decode()}

    def call(self, url: str, fields: Mapping[str, str]) -> dict[str, str]:
        """The proved answer; Unavailable when it is not known what became of the request."""
        body = urlencode(self.signed(fields))
        try:
            answer = self._pool.request("POST", url, body=body, headers=_FORM, redirect=False)
        except HTTPError as error:
            raise Unavailable(f"UnionPay: {type(error).__name__}") from error
        if answer.status != 200:
            raise Unavailable(f"UnionPay answers {answer.status}")
        told = fields_of(answer.data.decode(errors="replace"))
        try:
            self.prove(told, now())
        except NotTrusted as error:
            raise Unavailable(f"UnionPay's answer is not signed by UnionPay: {error}") from error
        return told

    def prove(self, told: Mapping[str, str], at: datetime) -> None:
        """NotTrusted unless UnionPay has signed these fields."""
        if told.get("version") != VERSION or told.get("signMethod") != SIGN_METHOD:
            raise NotTrusted("of another version, or signed in another way")
        key = self._trust.key_of(told.get("signPubKeyCert", ""), at)
        if not fits(told, key):
            raise NotTrusted("the signature does not fit")
