"""Ask identity, at that moment, what a person may do about property fee bills.

It is a call to another service: always before the transaction, never in it.
"""

from typing import Any

from sqlalchemy import Row

from services.contracts.fees import DebtorKind, NoSuchBill
from services.contracts.identity import FeeRight, FeeRightQuery
from services.contracts.permissions import Permission
from services.contracts.settlement import OwnerKind
from services.kernel.actor import Actor
from services.kernel.errors import Forbidden


def right_to(
    services: Any,
    debtor_kind: str,
    debtor_id: str,
    owner_kind: OwnerKind | None = None,
    owner_id: str | None = None,
) -> FeeRight:
    """What the actor of this call may do; the actor's token travels along."""
    right: FeeRight = services.identity.fee_right(
        FeeRightQuery(
            debtor_kind=DebtorKind(debtor_kind),
            debtor_id=debtor_id,
            owner_kind=owner_kind,
            owner_id=owner_id,
        ),
        answer=FeeRight,
        deadline_ms=1500,
    )
    return right


def need_to_see(services: Any, actor: Actor, debtor_kind: str, debtor_id: str) -> None:
    """NoSuchBill unless it is theirs, or staff's who see all money."""
    if actor.may(Permission.MONEY_VIEW_ANY):
        return
    if not right_to(services, debtor_kind, debtor_id).allowed:
        raise NoSuchBill()


def need_to_use_fund(
    services: Any, bill: Row[Any], owner_kind: OwnerKind, owner_id: str
) -> FeeRight:
    """NoSuchBill to a stranger; Forbidden to those who may not use this owner's fund."""
    right = right_to(services, bill.debtor_kind, bill.debtor_id, owner_kind, owner_id)
    if not right.allowed:
        raise NoSuchBill()
    if not right.may_use_fund:
        household = owner_kind is OwnerKind.HOUSEHOLD
        needed = Permission.FUND_USE if household else Permission.MERCHANT_FUND_USE
        raise Forbidden(f"needs {needed} there")
    return right
