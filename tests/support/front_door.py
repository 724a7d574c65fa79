"""A service's real entrypoints without broker and container: tokens, rights, parsing, use case."""

import inspect
import warnings
from collections.abc import Collection
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from services.kernel import jsons
from services.kernel.actor import Actor, ActorSigner, ActorVerifier
from services.kernel.entrypoints import Rpc
from services.kernel.ids import new_id
from services.kernel.rpc_client import HEADER_ACTOR
from services.kernel.rpc_server import Request
from services.kernel.wire import Query


class Container:
    """What an entrypoint asks of the thing that holds it."""

    def __init__(self, service_cls: type[Any]) -> None:
        self.service_cls, self.service_name = service_cls, str(service_cls.name)
        self.shared_extensions: WeakKeyDictionary[Any, Any] | dict[Any, Any] = {}


class FrontDoor:
    """Calls go in as messages of the gateway with an actor's signed token, or without one."""

    def __init__(self, service_cls: type[Any], now: datetime, **runtime: Any) -> None:
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._signer, self._now = ActorSigner(private.decode()), now
        self._verifier = ActorVerifier(public.decode())
        self._tokens: dict[str, str] = {}
        self._service = service_cls()
        self._service.runtime = SimpleNamespace(**runtime)
        self._container = Container(service_cls)
        self.entries = {
            name: self._hang(name, entry)
            for name, function in inspect.getmembers(service_cls, inspect.isfunction)
            for entry in getattr(function, "nameko_entrypoints", ())
            if isinstance(entry, Rpc)
        }

    def ask(self, name: str, command: Query, actor: Actor | None) -> Any:
        """What a caller at the gateway would be answered; or the error."""
        headers = {HEADER_ACTOR: self._token(actor)} if actor else {}
        message = SimpleNamespace(
            properties={"application_headers": headers, "user_id": "test_gateway"},
            body=jsons.dumps({"args": [command.model_dump(mode="json")], "kwargs": {}}),
        )
        request = Request(message, None)
        return self.entries[name].invoke(getattr(self._service, name), request)

    def _hang(self, name: str, entry: Rpc) -> Rpc:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            hung: Rpc = entry.bind(self._container, name)
        hung.shared.process = SimpleNamespace(verifier=self._verifier)  # type: ignore[assignment]
        hung.setup()
        return hung

    def _token(self, actor: Actor) -> str:
        if actor.account_id not in self._tokens:
            self._tokens[actor.account_id] = self._signer.sign(actor, self._now)
        return self._tokens[actor.account_id]


def of_nothing(question: Query, names: Collection[str]) -> Query:
    """The same question about what nobody has: each of the ids that it names is a fresh one."""
    named = [name for name in names if getattr(question, name, None)]
    fresh: dict[str, Any] = {n: [new_id()] if n == "order_ids" else new_id() for n in named}
    return question.model_copy(update=fresh)
