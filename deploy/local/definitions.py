"""The broker's users and permissions as one document: read at boot, or imported at once."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from .home import CHECKOUT
from .problem import Problem

ADMIN = "linli_admin"
HASHING = "rabbit_password_hashing_sha256"
CONTRACT_TIME_LIMIT_S = 60


@dataclass(frozen=True)
class Names:
    """What an installation calls its own on servers it may share with others."""

    name: str = "linli"

    @property
    def vhost(self) -> str:
        return self.name

    def of(self, service: str) -> str:
        """The broker user, database user and database of a service (or the gateway)."""
        return f"{self.name}_{service}"


def password_hash(password: str, salt: bytes | None = None) -> str:
    """RabbitMQ's own form: base64(salt + SHA-256(salt + password)), salt of four bytes."""
    salt = os.urandom(4) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def contract_users() -> list[dict[str, Any]]:
    """Each service's user with what it may touch, as the contracts say."""
    done = subprocess.run(
        [sys.executable, "-m", "services.contracts.broker_users"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=CONTRACT_TIME_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        raise Problem(f"The contracts could not name the broker's users:\n{done.stderr.strip()}")
    users: list[dict[str, Any]] = json.loads(done.stdout)
    return users


def definitions(
    names: Names,
    users: list[dict[str, Any]],
    passwords: dict[str, str],
    admin: str = ADMIN,
    admin_password: str | None = None,
) -> dict[str, Any]:
    """One document with the virtual host, the users and all permissions.

    `passwords` is by service; the administrator is made only where a password is given for it.
    """
    accounts = [
        user(names.of(service), password) for service, password in sorted(passwords.items())
    ]
    if admin_password is not None:
        accounts.append(user(admin, admin_password, "administrator"))
    permissions = [permission(admin, names, ".*", ".*", ".*")]
    topics = []
    for one in users:
        owner = one["user"].replace("linli_", f"{names.name}_", 1)
        permissions.append(permission(owner, names, one["configure"], one["write"], one["read"]))
        topics += [
            {"user": owner, "vhost": names.vhost, **topic} for topic in one.get("topics", [])
        ]
    return {
        "users": accounts,
        "vhosts": [{"name": names.vhost}],
        "permissions": permissions,
        "topic_permissions": topics,
    }


def user(name: str, password: str, tags: str = "") -> dict[str, str]:
    return {
        "name": name,
        "password_hash": password_hash(password),
        "hashing_algorithm": HASHING,
        "tags": tags,
    }


def permission(name: str, names: Names, configure: str, write: str, read: str) -> dict[str, str]:
    return {
        "user": name,
        "vhost": names.vhost,
        "configure": configure,
        "write": write,
        "read": read,
    }
