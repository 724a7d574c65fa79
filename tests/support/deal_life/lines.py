"""The lines between the services: calls that may get lost on the way there or back."""

from typing import Any

from services.kernel import failpoints, jsons
from services.kernel.errors import DeadlineExceeded, LinliError, Unavailable, from_wire
from services.kernel.wire import Query, View
from tests.support.deal_life.house import House
from tests.support.frail_database import BrokenOff

DEADLINE_MAX_MS = 10_000


class Trouble:
    """What will happen to the calls to come; nothing as a rule."""

    def __init__(self) -> None:
        self.in_calls: int | None = None
        """So many calls more get through."""
        self.answer_lost = False
        """The work is done and the answer is lost; else the call never gets there."""

    def plan(self, in_calls: int, *, answer_lost: bool) -> None:
        """One call will fail."""
        self.in_calls, self.answer_lost = in_calls, answer_lost

    def comes(self) -> bool:
        """True for the one call that fails."""
        if self.in_calls is None:
            return False
        self.in_calls -= 1
        if self.in_calls >= 0:
            return False
        self.in_calls = None
        return True


class Lines:
    """In the shape of the kernel's `Services`, for one caller."""

    def __init__(self, caller: str, houses: dict[str, Any], trouble: Trouble) -> None:
        self._caller, self._houses, self._trouble = caller, houses, trouble

    def __getattr__(self, name: str) -> "Line":
        return Line(self._caller, self._houses[name], self._trouble)


class Line:
    """`lines.catalog`: its methods as attributes."""

    def __init__(self, caller: str, house: Any, trouble: Trouble) -> None:
        self._caller, self._house, self._trouble = caller, house, trouble

    def __getattr__(self, method: str) -> Any:
        def call(
            command: Query, *, answer: type[View], deadline_ms: int, actor_token: str = ""
        ) -> View:
            assert 0 < deadline_ms <= DEADLINE_MAX_MS
            fails = self._trouble.comes()
            if fails and not self._trouble.answer_lost:
                raise Unavailable(f"{self._house.name} is away", code="broker.no_such_service")
            said = _ask(self._house, method, command, self._caller)
            if fails:
                raise DeadlineExceeded(f"no answer of {self._house.name}.{method}")
            return answer.model_validate(said)

        return call


def _ask(house: House, method: str, command: Query, caller: str) -> Any:
    """Plain data; an error as it comes out of the wire; a death over there is an outage here."""
    try:
        return jsons.loads(jsons.dumps(house.ask(method, command, caller=caller)))
    except LinliError as error:
        raise from_wire(error.to_wire()) from error
    except (failpoints.FailpointError, BrokenOff) as death:
        raise Unavailable(f"{house.name} died: {death}") from None
