"""A settlement that answers all that the money pages of the console ask."""

from typing import Any

from services.contracts import fees, reconciliation, settlement, withdrawals
from services.contracts.cards import CardReturnsView
from services.kernel.wire import Page
from tests.support.gateway import NOW, World
from tests.unit.ui import samples_treasury as m

REFUND, WITHDRAWAL = m.REFUNDS[0].refund_id, m.WITHDRAWALS[0].withdrawal_id
BATCH, DAY = m.FILE.batch_id, m.day("open", 2).day_id
DIFFERENCE = m.DIFFERENCES[0].difference_id
BILL, FEE_PAYMENT = m.bill().bill_id, m.bill("closed").fee_payment_id
TRANSFER = m.order_money().steps[0].transfer_id
RECEIPT = settlement.DeskReceipt(
    receipt_number="SK-7",
    subject="老陈早餐",
    amount_fen=140950,
    method=settlement.DeskMethod.CASH,
    taken_by="李出纳",
    taken_at=NOW,
)
CORRECTION = settlement.CorrectionView(
    transfer_id=DAY, corrects=TRANSFER, amount_fen=1400, by="王会计", at=NOW
)
FEE_PAID = fees.FeePaymentView(
    fee_payment_id=str(FEE_PAYMENT),
    bill_id=BILL,
    amount_fen=1,
    way=fees.FeeWay.DESK,
    state=fees.FeePaymentState.TELLING,
    paid_by="李出纳",
    at=NOW,
)
RULES = settlement.CommissionRules(items=[m.rule(n) for n in range(3)])
RETURNS = CardReturnsView(merchant_id=m.MERCHANT, cards=42, returned=17, returned_fen=9, done=False)
IMPORTED = fees.FeeImportView(rows=2, created=2, changed=0, unchanged=0)


def page_of(*items: Any, next_after: str | None = None) -> Page[Any]:
    """One page of an answer."""
    return Page[Any](items=list(items), next_after=next_after)


ANSWERS: dict[str, Any] = {
    "desk_receipt": RECEIPT,
    "take_at_desk": RECEIPT,
    "take_deposit": RECEIPT,
    "cash": page_of(*m.CASH),
    "hand_in_cash": settlement.HandedIn(receipt_number="JK-1", amount_fen=2700, order_count=2),
    "refunds": page_of(*m.REFUNDS, next_after="r2"),
    "retry_refund": m.REFUNDS[2],
    "redirect_refund": m.REFUNDS[3],
    "pay_out_refund": m.REFUNDS[3],
    "withdrawals": page_of(*m.WITHDRAWALS, next_after="w2"),
    "withdrawal": m.WITHDRAWALS[0],
    "approve_withdrawal": m.WITHDRAWALS[1],
    "reject_withdrawal": m.WITHDRAWALS[1],
    "bank_files": page_of(*m.FILES),
    "bank_file": m.FILE,
    "make_bank_file": m.FILE,
    "import_bank_result": withdrawals.BankResultView(done=9, failed=2, unchanged=1),
    "reconciliation_days": page_of(m.day("open", 2), m.day("matching", 0, 40), next_after="d2"),
    "differences": reconciliation.DifferencesView(day=m.day("open", 2), items=m.DIFFERENCES),
    "reconcile_day": m.day("open", 2),
    "mend_difference": m.DIFFERENCES[2],
    "close_day": m.day("closed"),
    "trial_balance": m.BALANCE,
    "order_money": m.order_money(),
    "correct_transfer": CORRECTION,
    "refund_order_part": m.REFUNDS[0],
    "commission_rules": RULES,
    "put_commission_rule": RULES,
    "custody": m.custody("collect"),
    "put_custody": m.custody("platform"),
    "put_sub_merchant": RECEIPT,
    "fee_bills": page_of(*m.BILLS, next_after="f2"),
    "fee_bill": m.bill(),
    "fee_payments": page_of(*m.FEE_PAYMENTS, next_after="p2"),
    "take_fee_at_desk": FEE_PAID,
    "reverse_fee_payment": FEE_PAID,
    "fee_receipt": fees.FeeReceiptView(receipt_number="1", pdf_base64="JVBERi0="),
    "import_fee_bills": IMPORTED,
    "fetch_fee_bills": IMPORTED,
    "cards": page_of(m.card(1)),
    "card_returns": RETURNS,
}


def with_treasury(world: World) -> World:
    """The same world, in which settlement knows money."""
    world.services.answers.update({f"settlement.{name}": view for name, view in ANSWERS.items()})
    return world


def asked(world: World, name: str) -> Any:
    """The last question to settlement under this name."""
    return world.services.questions(f"settlement.{name}")[-1]
