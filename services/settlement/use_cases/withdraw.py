"""Take money out of a fund: it is set aside at once, and goes when nothing stands in the way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from services.contracts.settlement import InsufficientFunds, WayNotOpen
from services.contracts.withdrawals import (
    NoPayoutAccount,
    PayoutWay,
    Withdraw,
    WithdrawalState,
    WithdrawalView,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.crypto import Sealer
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken
from services.kernel.ids import new_id
from services.settlement import holds, locks, withdrawal_queries
from services.settlement.domain import accounts
from services.settlement.domain.payouts import NAME_NEEDED_FROM_FEN
from services.settlement.domain.withdrawals import Limits, Outflow
from services.settlement.tables_withdrawals import WithdrawalRow
from services.settlement.use_cases.payout_account import need_sealer, usable_payee
from services.settlement.use_cases.withdraw_rights import need_use


@dataclass(frozen=True, slots=True)
class PayoutTerms:
    """On which terms money may leave."""

    limits: Limits
    wechat_open: bool
    """Whether the property pays out through WeChat."""


_INSERT = insert(WithdrawalRow)


def withdraw(
    db: Database,
    sealer: Sealer | None,
    terms: PayoutTerms,
    command: Withdraw,
    actor: Actor,
    now: datetime,
) -> WithdrawalView:
    """Set the money aside and put it on its way; the same request_id gives the first answer again.

    NotYourFund, Forbidden, WayNotOpen, BeyondLimit, NoPayoutAccount, CoolingDown,
    InsufficientFunds (`fields.left_fen`).
    """
    need_use(actor, command.owner_kind, command.owner_id)
    if command.way is PayoutWay.WECHAT and not terms.wechat_open:
        raise WayNotOpen("nothing is paid out through WeChat", fields={"way": command.way})
    by = actor.account_id
    with db.transaction() as tx, requests.claimed(tx, command, WithdrawalView, by=by) as claim:
        if claim.answer is None:
            _check_amount(tx, terms.limits, command, now)
            state = terms.limits.first_state(command.amount_fen)
            withdrawal_id = _insert(tx, sealer, command, state, actor, now)
            row = withdrawal_queries.withdrawal_row(tx, withdrawal_id)
            if row is None:
                raise InvariantBroken(f"withdrawal {withdrawal_id} is not there")
            claim.answer = withdrawal_queries.withdrawal_view(row)
        return claim.answer


def _check_amount(tx: Tx, limits: Limits, command: Withdraw, now: datetime) -> None:
    """With the fund's row locked: two withdrawals at once see each other's."""
    owner = (command.owner_kind, command.owner_id)
    locks.account_for_update(tx, accounts.fund(*owner).account_id)
    limits.check(command.amount_fen, withdrawal_queries.withdrawn_today_fen(tx, *owner, now))
    left_fen = withdrawal_queries.withdrawable_fen(tx, *owner, now)
    if command.amount_fen > left_fen:
        raise InsufficientFunds("more than may leave now", fields={"left_fen": str(left_fen)})


def _insert(
    tx: Tx,
    sealer: Sealer | None,
    command: Withdraw,
    state: WithdrawalState,
    actor: Actor,
    now: datetime,
) -> str:
    flow = Outflow(new_id(), command.owner_kind, command.owner_id, command.amount_fen, command.way)
    payee = _payee_columns(tx, sealer, command, flow.withdrawal_id, now)
    holds.place(tx, flow.hold, now)
    goes_now = command.way is PayoutWay.WECHAT and state is WithdrawalState.TO_PAY
    row: dict[str, Any] = {
        "withdrawal_id": flow.withdrawal_id,
        "owner_kind": command.owner_kind,
        "owner_id": command.owner_id,
        "amount_fen": command.amount_fen,
        "way": command.way,
        "state": state,
        "hold_id": flow.hold.hold_id,
        "asked_by_account_id": actor.account_id,
        "asked_by": actor.name[:200],
        "asked_at": now,
        "decided_by": "",
        "confirm_package": "",
        "channel_number": "",
        "note": "",
        "last_error": "",
        "try_count": 0,
        "refusal_count": 0,
        "next_try_at": now if goes_now else None,
        "version": 1,
    }
    tx.execute(_INSERT, row | payee)
    return flow.withdrawal_id


def _payee_columns(
    tx: Tx, sealer: Sealer | None, command: Withdraw, withdrawal_id: str, now: datetime
) -> dict[str, Any]:
    """Who gets it. WeChat compares the name from some amount on: the bank account's holder."""
    none = {"openid": "", "holder": "", "bank": "", "number_sealed": None, "number_tail": ""}
    owner = (command.owner_kind, command.owner_id)
    if command.way is PayoutWay.WECHAT:
        if not command.openid:
            raise NoPayoutAccount("whose WeChat?", fields={"openid": "missing"})
        columns = none | {"openid": command.openid}
        if command.amount_fen >= NAME_NEEDED_FROM_FEN:
            columns["holder"] = usable_payee(tx, need_sealer(sealer), *owner, now).holder
        return columns
    payee = usable_payee(tx, need_sealer(sealer), *owner, now)
    return none | {
        "holder": payee.holder,
        "bank": payee.bank,
        "number_sealed": need_sealer(sealer).seal(payee.number.encode(), withdrawal_id),
        "number_tail": payee.number[-4:],
    }
