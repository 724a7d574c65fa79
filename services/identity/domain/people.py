"""Names, phones and roles of people."""

import re
from collections.abc import Iterable, Sequence

from services.contracts.identity import HouseholdKind, MemberSpec
from services.contracts.permissions import ROLE_PERMISSIONS, STAFF_ROLES, Role
from services.kernel.errors import Malformed

HOUSEHOLD_ROLES = {
    HouseholdKind.OWNER: frozenset({Role.OWNER, Role.FAMILY}),
    HouseholdKind.TENANT: frozenset({Role.TENANT, Role.FAMILY}),
}
HEAD_OF = {HouseholdKind.OWNER: Role.OWNER, HouseholdKind.TENANT: Role.TENANT}
SHOP_ROLES = frozenset({Role.SHOPKEEPER, Role.SHOP_HAND})

_CHINA = re.compile(r"^(?:\+86|0086|86)(1\d{10})$")


def normal_phone(phone: str) -> str:
    """One way of writing each number: a mainland mobile without its country code."""
    mainland = _CHINA.match(phone)
    return mainland.group(1) if mainland else phone


def masked_phone(phone: str | None) -> str:
    """`13800001234` as `138****1234`; nothing for nobody's."""
    if not phone:
        return ""
    if len(phone) < 8:
        return f"{phone[0]}****{phone[-1]}"
    return f"{phone[:3]}****{phone[-4:]}"


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """Everything that any of the roles lets one try."""
    return frozenset(p.value for role in roles for p in ROLE_PERMISSIONS[role])


def check_household(kind: HouseholdKind, members: Sequence[MemberSpec]) -> None:
    """Malformed unless the roles fit the kind of household and somebody heads it."""
    _check_roles(members, HOUSEHOLD_ROLES[kind])
    if HEAD_OF[kind] not in {member.role for member in members}:
        raise Malformed(fields={"members": f"a household needs its {HEAD_OF[kind]}"})


def check_shop_people(people: Sequence[MemberSpec]) -> None:
    """Malformed unless all have a shop's roles and one keeps it."""
    _check_roles(people, SHOP_ROLES)
    if Role.SHOPKEEPER not in {person.role for person in people}:
        raise Malformed(fields={"people": "a merchant needs a shopkeeper"})


def check_staff_roles(roles: Sequence[Role]) -> None:
    """Malformed unless all are roles of the property's staff."""
    foreign = set(roles) - STAFF_ROLES
    if foreign:
        raise Malformed(fields={"roles": f"not of the staff: {', '.join(sorted(foreign))}"})


def _check_roles(people: Sequence[MemberSpec], allowed: frozenset[Role]) -> None:
    wrong = {f"{i}.role": p.role.value for i, p in enumerate(people) if p.role not in allowed}
    if wrong:
        raise Malformed(fields=wrong)
    if len({person.account_id for person in people}) < len(people):
        raise Malformed(fields={"account_id": "a person is named twice"})
