"""The world of one life: its clock, its books, its people, and how acts are done and die in it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.contracts.permissions import ROLE_PERMISSIONS, Role
from services.contracts.settlement import PaymentView
from services.kernel import failpoints
from services.kernel.actor import Actor
from services.kernel.ids import derived_id
from services.settlement.domain.channel import TradeState
from services.settlement.tables import EscrowRow
from tests.support.frail_database import BrokenOff, FrailDatabase
from tests.support.life.channels import LivingChannel, LivingPayouts
from tests.support.servers import empty_all_tables
from tests.support.settlement import Books

HOUSEHOLDS = 3
MERCHANTS = 3
AGAIN_MAX = 20
"""So many of the last acts may be done once more."""


class World:
    """What everybody in one life shares; what was done is written into `story`."""

    def __init__(self, db: FrailDatabase, key: str = "") -> None:
        empty_all_tables(db)
        self.db, self.key = db, key
        self.channel, self.payouts = LivingChannel(), LivingPayouts()
        self.books = Books(db, self.channel)
        self.channel.pays_after_close = True
        self.payments: list[PaymentView] = []
        self.fee_payments: list[PaymentView] = []
        self.story: list[str] = []
        self._unfinished: list[Callable[[], None]] = []
        self._done: list[Callable[[], None]] = []

    # who and when

    @property
    def now(self) -> datetime:
        return self.books.now

    def id(self, what: str, number: int | str = 0) -> str:
        """The id of somebody or something in this life."""
        return derived_id(what, self.key, str(number))

    def household(self, number: int) -> str:
        return self.id("household", number % HOUSEHOLDS)

    def merchant(self, number: int) -> str:
        return self.id("merchant", number % MERCHANTS)

    def household_number(self, household_id: str) -> int:
        return [self.household(number) for number in range(HOUSEHOLDS)].index(household_id)

    def merchant_number(self, merchant_id: str) -> int:
        return [self.merchant(number) for number in range(MERCHANTS)].index(merchant_id)

    def staff(self, role: Role) -> Actor:
        """The same person of the property's each time."""
        return Actor(
            account_id=self.id("staff", role),
            name=role,
            roles=(role,),
            permissions=ROLE_PERMISSIONS[role],
            communities=(self.id("community"),),
        )

    def person(self, owner_id: str, role: Role) -> Actor:
        """The same person of a household or a merchant each time."""
        return Actor(
            account_id=derived_id("person", owner_id),
            name="张伟",
            permissions=ROLE_PERMISSIONS[role],
            groups={owner_id: role},
        )

    def time_passes(self, seconds: float) -> None:
        """Nobody does anything; below zero the clock is set back."""
        self.books.now = self.channel.now = self.now + timedelta(seconds=seconds)
        self.story.append(f"it is {self.now:%d %H:%M:%S}")

    # how acts are done

    def do(
        self,
        what: str,
        act: Callable[[], object],
        *expected: type[Exception],
        once: bool = False,
    ) -> None:
        """Do it; the process may die of it, and the caller will ask again some day.

        Unless it happens `once`, somebody may do the very same again later.
        """
        try:
            act()
            self.story.append(what)
        except expected as refusal:
            self.story.append(f"{what}: {type(refusal).__name__} {refusal}")
        except (failpoints.FailpointError, BrokenOff) as death:
            self.story.append(f"{what}: dies, {type(death).__name__} {death}")
            self._unfinished.append(lambda: self.do(f"again: {what}", act, *expected, once=True))
        if not once:
            self._done.append(lambda: self.do(f"once more: {what}", act, *expected, once=True))
            del self._done[:-AGAIN_MAX]

    def once_more(self, which: int) -> None:
        """A second tap, or a message that is delivered twice."""
        if self._done:
            self._done[which % len(self._done)]()

    def finish(self) -> None:
        """Whoever got no answer asks again."""
        for act in self._unfinished:
            act()

    def job(self, what: str, act: Callable[[], object]) -> None:
        """What settlement does by itself; when it dies, its next run goes on."""
        self.do(what, act, once=True)

    def meanwhile(self, act: Callable[[], None], *, early: bool = False) -> None:
        """`act` happens while the channel is asked: when it has done its part, or before that."""

        def now_it_happens(call: str) -> None:
            self.channel.on_the_way = self.channel.before_answer = nothing
            self.story.append(f"{'before' if early else 'after'} the channel's {call}:")
            act()

        if early:
            self.channel.on_the_way = now_it_happens
        else:
            self.channel.before_answer = now_it_happens

    def dies_at(self, failpoint: str) -> None:
        """A process will die at a failpoint's next hit, between transactions."""
        self.story.append(f"to die at {failpoint}")
        failpoints.arm(f"{failpoint}=error@1")

    def breaks_off(self, after: int) -> None:
        """A process will die after so many more statements or commits."""
        self.story.append(f"to die after {after} statements")
        self.db.dies_in = after

    def nobody_dies(self) -> None:
        """No death is planned any more."""
        failpoints.arm("")
        self.db.dies_in = None
        self.channel.on_the_way = self.channel.before_answer = nothing
        self.payouts.before_answer = nothing

    # what there is

    def rows(self, statement: Any) -> list[Any]:
        """A look into the database."""
        with self.db.reading() as tx:
            return tx.all(statement)

    def held(self) -> list[PaymentView]:
        """Payments whose money is held, or was."""
        ids = {row.payment_id for row in self.rows(select(EscrowRow.payment_id))}
        return [payment for payment in self.payments if payment.payment_id in ids]

    def paid_numbers(self) -> list[str]:
        """Channel orders that somebody has paid."""
        trades = self.channel.trades.items()
        return [number for number, trade in trades if trade.state is TradeState.PAID]

    def name(self, payment: PaymentView) -> str:
        """As the story calls it."""
        if payment in self.payments:
            return f"payment {self.payments.index(payment)}"
        return f"fee payment {self.fee_payments.index(payment)}"


def nothing(*_: object) -> None:
    """What happens while a channel is asked, as a rule."""
