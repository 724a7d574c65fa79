"""What becomes of orders: done, cancelled, brought, quarrelled over, ruled; and the rules of it."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from services.contracts.cards import CardSpent
from services.contracts.delivery import DropDelivered
from services.contracts.orders import RefundTo
from services.contracts.permissions import Role
from services.contracts.settlement import (
    AlreadyResolved,
    CashState,
    EscrowState,
    FreezeOrder,
    HandInCash,
    NotYourOrderMoney,
    PaymentView,
    PutCommissionRule,
    RefundOrder,
    RefundOrderPart,
    RuleOrder,
    ThawOrder,
    TooMuch,
)
from services.kernel.errors import InvariantBroken, NotFound
from services.kernel.ids import new_id
from services.settlement.domain.days import day_of
from services.settlement.tables import EscrowRow
from services.settlement.tables_desk import CashRow
from services.settlement.use_cases import cash, dispute
from services.settlement.use_cases.collect_cash import collect
from services.settlement.use_cases.put_rules import put_commission_rule
from services.settlement.use_cases.refund_order import refund_order, refund_part
from tests.support.life.world import World

REASON = "少了一份"
MEDIATOR = "李调解"
COURIERS = 2


class NothingHeld(Exception):
    """The event was about an order that nobody has paid for."""


class Orders:
    """Acts of orders, couriers, cashiers and those who settle quarrels."""

    def __init__(self, world: World) -> None:
        self.world = world

    def complete(self, payment: PaymentView, index: int = 0) -> None:
        """`order.completed`, delivered at least once."""
        books, gone = self.world.books, self._agreed_away(payment, index)
        self._resolve(
            "complete", payment, index, lambda at: books.complete(payment, at, given_back=gone)
        )

    def cancel(self, payment: PaymentView, index: int, to: RefundTo = RefundTo.CHANNEL) -> None:
        """`order.cancelled`, delivered at least once."""
        books, gone = self.world.books, self._agreed_away(payment, index)
        self._resolve(
            f"cancel to {to}",
            payment,
            index,
            lambda at: books.cancel(payment, at, to, given_back=gone),
        )

    def refund_part(self, payment: PaymentView, index: int, amount_fen: int, to: RefundTo) -> None:
        """The cashier gives a part back, before or after settlement."""
        world, order_id = self.world, _order(payment, index)
        command = RefundOrderPart(
            request_id=new_id(), order_id=order_id, amount_fen=amount_fen, to=to, reason=REASON
        )
        world.do(
            f"{amount_fen} of {world.name(payment)}.{index} back to {to}",
            lambda: refund_part(world.db, command, world.staff(Role.CASHIER), world.now),
            TooMuch,
            AlreadyResolved,
            NotYourOrderMoney,
        )

    def give_back(self, payment: PaymentView, index: int, amount_fen: int, to: RefundTo) -> None:
        """Orders has so much given back, as the two have agreed."""
        world, order_id = self.world, _order(payment, index)
        command = RefundOrder(
            request_id=new_id(),
            order_id=order_id,
            amount_fen=amount_fen,
            to=to,
            reason=REASON,
            by_name=MEDIATOR,
        )
        world.do(
            f"{amount_fen} of {world.name(payment)}.{index} back to {to}, as agreed",
            lambda: refund_order(world.db, command, world.now),
            TooMuch,
            AlreadyResolved,
            NotYourOrderMoney,
        )

    def freeze(self, payment: PaymentView, index: int) -> None:
        """A quarrel."""
        world = self.world
        command = FreezeOrder(
            request_id=new_id(), order_id=_order(payment, index), reason=REASON, by_name=MEDIATOR
        )
        world.do(
            f"freeze {world.name(payment)}.{index}",
            lambda: dispute.freeze_order(world.db, command, world.now),
            CardSpent,
            AlreadyResolved,
            NotYourOrderMoney,
        )

    def thaw(self, payment: PaymentView, index: int) -> None:
        """The quarrel is taken back."""
        world = self.world
        command = ThawOrder(
            request_id=new_id(), order_id=_order(payment, index), reason=REASON, by_name=MEDIATOR
        )
        world.do(
            f"thaw {world.name(payment)}.{index}",
            lambda: dispute.thaw_order(world.db, command, world.books.terms),
            AlreadyResolved,
            NotYourOrderMoney,
        )

    def rule(self, payment: PaymentView, index: int, to_resident_fen: int, to: RefundTo) -> None:
        """A ruling."""
        world = self.world
        command = RuleOrder(
            request_id=new_id(),
            order_id=_order(payment, index),
            to_resident_fen=to_resident_fen,
            to=to,
            reason=REASON,
            by_name=MEDIATOR,
        )
        world.do(
            f"rule {to_resident_fen} of {world.name(payment)}.{index} to the resident's {to}",
            lambda: dispute.rule_order(world.db, command, world.books.terms),
            TooMuch,
            AlreadyResolved,
            NotYourOrderMoney,
        )

    # cash at doors

    def bring(self, payment: PaymentView, index: int, courier: int) -> None:
        """`drop.delivered`: what is due at the door is collected."""
        world, order_id = self.world, _order(payment, index)
        event = DropDelivered(
            aggregate_id=world.id("drop", order_id),
            version=1,
            order_id=order_id,
            courier_id=world.id("courier", courier % COURIERS),
            courier_name="小李",
            at=world.now,
        )

        def act() -> None:
            with world.db.transaction() as tx:
                collect(tx, event, world.now)

        world.do(f"{world.name(payment)}.{index} is brought", act)

    def hand_in(self, which: int, most: int = 3) -> None:
        """A courier (or a resident) brings the cash of some orders to the desk."""
        states = (CashState.DUE, CashState.COLLECTED)
        waiting = self._cash(*states)
        if waiting:
            start = which % len(waiting)
            self._hand_in(waiting[start : start + most])

    def all_cash_is_handed_in(self) -> None:
        """No courier owes anything."""
        for row in self._cash(CashState.COLLECTED):
            self._hand_in([row])

    def _cash(self, *states: CashState) -> list[tuple[str, int]]:
        found = select(CashRow.order_id, CashRow.amount_fen).where(CashRow.state.in_(states))
        rows = self.world.rows(found.order_by(CashRow.order_id))
        return [(row.order_id, row.amount_fen) for row in rows]

    def _hand_in(self, orders: list[tuple[str, int]]) -> None:
        world = self.world
        command = HandInCash(
            request_id=new_id(),
            order_ids=[order_id for order_id, _ in orders],
            amount_fen=sum(amount_fen for _, amount_fen in orders),
        )
        world.do(
            f"cash of {len(orders)} orders is handed in",
            lambda: cash.hand_in(world.db, command, world.staff(Role.CASHIER), world.books.terms),
            TooMuch,
            AlreadyResolved,
            NotFound,
        )

    # rules

    def rate(self, rate_bp: int, merchant: int | None, category: str, days: int) -> None:
        """From today, or from so many days on, the property takes so much."""
        world = self.world
        command = PutCommissionRule(
            request_id=new_id(),
            merchant_id=None if merchant is None else world.merchant(merchant),
            category=category,
            rate_bp=rate_bp,
            from_day=day_of(world.now) + timedelta(days=days),
        )
        now = world.now
        world.do(
            f"{rate_bp} bp of {category or 'all'} for {merchant}",
            lambda: put_commission_rule(world.db, command, world.staff(Role.ACCOUNTANT), now),
        )

    def _agreed_away(self, payment: PaymentView, index: int) -> bool:
        """What orders knows by its own acts: all of it has gone back, as agreed or by a ruling."""
        states = select(EscrowRow.state).where(
            EscrowRow.order_id == _order(payment, index), EscrowRow.decided_at.is_not(None)
        )
        return any(row.state == EscrowState.REFUNDED for row in self.world.rows(states))

    def _resolve(
        self, what: str, payment: PaymentView, index: int, resolve: Callable[[int], None]
    ) -> None:
        index %= len(payment.allocations)
        order_id = payment.allocations[index].order_id

        def act() -> None:
            try:
                resolve(index)
            except InvariantBroken as error:
                states = select(EscrowRow.state).where(EscrowRow.order_id == order_id)
                held = self.world.rows(states)
                assert held == [], f"{order_id} is {held}"
                raise NothingHeld from error

        self.world.do(
            f"{what} {self.world.name(payment)}.{index}", act, AlreadyResolved, NothingHeld
        )


def _order(payment: PaymentView, index: int) -> str:
    return payment.allocations[index % len(payment.allocations)].order_id
