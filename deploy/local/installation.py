"""One whole installation as an object: what `./linli up` and the stack tests start and stop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from . import environment as settings
from . import filelock, ready, servers
from .credentials import Credentials
from .definitions import Names
from .home import CHECKOUT, SERVICES, Home
from .keeper import Keeper
from .parts import Part, read_plan
from .ports import LOOPBACK, Ports
from .problem import Problem
from .progress import note, step

GATEWAY_PORT, SANDBOX_PORT = 8080, 8090
MIGRATE_LIMIT_S = 300
DEMO_LIMIT_S = 300
# Longer than the longest deadline of a call, so that nobody is cut off in the middle of one.
SERVICES_GRACE_S = 35.0
GATEWAY_GRACE_S = 35.0


class Installation:
    """A private installation under one folder.

    `name` is the virtual host and the prefix of databases and users. `shared` names the home of
    another installation whose broker and database this one uses under its own name; without it both
    are its own, or those given by LINLI_DATABASE_URL and LINLI_AMQP_URL. `extra` settings win over
    all others.
    """

    def __init__(
        self,
        root: Path,
        demo: bool = False,
        name: str = "linli",
        shared: Path | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.home = Home(Path(root).absolute())
        self.keeper = Keeper(self.home)
        self.greeting = ""
        self._demo = demo
        self._names = Names(name)
        self._shared = shared
        self._environ = {**os.environ, **(extra or {})}

    def __enter__(self) -> Installation:
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    @property
    def environment(self) -> dict[str, str]:
        """Every setting, the administrators' addresses too; for tools, not for services."""
        environment = settings.load(self.home)
        if environment is None:
            raise Problem("Nothing was started here yet: ./linli up")
        return environment

    @property
    def addresses(self) -> dict[str, str]:
        """Where a person or a test finds it."""
        environment = self.environment
        return {
            "gateway": environment["LINLI_GATEWAY_URL"],
            "sandbox": environment["LINLI_SANDBOX_URL"],
        }

    def running(self) -> bool:
        """Whether the services and the gateway are under a living supervisor."""
        names = ("services", "gateway")
        return self.keeper.supervisor() is not None and all(
            self.keeper.part_process(name) is not None for name in names
        )

    def up(self) -> None:
        """Start whatever is not running; returns when every part does its work."""
        self.home.prepare()
        with filelock.held(self.home.run / "up.lock"):
            if self.running():
                note("Running already. Newer code takes effect after ./linli down.")
            else:
                self._start()
            self.wait()
            if self._demo:
                with step("demo community"):
                    self.greeting = self.run_module("deploy.demo", DEMO_LIMIT_S)

    def down(self) -> None:
        """Stop every part in order; no process is left."""
        if not self.home.run.exists():
            return
        with filelock.held(self.home.run / "up.lock"):
            self.keeper.shut_down()
            ready.forget_services(self.home)

    def drop(self) -> None:
        """Take away this installation's databases, users and virtual host; it must be down."""
        at = self._shared_servers() or servers.saved(self.home)
        if at is not None:
            servers.drop_accounts(at, self._names)

    def stop_part(self, name: str) -> None:
        """Stop epmd, broker, database, services, gateway or sandbox, and keep it stopped."""
        self.keeper.stop(name)

    def start_part(self, name: str) -> None:
        """Start a stopped part again."""
        self.keeper.start_again(name)

    def restart_part(self, name: str, extra: Mapping[str, str]) -> None:
        """Start a part anew with other settings than it had; the next `up` forgets them."""
        self.keeper.stop(name)
        part = read_plan(self.home, name)
        replace(part, environment={**part.environment, **extra}).write_plan(self.home)
        self.keeper.start_again(name)

    def wait(self) -> None:
        """Return when sandbox, services and gateway do their work."""
        gateway, sandbox = self.addresses["gateway"], self.addresses["sandbox"]
        for part, missing in (
            ("sandbox", lambda: [] if ready.answers(f"{sandbox}/healthz") else ["sandbox"]),
            ("services", lambda: ready.services_missing(self.home)),
            ("gateway", lambda: [] if ready.answers(f"{gateway}/readyz") else ["gateway"]),
        ):
            with step(f"{part} ready"):
                ready.wait(self.keeper, self.home, part, missing)

    def service_pid(self, service: str) -> int:
        """The process of one of the six services."""
        written = ready.service_file(self.home, service)
        if written is None:
            raise Problem(f"{service} does not run.")
        return int(str(written["pid"]))

    def run_module(self, module: str, limit_s: float, *arguments: str) -> str:
        """Run a program of the project with these settings; give what it says, or a Problem."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
        if done.returncode != 0:
            raise Problem(f"python -m {module} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _shared_servers(self) -> servers.Servers | None:
        if self._shared is None:
            return None
        at = servers.saved(Home(self._shared))
        if at is None:
            raise Problem(f"No servers were ever started under {self._shared}.")
        return at

    def _start(self) -> None:
        secrets = Credentials(self.home.secrets)
        at = self._shared_servers()
        with step("broker and database started" if at is None else "broker and database found"):
            self.keeper.ensure()
            if at is None:
                at = servers.launch(self.home, self.keeper, self._names, self._environ)
        self._write_settings(at, secrets)
        sandbox_port = Ports(self.home.run / "ports.json")["sandbox"]
        self._start_part("sandbox", self._sandbox_argv(sandbox_port), grace_s=5)
        with step("MariaDB answers"):
            servers.wait_for_database(at, self.home)
            servers.open_accounts(at, self._names, secrets)
        with step("databases migrated"):
            self.run_module("services.kernel.migrate", MIGRATE_LIMIT_S, *SERVICES)
            # The service account must be known before the gateway asks for it.
            self.run_module("services.marketing.bootstrap", MIGRATE_LIMIT_S)
        with step("RabbitMQ answers"):
            servers.wait_for_broker(at, self.home)
            if self._shared is not None or at.broker_kind != "private":
                servers.apply_definitions(at, self._names, secrets, self.home.broker)
        main = [sys.executable, "-W", "ignore", "-m", "services", *SERVICES]
        if self.keeper.part_process("services") is None:
            ready.forget_services(self.home)
        self._start_part("services", main, SERVICES_GRACE_S)
        self._start_part("gateway", self._gateway_argv(), GATEWAY_GRACE_S)

    def _write_settings(self, at: servers.Servers, secrets: Credentials) -> None:
        ports = Ports(self.home.run / "ports.json")
        gateway = self._claim(ports, "gateway", "LINLI_GATEWAY_PORT", GATEWAY_PORT)
        sandbox = self._claim(ports, "sandbox", "LINLI_SANDBOX_PORT", SANDBOX_PORT)
        environment = settings.build(
            self.home, at, self._names, secrets, gateway, sandbox, self._environ, self._demo
        )
        settings.save(self.home, environment, settings.administration(at, self._names))

    def _claim(self, ports: Ports, part: str, variable: str, usual: int) -> int:
        if self.keeper.part_process(part) is not None:
            return ports[part]
        asked = self._environ.get(variable)
        if asked is not None:
            return ports.insist(part, int(asked))
        return ports.claim(part, usual)

    def _start_part(self, name: str, argv: list[str], grace_s: float) -> None:
        variables = settings.load(self.home, "parts")
        assert variables is not None, "written before any part is started"
        self.keeper.start(Part(name, argv, variables, grace_s))

    def _gateway_argv(self) -> list[str]:
        environment = self.environment
        return [
            *(sys.executable, "-m", "gunicorn", "-k", "gthread"),
            *("--workers", environment.get("LINLI_GATEWAY_WORKERS", "1")),
            *("--threads", environment.get("LINLI_GATEWAY_THREADS", "16")),
            *("--bind", f"{LOOPBACK}:{environment['LINLI_GATEWAY_PORT']}"),
            *("--keep-alive", "30"),
            *("--graceful-timeout", str(int(GATEWAY_GRACE_S - 5))),
            *("--worker-tmp-dir", str(self.home.run)),
            *("--no-control-socket", "--error-logfile", "-", "gateway.wsgi:app"),
        ]

    def _sandbox_argv(self, port: int) -> list[str]:
        webhook = f"{self.environment['LINLI_GATEWAY_URL']}/wechat"
        return [
            *(sys.executable, "-m", "deploy.sandbox", "--dir", str(self.home.sandbox)),
            *("--port", str(port), "--webhook-url", webhook),
        ]
