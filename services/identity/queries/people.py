"""Who is to be told, who somebody is, and how many there are."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    and_,
    exists,
    func,
    literal,
    select,
    union_all,
)

from services.contracts.identity import (
    AccountBrief,
    Certification,
    Contact,
    ContactsQuery,
    ContactsView,
    IdentityCounts,
    NoSuchAccount,
)
from services.contracts.permissions import Role
from services.identity.domain.people import masked_phone
from services.identity.tables import (
    AccountRow,
    BuildingRow,
    CertificationRow,
    HomeRow,
    HouseholdMemberRow,
    HouseholdRow,
    MerchantPersonRow,
    MerchantRow,
    StaffRow,
    StoreCommunityRow,
    StoreRow,
    WechatUserRow,
)
from services.kernel.db import Tx

PEOPLE_A_GROUP = 20
_ROWS_MAX = 6000


def contacts(tx: Tx, query: ContactsQuery) -> ContactsView:
    """The WeChat addresses of the people of these groups, in one statement."""
    parts = list(_contact_parts(query))
    if not parts:
        return ContactsView(contacts=[])
    found = union_all(*parts).limit(_ROWS_MAX)
    return ContactsView(contacts=_at_most_per_group(tx.all(found)))


def _contact_parts(query: ContactsQuery) -> Iterable[Select[Any]]:
    member, person, user = HouseholdMemberRow, MerchantPersonRow, WechatUserRow
    address = (user.account_id, user.app_id, user.openid)
    if query.household_ids:
        yield (
            select(member.household_id.label("group_id"), *address, member.role)
            .join(user, user.account_id == member.account_id)
            .where(member.household_id.in_(query.household_ids), member.ended_at.is_(None))
        )
    if query.merchant_ids:
        yield (
            select(person.merchant_id.label("group_id"), *address, person.role)
            .join(user, user.account_id == person.account_id)
            .where(person.merchant_id.in_(query.merchant_ids))
        )
    if query.account_ids:
        yield select(
            user.account_id.label("group_id"), *address, literal(None).label("role")
        ).where(user.account_id.in_(query.account_ids))


def _at_most_per_group(rows: Iterable[Row[Any]]) -> list[Contact]:
    people: dict[str, set[str]] = defaultdict(set)
    told: list[Contact] = []
    for row in rows:
        group = people[row.group_id]
        if row.account_id not in group and len(group) == PEOPLE_A_GROUP:
            continue
        group.add(row.account_id)
        told.append(
            Contact(
                group_id=row.group_id,
                account_id=row.account_id,
                app_id=row.app_id,
                openid=row.openid,
                role=Role(row.role) if row.role else None,
            )
        )
    return told


def account_brief(tx: Tx, account_id: str) -> AccountBrief:
    """A person's name and masked phone; NoSuchAccount where there is none."""
    found = select(AccountRow.name, AccountRow.phone).where(AccountRow.account_id == account_id)
    row = tx.first(found)
    if row is None:
        raise NoSuchAccount
    return AccountBrief(account_id=account_id, name=row.name, phone_masked=masked_phone(row.phone))


def counts(tx: Tx, community_id: str | None, now: datetime) -> IdentityCounts:
    """How many there are, of one community or of all, in one statement."""
    numbers = {
        "homes": _number(_homes(community_id)),
        "households": _number(_households(community_id)),
        "households_certified": _number(
            _households(community_id).where(_certified(HouseholdRow.household_id, now))
        ),
        "people": _number(_people(community_id)),
        "merchants": _number(_merchants(community_id)),
        "stores": _number(_stores(community_id)),
        "stores_certified": _number(
            _stores(community_id).where(_certified(StoreRow.store_id, now))
        ),
        "staff": _number(select(StaffRow.account_id)),
    }
    row = tx.first(select(*(number.label(name) for name, number in numbers.items())))
    return IdentityCounts.model_validate(dict(row._mapping) if row else {})


def _number(rows: Select[Any]) -> ScalarSelect[int]:
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()


def _certified(subject_id: Any, now: datetime) -> ColumnElement[bool]:
    return exists().where(
        CertificationRow.subject_id == subject_id,
        CertificationRow.state == Certification.CERTIFIED,
        CertificationRow.until > now,
    )


def _homes(community_id: str | None) -> Select[Any]:
    homes = select(HomeRow.home_id).join(
        BuildingRow, BuildingRow.building_id == HomeRow.building_id
    )
    return homes.where(BuildingRow.community_id == community_id) if community_id else homes


def _households(community_id: str | None) -> Select[Any]:
    homes = _homes(community_id).subquery()
    return select(HouseholdRow.household_id).join(homes, homes.c.home_id == HouseholdRow.home_id)


def _people(community_id: str | None) -> Select[Any]:
    households = _households(community_id).subquery()
    return (
        select(HouseholdMemberRow.account_id)
        .join(households, households.c.household_id == HouseholdMemberRow.household_id)
        .where(HouseholdMemberRow.ended_at.is_(None))
        .distinct()
    )


def _stores(community_id: str | None) -> Select[Any]:
    if community_id is None:
        return select(StoreRow.store_id)
    serving = and_(
        StoreCommunityRow.store_id == StoreRow.store_id,
        StoreCommunityRow.community_id == community_id,
    )
    return select(StoreRow.store_id).join(StoreCommunityRow, serving)


def _merchants(community_id: str | None) -> Select[Any]:
    if community_id is None:
        return select(MerchantRow.merchant_id)
    stores = _stores(community_id).subquery()
    return (
        select(StoreRow.merchant_id).join(stores, stores.c.store_id == StoreRow.store_id).distinct()
    )
