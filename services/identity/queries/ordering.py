"""May somebody order for a household from these stores, and where does it go?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.identity import (
    Certification,
    NoSuchStore,
    NotCertified,
    NotYourHousehold,
    OrderContext,
    OrderContextQuery,
    StoreBrief,
    StoreDoesNotServe,
)
from services.identity.domain.certification import standing
from services.identity.domain.places import address_of
from services.identity.tables import (
    AccountRow,
    BuildingRow,
    CertificationRow,
    CommunityRow,
    HomeRow,
    HouseholdMemberRow,
    HouseholdRow,
    StoreCommunityRow,
    StoreRow,
)
from services.kernel.db import Tx

# Each order asks this: built once, the statements cost half of the whole call's CPU less.
_MEMBER = HouseholdMemberRow
_HOME = (
    select(
        HomeRow.home_id,
        HomeRow.unit,
        HomeRow.door,
        BuildingRow.building_id,
        BuildingRow.name.label("building_name"),
        CommunityRow.community_id,
        CommunityRow.name.label("community_name"),
        AccountRow.name.label("contact_name"),
        CertificationRow.state,
        CertificationRow.until,
    )
    .select_from(_MEMBER)
    .join(AccountRow, AccountRow.account_id == _MEMBER.account_id)
    .join(HouseholdRow, HouseholdRow.household_id == _MEMBER.household_id)
    .join(HomeRow, HomeRow.home_id == HouseholdRow.home_id)
    .join(BuildingRow, BuildingRow.building_id == HomeRow.building_id)
    .join(CommunityRow, CommunityRow.community_id == BuildingRow.community_id)
    .outerjoin(CertificationRow, CertificationRow.subject_id == _MEMBER.household_id)
    .where(
        _MEMBER.household_id == bindparam("household"),
        _MEMBER.account_id == bindparam("account"),
        _MEMBER.ended_at.is_(None),
    )
)
_SERVING = (StoreCommunityRow.store_id == StoreRow.store_id) & (
    StoreCommunityRow.community_id == bindparam("community")
)
_STORES = (
    select(
        StoreRow.store_id,
        StoreRow.merchant_id,
        StoreRow.name,
        StoreRow.phone,
        StoreRow.address,
        StoreCommunityRow.community_id.label("serves"),
        CertificationRow.state,
        CertificationRow.until,
    )
    .outerjoin(StoreCommunityRow, _SERVING)
    .outerjoin(CertificationRow, CertificationRow.subject_id == StoreRow.store_id)
    .where(StoreRow.store_id.in_(bindparam("stores", expanding=True)))
)


def order_context(tx: Tx, query: OrderContextQuery, account_id: str, now: datetime) -> OrderContext:
    """The certified address and the stores, when all holds by our own rows at this moment.

    The token's groups are not asked: somebody who moved out a minute ago still has them.
    """
    home = tx.first(_HOME, {"household": query.household_id, "account": account_id})
    if home is None:
        raise NotYourHousehold
    _need_certified(query.household_id, home, now)
    return OrderContext(
        household_id=query.household_id,
        home_id=home.home_id,
        community_id=home.community_id,
        building_id=home.building_id,
        address=address_of(home.community_name, home.building_name, home.unit, home.door),
        contact_name=home.contact_name,
        stores=_stores(tx, query.store_ids, home.community_id, now),
    )


def _stores(tx: Tx, store_ids: Sequence[str], community_id: str, now: datetime) -> list[StoreBrief]:
    wanted = list(dict.fromkeys(store_ids))
    rows = tx.all(_STORES, {"stores": wanted, "community": community_id})
    known = {row.store_id: row for row in rows}
    return [_store(known.get(store_id), store_id, now) for store_id in wanted]


def _store(row: Row[Any] | None, store_id: str, now: datetime) -> StoreBrief:
    if row is None:
        raise NoSuchStore(fields={store_id: "no such store"})
    _need_certified(store_id, row, now)
    if row.serves is None:
        raise StoreDoesNotServe(fields={store_id: "does not serve this community"})
    return StoreBrief(
        store_id=row.store_id,
        merchant_id=row.merchant_id,
        name=row.name,
        phone=row.phone,
        address=row.address,
    )


def _need_certified(subject_id: str, row: Row[Any], now: datetime) -> None:
    present = standing(row.state, row.until, now)
    if present is not Certification.CERTIFIED:
        raise NotCertified(fields={subject_id: present})
