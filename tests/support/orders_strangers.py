"""One household's deals with one store, open in every way; and everybody with no part in them."""

from contextlib import suppress

from sqlalchemy import select

from services.contracts import disputes as q
from services.contracts.after_sales import CaseKind, CaseView
from services.contracts.amendments import AmendmentView
from services.contracts.orders import OrderState, PlacedView
from services.contracts.permissions import Role
from services.contracts.reviews import HideReview, WriteReview
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.orders.tables_sagas import SagaRow
from services.orders.use_cases.place_orders import place_orders
from services.orders.use_cases.reviews import hide_review, write_review
from tests.support.orders import COMMUNITY, NOW, SETTINGS, person
from tests.support.orders_amendments import AmendableStreet, Amending, AmendingServices
from tests.support.orders_cases import Cases, CaseServices
from tests.support.orders_disputes import Quarrel, QuarrelServices

S, R = OrderState, Role
NOBODY, SAID = "nobody", "请放在门口的鞋柜上"
_HANGING = select(SagaRow.saga_id).where(
    SagaRow.finished_at.is_(None), SagaRow.kind == "dispute_freeze"
)
HOME = frozenset({"owner", "family", "tenant"})
STORE = frozenset({"shopkeeper", "hand"})
TWO_SIDES = HOME | STORE
MEDIATING = frozenset({"mediator", "manager"})
LOOKING = MEDIATING | {"cashier", "accountant"}
ELSEWHERE = frozenset({f"{role} elsewhere" for role in LOOKING})


class DealServices(AmendingServices, QuarrelServices, CaseServices):
    """All that the services around orders can do for a deal."""

    street: AmendableStreet


class Deals:
    """One rich database: an order for each thing that can be done to one."""

    def __init__(self, db: Database) -> None:
        self.db, self.quarrel = db, Quarrel(db)
        self.street = AmendableStreet()
        self.services = DealServices(self.street)
        self.quarrel.street, self.quarrel.services = self.street, self.services
        self.cases, self.amending = Cases(db), Amending(db)
        for one in (self.cases, self.amending):
            one.street, one.services = self.street, self.services
        self.cases.walk = self.quarrel
        self.people = people(self.street)
        self.street.resident = self.cases.resident = self._one("owner")
        self.street.merchant = self.cases.merchant = self._one("shopkeeper")
        self.quarrel.mediator = self._one("mediator")
        self._open_orders()
        self._open_cases()
        self._open_disputes()
        self._neighbours_shop_too()

    def _one(self, who: str) -> Actor:
        actor = self.people[who]
        assert actor is not None
        return actor

    def _open_orders(self) -> None:
        walk = self.quarrel
        self.waiting = walk.order_in(S.AWAITING_CONFIRMATION)
        walk.say(self.waiting, SAID)
        self.preparing, self.ready = walk.order_in(S.PREPARING), walk.order_in(S.READY)
        self.delivered, self.completed = walk.order_in(S.DELIVERED), walk.order_in(S.COMPLETED)
        self.fetch = walk.to_fetch_in(S.READY)
        self.code = walk.code_of(self.fetch)
        self.scheduled, self.in_service = map(walk.service_in, (S.SCHEDULED, S.IN_SERVICE))
        self.reviewed, self.hidden = self._reviewed(), self._reviewed()
        hide = HideReview(request_id=new_id(), order_id=self.hidden, hidden=True, reason="辱骂")
        hide_review(self.db, hide, self.quarrel.mediator, NOW)
        self.amendment: AmendmentView = self.amending.propose(walk.order_in(S.PREPARING))

    def _reviewed(self) -> str:
        order_id = self.quarrel.order_in(S.COMPLETED)
        review = WriteReview(request_id=new_id(), order_id=order_id, stars=2, text="洒了一半")
        files, resident = self.quarrel.files, self.street.resident
        write_review(self.db, files, review, resident, NOW, SETTINGS)
        return order_id

    def _open_cases(self) -> None:
        cases = self.cases
        self.requested: CaseView = cases.open(cases.order_in())
        self.countered = cases.offer(cases.open(cases.order_in()), 300)
        self.rejected = cases.reject(cases.open(cases.order_in()))
        self.to_return = cases.answer(cases.open(cases.order_in(), CaseKind.RETURN))
        self.returning = cases.send_back(
            cases.answer(cases.open(cases.order_in(), CaseKind.RETURN))
        )
        self.to_replace = cases.exchange_until("send")
        self.replaced = cases.send(cases.exchange_until("send"))

    def _open_disputes(self) -> None:
        quarrel = self.quarrel
        self.negotiating: q.DisputeView = quarrel.opened()
        self.proposed = quarrel.propose(quarrel.opened(), 300)
        self.called, self.taken = quarrel.waiting(), quarrel.taken()
        self.ruled, self.appealed = quarrel.ruled(), quarrel.appealed()
        told = f"{self.street.resident.name}的豆浆洒了"
        quarrel.decide(quarrel.appealed(), 300, precedent=told)
        self.services.faults["settlement_freeze_order"] = Unavailable("away")
        with suppress(Unavailable):
            quarrel.opened()
        del self.services.faults["settlement_freeze_order"]
        with self.db.reading() as tx:
            [row] = tx.all(_HANGING)
        self.saga_id = str(row.saga_id)

    def _neighbours_shop_too(self) -> None:
        """A stranger may be a customer of the same store; and have an order of their own with the
        laundry, of which the laundry's people are the other side."""
        for who in ("other owner", "other family", "other tenant"):
            actor = self._one(who)
            placed = self._placed(actor, {self.street.soy.sku_id: 2})
            self.quarrel.pay(placed)
        placed = self._placed(self._one("other owner"), {self.street.wash.sku_id: 1})
        self.quarrel.pay(placed)
        self.neighbours = placed.orders[0].order_id

    def _placed(self, actor: Actor, wanted: dict[str, int]) -> PlacedView:
        [household_id] = actor.groups
        wish = self.street.wish(wanted, household_id=household_id)
        return place_orders(self.db, self.services, wish, actor, NOW, SETTINGS)


def people(street: AmendableStreet) -> dict[str, Actor | None]:
    """Everybody, by what they are called in the tables, with what identity would vouch for."""
    laundry = (street.laundry.store_id, street.laundry.merchant_id)
    shop = (street.breakfast.store_id, street.cleaners.store_id, street.breakfast.merchant_id)
    residents = (R.OWNER, R.FAMILY, R.TENANT)
    staff = {role.value.replace("_", " "): role for role in _STAFF}
    return {
        **{role.value: _of(role, street.household_id, name="张伟") for role in residents},
        **{f"other {role.value}": _of(role, new_id()) for role in residents},
        "shopkeeper": _of(R.SHOPKEEPER, *shop, name="老陈"),
        "hand": _of(R.SHOP_HAND, *shop),
        "other shopkeeper": _of(R.SHOPKEEPER, *laundry),
        "other hand": _of(R.SHOP_HAND, *laundry),
        "its courier": _of(R.COURIER),
        "another courier": _of(R.COURIER),
        **{name: _of(role) for name, role in staff.items()},
        **{f"{name} elsewhere": _of(role, at=new_id()) for name, role in staff.items()},
        NOBODY: None,
    }


_STAFF = (
    *(R.GUARD, R.CLERK, R.BUILDING_MANAGER, R.CASHIER),
    *(R.ACCOUNTANT, R.MEDIATOR, R.MANAGER),
)


def _of(role: Role, *groups: str, name: str = "某人", at: str = COMMUNITY) -> Actor:
    of_no_group = () if groups else (role,)
    return person(dict.fromkeys(groups, role), roles=of_no_group, name=name, communities=(at,))
