"""Reads of withdrawals, payout accounts and bank files: rows in, contract views out."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from services.contracts.settlement import EscrowState, OwnerKind
from services.contracts.withdrawals import (
    BankFileLine,
    PayoutAccountView,
    PayoutWay,
    WithdrawalsQuery,
    WithdrawalState,
    WithdrawalView,
)
from services.kernel.db import Tx
from services.kernel.ids import derived_id
from services.settlement import money_queries
from services.settlement.domain import accounts
from services.settlement.domain.days import bounds, day_of
from services.settlement.domain.withdrawals import BACK, UNDER_WAY, WAITING, Outflow
from services.settlement.tables import EscrowRow
from services.settlement.tables_withdrawals import (
    BankBatchRow,
    PayoutAccountRow,
    WithdrawalRow,
)

_SETTLED_LATELY = select(
    func.sum(
        EscrowRow.settled_money_fen
        - EscrowRow.settled_commission_fen
        + EscrowRow.settled_subsidy_fen
    )
).where(
    EscrowRow.merchant_id == bindparam("merchant"),
    EscrowRow.withdrawable_at > bindparam("now"),
    EscrowRow.state == EscrowState.RELEASED,
)
_TODAY = select(func.sum(WithdrawalRow.amount_fen)).where(
    WithdrawalRow.owner_id == bindparam("owner"),
    WithdrawalRow.owner_kind == bindparam("kind"),
    WithdrawalRow.asked_at >= bindparam("since"),
    WithdrawalRow.state.not_in(BACK),
)
_PAYOUT_ACCOUNT = select(PayoutAccountRow.__table__).where(
    PayoutAccountRow.row_id == bindparam("row")
)
_WITHDRAWAL = select(WithdrawalRow.__table__).where(
    WithdrawalRow.withdrawal_id == bindparam("withdrawal")
)
_DUE = (
    select(WithdrawalRow.__table__)
    .where(
        WithdrawalRow.next_try_at <= bindparam("now"),
        WithdrawalRow.way == PayoutWay.WECHAT,
        WithdrawalRow.state.in_((WithdrawalState.TO_PAY, *UNDER_WAY)),
    )
    .order_by(WithdrawalRow.next_try_at)
    .limit(bindparam("most"))
)
_OF_BATCH = (
    select(WithdrawalRow.__table__)
    .where(WithdrawalRow.batch_id == bindparam("batch"))
    .order_by(WithdrawalRow.withdrawal_id)
)
_BATCH = select(BankBatchRow.__table__).where(BankBatchRow.batch_id == bindparam("batch"))


# what may be withdrawn


def withdrawable_fen(tx: Tx, owner_kind: OwnerKind, owner_id: str, now: datetime) -> int:
    """What may leave the fund now: its balance less what may still be disputed."""
    fund = accounts.fund(owner_kind, owner_id)
    balance_fen = money_queries.balance_fen(tx, fund.account_id)
    if owner_kind is OwnerKind.HOUSEHOLD or not balance_fen:
        return balance_fen
    lately_fen = tx.scalar(_SETTLED_LATELY, {"merchant": owner_id, "now": now})
    return max(0, balance_fen - int(lately_fen or 0))


def withdrawn_today_fen(tx: Tx, owner_kind: OwnerKind, owner_id: str, now: datetime) -> int:
    """What was asked for on this Beijing day and has not come back."""
    since, _ = bounds(day_of(now))
    wanted = {"owner": owner_id, "kind": owner_kind, "since": since}
    return int(tx.scalar(_TODAY, wanted) or 0)


# where it goes


def payout_account_id(owner_kind: OwnerKind, owner_id: str) -> str:
    """The key of an owner's payout account."""
    return derived_id("payout_account", owner_kind, owner_id)


def payout_account_row(tx: Tx, owner_kind: OwnerKind, owner_id: str) -> Row[Any] | None:
    """The owner's payout account, its number sealed, or None."""
    return tx.first(_PAYOUT_ACCOUNT, {"row": payout_account_id(owner_kind, owner_id)})


def payout_account_view(row: Row[Any] | None) -> PayoutAccountView:
    """Where it goes, masked; empty when nobody has said it yet."""
    if row is None:
        return PayoutAccountView()
    return PayoutAccountView(
        holder=row.holder,
        bank=row.bank,
        number_masked=f"**** {row.number_tail}",
        usable_from=row.usable_from,
    )


# withdrawals


def withdrawal_row(tx: Tx, withdrawal_id: str) -> Row[Any] | None:
    """The withdrawal, or None."""
    return tx.first(_WITHDRAWAL, {"withdrawal": withdrawal_id})


def payouts_due(tx: Tx, now: datetime, most: int) -> list[Row[Any]]:
    """WeChat withdrawals whose next step is due, the longest due first."""
    return tx.all(_DUE, {"now": now, "most": most})


def page_of(tx: Tx, query: WithdrawalsQuery) -> list[Row[Any]]:
    """A page, newest first, and one more row when there is another page."""
    statement = select(WithdrawalRow.__table__)
    if query.owner_kind is not None:
        statement = statement.where(WithdrawalRow.owner_kind == query.owner_kind)
    if query.owner_id is not None:
        statement = statement.where(WithdrawalRow.owner_id == query.owner_id)
    if query.state is not None:
        statement = statement.where(WithdrawalRow.state == query.state)
    if query.after is not None:
        statement = statement.where(WithdrawalRow.withdrawal_id < query.after)
    return tx.all(statement.order_by(WithdrawalRow.withdrawal_id.desc()).limit(query.limit + 1))


def outflow(row: Row[Any]) -> Outflow:
    """What the ledger must know of it."""
    return Outflow(
        withdrawal_id=row.withdrawal_id,
        owner_kind=OwnerKind(row.owner_kind),
        owner_id=row.owner_id,
        amount_fen=row.amount_fen,
        way=PayoutWay(row.way),
    )


def withdrawal_view(
    row: Row[Any], *, staff: bool = False, mchid: str = "", app_id: str = ""
) -> WithdrawalView:
    """A withdrawal for its owner's people, with what their phone needs; staff see why it waits."""
    state = WithdrawalState(row.state)
    confirms = state is WithdrawalState.AWAITING_PAYEE and not staff and bool(row.confirm_package)
    return WithdrawalView(
        withdrawal_id=row.withdrawal_id,
        owner_kind=OwnerKind(row.owner_kind),
        owner_id=row.owner_id,
        amount_fen=row.amount_fen,
        way=PayoutWay(row.way),
        state=state,
        payee=_payee(row),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        approved_by=row.decided_by,
        done_at=row.ended_at,
        expires_at=row.expires_at,
        note=row.note or (row.last_error if staff and state in (*WAITING, *UNDER_WAY) else ""),
        confirm_package=row.confirm_package if confirms else "",
        confirm_mchid=mchid if confirms else "",
        confirm_app_id=app_id if confirms else "",
        batch_id=row.batch_id,
    )


def _payee(row: Row[Any]) -> str:
    if row.way == PayoutWay.WECHAT:
        return f"微信 ****{row.openid[-4:]}"
    return f"{row.holder[:1]}** {row.bank} ****{row.number_tail}"


# bank files


def batch_row(tx: Tx, batch_id: str) -> Row[Any] | None:
    """A bank file's row, or None."""
    return tx.first(_BATCH, {"batch": batch_id})


def batch_withdrawals(tx: Tx, batch_id: str) -> list[Row[Any]]:
    """Its withdrawals, oldest first."""
    return tx.all(_OF_BATCH, {"batch": batch_id})


def batches(tx: Tx, after: str | None, limit: int) -> list[Row[Any]]:
    """A page of bank files, newest first, with how many payments have no result yet."""
    open_count = (
        select(func.count())
        .where(
            WithdrawalRow.batch_id == BankBatchRow.batch_id,
            WithdrawalRow.state == WithdrawalState.PAYING,
        )
        .scalar_subquery()
    )
    statement = select(BankBatchRow.__table__, open_count.label("open_count"))
    if after is not None:
        statement = statement.where(BankBatchRow.batch_id < after)
    return tx.all(statement.order_by(BankBatchRow.batch_id.desc()).limit(limit + 1))


def batch_line(row: Row[Any]) -> BankFileLine:
    """A file in the list."""
    return BankFileLine(
        batch_id=row.batch_id,
        made_at=row.made_at,
        made_by=row.made_by,
        count=row.withdrawal_count,
        total_fen=row.total_fen,
        open_count=row.open_count,
    )
