"""Households order and pay: by channel, fund, card, in parts, at the door, or think otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from services.contracts.cards import CardState, NoSuchCard
from services.contracts.permissions import Role
from services.contracts.settlement import (
    Allocation,
    CardSale,
    ChannelRefused,
    ClosePayment,
    InsufficientFunds,
    PartsFixed,
    Pay,
    PaymentOver,
    PaymentView,
    PayWay,
    RefundState,
    TooMuch,
    WayNotOpen,
)
from services.kernel.errors import Unavailable
from services.kernel.ids import derived_id, new_id
from services.settlement.domain.channel import TradeState
from services.settlement.domain.payments import LIVE
from services.settlement.tables import ChannelOrderRow
from services.settlement.tables_cards import CardRow
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.pay import pay
from tests.support.life.world import World
from tests.support.settlement import open_command

PAY_WITHIN = timedelta(minutes=15)
PAY_REFUSALS = (
    PaymentOver,
    Unavailable,
    InsufficientFunds,
    TooMuch,
    WayNotOpen,
    PartsFixed,
    NoSuchCard,
    ChannelRefused,
)


@dataclass(frozen=True)
class Line:
    """One order of a payment."""

    amount_fen: int
    merchant: int = 0
    subsidy_fen: int = 0
    category: str = ""
    gift_fen: int | None = None
    """A prepaid card with this gift, where there is one."""


class Paying:
    """Acts of payers, and of the channel towards us."""

    def __init__(self, world: World) -> None:
        self.world = world

    def open(self, lines: list[Line], household: int = 0) -> PaymentView:
        """A payment of so many orders; insists until it is there."""
        world = self.world
        number = len(world.payments)
        command = open_command(
            request_id=new_id(),
            payment_id=world.id("payment", number),
            household_id=world.household(household),
            community_id=world.id("community"),
            pay_before=world.now + PAY_WITHIN,
            allocations=[self._order(line, number, index) for index, line in enumerate(lines)],
        )
        opened: list[PaymentView] = []
        while not opened:
            world.do(
                f"open payment {number} of {[line.amount_fen for line in lines]}",
                lambda: opened.append(open_payment(world.db, command, world.now)),
                once=True,
            )
        world.payments += opened
        return opened[0]

    def _order(self, line: Line, number: int, index: int) -> Allocation:
        sale = None
        if line.gift_fen is not None:
            sale = CardSale(name="会员卡", gift_fen=line.gift_fen)
        return Allocation(
            order_id=derived_id("order", self.world.key, str(number), str(index)),
            merchant_id=self.world.merchant(line.merchant),
            amount_fen=line.amount_fen,
            subsidy_fen=line.subsidy_fen if sale is None else 0,
            category=line.category,
            card=sale,
        )

    def pay(
        self,
        payment: PaymentView,
        openid: str = "oHkLxt-a",
        way: PayWay = PayWay.WECHAT_JSAPI,
        fund_fen: int = 0,
        card_id: str | None = None,
    ) -> None:
        """A tap on 「支付」 with a choice; the same payment may be tapped with another one."""
        parts = f" fund {fund_fen}" * bool(fund_fen) + f" card {card_id}" * bool(card_id)
        world = self.world
        command = Pay(
            request_id=new_id(),
            payment_id=payment.payment_id,
            openid=openid,
            way=way,
            fund_fen=fund_fen,
            card_id=card_id,
        )
        payer = world.person(payment.household_id, Role.OWNER)
        world.do(
            f"pay {world.name(payment)} by {way} of {openid}{parts}",
            lambda: pay(world.db, world.books.channels, command, payer, world.now),
            *PAY_REFUSALS,
        )

    def cards_of(self, household_id: str) -> list[str]:
        """Cards that this household has, or had."""
        found = select(CardRow.card_id).where(CardRow.household_id == household_id)
        return [row.card_id for row in self.world.rows(found.order_by(CardRow.card_id))]

    def cards_at_hand(self) -> list[CardRow]:
        """Cards that may be spent."""
        active = select(CardRow.__table__).where(CardRow.state == CardState.ACTIVE)
        return self.world.rows(active.order_by(CardRow.card_id))

    def somebody_pays(self, which: int) -> None:
        """A payer confirms on a pay sheet that is open, in time or not."""
        world = self.world
        trades = world.channel.trades.items()
        unpaid = [number for number, trade in trades if trade.state is not TradeState.PAID]
        if unpaid:
            number = unpaid[which % len(unpaid)]
            world.do(f"{number} is paid", lambda: world.channel.is_paid(number), once=True)

    def a_notice_arrives(self, which: int) -> None:
        """Of any payment or ended refund, early, late, again, or of long ago."""
        refunds = self.world.channel.refunds.values()
        told = [(number, False) for number in self.world.paid_numbers()]
        told += [(r.out_refund_no, True) for r in refunds if r.state is not RefundState.PROCESSING]
        if told:
            self.notify(*told[which % len(told)])

    def the_last_notices_arrive(self) -> None:
        """Every other one is lost where we still ask; of late money the channel tells us surely."""
        asked = select(ChannelOrderRow.out_trade_no).where(ChannelOrderRow.state.in_(LIVE))
        found_by_asking = {row.out_trade_no for row in self.world.rows(asked)}
        for which, number in enumerate(self.world.paid_numbers()):
            if which % 2 or number not in found_by_asking:
                self.notify(number, refund=False)

    def notify(self, number: str, refund: bool) -> None:
        """The notice of this payment or refund."""
        books, channel = self.world.books, self.world.channel

        def act() -> None:
            # Named when it arrives: each news of the channel is a notice of its own.
            state = channel.refunds[number].state if refund else TradeState.PAID
            books.notify(number, refund=refund, notice_id=f"{number} {state}")

        self.world.do(f"notice of {number}", act)

    def close(self, payment: PaymentView) -> None:
        """Orders wants no more money for it."""
        world = self.world
        command = ClosePayment(
            request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
        )
        act: Callable[[], object] = lambda: close_payment(  # noqa: E731
            world.db, world.books.channels, command, world.now
        )
        world.do(f"close {world.name(payment)}", act, Unavailable)

    def the_channel_changes(self, away: bool, state: RefundState, refusal: str = "") -> None:
        """It is away or back; refunds that are asked for from here on end like this."""
        self.world.story.append(f"channel: away={away} refunds={refusal or state}")
        channel = self.world.channel
        channel.away, channel.refund_state, channel.refund_refusal = away, state, refusal

    def a_refund_ends(self, which: int, *, given_up: bool = False) -> None:
        """The channel has paid one back, or has not; we are not told yet."""
        channel = self.world.channel
        waiting = [
            number
            for number, refund in channel.refunds.items()
            if refund.state is RefundState.PROCESSING
        ]
        if waiting:
            number = waiting[which % len(waiting)]
            state = RefundState.FAILED if given_up else RefundState.DONE
            self.world.do(
                f"refund {number} is {state} over there",
                lambda: channel.ends_refund(number, state),
                once=True,
            )
