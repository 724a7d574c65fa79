"""Events between the services: late, twice, in any order, and up the ladder when they fail."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.subscriptions import SUBSCRIBERS
from services.kernel import failpoints, outbox
from services.kernel.errors import LinliError
from services.kernel.wire import Envelope
from tests.support.deal_life.house import House
from tests.support.frail_database import BrokenOff

LADDER_S = (1, 5, 30, 300)
"""The kernel's own pauses between tries."""
LAST = "Z" * 26
BATCH = 500


@dataclass(slots=True)
class Letter:
    """One event on its way to one service."""

    to: str
    envelope: Envelope
    due: datetime
    tries: int = 0
    faults: tuple[str, ...] = ()


class Post:
    """Takes what is in the outboxes and brings it, in whatever order the dice say."""

    def __init__(self, houses: dict[str, House], dice: random.Random) -> None:
        self._houses, self._dice = houses, dice
        self.bag: list[Letter] = []
        self.dead: list[Letter] = []

    def collect(self, now: datetime) -> None:
        """The relays' work."""
        for house in self._houses.values():
            rows = outbox.waiting(house.db, LAST, BATCH)
            for _, name, body in rows:
                self.bag += self._letters(name, Envelope.model_validate_json(body), now)
            if rows:
                outbox.mark_sent(house.db, [row[0] for row in rows])

    def _letters(self, name: str, envelope: Envelope, now: datetime) -> list[Letter]:
        listening = [to for to in SUBSCRIBERS.get(name, ()) if to in self._houses]
        return [Letter(to, envelope, now) for to in listening]

    def deliver(self, now: datetime, most: int) -> int:
        """Some of what is due; how many. One in ten comes once more some time."""
        for brought in range(most):
            due = [letter for letter in self.bag if letter.due <= now]
            if not due:
                return brought
            letter = self._dice.choice(due)
            self.bag.remove(letter)
            self._bring(letter, now)
        return most

    def _bring(self, letter: Letter, now: datetime) -> None:
        house = self._houses[letter.to]
        try:
            fresh = house.hear(letter.envelope)
        except (failpoints.FailpointError, BrokenOff):
            self.bag.append(letter)  # not acknowledged: the broker brings it again
        except Exception as error:  # noqa: BLE001 - as the kernel's last-resort handler
            self._climb(letter, error, now)
        else:
            if fresh and self._dice.random() < 0.1:
                self.bag.append(Letter(letter.to, letter.envelope, now))

    def _climb(self, letter: Letter, error: Exception, now: datetime) -> None:
        said = f"{error.code}: {error}" if isinstance(error, LinliError) else repr(error)
        letter.faults += (said,)
        if letter.tries == len(LADDER_S):
            self.dead.append(letter)
            return
        letter.due = now + timedelta(seconds=LADDER_S[letter.tries])
        letter.tries += 1
        self.bag.append(letter)
