"""Cash on delivery, as courier and cashier see it: due, collected, handed in at the desk."""

from typing import Any

from sqlalchemy import Row, bindparam, select, update

from services.contracts.settlement import (
    AlreadyResolved,
    CashDueQuery,
    CashList,
    CashQuery,
    CashState,
    CashView,
    Channel,
    DeskMethod,
    DeskReceipt,
    HandedIn,
    HandInCash,
    TooMuch,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import NotFound
from services.kernel.ids import derived_id
from services.kernel.wire import Page
from services.settlement import ledger, locks
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account
from services.settlement.domain.escrows import EscrowAct
from services.settlement.domain.transfers import Transfer, TransferKind, between
from services.settlement.tables_desk import CashRow
from services.settlement.use_cases.desk import keep_receipt, receipt_number
from services.settlement.use_cases.reach import reaches, within
from services.settlement.use_cases.release_order import Terms, release

_HAND_IN = (
    update(CashRow)
    .where(CashRow.order_id == bindparam("order"))
    .values(
        state=CashState.HANDED_IN,
        handed_in_at=bindparam("at"),
        handed_in_to=bindparam("by"),
        receipt_number=bindparam("receipt"),
    )
)


def hand_in(db: Database, command: HandInCash, actor: Actor, terms: Terms) -> HandedIn:
    """The cash of these orders is in the till; completed ones are settled at once.

    TooMuch, with the right sum, when the cashier has counted another one: nothing is taken then.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, HandedIn, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            claim.answer = _hand_in(tx, command, actor, terms)
        return claim.answer


def see_cash(db: Database, query: CashQuery, actor: Actor) -> Page[CashView]:
    """Cash at doors and with couriers, for the cashier."""
    statement = (
        select(CashRow.__table__)
        .where(within(actor, CashRow.community_id))
        .order_by(CashRow.order_id.desc())
        .limit(query.limit + 1)
    )
    if query.courier_id is not None:
        statement = statement.where(CashRow.courier_id == query.courier_id)
    if query.state is not None:
        statement = statement.where(CashRow.state == query.state)
    if query.after is not None:
        statement = statement.where(CashRow.order_id < query.after)
    with db.reading() as tx:
        rows = tx.all(statement)
    more = len(rows) > query.limit
    return Page[CashView](
        items=[_view(row) for row in rows[: query.limit]],
        next_after=rows[query.limit - 1].order_id if more else None,
    )


def see_due(db: Database, query: CashDueQuery) -> CashList:
    """What is collected at these doors: how much, and whether it was. Who brings what, delivery
    knows: nobody hears from here which courier has whose money.
    """
    with db.reading() as tx:
        rows = tx.all(
            select(CashRow.__table__)
            .where(CashRow.order_id.in_(query.order_ids))
            .order_by(CashRow.order_id)
        )
    return CashList(
        items=[
            CashView(order_id=row.order_id, amount_fen=row.amount_fen, state=CashState(row.state))
            for row in rows
        ]
    )


def _hand_in(tx: Tx, command: HandInCash, actor: Actor, terms: Terms) -> HandedIn:
    number = receipt_number(command.request_id, terms.now)
    escrows = [locks.escrow_for_update(tx, order_id) for order_id in sorted(command.order_ids)]
    rows = [
        _in_hand(tx, escrow.order_id)
        for escrow in escrows
        if escrow is not None and reaches(actor, escrow.community_id)
    ]
    total_fen = sum(row.amount_fen for row in rows)
    if len(rows) != len(set(command.order_ids)):
        raise NotFound("no cash is due for one of these orders")
    if total_fen != command.amount_fen:
        raise TooMuch("another sum is due", fields={"left_fen": str(total_fen)})
    till = accounts.clearing(Channel.DESK, DeskMethod.CASH)
    for row in rows:
        done = {"at": terms.now, "by": actor.name[:200], "receipt": number}
        tx.execute(_HAND_IN, {"order": row.order_id, **done})
    transfers = [
        _moved(TransferKind.CASH_HANDED_IN, row, till, _with(row), actor.name) for row in rows
    ]
    ledger.post(tx, transfers, terms.now)
    receipt = DeskReceipt(
        receipt_number=number,
        subject=f"配送代收货款 {len(rows)} 单",
        amount_fen=total_fen,
        method=DeskMethod.CASH,
        taken_by=actor.name,
        taken_at=terms.now,
    )
    keep_receipt(tx, "cash", derived_id("cash", command.request_id), receipt, actor)
    _release_completed(tx, [row.order_id for row in rows], terms)
    return HandedIn(receipt_number=number, amount_fen=total_fen, order_count=len(rows))


def _in_hand(tx: Tx, order_id: str) -> Row[Any]:
    """Collected, or brought to the desk before anybody said that it was collected."""
    row = locks.cash_for_update(tx, order_id)
    if row is None:
        raise NotFound("no cash is due for this order", fields={"order_id": order_id})
    if row.state not in (CashState.DUE, CashState.COLLECTED):
        raise AlreadyResolved(f"the cash is {row.state}", fields={"state": row.state})
    return row


def _with(row: Row[Any]) -> Account:
    if row.state == CashState.COLLECTED:
        return accounts.courier_cash(row.courier_id)
    return accounts.cash_due(row.community_id)


def _release_completed(tx: Tx, order_ids: list[str], terms: Terms) -> None:
    for order_id in order_ids:
        escrow = locks.escrow_for_update(tx, order_id)
        if escrow is not None and escrow.completed_at is not None and escrow.state == "held":
            release(tx, escrow, EscrowAct.RELEASE, terms)


def _moved(
    kind: TransferKind, row: Row[Any], holder: Account, before: Account, by: str = ""
) -> Transfer:
    """Somebody else has the cash now: both sides are debts to us, so the signs are the others'."""
    return Transfer(
        kind=kind,
        purpose=row.order_id,
        entries=between(holder, before, row.amount_fen),
        reason="cash",
        order_id=row.order_id,
        payment_id=row.payment_id,
        reference=row.order_id,
        made_by=by,
    )


def _view(row: Row[Any]) -> CashView:
    return CashView(
        order_id=row.order_id,
        amount_fen=row.amount_fen,
        state=CashState(row.state),
        courier_id=row.courier_id,
        courier_name=row.courier_name,
        collected_at=row.collected_at,
        handed_in_at=row.handed_in_at,
    )
