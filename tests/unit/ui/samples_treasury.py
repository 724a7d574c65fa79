"""What the treasury tells in tests: refunds, cash, withdrawals, days, bills, cards, rules."""

from datetime import date
from typing import Any

from services.contracts import cards, fees, reconciliation, settlement, withdrawals
from tests.unit.ui import samples as s

NAMES = {s.an_id("merchant", n): s.STORES[n][0] for n in range(6)}
MERCHANT, HOUSEHOLD, HOME = s.an_id("merchant", 0), s.an_id("household", 1), s.an_id("home", 1)

MOVES = [
    (41, "clearing", "escrow", 1000, "receipt", ""),
    (41, "household_fund", "escrow", 400, "receipt", ""),
    (30, "escrow", "refunds_under_way", 300, "refund_begun", "李出纳"),
    (28, "refunds_under_way", "clearing", 300, "refund_paid_out", ""),
    (0, "escrow", "merchant_fund", 1067, "release", ""),
    (0, "escrow", "commission", 33, "release", ""),
]


def order_money(state: str = "released") -> settlement.OrderMoneyView:
    steps = [
        settlement.MoneyStep(
            at=s.ago(minutes),
            from_account=a,
            to_account=b,
            amount_fen=fen,
            reason=reason,
            transfer_id=s.an_id("transfer", n),
            by=by,
        )
        for n, (minutes, a, b, fen, reason, by) in enumerate(MOVES)
    ]
    held = state in ("held", "frozen")
    return settlement.OrderMoneyView(
        order_id=s.an_id("order", "completed"),
        household_id=HOUSEHOLD,
        merchant_id=MERCHANT,
        amount_fen=1400,
        held_fen=1100 if held else 0,
        state=settlement.EscrowState(state),
        channel=settlement.Channel.WECHAT,
        channel_fen=1000,
        fund_fen=400,
        refunded_fen=300,
        refundable_fen=1100,
        commission_fen=0 if held else 33,
        withdrawable_at=None if held else s.ago(-3 * 24 * 60),
        steps=steps[:4] if held else steps,
        refunds=[refund("done", 1)],
    )


def refund(state: str, number: int = 1, **changes: Any) -> settlement.RefundView:
    given: dict[str, Any] = {
        "refund_id": s.an_id("refund", state, number),
        "order_id": s.an_id("order", "completed"),
        "amount_fen": 300 * number,
        "state": state,
        "to": "channel",
        "at": s.ago(30 * number),
        "channel": "wechat",
        "note": {"failed": "付款人的银行卡已注销"}.get(state, "少送一份豆浆"),
        "tries": 4 if state == "failed" else 1,
    }
    return settlement.RefundView(**{**given, **changes})


def cash(state: str, number: int) -> settlement.CashView:
    taken = state in ("collected", "handed_in")
    return settlement.CashView(
        order_id=s.an_id("order", "cash", number),
        amount_fen=1250 + 100 * number,
        state=settlement.CashState(state),
        courier_id=s.an_id("courier", number % 2) if state != "due" else None,
        courier_name=["张师傅", "刘小军"][number % 2] if state != "due" else "",
        collected_at=s.ago(20 * number) if taken else None,
        handed_in_at=s.ago(5) if state == "handed_in" else None,
    )


def withdrawal(
    state: str, number: int = 0, way: str = "bank", **changes: Any
) -> withdrawals.WithdrawalView:
    shop = number % 2 == 0
    given: dict[str, Any] = {
        "withdrawal_id": s.an_id("withdrawal", state, number),
        "owner_kind": "merchant" if shop else "household",
        "owner_id": MERCHANT if shop else HOUSEHOLD,
        "amount_fen": 680000 + 1250 * number,
        "way": way,
        "state": state,
        "payee": "陈建国 工商银行 尾号 4417" if way == "bank" else "张桂兰 的微信",
        "asked_by": "陈建国" if shop else "张桂兰",
        "asked_at": s.ago(65),
        "approved_by": "" if state == "to_approve" else "王会计",
        "expires_at": s.ago(-600) if state == "awaiting_payee" else None,
        "note": "账号和户名不一致" if state == "failed" else "",
    }
    return withdrawals.WithdrawalView(**{**given, **changes})


FILES = [
    withdrawals.BankFileLine(
        batch_id=s.an_id("batch", n),
        made_at=s.ago(600 * n + 5),
        made_by="李出纳",
        count=12 + n,
        total_fen=3456700 + n,
        open_count=3 if n == 0 else 0,
    )
    for n in range(3)
]
FILE = withdrawals.BankFileView(
    batch_id=s.an_id("batch", 0),
    made_at=s.ago(5),
    made_by="李出纳",
    count=12,
    total_fen=3456700,
    csv="提现编号,户名,银行,账号,金额\n",
)


def day(
    state: str, open_count: int = 0, progress: int = 100, channel: str = "wechat"
) -> reconciliation.ReconciliationDay:
    closed = state == "closed"
    return reconciliation.ReconciliationDay(
        day_id=s.an_id("day", state, channel),
        channel=settlement.Channel(channel),
        merchant_number="1900000109",
        day=date(2026, 11, 21),
        state=reconciliation.DayState(state),
        line_count=412,
        matched_count=409 if open_count else 412,
        their_fen=1864000 + (1250 if open_count else 0),
        our_fen=1864000,
        fee_fen=1118,
        difference_count=3 if open_count or closed else 0,
        open_count=open_count,
        progress=progress,
        closed_by="王会计" if closed else "",
        closed_at=s.ago(100) if closed else None,
    )


DIFFERENCES = [
    reconciliation.Difference(
        difference_id=s.an_id("difference", 0),
        kind=reconciliation.DifferenceKind.ONLY_THEIRS,
        reference="LL20261121000317",
        their_fen=1250,
        our_fen=0,
        words="微信收到了一笔 ¥12.50，我们这里没有这笔支付。可能是通知丢了，也可能不是我们的。",
        actions=[
            reconciliation.DifferenceAction.ASK_CHANNEL,
            reconciliation.DifferenceAction.BOOK_UNCLAIMED,
            reconciliation.DifferenceAction.EXPLAIN,
        ],
    ),
    reconciliation.Difference(
        difference_id=s.an_id("difference", 1),
        kind=reconciliation.DifferenceKind.AMOUNT,
        reference="LL20261121000288",
        order_id=s.an_id("order", "completed"),
        their_fen=3600,
        our_fen=3500,
        words="同一笔支付，微信记 ¥36.00，我们记 ¥35.00。",
        actions=[
            reconciliation.DifferenceAction.ASK_CHANNEL,
            reconciliation.DifferenceAction.EXPLAIN,
        ],
    ),
    reconciliation.Difference(
        difference_id=s.an_id("difference", 2),
        kind=reconciliation.DifferenceKind.ONLY_OURS,
        reference="LL20261121000412",
        their_fen=0,
        our_fen=800,
        words="我们记了一笔 ¥8.00，微信当天账单里没有；时间是 23:59，多半在第二天的账单里。",
        actions=[reconciliation.DifferenceAction.CARRY_OVER],
        resolved=reconciliation.DifferenceAction.CARRY_OVER,
        resolution="跨零点，已在 11 月 22 日账单里",
        resolved_by="王会计",
        resolved_at=s.ago(12),
    ),
]

BALANCE = settlement.TrialBalanceView(
    at=s.ago(1),
    lines=[
        settlement.TrialBalanceLine(
            kind=kind, custodian=who, channel=channel, account_count=count, balance_fen=fen
        )
        for kind, who, channel, count, fen in [
            ("clearing", "property", "wechat", 1, -1386000),
            ("clearing", "property", "alipay", 1, -142500),
            ("escrow", "property", "", 32, 86000),
            ("merchant_fund", "property", "", 20, 1242500),
            ("household_fund", "property", "", 58, 180000),
            ("commission", "property", "", 1, 20000),
            ("clearing", "channel", "wechat", 3, -9900),
            ("escrow", "channel", "", 3, 9800),
        ]
    ],
)


def bill(state: str = "open", number: int = 0) -> fees.FeeBillView:
    return fees.FeeBillView(
        bill_id=s.an_id("bill", state, number),
        external_number=f"WY2026-11-{1000 + number}",
        debtor_kind=fees.DebtorKind.MERCHANT if number == 2 else fees.DebtorKind.HOME,
        debtor_id=MERCHANT if number == 2 else HOME,
        community_id=s.an_id("community"),
        title="物业费 3号楼2单元501",
        period="2026 年第四季度",
        amount_fen=58860,
        due_day=date(2026, 10, 31),
        state=fees.FeeBillState(state),
        overdue=state == "open",
        paid_at=s.ago(60) if state == "closed" else None,
        fee_payment_id=s.an_id("fee payment") if state in ("closed", "told") else None,
    )


def fee_payment(state: str, number: int, way: str) -> fees.FeePaymentView:
    return fees.FeePaymentView(
        fee_payment_id=s.an_id("fee payment") if number == 0 else s.an_id("fee payment", number),
        bill_id=s.an_id("bill", "closed", 2),
        amount_fen=58860,
        way=fees.FeeWay(way),
        state=fees.FeePaymentState(state),
        owner_kind=settlement.OwnerKind.HOUSEHOLD if way == "offset" else None,
        owner_id=HOUSEHOLD if way == "offset" else None,
        paid_by="张桂兰",
        at=s.ago(60 * number + 5),
        receipt_number="WYS-20261122-0007" if state == "accepted" else "",
        note="收费系统：账单已在别处缴清" if state == "refused" else "",
    )


FEE_PAYMENTS = [
    fee_payment("accepted", 0, "desk"),
    fee_payment("telling", 1, "payment"),
    fee_payment("refused", 2, "offset"),
    fee_payment("reversed", 3, "payment"),
]


def card(number: int, state: str = "active") -> cards.CardView:
    return cards.CardView(
        card_id=s.an_id("card", number),
        merchant_id=MERCHANT,
        household_id=s.an_id("household", number),
        name="充 300 得 330",
        state=cards.CardState(state),
        money_fen=21250 if state == "active" else 0,
        gift_fen=2125 if state == "active" else 0,
        bought_at=s.ago(60 * 24 * 20),
        paid_in_fen=30000,
    )


def rule(number: int) -> settlement.CommissionRule:
    merchant_id = [MERCHANT, None, None][number]
    return settlement.CommissionRule(
        rule_id=s.an_id("rule", number),
        merchant_id=merchant_id,
        category=["", "洗衣", ""][number],
        rate_bp=[150, 300, 250][number],
        from_day=[date(2026, 12, 1), date(2026, 1, 1), date(2026, 1, 1)][number],
        until_day=[None, date(2026, 10, 31), None][number],
        made_by="王会计",
        made_at=s.ago(60 * 24 * 30),
    )


def custody(mode: str) -> settlement.CustodyView:
    return settlement.CustodyView(
        community_id=s.an_id("community"),
        custody=settlement.Custody(mode),
        sub_merchants={MERCHANT: "1900000201"},
    )


CASH = [cash("collected", n) for n in range(4)] + [cash("due", 5), cash("handed_in", 6)]
BILLS = [bill("open", 0), bill("told", 1), bill("closed", 2), bill("paying", 3)]
WITHDRAWALS = [
    withdrawal("to_approve"),
    withdrawal("to_pay", 1),
    withdrawal("paying", 2),
    withdrawal("awaiting_payee", 3, "wechat"),
    withdrawal("done", 4),
    withdrawal("failed", 5),
]
REFUNDS = [
    refund("failed"),
    refund("pending", 2, channel="desk"),
    refund("processing", 3),
    refund("done", 4, to="fund", channel=None),
]
