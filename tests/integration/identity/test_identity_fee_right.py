"""Who may see and pay a home's or a merchant's fees, by identity's own rows at that moment."""

from datetime import datetime

import pytest

from services.contracts.fees import DebtorKind
from services.contracts.identity import (
    FeeRight,
    FeeRightQuery,
    HouseholdKind,
    WithdrawCertification,
)
from services.contracts.permissions import Role
from services.contracts.settlement import OwnerKind
from services.identity.queries.fees import fee_right
from services.identity.use_cases.register_household import register_household
from services.identity.use_cases.withdraw_certification import withdraw_certification
from services.kernel.db import Database
from services.kernel.ids import new_id
from tests.support.identity import (
    MANAGER,
    MONTH,
    NOW,
    found_town,
    house,
    household_command,
    open_shop,
    person,
    store_spec,
)

pytestmark = pytest.mark.database


def ask(
    db: Database,
    account_id: str,
    home_id: str,
    household_id: str | None = None,
    now: datetime = NOW,
) -> FeeRight:
    query = FeeRightQuery(
        debtor_kind=DebtorKind.HOME,
        debtor_id=home_id,
        owner_kind=OwnerKind.HOUSEHOLD if household_id else None,
        owner_id=household_id,
    )
    with db.reading() as tx:
        return fee_right(tx, query, account_id, now)


def test_the_owner_may_pay_and_use_the_fund_and_family_may_only_pay(db: Database) -> None:
    home_id = found_town(db).home_ids[0]
    owner, child = person(Role.OWNER), person(Role.FAMILY)
    household_id = house(db, home_id, owner, child)
    mine = ask(db, owner.account_id, home_id, household_id)
    assert (mine.allowed, mine.may_use_fund, mine.owner_fits) == (True, True, True)
    assert (mine.answers_id, mine.debtor_name[:3]) == (household_id, "翠湖苑")
    theirs = ask(db, child.account_id, home_id)
    assert (theirs.allowed, theirs.may_use_fund) == (True, False)


def test_a_stranger_and_another_home_get_nothing(db: Database) -> None:
    town = found_town(db)
    owner = person(Role.OWNER)
    household_id = house(db, town.home_ids[0], owner)
    for account_id, home_id in (
        (new_id(), town.home_ids[0]),
        (owner.account_id, town.home_ids[1]),
        (owner.account_id, new_id()),
    ):
        right = ask(db, account_id, home_id)
        assert (right.allowed, right.may_use_fund) == (False, False)
    assert not ask(db, owner.account_id, town.home_ids[1], household_id).owner_fits


def test_the_owners_fund_is_not_the_tenants_to_use(db: Database) -> None:
    home_id = found_town(db).home_ids[0]
    owner, tenant = person(Role.OWNER), person(Role.TENANT)
    owners = house(db, home_id, owner)
    command = household_command(home_id, tenant, kind=HouseholdKind.TENANT)
    tenants = register_household(db, command, MANAGER, NOW).id
    right = ask(db, tenant.account_id, home_id, owners)
    assert (right.allowed, right.may_use_fund, right.owner_fits) == (False, False, True)
    own = ask(db, tenant.account_id, home_id, tenants)
    assert (own.allowed, own.may_use_fund, own.answers_id) == (True, True, owners)


def test_whoever_is_no_longer_certified_there_sees_nothing(db: Database) -> None:
    home_id = found_town(db).home_ids[0]
    owner = person(Role.OWNER)
    household_id = house(db, home_id, owner, until=NOW + MONTH)
    assert ask(db, owner.account_id, home_id).allowed
    late = ask(db, owner.account_id, home_id, now=NOW + 2 * MONTH)
    assert (late.allowed, late.answers_id) == (False, None)
    withdraw = WithdrawCertification(request_id=new_id(), subject_id=household_id, reason="已搬走")
    withdraw_certification(db, withdraw, MANAGER, NOW)
    assert not ask(db, owner.account_id, home_id).allowed


def test_a_shopkeeper_pays_for_the_own_merchant_and_nobody_elses(db: Database) -> None:
    town = found_town(db)
    keeper, hand, other = (
        person(Role.SHOPKEEPER),
        person(Role.SHOP_HAND),
        person(Role.SHOPKEEPER),
    )
    merchant_id = open_shop(db, store_spec(town.community_id), people=(keeper, hand))
    rival_id = open_shop(db, store_spec(town.community_id, name="老李面馆"), people=(other,))

    def right(account_id: str, owner_id: str | None = merchant_id) -> tuple[bool, bool]:
        query = FeeRightQuery(
            debtor_kind=DebtorKind.MERCHANT,
            debtor_id=merchant_id,
            owner_kind=OwnerKind.MERCHANT,
            owner_id=owner_id,
        )
        with db.reading() as tx:
            found = fee_right(tx, query, account_id, NOW)
        return found.allowed, found.may_use_fund

    assert right(keeper.account_id) == (True, True)
    assert right(hand.account_id) == (False, False)
    assert right(other.account_id) == (False, False)
    assert right(keeper.account_id, rival_id) == (False, False)


def test_a_merchants_fund_pays_for_no_home_and_a_households_for_no_shop(db: Database) -> None:
    town = found_town(db)
    owner = person(Role.OWNER)
    household_id = house(db, town.home_ids[0], owner)
    merchant_id = open_shop(db, store_spec(town.community_id))
    for debtor, owner_kind, owner_id in (
        ((DebtorKind.HOME, town.home_ids[0]), OwnerKind.MERCHANT, merchant_id),
        ((DebtorKind.MERCHANT, merchant_id), OwnerKind.HOUSEHOLD, household_id),
    ):
        query = FeeRightQuery(
            debtor_kind=debtor[0], debtor_id=debtor[1], owner_kind=owner_kind, owner_id=owner_id
        )
        with db.reading() as tx:
            right = fee_right(tx, query, owner.account_id, NOW)
        assert (right.allowed, right.may_use_fund, right.owner_fits) == (False, False, False)
