"""Broker and database of an installation: given by URL, private programs, or containers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import accounts, broker, containers, database, packages, progress
from .credentials import BROKER_USERS, Credentials
from .definitions import ADMIN, Names, contract_users, definitions
from .home import Home, write_private
from .keeper import Keeper, until
from .parts import Part
from .ports import LOOPBACK, Ports
from .problem import Problem

NOTHING_FOUND = """\
Linli needs RabbitMQ and MariaDB, and finds no {what} on this machine. One of these will do:

  1. Debian or Ubuntu, as root:   apt-get install {packages}
     (or run this command as root: it installs them itself, without starting system services)
  2. other systems: install {what} so that {program} is on the PATH
  3. Docker: start the engine, and let this user reach it
  4. a server that runs elsewhere: set {variable}
"""

MANAGEMENT_LIMIT_S = 15
NO_MANAGEMENT = """\
Each service needs a broker user of its own, and LINLI_AMQP_URL alone can not make them. Either set
LINLI_MANAGEMENT_URL (http://user:password@host:15672, RabbitMQ's management API), or make the users
that `python -m services.contracts.broker_users` lists and set LINLI_IDENTITY_AMQP_URL and so on.
"""


@dataclass(frozen=True)
class Servers:
    """Where broker and database are, and how their accounts are managed."""

    database_kind: str  # given, private, container
    broker_kind: str
    database_url: str  # of the administrator
    broker_url: str  # of the administrator, with the first virtual host
    control_command: list[str] | None  # rabbitmqctl for this node
    control_variables: dict[str, str] | None
    management_url: str | None  # the management API, where there is one

    @property
    def client_host(self) -> str:
        """From where database users may come."""
        return LOOPBACK if self.database_kind == "private" else "%"

    @property
    def own_users(self) -> bool:
        """Whether the launcher makes the broker users; otherwise their addresses are all given."""
        return self.control_command is not None or self.management_url is not None

    def save(self, home: Home) -> None:
        write_private(home.secrets / "servers.json", json.dumps(asdict(self), indent=1))


def saved(home: Home) -> Servers | None:
    """The servers that this installation used last."""
    path = home.secrets / "servers.json"
    return Servers(**json.loads(path.read_text())) if path.exists() else None


@dataclass(frozen=True)
class Wanted:
    """One of the two programs, and how each way to it is called."""

    what: str
    program: str
    packages: tuple[str, ...]
    variable: str
    available: Callable[[], bool]


MARIADB = Wanted("MariaDB", "mariadbd", packages.DATABASE, "LINLI_DATABASE_URL", database.available)
RABBITMQ = Wanted(
    "RabbitMQ", "rabbitmq-server", packages.BROKER, "LINLI_AMQP_URL", broker.available
)


def choose(wanted: Wanted, environ: Mapping[str, str], before: str | None) -> str:
    """The kind of one server: given, private or container; a missing program is installed.

    A container that holds data already, or LINLI_SERVERS=containers, goes before programs.
    """
    if environ.get(wanted.variable):
        return "given"
    asked = environ.get("LINLI_SERVERS") == "containers" or before == "container"
    if asked and containers.available():
        return "container"
    if wanted.available():
        return "private"
    if packages.can_install():
        with progress.step(f"Debian packages: {' '.join(wanted.packages)}"):
            packages.install(wanted.packages)
        if wanted.available():
            return "private"
    if containers.available():
        return "container"
    raise nothing_found(wanted)


def nothing_found(wanted: Wanted) -> Problem:
    """One screen with every way there is."""
    text = NOTHING_FOUND.format(
        what=wanted.what,
        packages=" ".join(wanted.packages),
        program=wanted.program,
        variable=wanted.variable,
    )
    return Problem(text)


def launch(home: Home, keeper: Keeper, names: Names, environ: Mapping[str, str]) -> Servers:
    """Start what is private and say where everything is; what runs already keeps running."""
    before = saved(home)
    database_kind = choose(MARIADB, environ, before.database_kind if before else None)
    broker_kind = choose(RABBITMQ, environ, before.broker_kind if before else None)
    keeper.ensure()
    ports, secrets = Ports(home.run / "ports.json"), Credentials(home.secrets)
    database_url = launch_database(home, keeper, ports, secrets, database_kind, environ)
    broker_url = launch_broker(home, keeper, ports, secrets, names, broker_kind, environ)
    command, variables = broker.control(home, ports) if broker_kind == "private" else (None, None)
    management = None
    if broker_kind == "container":
        management = management_url(broker_url, LOOPBACK, ports["broker_management"])
    elif broker_kind == "given" and not all(
        amqp_variable(user) in environ for user in BROKER_USERS
    ):
        management = environ.get("LINLI_MANAGEMENT_URL") or management_url(broker_url)
        if not until(partial(accounts.management_answers, management), MANAGEMENT_LIMIT_S):
            raise Problem(NO_MANAGEMENT)
    servers = Servers(
        database_kind, broker_kind, database_url, broker_url, command, variables, management
    )
    servers.save(home)
    return servers


def management_url(broker_url: str, host: str | None = None, port: int = 15672) -> str:
    """Where the management API of a broker usually is, with the broker's own login."""
    at = urlsplit(broker_url)
    login = at.netloc.rpartition("@")[0]
    return f"http://{login}@{host or at.hostname}:{port}"


def amqp_variable(user: str) -> str:
    """The setting that holds the broker's address for a service or the gateway."""
    return f"LINLI_{user.upper()}_AMQP_URL"


def launch_database(
    home: Home, keeper: Keeper, ports: Ports, secrets: Credentials, kind: str,
    environ: Mapping[str, str],
) -> str:  # fmt: skip
    if kind == "given":
        return environ["LINLI_DATABASE_URL"]
    password = secrets.password("database_admin")
    running = keeper.part_process("database") is not None
    port = ports["database"] if running else ports.claim("database")
    if not running:
        keeper.start(database_part(home, kind, password, port))
    user = database.ADMIN if kind == "private" else "root"
    return f"mysql+pymysql://{user}:{password}@{LOOPBACK}:{port}/?charset=utf8mb4"


def database_part(home: Home, kind: str, password: str, port: int) -> Part:
    if kind == "container":
        containers.pull(containers.DATABASE_IMAGE)
        return containers.database_part(home, password, port)
    database.prepare(home, password, port)
    return database.part(home)


def launch_broker(
    home: Home, keeper: Keeper, ports: Ports, secrets: Credentials, names: Names, kind: str,
    environ: Mapping[str, str],
) -> str:  # fmt: skip
    if kind == "given":
        return environ["LINLI_AMQP_URL"]
    password = secrets.password("broker_admin")
    if keeper.part_process("broker") is None:
        for part in broker_parts(home, ports, secrets, names, kind, password):
            keeper.start(part)
    return f"amqp://{ADMIN}:{password}@{LOOPBACK}:{ports['broker']}/{names.vhost}"


def broker_parts(
    home: Home, ports: Ports, secrets: Credentials, names: Names, kind: str, password: str
) -> list[Part]:
    if kind == "container":
        containers.pull(containers.BROKER_IMAGE)
        management = ports.claim("broker_management")
        return [containers.broker_part(home, password, ports.claim("broker"), management)]
    broker.claim_ports(ports)
    document = definitions(
        names, contract_users(), secrets.broker_passwords(), admin_password=password
    )
    broker.prepare(home, secrets.password("erlang_cookie"), json.dumps(document), ports)
    return broker.parts(home, ports)


def wait_for_database(servers: Servers, home: Home) -> None:
    """Return when the administrator is let in."""
    if not until(lambda: accounts.database_answers(servers.database_url), database.BOOT_LIMIT_S):
        raise Problem(f"MariaDB does not answer; see {home.logs}/database.log")


def wait_for_broker(servers: Servers, home: Home) -> None:
    """Return when the administrator is let into the virtual host."""
    if servers.broker_kind == "container":
        # The image knows the default virtual host only; ours comes with the definitions.
        probe = servers.broker_url.rpartition("/")[0] + "/%2F"
    else:
        probe = servers.broker_url
    if not until(lambda: accounts.broker_answers(probe), broker.BOOT_LIMIT_S):
        raise Problem(f"RabbitMQ does not answer; see {home.logs}/broker.log and {home.broker}/log")


def open_accounts(servers: Servers, names: Names, secrets: Credentials) -> None:
    """Give every service its database and user."""
    accounts.run_statements(
        servers.database_url,
        accounts.database_statements(names, secrets.database_passwords(), servers.client_host),
    )


def apply_definitions(servers: Servers, names: Names, secrets: Credentials, folder: Path) -> None:
    """Give every service and the gateway their broker user at a broker that runs already."""
    admin = unquote(urlsplit(servers.broker_url).username or ADMIN)
    document = definitions(names, contract_users(), secrets.broker_passwords(), admin)
    if servers.control_command is not None and servers.control_variables is not None:
        accounts.import_with_control(
            servers.control_command,
            servers.control_variables,
            folder / "definitions.import.json",
            document,
        )
    elif servers.management_url is not None:
        accounts.call_management(servers.management_url, "POST", "/api/definitions", document)


def removal(names: Names) -> str:
    """Erlang that takes a virtual host and its users away in one call."""
    users = ", ".join(f'<<"{names.of(user)}">>' for user in BROKER_USERS)
    by = f'<<"{ADMIN}">>'
    return (
        f'rabbit_vhost:delete(<<"{names.vhost}">>, {by}), '
        f"[rabbit_auth_backend_internal:delete_user(User, {by}) || User <- [{users}]]."
    )


def drop_accounts(servers: Servers, names: Names) -> None:
    """Take away the databases, users and the virtual host of one name."""
    accounts.run_statements(
        servers.database_url, accounts.drop_statements(names, servers.client_host)
    )
    if servers.control_command is not None and servers.control_variables is not None:
        accounts.run_control(
            servers.control_command,
            servers.control_variables,
            "eval",
            removal(names),
        )
    elif servers.management_url is not None:
        accounts.call_management(servers.management_url, "DELETE", f"/api/vhosts/{names.vhost}")
