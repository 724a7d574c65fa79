"""`python -m deploy.docker.start PROGRAM [COMMAND…]`: become one program of the composition.

PROGRAM is one of the six services, `gateway`, `sandbox`, a job (`keys`, `setup`), or `tools`, which
runs the COMMAND with an administrator's settings.
"""

from __future__ import annotations

import os
import subprocess
import sys

from deploy.docker import doors
from deploy.docker.settings import GATEWAY_URL, HOME, SANDBOX_URL, environment_of, port_of
from deploy.local.home import SERVICES


def argv_of(program: str, environment: dict[str, str]) -> list[str]:
    """The command line of a program."""
    if program in SERVICES:
        return [sys.executable, "-W", "ignore", "-m", "services", program]
    if program == "gateway":
        return gateway_argv(environment)
    if program == "sandbox":
        return sandbox_argv()
    if program in ("keys", "setup"):
        return [sys.executable, "-m", f"deploy.docker.{program}"]
    raise SystemExit(f"no such program: {program}\n{__doc__}")


def gateway_argv(environment: dict[str, str]) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "-k", "gthread"),
        *("--workers", environment.get("LINLI_GATEWAY_WORKERS", "1")),
        *("--threads", environment.get("LINLI_GATEWAY_THREADS", "16")),
        *("--bind", f"0.0.0.0:{port_of(GATEWAY_URL)}"),
        *("--graceful-timeout", "30", "--worker-tmp-dir", "/dev/shm"),
        *("--no-control-socket", "--error-logfile", "-", "gateway.wsgi:app"),
    ]


def sandbox_argv() -> list[str]:
    return [
        *(sys.executable, "-m", "deploy.sandbox", "--dir", str(HOME.sandbox)),
        *("--host", "0.0.0.0", "--port", str(port_of(SANDBOX_URL))),
        *("--webhook-url", f"{GATEWAY_URL}/wechat"),
    ]


def run_tool(command: list[str], environment: dict[str, str]) -> int:
    """Run a command that sees gateway and sandbox where a browser outside sees them."""
    doors.open_doors(
        {
            port_of(environment["LINLI_GATEWAY_URL"]): GATEWAY_URL,
            port_of(environment["LINLI_SANDBOX_URL"]): SANDBOX_URL,
        }
    )
    quiet = {"PYTHONWARNINGS": "ignore", **environment}
    return subprocess.run(command, env=quiet, check=False).returncode


def main() -> int:
    """Become the program; for a tool, run it and pass on its exit code."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    program, command = sys.argv[1], sys.argv[2:]
    environment = environment_of(program)
    if program == "tools":
        return run_tool(command, environment)
    argv = argv_of(program, environment)
    os.execve(argv[0], argv, environment)


if __name__ == "__main__":
    sys.exit(main())
