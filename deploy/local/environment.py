"""The settings that the launcher writes for every program of an installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from deploy.demo import names as names_of_demo

from .credentials import BROKER_USERS, Credentials
from .definitions import Names
from .home import CHECKOUT, SERVICES, Home, write_private
from .ports import LOOPBACK
from .problem import Problem
from .servers import Servers, amqp_variable

KEYS_LIMIT_S = 120
FROM_SHELL = ("PATH", "LANG", "TZ", "TMPDIR", "HOME", "USER", "SSL_CERT_FILE", "VIRTUAL_ENV")
# Settings of the launcher itself or of the test run; they do not belong into a service.
LAUNCHER_ONLY = (
    "LINLI_HOME",
    "LINLI_SERVERS",
    "LINLI_NAME",
    "LINLI_DATABASE_URL",
    "LINLI_AMQP_URL",
    "LINLI_MANAGEMENT_URL",
)


def with_login(url: str, user: str, password: str, path: str, query: str = "") -> str:
    """The same server for another user and another database or virtual host."""
    at = urlsplit(url)
    host = f"{quote(user, safe='')}:{quote(password, safe='')}@{at.hostname}"
    if at.port:
        host += f":{at.port}"
    return urlunsplit((at.scheme, host, path, query or at.query, ""))


def account_urls(servers: Servers, names: Names, secrets: Credentials) -> dict[str, str]:
    """Where each service finds its database and the broker, each with its own user."""
    urls = {}
    passwords = secrets.database_passwords()
    for service in SERVICES:
        name = names.of(service)
        urls[f"LINLI_{service.upper()}_DATABASE_URL"] = with_login(
            servers.database_url, name, passwords[service], f"/{name}", "charset=utf8mb4"
        )
    broker_passwords = secrets.broker_passwords()
    for user in BROKER_USERS if servers.own_users else ():
        urls[amqp_variable(user)] = with_login(
            servers.broker_url, names.of(user), broker_passwords[user], f"/{names.vhost}"
        )
    return urls


def sandbox_settings(home: Home, sandbox_url: str, notify_url: str) -> dict[str, str]:
    """Make the sandbox's keys and read the settings that go with them."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "deploy.sandbox.keys", str(home.sandbox)),
            *("--base-url", sandbox_url, "--notify-url", notify_url),
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=KEYS_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        raise Problem(f"The sandbox's keys could not be made:\n{done.stderr}")
    settings: dict[str, str] = json.loads((home.sandbox / "env.json").read_text("utf-8"))
    return settings


def demo_settings() -> dict[str, str]:
    """Whose pages they are where the demo community lives."""
    town = names_of_demo.Community()
    return {
        "LINLI_PROPERTY_NAME": town.property_name,
        "LINLI_PROPERTY_PHONE": town.service_phone,
    }


def build(
    home: Home,
    servers: Servers,
    names: Names,
    secrets: Credentials,
    gateway_port: int,
    sandbox_port: int,
    environ: Mapping[str, str] = os.environ,
    demo: bool = False,
) -> dict[str, str]:
    """All settings of services, gateway and tools; what the shell sets as LINLI_… wins."""
    gateway_url = f"http://{LOOPBACK}:{gateway_port}"
    sandbox_url = f"http://{LOOPBACK}:{sandbox_port}"
    public_url = environ.get("LINLI_PUBLIC_URL", gateway_url)
    chosen = {
        name: value
        for name, value in environ.items()
        if name.startswith("LINLI_")
        and name not in LAUNCHER_ONLY
        and not name.startswith(("LINLI_TEST_", "LINLI_PART"))
    }
    return {
        **{name: environ[name] for name in FROM_SHELL if name in environ},
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
        "EVENTLET_NO_GREENDNS": "yes",
        # What password hashing and pictures take goes back to the machine when they are done.
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_MMAP_THRESHOLD_": "1048576",
        "LINLI_RUN_DIR": str(home.run),
        "LINLI_FILES_URL": f"file://{home.files}",
        "LINLI_LOG_LEVEL": "INFO",
        "LINLI_PUBLIC_URL": public_url,
        "LINLI_GATEWAY_PORT": str(gateway_port),
        "LINLI_GATEWAY_URL": gateway_url,
        "LINLI_SANDBOX_URL": sandbox_url,
        "LINLI_GATEWAY_WECHAT_SCRIPT_URL": f"{sandbox_url}/sandbox/jssdk.js",
        "LINLI_SANDBOX_DIR": str(home.sandbox),
        **secrets.environment(),
        **account_urls(servers, names, secrets),
        **sandbox_settings(home, sandbox_url, f"{gateway_url}/pay/wechat/notify"),
        **(demo_settings() if demo else {}),
        **chosen,
    }


def administration(servers: Servers, names: Names) -> dict[str, str]:
    """What tools get on top: the administrators' addresses, for migrations, seeding and audits."""
    at = urlsplit(servers.broker_url)
    path = f"/{names.vhost}" if servers.own_users else at.path
    return {
        "LINLI_DATABASE_URL": servers.database_url,
        "LINLI_AMQP_URL": urlunsplit((at.scheme, at.netloc, path, "", "")),
    }


def save(home: Home, parts: dict[str, str], tools: dict[str, str]) -> None:
    """Keep what services, gateway and sandbox run with, and what tools get on top."""
    write_private(home.secrets / "parts.environment.json", json.dumps(parts, indent=1))
    write_private(home.secrets / "tools.environment.json", json.dumps(parts | tools, indent=1))


def load(home: Home, whose: str = "tools") -> dict[str, str] | None:
    """The settings of the installation that was started last from this home."""
    path = home.secrets / f"{whose}.environment.json"
    if not path.exists():
        return None
    environment: dict[str, str] = json.loads(path.read_text())
    return environment
