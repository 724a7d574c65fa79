"""A street to order in: hand-written services around orders, people of each side, and the whole way
of an order step by step."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.contracts.catalog import (
    Fulfilment,
    ItemKind,
    OutOfStock,
    ReleaseReservation,
    ReservationOver,
    Reserve,
    ReservedLine,
    ReservedView,
)
from services.contracts.delivery import AssignDrop, AssignedView
from services.contracts.identity import OrderContext, OrderContextQuery, StoreBrief
from services.contracts.marketing import Adjustment, QuoteQuery, QuoteView
from services.contracts.orders import Appointment, OrderLine, PlaceOrders
from services.contracts.permissions import ROLE_PERMISSIONS, Permission, Role
from services.contracts.settlement import (
    Channel,
    ClosePayment,
    OpenPayment,
    PaymentState,
    PaymentView,
)
from services.kernel import jsons
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Conflict
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX
from services.kernel.wire import Done, Query, View
from services.orders.settings import Settings

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
SETTINGS = Settings(database_url="", amqp_url="", actor_public_key="")
PAY_BEFORE = NOW + timedelta(seconds=SETTINGS.unpaid_after_s)
SLOT = NOW + timedelta(hours=22)
"""10:00 on the next day in Beijing."""
COMMUNITY = new_id()


class Street:
    """One household and three stores: 豆浆 ¥3, 油条 ¥2 and a card of ¥300 here, 洗衣 ¥20, 熨烫 ¥8
    there, and 保洁 ¥60 by the hour, two at a time, from 老陈's second store.
    """

    def __init__(self) -> None:
        self.household_id, self.home_id, self.building_id = new_id(), new_id(), new_id()
        self.breakfast = StoreBrief(
            store_id=new_id(), merchant_id=new_id(), name="老陈早餐", phone="0571-1"
        )
        self.laundry = StoreBrief(store_id=new_id(), merchant_id=new_id(), name="丽芳洗衣")
        self.cleaners = StoreBrief(
            store_id=new_id(), merchant_id=self.breakfast.merchant_id, name="老陈家政"
        )
        self.soy = _goods(self.breakfast, "豆浆", 300)
        self.stick = _goods(self.breakfast, "油条", 200)
        self.wash = _goods(self.laundry, "洗衣", 2000)
        self.iron = _goods(self.laundry, "熨烫", 800)
        self.plan = _goods(self.breakfast, "会员卡", 30_000).model_copy(
            update={"kind": ItemKind.CARD_PLAN, "gift_fen": 3000}
        )
        self.clean = _goods(self.cleaners, "保洁", 6000).model_copy(
            update={
                "kind": ItemKind.SERVICE,
                "fulfilments": [Fulfilment.AT_HOME, Fulfilment.IN_STORE],
                "slot_minutes": 60,
                "slot_capacity": 2,
            }
        )
        wares = (self.soy, self.stick, self.wash, self.iron, self.plan, self.clean)
        self.shelf = {line.sku_id: line for line in wares}
        self.resident = person({self.household_id: Role.OWNER}, name="张伟")
        self.merchant = person(
            {self.breakfast.store_id: Role.SHOPKEEPER, self.cleaners.store_id: Role.SHOPKEEPER},
            name="老陈",
        )
        self.other_merchant = person({self.laundry.store_id: Role.SHOPKEEPER}, name="丽芳")
        self.stranger = person({new_id(): Role.OWNER, new_id(): Role.SHOPKEEPER})
        self.courier = person({}, roles=(Role.COURIER,))
        self.mediator = person({}, roles=(Role.MEDIATOR,), name="王调解", communities=(COMMUNITY,))

    def wish(self, wanted: dict[str, int] | None = None, **fields: Any) -> PlaceOrders:
        """A command for two soy milks and four sticks, or what is given."""
        wanted = wanted or {self.soy.sku_id: 2, self.stick.sku_id: 4}
        values = {"request_id": new_id(), "household_id": self.household_id, **fields}
        lines = [OrderLine(sku_id=sku_id, quantity=n) for sku_id, n in wanted.items()]
        return PlaceOrders(lines=lines, **values)

    def at(self, starts_at: datetime, fulfilment: Fulfilment = Fulfilment.AT_HOME) -> Appointment:
        """A wish for the cleaners to come, or to be visited, then."""
        return Appointment(sku_id=self.clean.sku_id, fulfilment=fulfilment, starts_at=starts_at)


def _goods(store: StoreBrief, name: str, price_fen: int) -> ReservedLine:
    return ReservedLine(
        sku_id=new_id(),
        item_id=new_id(),
        store_id=store.store_id,
        item_name=name,
        sku_name="",
        kind=ItemKind.GOODS,
        category="",
        picture=f"/files/{name}.jpg",
        quantity=1,
        price_fen=price_fen,
    )


def person(
    groups: dict[str, Role],
    *,
    roles: tuple[Role, ...] = (),
    name: str = "某人",
    communities: tuple[str, ...] = (),
) -> Actor:
    """An actor with what identity would grant for these roles."""
    granted: set[Permission] = set()
    for role in (*groups.values(), *roles):
        granted |= ROLE_PERMISSIONS[role]
    return Actor(
        account_id=new_id(),
        name=name,
        roles=tuple(roles),
        permissions=frozenset(granted),
        communities=communities,
        groups=dict(groups),
    )


class Door:
    """`services.<name>`: calls go to the house's method `<name>_<method>`."""

    def __init__(self, house: "FakeServices", name: str) -> None:
        self._house, self._name = house, name

    def __getattr__(self, method: str) -> Callable[..., View]:
        def call(command: Query, *, answer: type[View], deadline_ms: int) -> View:
            assert 0 < deadline_ms <= 10_000
            view = self._house.answer(f"{self._name}_{method}", command)
            return answer.model_validate(view.model_dump(mode="json"))

        return call


class FakeServices:
    """The five services that orders calls, each as far as orders can tell.

    `faults["catalog_reserve"] = error` makes a method raise; `before[...]` runs ahead of it.
    """

    def __init__(self, street: Street) -> None:
        self.street = street
        self.identity, self.catalog = Door(self, "identity"), Door(self, "catalog")
        self.marketing, self.delivery = Door(self, "marketing"), Door(self, "delivery")
        self.settlement = Door(self, "settlement")
        self.calls: list[tuple[str, Any]] = []
        self.faults: dict[str, Exception] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.held: dict[str, Reserve] = {}
        self.given_back: set[str] = set()
        self.stock: dict[str, int] = {}
        self.adjustments: list[Adjustment] = []
        self.payments: dict[str, OpenPayment] = {}
        self.payment_states: dict[str, PaymentState] = {}
        self.drops: dict[str, AssignDrop] = {}

    def answer(self, name: str, command: Query) -> View:
        self.calls.append((name, command))
        if name in self.before:
            self.before.pop(name)()
        if name in self.faults:
            raise self.faults[name]
        return getattr(self, name)(command)

    def named(self, name: str) -> list[Any]:
        """The commands that a method was called with."""
        return [command for called, command in self.calls if called == name]

    def catalog_reserve(self, command: Reserve) -> ReservedView:
        known = self.held.setdefault(command.reservation_id, command)
        if known.lines != command.lines:
            raise Conflict
        if command.reservation_id in self.given_back:
            raise ReservationOver
        short = {x.sku_id: "0" for x in command.lines if self.stock.get(x.sku_id, 999) < x.quantity}
        if short:
            del self.held[command.reservation_id]
            raise OutOfStock(fields=short)
        shelf = self.street.shelf
        lines = [shelf[x.sku_id].model_copy(update={"quantity": x.quantity}) for x in command.lines]
        return ReservedView(reservation_id=command.reservation_id, lines=lines)

    def catalog_release_reservation(self, command: ReleaseReservation) -> Done:
        self.given_back.add(command.reservation_id)
        return Done()

    def still_held(self) -> set[str]:
        """Reservations that were made and not given back."""
        return set(self.held) - self.given_back

    def identity_order_context(self, query: OrderContextQuery) -> OrderContext:
        street = self.street
        stores = {s.store_id: s for s in (street.breakfast, street.laundry, street.cleaners)}
        return OrderContext(
            household_id=query.household_id,
            home_id=street.home_id,
            community_id=COMMUNITY,
            building_id=street.building_id,
            address="翠湖苑 3号楼2单元501",
            contact_name="张伟",
            stores=[stores[store_id] for store_id in query.store_ids],
        )

    def marketing_quote(self, query: QuoteQuery) -> QuoteView:
        return QuoteView(adjustments=self.adjustments)

    def settlement_open_payment(self, command: OpenPayment) -> PaymentView:
        known = self.payments.setdefault(command.payment_id, command)
        assert known == command
        self.payment_states.setdefault(command.payment_id, PaymentState.OPEN)
        return self.payment_view(command.payment_id)

    def settlement_close_payment(self, command: ClosePayment) -> PaymentView:
        state = self.payment_states.get(command.payment_id)
        if state is not PaymentState.PAID:
            self.payment_states[command.payment_id] = PaymentState.CLOSED
        return self.payment_view(command.payment_id)

    def payment_view(self, payment_id: str) -> PaymentView:
        state, opened = self.payment_states[payment_id], self.payments.get(payment_id)
        paid = state is PaymentState.PAID
        return PaymentView(
            payment_id=payment_id,
            household_id=self.street.household_id,
            state=state,
            amount_fen=sum(part.amount_fen for part in opened.allocations) if opened else 0,
            subject=opened.subject if opened else "",
            pay_before=opened.pay_before if opened else PAY_BEFORE,
            channel=Channel.WECHAT if paid else None,
            paid_at=NOW if paid else None,
            allocations=opened.allocations if opened else [],
        )

    def delivery_assign_drop(self, command: AssignDrop) -> AssignedView:
        known = self.drops.setdefault(command.order_id, command)
        if known != command:
            raise Conflict
        return AssignedView(drop_id=command.drop_id, visit_id=new_id(), courier_name="张师傅")


def told_events(db: Database) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of every event in the outbox, in the order of their ids."""
    with db.reading() as tx:
        rows = tx.all(select(OUTBOX.c.name, OUTBOX.c.envelope).order_by(OUTBOX.c.id))
    return [(row.name, jsons.loads(row.envelope)["data"]) for row in rows]


def told_names(db: Database) -> list[str]:
    """The names alone, sorted."""
    return sorted(name for name, _ in told_events(db))
