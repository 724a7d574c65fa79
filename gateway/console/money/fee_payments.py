"""What was paid on property fees: a day's list, receipts, reversals."""

import base64
from datetime import date

from flask import Blueprint, Response
from flask_babel import gettext

from gateway import spreadsheet
from gateway.console.money.fees import draw_bill
from gateway.console.money.reading import chosen, list_links, one_id, typed
from gateway.console.staff import need_staff
from gateway.looks import look_of, way_words
from gateway.pages import after, command, draw, words, write_once
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from services.contracts.fees import (
    FeePaymentsQuery,
    FeePaymentState,
    FeeReceiptQuery,
    ReverseFeePayment,
)

blueprint = Blueprint("money_fee_payments", __name__)


@blueprint.get("/console/money/fee-payments")
def fee_payments() -> str | Response:
    """Acts of paying, newest first: of one day, in one state."""
    need_staff()
    query = FeePaymentsQuery(
        bill_id=one_id("bill_id"),
        state=chosen(FeePaymentState),
        day=_day(),
        after=after(),
        limit=50,
    )
    if spreadsheet.wanted():
        return _as_sheet(query)
    page = parts().backends.settlement.fee_payments(query)
    return draw(
        "console/money/fee_payments.html",
        state=query.state,
        day=query.day.isoformat() if query.day else "",
        payments=page.items,
        **list_links("/console/money/fee-payments", page.next_after),
    )


def _day() -> date | None:
    try:
        return date.fromisoformat(words("day"))
    except ValueError:
        return None


def _as_sheet(query: FeePaymentsQuery) -> Response:
    heads = gettext("时间|金额（元）|方式|状态|缴费人|收据号|账单编号|说明")
    rows = (
        [
            one.at,
            Yuan(one.amount_fen),
            way_words(one.way),
            gettext(look_of(one.state, "fee_payment").word),
            one.paid_by,
            one.receipt_number,
            one.bill_id,
            one.note,
        ]
        for one in spreadsheet.every(parts().backends.settlement.fee_payments, query)
    )
    return spreadsheet.sheet(gettext("缴费记录"), heads, rows)


@blueprint.post("/console/money/fees/<bill_id>/reverse/<fee_payment_id>")
def reverse(bill_id: str, fee_payment_id: str) -> Response:
    """冲正: the fee system is told, the money goes to the payer's fund."""
    need_staff()

    def write() -> str:
        wish = command(ReverseFeePayment, fee_payment_id=fee_payment_id, reason=typed("reason"))
        parts().backends.settlement.reverse_fee_payment(wish)
        return f"/console/money/fees/{bill_id}"

    return write_once(
        write, lambda faults, notice: draw_bill(bill_id, faults=faults, notice=notice)
    )


@blueprint.get("/console/money/fee-payments/<fee_payment_id>/receipt.pdf")
def receipt(fee_payment_id: str) -> Response:
    """The receipt of an accepted payment, as PDF."""
    need_staff()
    question = FeeReceiptQuery(fee_payment_id=fee_payment_id)
    view = parts().backends.settlement.fee_receipt(question)
    return Response(base64.b64decode(view.pdf_base64), mimetype="application/pdf")
