"""Orders from both sides of the counter: what is offered is done, what is not is tried in vain."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from services.contracts import after_sales, disputes
from services.contracts.catalog import Fulfilment, ItemKind
from services.contracts.orders import (
    Appointment,
    NotYourOrder,
    OrderLine,
    OrderQuery,
    OrderState,
    OrderView,
    PlacedView,
    PlaceOrders,
    StoreHandover,
)
from services.contracts.permissions import Role
from services.kernel.actor import Actor
from services.kernel.errors import Refused
from services.kernel.schema import OUTBOX
from services.orders.domain.slots import BEIJING
from services.orders.tables import OrderRow
from services.orders.tables_beside import MessageRow
from tests.support.deal_life.town import Shop
from tests.support.deal_life.wishes import (
    CASE_WORDS,
    DISPUTE_WORDS,
    ORDER_WORDS,
    Build,
    Dice,
    Wish,
)
from tests.support.deal_life.world import World

S = OrderState
_ORDERS = select(OrderRow.__table__).order_by(OrderRow.order_id)
LIKELY_WORDS = {
    "cancel": 1,
    "say": 1,
    "open_dispute": 1,
    "withdraw_amendment": 3,
    "open_case": 10,
    "amend": 8,
    "review": 8,
    "withdraw_case": 2,
    "escalate_case": 3,
    "withdraw_dispute": 4,
    "call_mediator": 8,
    "ask_party": 4,
    "pass_to_manager": 4,
}
"""The others, with which a deal goes on, are likelier."""
SHOP_WORDS = ("confirm", "mark_ready", "dispatch", "hand_over", "start_service", "finish_service")
ON_THE_DESK = frozenset({S.AWAITING_CONFIRMATION, S.PREPARING, S.READY, S.SCHEDULED, S.IN_SERVICE})
ATTENDED_MAX = 4
_COURIERED = ("dispatch_order", "send_replacement")


class Deals:
    """Acts of residents, shops, mediators and managers on orders and on what is beside them."""

    def __init__(self, world: World, dice: Dice) -> None:
        self.world, self.dice = world, dice

    # what there is

    def orders(self) -> Sequence[Any]:
        """Every order's row, the oldest first."""
        return self.world.rows("orders", _ORDERS)

    def sides_of(self, order: Any) -> list[Actor]:
        """Whoever has a part in it."""
        town = self.world.town
        people = [*town.people_of(order.household_id), *town.shop_of(order.store_id).people]
        return [*{one.account_id: one for one in people}.values(), *self.property()]

    def property(self) -> list[Actor]:
        """Who mediates and who decides appeals."""
        staff = self.world.town.staff
        return [*staff[Role.MEDIATOR], *staff[Role.MANAGER]]

    def view(self, order_id: str, actor: Actor) -> OrderView:
        found: OrderView = self.world.ask("orders", "order", OrderQuery(order_id=order_id), actor)
        return found

    # a cart

    def place(self, resident: Actor, shops: Sequence[Shop]) -> PlacedView | None:
        """Something of each of these shops, in any way, at any time."""
        dice, chosen = self.dice, {}
        for shop in shops:
            few = dice.sample(sorted(shop.wares), dice.choice((1, 1, 2)))
            chosen.update({sku_id: dice.randint(1, 3) for sku_id in few})
        home = next(group for group in self.world.town.households if resident.role_in(group))
        command = PlaceOrders(
            request_id=self.world.request(),
            household_id=home,
            lines=[OrderLine(sku_id=sku_id, quantity=n) for sku_id, n in chosen.items()],
            handovers=[self._handover(shop, chosen) for shop in shops],
            appointments=self._appointments(shops, chosen),
            deliver_after=dice.choice((None, None, self.world.now + timedelta(hours=3))),
        )
        names = [shop.wares[sku].name for shop in shops for sku in chosen if sku in shop.wares]
        placed: PlacedView | None = self.world.do(
            f"{resident.name} orders {' '.join(names)}",
            lambda: self.world.ask("orders", "place_orders", command, resident),
        )
        return placed

    def _handover(self, shop: Shop, chosen: dict[str, int]) -> StoreHandover:
        goods = [w for sku, w in shop.wares.items() if sku in chosen and not w.minutes]
        usual = {Fulfilment.DELIVERY, Fulfilment.PICKUP}
        ways = [set(w.ways) or usual for w in goods if w.kind is not ItemKind.CARD_PLAN] or [usual]
        fitting = sorted(set.intersection(*ways)) or sorted(Fulfilment)
        return StoreHandover(store_id=shop.brief.store_id, fulfilment=self.dice.choice(fitting))

    def _appointments(self, shops: Sequence[Shop], chosen: dict[str, int]) -> list[Appointment]:
        return [
            Appointment(
                sku_id=sku_id,
                fulfilment=self.dice.choice(ware.ways),
                starts_at=self._some_hour(),
            )
            for shop in shops
            for sku_id, ware in shop.wares.items()
            if sku_id in chosen and ware.minutes
        ]

    def _some_hour(self) -> datetime:
        day = (self.world.now + timedelta(days=self.dice.choice((1, 1, 2)))).astimezone(BEIJING)
        return datetime.combine(day, time(self.dice.choice((8, 10, 10, 14))), BEIJING)

    # one order

    def walk(self, order: Any) -> None:
        """Somebody with a part in it does something that the page offers."""
        looking = self._two_of(order)
        if self.dice.chance(0.06):
            looking = [self.dice.choice(self.property())]
        views = [(self.view(order.order_id, actor), actor) for actor in looking]
        self._choose(ORDER_WORDS, views, self._more_of(order))

    def attend(self, shop: Shop) -> None:
        """Somebody at the shop goes on with what lies on its desk."""
        actor = self.dice.choice(shop.people)
        here = [o for o in self.orders() if o.store_id == shop.brief.store_id]
        for order in [o for o in here if o.state in ON_THE_DESK][:ATTENDED_MAX]:
            view = self.view(order.order_id, actor)
            words = [word for word in SHOP_WORDS if word in view.may]
            if words:
                word = self.dice.choice(words)
                self.act(ORDER_WORDS, word, view, actor, self._more_of(order))

    def _two_of(self, order: Any) -> list[Actor]:
        """Somebody of each side."""
        town = self.world.town
        people, shop = town.people_of(order.household_id), town.shop_of(order.store_id).people
        return [self.dice.choice(people), self.dice.choice(shop)]

    def _choose(
        self,
        words: dict[str, tuple[str, Build]],
        views: Sequence[tuple[Any, Actor]],
        ids: dict[str, str],
    ) -> None:
        """One of the offers; who can only quarrel mostly waits."""
        offers = [(word, *seen) for seen in views for word in seen[0].may if word in words]
        likely = [LIKELY_WORDS.get(word, 20) for word, _, _ in offers]
        if sum(likely) > self.dice.randrange(20):
            word, view, actor = self.dice.choices(offers, likely)[0]
            self.act(words, word, view, actor, ids)

    def act(
        self,
        words: dict[str, tuple[str, Build]],
        word: str,
        view: Any,
        actor: Actor,
        ids: dict[str, str],
    ) -> None:
        """What the page has just offered."""
        wish = self.wish(words, word, view, ids)
        self.world.do(
            f"{actor.name}: {word} {view.number} {_told(wish)}",
            lambda: self.world.ask("orders", wish.method, wish.command, actor),
            promised=True,
        )

    def wish(
        self, words: dict[str, tuple[str, Build]], word: str, view: Any, ids: dict[str, str]
    ) -> Wish:
        """The command behind a word; `ids` are beyond order and request."""
        method, build = words[word]
        named = {"request_id": self.world.request(), "order_id": view.order_id, **ids}
        if method not in _COURIERED or (method == "send_replacement" and self.dice.chance(0.5)):
            named.pop("courier_id", None)
        if method != "hand_over":
            named.pop("code", None)
        return Wish(method, build(self.dice, named, view))

    def try_in_vain(self, order: Any) -> None:
        """Anybody tries what nobody has offered: refused, and nothing has changed."""
        actor = self.dice.choice(self.world.town.everybody())
        word = self.dice.choice(sorted(ORDER_WORDS))
        offered = self._offered(order, actor)
        view = self.view(order.order_id, self.sides_of(order)[0])
        method = ORDER_WORDS[word][0]
        if word in offered or not self.world.can("orders", method):
            return
        if word.endswith("_amendment") and view.amendment_id is None:
            return
        wish = self.wish(ORDER_WORDS, word, view, self._more_of(order))
        before = self._print_of(order.order_id)
        try:
            self.world.ask("orders", method, wish.command, actor)
            after = self._print_of(order.order_id)
            outcome = "" if after == before else "WAS DONE"
        except Refused as refusal:
            after, outcome = self._print_of(order.order_id), refusal.code
        self.world.story.append(f"in vain, {actor.name}: {word} {view.number}: {outcome}")
        if before != after:
            self.world.alarms.append(self.world.story[-1])

    def _offered(self, order: Any, actor: Actor) -> list[str]:
        """Nothing to strangers."""
        try:
            return self.view(order.order_id, actor).may
        except NotYourOrder:
            return []

    def _print_of(self, order_id: str) -> list[Any]:
        said = select(func.count()).select_from(MessageRow)
        told = select(func.count()).select_from(OUTBOX)
        here = _ORDERS.where(OrderRow.order_id == order_id)
        return [self.world.rows("orders", query) for query in (here, said, told)]

    def _more_of(self, order: Any) -> dict[str, str]:
        courier_id = self.dice.choice(sorted(self.world.town.couriers))
        code = order.pickup_code or "00000000"
        wrong = self.dice.chance(0.05)
        return {"courier_id": courier_id, "code": "12345678" if wrong else code}

    # what is beside it

    def case_goes_on(self, order: Any) -> None:
        """One of the two does what the newest case's page offers."""
        looking = self._two_of(order)
        case_id = self.view(order.order_id, looking[0]).case_id
        if case_id is None:
            return
        query = after_sales.CaseQuery(case_id=case_id)
        views = [(self.world.ask("orders", "case", query, actor), actor) for actor in looking]
        self._choose(CASE_WORDS, views, {**self._more_of(order), "case_id": case_id})

    def dispute_goes_on(self, order: Any) -> None:
        """One of the two, or of the property's, does what the dispute's page offers."""
        looking = [*self._two_of(order), self.dice.choice(self.property())]
        dispute_id = self.view(order.order_id, looking[0]).dispute_id
        if dispute_id is None:
            return
        query = disputes.DisputeQuery(dispute_id=dispute_id)
        views = [(self.world.ask("orders", "dispute", query, actor), actor) for actor in looking]
        self._choose(DISPUTE_WORDS, views, {"dispute_id": dispute_id})

    def disputes_are_decided(self) -> None:
        """The property's people do whatever waits for them, the ruling first."""
        for order in self.orders():
            for actor in self.property() if order.trouble == "disputed" else ():
                self._decide(order, actor)

    def _decide(self, order: Any, actor: Actor) -> None:
        for word in ("take_dispute", "rule_dispute", "decide_appeal"):
            dispute_id = self.view(order.order_id, actor).dispute_id
            if dispute_id is None:
                return
            query = disputes.DisputeQuery(dispute_id=dispute_id)
            view = self.world.ask("orders", "dispute", query, actor)
            if word in view.may and not (word == "take_dispute" and "rule_dispute" in view.may):
                self.act(DISPUTE_WORDS, word, view, actor, {"dispute_id": dispute_id})


def _told(wish: Wish) -> str:
    said = wish.command.model_dump(
        mode="json",
        exclude={"request_id", "order_id", "client"},
        exclude_defaults=True,
    )
    return " ".join(f"{name}={value}" for name, value in said.items())
