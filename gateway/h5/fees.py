"""The property fee: what is owed, paying it, setting it off against the fund, and the receipt."""

import base64

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.h5.owners import Owner, present_owner
from gateway.pages import PAGE_MAX, Faults, after, command, draw, next_href, write_once
from gateway.parts import parts
from gateway.ui import yuan
from services.contracts.fees import (
    FeeBillQuery,
    FeeBillsQuery,
    FeeBillState,
    FeeBillView,
    FeeReceiptQuery,
    OffsetFee,
    OpenFeePayment,
)
from services.kernel.errors import Malformed

blueprint = Blueprint("h5_fees", __name__)

PDF = "application/pdf"
BILLS_MAX = 12
"""So many bills go into one payment."""


@blueprint.get("/h5/fees")
@blueprint.get("/h5/merchant/fees")
def bills() -> str:
    """What is owed, the oldest first, and what was paid."""
    return _draw_bills(present_owner())


def _draw_bills(owner: Owner, **context: object) -> str:
    page = parts().backends.settlement.fee_bills(
        FeeBillsQuery(
            debtor_kind=owner.debtor_kind,
            debtor_id=owner.debtor_id,
            after=after(),
            limit=PAGE_MAX,
        )
    )
    owed = [bill for bill in page.items if bill.state is FeeBillState.OPEN]
    return draw(
        "h5/money/fees.html",
        owner=owner,
        owed=owed,
        owed_fen=sum(bill.amount_fen for bill in owed),
        others=[bill for bill in page.items if bill.state is not FeeBillState.OPEN],
        payable_max=BILLS_MAX,
        next_href=next_href(page.next_after),
        **context,
    )


@blueprint.post("/h5/fees/pay")
def pay() -> Response:
    """Open one payment for the bills that were picked; it is paid like any other."""
    owner = present_owner()

    def write() -> str:
        picked = request.form.getlist("bill_id")
        if not picked:
            raise Malformed(fields={"bill_id": gettext("请至少选一张账单")})
        if len(picked) > BILLS_MAX:
            raise Malformed(fields={"bill_id": gettext("一次最多缴 12 张，请分几次。")})
        wish = command(OpenFeePayment, household_id=owner.owner_id, bill_ids=picked)
        opened = parts().backends.settlement.open_fee_payment(wish)
        return f"/h5/pay/{opened.payment_id}"

    def redraw(faults: Faults, notice: dict[str, str]) -> str:
        return _draw_bills(owner, faults=faults, notice=notice)

    return write_once(write, redraw)


def _bill(bill_id: str) -> FeeBillView:
    return parts().backends.settlement.fee_bill(FeeBillQuery(bill_id=bill_id))


@blueprint.get("/h5/fees/<bill_id>")
@blueprint.get("/h5/merchant/fees/<bill_id>")
def bill(bill_id: str) -> str:
    """One bill: what for, until when, and where its money is."""
    return draw("h5/money/fee.html", owner=present_owner(), bill=_bill(bill_id))


@blueprint.get("/h5/fees/<bill_id>/offset")
@blueprint.get("/h5/merchant/fees/<bill_id>/offset")
def offset_form(bill_id: str) -> str:
    """抵扣物业费: how much, from which account, and the sentence to agree to."""
    return _draw_offset(present_owner(), bill_id)


def _draw_offset(owner: Owner, bill_id: str, **context: object) -> str:
    view = _bill(bill_id)
    return draw(
        "h5/money/offset.html",
        owner=owner,
        bill=view,
        fund=owner.fund(),
        consent=consent_words(owner, view),
        **context,
    )


def consent_words(owner: Owner, bill: FeeBillView) -> str:
    """The sentence that is shown, agreed to and kept on record."""
    values = {
        "owner": owner.name,
        "amount": yuan(bill.amount_fen),
        "period": bill.period,
        "title": bill.title,
    }
    if owner.is_merchant:
        return str(
            gettext("我同意用%(owner)s的货款余额 %(amount)s 抵扣%(period)s%(title)s。", **values)
        )
    return str(
        gettext("我同意用%(owner)s家庭账户的余额 %(amount)s 抵扣%(period)s%(title)s。", **values)
    )


@blueprint.post("/h5/fees/<bill_id>/offset")
@blueprint.post("/h5/merchant/fees/<bill_id>/offset")
def offset(bill_id: str) -> Response:
    """Pay the bill with the fund, when exactly the sentence that was shown is agreed to."""
    owner = present_owner()

    def write() -> str:
        view = _bill(bill_id)
        agreed = consent_words(owner, view)
        if request.form.get("consent") != agreed:
            raise Malformed(fields={"consent": gettext("请看清楚这句话，同意就打勾。")})
        wish = command(
            OffsetFee,
            owner_kind=owner.kind,
            owner_id=owner.owner_id,
            bill_id=bill_id,
            amount_fen=view.amount_fen,
            consent=agreed,
        )
        parts().backends.settlement.offset_fee(wish)
        return owner.href(f"fees/{bill_id}")

    def redraw(faults: Faults, notice: dict[str, str]) -> str:
        return _draw_offset(owner, bill_id, faults=faults, notice=notice)

    return write_once(write, redraw)


@blueprint.get("/h5/fees/<fee_payment_id>/receipt.pdf")
@blueprint.get("/h5/merchant/fees/<fee_payment_id>/receipt.pdf")
def receipt(fee_payment_id: str) -> Response:
    """The receipt of an accepted payment as PDF."""
    guard.act()
    question = FeeReceiptQuery(fee_payment_id=fee_payment_id)
    view = parts().backends.settlement.fee_receipt(question)
    response = Response(base64.b64decode(view.pdf_base64), mimetype=PDF)
    response.headers.set("Content-Disposition", "inline", filename=f"{view.receipt_number}.pdf")
    return response
