"""Who may ask settlement for what."""

import pytest

from services.contracts.permissions import Permission
from services.settlement.service import SettlementService

RIGHTS = {
    "open_payment": ("callers", ("orders",)),
    "close_payment": ("callers", ("orders",)),
    "receive_notice": ("callers", ("gateway",)),
    "pay_with_wechat": ("permission", Permission.PAYMENT_PAY),
    "counts": ("permission", Permission.OVERVIEW_VIEW),
    "audit": ("permission", Permission.MONEY_AUDIT),
    "match_orders": ("permission", Permission.MONEY_AUDIT),
    # The object decides: a household's or merchant's own people, or staff who see all money.
    "payment": ("signed_in", True),
    "fund": ("signed_in", True),
    "order_money": ("signed_in", True),
}


def entrypoint(name: str):
    (found,) = getattr(SettlementService, name).nameko_entrypoints
    return found


@pytest.mark.parametrize("name", sorted(RIGHTS))
def test_an_entrypoint_lets_in_whom_it_says(name: str) -> None:
    kind, who = RIGHTS[name]
    found = entrypoint(name)
    assert getattr(found, kind) == who
    assert found.public is False


def test_no_rpc_is_left_out_of_the_table() -> None:
    rpcs = {
        name
        for name, value in vars(SettlementService).items()
        if any(hasattr(point, "signed_in") for point in getattr(value, "nameko_entrypoints", ()))
    }
    assert rpcs == set(RIGHTS)
