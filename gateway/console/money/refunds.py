"""Refunds that wait for a person: to be paid out at the desk, or failed at the channel."""

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway.console.money.choosing import Act, Row, act_on_chosen
from gateway.console.money.reading import chosen, list_links, typed
from gateway.console.staff import need_staff
from gateway.errors import NoSuchPage
from gateway.looks import channel_words
from gateway.pages import after, command, draw, write_once
from gateway.parts import parts
from services.contracts.settlement import (
    PayOutRefund,
    RedirectRefund,
    RefundsQuery,
    RefundState,
    RefundView,
    RetryRefund,
)
from services.kernel.wire import PAGE_SIZE_MAX

blueprint = Blueprint("money_refunds", __name__)


@blueprint.get("/console/money/refunds")
def refunds() -> str:
    """All refunds in one state, each with what a cashier can do for it."""
    need_staff()
    return _draw_refunds()


def _draw_refunds(**context: Any) -> str:
    state = chosen(RefundState)
    query = RefundsQuery(state=state, after=after(), limit=50)
    page = parts().backends.settlement.refunds(query)
    return draw(
        "console/money/refunds.html",
        state=state,
        refunds=page.items,
        **list_links("/console/money/refunds", page.next_after),
        **context,
    )


@blueprint.post("/console/money/refunds/<refund_id>/<act>")
def act(refund_id: str, act: str) -> Response:
    """再退一次, 转到家庭账户, 已经付给他; the list stays where it was."""
    need_staff()
    acts = {"retry": _retry, "redirect": _redirect, "pay-out": _pay_out}
    if act not in acts:
        raise NoSuchPage()

    def write() -> str:
        acts[act](refund_id)
        return f"/console/money/refunds?{request.query_string.decode()}".rstrip("?")

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        return _draw_refunds(faults=faults, notice=notice, at=refund_id)

    return write_once(write, redraw)


def _retry(refund_id: str) -> None:
    parts().backends.settlement.retry_refund(command(RetryRefund, refund_id=refund_id))


def _redirect(refund_id: str) -> None:
    wish = command(RedirectRefund, refund_id=refund_id, reason=typed("reason"))
    parts().backends.settlement.redirect_refund(wish)


def _pay_out(refund_id: str) -> None:
    wish = command(PayOutRefund, refund_id=refund_id, reference=typed("reference"))
    parts().backends.settlement.pay_out_refund(wish)


@blueprint.post("/console/money/refunds/retry")
def retry_chosen() -> Response:
    """Several failed ones again: the preview first."""
    need_staff()
    failed = _failed()

    def see(refund_id: str) -> Row:
        refund = failed.get(refund_id)
        if refund is None:
            return Row(refund_id, refund_id[-8:], 0, gettext("已经不在失败的名单里"))
        note = f"{channel_words(refund.channel or '')} {refund.note}".strip()
        return Row(refund_id, refund_id[-8:], refund.amount_fen, note)

    def retry(refund_id: str, request_id: str) -> None:
        wish = RetryRefund(request_id=request_id, refund_id=refund_id)
        parts().backends.settlement.retry_refund(wish)

    return act_on_chosen(
        Act(
            title=gettext("再退一次"),
            button=gettext("全部再退一次"),
            warning=gettext("每一笔都会再向渠道申请原路退回；同一笔不会退两次。"),
            back="/console/money/refunds?state=failed",
            here="refunds",
            see=see,
            do=retry,
        )
    )


def _failed() -> dict[str, RefundView]:
    query = RefundsQuery(state=RefundState.FAILED, limit=PAGE_SIZE_MAX)
    return {refund.refund_id: refund for refund in parts().backends.settlement.refunds(query).items}
