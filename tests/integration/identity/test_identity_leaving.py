"""A merchant leaves for good: on record, closed, and told once."""

import pytest

from services.contracts.identity import (
    Certification,
    LeaveMerchant,
    MerchantGone,
    MerchantsQuery,
    NoSuchPlace,
    NotCertified,
    OrderContextQuery,
    WithdrawCertification,
)
from services.contracts.permissions import Role
from services.identity.passwords import Passwords
from services.identity.queries import stores
from services.identity.queries.ordering import order_context
from services.identity.use_cases.leave_merchant import leave_merchant
from services.identity.use_cases.withdraw_certification import withdraw_certification
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import NotFound
from services.kernel.ids import new_id
from tests.support.identity import (
    MANAGER,
    NOW,
    decisions_about,
    found_town,
    hire,
    house,
    open_shop,
    person,
    staff_actor,
    store_spec,
)
from tests.support.orders import told_events

pytestmark = pytest.mark.database


def leave(
    db: Database, merchant_id: str, actor: Actor = MANAGER, request_id: str | None = None
) -> None:
    command = LeaveMerchant(
        request_id=request_id or new_id(), merchant_id=merchant_id, reason="合同到期"
    )
    leave_merchant(db, command, actor, NOW)


def told(db: Database) -> list[tuple[str, str]]:
    return [
        (data["aggregate_id"], data["reason"])
        for name, data in told_events(db)
        if name == "merchant.left"
    ]


def test_a_merchant_that_leaves_is_told_of_and_its_stores_take_no_more_orders(
    db: Database,
) -> None:
    town = found_town(db)
    buyer = person(Role.OWNER)
    household_id = house(db, town.home_ids[0], buyer)
    store = store_spec(town.community_id)
    merchant_id = open_shop(db, store)
    leave(db, merchant_id)
    assert told(db) == [(merchant_id, "合同到期")]
    with db.reading() as tx:
        [view] = stores.merchants(tx, MerchantsQuery(), NOW).items
        query = OrderContextQuery(household_id=household_id, store_ids=[store.store_id])
        with pytest.raises(NotCertified):
            order_context(tx, query, buyer.account_id, NOW)
    assert (view.left_at, view.certification) == (NOW, Certification.WITHDRAWN)
    assert [one.certification for one in view.stores] == [Certification.WITHDRAWN]
    words = [(what, why) for what, why, _, _ in decisions_about(db, merchant_id)]
    assert words[-2:] == [("withdraw", "合同到期"), ("leave", "合同到期")]


def test_leaving_happens_once_and_the_same_request_may_be_repeated(db: Database) -> None:
    town, request_id = found_town(db), new_id()
    merchant_id = open_shop(db, store_spec(town.community_id))
    leave(db, merchant_id, request_id=request_id)
    leave(db, merchant_id, request_id=request_id)
    with pytest.raises(MerchantGone):
        leave(db, merchant_id)
    assert len(told(db)) == 1


def test_a_merchant_that_nobody_vouches_for_any_more_can_still_leave(db: Database) -> None:
    town = found_town(db)
    merchant_id = open_shop(db, store_spec(town.community_id))
    gone = WithdrawCertification(request_id=new_id(), subject_id=merchant_id, reason="证照过期")
    withdraw_certification(db, gone, MANAGER, NOW)
    leave(db, merchant_id)
    assert len(told(db)) == 1
    assert [what for what, *_ in decisions_about(db, merchant_id)][-1] == "leave"


def test_staff_of_another_community_and_unknown_ids_find_no_such_merchant(
    db: Database, passwords: Passwords
) -> None:
    town, other = found_town(db), found_town(db, "碧桂苑")
    merchant_id = open_shop(db, store_spec(town.community_id))
    clerk = hire(db, passwords, Role.CLERK, communities=[other.community_id])
    with pytest.raises(NoSuchPlace):
        leave(db, merchant_id, staff_actor(Role.CLERK, account_id=clerk.account_id))
    with pytest.raises(NotFound):
        leave(db, new_id())
    assert told(db) == []
