"""The books: what every kind of account sums to, one fund's statement, and corrections."""

from collections.abc import Collection
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import spreadsheet
from gateway.console.money.names import merchant_names
from gateway.console.money.reading import chosen, id_words, list_links, one_id, typed
from gateway.console.money.reconciliation import BILLED
from gateway.console.staff import need_staff
from gateway.errors import NoSuchPage
from gateway.looks import account_words, channel_words, money_words, reason_words
from gateway.pages import after, command, draw, write_once
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from services.contracts.permissions import Permission
from services.contracts.settlement import (
    CorrectTransfer,
    FundQuery,
    MoneyStep,
    OrderMoneyQuery,
    OwnerKind,
    StatementLine,
    TrialBalanceLine,
    TrialBalanceQuery,
    TrialBalanceView,
)
from services.kernel.errors import Refused
from services.kernel.wire import PAGE_SIZE_MAX, Page

blueprint = Blueprint("money_books", __name__)

BEHIND = {
    "clearing": ("/console/money/days", Permission.MONEY_RECONCILE),
    "bank": ("/console/money/days", Permission.MONEY_RECONCILE),
    "channel_fees": ("/console/money/days", Permission.MONEY_RECONCILE),
    "escrow": ("/console/orders", Permission.ORDER_VIEW_ANY),
    "unclaimed": ("/console/money/refunds", Permission.MONEY_VIEW_ANY),
    "refunds_under_way": ("/console/money/refunds?state=processing", Permission.MONEY_VIEW_ANY),
    "withdrawals_under_way": ("/console/money/withdrawals?state=paying", Permission.MONEY_VIEW_ANY),
    "commission": ("/console/money/rules", Permission.MONEY_RULES),
    "fee_income": ("/console/money/fee-payments", Permission.MONEY_VIEW_ANY),
    "cash_due": ("/console/money/cash?state=due", Permission.MONEY_VIEW_ANY),
    "courier_cash": ("/console/money/cash?state=collected", Permission.MONEY_VIEW_ANY),
    "merchant_deposit": ("/console/money/deposits", Permission.MONEY_DESK),
    "card": ("/console/money/cards", Permission.MONEY_VIEW_ANY),
    "card_gift": ("/console/money/cards", Permission.MONEY_VIEW_ANY),
}
"""Kind of account → where its rows are, and who may see them."""
CORRECTABLE = frozenset({"deposit_taken", "channel_fee", "unclaimed_receipt"})
"""Movements that stand for themselves; settlement refuses to undo the others alone."""


@blueprint.get("/console/money/balance")
def balance() -> str | Response:
    """试算平衡: in each pair of hands the sum is zero, or a person must look."""
    who = need_staff()
    view = parts().backends.settlement.trial_balance(TrialBalanceQuery())
    if spreadsheet.wanted():
        return _balance_sheet(view)
    zeros = request.args.get("zeros") == "1"
    return draw(
        "console/money/balance.html",
        balance=view,
        hands=by_hands(view.lines, zeros=zeros),
        zeros=zeros,
        behind=lambda line: behind(line, who.permissions),
        **list_links("/console/money/balance", None),
    )


def by_hands(lines: list[TrialBalanceLine], *, zeros: bool) -> list[dict[str, Any]]:
    """The lines of each custodian with their sum, the property's first; empty ones on demand."""
    hands: dict[str, list[TrialBalanceLine]] = {}
    for line in lines:
        hands.setdefault(line.custodian, []).append(line)
    return [
        {
            "custodian": custodian,
            "lines": [line for line in own if zeros or line.balance_fen],
            "empty_count": sum(not line.balance_fen for line in own),
            "sum_fen": sum(line.balance_fen for line in own),
        }
        for custodian, own in sorted(hands.items(), key=lambda hand: hand[0] != "property")
    ]


def behind(line: TrialBalanceLine, permissions: Collection[str]) -> str:
    """Where the rows are that a sum is made of; nothing where they have no page for this person."""
    href, permission = BEHIND.get(line.kind, ("", None))
    unbilled = line.kind == "clearing" and line.channel not in BILLED
    if permission not in permissions or unbilled:
        return ""
    return f"{href}?channel={line.channel}" if line.kind == "clearing" else href


def _balance_sheet(view: TrialBalanceView) -> Response:
    heads = gettext("在谁手里|账户种类|渠道|账户数|余额（元）")
    rows = (
        [
            money_words(line.custodian),
            account_words(line.kind),
            channel_words(line.channel) if line.channel else "",
            line.account_count,
            Yuan(line.balance_fen),
        ]
        for line in view.lines
    )
    return spreadsheet.sheet(gettext("试算平衡"), heads, rows)


@blueprint.get("/console/money/funds/<owner_kind>/<owner_id>")
def fund(owner_kind: str, owner_id: str) -> str | Response:
    """One household's or merchant's account and its statement."""
    who = need_staff()
    if owner_kind not in set(OwnerKind):
        raise NoSuchPage()
    query = FundQuery(owner_kind=OwnerKind(owner_kind), owner_id=owner_id, after=after(), limit=50)
    if spreadsheet.wanted():
        return _fund_sheet(query)
    view = parts().backends.settlement.fund(query)
    return draw(
        "console/money/fund.html",
        fund=view,
        correctable=CORRECTABLE,
        name=merchant_names(who).get(owner_id, "") if owner_kind == "merchant" else "",
        **list_links(f"/console/money/funds/{owner_kind}/{owner_id}", view.next_after),
    )


def _fund_sheet(query: FundQuery) -> Response:
    def ask(page: FundQuery) -> Page[StatementLine]:
        view = parts().backends.settlement.fund(page)
        return Page[StatementLine](items=view.lines, next_after=view.next_after)

    heads = gettext("时间|金额（元）|余额（元）|原因|订单|转账编号")
    rows = (
        [
            line.at,
            Yuan(line.amount_fen),
            Yuan(line.balance_fen),
            reason_words(line.reason),
            line.order_id,
            line.transfer_id,
        ]
        for line in spreadsheet.every(ask, query)
    )
    return spreadsheet.sheet(gettext("资金流水"), heads, rows)


@blueprint.get("/console/money/corrections")
def correction_form() -> str:
    """更正: which transfer, what it moved, and why it is wrong."""
    need_staff()
    return _draw_correction(id_words("transfer_id"))


def _draw_correction(transfer_id: str, **context: Any) -> str:
    order_id = one_id("order_id")
    return draw(
        "console/money/correction.html",
        transfer_id=transfer_id,
        order_id=order_id or "",
        steps=_steps_of(transfer_id, order_id),
        **context,
    )


def _steps_of(transfer_id: str, order_id: str | None) -> list[MoneyStep]:
    """What the transfer moved: read from its order's money or from its owner's statement."""
    if not transfer_id:
        return []
    settlement = parts().backends.settlement
    try:
        if order_id:
            steps = settlement.order_money(OrderMoneyQuery(order_id=order_id)).steps
            return [step for step in steps if step.transfer_id == transfer_id]
        owner_kind, owner_id = chosen(OwnerKind, "owner_kind"), one_id("owner_id")
        if owner_kind and owner_id:
            query = FundQuery(owner_kind=owner_kind, owner_id=owner_id, limit=PAGE_SIZE_MAX)
            lines = settlement.fund(query).lines
            return [as_step(line, owner_kind) for line in lines if line.transfer_id == transfer_id]
    except Refused:
        return []
    return []


def as_step(line: StatementLine, owner_kind: OwnerKind) -> MoneyStep:
    """A line of a statement as a movement; the other side is not named there."""
    own = f"{owner_kind.value}_fund"
    into = line.amount_fen >= 0
    return MoneyStep(
        at=line.at,
        from_account="" if into else own,
        to_account=own if into else "",
        amount_fen=abs(line.amount_fen),
        reason=line.reason,
        transfer_id=line.transfer_id,
    )


@blueprint.post("/console/money/corrections")
def correct() -> Response:
    """A new transfer that names the wrong one and the person."""
    need_staff()
    transfer_id = typed("transfer_id").upper()

    def write() -> str:
        wish = command(CorrectTransfer, transfer_id=transfer_id, reason=typed("reason"))
        made = parts().backends.settlement.correct_transfer(wish)
        return f"/console/money/corrections?made={made.transfer_id}&transfer_id={made.corrects}"

    return write_once(
        write, lambda faults, notice: _draw_correction(transfer_id, faults=faults, notice=notice)
    )
