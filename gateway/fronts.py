"""One question to a service: what goes in, what comes back, how long it may take."""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar, overload

from services.kernel.rpc_client import Services
from services.kernel.wire import Query, View

Question = TypeVar("Question", bound=Query)
Answer = TypeVar("Answer", bound=View)

READ_MS = 3000
WRITE_MS = 5000
SAGA_MS = 8000
"""Calls that themselves call other services or a pay channel."""
LONG_MS = 10_000
"""Calls that go through a file, a day, or all accounts."""
AUDIT_MS = 30_000


class Rpc(Generic[Question, Answer]):
    """One method of a service, as the gateway knows it."""

    service: str
    method: str

    def __init__(self, question: type[Question], answer: type[Answer], deadline_ms: int) -> None:
        self.question = question
        self.answer = answer
        self.deadline_ms = deadline_ms

    def __set_name__(self, owner: type["Front"], name: str) -> None:
        self.service, self.method = owner.service, name

    @overload
    def __get__(self, front: None, owner: type["Front"]) -> "Rpc[Question, Answer]": ...
    @overload
    def __get__(self, front: "Front", owner: type["Front"]) -> Callable[[Question], Answer]: ...
    def __get__(self, front: "Front | None", owner: type["Front"]) -> Any:
        return self if front is None else self.bound_to(front.services)

    def bound_to(self, services: Services) -> Callable[[Question], Answer]:
        """The call, ready to be made."""
        method = getattr(getattr(services, self.service), self.method)
        return partial(method, answer=self.answer, deadline_ms=self.deadline_ms)


class Front:
    """The calls of one service."""

    service: str

    def __init__(self, services: Services) -> None:
        self.services = services
