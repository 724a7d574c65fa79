"""Households pay what they ordered, in every way; the channel, the cashier and refunds."""

import json

from sqlalchemy import select

from services.contracts.orders import OrderView, RefundTo
from services.contracts.permissions import Role
from services.contracts.settlement import (
    CashState,
    Channel,
    DeskMethod,
    HandInCash,
    OwnerKind,
    Pay,
    PayOutRefund,
    PayWay,
    ReceiveNotice,
    RedirectRefund,
    RefundOrderPart,
    RefundState,
    RetryRefund,
    TakeAtDesk,
)
from services.kernel.actor import Actor
from services.settlement.domain.channel import TradeState
from services.settlement.tables import RefundRow
from services.settlement.tables_cards import CardRow
from services.settlement.tables_desk import CashRow
from tests.support.deal_life.world import World

OPENID = "oHkLxt-payer"


class Paying:
    """Acts of payers, cashiers, and of the channel towards us."""

    def __init__(self, world: World) -> None:
        self.world = world

    def pay(
        self, order: OrderView, payer: Actor, way: PayWay, fund_fen: int, card_id: str | None
    ) -> None:
        """A tap on 「支付」 with a choice."""
        world = self.world
        command = Pay(
            request_id=world.request(),
            payment_id=order.payment_id,
            openid=OPENID,
            way=way,
            fund_fen=fund_fen,
            card_id=card_id,
        )
        parts = f" fund {fund_fen}" * bool(fund_fen) + " card" * bool(card_id)
        world.do(
            f"{payer.name} pays for {order.number} by {way}{parts}",
            lambda: world.ask("settlement", "pay", command, payer),
        )

    def at_desk(self, payment_id: str, method: DeskMethod) -> None:
        """The cashier takes it."""
        world = self.world
        command = TakeAtDesk(
            request_id=world.request(), payment_id=payment_id, method=method, reference="000123"
        )
        world.do(
            f"{payment_id} is paid at the desk, {method}",
            lambda: world.ask("settlement", "take_at_desk", command, world.town.one(Role.CASHIER)),
        )

    def fund_of(self, household_id: str) -> int:
        return self.world.books.fund_of(OwnerKind.HOUSEHOLD, household_id)

    def cards_of(self, household_id: str) -> list[str]:
        found = select(CardRow.card_id).where(CardRow.household_id == household_id)
        return [row.card_id for row in self.world.rows("settlement", found)]

    # the channel

    def unpaid(self, *, late: bool) -> list[str]:
        """Sheets on which somebody may still confirm; `late`: closed ones too."""
        open_ones = {TradeState.UNPAID, TradeState.CLOSED} if late else {TradeState.UNPAID}
        trades = self.world.channel.trades.items()
        return [number for number, trade in trades if trade.state in open_ones]

    def somebody_confirms(self, number: str, *, notice: bool) -> None:
        """On the sheet; the notice may get lost."""
        self.world.channel.is_paid(number)
        self.world.story.append(f"{number} is paid over there")
        if notice:
            self.notify(number, refund=False)

    def notify(self, number: str, *, refund: bool) -> None:
        """The channel's notice of a payment or an ended refund."""
        channel, world = self.world.channel, self.world
        state = channel.refunds[number].state if refund else TradeState.PAID
        told = {
            "id": f"{number} {state}",
            "event_type": "REFUND.SUCCESS" if refund else "TRANSACTION.SUCCESS",
            "number": number,
            "refund": refund,
        }
        command = ReceiveNotice(
            request_id=world.request(),
            channel=Channel.WECHAT,
            headers={"genuine": "yes"},
            body=json.dumps(told),
        )
        world.do(f"notice of {number}", lambda: world.ask("settlement", "receive_notice", command))

    def notices(self) -> list[tuple[str, bool]]:
        """What the channel could tell, early, late or again."""
        paid = [
            (number, False)
            for number, trade in self.world.channel.trades.items()
            if trade.state is TradeState.PAID
        ]
        refunds = self.world.channel.refunds.values()
        ended = [(r.out_refund_no, True) for r in refunds if r.state is not RefundState.PROCESSING]
        return paid + ended

    def a_refund_ends(self, which: int, *, given_up: bool = False) -> bool:
        """The channel has paid one back, or gives up; False when none is under way."""
        refunds = self.world.channel.refunds.values()
        waiting = [r.out_refund_no for r in refunds if r.state is RefundState.PROCESSING]
        if not waiting:
            return False
        number = waiting[which % len(waiting)]
        state = RefundState.FAILED if given_up else RefundState.DONE
        self.world.channel.ends_refund(number, state)
        self.world.story.append(f"refund {number} is {state} over there")
        return True

    def the_channel_changes(self, away: bool, state: RefundState, refusal: str = "") -> None:
        """It is away or back; refunds asked for from here on end like this."""
        self.world.story.append(f"channel: away={away} refunds={refusal or state}")
        channel = self.world.channel
        channel.away, channel.refund_state, channel.refund_refusal = away, state, refusal

    # the desk

    def hand_in(self) -> None:
        """Couriers bring all that they have collected."""
        world = self.world
        collected = select(CashRow.order_id, CashRow.amount_fen, CashRow.courier_id).where(
            CashRow.state == CashState.COLLECTED
        )
        for row in world.rows("settlement", collected.order_by(CashRow.order_id)):
            self._hand_in(row.order_id, row.amount_fen)

    def _hand_in(self, order_id: str, amount_fen: int) -> None:
        world, request_id = self.world, self.world.request()
        counted = HandInCash(request_id=request_id, order_ids=[order_id], amount_fen=amount_fen)
        world.do(
            f"cash of {order_id} at the desk",
            lambda: world.ask("settlement", "hand_in_cash", counted, world.town.one(Role.CASHIER)),
        )

    def give_part_back(self, order_id: str, amount_fen: int, to: RefundTo) -> None:
        """The manager lets a part go back on the property's word."""
        world = self.world
        command = RefundOrderPart(
            request_id=world.request(),
            order_id=order_id,
            amount_fen=amount_fen,
            to=to,
            reason="少了一份",
        )
        world.given_by_hand.add(order_id)
        world.do(
            f"the cashier gives {amount_fen} of {order_id} back",
            lambda: world.ask(
                "settlement", "refund_order_part", command, world.town.one(Role.CASHIER)
            ),
        )

    def mend_refunds(self, *, redirect: bool = True) -> None:
        """Refunds that wait for a hand get one."""
        for row in self._refunds(RefundState.PENDING, Channel.DESK):
            self._mend("pay_out_refund", PayOutRefund, row.refund_id)
        for row in self._refunds(RefundState.FAILED):
            if redirect:
                self._mend("redirect_refund", RedirectRefund, row.refund_id, reason="原路退不回去")
            else:
                self._mend("retry_refund", RetryRefund, row.refund_id)

    def _mend(self, method: str, command_type: type, refund_id: str, **more: str) -> None:
        world = self.world
        command = command_type(request_id=world.request(), refund_id=refund_id, **more)
        world.do(
            f"{method} {refund_id}",
            lambda: world.ask("settlement", method, command, world.town.one(Role.CASHIER)),
        )

    def _refunds(self, state: RefundState, channel: Channel | None = None) -> list[RefundRow]:
        found = select(RefundRow.refund_id).where(RefundRow.state == state)
        if channel is not None:
            found = found.where(RefundRow.channel == channel)
        return self.world.rows("settlement", found.order_by(RefundRow.refund_id))
