"""Who may ask settlement for what."""

import inspect

import pytest

from services.contracts.permissions import Permission
from services.settlement.service import SettlementService

RIGHTS = {
    "open_payment": ("callers", ("orders",)),
    "close_payment": ("callers", ("orders",)),
    "refund_order": ("callers", ("orders",)),
    "freeze_order": ("callers", ("orders",)),
    "thaw_order": ("callers", ("orders",)),
    "rule_order": ("callers", ("orders",)),
    "receive_notice": ("callers", ("gateway",)),
    "pay": ("permission", Permission.PAYMENT_PAY),
    "counts": ("permission", Permission.OVERVIEW_VIEW),
    "audit": ("permission", Permission.MONEY_AUDIT),
    "match_orders": ("permission", Permission.MONEY_AUDIT),
    "approve_withdrawal": ("permission", Permission.MONEY_APPROVE),
    "bank_file": ("permission", Permission.MONEY_WITHDRAWALS),
    "bank_files": ("permission", Permission.MONEY_WITHDRAWALS),
    "cash": ("permission", Permission.MONEY_VIEW_ANY),
    "cash_due": ("permission", Permission.DROP_DELIVER),
    "close_day": ("permission", Permission.MONEY_RECONCILE),
    "commission_rules": ("permission", Permission.MONEY_RULES),
    "correct_transfer": ("permission", Permission.MONEY_CORRECT),
    "custody": ("permission", Permission.MONEY_RULES),
    "desk_receipt": ("permission", Permission.MONEY_VIEW_ANY),
    "differences": ("permission", Permission.MONEY_RECONCILE),
    "fee_payments": ("permission", Permission.MONEY_VIEW_ANY),
    "fetch_fee_bills": ("permission", Permission.FEE_IMPORT),
    "hand_in_cash": ("permission", Permission.MONEY_DESK),
    "import_bank_result": ("permission", Permission.MONEY_WITHDRAWALS),
    "import_fee_bills": ("permission", Permission.FEE_IMPORT),
    "make_bank_file": ("permission", Permission.MONEY_WITHDRAWALS),
    "mend_difference": ("permission", Permission.MONEY_RECONCILE),
    "open_fee_payment": ("permission", Permission.PAYMENT_PAY),
    "pay_out_refund": ("permission", Permission.MONEY_DESK),
    "put_commission_rule": ("permission", Permission.MONEY_RULES),
    "put_custody": ("permission", Permission.MONEY_RULES),
    "put_sub_merchant": ("permission", Permission.MONEY_RULES),
    "reconcile_day": ("permission", Permission.MONEY_RECONCILE),
    "reconciliation_days": ("permission", Permission.MONEY_RECONCILE),
    "redirect_refund": ("permission", Permission.MONEY_REFUND),
    "refund_order_part": ("permission", Permission.MONEY_REFUND),
    "refunds": ("permission", Permission.MONEY_VIEW_ANY),
    "reject_withdrawal": ("permission", Permission.MONEY_APPROVE),
    "retry_refund": ("permission", Permission.MONEY_REFUND),
    "reverse_fee_payment": ("permission", Permission.MONEY_REFUND),
    "take_at_desk": ("permission", Permission.MONEY_DESK),
    "take_deposit": ("permission", Permission.MONEY_DESK),
    "take_fee_at_desk": ("permission", Permission.MONEY_DESK),
    "trial_balance": ("permission", Permission.MONEY_AUDIT),
    # The object decides: a household's or merchant's own people, or staff who see all money.
    "payment": ("signed_in", True),
    "fund": ("signed_in", True),
    "order_money": ("signed_in", True),
    "cancel_withdrawal": ("signed_in", True),
    "card": ("signed_in", True),
    "card_returns": ("signed_in", True),
    "cards": ("signed_in", True),
    "fee_bill": ("signed_in", True),
    "fee_bills": ("signed_in", True),
    "fee_receipt": ("signed_in", True),
    "offset_fee": ("signed_in", True),
    "payout_account": ("signed_in", True),
    "put_payout_account": ("signed_in", True),
    "settled_orders": ("signed_in", True),
    "withdraw": ("signed_in", True),
    "withdrawal": ("signed_in", True),
    "withdrawals": ("signed_in", True),
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
        for name, value in inspect.getmembers(SettlementService)
        if any(hasattr(point, "signed_in") for point in getattr(value, "nameko_entrypoints", ()))
    }
    assert rpcs == set(RIGHTS)
