"""Who an account is: its roles, its groups, its communities, and what all that lets it try."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, literal, select, union_all

from services.contracts.identity import UnknownSession
from services.contracts.permissions import Role
from services.identity.domain.people import permissions_of
from services.identity.domain.sessions import Session
from services.identity.tables import (
    AccountRow,
    BuildingRow,
    CommunityRow,
    HomeRow,
    HouseholdMemberRow,
    HouseholdRow,
    MerchantPersonRow,
    StaffCommunityRow,
    StaffRoleRow,
    StoreCommunityRow,
    StoreRow,
)
from services.kernel.actor import Actor
from services.kernel.db import Tx

_ACCOUNT = select(AccountRow.name, AccountRow.is_courier).where(
    AccountRow.account_id == bindparam("account")
)
_EVERYWHERE = select(CommunityRow.community_id).limit(500)
_NOTHING = literal(None)
_HOUSEHOLDS = (
    select(
        literal("group").label("kind"),
        HouseholdMemberRow.household_id.label("group_id"),
        HouseholdMemberRow.role.label("role"),
        BuildingRow.community_id.label("community_id"),
    )
    .join(HouseholdRow, HouseholdRow.household_id == HouseholdMemberRow.household_id)
    .join(HomeRow, HomeRow.home_id == HouseholdRow.home_id)
    .join(BuildingRow, BuildingRow.building_id == HomeRow.building_id)
    .where(
        HouseholdMemberRow.account_id == bindparam("account"),
        HouseholdMemberRow.ended_at.is_(None),
    )
)
_MERCHANTS = select(
    literal("group"), MerchantPersonRow.merchant_id, MerchantPersonRow.role, _NOTHING
).where(MerchantPersonRow.account_id == bindparam("account"))
_STORES = (
    select(
        literal("group"),
        StoreRow.store_id,
        MerchantPersonRow.role,
        StoreCommunityRow.community_id,
    )
    .join(StoreRow, StoreRow.merchant_id == MerchantPersonRow.merchant_id)
    .join(StoreCommunityRow, StoreCommunityRow.store_id == StoreRow.store_id)
    .where(MerchantPersonRow.account_id == bindparam("account"))
)
_STAFF = select(literal("staff"), _NOTHING, StaffRoleRow.role, _NOTHING).where(
    StaffRoleRow.account_id == bindparam("account")
)
_REACH = select(literal("reach"), _NOTHING, _NOTHING, StaffCommunityRow.community_id).where(
    StaffCommunityRow.account_id == bindparam("account")
)
_BELONGINGS: CompoundSelect[Any] = union_all(_HOUSEHOLDS, _MERCHANTS, _STORES, _STAFF, _REACH)
"""One row for each thing that an account belongs to and each community that comes with it."""


@dataclass(slots=True)
class Standing:
    """What an account is to households, merchants, stores, communities and the company."""

    groups: dict[str, str] = field(default_factory=dict)
    staff_roles: list[Role] = field(default_factory=list)
    communities: list[str] = field(default_factory=list)
    is_courier: bool = False

    @property
    def roles(self) -> list[Role]:
        """All roles, each once, sorted."""
        roles = {Role(role) for role in self.groups.values()} | set(self.staff_roles)
        return sorted(roles | ({Role.COURIER} if self.is_courier else set()))

    @property
    def permissions(self) -> frozenset[str]:
        """Everything that one of the roles lets the account try."""
        return permissions_of(self.roles)


def actor_of(tx: Tx, session: Session) -> Actor:
    """The person behind a session, as the token will vouch for it."""
    row = tx.first(_ACCOUNT, {"account": session.account_id})
    if row is None:
        raise UnknownSession
    standing = standing_of(tx, session.account_id, is_courier=row.is_courier)
    return Actor(
        account_id=session.account_id,
        session_id=session.session_id,
        name=row.name,
        roles=tuple(role.value for role in standing.roles),
        permissions=standing.permissions,
        communities=tuple(standing.communities),
        groups=standing.groups,
    )


def standing_of(tx: Tx, account_id: str, *, is_courier: bool) -> Standing:
    """Groups, roles and communities of an account: one statement, and one more for such staff as
    look after all communities."""
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for row in tx.all(_BELONGINGS, {"account": account_id}):
        by_kind[row.kind].append(row)
    standing = Standing(is_courier=bool(is_courier))
    standing.groups = {row.group_id: row.role for row in by_kind["group"]}
    standing.staff_roles = sorted(Role(row.role) for row in by_kind["staff"])
    standing.communities = sorted(_reach_of(tx, by_kind))
    return standing


def _reach_of(tx: Tx, by_kind: dict[str, list[Any]]) -> set[str]:
    # Where staff live or keep a shop gives them nothing to do there as staff.
    if not by_kind["staff"]:
        return {row.community_id for row in by_kind["group"] if row.community_id}
    rows = by_kind["reach"] or tx.all(_EVERYWHERE)
    return {row.community_id for row in rows}
