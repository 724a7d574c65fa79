"""The money pages of the console with a sample of what their views give them."""

from datetime import date
from typing import Any

from gateway.console.flow import flow_of
from gateway.console.money.books import CORRECTABLE, behind, by_hands
from gateway.console.money.cash import owing
from gateway.console.money.choosing import Act, Outcome, Row
from services.contracts import cards, fees, settlement, withdrawals
from services.contracts.permissions import Permission
from services.kernel.capitals import capitals
from tests.unit.ui import samples as s
from tests.unit.ui import samples_treasury as t

STAFF = s.me(name="周经理", staff_roles=["manager"], households=[], stores=[], is_courier=False)
LISTED: dict[str, Any] = {"next_href": "?after=x", "first_href": "", "sheet_href": "?as=xlsx"}

ROWS = [
    Row(s.an_id("row", n), f"商家 {s.STORES[n][0]} · 尾号 4417", 680000 + n, "陈建国")
    for n in range(3)
]
ACT = Act(
    title="同意提现",
    button="全部同意",
    warning="同意后就会付款。自己申请的不能自己同意，那一笔会留下来等另一个人。",
    back="/console/money/withdrawals",
    here="withdrawals",
    see=lambda row_id: ROWS[0],
    do=lambda row_id, request_id: None,
)
FACTS = [
    ("收款事由", "老陈早餐铺 现磨豆浆等 2 样"),
    ("收款方式", "刷卡"),
    ("凭证号", "POS 0088213"),
    ("收款时间", "2026年11月22日 14:05"),
    ("收款人", "李出纳"),
]


def of(template: str, **context: Any) -> tuple[str, dict[str, Any]]:
    """A page for a manager, with nothing typed and nothing refused."""
    return f"console/{template}.html", {"me": STAFF, "form": {}, "faults": {}, **context}


def order_page(state: str, **context: Any) -> tuple[str, dict[str, Any]]:
    money = t.order_money(state)
    return of(
        "order",
        order=s.order("completed"),
        money=money,
        flow=flow_of(money),
        correctable=CORRECTABLE,
        **context,
    )


SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "order-money": order_page("released"),
    "order-frozen": order_page("frozen", act="rule", faults={"amount": "请写金额，例如 12.50"}),
    "desk": of("money/desk", find="0317", payment=s.payment(), orders=[]),
    "desk-which": of(
        "money/desk",
        find="3号楼",
        payment=None,
        orders=[s.order("awaiting_payment"), s.order("completed")],
    ),
    "receipt": of(
        "money/receipt",
        title="收款收据",
        number="SK20261122-0007",
        amount_fen=140950,
        capitals=capitals(140950),
        facts=FACTS,
        back="/console/money/desk",
    ),
    "deposits": of("money/deposits", merchants=t.NAMES),
    "cash": of(
        "money/cash", rows=t.CASH, couriers=owing(t.CASH), total_fen=0, courier_id=None, **LISTED
    ),
    "cash-hand-in": of(
        "money/cash",
        rows=t.CASH[:4:2],
        couriers=[],
        total_fen=2700,
        courier_id=s.an_id("courier", 0),
        courier_name="张师傅",
        faults={"amount": "请写金额，例如 12.50"},
    ),
    "refunds": of("money/refunds", state=None, refunds=t.REFUNDS, at=None, **LISTED),
    "refunds-failed": of(
        "money/refunds",
        state="failed",
        refunds=[t.refund("failed", n) for n in (1, 2)],
        at=s.an_id("refund", "failed", 2),
        faults={"reason": "太短了"},
        **LISTED,
    ),
    "chosen": of("money/chosen", act=ACT, rows=ROWS, total_fen=2040003, outcomes=[]),
    "chosen-done": of(
        "money/chosen",
        act=ACT,
        rows=ROWS[2:],
        total_fen=680002,
        outcomes=[
            Outcome(ROWS[0], "done"),
            Outcome(ROWS[1], "bad", "不能审核自己经手的一笔。"),
            Outcome(ROWS[2], "wait", "没有在规定时间内得到结果，可能已经办成了。"),
        ],
    ),
    "withdrawals": of(
        "money/withdrawals",
        state="to_approve",
        owner_id="",
        withdrawals=t.WITHDRAWALS,
        names=t.NAMES,
        **LISTED,
    ),
    "withdrawal": of("money/withdrawal", withdrawal=t.withdrawal("to_approve"), names=t.NAMES),
    "withdrawal-waits": of(
        "money/withdrawal", withdrawal=t.withdrawal("awaiting_payee", 3, "wechat"), names=t.NAMES
    ),
    "bank-files": of(
        "money/bank_files",
        files=t.FILES,
        waiting=[t.withdrawal("to_pay", n) for n in range(2)],
        waiting_fen=1361250,
        more=False,
        **LISTED,
    ),
    "bank-file": of(
        "money/bank_file", file=t.FILE, faults={"3": "没有这笔提现", "7": "结果不认识"}
    ),
    "bank-file-done": of(
        "money/bank_file",
        file=t.FILE,
        result=withdrawals.BankResultView(done=9, failed=2, unchanged=1),
    ),
    "days": of(
        "money/days",
        channel=None,
        state=None,
        channels=list(settlement.Channel)[:3],
        days=[t.day("matching", 0, 45), t.day("open", 3), t.day("ready"), t.day("closed")],
        matching=True,
        yesterday="2026-11-21",
        **LISTED,
    ),
    "day": of(
        "money/day",
        day=t.day("open", 2),
        only_open=False,
        differences=t.DIFFERENCES,
        at=t.DIFFERENCES[1].difference_id,
        faults={"reason": "太短了"},
        **LISTED,
    ),
    "day-matching": of(
        "money/day", day=t.day("matching", 0, 45), only_open=False, differences=[], sheet_href="#"
    ),
    "day-ready": of(
        "money/day", day=t.day("ready"), only_open=False, differences=[], sheet_href="#"
    ),
    "balance": of(
        "money/balance",
        balance=t.BALANCE,
        hands=by_hands(t.BALANCE.lines, zeros=False),
        zeros=False,
        behind=lambda line: behind(line, list(Permission)),
        sheet_href="?as=xlsx",
    ),
    "fund": of("money/fund", correctable=CORRECTABLE, fund=s.fund(), name="老陈早餐铺", **LISTED),
    "correction": of(
        "money/correction",
        transfer_id=s.an_id("transfer", 4),
        order_id=s.an_id("order", "completed"),
        steps=t.order_money().steps[4:],
    ),
    "correction-none": of("money/correction", transfer_id="", order_id="", steps=[]),
    "rules": of(
        "money/rules",
        rules=[t.rule(n) for n in range(3)],
        names=t.NAMES,
        today=date(2026, 11, 22),
        faults={"rate": "请写百分数，例如 2.5"},
    ),
    "custody": of("money/custody", custody=t.custody("collect"), communities=[], names=t.NAMES),
    "fees": of("money/fees", debtor_id="", bills=t.BILLS, names=t.NAMES, **LISTED),
    "fee": of("money/fee", bill=t.bill("open"), names=t.NAMES),
    "fee-payments": of("money/fee_payments", state=None, day="", payments=t.FEE_PAYMENTS, **LISTED),
    "fee-closed": of("money/fee", bill=t.bill("closed", 2), payments=t.FEE_PAYMENTS, names=t.NAMES),
    "fee-import": of(
        "money/fee_import",
        community_id=s.an_id("community"),
        result=fees.FeeImportView(rows=240, created=238, changed=1, unchanged=1),
        dry_run=True,
        csv="WY2026-11-1000,home,…,物业费,2026 年第四季度,588.60,2026-12-31\n",
    ),
    "fee-import-faults": of(
        "money/fee_import",
        community_id=s.an_id("community"),
        result=fees.FeeImportView(
            rows=3, created=0, changed=0, unchanged=0, faults={"2": "金额不对", "3": "没有这一户"}
        ),
        dry_run=True,
        csv="",
    ),
    "member-cards": of(
        "money/cards",
        merchant_id=t.MERCHANT,
        household_id="",
        cards=[t.card(1), t.card(2), t.card(3, "returned")],
        names=t.NAMES,
        returns=cards.CardReturnsView(
            merchant_id=t.MERCHANT, cards=42, returned=17, returned_fen=361250, done=False
        ),
        **LISTED,
    ),
    "member-cards-choose": of("money/cards", merchant_id="", cards=None, names=t.NAMES),
}

SECOND_SIGHTS = {
    "order-money",
    "desk-which",
    "cash",
    "refunds",
    "chosen",
    "withdrawal-waits",
    "bank-file-done",
    "day-matching",
    "day-ready",
    "correction-none",
    "fee",
    "fee-import-faults",
    "member-cards-choose",
}
"""Templates seen once more in another state: their HTML is read, no browser opens them."""
PAGES = {f"money-{name}": page for name, page in SAMPLES.items() if name not in SECOND_SIGHTS}
MORE = {f"money-{name}": SAMPLES[name] for name in sorted(SECOND_SIGHTS)}
