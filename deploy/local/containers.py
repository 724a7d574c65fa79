"""Broker and database in Docker, for machines that have it and nothing else; ports on loopback."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

from .database import COLLATION
from .definitions import ADMIN
from .home import Home
from .parts import Part
from .ports import LOOPBACK

DATABASE_IMAGE = "mariadb:11.4"
BROKER_IMAGE = "rabbitmq:3.13-management"
PULL_LIMIT_S = 1200
CALL_LIMIT_S = 20


def available() -> bool:
    """Whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            timeout=CALL_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def container_name(home: Home, part: str) -> str:
    """A name of its own for each installation on the machine."""
    return f"linli-{hashlib.sha256(str(home.root).encode()).hexdigest()[:8]}-{part}"


def database_part(home: Home, admin_password: str, port: int) -> Part:
    """MariaDB, with root as its administrator."""
    options = [
        *("-e", f"MARIADB_ROOT_PASSWORD={admin_password}"),
        *("-e", "MARIADB_AUTO_UPGRADE=1"),
        *("-p", f"{LOOPBACK}:{port}:3306"),
        *("-v", f"{container_name(home, 'database')}:/var/lib/mysql"),
    ]
    settings = [
        "--character-set-server=utf8mb4",
        f"--collation-server={COLLATION}",
        "--default-time-zone=+00:00",
        "--transaction-isolation=READ-COMMITTED",
        "--max-connections=400",
        "--max-allowed-packet=16M",
        "--innodb-flush-log-at-trx-commit=1",
        "--skip-name-resolve",
    ]
    return container(home, "database", options, DATABASE_IMAGE, settings, grace_s=60)


def broker_part(home: Home, admin_password: str, port: int, management_port: int) -> Part:
    """RabbitMQ, with the management API through which users are given their permissions."""
    options = [
        *("--hostname", "linli"),  # the stored data belong to the node of this name
        *("-e", f"RABBITMQ_DEFAULT_USER={ADMIN}"),
        *("-e", f"RABBITMQ_DEFAULT_PASS={admin_password}"),
        *("-p", f"{LOOPBACK}:{port}:5672"),
        *("-p", f"{LOOPBACK}:{management_port}:15672"),
        *("-v", f"{container_name(home, 'broker')}:/var/lib/rabbitmq"),
    ]
    return container(home, "broker", options, BROKER_IMAGE, [], grace_s=30)


def container(
    home: Home, part: str, options: list[str], image: str, arguments: list[str], grace_s: float
) -> Part:
    name = container_name(home, part)
    remove = ["docker", "rm", "-f", name]
    return Part(
        name=part,
        argv=["docker", "run", "--rm", "--name", name, *options, image, *arguments],
        environment={
            key: value
            for key, value in os.environ.items()
            if key in ("PATH", "HOME") or key.startswith("DOCKER_")
        },
        grace_s=grace_s,
        before=[remove],
        ended_by=remove,
    )


def pull(image: str) -> None:
    """Have the image here; one that is here already is taken as it is."""
    there = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)
    if there.returncode != 0:
        subprocess.run(
            ["docker", "pull", "-q", image], capture_output=True, timeout=PULL_LIMIT_S, check=True
        )


def forget(home: Home) -> None:
    """Remove the data that containers of this installation have kept."""
    if available():
        volumes = [container_name(home, part) for part in ("database", "broker")]
        subprocess.run(["docker", "volume", "rm", "-f", *volumes], capture_output=True, check=False)
