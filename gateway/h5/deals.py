"""One order as its household sees it: where it stands, what is open on it, and the next step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.answers import see_other
from gateway.pages import client_info, command, draw, reason, write_once
from gateway.parts import parts
from services.contracts.after_sales import CaseQuery, CaseView
from services.contracts.amendments import (
    AmendmentsQuery,
    AmendmentState,
    AmendmentView,
    AnswerAmendment,
    NoSuchAmendment,
)
from services.contracts.disputes import DisputeQuery, DisputeView
from services.contracts.orders import (
    CancelOrder,
    ConfirmReceipt,
    OrderQuery,
    OrderState,
    OrderView,
    RefundTo,
    Trouble,
)
from services.contracts.settlement import PaymentQuery
from services.kernel.errors import Forbidden, Malformed, NotFound, Unavailable

blueprint = Blueprint("h5_deals", __name__)

Seen = TypeVar("Seen")

SHOWN_CODE = {
    OrderState.PREPARING,
    OrderState.READY,
    OrderState.SCHEDULED,
    OrderState.IN_SERVICE,
}
OPEN_AMENDMENTS = {
    AmendmentState.PROPOSED,
    AmendmentState.ACCEPTED,
    AmendmentState.AWAITING_PAYMENT,
}
SUPPLEMENTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Deal:
    """An order with what is, or was last, open on it."""

    order: OrderView
    amendment: AmendmentView | None = None
    case: CaseView | None = None
    dispute: DisputeView | None = None
    supplements: tuple[OrderView, ...] = ()

    @property
    def live_amendment(self) -> AmendmentView | None:
        """The one that waits for somebody."""
        found = self.amendment
        return found if found and found.state in OPEN_AMENDMENTS else None

    @property
    def shows_code(self) -> bool:
        """Whether it can be fetched with its code now."""
        calm = self.order.trouble is Trouble.NONE
        return bool(self.order.pickup_code) and calm and self.order.state in SHOWN_CODE

    @property
    def left_to_fetch(self) -> dict[str, int]:
        """SKU → pieces that were not handed over yet."""
        left = {line.sku_id: line.quantity for line in self.order.lines}
        for pickup in self.order.pickups:
            for line in pickup.lines:
                left[line.sku_id] = left.get(line.sku_id, 0) - line.quantity
        return {sku_id: count for sku_id, count in left.items() if count > 0}


def order_of(order_id: str) -> OrderView:
    """The order, or NotYourOrder."""
    return parts().backends.orders.order(OrderQuery(order_id=order_id))


def deal_of(order: OrderView) -> Deal:
    """What is open on it is asked for by its id; most orders have nothing."""
    orders = parts().backends.orders
    case_id, dispute_id = order.case_id, order.dispute_id
    return Deal(
        order=order,
        amendment=_if_seen(lambda: newest_amendment(order)),
        case=_if_seen(lambda: orders.case(CaseQuery(case_id=case_id))) if case_id else None,
        dispute=(
            _if_seen(lambda: orders.dispute(DisputeQuery(dispute_id=dispute_id)))
            if dispute_id
            else None
        ),
        supplements=tuple(order_of(one) for one in order.supplements[:SUPPLEMENTS_SHOWN]),
    )


def _if_seen(ask: Callable[[], Seen]) -> Seen | None:
    """The answer; None for who may see the order, and not this: the order's page still opens."""
    try:
        return ask()
    except (Forbidden, NotFound):
        return None


def newest_amendment(order: OrderView) -> AmendmentView | None:
    """The last change that was proposed, open or over."""
    if not order.amendment_id:
        return None
    found = parts().backends.orders.amendments(AmendmentsQuery(order_id=order.order_id))
    return found.amendments[0] if found.amendments else None


@blueprint.get("/h5/orders/<order_id>")
def order(order_id: str, notice: dict[str, str] | None = None) -> str:
    """One order with its timeline and the next step."""
    guard.act()
    deal = deal_of(order_of(order_id))
    together_fen = _paid_at_once(deal.order) if "pay" in deal.order.may else 0
    # The code is an address, so that any camera can read it.
    scanned = f"{parts().settings.public_url}/h5/merchant/pick-up?code={deal.order.pickup_code}"
    return draw(
        "h5/resident/order.html",
        deal=deal,
        order=deal.order,
        code_text=scanned,
        together_fen=together_fen,
        notice=notice,
    )


def _paid_at_once(order: OrderView) -> int:
    """The sum of a payment that is for other orders, too; 0 where it is for this one alone."""
    try:
        question = PaymentQuery(payment_id=order.payment_id)
        payment = parts().backends.settlement.payment(question)
    except (Unavailable, Forbidden, NotFound):
        return 0
    return payment.amount_fen if payment.amount_fen != order.amount_fen else 0


@blueprint.post("/h5/orders/<order_id>/confirm-receipt")
def confirm_receipt(order_id: str) -> Response:
    """The money goes to the merchant."""
    guard.act()

    def write() -> str:
        wish = command(ConfirmReceipt, order_id=order_id, client=client_info())
        parts().backends.orders.confirm_receipt(wish)
        return f"/h5/orders/{order_id}"

    return write_once(write, lambda _faults, notice: order(order_id, notice))


@blueprint.get("/h5/orders/<order_id>/cancel")
def cancel_form(order_id: str) -> str | Response:
    """Why, and where the money goes; where the store must agree, it is asked."""
    guard.act()
    view = order_of(order_id)
    if "cancel" not in view.may and "open_case" in view.may:
        return see_other(f"/h5/orders/{order_id}/after-sales?kind=cancel")
    return _draw_cancel(view)


@blueprint.post("/h5/orders/<order_id>/cancel")
def cancel(order_id: str) -> Response:
    """Take the order back."""
    guard.act()
    to = request.form.get("refund_to") or RefundTo.CHANNEL

    def write() -> str:
        wish = command(
            CancelOrder, order_id=order_id, reason=reason(), refund_to=to, client=client_info()
        )
        parts().backends.orders.cancel_order(wish)
        return f"/h5/orders/{order_id}"

    return write_once(
        write,
        lambda faults, notice: _draw_cancel(order_of(order_id), faults=faults, notice=notice),
    )


def _draw_cancel(view: OrderView, **context: object) -> str:
    return draw("h5/cancel.html", order=view, side="resident", **context)


@blueprint.get("/h5/orders/<order_id>/amendment")
def amendment(order_id: str, notice: dict[str, str] | None = None) -> str:
    """What the store would like to change, line by line."""
    guard.act()
    view = order_of(order_id)
    found = newest_amendment(view)
    if found is None:
        raise NoSuchAmendment()
    return draw("h5/resident/amendment.html", order=view, amendment=found, notice=notice)


@blueprint.post("/h5/orders/<order_id>/amendment")
def answer_amendment(order_id: str) -> Response:
    """Yes or no; a difference to be paid leads to its payment."""
    guard.act()

    def write() -> str:
        answer = request.form.get("accept", "")
        if answer not in {"yes", "no"}:
            raise Malformed(gettext("请选同意或不同意"))
        wish = command(
            AnswerAmendment,
            order_id=order_id,
            amendment_id=request.form.get("amendment_id", ""),
            accept=answer == "yes",
            client=client_info(),
        )
        answered = parts().backends.orders.answer_amendment(wish)
        to_pay = answered.state is AmendmentState.AWAITING_PAYMENT and answered.payment_id
        return f"/h5/pay/{answered.payment_id}" if to_pay else f"/h5/orders/{order_id}"

    return write_once(write, lambda _faults, notice: amendment(order_id, notice))
