"""A life of money: everybody's acts, what settlement does by itself, and how it all ends."""

from datetime import timedelta

from services.contracts.settlement import RefundState
from services.settlement import ledger
from services.settlement.domain.payouts import PayoutState
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_stragglers
from services.settlement.use_cases.settle_due import settle_due
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.frail_database import FrailDatabase
from tests.support.life import ending
from tests.support.life.cards import Cards
from tests.support.life.desk import Desk
from tests.support.life.ending import Ending
from tests.support.life.fees import Fees
from tests.support.life.orders import Orders
from tests.support.life.paying import Paying
from tests.support.life.withdrawals import Withdrawals
from tests.support.life.world import World
from tests.support.settlement_channel import NOW

REFUND_TRY_MAX = 3
LATE_AFTER = timedelta(minutes=15)
QUIET_DAYS = 4
CRASHES = (
    "settlement.pay.after_intent",
    "settlement.pay.after_prepay",
    "settlement.notice.after_verify",
    "settlement.close.after_channel",
    "settlement.refund.after_channel",
    "settlement.settle.after_batch",
    "settlement.payout.after_intent",
    "settlement.payout.after_channel",
    "settlement.cards.between_batches",
    "settlement.fee.after_commit",
    "settlement.fee.after_told",
)
"""Where a process may die between two transactions."""


class MoneyLife:
    """Settlement's own use cases on the real database, with channels made by hand.

    Whoever draws the acts (hypothesis, or a seed) draws the life; the same acts under the same key
    end the same.
    """

    def __init__(self, db: FrailDatabase, key: str = "") -> None:
        self.world = World(db, key)
        self.paying = Paying(self.world)
        self.orders = Orders(self.world)
        self.desk = Desk(self.world)
        self.cards = Cards(self.world)
        self.withdrawals = Withdrawals(self.world)
        self.fees = Fees(self.world)

    @property
    def story(self) -> list[str]:
        return self.world.story

    def jobs_run(self, *, checkpoints: bool = False) -> None:
        """What settlement does by itself."""
        world, channels = self.world, self.world.books.channels
        world.job("poll", lambda: poll_payments(world.db, channels, world.now))
        world.job("refunds", lambda: run_refunds(world.db, channels, REFUND_TRY_MAX, world.now))
        past = world.now - LATE_AFTER
        world.job("stragglers", lambda: close_stragglers(world.db, channels, past, world.now))
        world.job("settle", lambda: settle_due(world.db, world.books.terms))
        self.withdrawals.run()
        self.fees.tell()
        self.cards.run()
        if checkpoints:
            world.job("checkpoints", self._take_checkpoints)

    def check(self) -> None:
        """Nobody is owed more than came in."""
        trades = self.world.channel.trades.values()
        came_in = sum(trade.amount_fen for trade in trades if trade.paid_at)
        assert 0 <= ending.held_fen(self.world) <= came_in

    def quiet_down(self) -> None:
        """Everything that was begun comes to its end."""
        world = self.world
        world.story.append("all is quiet")
        world.nobody_dies()
        self.paying.the_channel_changes(away=False, state=RefundState.PROCESSING)
        self.withdrawals.the_payouts_change(away=False, refusal="", slow_cancel=False)
        self.fees.the_system_changes(away=False, refuses=False)
        world.finish()
        self.paying.the_last_notices_arrive()
        for day in range(QUIET_DAYS):
            self._quiet_day(checkpoints=day == 0)
        self.jobs_run(checkpoints=True)

    def _quiet_day(self, *, checkpoints: bool) -> None:
        world = self.world
        world.time_passes(86_400)
        self.fees.fetch()
        self.jobs_run(checkpoints=checkpoints)
        self.orders.all_cash_is_handed_in()
        self.desk.nothing_waits()
        self.withdrawals.nothing_waits()
        for which in range(len(world.payouts.bills)):
            state = PayoutState.DONE if which % 3 else PayoutState.FAILED
            self.withdrawals.one_ends(0, state, "" if which % 3 else "OVERDUE_CLOSE")
            self.withdrawals.a_notice_arrives(which)
        for refund_id, refund in list(world.channel.refunds.items()):
            self.paying.a_refund_ends(0)
            if refund.state is RefundState.PROCESSING:
                self.paying.notify(refund_id, refund=True)

    def assert_ended(self) -> None:
        """The books are proved by the audit and the channel's bills, and nothing is under way."""
        days = (self.world.now - NOW).days + 2
        self.world.books.assert_proved(bill_days=days)
        ending.assert_nothing_under_way(self.world, self.fees.system)
        ending.assert_each_end_was_told_once(self.world)

    def ending(self) -> Ending:
        """The same for the same acts under the same key."""
        return ending.ending(self.world.db)

    def _take_checkpoints(self) -> None:
        with self.world.db.transaction() as tx:
            ledger.take_checkpoints(tx, self.world.now)
