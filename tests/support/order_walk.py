"""The way of an order, walked with the real use cases up to any state."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from services.contracts.delivery import DropDelivered
from services.contracts.orders import (
    CancelOrder,
    ConfirmOrder,
    ConfirmReceipt,
    DispatchOrder,
    MarkReady,
    OrderState,
    OrderView,
    PlacedView,
)
from services.contracts.settlement import Allocation, Channel, PaymentReceived, PaymentState
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.orders.queries import order_from
from services.orders.tables import OrderRow
from services.orders.use_cases.cancel_order import cancel_order
from services.orders.use_cases.complete_order import confirm_receipt
from services.orders.use_cases.confirm_order import confirm_order, mark_ready
from services.orders.use_cases.dispatch_order import dispatch_order
from services.orders.use_cases.note_delivery import deliver_order
from services.orders.use_cases.place_orders import place_orders
from services.orders.use_cases.receive_payment import receive_payment
from services.orders.views import order_view
from tests.support.orders import NOW, SETTINGS, FakeServices, Street

S = OrderState
_WAY = (
    S.AWAITING_PAYMENT,
    S.AWAITING_CONFIRMATION,
    S.PREPARING,
    S.READY,
    S.OUT_FOR_DELIVERY,
    S.DELIVERED,
    S.COMPLETED,
)


class Walk:
    """One database, one street, its services: what each test walks with."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.street = Street()
        self.services = FakeServices(self.street)
        self.courier_id = new_id()

    def place(
        self, wanted: dict[str, int] | None = None, now: datetime = NOW, **fields: Any
    ) -> PlacedView:
        """Place what the street's resident wishes."""
        command = self.street.wish(wanted, **fields)
        return place_orders(self.db, self.services, command, self.street.resident, now, SETTINGS)

    def place_at_two_stores(self) -> PlacedView:
        """One payment for an order at each store."""
        return self.place({self.street.soy.sku_id: 1, self.street.wash.sku_id: 1})

    def payment_received(self, placed: PlacedView) -> PaymentReceived:
        """The event for the money of these orders."""
        opened = self.services.payments[placed.payment_id]
        return PaymentReceived(
            aggregate_id=placed.payment_id,
            household_id=self.street.household_id,
            channel=Channel.WECHAT,
            amount_fen=placed.amount_fen,
            allocations=[Allocation(**part.model_dump()) for part in opened.allocations],
            paid_at=NOW,
        )

    def pay(self, placed: PlacedView, now: datetime = NOW) -> None:
        """The money comes in."""
        self.services.payment_states[placed.payment_id] = PaymentState.PAID
        with self.db.transaction() as tx:
            receive_payment(tx, self.payment_received(placed), now, SETTINGS)

    def cancel(self, order_id: str, actor: Actor | None = None, **fields: Any) -> OrderView:
        """Call it off."""
        values = {"request_id": new_id(), "reason": "不想要了", **fields}
        command = CancelOrder(order_id=order_id, **values)
        by = actor or self.street.resident
        return cancel_order(self.db, self.services, command, by, NOW, SETTINGS)

    def confirm(self, order_id: str, actor: Actor | None = None) -> OrderView:
        """接单."""
        command = ConfirmOrder(request_id=new_id(), order_id=order_id)
        return confirm_order(self.db, command, actor or self.street.merchant, NOW, SETTINGS)

    def mark_ready(self, order_id: str, actor: Actor | None = None) -> OrderView:
        """备好."""
        command = MarkReady(request_id=new_id(), order_id=order_id)
        return mark_ready(self.db, command, actor or self.street.merchant, NOW, SETTINGS)

    def dispatch(
        self, order_id: str, actor: Actor | None = None, courier_id: str = ""
    ) -> OrderView:
        """Hand it to the courier."""
        courier = courier_id or self.courier_id
        command = DispatchOrder(request_id=new_id(), order_id=order_id, courier_id=courier)
        by = actor or self.street.merchant
        return dispatch_order(self.db, self.services, command, by, NOW, SETTINGS)

    def deliver(self, order_id: str, at: datetime = NOW) -> None:
        """The courier was at the door."""
        event = DropDelivered(
            aggregate_id=new_id(),
            order_id=order_id,
            courier_id=self.courier_id,
            courier_name="张师傅",
            photo="/files/door.jpg",
            at=at,
        )
        with self.db.transaction() as tx:
            deliver_order(tx, event, SETTINGS)

    def confirm_receipt(self, order_id: str, actor: Actor | None = None) -> OrderView:
        """确认收货."""
        command = ConfirmReceipt(request_id=new_id(), order_id=order_id)
        return confirm_receipt(self.db, command, actor or self.street.resident, NOW, SETTINGS)

    def order_in(self, state: OrderState) -> str:
        """An order of the breakfast store that has walked to `state`."""
        placed = self.place()
        order_id = placed.orders[0].order_id
        if state is S.CLOSING:
            self.services.faults["settlement_close_payment"] = Unavailable()
            self.cancel(order_id)
            del self.services.faults["settlement_close_payment"]
        elif state is S.CANCELLED:
            self.cancel(order_id)
        else:
            self._walk_on(placed, order_id, state)
        assert self.view(order_id).state is state
        return order_id

    def _walk_on(self, placed: PlacedView, order_id: str, state: OrderState) -> None:
        steps: list[Callable[[], Any]] = [
            lambda: self.pay(placed),
            lambda: self.confirm(order_id),
            lambda: self.mark_ready(order_id),
            lambda: self.dispatch(order_id),
            lambda: self.deliver(order_id),
            lambda: self.confirm_receipt(order_id),
        ]
        for step in steps[: _WAY.index(state)]:
            step()

    def view(self, order_id: str, actor: Actor | None = None, now: datetime = NOW) -> OrderView:
        """The order as the resident, or `actor`, sees it."""
        return order_view(self.db, order_id, actor or self.street.resident, now, SETTINGS)

    def states(self) -> list[OrderState]:
        """The state of every order there is, by id."""
        with self.db.reading() as tx:
            rows = tx.all(select(OrderRow.__table__).order_by(OrderRow.order_id))
        return [order_from(row).state for row in rows]

    def steps(self, order_id: str) -> list[str]:
        """The timeline's steps."""
        return [entry.step for entry in self.view(order_id).timeline]
