"""Which certificates UnionPay signs with: a chain to its root, its own name, and within its dates.

Source: UnionPay acpsdk 5.1.0, `CertUtil.verifyCertificate` with `ifValidateCNName`: the
certificate comes with each message in `signPubKeyCert`; validity, the chain over the middle to the
root certificate, and the third part between the @ of its common name
(`041@8310000000083040@中国银联股份有限公司@00016495`), which must be UnionPay's.
"""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512
from cryptography.x509.oid import NameOID

OWNER = "中国银联股份有限公司"
PEM_MAX = 8 * 1024
_KNOWN_MAX = 16
_ALGORITHMS = (SHA1, SHA256, SHA384, SHA512)


class NotTrusted(Exception):
    """A certificate that is not UnionPay's, or not any more."""


class Trust:
    """UnionPay's root and middle certificates; a chain that fits is checked once."""

    def __init__(self, root_pem: str, middle_pem: str) -> None:
        self._root = x509.load_pem_x509_certificate(root_pem.encode())
        self._middle = x509.load_pem_x509_certificate(middle_pem.encode())
        _issued(self._root, self._root)
        _issued(self._middle, self._root)
        self._known: dict[str, x509.Certificate] = {}

    def key_of(self, pem: str, now: datetime) -> RSAPublicKey:
        """The key of a certificate that came with a message; NotTrusted with the reason."""
        certificate = self._known.get(pem) or self._proved(pem)
        for link in (certificate, self._middle, self._root):
            if not link.not_valid_before_utc <= now <= link.not_valid_after_utc:
                raise NotTrusted("a certificate that is out of date, or not valid yet")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise NotTrusted("a certificate without an RSA key")
        return key

    def _proved(self, pem: str) -> x509.Certificate:
        if len(pem) > PEM_MAX:
            raise NotTrusted("a certificate that is too long")
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError as error:
            raise NotTrusted("not a certificate") from error
        _issued(certificate, self._middle)
        if owner_of(certificate) != OWNER:
            raise NotTrusted("a certificate of somebody else")
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known[pem] = certificate
        return certificate


def owner_of(certificate: x509.Certificate) -> str:
    """The third part of the common name, or nothing."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    parts = str(names[0].value).split("@") if names else []
    return parts[2] if len(parts) > 2 else ""


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    # cryptography's own check refuses SHA-1, with which UnionPay's authority (CFCA OCA1) signs.
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    try:
        if certificate.issuer != issuer.subject or not isinstance(algorithm, _ALGORITHMS):
            raise ValueError
        if not isinstance(key, RSAPublicKey):
            raise ValueError
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, PKCS1v15(), algorithm)
    except (ValueError, InvalidSignature) as error:
        raise NotTrusted("a certificate that is not of UnionPay's chain") from error
