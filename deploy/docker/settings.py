"""What each program of the composition runs with: one private file a program, written once.

Beside it the container's own environment is read, and wins. Nothing else here reads either.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.credentials import Credentials
from deploy.local.definitions import ADMIN, Names
from deploy.local.environment import account_urls, administration
from deploy.local.home import SERVICES, Home, write_private
from deploy.local.servers import Servers
from deploy.sandbox.keys import make_keys, write_env

HOME = Home(Path("/var/lib/linli"))
NAMES = Names()
OWNERS = (*SERVICES, "gateway")
# How the containers find one another; outside, gateway and sandbox have a port on loopback each.
GATEWAY_URL = "http://gateway:8080"
SANDBOX_URL = "http://sandbox:8090"
DATABASE, BROKER, MANAGEMENT = "database:3306", "broker:5672", "broker:15672"
# Where this is given, a real account is, and the sandbox's is left out.
REAL_MERCHANT = "LINLI_SETTLEMENT_WECHATPAY_MCHID"


def outside_port(part: str) -> int:
    """The port on the host's loopback."""
    usual = {"gateway": "8080", "sandbox": "8090"}[part]
    return int(os.environ.get(f"LINLI_{part.upper()}_PORT") or usual)


def servers(secrets: Credentials) -> Servers:
    """Database and broker, as their administrator."""
    root, admin = secrets.password("database_admin"), secrets.password("broker_admin")
    return Servers(
        database_kind="container",
        broker_kind="container",
        database_url=f"mysql+pymysql://root:{root}@{DATABASE}/?charset=utf8mb4",
        broker_url=f"amqp://{ADMIN}:{admin}@{BROKER}/{NAMES.vhost}",
        control_command=None,
        control_variables=None,
        management_url=f"http://{ADMIN}:{admin}@{MANAGEMENT}",
    )


def write_all(secrets: Credentials) -> None:
    """Make what is missing of keys and passwords, and give each program its share of them.

    What this job's own environment sets as LINLI_… wins, and goes to whom it concerns.
    """
    at = servers(secrets)
    given = {name: value for name, value in os.environ.items() if name.startswith("LINLI_")}
    everything = {
        "LINLI_PUBLIC_URL": outside("gateway"),
        **secrets.environment(),
        **account_urls(at, NAMES, secrets),
        **({} if REAL_MERCHANT in given else sandbox_account()),
        **{name: value for name, value in given.items() if value},
    }
    everything = dict(map(with_contents, everything.items()))
    for owner in OWNERS:
        write(owner, share_of(owner, everything))
    write("tools", {**everything, **administration(at, NAMES), **doors()})


def outside(part: str) -> str:
    """What a browser on the host calls the gateway or the sandbox."""
    return f"http://127.0.0.1:{outside_port(part)}"


def sandbox_account() -> dict[str, str]:
    """The service account and the merchant that the sandbox knows."""
    make_keys(HOME.sandbox)
    notices = f"{GATEWAY_URL}/pay/wechat/notify"
    path = write_env(HOME.sandbox, SANDBOX_URL, outside("sandbox"), notices)
    account: dict[str, str] = json.loads(path.read_text("utf-8"))
    return {"LINLI_GATEWAY_WECHAT_SCRIPT_URL": f"{outside('sandbox')}/sandbox/jssdk.js", **account}


def doors() -> dict[str, str]:
    """Tools act as people outside do, so they see both under the same addresses as a browser."""
    return {"LINLI_GATEWAY_URL": outside("gateway"), "LINLI_SANDBOX_URL": outside("sandbox")}


def with_contents(item: tuple[str, str]) -> tuple[str, str]:
    """A setting that names a file becomes the value in it: no program needs another's folder."""
    name, value = item
    if not name.endswith("_FILE"):
        return name, value
    return name.removesuffix("_FILE"), Path(value).read_text("utf-8")


def share_of(owner: str, everything: dict[str, str]) -> dict[str, str]:
    """All settings but those of other programs."""
    others = tuple(f"LINLI_{other.upper()}_" for other in (*OWNERS, "demo") if other != owner)
    return {name: value for name, value in everything.items() if not name.startswith(others)}


def write(program: str, settings: dict[str, str]) -> None:
    write_private(HOME.secrets / f"{program}.environment.json", json.dumps(settings, indent=1))


def environment_of(program: str) -> dict[str, str]:
    """The container's environment, over what was written for this program if anything was."""
    path = HOME.secrets / f"{program}.environment.json"
    written: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {**written, **os.environ}


def port_of(url: str) -> int:
    """The port that an address names."""
    port = urlsplit(url).port
    assert port is not None, url
    return port
