"""Samples of money: funds, withdrawals, fees, cards, split payments, as settlement tells them."""

from datetime import date
from typing import Any

from gateway.h5.owners import Owner
from gateway.h5.ways import CardChoice, Choices
from services.contracts import cards, fees, settlement, withdrawals
from services.contracts.orders import RefundTo
from services.contracts.settlement import OwnerKind, PayWay
from tests.unit.ui.samples import JSAPI, ago, an_id, payment

HOUSEHOLD = Owner(
    kind=OwnerKind.HOUSEHOLD,
    owner_id=an_id("household", 1),
    name="翠湖苑 3号楼2单元501",
    debtor_kind=fees.DebtorKind.HOME,
    debtor_id=an_id("home", 1),
    may_use=True,
)
FAMILY = Owner(**{**{f: getattr(HOUSEHOLD, f) for f in HOUSEHOLD.__slots__}, "may_use": False})
SHOP = Owner(
    kind=OwnerKind.MERCHANT,
    owner_id=an_id("merchant", 0),
    name="老陈早餐铺",
    debtor_kind=fees.DebtorKind.MERCHANT,
    debtor_id=an_id("merchant", 0),
    may_use=True,
    store_id=an_id("store", 0),
)


def household_fund(**changes: Any) -> settlement.FundView:
    rows = [
        (3600, 8860, "refund_to_fund"),
        (-1400, 5260, "fee_offset"),
        (6660, 6660, "refund_to_fund"),
    ]
    given: dict[str, Any] = {
        "owner_kind": "household",
        "owner_id": an_id("household", 1),
        "balance_fen": 8860,
        "withdrawable_fen": 8860,
        "lines": [
            settlement.StatementLine(
                at=ago(60 * i),
                amount_fen=amount_fen,
                balance_fen=balance_fen,
                reason=reason,
                order_id=an_id("order", "cancelled"),
                transfer_id=an_id("transfer", "household", i),
            )
            for i, (amount_fen, balance_fen, reason) in enumerate(rows)
        ],
    }
    return settlement.FundView(**{**given, **changes})


BANK = withdrawals.PayoutAccountView(
    holder="张桂兰",
    bank="工商银行翠湖路支行",
    number_masked="**** 0317",
    usable_from=ago(60),
)
COOLING = BANK.model_copy(update={"usable_from": ago(-23 * 60)})
NO_BANK = withdrawals.PayoutAccountView()


def withdrawal(state: str, **changes: Any) -> withdrawals.WithdrawalView:
    given: dict[str, Any] = {
        "withdrawal_id": an_id("withdrawal", state),
        "owner_kind": "household",
        "owner_id": an_id("household", 1),
        "amount_fen": 5000,
        "way": "wechat",
        "state": state,
        "payee": "张*兰",
        "asked_by": "张桂兰",
        "asked_at": ago(12),
        "approved_by": "李会计" if state in ("paying", "done") else "",
        "done_at": ago(2) if state == "done" else None,
        "expires_at": ago(-23 * 60) if state == "awaiting_payee" else None,
        "confirm_package": "affffddafdfafddffda==" if state == "awaiting_payee" else "",
        "confirm_mchid": "1900001109",
        "confirm_app_id": "wx0000000000000000",
        "note": "收款人的微信没有实名" if state == "failed" else "",
    }
    return withdrawals.WithdrawalView(**{**given, **changes})


def bill(state: str = "open", month: int = 10, **changes: Any) -> fees.FeeBillView:
    given: dict[str, Any] = {
        "bill_id": an_id("bill", state, month),
        "external_number": f"WY-2026{month:02d}-30501",
        "debtor_kind": "home",
        "debtor_id": an_id("home", 1),
        "community_id": an_id("community"),
        "title": "物业管理费",
        "period": f"2026年{month}月",
        "amount_fen": 18600,
        "due_day": date(2026, month, 28),
        "state": state,
        "overdue": state == "open" and month < 11,
        "paid_at": ago(90) if state in ("told", "closed") else None,
        "fee_payment_id": an_id("fee_payment") if state in ("told", "closed") else None,
    }
    return fees.FeeBillView(**{**given, **changes})


def card(state: str = "active", **changes: Any) -> cards.CardView:
    given: dict[str, Any] = {
        "card_id": an_id("card", state),
        "merchant_id": an_id("merchant", 0),
        "household_id": an_id("household", 1),
        "name": "早餐卡 充300送30",
        "state": state,
        "money_fen": 21400 if state == "active" else 0,
        "gift_fen": 2140 if state == "active" else 0,
        "bought_at": ago(60 * 24 * 40),
        "paid_in_fen": 30000,
    }
    return cards.CardView(**{**given, **changes})


INSIDE = [PayWay.WECHAT_JSAPI, PayWay.ON_DELIVERY]
OUTSIDE = [
    PayWay.WECHAT_H5,
    PayWay.ALIPAY_WAP,
    PayWay.UNIONPAY_PAGE,
    PayWay.ON_DELIVERY,
    PayWay.WECHAT_NATIVE,
]


def split_payment(**changes: Any) -> settlement.PaymentView:
    """Partly paid from fund and card."""
    given = {**payment().model_dump(), "ways": [*OUTSIDE, *INSIDE, PayWay.BALANCE], **changes}
    return settlement.PaymentView.model_validate(given)


def choices(ways: list[PayWay], **changes: Any) -> Choices:
    with_card = [CardChoice(card(), 1400)] if not changes.pop("bare", False) else []
    return Choices(split_payment(**changes), ways, 860 if with_card else 0, with_card)


JSAPI_OFFER = settlement.PayOffer(way=PayWay.WECHAT_JSAPI, jsapi=JSAPI)
CODE_OFFER = settlement.PayOffer(
    way=PayWay.WECHAT_NATIVE, code_url="weixin://wxpay/bizpayurl?pr=sample0317"
)
LINK_OFFER = settlement.PayOffer(
    way=PayWay.ALIPAY_WAP, redirect_url="https://openapi.alipay.com/gateway.do?sample"
)
FORM_OFFER = settlement.PayOffer(
    way=PayWay.UNIONPAY_PAGE,
    form=settlement.FormPost(url="https://gateway.95516.com/x", fields={"txnAmt": "540"}),
)


def split_money(**changes: Any) -> settlement.OrderMoneyView:
    """Paid in three ways, a part of it given back, the rest released."""
    moves = [
        (62, "card", "escrow", 500, "receipt", ""),
        (62, "household_fund", "escrow", 360, "receipt", ""),
        (61, "clearing:wechat", "escrow", 540, "receipt", ""),
        (20, "escrow", "refunds_under_way", 200, "refund_begun", "周经理"),
        (5, "escrow", "merchant_fund", 1140, "release", ""),
        (5, "escrow", "commission", 60, "release", ""),
    ]
    given: dict[str, Any] = {
        "order_id": an_id("order", "completed"),
        "household_id": an_id("household", 1),
        "merchant_id": an_id("merchant", 0),
        "amount_fen": 1400,
        "held_fen": 0,
        "state": "released",
        "channel": "wechat",
        "channel_fen": 540,
        "fund_fen": 360,
        "card_fen": 500,
        "gift_fen": 45,
        "refunded_fen": 200,
        "refundable_fen": 340,
        "commission_fen": 60,
        "withdrawable_at": ago(-60 * 24),
        "steps": [
            settlement.MoneyStep(
                at=ago(minutes), from_account=a, to_account=b, amount_fen=fen, reason=why, by=by
            )
            for minutes, a, b, fen, why, by in moves
        ],
        "refunds": [refund("done", 200, note="油条少了一根")],
    }
    return settlement.OrderMoneyView(**{**given, **changes})


def cash_money() -> settlement.OrderMoneyView:
    """To be paid at the door, and a refund that did not work."""
    return split_money(
        state="held",
        held_fen=1400,
        channel="delivery",
        channel_fen=1400,
        fund_fen=0,
        card_fen=0,
        gift_fen=0,
        refunded_fen=0,
        commission_fen=0,
        withdrawable_at=None,
        cash="collected",
        steps=[],
        refunds=[refund("failed", 300, note="微信说账户已注销")],
    )


def refund(state: str, amount_fen: int, **changes: Any) -> settlement.RefundView:
    return settlement.RefundView(
        refund_id=an_id("refund", state),
        order_id=an_id("order", "completed"),
        amount_fen=amount_fen,
        state=state,
        to=RefundTo.CHANNEL,
        at=ago(18),
        channel="wechat",
        **changes,
    )


def settled(number: int) -> settlement.SettledOrder:
    amount_fen = 1400 + 800 * number
    refunded_fen = 200 if number == 1 else 0
    commission_fen = (amount_fen - refunded_fen) // 20
    return settlement.SettledOrder(
        order_id=an_id("order", "settled", number),
        settled_at=ago(40 * number),
        amount_fen=amount_fen,
        refunded_fen=refunded_fen,
        commission_fen=commission_fen,
        subsidy_fen=300 if number == 2 else 0,
        net_fen=amount_fen - refunded_fen - commission_fen + (300 if number == 2 else 0),
        withdrawable_at=ago(-60 * 24),
    )


def cash(order: str, state: str = "due", amount_fen: int = 3600) -> settlement.CashView:
    return settlement.CashView(
        order_id=an_id("order", order), amount_fen=amount_fen, state=state, courier_name="张师傅"
    )
