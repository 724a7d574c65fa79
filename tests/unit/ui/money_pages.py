"""Each money page of a phone with a sample of what its view would give it."""

from datetime import date
from typing import Any

from services.contracts.settlement import PayWay
from tests.unit.ui import money_samples as m
from tests.unit.ui import samples as s
from tests.unit.ui.deal_samples import deal, of_deal

Pages = dict[str, tuple[str, dict[str, Any]]]
BACK = f"/h5/orders/{s.an_id('order', 'awaiting_payment')}"
CONSENT = "我同意用翠湖苑 3号楼2单元501家庭账户的余额 ¥186.00 抵扣2026年10月物业管理费。"


def offer(way: PayWay, given: Any, **changes: Any) -> tuple[str, dict[str, Any]]:
    context = {
        "payment": m.split_payment(),
        "way": way,
        "offer": given,
        "rest_fen": 1400,
        "again_href": "/h5/pay/x/wechat_jsapi",
        "choose_href": "/h5/pay/x",
        "back_href": BACK,
    }
    return "h5/resident/pay.html", {**context, **changes}


def choose(choices: Any, **changes: Any) -> tuple[str, dict[str, Any]]:
    context = {
        "payment": choices.payment,
        "choices": choices,
        "back_href": BACK,
        "form": {},
        "faults": {},
    }
    return "h5/resident/pay_choose.html", {**context, **changes}


def result(state: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    context = {"payment": s.payment(state), "on_delivery": False, "back_href": BACK}
    return "h5/resident/pay_result.html", {**context, **changes}


PAYING: Pages = {
    "pay": offer(PayWay.WECHAT_JSAPI, m.JSAPI_OFFER),
    "pay-split": offer(
        PayWay.WECHAT_JSAPI, m.JSAPI_OFFER, payment=m.split_payment(fund_fen=860), rest_fen=540
    ),
    "pay-code": offer(PayWay.WECHAT_NATIVE, m.CODE_OFFER),
    "pay-alipay": offer(PayWay.ALIPAY_WAP, m.LINK_OFFER),
    "pay-unionpay": offer(PayWay.UNIONPAY_PAGE, m.FORM_OFFER),
    "pay-silent": offer(PayWay.WECHAT_JSAPI, None),
    "choose": choose(m.choices(m.INSIDE)),
    "choose-outside": choose(m.choices(m.OUTSIDE, bare=True), faults={"way": "请选一种付款方式"}),
    "choose-again": choose(m.choices(m.INSIDE, fund_fen=860)),
    "choose-fees": choose(m.choices(m.INSIDE, bare=True, allocations=[])),
    "choose-none": choose(m.choices([], bare=True)),
    "result-unknown": result("open", refresh_seconds=3),
    "result-paid": result("paid"),
    "result-split": result(
        "paid", payment=m.split_payment(state="paid", fund_fen=860, channel="wechat")
    ),
    "result-delivery": result("paid", on_delivery=True),
    "result-fees": result(
        "paid", payment=m.split_payment(state="paid", allocations=[], subject="物业管理费 2 张")
    ),
    "result-closed": result("closed"),
}

OF_HOUSEHOLD: Pages = {
    "account": (
        "h5/money/account.html",
        {"owner": m.HOUSEHOLD, "fund": m.household_fund(), "next_href": "?after=x"},
    ),
    "account-none": (
        "h5/money/account.html",
        {
            "owner": m.FAMILY,
            "fund": m.household_fund(balance_fen=0, withdrawable_fen=0, lines=[]),
        },
    ),
    "withdraw": (
        "h5/money/withdraw.html",
        {
            "owner": m.HOUSEHOLD,
            "fund": m.household_fund(),
            "account": m.BANK,
            "cooling": False,
            "has_wechat": True,
            "form": {"amount": "50000"},
            "faults": {"amount": "一次最多提 ¥20,000.00"},
        },
    ),
    "withdraw-cooling": (
        "h5/money/withdraw.html",
        {
            "owner": m.HOUSEHOLD,
            "fund": m.household_fund(),
            "account": m.COOLING,
            "cooling": True,
            "has_wechat": False,
            "form": {},
            "faults": {},
        },
    ),
    "withdraw-family": (
        "h5/money/withdraw.html",
        {
            "owner": m.FAMILY,
            "fund": m.household_fund(),
            "account": m.NO_BANK,
            "cooling": False,
            "has_wechat": True,
            "form": {},
            "faults": {},
        },
    ),
    "withdrawals": (
        "h5/money/withdrawals.html",
        {
            "owner": m.HOUSEHOLD,
            "withdrawals": [
                m.withdrawal(state)
                for state in ("awaiting_payee", "to_approve", "done", "failed", "cancelled")
            ],
        },
    ),
    **{
        f"withdrawal-{state}": (
            "h5/money/withdrawal.html",
            {
                "owner": m.HOUSEHOLD,
                "withdrawal": m.withdrawal(state),
                "can_cancel": state in ("to_approve", "to_pay", "awaiting_payee"),
                "under_way": state in ("to_approve", "paying", "awaiting_payee"),
            },
        )
        for state in ("to_approve", "awaiting_payee", "done", "failed")
    },
    "bank": (
        "h5/money/bank.html",
        {
            "owner": m.HOUSEHOLD,
            "account": m.COOLING,
            "form": {"holder": "张桂兰", "bank": "工商银行", "number": "62x"},
            "faults": {"number": "格式不对"},
        },
    ),
    "fees": (
        "h5/money/fees.html",
        {
            "owner": m.HOUSEHOLD,
            "owed": [m.bill(month=10), m.bill(month=11)],
            "owed_fen": 37200,
            "others": [m.bill("told", 9), m.bill("closed", 8), m.bill("paying", 7)],
            "payable_max": 12,
            "faults": {},
        },
    ),
    "fees-none": (
        "h5/money/fees.html",
        {"owner": m.HOUSEHOLD, "owed": [], "owed_fen": 0, "others": [], "faults": {}},
    ),
    "fee-open": ("h5/money/fee.html", {"owner": m.HOUSEHOLD, "bill": m.bill()}),
    "fee-closed": ("h5/money/fee.html", {"owner": m.HOUSEHOLD, "bill": m.bill("closed", 8)}),
    "offset": (
        "h5/money/offset.html",
        {
            "owner": m.HOUSEHOLD,
            "bill": m.bill(),
            "fund": m.household_fund(balance_fen=20000),
            "consent": CONSENT,
            "faults": {"consent": "请看清楚这句话，同意就打勾。"},
        },
    ),
    "offset-short": (
        "h5/money/offset.html",
        {
            "owner": m.HOUSEHOLD,
            "bill": m.bill(),
            "fund": m.household_fund(),
            "consent": CONSENT,
            "faults": {},
        },
    ),
    "cards": (
        "h5/money/cards.html",
        {"cards": [m.card(), m.card("returned")], "stores": {s.an_id("merchant", 0): s.store(0)}},
    ),
    "cards-none": ("h5/money/cards.html", {"cards": [], "stores": {}}),
    "card": ("h5/money/card.html", {"card": m.card(), "store": s.store(0)}),
    "card-returned": ("h5/money/card.html", {"card": m.card("returned"), "store": None}),
    "order-money": ("h5/money/order_money.html", {"money": m.split_money(), "side": "resident"}),
    "order-money-cash": (
        "h5/money/order_money.html",
        {"money": m.cash_money(), "side": "resident"},
    ),
}

DAY = {"owner": m.SHOP, "day": date(2026, 11, 22), "is_today": True, "before_href": "?day=1"}
OF_SHOP: Pages = {
    "balance": (
        "h5/merchant/balance.html",
        {
            "owner": m.SHOP,
            "fund": s.fund().model_copy(
                update={"withdrawable_fen": 1200000, "deposit_fen": 200000, "owed_fen": 3600}
            ),
            "months": ["2026-11", "2026-10"],
            "next_href": "?after=x",
        },
    ),
    "balance-none": (
        "h5/merchant/balance.html",
        {
            "owner": m.SHOP,
            "fund": s.fund().model_copy(update={"lines": []}),
            "months": ["2026-11"],
        },
    ),
    "settled": (
        "h5/merchant/settled.html",
        {**DAY, "orders": [m.settled(n) for n in range(3)], "after_href": "?day=2"},
    ),
    "settled-none": (
        "h5/merchant/settled.html",
        {**DAY, "is_today": False, "orders": [], "after_href": "?day=2"},
    ),
    "m-withdraw": (
        "h5/money/withdraw.html",
        {
            "owner": m.SHOP,
            "fund": s.fund().model_copy(update={"withdrawable_fen": 1200000}),
            "account": m.NO_BANK,
            "cooling": False,
            "has_wechat": True,
            "form": {},
            "faults": {},
        },
    ),
    "m-bank": (
        "h5/money/bank.html",
        {"owner": m.SHOP, "account": m.NO_BANK, "form": {}, "faults": {}},
    ),
    "m-fees": (
        "h5/money/fees.html",
        {
            "owner": m.SHOP,
            "owed": [m.bill(month=10, title="铺面物业费")],
            "owed_fen": 18600,
            "others": [],
            "payable_max": 12,
            "faults": {},
        },
    ),
    "m-offset": (
        "h5/money/offset.html",
        {
            "owner": m.SHOP,
            "bill": m.bill(title="铺面物业费"),
            "fund": s.fund(),
            "consent": "我同意用老陈早餐铺的货款余额 ¥186.00 抵扣2026年10月铺面物业费。",
            "faults": {},
        },
    ),
    "m-cards": (
        "h5/merchant/cards.html",
        {
            "owner": m.SHOP,
            "cards": [m.card(), m.card(money_fen=4000, gift_fen=400)],
            "money_fen": 25400,
            "gift_fen": 2540,
            "is_all": True,
        },
    ),
    "m-order-money": ("h5/money/order_money.html", {"money": m.split_money(), "side": "merchant"}),
}

OF_COURIER: Pages = {
    "drops-cash": (
        "h5/courier/drops.html",
        {
            "me": s.me(),
            "visits": [s.visit("inside")],
            "cash": {s.an_id("order", "out_for_delivery"): m.cash("out_for_delivery")},
            "cash_silent": False,
            "held_fen": 7200,
            "held_count": 2,
        },
    ),
    "drops-silent": (
        "h5/courier/drops.html",
        {"me": s.me(), "visits": [s.visit("inside")], "cash": {}, "cash_silent": True},
    ),
    "deliver-cash": (
        "h5/courier/deliver.html",
        {
            "drop": s.drop(),
            "photo_required": True,
            "cash": m.cash("out_for_delivery"),
            "form": {},
            "faults": {"cash_taken": "请先收现金 ¥36.00，收到后打勾"},
        },
    ),
}
OF_SHOP["order-card"] = (
    "h5/resident/order.html",
    of_deal(
        deal(
            "completed",
            order={
                "sells_card": True,
                "settled_at": None,
                "courier_name": "",
                "delivery_photo": "",
            },
        )
    ),
)
EVERY: Pages = {**PAYING, **OF_HOUSEHOLD, **OF_SHOP, **OF_COURIER}
ALIKE = {
    "pay-alipay",
    "pay-unionpay",
    "pay-silent",
    "choose-outside",
    "choose-again",
    "choose-fees",
    "choose-none",
    "result-fees",
    "result-closed",
    "result-delivery",
    "account-none",
    "withdraw-family",
    "withdrawal-to_approve",
    "withdrawal-done",
    "fees-none",
    "fee-open",
    "offset-short",
    "cards-none",
    "card-returned",
    "order-money-cash",
    "balance-none",
    "settled-none",
    "m-withdraw",
    "m-bank",
    "m-fees",
    "m-offset",
    "m-order-money",
    "drops-silent",
    "order-card",
}
"""Drawn and read as all the others, but not looked at in a browser: each has a sister that is."""
MONEY: Pages = {name: page for name, page in EVERY.items() if name not in ALIKE}
MONEY_ALIKE: Pages = {name: page for name, page in EVERY.items() if name in ALIKE}
