"""Amendments on the street: a shelf to ask, pieces that are swapped, money that is given back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.contracts.amendments import (
    AmendedLine,
    AmendmentsQuery,
    AmendmentView,
    AnswerAmendment,
    ProposeAmendment,
    WithdrawAmendment,
)
from services.contracts.catalog import (
    Fulfilment,
    ItemKind,
    ItemQuery,
    ItemView,
    ReservationOver,
    ReservedLine,
    ReservedView,
    SkuLine,
    SkuLinesView,
    SkusQuery,
    SwapReservation,
)
from services.contracts.marketing import Adjustment
from services.contracts.orders import Appointment, ConfirmOrder, MarkReady, OrderView, PlacedView
from services.contracts.settlement import (
    Allocation,
    Channel,
    OrderMoneyView,
    PaymentReceived,
    PaymentState,
    RefundOrder,
    TooMuch,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.orders import locks
from services.orders.domain.order import Order
from services.orders.queries import find_order, order_from
from services.orders.sagas import engine
from services.orders.sagas.kinds import KINDS
from services.orders.tables import OrderRow
from services.orders.tables_beside import SeatRow
from services.orders.use_cases.amendments.answer import answer_amendment
from services.orders.use_cases.amendments.over import withdraw_amendment
from services.orders.use_cases.amendments.propose import propose_amendment
from services.orders.use_cases.amendments.see import amendments
from services.orders.use_cases.confirm_order import confirm_order, mark_ready
from services.orders.use_cases.place_orders import place_orders
from services.orders.use_cases.receive_payment import receive_payment
from services.orders.views import order_view
from tests.support.orders import NOW, SETTINGS, FakeServices, Street

LATER = NOW + timedelta(seconds=SETTINGS.saga_lease_s + 1)
"""When the sweep takes up what died at NOW."""
SLOT = NOW + timedelta(days=1)
"""12:00 tomorrow in Beijing."""


class AmendableStreet(Street):
    """Eggs at the breakfast store besides, and a haircut of an hour there, for one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.egg = self._goods("茶叶蛋", 150)
        self.haircut = self._goods("理发", 3000).model_copy(
            update={
                "kind": ItemKind.SERVICE,
                "fulfilments": [Fulfilment.IN_STORE],
                "slot_minutes": 60,
                "slot_capacity": 1,
            }
        )
        self.shelf |= {line.sku_id: line for line in (self.egg, self.haircut)}

    def _goods(self, name: str, price_fen: int) -> ReservedLine:
        return self.soy.model_copy(
            update={
                "sku_id": new_id(),
                "item_id": new_id(),
                "item_name": name,
                "price_fen": price_fen,
            }
        )


class AmendingServices(FakeServices):
    """The shelf answers questions, swaps pieces once, and settlement gives back what is left."""

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        self.off_shelf: set[str] = set()
        self.refunds: dict[str, RefundOrder] = {}
        self.by_hand: dict[str, int] = {}

    def catalog_skus(self, query: SkusQuery) -> SkuLinesView:
        known = (self.street.shelf.get(sku_id) for sku_id in query.sku_ids)
        lines = [
            SkuLine(
                **line.model_dump(exclude={"quantity", "category"}),
                stock=self.stock.get(line.sku_id),
                on_shelf=line.sku_id not in self.off_shelf,
            )
            for line in known
            if line
        ]
        return SkuLinesView(lines=lines)

    def catalog_item(self, query: ItemQuery) -> ItemView:
        line = next(x for x in self.street.shelf.values() if x.item_id == query.item_id)
        return ItemView(
            item_id=line.item_id,
            store_id=line.store_id,
            category="早餐",
            kind=line.kind,
            name=line.item_name,
            on_shelf=True,
            skus=[],
        )

    def catalog_swap_reservation(self, command: SwapReservation) -> ReservedView:
        assert set(command.from_ids) <= set(self.held)
        first_time = command.reservation_id not in self.held
        if first_time and set(command.from_ids) & self.given_back:
            raise ReservationOver
        known = self.held.setdefault(command.reservation_id, command)  # type: ignore[arg-type]
        assert known.lines == command.lines
        self.given_back.update(command.from_ids)
        return ReservedView(reservation_id=command.reservation_id, lines=[])

    def settlement_refund_order(self, command: RefundOrder) -> OrderMoneyView:
        if command.request_id not in self.refunds:
            left_fen = self._left_fen(command.order_id)
            if command.amount_fen > left_fen:
                raise TooMuch(fields={"left_fen": str(left_fen)})
            self.refunds[command.request_id] = command
        assert self.refunds[command.request_id] == command
        return OrderMoneyView(
            order_id=command.order_id,
            household_id=self.street.household_id,
            merchant_id=self.street.breakfast.merchant_id,
            amount_fen=0,
            held_fen=0,
        )

    def _left_fen(self, order_id: str) -> int:
        parts = [p for opened in self.payments.values() for p in opened.allocations]
        paid_fen = sum(part.amount_fen for part in parts if part.order_id == order_id)
        return paid_fen - self.by_hand.get(order_id, 0) - self.given_fen().get(order_id, 0)

    def given_fen(self) -> dict[str, int]:
        """What went back, by order."""
        given: dict[str, int] = {}
        for refund in self.refunds.values():
            given[refund.order_id] = given.get(refund.order_id, 0) + refund.amount_fen
        return given


class Amending:
    """One paid order of two soy milks and four sticks (¥14), and what happens to it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.street = AmendableStreet()
        self.services = AmendingServices(self.street)
        self.neighbour = self.street.resident

    # the order

    def order(self, wanted: Mapping[str, int] | None = None, **fields: Any) -> Order:
        """A paid order, for the store to confirm."""
        command = self.street.wish(dict(wanted) if wanted else None, **fields)
        street = self.street
        placed = place_orders(self.db, self.services, command, street.resident, NOW, SETTINGS)
        self.pay(placed.payment_id)
        return self.now_is(placed.orders[0].order_id)

    def unpaid(self) -> PlacedView:
        """An order that waits for its money."""
        wish = self.street.wish()
        return place_orders(self.db, self.services, wish, self.street.resident, NOW, SETTINGS)

    def haircut(self, starts_at: datetime = SLOT) -> Order:
        """A paid haircut at that time."""
        sku_id = self.street.haircut.sku_id
        wish = Appointment(sku_id=sku_id, fulfilment=Fulfilment.IN_STORE, starts_at=starts_at)
        return self.order({sku_id: 1}, appointments=[wish])

    def pay(self, payment_id: str, now: datetime = NOW) -> None:
        """The money of that payment comes in."""
        self.services.payment_states[payment_id] = PaymentState.PAID
        opened = self.services.payments[payment_id]
        event = PaymentReceived(
            aggregate_id=payment_id,
            household_id=self.street.household_id,
            channel=Channel.WECHAT,
            amount_fen=sum(part.amount_fen for part in opened.allocations),
            allocations=[Allocation(**part.model_dump()) for part in opened.allocations],
            paid_at=NOW,
        )
        with self.db.transaction() as tx:
            receive_payment(tx, event, now, SETTINGS)

    def confirm(self, order_id: str) -> OrderView:
        """接单."""
        command = ConfirmOrder(request_id=new_id(), order_id=order_id)
        return confirm_order(self.db, command, self.street.merchant, NOW, SETTINGS)

    def mark_ready(self, order_id: str) -> OrderView:
        """备好."""
        command = MarkReady(request_id=new_id(), order_id=order_id)
        return mark_ready(self.db, command, self.street.merchant, NOW, SETTINGS)

    def now_is(self, order_id: str) -> Order:
        """The order as it stands."""
        with self.db.reading() as tx:
            order = find_order(tx, order_id)
        assert order is not None
        return order

    def view(self, order_id: str, actor: Actor | None = None, now: datetime = NOW) -> OrderView:
        """The order as the resident, or `actor`, sees it."""
        return order_view(self.db, order_id, actor or self.street.resident, now, SETTINGS)

    def supplements(self, order_id: str) -> list[Order]:
        """The small orders that pay differences, oldest first."""
        with self.db.transaction() as tx:
            return locks.deal_for_update(tx, order_id)[1:]

    def seats(self, order_id: str) -> list[datetime]:
        """The times that the order has booked."""
        statement = select(SeatRow.starts_at).where(SeatRow.order_id == order_id)
        with self.db.reading() as tx:
            return [row.starts_at for row in tx.all(statement.order_by(SeatRow.starts_at))]

    def all_orders(self) -> list[Order]:
        """Every order there is."""
        with self.db.reading() as tx:
            rows = tx.all(select(OrderRow.__table__).order_by(OrderRow.order_id))
        return [order_from(row) for row in rows]

    # the amendment

    def lines(self, wanted: Mapping[str, int | tuple[int, int]]) -> list[AmendedLine]:
        """Lines at the shelf's price, or at (pieces, price)."""
        lines = []
        for sku_id, wish in wanted.items():
            price_fen = self.street.shelf[sku_id].price_fen
            quantity, price_fen = wish if isinstance(wish, tuple) else (wish, price_fen)
            lines.append(AmendedLine(sku_id=sku_id, quantity=quantity, price_fen=price_fen))
        return lines

    def propose(
        self,
        order_id: str,
        wanted: Mapping[str, int | tuple[int, int]] | None = None,
        actor: Actor | None = None,
        now: datetime = NOW,
        **fields: Any,
    ) -> AmendmentView:
        """The store proposes; three soy milks instead of two where nothing else is said."""
        if wanted is None and not fields.keys() & {"deliver_after", "slot_from"}:
            wanted = {self.street.soy.sku_id: 3, self.street.stick.sku_id: 4}
        said = {"request_id": new_id(), "note": "豆浆多煮了一份", "lines": self.lines(wanted or {})}
        command = ProposeAmendment(order_id=order_id, **{**said, **fields})
        by = actor or self.street.merchant
        return propose_amendment(self.db, self.services, command, by, now, SETTINGS)

    def answer(
        self,
        amendment: AmendmentView,
        accept: bool = True,
        actor: Actor | None = None,
        now: datetime = NOW,
        request_id: str = "",
    ) -> AmendmentView:
        """The resident's word."""
        command = AnswerAmendment(
            request_id=request_id or new_id(),
            order_id=amendment.order_id,
            amendment_id=amendment.amendment_id,
            accept=accept,
        )
        by = actor or self.street.resident
        return answer_amendment(self.db, self.services, command, by, now, SETTINGS)

    def withdraw(self, amendment: AmendmentView, actor: Actor | None = None) -> AmendmentView:
        """The store takes it back."""
        command = WithdrawAmendment(
            request_id=new_id(), order_id=amendment.order_id, amendment_id=amendment.amendment_id
        )
        return withdraw_amendment(self.db, command, actor or self.street.merchant, NOW, SETTINGS)

    def see(self, amendment: AmendmentView, actor: Actor | None = None) -> AmendmentView:
        """It as it stands."""
        query = AmendmentsQuery(order_id=amendment.order_id)
        found = amendments(self.db, query, actor or self.street.resident, NOW).amendments
        return next(one for one in found if one.amendment_id == amendment.amendment_id)

    def sweep(self, now: datetime = LATER) -> None:
        """Go on with whatever hangs."""
        engine.sweep(self.db, KINDS, engine.At(self.services, SETTINGS, now), 10)

    def promotion(self, sku_id: str, amount_fen: int) -> None:
        """From now on so much off each line of this SKU."""
        self.services.adjustments = [
            Adjustment(
                sku_id=sku_id,
                promotion_id=new_id(),
                label="早餐补贴",
                amount_fen=amount_fen,
                funded_by="company",
            )
        ]
