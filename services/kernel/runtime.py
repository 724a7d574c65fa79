"""What a service works with: database, files, settings, calls to other services.

`Runtime(Settings)` on the service class is the nameko dependency. It hands out a Process, which
connects to nothing when it is handed out: an outage must not kill a worker's start. With it comes
the relay, so that no service can forget to tell its events.
"""

from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider

from services.kernel.config import ServiceSettings
from services.kernel.db import Database
from services.kernel.process import Process, ProcessExtension
from services.kernel.relay import Relay


class Runtime(DependencyProvider):
    """`runtime = Runtime(Settings)`: in a worker, `self.runtime` is the Process."""

    shared = ProcessExtension()
    relay = Relay()

    def __init__(
        self,
        settings_type: type[ServiceSettings],
        extras: Callable[[Any, Database], Any] | None = None,
    ) -> None:
        self.settings_type = settings_type
        self.make_extras = extras

    def get_dependency(self, worker_ctx: Any) -> Process[Any]:
        return self.shared.process

    def stop(self) -> None:
        # Workers have ended, connections are still open: tell what the last of them committed.
        self.relay.finish()
