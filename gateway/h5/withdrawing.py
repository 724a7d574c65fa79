"""Money out of a fund: ask for it, follow it, confirm it in WeChat, take it back; bank data."""

from datetime import datetime

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway.errors import message_of
from gateway.h5.owners import Owner, present_owner, typed_fen
from gateway.pages import Faults, after, command, draw, next_href, write_once
from gateway.parts import parts
from gateway.ui import shanghai, yuan
from services.contracts.settlement import InsufficientFunds, WayNotOpen
from services.contracts.withdrawals import (
    BeyondLimit,
    CancelWithdrawal,
    CoolingDown,
    NoPayoutAccount,
    PayoutAccountQuery,
    PayoutAccountView,
    PayoutWay,
    PutPayoutAccount,
    Withdraw,
    WithdrawalQuery,
    WithdrawalsQuery,
    WithdrawalState,
    WithdrawalView,
)
from services.kernel import clock
from services.kernel.errors import Malformed, Refused

blueprint = Blueprint("h5_withdrawing", __name__)

ASK_AGAIN_S = 5
UNDER_WAY = {
    WithdrawalState.TO_APPROVE,
    WithdrawalState.TO_PAY,
    WithdrawalState.PAYING,
    WithdrawalState.AWAITING_PAYEE,
}
CAN_CANCEL = UNDER_WAY - {WithdrawalState.PAYING}


def _account(owner: Owner) -> PayoutAccountView:
    question = PayoutAccountQuery(owner_kind=owner.kind, owner_id=owner.owner_id)
    return parts().backends.settlement.payout_account(question)


@blueprint.get("/h5/withdraw")
@blueprint.get("/h5/merchant/withdraw")
def form() -> str:
    """How much, and where to."""
    return _draw_form(present_owner())


def _draw_form(owner: Owner, **context: object) -> str:
    account = _account(owner)
    cooling = bool(account.usable_from and account.usable_from > clock.now())
    return draw(
        "h5/money/withdraw.html",
        owner=owner,
        fund=owner.fund(),
        account=account,
        cooling=cooling,
        has_wechat=bool(parts().cookies.openid()),
        **context,
    )


@blueprint.post("/h5/withdraw")
@blueprint.post("/h5/merchant/withdraw")
def ask() -> Response:
    """Set the money aside and send it on its way."""
    owner = present_owner()

    def write() -> str:
        way = request.form.get("way", "")
        if way not in set(PayoutWay):
            raise Malformed(fields={"way": gettext("请选一种方式")})
        wish = command(
            Withdraw,
            owner_kind=owner.kind,
            owner_id=owner.owner_id,
            amount_fen=typed_fen("amount"),
            way=PayoutWay(way),
            openid=parts().cookies.openid() if way == PayoutWay.WECHAT else "",
        )
        try:
            made = parts().backends.settlement.withdraw(wish)
        except Refused as error:
            error.fields = _fault_words(error)
            raise
        return owner.href(f"withdrawals/{made.withdrawal_id}")

    def redraw(faults: Faults, notice: dict[str, str]) -> str:
        return _draw_form(owner, faults=faults, notice=notice)

    return write_once(write, redraw)


def _fault_words(error: Refused) -> Faults:
    """Beside the field where it can be mended."""
    if isinstance(error, BeyondLimit | InsufficientFunds):
        return {"amount": _limit_words(error)}
    if isinstance(error, CoolingDown | WayNotOpen | NoPayoutAccount):
        return {"way": message_of(error) + _since_words(error.fields.get("until", ""))}
    return {}


def _since_words(until: str) -> str:
    if not until:
        return ""
    return str(gettext("%(time)s 起才能提现。", time=shanghai(datetime.fromisoformat(until))))


def _limit_words(error: Refused) -> str:
    """Which limit, in yuan; the general words where the service names none."""
    words = {
        "least_fen": gettext("一次至少提 %(amount)s"),
        "most_fen": gettext("一次最多提 %(amount)s"),
        "day_fen": gettext("一天最多提 %(amount)s"),
        "left_fen": gettext("现在还能提 %(amount)s"),
    }
    said = [
        words[name] % {"amount": yuan(int(value))}
        for name, value in error.fields.items()
        if name in words and value.isdigit()
    ]
    return "，".join(said) or message_of(error)


@blueprint.get("/h5/withdrawals")
@blueprint.get("/h5/merchant/withdrawals")
def withdrawals() -> str:
    """All of them, newest first."""
    owner = present_owner()
    page = parts().backends.settlement.withdrawals(
        WithdrawalsQuery(owner_kind=owner.kind, owner_id=owner.owner_id, after=after())
    )
    return draw(
        "h5/money/withdrawals.html",
        owner=owner,
        withdrawals=page.items,
        next_href=next_href(page.next_after),
    )


@blueprint.get("/h5/withdrawals/<withdrawal_id>")
@blueprint.get("/h5/merchant/withdrawals/<withdrawal_id>")
def withdrawal(withdrawal_id: str) -> str:
    """Where the money is now; settlement asks the channel while that is not known."""
    return _draw_withdrawal(present_owner(), withdrawal_id)


def _draw_withdrawal(owner: Owner, withdrawal_id: str, **context: object) -> str:
    question = WithdrawalQuery(withdrawal_id=withdrawal_id, refresh=True)
    view: WithdrawalView = parts().backends.settlement.withdrawal(question)
    under_way = view.state in UNDER_WAY
    return draw(
        "h5/money/withdrawal.html",
        owner=owner,
        withdrawal=view,
        can_cancel=view.state in CAN_CANCEL and owner.may_use,
        under_way=under_way,
        refresh_seconds=ASK_AGAIN_S if under_way else None,
        **context,
    )


@blueprint.post("/h5/withdrawals/<withdrawal_id>/cancel")
@blueprint.post("/h5/merchant/withdrawals/<withdrawal_id>/cancel")
def cancel(withdrawal_id: str) -> Response:
    """Take it back before it was paid."""
    owner = present_owner()

    def write() -> str:
        wish = command(CancelWithdrawal, withdrawal_id=withdrawal_id)
        parts().backends.settlement.cancel_withdrawal(wish)
        return owner.href(f"withdrawals/{withdrawal_id}")

    return write_once(
        write, lambda _faults, notice: _draw_withdrawal(owner, withdrawal_id, notice=notice)
    )


@blueprint.get("/h5/bank")
@blueprint.get("/h5/merchant/bank")
def bank() -> str:
    """Where the money goes by bank."""
    owner = present_owner()
    saved = request.args.get("saved") == "1"
    return _draw_bank(owner, notice=_saved_words(owner) if saved else None)


def _draw_bank(owner: Owner, **context: object) -> str:
    return draw("h5/money/bank.html", owner=owner, account=_account(owner), **context)


def _saved_words(owner: Owner) -> dict[str, str]:
    from_when = _account(owner).usable_from
    if from_when and from_when > clock.now():
        time = shanghai(from_when)
        words = gettext("记下了。为了您的钱安全，%(time)s 起才能提到这张卡。", time=time)
    else:
        words = gettext("记下了。")
    return {"tone": "done", "text": words}


@blueprint.post("/h5/bank")
@blueprint.post("/h5/merchant/bank")
def put_bank() -> Response:
    """Keep the bank data; a change starts the time in which nothing can be withdrawn."""
    owner = present_owner()

    def write() -> str:
        number = request.form.get("number", "").replace(" ", "")
        wish = command(
            PutPayoutAccount,
            owner_kind=owner.kind,
            owner_id=owner.owner_id,
            holder=request.form.get("holder", ""),
            bank=request.form.get("bank", ""),
            number=number,
        )
        parts().backends.settlement.put_payout_account(wish)
        return owner.href("bank", saved="1")

    return write_once(write, lambda faults, notice: _draw_bank(owner, faults=faults, notice=notice))
