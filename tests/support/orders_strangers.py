"""Deals of one household with one store, open in every way; and everybody who has no part in them.
"""

from services.contracts import disputes as q
from services.contracts.after_sales import CaseKind, CaseView
from services.contracts.amendments import AmendmentView
from services.contracts.orders import OrderState
from services.contracts.permissions import Role
from services.contracts.reviews import WriteReview
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.orders.use_cases.place_orders import place_orders
from services.orders.use_cases.reviews import write_review
from tests.support.orders import COMMUNITY, NOW, SETTINGS, person
from tests.support.orders_amendments import AmendableStreet, Amending, AmendingServices
from tests.support.orders_cases import Cases, CaseServices
from tests.support.orders_disputes import Quarrel, QuarrelServices

S, R = OrderState, Role
NOBODY = "nobody"
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
        self.cases.resident, self.cases.merchant = self.street.resident, self.street.merchant
        self.people = people(self.street)
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
        self.waiting, self.preparing = walk.order_in(S.AWAITING_CONFIRMATION), walk.order_in(
            S.PREPARING
        )
        self.ready, self.delivered = walk.order_in(S.READY), walk.order_in(S.DELIVERED)
        self.fetch = walk.to_fetch_in(S.READY)
        self.code = walk.code_of(self.fetch)
        self.scheduled, self.in_service = (
            walk.service_in(S.SCHEDULED),
            walk.service_in(S.IN_SERVICE),
        )
        self.completed, self.reviewed = walk.order_in(S.COMPLETED), walk.order_in(S.COMPLETED)
        review = WriteReview(
            request_id=new_id(), order_id=self.reviewed, stars=2, text="豆浆洒了一半"
        )
        write_review(self.db, walk.files, review, self.street.resident, NOW, SETTINGS)
        walk.say(self.waiting, "请放在门口的鞋柜上")
        self.amendment: AmendmentView = self.amending.propose(walk.order_in(S.PREPARING))

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
        self.services.faults["settlement_freeze_order"] = Unavailable("away")
        try:
            quarrel.opened()
        except Unavailable:
            del self.services.faults["settlement_freeze_order"]
        from sqlalchemy import select

        from services.orders.tables_sagas import SagaRow

        with self.db.reading() as tx:
            open_ones = tx.all(select(SagaRow.saga_id).where(SagaRow.finished_at.is_(None)))
        [self.saga_id] = [row.saga_id for row in open_ones]

    def _neighbours_shop_too(self) -> None:
        """A stranger is not somebody who never was a customer of the same store."""
        for who in ("other owner", "other family", "other tenant"):
            actor = self._one(who)
            [household_id] = actor.groups
            wish = self.street.wish(household_id=household_id)
            place_orders(self.db, self.services, wish, actor, NOW, SETTINGS)


def people(street: AmendableStreet) -> dict[str, Actor | None]:
    """Everybody, by what they are called in the tables."""
    stores = (street.breakfast.store_id, street.cleaners.store_id)
    at_home = {role.value: person({street.household_id: role}) for role in (R.FAMILY, R.TENANT)}
    other_homes = {
        f"other {role.value}": person({new_id(): role}) for role in (R.OWNER, R.FAMILY, R.TENANT)
    }
    staff = {role.value.replace("_", " "): role for role in _STAFF}
    return {
        "owner": street.resident,
        **at_home,
        "shopkeeper": street.merchant,
        "hand": person(dict.fromkeys(stores, R.SHOP_HAND)),
        **other_homes,
        "other shopkeeper": street.other_merchant,
        "other hand": person({street.laundry.store_id: R.SHOP_HAND}),
        "its courier": person({}, roles=(R.COURIER,)),
        "another courier": person({}, roles=(R.COURIER,)),
        **{name: _staff(role, COMMUNITY) for name, role in staff.items()},
        **{f"{name} elsewhere": _staff(role, new_id()) for name, role in staff.items()},
        NOBODY: None,
    }


_STAFF = (
    R.GUARD,
    R.CLERK,
    R.BUILDING_MANAGER,
    R.CASHIER,
    R.ACCOUNTANT,
    R.MEDIATOR,
    R.MANAGER,
)


def _staff(role: Role, community_id: str) -> Actor:
    return person({}, roles=(role,), communities=(community_id,))
