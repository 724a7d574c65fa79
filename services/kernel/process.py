"""One running copy of a service: its settings, connections, files and keys."""

import os
import socket
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from nameko.extensions import SharedExtension

from services.kernel import outbox
from services.kernel.actor import ActorVerifier
from services.kernel.config import ServiceSettings
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.kernel.publisher import ConfirmedPublisher
from services.kernel.rpc_client import RpcClient, Services
from services.kernel.wiring import Wiring

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
SETTINGS_KEY, WIRING_KEY = "linli_settings", "linli_wiring"


class Process(Generic[SettingsT]):
    """One running copy of a service."""

    def __init__(
        self,
        service: str,
        settings: SettingsT,
        wiring: Wiring,
        make_extras: Callable[[SettingsT, Database], Any] | None = None,
    ) -> None:
        self.service = service
        self.settings = settings
        self.wiring = wiring
        self.holder = f"{socket.gethostname()[:30]}:{os.getpid()}:{new_id()[-6:]}"
        self.db = Database(settings.database_url, pool_size=settings.max_workers)
        self.verifier = ActorVerifier(settings.actor_public_key)
        self.publisher = ConfirmedPublisher(settings.amqp_url, f"{service}-events")
        self.services = Services(RpcClient(settings.amqp_url, service))
        self._make_extras = make_extras
        outbox.configure(frozenset(name for name, to in wiring.subscribers.items() if to))

    @cached_property
    def sealer(self) -> Sealer | None:
        """Encryption at rest, where data keys are set."""
        return Sealer(self.settings.data_keys) if self.settings.data_keys else None

    @cached_property
    def files(self) -> FileStore:
        """Uploads and the service's own files."""
        return FileStore(self.settings.files_url, self.sealer)

    @cached_property
    def extras(self) -> Any:
        """What the service makes once for itself (pay channels, a signer), on first use."""
        return self._make_extras(self.settings, self.db) if self._make_extras else None

    def start(self) -> None:
        """Open the connections that publish events and call services."""
        self.publisher.start()
        self.services.client.start()

    def stop(self) -> None:
        """Close everything."""
        self.publisher.stop()
        self.services.client.stop()
        self.db.dispose()


class ProcessExtension(SharedExtension):
    """The one Process of a container, shared by its dependency and its entrypoints."""

    process: Process[Any]

    def setup(self) -> None:
        if hasattr(self, "process"):
            return  # nameko sets extensions up in no fixed order; whoever needs it first asks
        config = self.container.config
        declared = self.container.service_cls.runtime
        self.process = Process(
            self.container.service_name,
            config[SETTINGS_KEY],
            config[WIRING_KEY],
            declared.make_extras,
        )

    def start(self) -> None:
        self.process.start()

    def stop(self) -> None:
        self.process.stop()
