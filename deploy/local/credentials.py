"""Secrets of one installation: made once, each in a file that only its owner may read."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from .home import SERVICES, write_private

BROKER_USERS = (*SERVICES, "gateway")


def keep(path: Path, make: Callable[[], str]) -> str:
    """The secret in this file; made and written if there is none yet."""
    if not path.exists():
        write_private(path, make())
    return path.read_text(encoding="utf-8")


def password() -> str:
    # Letters and digits only: it goes into URLs, SQL and configuration files as it is.
    return secrets.token_hex(16)


def key_32_bytes() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def actor_key_pair() -> tuple[str, str]:
    """A new Ed25519 pair as PEM: private, public."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    private_pem = private.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    return private_pem.decode(), public_pem.decode()


class Credentials:
    """Everything secret of one installation; reading one makes it at the first time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        return self._folder / name

    def password(self, name: str) -> str:
        return keep(self.path(f"{name}.password"), password)

    def database_passwords(self) -> dict[str, str]:
        return {service: self.password(f"database_{service}") for service in SERVICES}

    def broker_passwords(self) -> dict[str, str]:
        return {user: self.password(f"broker_{user}") for user in BROKER_USERS}

    def environment(self) -> dict[str, str]:
        """The keys of services and gateway, as settings."""
        private, public = self.path("actor_private_key.pem"), self.path("actor_public_key.pem")
        if not (private.exists() and public.exists()):
            private_pem, public_pem = actor_key_pair()
            write_private(private, private_pem)
            write_private(public, public_pem)
        return {
            "LINLI_IDENTITY_ACTOR_PRIVATE_KEY_FILE": str(private),
            "LINLI_ACTOR_PUBLIC_KEY_FILE": str(public),
            "LINLI_DATA_KEYS": keep(self.path("data_keys"), lambda: f"k1:{key_32_bytes()}"),
            "LINLI_BLIND_INDEX_KEY": keep(self.path("blind_index_key"), key_32_bytes),
            "LINLI_DELIVERY_PASS_KEY": keep(self.path("delivery_pass_key"), key_32_bytes),
            "LINLI_GATEWAY_SECRET_KEY": keep(self.path("gateway_secret_key"), key_32_bytes),
            "LINLI_DEMO_STAFF_PASSWORD": keep(
                self.path("demo_staff.password"), lambda: secrets.token_urlsafe(9)
            ),
        }
