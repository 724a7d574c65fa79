"""A private MariaDB: own folder, port and socket, on loopback only, tuned to be small and safe."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .home import Home, write_private
from .parts import Part
from .ports import LOOPBACK, Ports
from .problem import Problem

BOOT_LIMIT_S = 90
INSTALL_LIMIT_S = 120
ADMIN = "linli_admin"
# Columns of ids and codes name a binary one themselves; this is for what people write. The server's
# own default would take all rare Chinese characters (beyond the BMP) for the same one.
COLLATION = "utf8mb4_unicode_520_ci"
SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
SETTINGS = """\
[mariadbd]
datadir = {folder}/data
tmpdir = {folder}/tmp
socket = mariadb.sock
pid-file = mariadb.pid
bind-address = 127.0.0.1
port = {port}
skip-name-resolve
skip-log-bin
symbolic-links = 0
local-infile = 0
init-file = {folder}/init.sql
character-set-server = utf8mb4
collation-server = {collation}
default-time-zone = +00:00
transaction-isolation = READ-COMMITTED
max_connections = 400
max_allowed_packet = 16M
performance_schema = OFF
query_cache_type = OFF
innodb_buffer_pool_size = 128M
innodb_log_file_size = 64M
innodb_flush_log_at_trx_commit = 1
aria_pagecache_buffer_size = 8M
key_buffer_size = 1M
"""


def program(name: str) -> str | None:
    return shutil.which(name, path=SEARCH_PATH)


def available() -> bool:
    """Whether MariaDB's server and its installer are here."""
    return program("mariadbd") is not None and program("mariadb-install-db") is not None


def prepare(home: Home, admin_password: str, port: int) -> None:
    """Write the settings, and make the data folder if there is none (complete)."""
    folder = home.database
    (folder / "tmp").mkdir(mode=0o700, exist_ok=True)
    user = "user = root\n" if os.geteuid() == 0 else ""
    settings = SETTINGS.format(folder=folder, port=port, collation=COLLATION)
    write_private(folder / "my.cnf", settings + user)
    write_private(folder / "init.sql", first_statements(admin_password))
    if not (folder / "data").exists():
        install(folder)


def first_statements(admin_password: str) -> str:
    """What the server runs before it answers anybody: no account is ever without a password."""
    return (
        f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{admin_password}';\n"
        f"CREATE USER IF NOT EXISTS '{ADMIN}'@'{LOOPBACK}' IDENTIFIED BY '{admin_password}';\n"
        f"ALTER USER '{ADMIN}'@'{LOOPBACK}' IDENTIFIED BY '{admin_password}';\n"
        f"GRANT ALL PRIVILEGES ON *.* TO '{ADMIN}'@'{LOOPBACK}' WITH GRANT OPTION;\n"
    )


def install(folder: Path) -> None:
    """Make a data folder; it gets its name only when complete."""
    draft = folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    command = [
        program("mariadb-install-db") or "mariadb-install-db",
        "--no-defaults",
        f"--datadir={draft}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",  # a bare machine may not know its own name
    ]
    if os.geteuid() == 0:
        command.append("--user=root")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=INSTALL_LIMIT_S,
        check=False,
        env={**os.environ, "PATH": SEARCH_PATH},
    )
    if done.returncode != 0:
        raise Problem(f"mariadb-install-db failed:\n{done.stdout}{done.stderr}")
    draft.rename(folder / "data")


def part(home: Home) -> Part:
    """The server; it flushes before it ends, so it is given time."""
    command = [program("mariadbd") or "mariadbd", f"--defaults-file={home.database / 'my.cnf'}"]
    variables = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "HOME": str(home.database)}
    return Part("database", command, variables, grace_s=60)


def claim_port(ports: Ports) -> int:
    """Choose the port of a server that is not running."""
    return ports.claim("database")
