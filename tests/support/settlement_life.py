"""A life of money: payers, a channel, orders' events, jobs and crashes, on a clock of its own.

Settlement's own use cases on the real database, with the channel made by hand. Whoever draws the
acts (hypothesis, or a seed) draws the life; the same acts under the same key end the same.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    Allocation,
    AlreadyResolved,
    ClosePayment,
    PaymentOver,
    PaymentView,
    RefundState,
)
from services.kernel import failpoints
from services.kernel.errors import InvariantBroken, Unavailable
from services.kernel.ids import derived_id, new_id
from services.settlement import ledger
from services.settlement.domain.channel import TradeState
from services.settlement.tables import EscrowRow
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_payment, close_stragglers
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support import settlement_end
from tests.support.frail_database import BrokenOff, FrailDatabase
from tests.support.servers import empty_all_tables
from tests.support.settlement import Books, open_command
from tests.support.settlement_channel import NOW
from tests.support.settlement_end import Ending

REFUND_TRY_MAX = 3
LATE_AFTER = timedelta(minutes=15)
QUIET_DAYS = 3
MERCHANTS = 3
CRASHES = (
    "settlement.pay.after_intent",
    "settlement.pay.after_prepay",
    "settlement.notice.after_verify",
    "settlement.close.after_channel",
    "settlement.refund.after_channel",
)


class NothingHeld(Exception):
    """The event was about an order that nobody has paid for."""


class MoneyLife:
    """Acts of payers, channel and jobs; what was done is written into `story`."""

    def __init__(self, db: FrailDatabase, key: str = "") -> None:
        empty_all_tables(db)
        self.db, self.key = db, key
        self.books = Books(db)
        self.books.channel.pays_after_close = True
        self.payments: list[PaymentView] = []
        self.story: list[str] = []
        self._unfinished: list[Callable[[], None]] = []

    @property
    def now(self) -> datetime:
        return self.books.now

    # acts

    def open(self, amounts_fen: list[int]) -> PaymentView:
        """A payment of so many orders."""
        name = f"{self.key}/{len(self.payments)}"
        command = open_command(
            payment_id=derived_id("payment", name),
            household_id=derived_id("household", name),
            pay_before=self.now + timedelta(minutes=15),
            allocations=[
                Allocation(
                    order_id=derived_id("order", name, str(index)),
                    merchant_id=derived_id("merchant", self.key, str(index % MERCHANTS)),
                    amount_fen=amount_fen,
                )
                for index, amount_fen in enumerate(amounts_fen)
            ],
        )
        opened: list[PaymentView] = []
        while not opened:
            self._do(
                f"open payment {len(self.payments)} of {amounts_fen}",
                lambda: opened.append(open_payment(self.db, command, self.now)),
            )
        self.payments += opened
        return opened[0]

    def prepay(self, payment: PaymentView, openid: str) -> None:
        """A tap on 「支付」."""
        pay = lambda: self.books.pay(payment, openid)  # noqa: E731
        self._do(f"prepay {self._name(payment)} by {openid}", pay, PaymentOver, Unavailable)

    def somebody_pays(self, which: int) -> None:
        """A payer confirms on a pay sheet that is open, in time or not."""
        trades = self.books.channel.trades.items()
        unpaid = [number for number, trade in trades if trade.state is not TradeState.PAID]
        if unpaid:
            number = unpaid[which % len(unpaid)]
            self._do(f"{number} is paid", lambda: self.books.channel.is_paid(number))

    def a_notice_arrives(self, which: int) -> None:
        """Of any payment or ended refund, early, late, again, or of long ago."""
        refunds = self.books.channel.refunds.values()
        told = [(number, False) for number in self._paid_numbers()]
        told += [(r.out_refund_no, True) for r in refunds if r.state is not RefundState.PROCESSING]
        if told:
            self._tell(*told[which % len(told)])

    def close(self, payment: PaymentView) -> None:
        """Orders wants no more money for it."""
        command = ClosePayment(
            request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
        )
        act = lambda: close_payment(self.db, self.books.channels, command, self.now)  # noqa: E731
        self._do(f"close {self._name(payment)}", act, Unavailable)

    def complete(self, payment: PaymentView, index: int = 0) -> None:
        """`order.completed`, delivered at least once."""
        self._resolve("complete", payment, index, lambda at: self.books.complete(payment, at))

    def cancel(self, payment: PaymentView, index: int, to: RefundTo) -> None:
        """`order.cancelled`, delivered at least once."""
        self._resolve(
            f"cancel to {to}", payment, index, lambda at: self.books.cancel(payment, at, to)
        )

    def the_channel_changes(self, away: bool, state: RefundState, refusal: str = "") -> None:
        """It is away or back; refunds that are asked for from here on end like this."""
        self.story.append(f"channel: away={away} refunds={refusal or state}")
        channel = self.books.channel
        channel.away, channel.refund_state, channel.refund_refusal = away, state, refusal

    def a_refund_ends(self, which: int) -> None:
        """The channel has paid one back; we are not told yet."""
        waiting = [
            number
            for number, refund in self.books.channel.refunds.items()
            if refund.state is not RefundState.DONE
        ]
        if waiting:
            number = waiting[which % len(waiting)]
            self._do(f"refund {number} ends", lambda: self.books.channel.ends_refund(number))

    def time_passes(self, seconds: float) -> None:
        """Nobody does anything."""
        self.books.now = self.books.channel.now = self.now + timedelta(seconds=seconds)
        self.story.append(f"it is {self.now:%d %H:%M:%S}")

    def jobs_run(self) -> None:
        """What settlement does by itself."""
        channels = self.books.channels
        self._do("poll", lambda: poll_payments(self.db, channels, self.now))
        self._do("refunds", lambda: run_refunds(self.db, channels, REFUND_TRY_MAX, self.now))
        past = self.now - LATE_AFTER
        self._do("stragglers", lambda: close_stragglers(self.db, channels, past, self.now))
        self._do("checkpoints", self._take_checkpoints)

    def meanwhile(self, act: Callable[[], None], *, early: bool = False) -> None:
        """`act` happens while the channel is asked: when it has done its part, or before that."""
        channel = self.books.channel

        def once(call: str) -> None:
            channel.on_the_way = channel.before_answer = _nothing
            self.story.append(f"{'before' if early else 'after'} the channel's {call}:")
            act()

        if early:
            channel.on_the_way = once
        else:
            channel.before_answer = once

    def a_process_will_die(self, at: str) -> None:
        """At a failpoint's next hit, between transactions."""
        self.story.append(f"to die at {at}")
        failpoints.arm(f"{at}=error@1")

    def a_transaction_will_break_off(self, after: int) -> None:
        """After so many more statements."""
        self.story.append(f"to die after {after} statements")
        self.db.dies_in = after

    def held(self) -> list[PaymentView]:
        """Payments whose money is held, or was."""
        with self.db.reading() as tx:
            ids = {row.payment_id for row in tx.all(select(EscrowRow.payment_id))}
        return [payment for payment in self.payments if payment.payment_id in ids]

    # what must hold

    def check(self) -> None:
        """Nobody is owed more than came in."""
        trades = self.books.channel.trades.values()
        came_in = sum(trade.amount_fen for trade in trades if trade.paid_at)
        assert 0 <= settlement_end.held_fen(self.books) <= came_in

    def quiet_down(self) -> None:
        """Everything that was begun comes to its end."""
        self.story.append("all is quiet")
        failpoints.arm("")
        self.db.dies_in = None
        self.books.channel.on_the_way = self.books.channel.before_answer = _nothing
        self.the_channel_changes(away=False, state=RefundState.PROCESSING)
        for act in self._unfinished:
            act()
        for number in self._paid_numbers():
            self._tell(number, refund=False)
        for _ in range(QUIET_DAYS):
            self.time_passes(86_400)
            self.jobs_run()
            for refund_id in self.books.channel.refunds:
                self.books.channel.ends_refund(refund_id)
                self._tell(refund_id, refund=True)

    def assert_ended(self) -> None:
        """The books are proved by the audit and the channel's bills, and nothing is under way."""
        self.books.assert_proved(bill_days=(self.now - NOW).days + 2)
        settlement_end.assert_nothing_under_way(self.books)

    def ending(self) -> Ending:
        """The same for the same acts under the same key."""
        return settlement_end.ending(self.db)

    # how acts are done

    def _do(self, what: str, act: Callable[[], object], *expected: type[Exception]) -> None:
        """Do it; the process may die of it, and the caller will ask again some day."""
        try:
            act()
            self.story.append(what)
        except expected as refusal:
            self.story.append(f"{what}: {refusal}")
        except (failpoints.FailpointError, BrokenOff) as death:
            self.story.append(f"{what}: dies, {type(death).__name__} {death}")
            self._unfinished.append(lambda: self._do(f"again: {what}", act, *expected))

    def _resolve(
        self, what: str, payment: PaymentView, index: int, resolve: Callable[[int], None]
    ) -> None:
        index %= len(payment.allocations)
        order_id = payment.allocations[index].order_id

        def act() -> None:
            try:
                resolve(index)
            except InvariantBroken as error:
                with self.db.reading() as tx:
                    held = tx.scalar(select(EscrowRow.state).where(EscrowRow.order_id == order_id))
                assert held is None, f"{order_id} is {held}"
                raise NothingHeld from error

        self._do(f"{what} {self._name(payment)}.{index}", act, AlreadyResolved, NothingHeld)

    def _tell(self, number: str, refund: bool) -> None:
        def act() -> None:
            # Named when it arrives: each news of the channel is a notice of its own.
            state = self.books.channel.refunds[number].state if refund else TradeState.PAID
            self.books.notify(number, refund=refund, notice_id=f"{number} {state}")

        self._do(f"notice of {number}", act)

    def _paid_numbers(self) -> list[str]:
        trades = self.books.channel.trades.items()
        return [number for number, trade in trades if trade.state is TradeState.PAID]

    def _take_checkpoints(self) -> None:
        with self.db.transaction() as tx:
            ledger.take_checkpoints(tx, self.now)

    def _name(self, payment: PaymentView) -> str:
        return f"payment {self.payments.index(payment)}"


def _nothing(call: str) -> None:
    """What happens while the channel is asked, as a rule."""
