"""A private installation for a bench: own databases and virtual host on the running servers."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import processes
from deploy.local.home import SERVICES
from deploy.local.installation import Installation

NO_LIMITS = {
    "LINLI_GATEWAY_SESSION_RATE_PER_S": "100000",
    "LINLI_GATEWAY_ADDRESS_RATE_PER_S": "100000",
    "LINLI_GATEWAY_INBOUND_RATE_PER_S": "100000",
    "LINLI_GATEWAY_SIGN_IN_RATE_PER_MIN": "100000",
    "LINLI_LOG_LEVEL": "WARNING",
}


@contextmanager
def private_installation(home: Path, name: str = "linlibench") -> Iterator[Installation]:
    """Up with the demo community, with its settings in this process; dropped afterwards."""
    with tempfile.TemporaryDirectory(prefix="linli-bench-") as root:
        kept = dict(os.environ)
        for name in [name for name in kept if name.startswith("LINLI_")]:
            del os.environ[name]  # the running installation's settings are not this one's
        installation = Installation(Path(root), demo=True, name=name, shared=home, extra=NO_LIMITS)
        try:
            with installation:
                os.environ.update(installation.environment)
                yield installation
        finally:
            os.environ.clear()
            os.environ.update(kept)
            installation.drop()


def cpu_seconds(installation: Installation) -> dict[str, float]:
    """CPU seconds so far of each service, the gateway and the sandbox, children included."""
    pids = {service: installation.service_pid(service) for service in SERVICES}
    for part in ("gateway", "sandbox"):
        identity = installation.keeper.part_process(part)
        if identity is not None:
            pids[part] = identity.pid
    return {name: sum(map(_cpu_s, processes.descendants(pid))) for name, pid in pids.items()}


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
