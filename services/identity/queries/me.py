"""What pages need to greet somebody and to offer the right menu."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.identity import (
    HouseholdMembership,
    MeView,
    NoSuchAccount,
    StoreMembership,
)
from services.contracts.permissions import Role
from services.identity.domain.certification import standing
from services.identity.domain.people import masked_phone
from services.identity.domain.places import address_of
from services.identity.queries.actors import standing_of
from services.identity.tables import (
    AccountRow,
    BuildingRow,
    CertificationRow,
    CommunityRow,
    HomeRow,
    HouseholdMemberRow,
    HouseholdRow,
    MerchantPersonRow,
    StoreRow,
)
from services.kernel.db import Tx

MEMBERSHIPS_MAX = 100


_ACCOUNT = select(AccountRow.name, AccountRow.phone, AccountRow.is_courier).where(
    AccountRow.account_id == bindparam("account")
)
_MEMBER = HouseholdMemberRow
_HOUSEHOLDS = (
    select(
        _MEMBER.household_id,
        _MEMBER.role,
        HomeRow.home_id,
        HomeRow.unit,
        HomeRow.door,
        BuildingRow.building_id,
        BuildingRow.name.label("building_name"),
        CommunityRow.community_id,
        CommunityRow.name.label("community_name"),
        CertificationRow.state,
        CertificationRow.until,
        CertificationRow.by_name,
    )
    .join(HouseholdRow, HouseholdRow.household_id == _MEMBER.household_id)
    .join(HomeRow, HomeRow.home_id == HouseholdRow.home_id)
    .join(BuildingRow, BuildingRow.building_id == HomeRow.building_id)
    .join(CommunityRow, CommunityRow.community_id == BuildingRow.community_id)
    .outerjoin(CertificationRow, CertificationRow.subject_id == _MEMBER.household_id)
    .where(_MEMBER.account_id == bindparam("account"), _MEMBER.ended_at.is_(None))
    .order_by(_MEMBER.household_id)
    .limit(MEMBERSHIPS_MAX)
)
_STORES = (
    select(
        StoreRow.store_id,
        StoreRow.name.label("store_name"),
        StoreRow.merchant_id,
        MerchantPersonRow.role,
    )
    .join(StoreRow, StoreRow.merchant_id == MerchantPersonRow.merchant_id)
    .where(MerchantPersonRow.account_id == bindparam("account"))
    .order_by(StoreRow.store_id)
    .limit(MEMBERSHIPS_MAX)
)


def me(tx: Tx, account_id: str, now: datetime) -> MeView:
    """The account with its households and stores, as they are at this moment."""
    mine = {"account": account_id}
    row = tx.first(_ACCOUNT, mine)
    if row is None:
        raise NoSuchAccount
    what = standing_of(tx, account_id, is_courier=row.is_courier)
    return MeView(
        account_id=account_id,
        name=row.name,
        phone_masked=masked_phone(row.phone),
        households=[_household(home, now) for home in tx.all(_HOUSEHOLDS, mine)],
        stores=[StoreMembership(**store._mapping) for store in tx.all(_STORES, mine)],
        staff_roles=what.staff_roles,
        communities=what.communities,
        permissions=sorted(what.permissions),
        is_courier=what.is_courier,
    )


def _household(row: Row[Any], now: datetime) -> HouseholdMembership:
    return HouseholdMembership(
        household_id=row.household_id,
        role=Role(row.role),
        home_id=row.home_id,
        community_id=row.community_id,
        community_name=row.community_name,
        building_id=row.building_id,
        address=address_of(row.community_name, row.building_name, row.unit, row.door),
        certification=standing(row.state, row.until, now),
        certified_until=row.until,
        certified_by=row.by_name or "",
    )
