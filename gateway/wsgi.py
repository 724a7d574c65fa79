"""`gunicorn -k gthread gateway.wsgi:app`: settings from the environment, connections after fork.

gunicorn imports this module in each worker; with `--preload` it would be imported before the fork,
and all workers would then read from one socket: leave `--preload` away.
"""

from flask import Flask

from gateway.app import create_app
from gateway.backends import Backends
from gateway.console.dead_letters import DeadLetters
from gateway.settings import Settings
from gateway.telling import BrokerTeller, GatewayPublisher
from services.kernel import clock, config, logs
from services.kernel.crypto import Sealer
from services.kernel.files import FileStore
from services.kernel.rpc_client import RpcClient, Services

NAME = "gateway"
ACCOUNT_TRIES = 60
"""Two minutes: services may start after the gateway."""


def make_app() -> Flask:
    """The gateway of this process, connecting in the background."""
    settings = config.load(Settings, NAME)
    logs.setup(NAME, settings.log_level)
    clock.shift_seconds(settings.clock_offset_s)
    client = RpcClient(settings.amqp_url, NAME)
    publisher = GatewayPublisher(settings.amqp_url, f"{NAME}-events")
    client.start()
    publisher.start()
    sealer = Sealer(settings.data_keys) if settings.data_keys else None
    app = create_app(
        settings,
        Backends(Services(client)),
        FileStore(settings.files_url, sealer),
        BrokerTeller(publisher),
        lambda: [] if client.link.is_open and publisher.link.is_open else ["broker"],
        DeadLetters(settings.dead_amqp_url) if settings.dead_amqp_url else None,
    )
    # The first text must be answered even if marketing goes down before it comes.
    app.extensions["linli"].accounts.refresh(tries=ACCOUNT_TRIES)
    return app


app = make_app()
