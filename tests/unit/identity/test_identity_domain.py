"""The rules about people, places and trust, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import Certification, HouseholdKind, MemberSpec
from services.contracts.permissions import ROLE_PERMISSIONS, STAFF_ROLES, Role
from services.identity.domain.certification import MOVES, Decision, standing
from services.identity.domain.people import (
    HEAD_OF,
    HOUSEHOLD_ROLES,
    check_household,
    check_shop_people,
    check_staff_roles,
    masked_phone,
    normal_phone,
    permissions_of,
)
from services.identity.domain.places import address_of, distance_m
from services.identity.domain.sessions import SLIDE_STEP, Session, SessionKind
from services.kernel.errors import Malformed
from services.kernel.ids import new_id

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = 30 * DAY


def member(role: Role) -> MemberSpec:
    return MemberSpec(account_id=new_id(), name="张三", phone="13800001234", role=role)


def session(expires_at: datetime, kind: SessionKind = SessionKind.WECHAT) -> Session:
    return Session(new_id(), new_id(), kind, expires_at, ended=False)


@pytest.mark.parametrize(
    ("kept", "until", "present"),
    [
        (None, None, Certification.NONE),
        ("certified", NOW + DAY, Certification.CERTIFIED),
        ("certified", NOW, Certification.EXPIRED),
        ("withdrawn", NOW + DAY, Certification.WITHDRAWN),
        ("withdrawn", NOW - DAY, Certification.WITHDRAWN),
    ],
)
def test_what_holds_now_is_the_last_decision_until_its_time_is_over(
    kept: str | None, until: datetime | None, present: Certification
) -> None:
    assert standing(kept, until, NOW) is present


def test_nobody_withdraws_twice_and_only_what_is_new_is_certified() -> None:
    legal = {pair for pair in product(Certification, Decision) if pair in MOVES}
    assert legal == {
        (Certification.NONE, Decision.CERTIFY),
        (Certification.CERTIFIED, Decision.WITHDRAW),
        (Certification.EXPIRED, Decision.WITHDRAW),
    }


@pytest.mark.parametrize("phone", ["13800001234", "+8613800001234", "8613800001234"])
def test_a_mainland_mobile_has_one_form(phone: str) -> None:
    assert normal_phone(phone) == "13800001234"


@pytest.mark.parametrize("phone", ["02988881234", "+85298765432", "86138000012345"])
def test_other_numbers_are_kept_as_given(phone: str) -> None:
    assert normal_phone(phone) == phone


@given(st.from_regex(r"\A\+?[0-9]{5,15}\Z"))
def test_a_masked_phone_never_shows_more_than_seven_characters(phone: str) -> None:
    masked = masked_phone(phone)
    assert phone not in masked
    assert len(masked.replace("*", "")) <= 7


def test_nobodys_phone_is_empty() -> None:
    assert masked_phone(None) == ""


@pytest.mark.parametrize("kind", HouseholdKind)
def test_a_household_has_its_head_and_only_fitting_roles(kind: HouseholdKind) -> None:
    head = member(HEAD_OF[kind])
    check_household(kind, [head, member(Role.FAMILY)])
    with pytest.raises(Malformed):
        check_household(kind, [member(Role.FAMILY)])
    for role in set(Role) - HOUSEHOLD_ROLES[kind]:
        with pytest.raises(Malformed):
            check_household(kind, [head, member(role)])


def test_a_person_is_named_once() -> None:
    keeper = member(Role.SHOPKEEPER)
    with pytest.raises(Malformed):
        check_shop_people([keeper, keeper])


def test_only_staff_roles_make_staff() -> None:
    check_staff_roles(sorted(STAFF_ROLES))
    for role in set(Role) - STAFF_ROLES:
        with pytest.raises(Malformed):
            check_staff_roles([Role.CLERK, role])


@given(st.lists(st.sampled_from(Role)))
def test_permissions_are_those_of_the_roles_and_no_others(roles: list[Role]) -> None:
    granted = permissions_of(roles)
    for role in Role:
        if role in roles:
            assert {p.value for p in ROLE_PERMISSIONS[role]} <= granted
    assert all(any(p in ROLE_PERMISSIONS[role] for role in roles) for p in granted)


@pytest.mark.parametrize(
    ("unit", "address"),
    [
        ("2", "翠湖苑 3号楼2单元501"),
        ("2单元", "翠湖苑 3号楼2单元501"),
        ("", "翠湖苑 3号楼501"),
    ],
)
def test_an_address_reads_as_people_say_it(unit: str, address: str) -> None:
    assert address_of("翠湖苑", "3号楼", unit, "501") == address


def test_distance_is_the_straight_way_in_whole_metres() -> None:
    assert [distance_m(0, 0), distance_m(-3, 4), distance_m(1, 1)] == [0, 5, 1]


def test_a_session_is_open_before_its_end_only() -> None:
    assert session(NOW + DAY).is_open(NOW)
    assert not session(NOW).is_open(NOW)
    assert not Session(new_id(), new_id(), SessionKind.WECHAT, NOW + DAY, ended=True).is_open(NOW)


def test_a_wechat_session_moves_after_a_day_and_a_staff_session_never() -> None:
    fresh, day_old = NOW + MONTH, NOW + MONTH - SLIDE_STEP
    assert session(fresh).slides_to(NOW, MONTH) is None
    assert session(day_old).slides_to(NOW, MONTH) == NOW + MONTH
    assert session(day_old, SessionKind.STAFF).slides_to(NOW, MONTH) is None
