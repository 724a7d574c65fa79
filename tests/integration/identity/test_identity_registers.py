"""What staff put on record: places, households, merchants, people."""

import pytest
from sqlalchemy import func, select

from services.contracts.identity import (
    AlreadyRegistered,
    Certification,
    HomeSpec,
    HomeTaken,
    HouseholdKind,
    MarkCourier,
    NameTaken,
    NoSuchAccount,
    NoSuchPlace,
    NothingToWithdraw,
    RegisterAccount,
    RegisterBuilding,
    RegisterCommunity,
    RegisterGate,
    RegisterStaff,
    WithdrawCertification,
)
from services.contracts.permissions import Role
from services.identity.passwords import Passwords
from services.identity.queries import places, stores
from services.identity.queries.me import me
from services.identity.queries.people import account_brief
from services.identity.tables import HouseholdMemberRow, StaffRow
from services.identity.use_cases.register_household import register_household
from services.identity.use_cases.register_merchant import register_merchant
from services.identity.use_cases.register_people import (
    mark_courier,
    register_account,
    register_staff,
)
from services.identity.use_cases.register_places import (
    register_building,
    register_community,
    register_gate,
)
from services.identity.use_cases.withdraw_certification import withdraw_certification
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Malformed, NotFound
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from services.kernel.schema import REQUEST
from tests.support.identity import (
    APP_ID,
    MANAGER,
    NEXT_YEAR,
    NOW,
    decisions_about,
    found_town,
    hire,
    house,
    household_command,
    merchant_command,
    new_phone,
    open_shop,
    person,
    sign_in,
    staff_actor,
    store_spec,
)

pytestmark = pytest.mark.database


def members_of(db: Database, household_id: str) -> int:
    found = select(func.count()).where(HouseholdMemberRow.household_id == household_id)
    with db.reading() as tx:
        return int(tx.scalar(found.select_from(HouseholdMemberRow)))


def withdraw(db: Database, subject_id: str, actor=MANAGER, request_id: str | None = None) -> None:
    command = WithdrawCertification(
        request_id=request_id or new_id(), subject_id=subject_id, reason="搬走了"
    )
    withdraw_certification(db, command, actor, NOW)


# places


def test_a_community_is_shown_with_its_gates(db: Database) -> None:
    town = found_town(db)
    with db.reading() as tx:
        view = places.community(tx, town.community_id)
        assert places.communities(tx).communities == [view]
        with pytest.raises(NoSuchPlace):
            places.community(tx, new_id())
    assert (view.name, view.service_phone) == ("翠湖苑", "02988880000")
    assert [(gate.gate_id, gate.name) for gate in view.gates] == [(town.gate_id, "东门")]


def test_registering_the_same_id_again_meets_the_first_and_another_thing_is_refused(
    db: Database,
) -> None:
    town = found_town(db)
    again = RegisterCommunity(
        request_id=new_id(), community_id=town.community_id, name=town.name, address="新地址"
    )
    assert register_community(db, again, MANAGER, NOW).id == town.community_id
    other = again.model_copy(update={"request_id": new_id(), "name": "金水湾"})
    with pytest.raises(AlreadyRegistered):
        register_community(db, other, MANAGER, NOW)
    namesake = again.model_copy(update={"request_id": new_id(), "community_id": new_id()})
    with pytest.raises(NameTaken):
        register_community(db, namesake, MANAGER, NOW)


def test_the_same_request_with_another_body_is_a_conflict(db: Database) -> None:
    command = RegisterCommunity(request_id=new_id(), community_id=new_id(), name="翠湖苑")
    register_community(db, command, MANAGER, NOW)
    assert register_community(db, command, MANAGER, NOW).id == command.community_id
    with pytest.raises(RequestConflict):
        register_community(db, command.model_copy(update={"name": "金水湾"}), MANAGER, NOW)


def test_gates_and_buildings_need_a_community_that_is_there(db: Database) -> None:
    nowhere = new_id()
    gate = RegisterGate(request_id=new_id(), gate_id=new_id(), community_id=nowhere, name="东门")
    building = RegisterBuilding(
        request_id=new_id(), building_id=new_id(), community_id=nowhere, name="3号楼"
    )
    with pytest.raises(NoSuchPlace):
        register_gate(db, gate, MANAGER)
    with pytest.raises(NoSuchPlace):
        register_building(db, building, MANAGER)


def test_a_building_with_one_door_twice_is_refused_as_a_whole(db: Database) -> None:
    town = found_town(db)
    homes = [HomeSpec(home_id=new_id(), unit="1", door="101") for _ in range(2)]
    command = RegisterBuilding(
        request_id=new_id(),
        building_id=new_id(),
        community_id=town.community_id,
        name="9号楼",
        homes=homes,
    )
    with pytest.raises(NameTaken):
        register_building(db, command, MANAGER)
    with db.reading() as tx, pytest.raises(NoSuchPlace):
        places.place_of_building(tx, command.building_id)


def test_staff_of_one_community_register_nothing_in_another(
    db: Database, passwords: Passwords
) -> None:
    here, there = found_town(db), found_town(db, "金水湾")
    hired = hire(db, passwords, Role.MANAGER, communities=[here.community_id])
    local = staff_actor(account_id=hired.account_id)
    for town, refused in ((here, False), (there, True)):
        gate = RegisterGate(
            request_id=new_id(), gate_id=new_id(), community_id=town.community_id, name="西门"
        )
        if refused:
            with pytest.raises(NoSuchPlace):
                register_gate(db, gate, local)
        else:
            register_gate(db, gate, local)
    with pytest.raises(NoSuchPlace):
        register_household(db, household_command(there.home_ids[0], person(Role.OWNER)), local, NOW)
    with pytest.raises(NoSuchPlace):
        register_merchant(
            db, merchant_command([store_spec(here.community_id, there.community_id)]), local, NOW
        )
    new_community = RegisterCommunity(request_id=new_id(), community_id=new_id(), name="新苑")
    with pytest.raises(Forbidden):
        register_community(db, new_community, local, NOW)


# households


def test_a_registered_household_shows_its_address_and_who_vouches_until_when(
    db: Database,
) -> None:
    town = found_town(db)
    owner = person(Role.OWNER)
    household_id = house(db, town.home_ids[0], owner, person(Role.FAMILY))
    with db.reading() as tx:
        view = me(tx, owner.account_id, NOW)
        expired = me(tx, owner.account_id, NEXT_YEAR)
    [home] = view.households
    assert home.address == "翠湖苑 3号楼2单元501"
    assert (home.certification, home.certified_until) == (Certification.CERTIFIED, NEXT_YEAR)
    assert (home.role, home.certified_by) == (Role.OWNER, "李经理")
    assert view.phone_masked == f"{owner.phone[:3]}****{owner.phone[-4:]}"
    assert expired.households[0].certification is Certification.EXPIRED
    assert decisions_about(db, household_id) == [("certify", "房产证", "李经理", NOW)]


def test_registering_a_household_again_adds_nobody_and_no_decision(db: Database) -> None:
    town = found_town(db)
    command = household_command(town.home_ids[0], person(Role.OWNER))
    register_household(db, command, MANAGER, NOW)
    register_household(db, command, MANAGER, NOW)
    register_household(db, command.model_copy(update={"request_id": new_id()}), MANAGER, NOW)
    assert members_of(db, command.household_id) == 1
    assert len(decisions_about(db, command.household_id)) == 1
    elsewhere = {"request_id": new_id(), "home_id": town.home_ids[1]}
    with pytest.raises(AlreadyRegistered):
        register_household(db, command.model_copy(update=elsewhere), MANAGER, NOW)


def test_a_home_has_one_owners_household_until_the_property_withdraws_its_word(
    db: Database,
) -> None:
    town = found_town(db)
    first = house(db, town.home_ids[0], person(Role.OWNER))
    command = household_command(town.home_ids[0], person(Role.OWNER))
    with pytest.raises(HomeTaken):
        register_household(db, command, MANAGER, NOW)
    tenants = household_command(town.home_ids[0], person(Role.TENANT), kind=HouseholdKind.TENANT)
    register_household(db, tenants, MANAGER, NOW)
    withdraw(db, first)
    register_household(db, command, MANAGER, NOW)
    assert members_of(db, command.household_id) == 1


def test_roles_must_fit_the_kind_of_household(db: Database) -> None:
    home_id = found_town(db).home_ids[0]
    twice = person(Role.OWNER)
    for members in (
        [person(Role.FAMILY)],
        [person(Role.OWNER), person(Role.GUARD)],
        [person(Role.OWNER), person(Role.TENANT)],
        [twice, twice],
    ):
        with pytest.raises(Malformed):
            register_household(db, household_command(home_id, *members), MANAGER, NOW)


def test_an_unknown_home_takes_no_household(db: Database) -> None:
    with pytest.raises(NoSuchPlace):
        house(db, new_id(), person(Role.OWNER))


def test_one_phone_is_one_person_however_it_is_written(db: Database) -> None:
    town = found_town(db)
    owner = person(Role.OWNER)
    house(db, town.home_ids[0], owner)
    impostor = person(Role.OWNER).model_copy(update={"phone": f"+86{owner.phone}"})
    with pytest.raises(NameTaken):
        house(db, town.home_ids[1], impostor)
    same_person = owner.model_copy(update={"phone": f"+86{owner.phone}"})
    house(db, town.home_ids[1], same_person)
    with db.reading() as tx:
        assert len(me(tx, owner.account_id, NOW).households) == 2


def test_an_account_does_not_change_hands(db: Database) -> None:
    town = found_town(db)
    owner = person(Role.OWNER)
    house(db, town.home_ids[0], owner)
    other = person(Role.OWNER, account_id=owner.account_id)
    with pytest.raises(AlreadyRegistered):
        house(db, town.home_ids[1], other)


def test_a_known_persons_wechat_binding_is_not_taken(db: Database) -> None:
    town = found_town(db)
    house(db, town.home_ids[0], person(Role.OWNER, openid="oMine"))
    with pytest.raises(NameTaken):
        house(db, town.home_ids[1], person(Role.OWNER, openid="oMine"))


def test_an_openid_without_its_service_account_is_refused(db: Database) -> None:
    loose = person(Role.OWNER, openid="oLoose").model_copy(update={"app_id": ""})
    with pytest.raises(Malformed):
        house(db, found_town(db).home_ids[0], loose)


# trust


def test_withdrawing_is_on_record_and_cannot_be_done_twice(db: Database) -> None:
    household_id = house(db, found_town(db).home_ids[0], person(Role.OWNER))
    request_id = new_id()
    withdraw(db, household_id, request_id=request_id)
    withdraw(db, household_id, request_id=request_id)
    with pytest.raises(NothingToWithdraw):
        withdraw(db, household_id)
    assert [(what, why) for what, why, _, _ in decisions_about(db, household_id)] == [
        ("certify", "房产证"),
        ("withdraw", "搬走了"),
    ]


def test_a_merchants_stores_fall_with_it_and_a_store_falls_alone(db: Database) -> None:
    town = found_town(db)
    one, two = store_spec(town.community_id), store_spec(town.community_id, name="二店")
    merchant_id = open_shop(db, one, two)
    withdraw(db, two.store_id)

    def standings() -> list[Certification]:
        with db.reading() as tx:
            views = stores.stores_by_id(tx, [one.store_id, two.store_id], NOW)
        return [view.certification for view in views]

    assert standings() == [Certification.CERTIFIED, Certification.WITHDRAWN]
    withdraw(db, merchant_id)
    assert standings() == [Certification.WITHDRAWN, Certification.WITHDRAWN]
    assert len(decisions_about(db, two.store_id)) == 2


def test_withdrawing_needs_the_permission_for_that_kind_and_the_community(
    db: Database, passwords: Passwords
) -> None:
    here, there = found_town(db), found_town(db, "金水湾")
    household_id = house(db, here.home_ids[0], person(Role.OWNER))
    store = store_spec(here.community_id)
    open_shop(db, store)
    with pytest.raises(Forbidden):
        withdraw(db, household_id, staff_actor(Role.CASHIER))
    with pytest.raises(Forbidden):
        withdraw(db, store.store_id, staff_actor(Role.BUILDING_MANAGER))
    hired = hire(db, passwords, Role.CLERK, communities=[there.community_id])
    with pytest.raises(NotFound):
        withdraw(db, household_id, staff_actor(Role.CLERK, account_id=hired.account_id))
    with pytest.raises(NotFound):
        withdraw(db, new_id())
    assert len(decisions_about(db, household_id)) == 1


# merchants


def test_registering_a_merchant_again_meets_the_first(db: Database) -> None:
    town = found_town(db)
    command = merchant_command([store_spec(town.community_id)])
    register_merchant(db, command, MANAGER, NOW)
    register_merchant(db, command, MANAGER, NOW)
    again = command.model_copy(update={"request_id": new_id()})
    assert register_merchant(db, again, MANAGER, NOW).id == command.merchant_id
    renamed = again.model_copy(update={"request_id": new_id(), "name": "别家"})
    with pytest.raises(AlreadyRegistered):
        register_merchant(db, renamed, MANAGER, NOW)


def test_a_store_of_another_merchant_and_a_building_elsewhere_are_refused(db: Database) -> None:
    here, there = found_town(db), found_town(db, "金水湾")
    theirs = store_spec(here.community_id)
    open_shop(db, theirs)
    with pytest.raises(AlreadyRegistered):
        open_shop(db, theirs)
    with pytest.raises(NoSuchPlace):
        open_shop(db, store_spec(here.community_id, building_id=there.building_ids[0]))
    with pytest.raises(NoSuchPlace):
        open_shop(db, store_spec(new_id()))


def test_a_merchant_needs_a_shopkeeper_and_only_shop_people(db: Database) -> None:
    store = store_spec(found_town(db).community_id)
    for people in ([person(Role.SHOP_HAND)], [person(Role.SHOPKEEPER), person(Role.MANAGER)]):
        with pytest.raises(Malformed):
            open_shop(db, store, people=people)


# people


def test_an_account_is_registered_once_and_shown_masked(db: Database) -> None:
    command = RegisterAccount(
        request_id=new_id(),
        account_id=new_id(),
        name="张师傅",
        phone="+8613900001234",
        app_id=APP_ID,
        openid="oRider",
    )
    register_account(db, command, MANAGER, NOW)
    register_account(db, command.model_copy(update={"request_id": new_id()}), MANAGER, NOW)
    assert sign_in(db, "oRider").account_id == command.account_id
    with db.reading() as tx:
        brief = account_brief(tx, command.account_id)
        with pytest.raises(NoSuchAccount):
            account_brief(tx, new_id())
    assert (brief.name, brief.phone_masked) == ("张师傅", "139****1234")


def test_marking_an_unknown_account_as_courier_is_refused(db: Database) -> None:
    with pytest.raises(NoSuchAccount):
        mark_courier(db, MarkCourier(request_id=new_id(), account_id=new_id()))


def test_staff_are_registered_once_and_keep_their_first_password(
    db: Database, passwords: Passwords
) -> None:
    hired = hire(db, passwords, Role.CLERK, Role.CASHIER)
    again = hired.model_copy(update={"request_id": new_id(), "password": "another one"})
    register_staff(db, passwords, again, MANAGER, NOW)
    with db.reading() as tx:
        kept = tx.scalar(select(StaffRow.password_hash))
        assert me(tx, hired.account_id, NOW).staff_roles == [Role.CASHIER, Role.CLERK]
    assert kept.startswith("$argon2id$")
    assert passwords.matches(kept, hired.password)
    namesake = hired.model_copy(
        update={"request_id": new_id(), "account_id": new_id(), "phone": new_phone()}
    )
    with pytest.raises(NameTaken):
        register_staff(db, passwords, namesake, MANAGER, NOW)


def test_the_claim_of_a_registration_says_nothing_about_the_password(
    db: Database, passwords: Passwords
) -> None:
    hired = hire(db, passwords, Role.CLERK)
    with db.reading() as tx:
        before = tx.scalar(
            select(REQUEST.c.body_sha256).where(REQUEST.c.request_id == hired.request_id)
        )
    other = hired.model_copy(update={"password": "a guess at it"})
    register_staff(db, passwords, other, MANAGER, NOW)
    with db.reading() as tx:
        assert before == tx.scalar(
            select(REQUEST.c.body_sha256).where(REQUEST.c.request_id == hired.request_id)
        )


def test_nobody_hires_residents_as_staff_or_beyond_their_own_communities(
    db: Database, passwords: Passwords
) -> None:
    here, there = found_town(db), found_town(db, "金水湾")
    with pytest.raises(Malformed):
        hire(db, passwords, Role.OWNER)
    hired = hire(db, passwords, Role.MANAGER, communities=[here.community_id])
    local = staff_actor(account_id=hired.account_id)
    for communities, error in (([there.community_id], NoSuchPlace), ([], Forbidden)):
        command = RegisterStaff(
            request_id=new_id(),
            account_id=new_id(),
            name="王五",
            phone=new_phone(),
            username="wang",
            password="long enough",
            roles=[Role.MANAGER],
            community_ids=communities,
        )
        with pytest.raises(error):
            register_staff(db, passwords, command, local, NOW)
