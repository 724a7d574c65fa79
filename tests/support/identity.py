"""A small town to test with: one community, two buildings, one household, one merchant."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import select

from services.contracts.identity import (
    HomeSpec,
    HouseholdKind,
    MemberSpec,
    RegisterBuilding,
    RegisterCommunity,
    RegisterGate,
    RegisterHousehold,
    RegisterMerchant,
    RegisterStaff,
    SessionView,
    SignInWithWechat,
    StoreKind,
    StoreSpec,
)
from services.contracts.permissions import Role
from services.identity.domain.people import permissions_of
from services.identity.passwords import Passwords
from services.identity.tables import DecisionRow
from services.identity.use_cases.register_household import register_household
from services.identity.use_cases.register_merchant import register_merchant
from services.identity.use_cases.register_people import register_staff
from services.identity.use_cases.register_places import (
    register_building,
    register_community,
    register_gate,
)
from services.identity.use_cases.sign_in import sign_in_with_wechat
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.ids import new_id

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
NEXT_YEAR = NOW + timedelta(days=365)
MONTH = timedelta(days=30)
APP_ID = "wxtest0000000001"

_phones = count(13_800_000_000)


def new_phone() -> str:
    """A phone that nobody else in the test run has."""
    return str(next(_phones))


def staff_actor(*roles: Role, account_id: str | None = None) -> Actor:
    """A member of staff as a token would vouch for them; of all communities unless on record."""
    return Actor(
        account_id=account_id or new_id(),
        name="李经理",
        permissions=permissions_of(roles or (Role.MANAGER,)),
    )


MANAGER = staff_actor()


def person(role: Role, *, openid: str = "", account_id: str | None = None) -> MemberSpec:
    """Somebody with a phone, and with a WeChat user when an openid is given."""
    return MemberSpec(
        account_id=account_id or new_id(),
        name="张三",
        phone=new_phone(),
        role=role,
        app_id=APP_ID if openid else "",
        openid=openid,
    )


@dataclass
class Town:
    """What has been registered."""

    community_id: str
    name: str
    gate_id: str = field(default_factory=new_id)
    building_ids: list[str] = field(default_factory=list)
    home_ids: list[str] = field(default_factory=list)


def found_town(db: Database, name: str = "翠湖苑") -> Town:
    """A community with a gate and two buildings 300 m apart, each with two homes."""
    town = Town(new_id(), name)
    community = RegisterCommunity(
        request_id=new_id(), community_id=town.community_id, name=name, service_phone="02988880000"
    )
    register_community(db, community, MANAGER, NOW)
    gate = RegisterGate(
        request_id=new_id(), gate_id=town.gate_id, community_id=town.community_id, name="东门"
    )
    register_gate(db, gate, MANAGER)
    for number, x_m in ((3, 0), (5, 300)):
        _add_building(db, town, f"{number}号楼", x_m)
    return town


def _add_building(db: Database, town: Town, name: str, x_m: int) -> None:
    homes = [HomeSpec(home_id=new_id(), unit="2", door=door) for door in ("501", "502")]
    building = RegisterBuilding(
        request_id=new_id(),
        building_id=new_id(),
        community_id=town.community_id,
        name=name,
        x_m=x_m,
        homes=homes,
    )
    register_building(db, building, MANAGER)
    town.building_ids.append(building.building_id)
    town.home_ids += [home.home_id for home in homes]


def household_command(
    home_id: str,
    *members: MemberSpec,
    kind: HouseholdKind = HouseholdKind.OWNER,
    until: datetime = NEXT_YEAR,
) -> RegisterHousehold:
    """A household at a home, of the given members."""
    return RegisterHousehold(
        request_id=new_id(),
        household_id=new_id(),
        home_id=home_id,
        kind=kind,
        members=list(members),
        certified_until=until,
        evidence="房产证",
    )


def house(db: Database, home_id: str, *members: MemberSpec, until: datetime = NEXT_YEAR) -> str:
    """Register an owner's household; its id."""
    command = household_command(home_id, *members, until=until)
    return register_household(db, command, MANAGER, NOW).id


def store_spec(
    *community_ids: str,
    name: str = "老陈早餐",
    kind: StoreKind = StoreKind.FOOD,
    x_m: int = 0,
    building_id: str | None = None,
) -> StoreSpec:
    """A store that serves these communities."""
    return StoreSpec(
        store_id=new_id(),
        name=name,
        kind=kind,
        address="东门外 12 号",
        phone="02988881234",
        x_m=x_m,
        building_id=building_id,
        community_ids=list(community_ids),
    )


def merchant_command(
    stores: Sequence[StoreSpec], *people: MemberSpec, until: datetime = NEXT_YEAR
) -> RegisterMerchant:
    """A merchant with these stores."""
    return RegisterMerchant(
        request_id=new_id(),
        merchant_id=new_id(),
        name=f"{stores[0].name}商行",
        stores=list(stores),
        people=list(people) or [person(Role.SHOPKEEPER)],
        certified_until=until,
        evidence="营业执照",
    )


def open_shop(
    db: Database, *stores: StoreSpec, people: Sequence[MemberSpec] = (), until: datetime = NEXT_YEAR
) -> str:
    """Register a merchant; its id."""
    return register_merchant(db, merchant_command(stores, *people, until=until), MANAGER, NOW).id


def hire(
    db: Database,
    passwords: Passwords,
    *roles: Role,
    communities: Sequence[str] = (),
    username: str = "li",
) -> RegisterStaff:
    """Register a member of staff; the command that did it."""
    command = RegisterStaff(
        request_id=new_id(),
        account_id=new_id(),
        name="李梅",
        phone=new_phone(),
        username=username,
        password="correct horse",
        roles=list(roles),
        community_ids=list(communities),
    )
    register_staff(db, passwords, command, MANAGER, NOW)
    return command


def sign_in(db: Database, openid: str, now: datetime = NOW) -> SessionView:
    """Sign a WeChat user in."""
    command = SignInWithWechat(request_id=new_id(), app_id=APP_ID, openid=openid)
    return sign_in_with_wechat(db, command, now, MONTH)


def decisions_about(db: Database, subject_id: str) -> list[tuple[str, str, str, datetime]]:
    """What was decided, why, by whom, when; in that order."""
    rows = select(DecisionRow).where(DecisionRow.subject_id == subject_id)
    with db.reading() as tx:
        found = tx.all(
            rows.with_only_columns(
                DecisionRow.what, DecisionRow.why, DecisionRow.by_name, DecisionRow.decided_at
            ).order_by(DecisionRow.decision_id)
        )
    return [(row.what, row.why, row.by_name, row.decided_at) for row in found]
