"""The cash desk: somebody pays here, in cash or by card, and takes a receipt along."""

from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext

from gateway.console.money.names import merchant_names
from gateway.console.money.reading import is_id, shown_once, typed, typed_fen
from gateway.console.staff import my_community, need_staff
from gateway.looks import way_words
from gateway.pages import command, draw, words, write_once
from gateway.parts import parts
from gateway.ui import day, hhmm
from services.contracts.identity import MeView
from services.contracts.orders import AllOrdersQuery, OrderBrief, OrderQuery, OrderState
from services.contracts.settlement import (
    DeskReceipt,
    DeskReceiptQuery,
    PaymentQuery,
    PaymentView,
    TakeAtDesk,
    TakeDeposit,
)
from services.kernel.capitals import capitals
from services.kernel.errors import NotFound

blueprint = Blueprint("money_desk", __name__)


@blueprint.get("/console/money/desk")
def desk() -> str:
    """Which payment is it? By its number, its order's, or a part of the address."""
    who = need_staff()
    text = words("find")
    payment, orders = find_payment(who, text)
    return draw("console/money/desk.html", find=text, payment=payment, orders=orders)


def find_payment(who: MeView, text: str) -> tuple[PaymentView | None, list[OrderBrief]]:
    """The payment that is meant; or the orders among which the cashier must choose."""
    if not text:
        return None, []
    if is_id(text.upper()):
        return _payment_of(text.upper()), []
    wish = AllOrdersQuery(
        community_id=my_community(who), text=text, states=[OrderState.AWAITING_PAYMENT]
    )
    orders = parts().backends.orders.all_orders(wish).items
    if not orders:
        # Paid ones too: somebody may want the receipt once more.
        everyone = wish.model_copy(update={"states": []})
        orders = parts().backends.orders.all_orders(everyone).items
    if len({order.payment_id for order in orders}) == 1:
        return _payment(orders[0].payment_id), []
    return None, orders


def _payment_of(either_id: str) -> PaymentView | None:
    found = _payment(either_id)
    if found:
        return found
    try:
        order = parts().backends.orders.order(OrderQuery(order_id=either_id))
    except NotFound:
        return None
    return _payment(order.payment_id)


def _payment(payment_id: str) -> PaymentView | None:
    try:
        return parts().backends.settlement.payment(PaymentQuery(payment_id=payment_id))
    except NotFound:
        return None


@blueprint.post("/console/money/payments/<payment_id>/take")
def take(payment_id: str) -> Response:
    """The money lies on the desk; the next page is the receipt."""
    need_staff()

    def write() -> str:
        wish = command(
            TakeAtDesk,
            payment_id=payment_id,
            method=typed("paid_with"),
            reference=typed("reference"),
        )
        parts().backends.settlement.take_at_desk(wish)
        return f"/console/money/receipts/{payment_id}"

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        context: dict[str, Any] = {"find": payment_id, "orders": []}
        context["payment"] = _payment(payment_id)
        return draw("console/money/desk.html", **context, faults=faults, notice=notice)

    return write_once(write, redraw)


@blueprint.get("/console/money/receipts/<payment_id>")
def receipt(payment_id: str) -> str:
    """The receipt of a payment at the desk, to be printed, also once more."""
    need_staff()
    question = DeskReceiptQuery(payment_id=payment_id)
    return draw_receipt(parts().backends.settlement.desk_receipt(question))


def draw_receipt(taken: DeskReceipt, back: str = "/console/money/desk") -> str:
    """What the payer takes along."""
    facts = [
        (gettext("收款事由"), taken.subject),
        (gettext("收款方式"), way_words(taken.method)),
        (gettext("凭证号"), taken.reference or "—"),
        (gettext("收款时间"), f"{day(taken.taken_at)} {hhmm(taken.taken_at)}"),
        (gettext("收款人"), taken.taken_by),
    ]
    return draw_slip(gettext("收款收据"), taken.receipt_number, taken.amount_fen, facts, back)


def draw_slip(title: str, number: str, amount_fen: int, facts: list[Any], back: str) -> str:
    """A slip with an amount in figures and capitals, two copies on a sheet."""
    return draw(
        "console/money/receipt.html",
        title=title,
        number=number,
        amount_fen=amount_fen,
        capitals=capitals(amount_fen),
        facts=facts,
        back=back,
    )


@blueprint.get("/console/money/deposits")
def deposits() -> str:
    """保证金: what a merchant leaves with the property."""
    return _draw_deposits()


def _draw_deposits(**context: Any) -> str:
    return draw("console/money/deposits.html", merchants=merchant_names(need_staff()), **context)


@blueprint.post("/console/money/deposits")
def take_deposit() -> Response:
    """Taken; the receipt is the answer, also when the form is sent again."""
    need_staff()

    def write() -> str:
        wish = command(
            TakeDeposit,
            merchant_id=typed("merchant_id").upper(),
            amount_fen=typed_fen("amount"),
            method=typed("paid_with"),
            reference=typed("reference"),
        )
        return draw_receipt(
            parts().backends.settlement.take_deposit(wish), "/console/money/deposits"
        )

    return shown_once(write, lambda faults, notice: _draw_deposits(faults=faults, notice=notice))
