"""A private RabbitMQ: own node, cookie, port mapper and folders, on loopback only."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .home import Home, write_private
from .parts import Part
from .ports import LOOPBACK, Ports

DEBIAN_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
BOOT_LIMIT_S = 90
# One scheduler that sleeps when idle: a busy-waiting Erlang VM takes the CPU that services need.
VM_FLAGS = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"


def scripts() -> Path | None:
    """The folder with rabbitmq-server and rabbitmqctl as they are, without Debian's user switch."""
    if (DEBIAN_SCRIPTS / "rabbitmq-server").exists():
        return DEBIAN_SCRIPTS
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve().parent if found else None


def available() -> bool:
    """Whether RabbitMQ and Erlang's port mapper are installed."""
    return scripts() is not None and shutil.which("epmd") is not None


def claim_ports(ports: Ports) -> None:
    """Choose the ports of a broker that is not running."""
    for name in ("broker", "broker_distribution", "epmd"):
        ports.claim(name)


def prepare(home: Home, cookie: str, definitions_json: str, ports: Ports) -> None:
    """Write everything the node reads at boot."""
    folder = home.broker
    for name in ("data", "log", "user"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    write_private(folder / "user" / ".erlang.cookie", cookie, 0o400)
    write_private(folder / "definitions.json", definitions_json)
    write_private(folder / "enabled_plugins", "[].\n")
    write_private(folder / "rabbitmq-env.conf", "")
    write_private(
        folder / "rabbitmq.conf",
        f"listeners.tcp.1 = {LOOPBACK}:{ports['broker']}\n"
        # Beside the folder it runs in: this file's grammar knows ASCII only, a path may be 邻里.
        "load_definitions = definitions.json\n"
        # A small disk must not stop a trial installation; the default asks for 50 MB anyway.
        "disk_free_limit.absolute = 50MB\n"
        "log.file.rotation.size = 10485760\n"
        "log.file.rotation.count = 2\n",
    )


def environment(home: Home, ports: Ports) -> dict[str, str]:
    """The variables that keep this node apart from every other on the machine."""
    folder = home.broker
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder / "user"),
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        # The same whatever the ports are: the stored data belong to the node of this name.
        "RABBITMQ_NODENAME": "linli@localhost",
        # Makes the start script hand its process to the node, which then gets our signals itself.
        "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
        "RABBITMQ_NODE_PORT": str(ports["broker"]),
        "RABBITMQ_DIST_PORT": str(ports["broker_distribution"]),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            f"{VM_FLAGS} -kernel inet_dist_use_interface {{127,0,0,1}}"
        ),
    }


def parts(home: Home, ports: Ports) -> list[Part]:
    """The port mapper in the foreground, so that it ends with us, and the node."""
    variables = environment(home, ports)
    mapper = ["epmd", "-port", str(ports["epmd"]), "-address", LOOPBACK]
    return [
        Part("epmd", mapper, variables, grace_s=3),
        Part(
            "broker",
            [str(require_scripts() / "rabbitmq-server")],
            variables,
            grace_s=30,
            folder=str(home.broker),
        ),
    ]


def control(home: Home, ports: Ports) -> tuple[list[str], dict[str, str]]:
    """The command and variables with which rabbitmqctl speaks to this node."""
    variables = environment(home, ports)
    for server_only in ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "RABBITMQ_NODE_PORT"):
        del variables[server_only]
    command = [str(require_scripts() / "rabbitmqctl"), "-n", variables["RABBITMQ_NODENAME"]]
    return command, variables


def require_scripts() -> Path:
    folder = scripts()
    assert folder is not None, "asked for only after available()"
    return folder
