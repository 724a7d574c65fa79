"""The way of an order, walked with the real use cases up to any state."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from services.contracts.catalog import Fulfilment
from services.contracts.delivery import DropDelivered
from services.contracts.orders import (
    CancelOrder,
    ConfirmOrder,
    ConfirmReceipt,
    DispatchOrder,
    FinishService,
    HandOver,
    MarkReady,
    MessageView,
    OrderState,
    OrderView,
    PickedLine,
    PlacedView,
    Say,
    StartService,
    StoreHandover,
    UploadedPhoto,
)
from services.contracts.settlement import Allocation, Channel, PaymentReceived, PaymentState
from services.kernel.actor import Actor
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.orders.domain.order import Order
from services.orders.queries import need_order, order_from
from services.orders.tables import OrderRow
from services.orders.use_cases.cancel_order import cancel_order
from services.orders.use_cases.complete_order import confirm_receipt
from services.orders.use_cases.confirm_order import confirm_order, mark_ready
from services.orders.use_cases.dispatch_order import dispatch_order
from services.orders.use_cases.hand_over import hand_over
from services.orders.use_cases.note_delivery import deliver_order
from services.orders.use_cases.place_orders import place_orders
from services.orders.use_cases.receive_payment import receive_payment
from services.orders.use_cases.serve import finish_service, start_service
from services.orders.use_cases.talk import say
from services.orders.views import order_view
from tests.support.orders import NOW, SETTINGS, SLOT, FakeServices, Street

S = OrderState
_KEY = base64.b64encode(b"o" * 32).decode()
_WAY = (
    S.AWAITING_PAYMENT,
    S.AWAITING_CONFIRMATION,
    S.PREPARING,
    S.READY,
    S.OUT_FOR_DELIVERY,
    S.DELIVERED,
    S.COMPLETED,
)
COURSE = {
    *("pay", "cancel", "confirm", "mark_ready", "dispatch", "hand_over", "start_service"),
    *("finish_service", "confirm_receipt", "say"),
}
_SERVED = (S.AWAITING_PAYMENT, S.AWAITING_CONFIRMATION, S.SCHEDULED, S.IN_SERVICE, S.DELIVERED)


class Walk:
    """One database, one street, its services: what each test walks with."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.street = Street()
        self.services = FakeServices(self.street)
        self.courier_id = new_id()
        self.files = FileStore(f"memory://{new_id()}", Sealer(f"k1:{_KEY}"))

    def place(
        self, wanted: dict[str, int] | None = None, now: datetime = NOW, **fields: Any
    ) -> PlacedView:
        """Place what the street's resident wishes."""
        command = self.street.wish(wanted, **fields)
        return place_orders(self.db, self.services, command, self.street.resident, now, SETTINGS)

    def place_at_two_stores(self) -> PlacedView:
        """One payment for an order at each store."""
        return self.place({self.street.soy.sku_id: 1, self.street.wash.sku_id: 1})

    def place_to_fetch(
        self, way: Fulfilment = Fulfilment.PICKUP, wanted: dict[str, int] | None = None
    ) -> PlacedView:
        """An order of the breakfast store that its buyer comes for."""
        wish = StoreHandover(store_id=self.street.breakfast.store_id, fulfilment=way)
        return self.place(wanted, handovers=[wish])

    def book(
        self,
        starts_at: datetime = SLOT,
        way: Fulfilment = Fulfilment.AT_HOME,
        **fields: Any,
    ) -> PlacedView:
        """One hour of the cleaners."""
        wish = self.street.at(starts_at, way)
        return self.place({self.street.clean.sku_id: 1}, appointments=[wish], **fields)

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

    def cancel(
        self, order_id: str, actor: Actor | None = None, now: datetime = NOW, **fields: Any
    ) -> OrderView:
        """Call it off."""
        values = {"request_id": new_id(), "reason": "不想要了", **fields}
        command = CancelOrder(order_id=order_id, **values)
        by = actor or self.street.resident
        return cancel_order(self.db, self.services, command, by, now, SETTINGS)

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

    def hand_over(
        self,
        order_id: str,
        code: str,
        actor: Actor | None = None,
        lines: dict[str, int] | None = None,
        now: datetime = NOW,
        request_id: str = "",
    ) -> OrderView:
        """Give out all that is left, or `lines`."""
        picked = [PickedLine(sku_id=sku, quantity=n) for sku, n in (lines or {}).items()]
        command = HandOver(
            request_id=request_id or new_id(), order_id=order_id, code=code, lines=picked
        )
        return hand_over(self.db, command, actor or self.street.merchant, now, SETTINGS)

    def start_service(self, order_id: str, actor: Actor | None = None) -> OrderView:
        """开始服务."""
        command = StartService(request_id=new_id(), order_id=order_id)
        return start_service(self.db, command, actor or self.street.merchant, NOW, SETTINGS)

    def finish_service(
        self,
        order_id: str,
        actor: Actor | None = None,
        request_id: str = "",
        photos: list[UploadedPhoto] | None = None,
    ) -> OrderView:
        """完成服务."""
        command = FinishService(
            request_id=request_id or new_id(), order_id=order_id, photos=photos or []
        )
        by = actor or self.street.merchant
        return finish_service(self.db, self.files, command, by, NOW, SETTINGS)

    def say(
        self, order_id: str, text: str, actor: Actor | None = None, **fields: Any
    ) -> MessageView:
        """A word in the order's thread."""
        values = {"request_id": new_id(), **fields}
        command = Say(order_id=order_id, text=text, **values)
        return say(self.db, self.files, command, actor or self.street.resident, NOW)

    def photo(self, data: bytes = b"jpeg") -> UploadedPhoto:
        """An upload that nobody has claimed yet."""
        stored = self.files.put(data)
        return UploadedPhoto(key=stored.key, sha256=stored.sha256)

    def confirm_receipt(self, order_id: str, actor: Actor | None = None) -> OrderView:
        """确认收货."""
        command = ConfirmReceipt(request_id=new_id(), order_id=order_id)
        return confirm_receipt(self.db, command, actor or self.street.resident, NOW, SETTINGS)

    def order_in(self, state: OrderState) -> str:
        """An order of the breakfast store that has walked to `state`, or one of the cleaners' where
        only a service can come."""
        if state in (S.SCHEDULED, S.IN_SERVICE):
            return self.service_in(state)
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

    def service_in(self, state: OrderState, way: Fulfilment = Fulfilment.AT_HOME) -> str:
        """A service with an appointment that has walked to `state`."""
        placed = self.book(way=way)
        order_id = placed.orders[0].order_id
        steps: list[Callable[[], Any]] = [
            lambda: self.pay(placed),
            lambda: self.confirm(order_id),
            lambda: self.start_service(order_id),
            lambda: self.finish_service(order_id),
        ]
        for step in steps[: _SERVED.index(state)]:
            step()
        assert self.view(order_id).state is state
        return order_id

    def to_fetch_in(self, state: OrderState, way: Fulfilment = Fulfilment.PICKUP) -> str:
        """An order to be fetched that has walked to `state`."""
        placed = self.place_to_fetch(way)
        order_id = placed.orders[0].order_id
        self._walk_on(placed, order_id, state)
        return order_id

    def code_of(self, order_id: str) -> str:
        """The pick-up code, as its resident reads it."""
        code = self.view(order_id).pickup_code
        assert code is not None
        return code

    def order(self, order_id: str) -> Order:
        """The order as it is kept."""
        with self.db.reading() as tx:
            return need_order(tx, order_id)

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

    def may(self, order_id: str, actor: Actor | None = None, now: datetime = NOW) -> list[str]:
        """What they may do in the ordinary course, without what may be open beside it."""
        return [word for word in self.view(order_id, actor, now).may if word in COURSE]

    def states(self) -> list[OrderState]:
        """The state of every order there is, by id."""
        with self.db.reading() as tx:
            rows = tx.all(select(OrderRow.__table__).order_by(OrderRow.order_id))
        return [order_from(row).state for row in rows]

    def steps(self, order_id: str) -> list[str]:
        """The timeline's steps."""
        return [entry.step for entry in self.view(order_id).timeline]
