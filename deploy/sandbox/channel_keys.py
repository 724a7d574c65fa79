"""Keys and certificates of Alipay and UnionPay and of their one customer, made once and kept.

UnionPay's certificate hangs on a root and a middle one of the sandbox's own; its name has the form
of the real one, `041@…@中国银联股份有限公司@…`, which is what merchants check.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from deploy.sandbox import clock

ACCOUNT_FILE = "channels.json"
ALIPAY_APP_KEY, ALIPAY_KEY = "alipay_app_key.pem", "alipay_key.pem"
ALIPAY_PUBLIC_KEY = "alipay_public_key.pem"
UNIONPAY_SIGN_KEY, UNIONPAY_SIGN_CERT = "unionpay_sign_key.pem", "unionpay_sign_cert.pem"
UNIONPAY_KEY, UNIONPAY_CERT = "unionpay_key.pem", "unionpay_cert.pem"
UNIONPAY_ROOT, UNIONPAY_MIDDLE = "unionpay_root_cert.pem", "unionpay_middle_cert.pem"
OWNER = "041@8310000000083040@中国银联股份有限公司@00016495"
MERCHANT = "041@8310000000083040@邻里物业服务有限公司@00016496"
VALID = timedelta(days=3650)
WECHAT_NOTIFY = "/pay/wechat/notify"

Write = Callable[[Path, str], None]


@dataclass(frozen=True)
class AlipayKeys:
    """Ids of app and seller, Alipay's own key and the app's public one."""

    app_id: str
    seller_id: str
    key: RSAPrivateKey
    app_public_key: RSAPublicKey


@dataclass(frozen=True)
class UnionPayKeys:
    """The merchant number, UnionPay's key with its certificate, the merchant's certificate."""

    mer_id: str
    key: RSAPrivateKey
    certificate_pem: str
    merchant_key: RSAPublicKey
    merchant_cert_id: str


@dataclass(frozen=True)
class ChannelKeys:
    """Both."""

    alipay: AlipayKeys
    unionpay: UnionPayKeys


def make(folder: Path, write: Write) -> None:
    """Create what is missing in `folder`; what is there stays as it is."""
    for name in (ALIPAY_APP_KEY, ALIPAY_KEY):
        if not (folder / name).exists():
            write(folder / name, _private_pem(_new_key()))
    public = _private(folder / ALIPAY_KEY).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write(folder / ALIPAY_PUBLIC_KEY, pem.decode())
    if not (folder / UNIONPAY_CERT).exists():
        _make_chain(folder, write)
    if not (folder / ACCOUNT_FILE).exists():
        ids = {
            "alipay_app_id": f"2021{_digits(12)}",
            "alipay_seller_id": f"2088{_digits(12)}",
            "unionpay_mer_id": f"777290{_digits(9)}",
        }
        write(folder / ACCOUNT_FILE, json.dumps(ids, indent=2))


def load(directory: Path) -> ChannelKeys:
    """Read what `make` wrote."""
    folder = directory / "keys"
    ids = json.loads((folder / ACCOUNT_FILE).read_text("utf-8"))
    merchant = x509.load_pem_x509_certificate((folder / UNIONPAY_SIGN_CERT).read_bytes())
    return ChannelKeys(
        AlipayKeys(
            app_id=ids["alipay_app_id"],
            seller_id=ids["alipay_seller_id"],
            key=_private(folder / ALIPAY_KEY),
            app_public_key=_private(folder / ALIPAY_APP_KEY).public_key(),
        ),
        UnionPayKeys(
            mer_id=ids["unionpay_mer_id"],
            key=_private(folder / UNIONPAY_KEY),
            certificate_pem=(folder / UNIONPAY_CERT).read_text("utf-8"),
            merchant_key=_private(folder / UNIONPAY_SIGN_KEY).public_key(),
            merchant_cert_id=str(merchant.serial_number),
        ),
    )


def settings(directory: Path, base_url: str, browser_url: str, notify_url: str) -> dict[str, str]:
    """What settlement is told of both, for env.json."""
    folder = (directory / "keys").resolve()
    ids = json.loads((folder / ACCOUNT_FILE).read_text("utf-8"))
    alipay, unionpay = "LINLI_SETTLEMENT_ALIPAY_", "LINLI_SETTLEMENT_UNIONPAY_"
    root_url = notify_url.removesuffix(WECHAT_NOTIFY)
    return {
        f"{alipay}APP_ID": ids["alipay_app_id"],
        f"{alipay}SELLER_ID": ids["alipay_seller_id"],
        f"{alipay}BASE_URL": f"{base_url}/gateway.do",
        f"{alipay}PAGE_URL": f"{browser_url}/gateway.do",
        f"{alipay}APP_KEY_FILE": str(folder / ALIPAY_APP_KEY),
        f"{alipay}PUBLIC_KEY_FILE": str(folder / ALIPAY_PUBLIC_KEY),
        f"{alipay}NOTIFY_URL": f"{root_url}/pay/alipay/notify",
        f"{unionpay}MER_ID": ids["unionpay_mer_id"],
        f"{unionpay}BASE_URL": base_url,
        f"{unionpay}PAGE_URL": browser_url,
        f"{unionpay}FILE_URL": f"{base_url}/filedownload/",
        f"{unionpay}SIGN_KEY_FILE": str(folder / UNIONPAY_SIGN_KEY),
        f"{unionpay}SIGN_CERT_FILE": str(folder / UNIONPAY_SIGN_CERT),
        f"{unionpay}ROOT_CERT_FILE": str(folder / UNIONPAY_ROOT),
        f"{unionpay}MIDDLE_CERT_FILE": str(folder / UNIONPAY_MIDDLE),
        f"{unionpay}NOTIFY_URL": f"{root_url}/pay/unionpay/notify",
    }


def _make_chain(folder: Path, write: Write) -> None:
    root_key, middle_key = _new_key(), _new_key()
    unionpay_key, merchant_key = _new_key(), _new_key()
    root_name, middle_name = _name("LINLI SANDBOX ROOT CA"), _name("LINLI SANDBOX OCA1")
    certificates = {
        UNIONPAY_ROOT: certificate(root_name, root_key, root_name, root_key, authority=True),
        UNIONPAY_MIDDLE: certificate(middle_name, middle_key, root_name, root_key, authority=True),
        UNIONPAY_SIGN_CERT: certificate(_name(MERCHANT), merchant_key, middle_name, middle_key),
        UNIONPAY_CERT: certificate(_name(OWNER), unionpay_key, middle_name, middle_key),
    }
    write(folder / UNIONPAY_KEY, _private_pem(unionpay_key))
    write(folder / UNIONPAY_SIGN_KEY, _private_pem(merchant_key))
    for name, made in certificates.items():
        write(folder / name, made.public_bytes(Encoding.PEM).decode())


def certificate(
    subject: x509.Name,
    key: RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: RSAPrivateKey,
    *,
    authority: bool = False,
) -> x509.Certificate:
    """A certificate for the key's public half, signed by the issuer."""
    since = datetime.fromtimestamp(clock.now(), UTC) - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + VALID)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(issuer_key, SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Linli Sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def _private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _private(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path.name} holds no RSA key")
    return key


def _digits(length: int) -> str:
    return "".join(str(secrets.randbelow(10)) for _ in range(length))
