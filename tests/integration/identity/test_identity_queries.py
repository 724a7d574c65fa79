"""What orders, marketing, residents and staff are told."""

from datetime import timedelta

import pytest

from services.contracts.identity import (
    Certification,
    ContactsQuery,
    MerchantsQuery,
    NoSuchAccount,
    NoSuchPlace,
    NoSuchStore,
    NotCertified,
    NotYourHousehold,
    OrderContext,
    OrderContextQuery,
    StoreDoesNotServe,
    StoreKind,
    StoresQuery,
    StoreView,
    WithdrawCertification,
)
from services.contracts.permissions import Role
from services.identity.passwords import Passwords
from services.identity.queries import ordering, people, stores
from services.identity.queries.me import me
from services.identity.tables import HouseholdMemberRow
from services.identity.use_cases.withdraw_certification import withdraw_certification
from services.kernel.db import Database
from services.kernel.errors import Malformed
from services.kernel.ids import new_id
from services.kernel.wire import Page
from tests.support.identity import (
    MANAGER,
    NEXT_YEAR,
    NOW,
    Town,
    found_town,
    hire,
    house,
    open_shop,
    person,
    store_spec,
)
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database


def context(
    db: Database, household_id: str, account_id: str, *store_ids: str, now=NOW
) -> OrderContext:
    query = OrderContextQuery(household_id=household_id, store_ids=list(store_ids))
    with db.reading() as tx:
        return ordering.order_context(tx, query, account_id, now)


def near(db: Database, town: Town, **query: object) -> Page[StoreView]:
    with db.reading() as tx:
        return stores.stores(tx, StoresQuery(community_id=town.community_id, **query), NOW)


def withdraw(db: Database, subject_id: str) -> None:
    command = WithdrawCertification(request_id=new_id(), subject_id=subject_id, reason="到期")
    withdraw_certification(db, command, MANAGER, NOW)


# what orders asks


def test_a_member_of_a_certified_household_may_order_from_stores_that_serve_it(
    db: Database,
) -> None:
    town = found_town(db)
    member = person(Role.FAMILY)
    household_id = house(db, town.home_ids[0], person(Role.OWNER), member)
    one, two = store_spec(town.community_id), store_spec(town.community_id, name="丽芳洗衣")
    open_shop(db, one, two)
    with counted_statements() as count:
        found = context(db, household_id, member.account_id, two.store_id, one.store_id)
    assert count() == 2
    assert found.address == "翠湖苑 3号楼2单元501"
    assert (found.contact_name, found.building_id) == ("张三", town.building_ids[0])
    assert [store.name for store in found.stores] == ["丽芳洗衣", "老陈早餐"]


def test_another_household_is_as_good_as_none(db: Database) -> None:
    town = found_town(db)
    store, neighbour = store_spec(town.community_id), person(Role.OWNER)
    open_shop(db, store)
    household_id = house(db, town.home_ids[0], person(Role.OWNER))
    house(db, town.home_ids[1], neighbour)
    for asked in (household_id, new_id()):
        with pytest.raises(NotYourHousehold):
            context(db, asked, neighbour.account_id, store.store_id)


def test_somebody_whose_membership_ended_orders_no_more_whatever_the_token_says(
    db: Database,
) -> None:
    town = found_town(db)
    store, gone = store_spec(town.community_id), person(Role.FAMILY)
    open_shop(db, store)
    household_id = house(db, town.home_ids[0], person(Role.OWNER), gone)
    member = HouseholdMemberRow.__table__
    with db.transaction() as tx:
        mine = member.c.account_id == gone.account_id
        tx.execute(member.update().where(mine).values(ended_at=NOW))
    with pytest.raises(NotYourHousehold):
        context(db, household_id, gone.account_id, store.store_id)


def test_an_expired_or_withdrawn_household_cannot_order(db: Database) -> None:
    town = found_town(db)
    store, owner = store_spec(town.community_id), person(Role.OWNER)
    open_shop(db, store, until=NEXT_YEAR + timedelta(days=1))
    household_id = house(db, town.home_ids[0], owner)
    with pytest.raises(NotCertified) as refused:
        context(db, household_id, owner.account_id, store.store_id, now=NEXT_YEAR)
    assert refused.value.fields == {household_id: "expired"}
    withdraw(db, household_id)
    with pytest.raises(NotCertified):
        context(db, household_id, owner.account_id, store.store_id)


def test_stores_must_exist_be_certified_and_serve_the_community(db: Database) -> None:
    here, there = found_town(db), found_town(db, "金水湾")
    good, far, fallen = (
        store_spec(here.community_id),
        store_spec(there.community_id),
        store_spec(here.community_id),
    )
    open_shop(db, good, far, fallen)
    withdraw(db, fallen.store_id)
    owner = person(Role.OWNER)
    household_id = house(db, here.home_ids[0], owner)
    for store_id, error in (
        (new_id(), NoSuchStore),
        (far.store_id, StoreDoesNotServe),
        (fallen.store_id, NotCertified),
    ):
        with pytest.raises(error) as refused:
            context(db, household_id, owner.account_id, good.store_id, store_id)
        assert list(refused.value.fields) == [store_id]


# stores for residents


def test_stores_are_listed_nearest_first_with_the_same_building_before_all(db: Database) -> None:
    town, other = found_town(db), found_town(db, "金水湾")
    near_by = store_spec(town.community_id, name="近", x_m=40)
    far_off = store_spec(town.community_id, name="远", x_m=400)
    upstairs = store_spec(town.community_id, name="同楼", building_id=town.building_ids[0], x_m=55)
    elsewhere = store_spec(other.community_id, town.community_id, name="别处", x_m=1)
    open_shop(db, far_off, elsewhere, upstairs, near_by)
    listed = near(db, town, near_building_id=town.building_ids[0]).items
    assert [(store.name, store.distance_m, store.same_building) for store in listed] == [
        ("同楼", 55, True),
        ("近", 40, False),
        ("远", 400, False),
        ("别处", None, False),
    ]
    assert set(listed[-1].community_ids) == {other.community_id, town.community_id}


def test_pages_of_stores_neither_skip_nor_repeat(db: Database) -> None:
    town = found_town(db)
    open_shop(db, *(store_spec(town.community_id, x_m=x) for x in (9, 5, 5, 5, 700)))
    for building_id in (None, town.building_ids[1]):
        whole = [s.store_id for s in near(db, town, near_building_id=building_id).items]
        seen, after = [], None
        while True:
            page = near(db, town, near_building_id=building_id, limit=2, after=after)
            seen += [store.store_id for store in page.items]
            after = page.next_after
            if after is None:
                break
        assert seen == whole
        assert len(set(seen)) == 5


def test_only_certified_stores_of_the_kind_that_serve_the_community_are_listed(
    db: Database,
) -> None:
    town, other = found_town(db), found_town(db, "金水湾")
    food, clothes = (
        store_spec(town.community_id),
        store_spec(town.community_id, kind=StoreKind.CLOTHES),
    )
    fallen, far = store_spec(town.community_id), store_spec(other.community_id)
    open_shop(db, food, clothes, fallen, far)
    open_shop(db, store_spec(town.community_id), until=NOW)
    withdraw(db, fallen.store_id)
    assert {s.store_id for s in near(db, town).items} == {food.store_id, clothes.store_id}
    assert [s.store_id for s in near(db, town, kind=StoreKind.FOOD).items] == [food.store_id]


def test_unknown_buildings_and_foreign_page_marks_are_refused(db: Database) -> None:
    town = found_town(db)
    with pytest.raises(NoSuchPlace):
        near(db, town, near_building_id=new_id())
    with pytest.raises(Malformed):
        near(db, town, after="nonsense")


def test_a_store_shows_who_vouches_also_when_nobody_does_any_more(db: Database) -> None:
    spec = store_spec(found_town(db).community_id)
    open_shop(db, spec)
    with db.reading() as tx:
        view = stores.store(tx, spec.store_id, NOW)
        later = stores.store(tx, spec.store_id, NEXT_YEAR)
        with pytest.raises(NoSuchStore):
            stores.store(tx, new_id(), NOW)
    assert (view.certification, view.certified_by) == (Certification.CERTIFIED, "李经理")
    assert later.certification is Certification.EXPIRED


def test_several_stores_come_in_the_order_asked_in_two_statements(db: Database) -> None:
    town = found_town(db)
    specs = [store_spec(town.community_id, name=f"{n}号店") for n in range(3)]
    open_shop(db, *specs)
    wanted = [specs[2].store_id, new_id(), specs[0].store_id]
    with counted_statements() as count, db.reading() as tx:
        views = stores.stores_by_id(tx, wanted, NOW)
    assert count() == 2
    assert [view.name for view in views] == ["2号店", "0号店"]


# who is to be told


def test_contacts_are_the_bound_wechat_users_of_each_group(db: Database) -> None:
    town = found_town(db)
    owner, silent = person(Role.OWNER, openid="oOwner"), person(Role.FAMILY)
    household_id = house(db, town.home_ids[0], owner, silent)
    keeper = person(Role.SHOPKEEPER, openid="oKeeper")
    merchant_id = open_shop(db, store_spec(town.community_id), people=[keeper])
    query = ContactsQuery(
        household_ids=[household_id],
        merchant_ids=[merchant_id],
        account_ids=[keeper.account_id, silent.account_id],
    )
    with counted_statements() as count, db.reading() as tx:
        found = people.contacts(tx, query).contacts
        assert people.contacts(tx, ContactsQuery()).contacts == []
    assert count() == 1
    assert {(c.group_id, c.openid, c.role) for c in found} == {
        (household_id, "oOwner", Role.OWNER),
        (merchant_id, "oKeeper", Role.SHOPKEEPER),
        (keeper.account_id, "oKeeper", None),
    }


def test_at_most_twenty_people_of_a_group_are_told(db: Database) -> None:
    town = found_town(db)
    crew = [person(Role.SHOPKEEPER, openid=f"oHand{n:02}") for n in range(25)]
    merchant_id = open_shop(db, store_spec(town.community_id), people=crew)
    with db.reading() as tx:
        found = people.contacts(tx, ContactsQuery(merchant_ids=[merchant_id])).contacts
    assert len(found) == people.PEOPLE_A_GROUP


# me, and what staff see


def test_me_lists_homes_stores_and_what_i_may_do(db: Database) -> None:
    town = found_town(db)
    both = person(Role.OWNER)
    house(db, town.home_ids[0], both)
    spec = store_spec(town.community_id)
    open_shop(db, spec, people=[both.model_copy(update={"role": Role.SHOPKEEPER})])
    with db.reading() as tx:
        view = me(tx, both.account_id, NOW)
        with pytest.raises(NoSuchAccount):
            me(tx, new_id(), NOW)
    assert [store.store_id for store in view.stores] == [spec.store_id]
    assert view.communities == [town.community_id]
    assert {"order.place", "shelf.edit"} <= set(view.permissions)
    assert (view.staff_roles, view.is_courier) == ([], False)


def test_merchants_are_found_by_part_of_a_name_newest_first(db: Database) -> None:
    town = found_town(db)
    first, second = (
        open_shop(db, store_spec(town.community_id, name=name)) for name in ("老陈", "丽芳")
    )
    with db.reading() as tx:
        page = stores.merchants(tx, MerchantsQuery(limit=1), NOW)
        rest = stores.merchants(tx, MerchantsQuery(limit=1, after=page.next_after), NOW)
        found = stores.merchants(tx, MerchantsQuery(text="老"), NOW)
    assert [m.merchant_id for m in (*page.items, *rest.items)] == sorted(
        [first, second], reverse=True
    )
    assert rest.next_after is None
    assert [(m.merchant_id, len(m.stores)) for m in found.items] == [(first, 1)]


def test_counts_are_of_one_community_or_of_all_in_one_statement(
    db: Database, passwords: Passwords
) -> None:
    here, there = found_town(db), found_town(db, "金水湾")
    fallen = house(db, here.home_ids[0], person(Role.OWNER), person(Role.FAMILY))
    house(db, here.home_ids[1], person(Role.OWNER))
    house(db, there.home_ids[0], person(Role.OWNER))
    withdraw(db, fallen)
    open_shop(db, store_spec(here.community_id), store_spec(here.community_id))
    open_shop(db, store_spec(there.community_id, here.community_id), until=NOW)
    hire(db, passwords, Role.CLERK)
    with counted_statements() as count, db.reading() as tx:
        everywhere = people.counts(tx, None, NOW)
        local = people.counts(tx, there.community_id, NOW)
    assert count() == 2
    assert everywhere.model_dump() == {
        "homes": 8,
        "households": 3,
        "households_certified": 2,
        "people": 4,
        "merchants": 2,
        "stores": 3,
        "stores_certified": 2,
        "staff": 1,
    }
    assert (local.homes, local.households, local.people) == (4, 1, 1)
    assert (local.merchants, local.stores, local.stores_certified) == (1, 1, 0)
