"""Who an account is: its roles, its groups, its communities, and what all that lets it try."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, Subquery, literal, select, union_all

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
    account = select(AccountRow.name, AccountRow.is_courier)
    row = tx.first(account.where(AccountRow.account_id == session.account_id))
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
    for row in tx.all(_belongings(account_id)):
        by_kind[row.kind].append(row)
    standing = Standing(is_courier=bool(is_courier))
    standing.groups = {row.group_id: row.role for row in by_kind["group"]}
    standing.staff_roles = sorted(Role(row.role) for row in by_kind["staff"])
    communities = {row.community_id for rows in by_kind.values() for row in rows}
    communities.discard(None)
    if standing.staff_roles and not by_kind["reach"]:
        everywhere = select(CommunityRow.community_id).limit(500)
        communities |= {row.community_id for row in tx.all(everywhere)}
    standing.communities = sorted(communities)
    return standing


def _belongings(account_id: str) -> Select[Any]:
    """One row for each thing that the account belongs to and each community that comes with it."""
    nothing = literal(None)
    parts = [
        _households(account_id),
        _merchants(account_id),
        _stores(account_id),
        select(literal("staff"), nothing, StaffRoleRow.role, nothing).where(
            StaffRoleRow.account_id == account_id
        ),
        select(literal("reach"), nothing, nothing, StaffCommunityRow.community_id).where(
            StaffCommunityRow.account_id == account_id
        ),
    ]
    named: Subquery = union_all(*parts).subquery("belonging")
    return select(named)


def _households(account_id: str) -> Select[Any]:
    member = HouseholdMemberRow
    return (
        select(
            literal("group").label("kind"),
            member.household_id.label("group_id"),
            member.role.label("role"),
            BuildingRow.community_id.label("community_id"),
        )
        .join(HouseholdRow, HouseholdRow.household_id == member.household_id)
        .join(HomeRow, HomeRow.home_id == HouseholdRow.home_id)
        .join(BuildingRow, BuildingRow.building_id == HomeRow.building_id)
        .where(member.account_id == account_id, member.ended_at.is_(None))
    )


def _merchants(account_id: str) -> Select[Any]:
    person = MerchantPersonRow
    return select(literal("group"), person.merchant_id, person.role, literal(None)).where(
        person.account_id == account_id
    )


def _stores(account_id: str) -> Select[Any]:
    person = MerchantPersonRow
    return (
        select(literal("group"), StoreRow.store_id, person.role, StoreCommunityRow.community_id)
        .join(StoreRow, StoreRow.merchant_id == person.merchant_id)
        .join(StoreCommunityRow, StoreCommunityRow.store_id == StoreRow.store_id)
        .where(person.account_id == account_id)
    )
