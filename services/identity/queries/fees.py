"""Who may see and pay what a home or a merchant owes, by our own rows at this moment.

The token's groups are not asked: somebody who moved out a minute ago still has them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.fees import DebtorKind
from services.contracts.identity import Certification, FeeRight, FeeRightQuery, HouseholdKind
from services.contracts.permissions import ROLE_PERMISSIONS, Permission, Role
from services.contracts.settlement import OwnerKind
from services.identity.domain.certification import standing
from services.identity.domain.places import address_of
from services.identity.tables import (
    BuildingRow,
    CertificationRow,
    CommunityRow,
    HomeRow,
    HouseholdMemberRow,
    HouseholdRow,
    MerchantPersonRow,
    MerchantRow,
)
from services.kernel.db import Tx

HOUSEHOLDS_MAX = 100

_HOME = (
    select(
        HomeRow.unit,
        HomeRow.door,
        BuildingRow.name.label("building_name"),
        CommunityRow.name.label("community_name"),
    )
    .join(BuildingRow, BuildingRow.building_id == HomeRow.building_id)
    .join(CommunityRow, CommunityRow.community_id == BuildingRow.community_id)
    .where(HomeRow.home_id == bindparam("home"))
)
_HOUSEHOLDS = (
    select(
        HouseholdRow.household_id,
        HouseholdRow.kind,
        HouseholdMemberRow.role,
        CertificationRow.state,
        CertificationRow.until,
    )
    .outerjoin(
        HouseholdMemberRow,
        (HouseholdMemberRow.household_id == HouseholdRow.household_id)
        & (HouseholdMemberRow.account_id == bindparam("account"))
        & HouseholdMemberRow.ended_at.is_(None),
    )
    .outerjoin(CertificationRow, CertificationRow.subject_id == HouseholdRow.household_id)
    .where(HouseholdRow.home_id == bindparam("home"))
    .order_by(HouseholdRow.created_at.desc(), HouseholdRow.household_id.desc())
    .limit(HOUSEHOLDS_MAX)
)
_MERCHANT = (
    select(MerchantRow.name, MerchantPersonRow.role)
    .outerjoin(
        MerchantPersonRow,
        (MerchantPersonRow.merchant_id == MerchantRow.merchant_id)
        & (MerchantPersonRow.account_id == bindparam("account")),
    )
    .where(MerchantRow.merchant_id == bindparam("merchant"))
)


def fee_right(tx: Tx, query: FeeRightQuery, account_id: str, now: datetime) -> FeeRight:
    """What the account may do about these bills; never an error, also for what does not exist."""
    if query.debtor_kind is DebtorKind.MERCHANT:
        return _of_merchant(tx, query, account_id)
    return _of_home(tx, query, account_id, now)


def _of_home(tx: Tx, query: FeeRightQuery, account_id: str, now: datetime) -> FeeRight:
    home = tx.first(_HOME, {"home": query.debtor_id})
    if home is None or query.owner_kind is OwnerKind.MERCHANT:
        return FeeRight(allowed=False, may_use_fund=False, owner_fits=False)
    rows = tx.all(_HOUSEHOLDS, {"home": query.debtor_id, "account": account_id})
    certified = [row for row in rows if _is_certified(row, now)]
    asked = [row for row in certified if query.owner_id in (None, row.household_id)]
    return FeeRight(
        allowed=any(_lets(row.role, Permission.PAYMENT_PAY) for row in asked),
        may_use_fund=any(_lets(row.role, Permission.FUND_USE) for row in asked),
        owner_fits=query.owner_id is not None and bool(asked),
        answers_id=_who_answers(certified),
        debtor_name=address_of(home.community_name, home.building_name, home.unit, home.door),
    )


def _of_merchant(tx: Tx, query: FeeRightQuery, account_id: str) -> FeeRight:
    row = tx.first(_MERCHANT, {"merchant": query.debtor_id, "account": account_id})
    foreign = query.owner_id not in (None, query.debtor_id)
    if row is None or foreign or query.owner_kind is OwnerKind.HOUSEHOLD:
        return FeeRight(allowed=False, may_use_fund=False, owner_fits=False)
    return FeeRight(
        allowed=_lets(row.role, Permission.MERCHANT_FUND_VIEW),
        may_use_fund=_lets(row.role, Permission.MERCHANT_FUND_USE),
        owner_fits=query.owner_id is not None,
        answers_id=query.debtor_id,
        debtor_name=row.name,
    )


def _is_certified(row: Row[Any], now: datetime) -> bool:
    return standing(row.state, row.until, now) is Certification.CERTIFIED


def _lets(role: str | None, permission: Permission) -> bool:
    """By the role in this very household: another one's role lends nothing here."""
    return role is not None and permission in ROLE_PERMISSIONS[Role(role)]


def _who_answers(certified: list[Row[Any]]) -> str | None:
    owners = [row for row in certified if row.kind == HouseholdKind.OWNER]
    return next((row.household_id for row in (*owners, *certified)), None)
