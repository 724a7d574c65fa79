"""What each service may reach: its database and user, and its user at the broker."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from .database import COLLATION
from .definitions import Names
from .home import SERVICES
from .problem import Problem

CONNECT_TIMEOUT_S = 5
IMPORT_LIMIT_S = 60


def database_statements(names: Names, passwords: dict[str, str], host: str) -> Iterator[str]:
    """SQL that gives each service its database and a user with rights on that one alone."""
    for service in SERVICES:
        name, account = names.of(service), f"'{names.of(service)}'@'{host}'"
        yield f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE {COLLATION}"
        yield f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{passwords[service]}'"
        yield f"ALTER USER {account} IDENTIFIED BY '{passwords[service]}'"
        # In a grant an underscore stands for any character unless it is escaped.
        pattern = name.replace("_", r"\_")
        yield f"GRANT ALL PRIVILEGES ON `{pattern}`.* TO {account}"


def drop_statements(names: Names, host: str) -> Iterator[str]:
    """SQL that takes all of that away again."""
    for service in SERVICES:
        yield f"DROP DATABASE IF EXISTS `{names.of(service)}`"
        yield f"DROP USER IF EXISTS '{names.of(service)}'@'{host}'"


@contextmanager
def database_connection(url: str) -> Iterator[Any]:
    """A connection to the server that an SQLAlchemy URL names, closed at the end."""
    import pymysql

    at = urlsplit(url)
    connection = pymysql.connect(
        host=at.hostname or "127.0.0.1",
        port=at.port or 3306,
        user=unquote(at.username or ""),
        password=unquote(at.password or ""),
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_S,
    )
    try:
        yield connection
    finally:
        connection.close()


def run_statements(url: str, statements: Iterator[str]) -> None:
    with database_connection(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_notes = 0")
        for statement in statements:
            cursor.execute(statement)


def database_answers(url: str) -> bool:
    """Whether the server lets its administrator in."""
    import pymysql

    try:
        with database_connection(url):
            return True
    except (OSError, pymysql.err.OperationalError):
        return False


def broker_answers(url: str) -> bool:
    """Whether the broker lets this user into this virtual host."""
    import amqp

    at = urlsplit(url)
    try:
        with amqp.Connection(
            host=f"{at.hostname}:{at.port or 5672}",
            userid=unquote(at.username or ""),
            password=unquote(at.password or ""),
            virtual_host=unquote(at.path[1:]) or "/",
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=CONNECT_TIMEOUT_S,
        ):
            return True
    except (OSError, amqp.exceptions.AMQPError):
        return False


def import_with_control(
    command: list[str], variables: dict[str, str], path: Path, document: dict[str, Any]
) -> None:
    """Apply definitions to a running node in one call of rabbitmqctl."""
    from .home import write_private

    write_private(path, json.dumps(document))
    run_control(command, variables, "import_definitions", str(path))


def run_control(command: list[str], variables: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        [*command, *words],
        env=variables,
        capture_output=True,
        text=True,
        timeout=IMPORT_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        raise Problem(f"rabbitmqctl {words[0]} failed:\n{done.stdout}{done.stderr}")


def management_answers(url: str) -> bool:
    """Whether the management API takes this login."""
    try:
        call_management(url, "GET", "/api/overview")
    except Problem:
        return False
    return True


def call_management(url: str, method: str, path: str, document: Any = None) -> None:
    """One call of the management API; user and password are in the URL."""
    at = urlsplit(url)
    login = f"{unquote(at.username or '')}:{unquote(at.password or '')}"
    host = f"{at.hostname}:{at.port or 15672}"
    request = urllib.request.Request(
        urlunsplit((at.scheme, host, at.path.rstrip("/") + path, "", "")),
        method=method,
        data=None if document is None else json.dumps(document).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=IMPORT_LIMIT_S):
            pass
    except OSError as problem:  # HTTP errors are among them
        raise Problem(f"RabbitMQ's management API refused {method} {path}: {problem}") from problem
