"""Settlement as the money pages see it: what it answers unless a test says otherwise."""

import base64
from datetime import date, timedelta
from typing import Any

from services.contracts import cards, fees, settlement, withdrawals
from services.contracts.settlement import OwnerKind, PaymentState, PayWay
from services.contracts.withdrawals import WithdrawalState
from services.kernel.ids import derived_id
from services.kernel.wire import Page
from tests.support.gateway import (
    COMMUNITY,
    HOME,
    HOUSEHOLD,
    MERCHANT,
    NOW,
    ORDER,
    PAYMENT,
    World,
    payment,
)

BILL, FEE_PAYMENT, CARD, WITHDRAWAL, TRANSFER = (
    derived_id("money", str(number)) for number in range(5)
)
WAYS = [way for way in PayWay if way is not PayWay.WECHAT_H5]
PDF = b"%PDF-1.7 receipt"


def fund(owner_kind: OwnerKind = OwnerKind.HOUSEHOLD, **changed: Any) -> settlement.FundView:
    """A fund with one movement."""
    line = settlement.StatementLine(
        at=NOW,
        amount_fen=-500,
        balance_fen=900,
        reason="fee_offset",
        order_id=ORDER,
        transfer_id=TRANSFER,
    )
    given: dict[str, Any] = {
        "owner_kind": owner_kind,
        "owner_id": HOUSEHOLD if owner_kind is OwnerKind.HOUSEHOLD else MERCHANT,
        "balance_fen": 900,
        "withdrawable_fen": 800,
        "lines": [line],
    }
    return settlement.FundView(**{**given, **changed})


def open_payment(**changed: Any) -> settlement.PaymentView:
    """The order's payment with its ways open."""
    given = {**payment(PaymentState.OPEN).model_dump(), "ways": WAYS, **changed}
    return settlement.PaymentView.model_validate(given)


def paid(offer: settlement.PayOffer | None = None, **changed: Any) -> settlement.PayView:
    """What `pay` answers: an offer, or nothing left to pay."""
    given: dict[str, Any] = {
        "payment_id": PAYMENT,
        "state": PaymentState.OPEN if offer else PaymentState.PAID,
        "amount_fen": 1400,
        "channel_fen": 1400,
        "pay_before": NOW + timedelta(minutes=15),
        "offer": offer,
    }
    return settlement.PayView(**{**given, **changed})


def withdrawal(state: WithdrawalState, **changed: Any) -> withdrawals.WithdrawalView:
    """Money on its way out of the household's fund."""
    given: dict[str, Any] = {
        "withdrawal_id": WITHDRAWAL,
        "owner_kind": OwnerKind.HOUSEHOLD,
        "owner_id": HOUSEHOLD,
        "amount_fen": 500,
        "way": withdrawals.PayoutWay.WECHAT,
        "state": state,
        "payee": "张*明",
        "asked_by": "张小明",
        "asked_at": NOW,
    }
    return withdrawals.WithdrawalView(**{**given, **changed})


def bill(state: fees.FeeBillState = fees.FeeBillState.OPEN, **changed: Any) -> fees.FeeBillView:
    """One month's fee of the home."""
    given: dict[str, Any] = {
        "bill_id": BILL,
        "external_number": "WY-1",
        "debtor_kind": fees.DebtorKind.HOME,
        "debtor_id": HOME,
        "community_id": COMMUNITY,
        "title": "物业费",
        "period": "2026年2月",
        "amount_fen": 600,
        "due_day": date(2026, 3, 31),
        "state": state,
        "fee_payment_id": FEE_PAYMENT if state is fees.FeeBillState.CLOSED else None,
    }
    return fees.FeeBillView(**{**given, **changed})


def card(**changed: Any) -> cards.CardView:
    """A card of the shop, with 2.00 paid in and 0.20 promised."""
    given: dict[str, Any] = {
        "card_id": CARD,
        "merchant_id": MERCHANT,
        "household_id": HOUSEHOLD,
        "name": "早餐卡",
        "state": cards.CardState.ACTIVE,
        "money_fen": 200,
        "gift_fen": 20,
        "bought_at": NOW,
    }
    return cards.CardView(**{**given, **changed})


def order_money(**changed: Any) -> settlement.OrderMoneyView:
    """Held by the property, a part of it from the fund."""
    given: dict[str, Any] = {
        "order_id": ORDER,
        "household_id": HOUSEHOLD,
        "merchant_id": MERCHANT,
        "amount_fen": 1400,
        "held_fen": 1400,
        "state": settlement.EscrowState.HELD,
        "channel": settlement.Channel.WECHAT,
        "channel_fen": 900,
        "fund_fen": 500,
    }
    return settlement.OrderMoneyView(**{**given, **changed})


def settled(**changed: Any) -> settlement.SettledOrder:
    """What one order brought."""
    given: dict[str, Any] = {
        "order_id": ORDER,
        "settled_at": NOW,
        "amount_fen": 1400,
        "refunded_fen": 200,
        "commission_fen": 60,
        "subsidy_fen": 100,
        "net_fen": 1240,
        "withdrawable_at": NOW + timedelta(days=1),
    }
    return settlement.SettledOrder(**{**given, **changed})


def one(item: Any, next_after: str | None = None) -> Page[Any]:
    """A page with one row."""
    return Page[Any](items=[item], next_after=next_after)


def money_world() -> dict[str, Any]:
    """The answers of a settlement in which everything is there."""
    account = withdrawals.PayoutAccountView(
        holder="张小明", bank="工商银行", number_masked="**** 4321", usable_from=NOW
    )
    receipt = fees.FeeReceiptView(receipt_number="SJ-1", pdf_base64=base64.b64encode(PDF).decode())
    opened = fees.FeePaymentOpened(
        payment_id=PAYMENT, amount_fen=600, pay_before=NOW + timedelta(minutes=15)
    )
    answers: dict[str, Any] = {
        "payment": open_payment(),
        "fund": lambda question: fund(question.owner_kind),
        "order_money": order_money(),
        "settled_orders": one(settled()),
        "payout_account": account,
        "put_payout_account": account,
        "withdraw": withdrawal(WithdrawalState.TO_PAY),
        "withdrawal": withdrawal(WithdrawalState.TO_PAY),
        "withdrawals": one(withdrawal(WithdrawalState.DONE)),
        "cancel_withdrawal": withdrawal(WithdrawalState.CANCELLED),
        "fee_bills": one(bill()),
        "fee_bill": bill(),
        "fee_receipt": receipt,
        "open_fee_payment": opened,
        "cards": one(card()),
        "card": card(),
        "cash_due": settlement.CashList(items=[]),
    }
    return {f"settlement.{method}": answer for method, answer in answers.items()}


def cash(state: settlement.CashState) -> settlement.CashList:
    """36.00 at the door of the order."""
    return settlement.CashList(
        items=[settlement.CashView(order_id=ORDER, amount_fen=3600, state=state)]
    )


def answer_with(world: World, method: str, answer: Any) -> None:
    """What settlement says to this call from now on."""
    world.services.answers[f"settlement.{method}"] = answer


def asked(world: World, method: str) -> Any:
    """The one question that settlement heard under this name."""
    [question] = world.services.questions(f"settlement.{method}")
    return question
