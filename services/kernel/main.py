"""Run services: one in this process, or several, each in a child forked from one parent.

The parent has imported everything (a third of the memory, and a start in about a second); a child
that dies is started again, with a growing pause. `services/__main__.py` patches first, then calls.
"""

import gc
import importlib
import logging
import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from eventlet import hubs, patcher
from nameko.runners import ServiceRunner

from services.kernel import failpoints, logs
from services.kernel.clock import shift_seconds
from services.kernel.config import load
from services.kernel.health import HealthServer
from services.kernel.process import SETTINGS_KEY, WIRING_KEY
from services.kernel.process_state import ready_check, write_state
from services.kernel.waiting import wait_for_parts, wait_ready
from services.kernel.wiring import Wiring

log = logging.getLogger(__name__)
_RESTART_PAUSE_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_STEADY_AFTER_S = 30.0


def service_class(name: str) -> Any:
    """The nameko class of a service: the one in `services.<name>.service` with that name."""
    module = importlib.import_module(f"services.{name}.service")
    for value in vars(module).values():
        if isinstance(value, type) and getattr(value, "name", None) == name:
            return value
    raise SystemExit(f"services.{name}.service has no class named {name!r}")


def run_one(name: str, wiring: Wiring) -> None:
    """Run one service until SIGTERM or SIGINT; running calls may finish within `grace_s`."""
    service = service_class(name)
    settings = load(service.runtime.settings_type, name)
    logs.setup(name, settings.log_level)
    failpoints.arm(settings.failpoints, settings.run_dir)
    shift_seconds(settings.clock_offset_s)
    wait_for_parts(settings)
    runner = ServiceRunner(
        {
            "AMQP_URI": settings.amqp_url,
            "max_workers": settings.max_workers,
            "SERVICE_CONTAINER_CLS": "services.kernel.container.LeanContainer",
            SETTINGS_KEY: settings,
            WIRING_KEY: wiring,
        }
    )
    runner.add_service(service)
    container = runner.service_map[name]
    missing = ready_check(container)
    health = HealthServer(settings.health_host, settings.health_port, missing)
    _stop_on_signal(runner, settings.grace_s)
    runner.start()
    health.start()
    wait_ready(missing, settings.start_timeout_s)
    write_state(settings.run_dir, name, health.port)
    log.info("%s is running", name)
    runner.wait()
    log.info("%s has ended", name)


def _stop_on_signal(runner: ServiceRunner, grace_s: int) -> None:
    from eventlet import spawn_after, spawn_n

    def stop(_signal: int, _frame: Any) -> None:
        # A green thread: a signal handler must not wait.
        spawn_n(runner.stop)
        spawn_after(grace_s, os._exit, 1)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def run_many(names: Sequence[str], wiring: Wiring) -> None:
    """Fork a child for each service and keep them running until SIGTERM or SIGINT."""
    for name in names:
        service_class(name)
    gc.collect()
    gc.freeze()  # what is imported stays shared with the children
    Herd(names, wiring).watch()


class Herd:
    """The parent: it owns no connection, no hub and no thread, so that forking is safe."""

    def __init__(self, names: Sequence[str], wiring: Wiring) -> None:
        self._wiring = wiring
        self._children: dict[int, str] = {}
        self._due: dict[str, float] = dict.fromkeys(names, 0.0)
        self._deaths: dict[str, int] = dict.fromkeys(names, 0)
        self._born: dict[str, float] = {}
        self._stopping = False
        self._sleep = patcher.original("time").sleep
        self._waitpid = patcher.original("os").waitpid

    def watch(self) -> None:
        """Start what is due, reap what has died, until told to stop and all have ended."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while self._children or not self._stopping:
            self._start_due()
            self._reap()
            self._sleep(0.1)

    def _stop(self, _signal: int, _frame: Any) -> None:
        self._stopping = True
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)

    def _start_due(self) -> None:
        if self._stopping:
            return
        now = time.monotonic()
        for name in [name for name, at in self._due.items() if at <= now]:
            del self._due[name]
            pid = os.fork()
            if pid == 0:
                self._child(name)
            self._children[pid] = name
            self._born[name] = now

    def _child(self, name: str) -> None:
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            _own_hub()
            run_one(name, self._wiring)
            code = 0
        except SystemExit as error:
            log.error("%s: %s", name, error.code)
        except BaseException:
            log.exception("%s died", name)
        finally:
            os._exit(code)

    def _reap(self) -> None:
        for pid, name in list(self._children.items()):
            done, _status = self._waitpid(pid, os.WNOHANG)
            if done == 0:
                continue
            del self._children[pid]
            if not self._stopping:
                self._due[name] = time.monotonic() + self._pause_s(name)

    def _pause_s(self, name: str) -> float:
        steady = time.monotonic() - self._born[name] > _STEADY_AFTER_S
        self._deaths[name] = 0 if steady else self._deaths[name] + 1
        return _RESTART_PAUSE_S[min(self._deaths[name], len(_RESTART_PAUSE_S) - 1)]


def _own_hub() -> None:
    # monkey_patch made a hub in the parent; children sharing its epoll would wake each other.
    inherited: Any = hubs.get_hub()
    hubs.use_hub()
    poll = getattr(inherited, "poll", None)
    if poll is not None and hasattr(poll, "close"):
        poll.close()
