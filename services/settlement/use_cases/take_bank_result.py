"""Take in the bank's answer to a payment file: all of it, or nothing when a row has a fault."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from services.contracts.withdrawals import (
    BankResultView,
    ImportBankResult,
    NoSuchWithdrawal,
    WithdrawalState,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.money import as_yuan
from services.settlement import locks
from services.settlement.domain.bank_file import Outcome, ResultLine, bad, result_lines
from services.settlement.domain.withdrawals import WithdrawalAct, moved
from services.settlement.tables_withdrawals import WithdrawalRow
from services.settlement.use_cases.end_withdrawal import Ending, end

_ACTS = {Outcome.PAID: WithdrawalAct.SUCCEED, Outcome.FAILED: WithdrawalAct.FAIL}
_ENDED_AS = {WithdrawalState.DONE: Outcome.PAID, WithdrawalState.FAILED: Outcome.FAILED}
BANK_FAILED_WORDS = "银行没有付成"


def take_bank_result(
    db: Database, command: ImportBankResult, actor: Actor, now: datetime
) -> BankResultView:
    """Paid ones are done, failed ones are on the fund again; what was known before is unchanged.

    BadBankFile names each row with a fault, and then nothing has changed.
    """
    lines = result_lines(command.csv)
    by = actor.account_id
    with db.transaction() as tx, requests.claimed(tx, command, BankResultView, by=by) as claim:
        if claim.answer is None:
            rows = {row.withdrawal_id: row for row in locks.batch_for_update(tx, command.batch_id)}
            if not rows:
                raise NoSuchWithdrawal("there is no such bank file")
            _check(tx, lines, rows)
            endings = [_ending(line, rows[line.withdrawal_id], now) for line in lines]
            fresh = [ending for ending in endings if ending is not None]
            end(tx, fresh, now, made_by=actor.name)
            done = sum(ending.state is WithdrawalState.DONE for ending in fresh)
            claim.answer = BankResultView(
                done=done, failed=len(fresh) - done, unchanged=len(lines) - len(fresh)
            )
        return claim.answer


def _check(tx: Tx, lines: list[ResultLine], rows: Mapping[str, Row[Any]]) -> None:
    strange = [line.withdrawal_id for line in lines if line.withdrawal_id not in rows]
    elsewhere = _known(tx, strange)
    faults: dict[int, str] = {}
    for line in lines:
        row = rows.get(line.withdrawal_id)
        if row is not None:
            fault = _fault(line, row)
        elif line.withdrawal_id in elsewhere:
            fault = "这笔提现不在这个付款文件里"
        else:
            fault = "没有这个提现编号"
        if fault:
            faults[line.row_number] = fault
    if faults:
        raise bad(faults)


def _known(tx: Tx, withdrawal_ids: list[str]) -> set[str]:
    if not withdrawal_ids:
        return set()
    query = select(WithdrawalRow.withdrawal_id).where(
        WithdrawalRow.withdrawal_id.in_(withdrawal_ids)
    )
    return {row.withdrawal_id for row in tx.all(query)}


def _fault(line: ResultLine, row: Row[Any]) -> str:
    if line.amount_fen not in (None, row.amount_fen):
        return f"金额应为 {as_yuan(row.amount_fen)}"
    before = _ENDED_AS.get(WithdrawalState(row.state))
    if before is not None and before is not line.outcome:
        return f"之前的结果是「{before}」"
    return ""


def _ending(line: ResultLine, row: Row[Any], now: datetime) -> Ending | None:
    """None when the file says nothing new."""
    state = WithdrawalState(row.state)
    if state in _ENDED_AS:
        return None
    reason = (line.reason or BANK_FAILED_WORDS) if line.outcome is Outcome.FAILED else ""
    return Ending(row, moved(state, _ACTS[line.outcome]), note=reason, error=reason, ended_at=now)
