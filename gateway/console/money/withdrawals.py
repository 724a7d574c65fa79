"""提现审核: who asked, who approves (never the same person), and how it is paid."""

from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext

from gateway import spreadsheet
from gateway.console.money.choosing import Act, Row, act_on_chosen
from gateway.console.money.names import merchant_names
from gateway.console.money.reading import chosen, list_links, one_id, typed
from gateway.console.staff import need_staff
from gateway.errors import NoSuchPage
from gateway.looks import look_of, money_words, way_words
from gateway.pages import after, command, draw, write_once
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from services.contracts.settlement import OwnerKind
from services.contracts.withdrawals import (
    ApproveWithdrawal,
    RejectWithdrawal,
    WithdrawalQuery,
    WithdrawalsQuery,
    WithdrawalState,
    WithdrawalView,
)

blueprint = Blueprint("money_withdrawals", __name__)


@blueprint.get("/console/money/withdrawals")
def withdrawals() -> str | Response:
    """All of them in one state, newest first."""
    who = need_staff()
    owner_id = one_id("owner_id")
    query = WithdrawalsQuery(
        state=chosen(WithdrawalState),
        owner_kind=chosen(OwnerKind, "owner_kind") if owner_id else None,
        owner_id=owner_id,
        after=after(),
        limit=50,
    )
    if spreadsheet.wanted():
        return _as_sheet(query)
    page = parts().backends.settlement.withdrawals(query)
    return draw(
        "console/money/withdrawals.html",
        state=query.state,
        owner_id=owner_id or "",
        withdrawals=page.items,
        names=merchant_names(who),
        **list_links("/console/money/withdrawals", page.next_after),
    )


def _as_sheet(query: WithdrawalsQuery) -> Response:
    ask = parts().backends.settlement.withdrawals
    heads = gettext(
        "提现编号|户类|户号|金额（元）|方式|收款人|状态|申请人|申请时间|审核人|完成时间|说明"
    )
    rows = (
        [
            one.withdrawal_id,
            money_words(one.owner_kind),
            one.owner_id,
            Yuan(one.amount_fen),
            way_words(one.way),
            one.payee,
            gettext(look_of(one.state, "withdrawal").word),
            one.asked_by,
            one.asked_at,
            one.approved_by,
            one.done_at,
            one.note,
        ]
        for one in spreadsheet.every(ask, query)
    )
    return spreadsheet.sheet(gettext("提现"), heads, rows)


@blueprint.get("/console/money/withdrawals/<withdrawal_id>")
def withdrawal(withdrawal_id: str) -> str:
    """One of them; while the end is not known, the channel is asked."""
    return _draw(withdrawal_id)


def _draw(withdrawal_id: str, **context: Any) -> str:
    who = need_staff()
    question = WithdrawalQuery(withdrawal_id=withdrawal_id)
    view = parts().backends.settlement.withdrawal(question)
    if view.state in {WithdrawalState.PAYING, WithdrawalState.AWAITING_PAYEE}:
        fresh = question.model_copy(update={"refresh": True})
        view = parts().backends.settlement.withdrawal(fresh)
    return draw(
        "console/money/withdrawal.html", withdrawal=view, names=merchant_names(who), **context
    )


@blueprint.post("/console/money/withdrawals/<withdrawal_id>/<act>")
def act(withdrawal_id: str, act: str) -> Response:
    """同意, 驳回."""
    need_staff()
    if act not in {"approve", "reject"}:
        raise NoSuchPage()

    def write() -> str:
        settlement = parts().backends.settlement
        if act == "approve":
            settlement.approve_withdrawal(command(ApproveWithdrawal, withdrawal_id=withdrawal_id))
        else:
            wish = command(RejectWithdrawal, withdrawal_id=withdrawal_id, reason=typed("reason"))
            settlement.reject_withdrawal(wish)
        return f"/console/money/withdrawals/{withdrawal_id}"

    return write_once(
        write, lambda faults, notice: _draw(withdrawal_id, faults=faults, notice=notice)
    )


@blueprint.post("/console/money/withdrawals/approve")
def approve_chosen() -> Response:
    """Several at once: the preview first."""
    who = need_staff()
    names = merchant_names(who)

    def see(withdrawal_id: str) -> Row:
        question = WithdrawalQuery(withdrawal_id=withdrawal_id)
        one = parts().backends.settlement.withdrawal(question)
        return Row(withdrawal_id, _owner_words(one, names), one.amount_fen, one.asked_by)

    def approve(withdrawal_id: str, request_id: str) -> None:
        wish = ApproveWithdrawal(request_id=request_id, withdrawal_id=withdrawal_id)
        parts().backends.settlement.approve_withdrawal(wish)

    return act_on_chosen(
        Act(
            title=gettext("同意提现"),
            button=gettext("全部同意"),
            warning=gettext("同意后就会付款。自己申请的不能自己同意，那一笔会留下来等另一个人。"),
            back="/console/money/withdrawals?state=to_approve",
            here="withdrawals",
            see=see,
            do=approve,
        )
    )


def _owner_words(one: WithdrawalView, names: dict[str, str]) -> str:
    name = names.get(one.owner_id, one.owner_id[-8:])
    return f"{money_words(one.owner_kind)} {name} · {one.payee}"
