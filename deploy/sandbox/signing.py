"""WeChat Pay v3 signatures in both directions, and the notice's encryption.

Sources: WeChat Pay merchant documents 「如何生成请求签名」 (WECHATPAY2-SHA256-RSA2048 over
method, path with query, timestamp, nonce and body), 「如何使用微信支付公钥验签」 (timestamp, nonce
and body) and 「如何解密回调报文」 (AEAD_AES_256_GCM with the APIv3 key).
"""

import base64
import binascii
import re
import secrets
import threading

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from deploy.sandbox import clock
from deploy.sandbox.keys import Keys

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
CLOCK_SKEW_S = 300
# WeChat Pay's choice for names (document 「微信支付公钥加密敏感信息指引」).
_SEAL = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)
_PART = re.compile(r'(\w+)="([^"]*)"')


class BadSignature(Exception):
    """The request does not come from the merchant, is altered, old or repeated."""


class BadSeal(Exception):
    """Not sealed with the platform's public key."""


class Signer:
    """The platform's pen: answers and notices; and its letter opener."""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.platform_key
        self._serial = keys.account.public_key_id
        self._cipher = AESGCM(keys.account.apiv3_key.encode())

    def headers(self, body: bytes, signed_at: float | None = None) -> dict[str, str]:
        """The five Wechatpay-* headers over exactly these bytes."""
        timestamp, nonce = str(int(signed_at or clock.now())), secrets.token_hex(16)
        message = b"%b\n%b\n%b\n" % (timestamp.encode(), nonce.encode(), body)
        signature = self._key.sign(message, PKCS1v15(), SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": self._serial,
        }

    def probe_headers(self, body: bytes) -> dict[str, str]:
        """The headers of a sign test: well formed, and wrong on purpose."""
        headers = self.headers(body)
        headers["Wechatpay-Signature"] = PROBE_PREFIX + headers["Wechatpay-Signature"]
        return headers

    def encrypted(self, plain: bytes, original_type: str) -> dict[str, str]:
        """The `resource` of a notice."""
        nonce = secrets.token_hex(6)
        sealed = self._cipher.encrypt(nonce.encode(), plain, original_type.encode())
        return {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": original_type,
            "nonce": nonce,
        }

    def opened(self, sealed: str) -> str:
        """A text that the merchant sealed with our public key, or BadSeal."""
        try:
            plain = self._key.decrypt(base64.b64decode(sealed, validate=True), _SEAL)
            return plain.decode()
        except ValueError as wrong:
            raise BadSeal from wrong


class Verifier:
    """The platform's eye: is it from the merchant, whole, fresh and for the first time?"""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.merchant_public_key
        self._mchid = keys.account.mchid
        self._serial = keys.account.merchant_serial
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def check(self, authorization: str, method: str, path: str, body: bytes) -> None:
        """Accept the Authorization header for these exact bytes, or raise BadSignature."""
        scheme, _, rest = authorization.partition(" ")
        if scheme != SCHEME:
            raise BadSignature(
                "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"
            )
        parts = dict(_PART.findall(rest))
        timestamp, nonce = parts.get("timestamp", ""), parts.get("nonce_str", "")
        self._check_identity(parts)
        if not timestamp.isdigit() or abs(clock.now() - int(timestamp)) > CLOCK_SKEW_S:
            raise BadSignature("签名时间戳与当前时间相差过大")
        message = f"{method}\n{path}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        self._check_signature(parts.get("signature", ""), message)
        self._check_first_use(nonce)

    def check_pay_sign(
        self, app_id: str, timestamp: str, nonce: str, package: str, sign: str
    ) -> None:
        """The page's paySign: app id, timestamp, nonce and package, a line each."""
        message = f"{app_id}\n{timestamp}\n{nonce}\n{package}\n".encode()
        self._check_signature(sign, message)

    def _check_identity(self, parts: dict[str, str]) -> None:
        if parts.get("mchid") != self._mchid:
            raise BadSignature("商户号不存在或与签名不符")
        if parts.get("serial_no") != self._serial:
            raise BadSignature("商户API证书序列号有误")

    def _check_signature(self, signature: str, message: bytes) -> None:
        try:
            self._key.verify(
                base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256()
            )
        except (InvalidSignature, binascii.Error, ValueError) as wrong:
            raise BadSignature("签名错误，请检查后再试") from wrong

    def _check_first_use(self, nonce: str) -> None:
        now = clock.now()
        with self._lock:
            if not nonce or nonce in self._seen:
                raise BadSignature("请求随机串重复")
            self._seen[nonce] = now
            while self._seen:  # dicts keep their order: the oldest stands first
                oldest = next(iter(self._seen))
                if now - self._seen[oldest] <= 2 * CLOCK_SKEW_S:
                    break
                del self._seen[oldest]
